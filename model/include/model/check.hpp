#pragma once

#include <source_location>
#include <string_view>

namespace ibcf {

/// Stops the program, in every build, where `holds` is false: a broken invariant is a bug of ours, never
/// an answer. `invariant` is a positive sentence that says what must be true.
/// Throws std::logic_error (so that main can leave no half-written run behind and exit with 70).
void check(bool holds, std::string_view invariant, std::source_location where = std::source_location::current());

}  // namespace ibcf
