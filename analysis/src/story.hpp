#pragma once

#include <string>
#include <vector>

#include "authority_fold.hpp"
#include "connectivity_fold.hpp"
#include "replay_fold.hpp"

namespace ibcf::analysis {

/// Three sentences: who lost contact and when it was over; what the replays brought back; how authority went.
std::vector<std::string> tell(const Fleet& fleet, const Grid& grid, const ConnectivityFold& connectivity,
                              const ReplayFold& replay, const AuthorityFold& authority);

/// "07:12", or "00:03:20" where the run is too short for minutes to tell.
std::string clock_of(Instant instant, const Grid& grid);

/// "1.2 GB": three digits and a decimal unit.
std::string bytes_text(std::uint64_t bytes);

}  // namespace ibcf::analysis
