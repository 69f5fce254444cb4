#pragma once

#include <cstdint>
#include <vector>

#include "fleet.hpp"
#include "model/json.hpp"
#include "model/time.hpp"

namespace ibcf::analysis {

/// The instants at which a report shows values: every `step` from 0 to the first one at or after `end`.
class Grid {
 public:
  /// The finest of a row of round steps (1 s to 1 d) that keeps to `most_points`.
  explicit Grid(Instant end, std::size_t most_points = 720);

  [[nodiscard]] Duration step() const { return step_; }
  [[nodiscard]] Instant end() const { return end_; }
  [[nodiscard]] std::size_t points() const { return points_; }
  [[nodiscard]] Instant at(std::size_t point) const {
    return Instant{} + step_ * static_cast<std::int64_t>(point);
  }
  /// The first point at or after `instant`: the first that shows what happened then; points() where none
  /// does.
  [[nodiscard]] std::size_t point_of(Instant instant) const;
  /// Seconds of every point.
  [[nodiscard]] Json times() const;

 private:
  Duration step_{};
  Instant end_;
  std::size_t points_ = 0;
};

/// Whole numbers over time, one per domain and column, kept as changes. A domain's value counts its whole
/// subtree.
class DomainSeries {
 public:
  DomainSeries(const Grid& grid, std::size_t columns) : grid_(&grid), columns_(columns) {}

  void add(std::uint32_t domain, std::size_t column, Instant at, std::int64_t change);
  /// As of each point of the grid.
  [[nodiscard]] std::vector<std::int64_t> fleet(std::size_t column) const;
  [[nodiscard]] std::vector<std::int64_t> subtree(const Fleet& fleet, std::uint32_t domain,
                                                  std::size_t column) const;

 private:
  [[nodiscard]] std::vector<std::int64_t> sum(std::size_t column, const auto& takes_part) const;

  const Grid* grid_;
  std::size_t columns_;
  /// [domain][column * points + point]; empty for a domain without a change.
  std::vector<std::vector<std::int64_t>> changes_;
};

/// At most `digits` decimals, so that a report shows what was measured and not the arithmetic.
double rounded(double value, int digits);

/// The value that a share `part` of the sorted values does not exceed (nearest rank); 0 where there are none.
double percentile(const std::vector<double>& sorted, double part);

}  // namespace ibcf::analysis
