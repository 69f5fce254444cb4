#pragma once

#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// What the links carried: totals of the backbone and the busiest access links, and the utilisation over time
/// of the 20 busiest backbone links. Null where the log knows of no link.
Json link_table(RunLog& log, const Grid& grid);

}  // namespace ibcf::analysis
