#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/time.hpp"

namespace ibcf {

enum class RolloutState : std::uint8_t { advancing, paused, halted, done };
constexpr auto words_of(RolloutState) {
  return std::array<std::string_view, 4>{"ADVANCING", "PAUSED", "HALTED", "DONE"};
}

/// A bundle on its way to the nodes of a scope, in waves with thresholds over reached nodes. The counts add
/// up: applied + failed + unreached + waiting = targets.
struct Rollout {
  BundleId bundle_id;
  DomainId scope;
  RolloutState state = RolloutState::advancing;
  std::vector<double> waves;  ///< rising fractions of the targets; the last is 1
  std::uint32_t wave = 0;     ///< counts from 1; 0 before the first
  double threshold = 0.9;
  std::uint32_t targets = 0;
  std::uint32_t applied = 0;
  std::uint32_t failed = 0;
  std::uint32_t unreached = 0;
  std::uint32_t waiting = 0;
  Instant started_ts;
  std::string reason;
  IBCF_FIELDS(Rollout, bundle_id, scope, state, waves, wave, threshold, targets, applied, failed, unreached,
              waiting, started_ts, reason)
};

}  // namespace ibcf
