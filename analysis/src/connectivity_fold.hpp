#pragma once

#include <cstdint>
#include <vector>

#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// Where the masters believe each node to be on the spectrum: one column per ConnectivityMode, and one more
/// for nodes that are registered and not in any mode (not active yet, or retired).
class ConnectivityFold {
 public:
  static constexpr std::uint8_t no_mode = 7;
  static constexpr std::size_t columns = 8;
  static constexpr std::uint8_t unknown = 255;  ///< not registered

  struct Change {
    Instant at;
    std::uint32_t node = 0;
    std::uint32_t domain = 0;
    std::uint8_t from = unknown;
    std::uint8_t to = unknown;
  };

  ConnectivityFold(const Grid& grid, const Fleet& fleet)
      : grid_(&grid), fleet_(&fleet), series_(grid, columns) {}

  void see(const KnownEvent& entry);
  [[nodiscard]] Json table() const;
  /// Every change, in the order it became known.
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }

 private:
  void move(std::uint32_t node, std::uint8_t to, Instant at);

  const Grid* grid_;
  const Fleet* fleet_;
  DomainSeries series_;
  std::vector<std::uint8_t> mode_;
  std::vector<Change> changes_;
};

/// Out of contact: AUTONOMOUS or DISCONNECTED.
bool is_out_of_contact(std::uint8_t mode);

/// "LIVE", ..., "NOT_ACTIVE".
std::string_view mode_word(std::uint8_t mode);

}  // namespace ibcf::analysis
