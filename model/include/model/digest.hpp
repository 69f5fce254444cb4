#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ibcf {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// BLAKE2b-256.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

Digest digest_of(ByteView bytes);

/// The next link of a hash chain: digest(previous || bytes).
Digest chain(const Digest& previous, ByteView bytes);

std::string hex_of(ByteView bytes);
inline std::string text_of(const Digest& digest) {
  return hex_of(digest.bytes);
}
/// Nothing where the text is not an even number of hex digits.
std::optional<Bytes> parse_hex(std::string_view text);

}  // namespace ibcf
