#pragma once

#include <set>
#include <string>

#include "positions.hpp"
#include "scenario_problems.hpp"

namespace ibcf::sim {

/// The published schema: schema_text() with units and metrics written out. Keywords of ours, which other
/// tools ignore: x-unit, x-minimum and x-maximum (a value's unit and bounds), x-word (the one text among
/// numbers).
const Json& published_schema();

/// The alternative of a oneOf that a value means: by its type, or by its `kind`. Null where none.
const Json* meant_alternative(const Json& alternatives, const Json& value);

/// Checks a document against a schema of the kind of published_schema(), reports every fault at its place,
/// and returns the pointers of values that must not be read.
std::set<std::string> check_against(const Json& schema, const PlacedJson& document, ProblemList& problems);

/// The value with every default of the schema filled in and every unit in its one text form. Values at
/// `unreadable` pointers and unknown keys are left out.
Json filled(const Json& schema, const Json& value, const std::set<std::string>& unreadable);

}  // namespace ibcf::sim
