#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/parsed.hpp"
#include "model/artifact.hpp"

/// What an artifact's envelope holds: an in-toto Statement v1
/// (https://github.com/in-toto/attestation/tree/main/spec/v1) whose predicate is SLSA provenance v1
/// (https://slsa.dev/spec/v1.0/provenance).
namespace ibcf {

inline constexpr std::string_view statement_type = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view provenance_type = "https://slsa.dev/provenance/v1";
/// Our buildType: it fixes what the external parameters mean (see Provenance).
inline constexpr std::string_view release_build_type = "urn:ibcf-twin:release:v1";
inline constexpr std::size_t most_subjects = 64;

/// What was built, by name and SHA-256.
struct StatementSubject {
  std::string name;
  Digest sha256;
  friend bool operator==(const StatementSubject&, const StatementSubject&) = default;
};

/// How it was built. Version, release counter, kind and size are external parameters of our build type, so
/// that the signature covers them. The SBOM is a by-product of the build, bound by its own digest.
struct Provenance {
  std::string builder_id;
  std::string version;
  std::uint64_t release = 0;
  ArtifactKind kind = ArtifactKind::software;
  std::uint64_t size_bytes = 0;
  Digest sbom_sha256;
  friend bool operator==(const Provenance&, const Provenance&) = default;
};

struct Statement {
  std::vector<StatementSubject> subjects;
  Provenance provenance;
  friend bool operator==(const Statement&, const Statement&) = default;
};

/// Members it does not know are ignored; other statement, predicate and build types, a subject without
/// SHA-256 and a provenance without builder, release or SBOM are refused.
Parsed<Statement> parse_statement(ByteView json);
/// Compact JSON, one form for one value.
Bytes write_statement(const Statement& statement);

}  // namespace ibcf
