#pragma once

#include <cstdint>
#include <optional>

#include "model/event.hpp"

namespace ibcf {

/// How long a node's health has to stay what it is before it counts (lifecycle table, S18 to S20).
struct HealthThresholds {
  Duration debounce = std::chrono::seconds{60};  ///< DEGRADED or FAILED for so long: S18
  Duration stable_ok = std::chrono::minutes{5};  ///< OK for so long: S19
  Duration critical = std::chrono::minutes{30};  ///< FAILED for so long: Q-HEALTH, S20
};

/// Turns what heartbeats say of a node's health into triggers of the lifecycle table: debounced, so that a
/// node that flickers stays where it is.
class HealthWatch {
 public:
  /// The node said `reported` at `now`; times must not go backwards. The trigger that is due, if one is:
  /// health.changed when the reported health has outlived its dwell time and differs from `believed`,
  /// health.critical when it has been FAILED for too long. Which arrow that is, if any, is the table's
  /// business; a trigger is due once per stretch of one health.
  std::optional<EventType> report(Health reported, Health believed, Instant now,
                                  const HealthThresholds& thresholds) {
    if (reported != reported_) {
      reported_ = reported;
      since_ = now;
      told_ = Told::nothing;
    }
    const Duration lasted = now - since_;
    if (reported == Health::failed && told_ != Told::critical && lasted >= thresholds.critical) {
      told_ = Told::critical;
      return EventType::health_critical;
    }
    if (reported == Health::unknown || reported == believed || told_ != Told::nothing) return std::nullopt;
    if (lasted < (reported == Health::ok ? thresholds.stable_ok : thresholds.debounce)) return std::nullopt;
    told_ = Told::change;
    return EventType::health_changed;
  }

 private:
  enum class Told : std::uint8_t { nothing, change, critical };
  Health reported_ = Health::unknown;
  Told told_ = Told::nothing;
  Instant since_;
};

}  // namespace ibcf
