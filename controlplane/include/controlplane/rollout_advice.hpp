#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ibcf {

/// How many of `reached` nodes of a wave may lack the bundle when the next wave begins: the part beyond the
/// threshold, but at least one where there are two or more, so that one bad node never blocks a wave (L-6).
std::uint32_t allowed_to_lack(std::uint32_t reached, double threshold);

/// Whether a rollout may go on, and what speaks against it.
struct RolloutAdvice {
  bool is_safe = false;
  std::vector<std::string> reasons;  ///< empty exactly where it is safe
};

}  // namespace ibcf
