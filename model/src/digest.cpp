#include "model/digest.hpp"

#include <sodium.h>

namespace ibcf {

Digest digest_of(ByteView bytes) {
  Digest digest;
  crypto_generichash(digest.bytes.data(), digest.bytes.size(), bytes.data(), bytes.size(), nullptr, 0);
  return digest;
}

Digest chain(const Digest& previous, ByteView bytes) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, previous.bytes.size());
  crypto_generichash_update(&state, previous.bytes.data(), previous.bytes.size());
  crypto_generichash_update(&state, bytes.data(), bytes.size());
  Digest digest;
  crypto_generichash_final(&state, digest.bytes.data(), digest.bytes.size());
  return digest;
}

std::string hex_of(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<Bytes> parse_hex(std::string_view text) {
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = nibble(text[i]);
    const int low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

}  // namespace ibcf
