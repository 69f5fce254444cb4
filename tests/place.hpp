#pragma once
#include <string>

namespace ibcf {

/// The root of the project and the program built beside these tests. One source alone knows the two paths,
/// so that what one clone compiled of the tests another takes from the cache.
std::string project_folder();
std::string project_program();

}  // namespace ibcf
