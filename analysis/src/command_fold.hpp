#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/objects.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// Every command issued, the state that the newest evidence gives it, and how long its first answer took.
class CommandFold {
 public:
  CommandFold(const Grid& grid, const Fleet& fleet) : grid_(&grid), fleet_(&fleet) {}

  void see(const KnownEvent& entry);
  [[nodiscard]] Json table() const;

 private:
  struct Tracked {
    CommandKind kind = CommandKind::restart_service;
    std::optional<std::uint32_t> domain;
    Instant issued;
    std::optional<Instant> answered;  ///< the first word from the node itself
    CommandState state = CommandState::queued;
  };

  [[nodiscard]] Json row(Json row, const auto& takes_part) const;

  const Grid* grid_;
  const Fleet* fleet_;
  std::map<AnyId, Tracked> commands_;
};

}  // namespace ibcf::analysis
