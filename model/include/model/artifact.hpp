#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/digest.hpp"
#include "model/fields.hpp"
#include "model/id.hpp"

namespace ibcf {

enum class ArtifactKind : std::uint8_t { software, firmware };
constexpr auto words_of(ArtifactKind) {
  return std::array<std::string_view, 2>{"SOFTWARE", "FIRMWARE"};
}

/// A signed payload of software or firmware.
struct Artifact {
  ArtifactId id;
  std::string name;
  std::string version;
  ArtifactKind kind = ArtifactKind::software;
  /// The release counter of this name: never goes down on a node.
  std::uint64_t release = 0;
  /// SHA-256 of the payload, as the in-toto statement names it.
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string sbom_ref;
  std::string provenance_ref;
  /// Base64 Ed25519 over the DSSE pre-authentication encoding of the statement.
  std::string signature;
  IBCF_FIELDS(Artifact, id, name, version, kind, release, digest, size_bytes, sbom_ref, provenance_ref,
              signature)
};

/// What a node says it runs.
struct InstalledArtifact {
  ArtifactId artifact_id;
  std::string name;
  std::string version;
  std::uint64_t release = 0;
  Digest digest;
  IBCF_FIELDS(InstalledArtifact, artifact_id, name, version, release, digest)
};

/// What came of checking an artifact; the first that applies, in this order.
enum class ArtifactVerdict : std::uint8_t {
  verified,
  malformed,
  unsigned_artifact,
  unknown_key,
  bad_signature,
  digest_mismatch,
  sbom_mismatch,
  revoked,
  rollback
};
constexpr auto words_of(ArtifactVerdict) {
  return std::array<std::string_view, 9>{"VERIFIED",      "MALFORMED",     "UNSIGNED",
                                         "UNKNOWN_KEY",   "BAD_SIGNATURE", "DIGEST_MISMATCH",
                                         "SBOM_MISMATCH", "REVOKED",       "ROLLBACK"};
}

}  // namespace ibcf
