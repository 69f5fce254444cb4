#include "controlplane/lifecycle_projection.hpp"

#include <algorithm>
#include <numeric>

#include "model/payloads.hpp"

namespace ibcf {
namespace {

const std::uint8_t no_arrow = static_cast<std::uint8_t>(lifecycle_table().size());

/// What a payload says about the step it stands for.
struct Said {
  std::string arrow;
  LifecycleFacts facts;
  std::string reason;
};

std::string joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

Said said_by(const NodeRegistered&) {
  return {"S1", {}, ""};
}
Said said_by(NodeEnrolled&& payload) {
  return {std::move(payload.arrow), {}, ""};
}
Said said_by(ReplayGranted&& payload) {
  return {std::move(payload.arrow), {}, ""};
}
Said said_by(ReplayChunkAcked&& payload) {
  return {std::move(payload.arrow), {}, ""};
}
Said said_by(ReplayVerdict&& payload) {
  return {std::move(payload.arrow),
          {.link_class = payload.link_class, .verdict = payload.kind},
          joined(payload.reasons)};
}
Said said_by(ProxyEvidence&& payload) {
  return {std::move(payload.arrow), {}, std::move(payload.reason)};
}
Said said_by(LifecycleStep&& payload) {
  return {std::move(payload.arrow),
          {.link_class = payload.link_class, .health = payload.health},
          std::move(payload.reason)};
}

template <class Payload>
std::optional<Said> read_as(const Event& event) {
  auto payload = payload_of<Payload>(event);
  if (!payload) return std::nullopt;
  return said_by(std::move(*payload));
}

std::optional<Said> said_in(const Event& event) {
  switch (event.type) {
    case EventType::node_registered:
      return read_as<NodeRegistered>(event);
    case EventType::node_enrolled:
      return read_as<NodeEnrolled>(event);
    case EventType::replay_granted:
      return read_as<ReplayGranted>(event);
    case EventType::replay_chunk_acked:
      return read_as<ReplayChunkAcked>(event);
    case EventType::replay_verdict:
      return read_as<ReplayVerdict>(event);
    case EventType::conn_proxy_evidence:
      return read_as<ProxyEvidence>(event);
    default:
      return read_as<LifecycleStep>(event);
  }
}

bool is_lifecycle_trigger(EventType type) {
  return type <= EventType::node_reincarnated;
}

}  // namespace

std::uint64_t PhaseCounts::total() const {
  return std::accumulate(phase.begin(), phase.end(), none);
}

void PhaseCounts::count(const LifecycleState& state) {
  ++(state.phase ? phase[static_cast<std::size_t>(*state.phase)] : none);
}

PhaseCounts& PhaseCounts::operator+=(const PhaseCounts& other) {
  for (std::size_t i = 0; i < phase.size(); ++i) phase[i] += other.phase[i];
  none += other.none;
  return *this;
}

bool LifecycleProjection::apply(const Stored&, const Event& event) {
  if (!is_lifecycle_trigger(event.type) || event.origin == event.subject) return true;
  const auto said = said_in(event);
  if (!said) return false;
  const Arrow* arrow = find_arrow(said->arrow);
  Step step{key_of(event), no_arrow, said->facts, intern(said->reason), false};
  if (arrow != nullptr && arrow->trigger == event.type) {
    step.arrow = static_cast<std::uint8_t>(arrow - lifecycle_table().data());
    // No payload carries it; the arrow itself tells what its guard found.
    step.facts.autonomy_granted = arrow->guard != Guard::no_autonomy;
  }
  take(roster_->mention(id_cast<NodeTag>(event.subject)), step);
  return true;
}

void LifecycleProjection::take(Slot slot, Step step) {
  if (lives_.size() <= slot) lives_.resize(slot + 1);
  Life& life = lives_[slot];
  if (life.steps.empty() || life.steps.back().key < step.key) {
    life.steps.push_back(step);
    believe(life, life.steps.back());
    return;
  }
  // An older step came later, from another master's log: what was believed since has to be thought through
  // again.
  const auto after = std::upper_bound(life.steps.begin(), life.steps.end(), step.key,
                                      [](const EventKey& key, const Step& other) { return key < other.key; });
  const auto added = life.steps.insert(after, step);
  ++misfits_;  // a step counts as one until it fits
  added->fits = false;
  fold_again(life);
}

void LifecycleProjection::believe(Life& life, Step& step) {
  const Arrow* arrow = step.arrow == no_arrow ? nullptr : &lifecycle_table()[step.arrow];
  step.fits = arrow != nullptr && find_arrow(life.state, arrow->trigger, step.facts) == arrow;
  if (step.fits)
    life.state = evolve(life.state, *arrow, step.facts);
  else
    ++misfits_;
}

void LifecycleProjection::fold_again(Life& life) {
  life.state = {};
  for (Step& step : life.steps) {
    if (!step.fits) --misfits_;
    believe(life, step);
  }
}

std::uint32_t LifecycleProjection::intern(const std::string& reason) {
  const auto [found, is_new] = reason_index_.try_emplace(reason, static_cast<std::uint32_t>(reasons_.size()));
  if (is_new) reasons_.push_back(reason);
  return found->second;
}

const LifecycleProjection::Life* LifecycleProjection::life_of(NodeId node) const {
  const auto slot = roster_->find(node);
  return slot && *slot < lives_.size() ? &lives_[*slot] : nullptr;
}

LifecycleState LifecycleProjection::state_of(NodeId node) const {
  const Life* life = life_of(node);
  return life == nullptr ? LifecycleState{} : life->state;
}

Timeline LifecycleProjection::timeline_of(NodeId node, const Query& window) const {
  Timeline timeline{node, {}};
  const Life* life = life_of(node);
  if (life == nullptr) return timeline;
  LifecycleState state;
  for (const Step& step : life->steps) {
    if (!step.fits) continue;
    const Arrow& arrow = lifecycle_table()[step.arrow];
    const LifecycleState next = evolve(state, arrow, step.facts);
    if (window.is_within(step.key.occurred))
      timeline.transitions.push_back({std::string(arrow.id), ibcf::label_of(state), ibcf::label_of(next),
                                      step.key.occurred, reasons_[step.reason]});
    state = next;
  }
  return timeline;
}

Lifecycle LifecycleProjection::lifecycle_of(NodeId node) const {
  Lifecycle shown;
  const Life* life = life_of(node);
  if (life == nullptr) return shown;
  // An archived node was retired last.
  shown.phase =
      life->state.phase.value_or(life->state.incarnation > 0 ? Phase::retired : Phase::provisioning);
  shown.state = ibcf::label_of(life->state);
  const auto last =
      std::find_if(life->steps.rbegin(), life->steps.rend(), [](const Step& step) { return step.fits; });
  if (last == life->steps.rend()) return shown;
  shown.last_transition_ts = last->key.occurred;
  shown.reason = reasons_[last->reason];
  return shown;
}

std::vector<Slot> LifecycleProjection::select(const Query& query) const {
  auto slots = roster_->select(query);
  if (!query.has_window()) return slots;
  std::erase_if(slots, [&](Slot slot) {
    if (slot >= lives_.size()) return true;
    const auto& steps = lives_[slot].steps;
    return std::none_of(steps.begin(), steps.end(),
                        [&](const Step& step) { return step.fits && query.is_within(step.key.occurred); });
  });
  return slots;
}

PhaseCounts LifecycleProjection::counts(const Query& query) const {
  PhaseCounts counts;
  for (const Slot slot : select(query)) counts.count(state_at(slot));
  return counts;
}

std::map<DomainId, PhaseCounts> LifecycleProjection::counts_by_domain(const Query& query) const {
  std::map<DomainId, PhaseCounts> counts;
  for (const Slot slot : select(query)) counts[roster_->at(slot).as.domain_id].count(state_at(slot));
  return counts;
}

Bytes LifecycleProjection::snapshot() const {
  Bytes bytes;
  Encoder encoder(bytes);
  write(encoder);
  return bytes;
}

void LifecycleProjection::write(Encoder& encoder) const {
  std::uint32_t count = 0;
  for (const Life& life : lives_) count += life.steps.empty() ? 0 : 1;
  encoder.put(count);
  for (const Slot slot : roster_->by_id()) {
    if (slot >= lives_.size() || lives_[slot].steps.empty()) continue;
    encoder.put(roster_->at(slot).id);
    encoder.put(static_cast<std::uint32_t>(lives_[slot].steps.size()));
    for (const Step& step : lives_[slot].steps) {
      encoder.put(step.key);
      encoder.put(step.arrow);
      encoder.put(step.facts.link_class);
      encoder.put(step.facts.autonomy_granted);
      encoder.put(step.facts.verdict);
      encoder.put(step.facts.health);
      encoder.put(reasons_[step.reason]);
    }
  }
}

void LifecycleProjection::read(Decoder& decoder) {
  std::uint32_t nodes = 0;
  for (decoder.get(nodes); decoder.ok() && nodes > 0; --nodes) {
    NodeId node;
    std::uint32_t steps = 0;
    decoder.get(node);
    for (decoder.get(steps); decoder.ok() && steps > 0; --steps) {
      Step step;
      std::string reason;
      decoder.get(step.key);
      decoder.get(step.arrow);
      decoder.get(step.facts.link_class);
      decoder.get(step.facts.autonomy_granted);
      decoder.get(step.facts.verdict);
      decoder.get(step.facts.health);
      decoder.get(reason);
      if (!decoder.ok()) return;
      step.arrow = std::min(step.arrow, no_arrow);
      step.reason = intern(reason);
      take(roster_->mention(node), step);
    }
  }
}

}  // namespace ibcf
