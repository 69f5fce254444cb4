#pragma once

#include <array>
#include <cstdint>

#include "model/digest.hpp"

namespace ibcf {

using PublicKey = std::array<std::uint8_t, 32>;
/// Ed25519, 64 bytes.
using Signature = std::array<std::uint8_t, 64>;
/// Shared by a node and its control plane since enrolment; authenticates what flows while in contact.
using LinkKey = std::array<std::uint8_t, 32>;
/// BLAKE2b keyed hash, 16 bytes.
using Seal = std::array<std::uint8_t, 16>;

/// Port: makes signatures under one identity's secret key, which never leaves it.
class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual Signature sign(ByteView bytes) const = 0;
  [[nodiscard]] virtual PublicKey public_key() const = 0;
};

/// Port: checks signatures.
class Verifier {
 public:
  virtual ~Verifier() = default;
  [[nodiscard]] virtual bool verifies(const PublicKey& key, ByteView bytes,
                                      const Signature& signature) const = 0;
};

/// RFC 8032 Ed25519 by libsodium; deterministic, so a signature is part of the reproducible bytes.
class Ed25519Signer final : public Signer {
 public:
  /// The key pair that belongs to 32 secret bytes.
  explicit Ed25519Signer(const Digest& secret_seed);
  [[nodiscard]] Signature sign(ByteView bytes) const override;
  [[nodiscard]] PublicKey public_key() const override { return public_key_; }

 private:
  PublicKey public_key_{};
  std::array<std::uint8_t, 64> secret_key_{};
};

class Ed25519Verifier final : public Verifier {
 public:
  [[nodiscard]] bool verifies(const PublicKey& key, ByteView bytes,
                              const Signature& signature) const override;
};

/// The keyed hash of `bytes` under `key`.
Seal seal_of(const LinkKey& key, ByteView bytes);

/// A link key ready for use.
class LinkSecret {
 public:
  LinkSecret() = default;
  explicit LinkSecret(const LinkKey& key);

  /// BLAKE2b, 128 bits, about a microsecond.
  [[nodiscard]] Seal seal(ByteView bytes) const { return seal_of(key_, bytes); }
  /// SipHash-2-4 (Aumasson, Bernstein, 2012), 64 bits, some 30 ns for a heartbeat; the rest is zero.
  [[nodiscard]] Seal quick_seal(ByteView bytes) const;

 private:
  std::array<std::uint8_t, 16> quick_key_{};  // derived: one key, one algorithm
  LinkKey key_{};
};

}  // namespace ibcf
