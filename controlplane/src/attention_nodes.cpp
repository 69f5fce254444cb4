#include "controlplane/attention_nodes.hpp"

#include <algorithm>
#include <set>

#include "controlplane/link_class.hpp"

namespace ibcf {
namespace {

template <class Key, class Map, class Tally>
std::uint32_t number_of(const Key& key, Map& numbers, std::vector<Tally>& tallies) {
  const auto [known, is_new] = numbers.try_emplace(key, static_cast<std::uint32_t>(tallies.size()));
  if (is_new) tallies.emplace_back(key);
  return known->second;
}

bool is_in_service(const LifecycleState& state) {
  return state.mode && (state.phase == Phase::active || state.phase == Phase::updating ||
                        state.phase == Phase::degraded || state.phase == Phase::quarantined);
}

// The believed health has been debounced, the reported one is newer: the worse counts.
Health health_of(const LifecycleState& state, const NodeConnectivity& connectivity) {
  const Health reported = connectivity.reported ? connectivity.health : Health::unknown;
  if (state.health == Health::unknown) return reported;
  if (reported == Health::unknown) return state.health;
  return health_signal(reported) > health_signal(state.health) ? reported : state.health;
}

}  // namespace

AttentionNodes::AttentionNodes(const Projections& views, const AttentionSettings& settings,
                               SupplySource supply)
    : views_(&views), settings_(&settings), supply_(std::move(supply)) {
  for (const Domain& domain : views.roster().domains().domains())
    number_of(domain.id, domain_numbers_, domains_);
  for (const Domain& domain : views.roster().domains().domains())
    domains_[domain_number(domain.id)].parent = domain_number(domain.parent_id);
}

std::uint32_t AttentionNodes::domain_number(DomainId id) const {
  const auto found = domain_numbers_.find(id);
  return found == domain_numbers_.end() ? nowhere : found->second;
}

std::uint32_t AttentionNodes::common_domain(std::uint32_t a, std::uint32_t b) const {
  if (a == b) return a;
  std::set<std::uint32_t> around;
  for (; a != nowhere; a = domains_[a].parent) around.insert(a);
  while (b != nowhere && !around.contains(b)) b = domains_[b].parent;
  return b;
}

void AttentionNodes::note(NodeId id) {
  if (const auto slot = views_->roster().find(id); slot && *slot < flags_.size()) flags_[*slot] |= dirty;
}

void AttentionNodes::note(const Event& event) {
  switch (event.type) {
    case EventType::heartbeat_batch: {
      Decoder decoder(event.payload);
      Instant unused;
      std::vector<std::uint32_t> ordinals;
      decoder.get(unused);
      decoder.get(unused);
      decoder.get(ordinals);  // the first column
      for (const std::uint32_t ordinal : ordinals)
        if (const auto slot = views_->roster().find_ordinal(ordinal); slot && *slot < flags_.size())
          flags_[*slot] |= dirty;
      return;
    }
    case EventType::artifact_published:
    case EventType::artifact_revoked:
    case EventType::key_revoked:
      note_all();  // a verdict on one artifact is one on everybody who runs it
      return;
    default:
      note(id_cast<NodeTag>(event.origin));
      note(id_cast<NodeTag>(event.subject));
  }
}

void AttentionNodes::note_all() {
  for (std::uint8_t& flags : flags_) flags |= dirty;
}

std::size_t AttentionNodes::update() {
  const DriftProjection& drift = views_->drift();
  nodes_.resize(views_->roster().size());
  flags_.resize(nodes_.size(), dirty);
  const bool drift_moved = drift.revision() != drift_revision_;
  drift_revision_ = drift.revision();
  if (views_->supply_chain().revision() != supply_revision_) note_all();
  supply_revision_ = views_->supply_chain().revision();
  std::size_t looked_at = 0;
  for (Slot slot = 0; slot < nodes_.size(); ++slot) {
    if (drift_moved && drift.revision_of(slot) != nodes_[slot].drift_revision) flags_[slot] |= dirty;
    if ((flags_[slot] & (dirty | waiting)) == 0) continue;
    look_at(slot);
    ++looked_at;
  }
  return looked_at;
}

void AttentionNodes::look_at(Slot slot) {
  Watched now = watched(slot);
  tally(nodes_[slot], -1);
  tally(now, 1);
  // A debt of a few messages in flight is none; all else may be part of a larger trouble.
  const bool matters = now.is_lost || now.signals.drift > 0 || now.signals.supply_chain > 0 ||
                       attention(now.importance, now.signals, *settings_) >= settings_->goes_below;
  flags_[slot] = static_cast<std::uint8_t>((now.is_waiting ? waiting : 0) | (matters ? troubled : 0));
  nodes_[slot] = now;
}

AttentionNodes::Watched AttentionNodes::watched(Slot slot) {
  const auto& member = views_->roster().at(slot);
  const LifecycleState state = views_->lifecycle().state_at(slot);
  Watched node;
  node.drift_revision = views_->drift().revision_of(slot);
  if (!member.registered || !is_in_service(state)) return node;
  node.is_member = true;
  node.is_lost = state.mode == ConnectivityMode::autonomous || state.mode == ConnectivityMode::disconnected;
  node.is_waiting = node.is_lost || is_coming_back(*state.mode);
  node.importance = importance_of(member.as.kind, member.as.tags, *settings_);
  node.domain = domain_number(member.as.domain_id);
  if (!member.as.relay.empty()) node.relay = number_of(member.as.relay, relay_numbers_, relays_);

  const NodeConnectivity connectivity = views_->connectivity().at(slot);
  Duration behind{};
  if (node.is_waiting && connectivity.reported) behind = views_->as_of().ingested - connectivity.last_seen;
  node.signals.sync_debt = sync_debt_signal(behind, connectivity.backlog_events, *settings_);
  node.health = health_of(state, connectivity);
  node.signals.health = health_signal(node.health);
  // What cannot be heard may be anything; what is not trusted does not serve until somebody clears it.
  if (node.is_lost) node.signals.health = std::max(node.signals.health, health_signal(Health::unknown));
  if (state.phase == Phase::quarantined) node.signals.health = health_signal(Health::failed);

  const NodeDrift& drift = views_->drift().at(slot);
  if (drift.evaluated) {
    node.signals.drift = drift.score;
    node.bundle = number_of(drift.desired, bundle_numbers_, bundles_);
  }
  if (supply_) {
    const SupplyStanding standing = supply_(member.id);
    node.signals.supply_chain = quantised(std::clamp(standing.signal, 0.0, 1.0));
    if (node.signals.supply_chain > 0 && !standing.artifact.is_nil())
      node.artifact = number_of(standing.artifact, artifact_numbers_, artifacts_);
  }
  return node;
}

void AttentionNodes::tally(const Watched& node, std::int32_t sign) {
  if (!node.is_member) return;
  const auto add = [sign](std::uint32_t& count, bool counts) {
    if (counts) count = static_cast<std::uint32_t>(static_cast<std::int64_t>(count) + sign);
  };
  if (node.domain != nowhere) {
    add(domains_[node.domain].members, true);
    add(domains_[node.domain].lost, node.is_lost);
  }
  if (node.relay != nowhere) {
    RelayTally& relay = relays_[node.relay];
    add(relay.members, true);
    add(relay.lost, node.is_lost);
    add(relay.domains[node.domain], true);
  }
  if (node.bundle != nowhere) {
    add(bundles_[node.bundle].desired, true);
    add(bundles_[node.bundle].drifting, node.signals.drift > 0);
  }
  if (node.artifact != nowhere) add(artifacts_[node.artifact].nodes, true);
}

}  // namespace ibcf
