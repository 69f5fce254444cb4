#pragma once

#include <string>
#include <vector>

namespace ibcf::cli {

/// Rows as aligned text, two spaces apart, each line indented by two: the first row is the heading. The first
/// column is flush left and so is every one that holds a word; numbers are flush right. A column whose cells
/// are all empty is left out.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace ibcf::cli
