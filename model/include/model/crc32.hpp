#pragma once

#include <cstdint>

#include "model/digest.hpp"

namespace ibcf {

/// CRC-32 of IEEE 802.3, as zlib, PNG and Ethernet compute it: finds every burst of up to 32 flipped bits.
/// `before` is the CRC of what stands before `bytes`, so that a value may be fed in pieces. Finds accidents,
/// not forgers: those are for digests.
std::uint32_t crc32_of(ByteView bytes, std::uint32_t before = 0);

}  // namespace ibcf
