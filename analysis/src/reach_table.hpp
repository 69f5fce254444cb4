#pragma once

#include "fleet.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// Who was reachable by whom: the components of each interval, and for each place the share of time in which
/// it could reach each master's site. Null where the log does not say.
Json reach_table(RunLog& log, const Fleet& fleet, const Grid& grid);

}  // namespace ibcf::analysis
