#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/payloads.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// How far each bundle got, per scope, as the scope's master counted.
class RolloutFold {
 public:
  struct Advance {
    Instant at;
    RolloutAdvanced counts;
  };
  struct Rollout {
    std::string scope;
    std::uint32_t targets = 0;
    std::uint32_t waves = 0;
    Instant started;
    std::vector<Advance> advances;
  };

  RolloutFold(const Grid& grid, const Fleet& fleet) : grid_(&grid), fleet_(&fleet) {}

  void see(const KnownEvent& entry);
  [[nodiscard]] Json table() const;
  /// "sensor-config 2.1.0", else the id of a bundle whose publication is not in the log.
  [[nodiscard]] std::string bundle_name(AnyId bundle) const;
  [[nodiscard]] const std::map<std::pair<AnyId, AnyId>, Rollout>& rollouts() const { return rollouts_; }

 private:
  const Grid* grid_;
  const Fleet* fleet_;
  std::map<AnyId, std::string> names_;
  std::map<std::pair<AnyId, AnyId>, Rollout> rollouts_;  ///< by (bundle, scope)
};

}  // namespace ibcf::analysis
