#pragma once

#include <string>
#include <string_view>

#include "scenario_problems.hpp"
#include "sim/network.hpp"

namespace ibcf::sim {

/// Which columns of a trace to read, and how to read them.
struct TraceColumns {
  std::string round_trip_ms;
  std::string loss;
  std::string down_bps;
  std::string up_bps;
  std::string state;
  std::string connected;  ///< the state in which the link works
  double bandwidth_floor_bps = 0;
};

/// Reads a trace with a head line and one row a second. An empty number repeats the one above it (before the
/// first one, it is the first). Problems name `file` and its line; at most 20 of them.
LinkTrace read_trace_csv(std::string_view text, const std::string& file, const TraceColumns& columns,
                         ProblemList& problems);

}  // namespace ibcf::sim
