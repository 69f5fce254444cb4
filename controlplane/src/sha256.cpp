#include "controlplane/sha256.hpp"

#include <sodium.h>

namespace ibcf {

Digest sha256_of(ByteView bytes) {
  Digest digest;
  static_assert(sizeof digest.bytes == crypto_hash_sha256_BYTES);
  crypto_hash_sha256(digest.bytes.data(), bytes.data(), bytes.size());
  return digest;
}

}  // namespace ibcf
