#pragma once

#include "analysis/question.hpp"

namespace ibcf::cli {

/// Answers a question about a finished run, as tables or as JSON on standard output. Throws what
/// analysis::answer throws.
int ask_command(const analysis::Question& question, bool json);

}  // namespace ibcf::cli
