#pragma once

#include <string_view>

namespace ibcf::sim {

/// The scenario schema as it is written by hand: JSON Schema draft-07, save that `{"x-unit": "rate"}` stands
/// for the type and pattern of a value with that unit, and `"enum": "metrics"` for the metrics that an
/// expectation may name.
std::string_view schema_text();

}  // namespace ibcf::sim
