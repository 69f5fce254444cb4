#include "controlplane/rollout_projection.hpp"

#include <algorithm>
#include <array>

#include "model/payloads.hpp"

namespace ibcf {
namespace {

/// Worst last.
int rank_of(RolloutState state) {
  constexpr std::array order{RolloutState::done, RolloutState::advancing, RolloutState::paused,
                             RolloutState::halted};
  return static_cast<int>(std::find(order.begin(), order.end(), state) - order.begin());
}

Rollout together(Rollout sum, const Rollout& part) {
  if (rank_of(part.state) > rank_of(sum.state)) {
    sum.state = part.state;
    sum.reason = part.reason;
  }
  sum.wave = std::min(sum.wave, part.wave);
  sum.started_ts = std::min(sum.started_ts, part.started_ts);
  sum.targets += part.targets;
  sum.applied += part.applied;
  sum.failed += part.failed;
  sum.unreached += part.unreached;
  sum.waiting += part.waiting;
  return sum;
}

Rollout begun(const RolloutStarted& started, Instant at) {
  return {.bundle_id = started.bundle_id,
          .scope = started.scope,
          .state = RolloutState::advancing,
          .waves = started.fractions,
          .wave = 1,
          .threshold = started.threshold,
          .targets = started.targets,
          .applied = 0,
          .failed = 0,
          .unreached = 0,
          .waiting = started.targets,
          .started_ts = at,
          .reason = {}};
}

}  // namespace

RolloutProjection::Part& RolloutProjection::part_of(BundleId id, const Event& event) {
  Part& part = parts_[{id, event.origin}];
  part.bundle = id;
  part.master = event.origin;
  return part;
}

bool RolloutProjection::apply(const Event& event) {
  switch (event.type) {
    case EventType::bundle_refused: {
      const auto refused = payload_of<BundleRefused>(event);
      if (!refused) return false;
      part_of(refused->bundle_id, event).refused =
          refused->problems.empty() ? "no reason was given" : refused->problems.front();
      return true;
    }
    case EventType::rollout_started: {
      const auto started = payload_of<RolloutStarted>(event);
      if (!started) return false;
      part_of(started->bundle_id, event).rollout = begun(*started, event.occurred);
      return true;
    }
    case EventType::rollout_advanced: {
      const auto advanced = payload_of<RolloutAdvanced>(event);
      if (!advanced) return false;
      auto& rollout = part_of(advanced->bundle_id, event).rollout;
      if (!rollout) return true;  // its beginning is not in this log
      rollout->wave = advanced->wave;
      rollout->applied = advanced->applied;
      rollout->failed = advanced->failed;
      rollout->unreached = advanced->unreached;
      rollout->waiting = advanced->waiting;
      return true;
    }
    case EventType::rollout_moved: {
      auto moved = payload_of<RolloutMoved>(event);
      if (!moved) return false;
      part_of(moved->rollout.bundle_id, event).rollout = std::move(moved->rollout);
      return true;
    }
    default:
      return true;
  }
}

std::optional<Rollout> RolloutProjection::status(BundleId id) const {
  std::optional<Rollout> sum;
  for (auto at = parts_.lower_bound({id, AnyId{}}); at != parts_.end() && at->first.first == id; ++at)
    if (const auto& part = at->second.rollout) sum = sum ? together(*sum, *part) : *part;
  return sum;
}

std::vector<Rollout> RolloutProjection::all() const {
  std::vector<Rollout> all;
  for (const auto& [key, part] : parts_)
    if ((all.empty() || all.back().bundle_id != key.first) && part.rollout) all.push_back(*status(key.first));
  return all;
}

RolloutAdvice RolloutProjection::safe_to_advance(BundleId id) const {
  RolloutAdvice advice;
  for (auto at = parts_.lower_bound({id, AnyId{}}); at != parts_.end() && at->first.first == id; ++at)
    if (!at->second.refused.empty()) advice.reasons.push_back("refused: " + at->second.refused);
  const auto rollout = status(id);
  if (!rollout) {
    if (advice.reasons.empty()) advice.reasons.emplace_back("nobody rolls it out");
    return advice;
  }
  if (rollout->state == RolloutState::paused || rollout->state == RolloutState::halted)
    advice.reasons.push_back(std::string(word_of(rollout->state)) + ": " + rollout->reason);
  const std::uint32_t answered = rollout->applied + rollout->failed;
  const std::uint32_t allowed = allowed_to_lack(answered, rollout->threshold);
  if (answered == 0) advice.reasons.emplace_back("nobody has answered yet");
  if (rollout->failed > allowed)
    advice.reasons.push_back(std::to_string(rollout->failed) + " of " + std::to_string(answered) +
                             " nodes failed, " + std::to_string(allowed) + " may");
  advice.is_safe = advice.reasons.empty();
  return advice;
}

void RolloutProjection::write(Encoder& encoder) const {
  encoder.put(static_cast<std::uint32_t>(parts_.size()));
  for (const auto& [key, part] : parts_) encoder.put(part);
}

void RolloutProjection::read(Decoder& decoder) {
  parts_.clear();
  std::uint32_t count = 0;
  decoder.get(count);
  for (; decoder.ok() && count > 0; --count) {
    Part part;
    decoder.get(part);
    parts_[{part.bundle, part.master}] = std::move(part);
  }
}

}  // namespace ibcf
