#pragma once

#include "fleet.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// What a checker saw as the truth, per metric and domain, at the points of the grid: the newest sample by
/// then. Null where the log has none, as a real fleet's has not.
Json sample_table(RunLog& log, const Fleet& fleet, const Grid& grid);

}  // namespace ibcf::analysis
