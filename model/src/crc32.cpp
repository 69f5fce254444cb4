#include "model/crc32.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace ibcf {
namespace {

// tables[k][b]: what byte b does to the remainder from k bytes further back. Eight bytes then cost eight
// look-ups that do not wait for each other ("slicing by 8": Kounavis and Berry, 2005).
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables tables = [] {
  Tables made{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? 0xedb88320u : 0);
    made[0][byte] = rest;
  }
  for (std::size_t k = 1; k < made.size(); ++k)
    for (std::size_t byte = 0; byte < 256; ++byte)
      made[k][byte] = made[k - 1][byte] >> 8 ^ made[0][made[k - 1][byte] & 0xff];
  return made;
}();

}  // namespace

std::uint32_t crc32_of(ByteView bytes, std::uint32_t before) {
  static_assert(std::endian::native == std::endian::little, "eight bytes are read as one little-endian word");
  std::uint32_t rest = ~before;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    word ^= rest;
    rest = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^ tables[5][word >> 16 & 0xff] ^
           tables[4][word >> 24 & 0xff] ^ tables[3][word >> 32 & 0xff] ^ tables[2][word >> 40 & 0xff] ^
           tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
    bytes = bytes.subspan(8);
  }
  for (const std::uint8_t byte : bytes) rest = rest >> 8 ^ tables[0][(rest ^ byte) & 0xff];
  return ~rest;
}

}  // namespace ibcf
