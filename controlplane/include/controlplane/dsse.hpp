#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/parsed.hpp"
#include "controlplane/trust.hpp"

/// DSSE v1, the envelope around a signed statement (https://github.com/secure-systems-lab/dsse, protocol.md
/// and envelope.md): what is signed is the payload's type and its bytes as they are, never a re-encoding.
namespace ibcf {

inline constexpr std::string_view intoto_payload_type = "application/vnd.in-toto+json";
inline constexpr std::size_t most_envelope_bytes = 256 << 10;
inline constexpr std::size_t most_signatures = 16;

struct DsseSignature {
  std::string keyid;  ///< an unsigned hint at the key; may be empty
  Bytes sig;
  friend bool operator==(const DsseSignature&, const DsseSignature&) = default;
};

struct DsseEnvelope {
  std::string payload_type;
  Bytes payload;
  std::vector<DsseSignature> signatures;
  friend bool operator==(const DsseEnvelope&, const DsseEnvelope&) = default;
};

/// Standard alphabet, padded.
std::string base64_of(ByteView bytes);
/// Reads the standard or the URL-safe alphabet, padded, nothing else in between.
std::optional<Bytes> parse_base64(std::string_view text);

/// The JSON envelope. Members it does not know are ignored, as the specification asks; anything beyond the
/// bounds above, a member that is missing or of the wrong kind, or a key that comes twice is refused.
Parsed<DsseEnvelope> parse_envelope(ByteView json);
/// Compact JSON, one form for one value.
Bytes write_envelope(const DsseEnvelope& envelope);

/// The pre-authentication encoding: "DSSEv1", and type and payload each behind its length.
Bytes pae(std::string_view payload_type, ByteView payload);

/// Hex SHA-256 of the raw public key: the keyid that we write, and the only one that we recognise.
std::string keyid_of(const PublicKey& key);

DsseEnvelope sign_envelope(std::string payload_type, Bytes payload, const Signer& signer);

enum class EnvelopeTrust : std::uint8_t {
  unsigned_envelope,  ///< no signature at all
  unknown_key,        ///< none that a trusted key made or is named for
  bad_signature,      ///< a trusted key is named for a signature that it did not make
  good                ///< at least one trusted key signed
};

struct EnvelopeCheck {
  EnvelopeTrust trust = EnvelopeTrust::unsigned_envelope;
  /// good: the key that signed. bad_signature: the first key that was named and did not. Otherwise nothing.
  std::optional<PublicKey> key;
  friend bool operator==(const EnvelopeCheck&, const EnvelopeCheck&) = default;
};

/// Looks for one good signature (threshold 1). A signature with a keyid is tried against the key so named,
/// one without against all of `trusted`.
EnvelopeCheck check_envelope(const DsseEnvelope& envelope, std::span<const PublicKey> trusted,
                             const Verifier& verifier);

}  // namespace ibcf
