#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ibcf {

/// The name that was probably meant: the nearest by edit distance (a swap of neighbours counts once), where
/// that is small for the length of `name`; else "".
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

}  // namespace ibcf
