#include "model/id.hpp"

#include "model/codec.hpp"
#include "model/digest.hpp"

namespace ibcf {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
// 2026-01-01T00:00:00Z, where run time 0 lies (time.hpp), in Unix milliseconds.
constexpr std::uint64_t run_start_ms = 1767225600000;

}  // namespace

std::string text_of_bytes(const std::array<std::uint8_t, 16>& bytes) {
  std::string text(26, '0');
  // 128 bits in groups of five from the right; the first character holds the three that are left.
  unsigned buffer = 0;
  int bits = 0;
  std::size_t at = 26;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    buffer |= static_cast<unsigned>(bytes[i]) << bits;
    for (bits += 8; bits >= 5; bits -= 5, buffer >>= 5) text[--at] = crockford[buffer & 31];
  }
  text[0] = crockford[buffer & 31];
  return text;
}

std::optional<std::array<std::uint8_t, 16>> parse_id_bytes(std::string_view text) {
  if (text.size() != 26 || text[0] < '0' || text[0] > '7') return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  unsigned buffer = 0;
  int bits = 0;
  std::size_t at = 16;
  for (std::size_t i = text.size(); i-- > 0;) {
    const auto value = crockford.find(text[i]);
    if (value == std::string_view::npos) return std::nullopt;
    buffer |= static_cast<unsigned>(value) << bits;
    bits += 5;
    if (bits >= 8 && at > 0) {
      bytes[--at] = static_cast<std::uint8_t>(buffer & 255);
      buffer >>= 8;
      bits -= 8;
    }
  }
  return bytes;
}

std::array<std::uint8_t, 16> derive_id_bytes(std::string_view scope, std::uint64_t seed,
                                             std::string_view name, std::uint64_t number) {
  Bytes input;
  Encoder encoder(input);
  encoder.put(std::string(scope));
  encoder.put(seed);
  encoder.put(std::string(name));
  encoder.put(number);
  const Digest digest = digest_of(input);
  std::array<std::uint8_t, 16> bytes{};
  for (int i = 0; i < 6; ++i)
    bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(run_start_ms >> (40 - 8 * i));
  std::copy(digest.bytes.begin(), digest.bytes.begin() + 10, bytes.begin() + 6);
  return bytes;
}

}  // namespace ibcf
