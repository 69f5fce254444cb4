#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ibcf {

/// A version as Semantic Versioning 2.0.0 writes it; build metadata ("+...") is read and not kept. Ordered as
/// its section 11 says: a pre-release comes before its release.
struct Version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::vector<std::string> pre_release;

  friend std::strong_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) = default;
};

/// Nothing where the text is not three numbers with dots, and what may follow them.
std::optional<Version> parse_version(std::string_view text);

/// How many releases lie between two versions at least, by their numbers alone: a major step counts as 5,
/// else the minor steps, else the patch steps; 0 for equal ones. For versions whose releases nobody listed.
std::uint64_t steps_between(const Version& a, const Version& b);

}  // namespace ibcf
