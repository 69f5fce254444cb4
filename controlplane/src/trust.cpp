#include "controlplane/trust.hpp"

#include <sodium.h>

namespace ibcf {

Ed25519Signer::Ed25519Signer(const Digest& secret_seed) {
  crypto_sign_seed_keypair(public_key_.data(), secret_key_.data(), secret_seed.bytes.data());
}

Signature Ed25519Signer::sign(ByteView bytes) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, bytes.data(), bytes.size(), secret_key_.data());
  return signature;
}

bool Ed25519Verifier::verifies(const PublicKey& key, ByteView bytes, const Signature& signature) const {
  return crypto_sign_verify_detached(signature.data(), bytes.data(), bytes.size(), key.data()) == 0;
}

Seal seal_of(const LinkKey& key, ByteView bytes) {
  Seal seal{};
  crypto_generichash(seal.data(), seal.size(), bytes.data(), bytes.size(), key.data(), key.size());
  return seal;
}

static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);

LinkSecret::LinkSecret(const LinkKey& key) : key_(key) {
  constexpr std::array<std::uint8_t, 9> purpose{'h', 'e', 'a', 'r', 't', 'b', 'e', 'a', 't'};
  quick_key_ = seal_of(key, purpose);
}

Seal LinkSecret::quick_seal(ByteView bytes) const {
  Seal seal{};
  crypto_shorthash(seal.data(), bytes.data(), bytes.size(), quick_key_.data());
  return seal;
}

}  // namespace ibcf
