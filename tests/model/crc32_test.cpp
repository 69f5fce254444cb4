#include "model/crc32.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <string_view>

using namespace ibcf;

namespace {

ByteView view_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Bit by bit, as the standard draws it.
std::uint32_t slow_crc(ByteView bytes) {
  std::uint32_t rest = 0xffffffff;
  for (const auto byte : bytes) {
    rest ^= byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest & 1) != 0 ? rest >> 1 ^ 0xedb88320 : rest >> 1;
  }
  return ~rest;
}

}  // namespace

TEST_CASE("the check sum is the CRC-32 of zlib", "[crc]") {
  CHECK(crc32_of(view_of("")) == 0);
  CHECK(crc32_of(view_of("123456789")) == 0xcbf43926);
  CHECK(crc32_of(view_of("The quick brown fox jumps over the lazy dog")) == 0x414fa339);
}

TEST_CASE("the check sum of pieces is that of the whole", "[crc][property]") {
  rc::prop("for any bytes and any cut", [](const Bytes& bytes) {
    const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
    const ByteView all = bytes;
    RC_ASSERT(crc32_of(all) == slow_crc(all));
    RC_ASSERT(crc32_of(all.subspan(cut), crc32_of(all.first(cut))) == crc32_of(all));
  });
}
