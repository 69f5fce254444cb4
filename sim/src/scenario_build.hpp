#pragma once

#include <set>
#include <string>
#include <vector>

#include "positions.hpp"
#include "scenario_problems.hpp"
#include "sim/scenario.hpp"

namespace ibcf::sim {

/// The typed scenario, and what went into it beside the text.
struct BuiltScenario {
  Scenario scenario;
  /// Bytes of the data files read, in the order of their mention.
  std::vector<std::string> data;
};

/// Builds the typed value from `filled` (a scenario with every default, see filled()), checks all names and
/// reads the data files. Defaults that depend on other values (`near`, `until`, delays of links, names of
/// faults) are written back into `filled`. What schema and reader have complained about already stands there
/// as a missing or null value, and is passed over in silence. `document` tells places.
BuiltScenario build_scenario(Json& filled, const PlacedJson& document, ProblemList& problems);

/// Checks that times are in order and within the horizon.
void check_times(const Scenario& scenario, const PlacedJson& document, ProblemList& problems);

/// Checks what only the whole tells: masters, relays and paths for every node, satellites in sight, somebody
/// to command. Requires a scenario without any other problem.
void check_whole(const Scenario& scenario, const PlacedJson& document, ProblemList& problems);

}  // namespace ibcf::sim
