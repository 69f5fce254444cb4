#pragma once

#include "model/digest.hpp"

namespace ibcf {

/// SHA-256, for digests that others name too (in-toto, CycloneDX, SPDX). Our own are BLAKE2b: digest_of.
Digest sha256_of(ByteView bytes);

}  // namespace ibcf
