#pragma once

#include <string>
#include <vector>

#include "model/policy.hpp"

namespace ibcf {

/// Everything that is blank or invalid in a bundle, one sentence each (protocols page, "Rollouts": a bundle
/// with such fields is refused before the first wave). Empty: nothing is.
std::vector<std::string> problems_of(const PolicyBundle& bundle);

}  // namespace ibcf
