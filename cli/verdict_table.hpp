#pragma once

#include <string>
#include <vector>

#include "analysis/run_folder.hpp"

namespace ibcf::cli {

/// The expectations as an aligned table, one a line: mark, what, when, wanted, got, why. Colour only where
/// asked for.
std::string verdict_table(const std::vector<analysis::ExpectationResult>& expectations, bool colour);

}  // namespace ibcf::cli
