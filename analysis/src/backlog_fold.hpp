#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/payloads.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// What nodes hold that no master has, as far as the masters know: from heartbeats, grants, acknowledged
/// chunks and verdicts. Beside it sync debt: how long ago each node was last heard.
class BacklogFold {
 public:
  BacklogFold(const Grid& grid, const Fleet& fleet) : grid_(&grid), fleet_(&fleet), series_(grid, 2) {}

  void see(const KnownEvent& entry);
  /// Shows the debt up to the end of the grid; before table().
  void finish();
  [[nodiscard]] Json table() const;

 private:
  struct Held {
    std::int64_t events = 0;
    std::int64_t bytes = 0;
    std::optional<Instant> last_seen;
  };
  struct Debt {
    double sum_s = 0;
    double max_s = 0;
    std::uint64_t nodes = 0;
  };

  Held& held(std::uint32_t node);
  void set(std::uint32_t node, std::int64_t events, std::int64_t bytes, Instant at);
  void see_beats(const HeartbeatBatch& batch, Instant known);
  void show_debt_before(Instant instant);
  [[nodiscard]] Json debt_of(std::optional<std::uint32_t> domain) const;

  const Grid* grid_;
  const Fleet* fleet_;
  DomainSeries series_;
  std::vector<Held> held_;
  std::vector<std::vector<Debt>> debt_;  ///< [point][domain], own nodes only
};

}  // namespace ibcf::analysis
