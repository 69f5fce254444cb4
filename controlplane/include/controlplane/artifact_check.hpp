#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "controlplane/trust.hpp"
#include "model/payloads.hpp"

/// What makes an artifact trusted (protocols page, "Trust and quarantine"): one pure function, used where an
/// artifact is published, where a node is about to install it, and where a snapshot says that it runs. The
/// verdict is the first that applies, in the order of ArtifactVerdict, and is stored with all its inputs, so
/// that anybody can reach it again (I-51).
namespace ibcf {

/// Keys that may sign releases, and those of them that are revoked. Each sorted, each key once.
struct ReleaseKeys {
  std::vector<PublicKey> trusted;
  std::vector<PublicKey> revoked;
};

/// The id of the payload `sha256` under `name`: one id never stands for two payloads.
ArtifactId artifact_id_of(const std::string& name, const Digest& sha256);

/// What the signed envelope says, as an Artifact; nothing where it cannot be read. `sbom_ref` follows from
/// the SBOM's digest, so that nothing in it is unsigned but `signature`, which is the first in the envelope.
std::optional<Artifact> artifact_in(ByteView envelope);

/// What follows from published bytes and keys alone, whoever has the artifact: the costly part of a verdict,
/// good for every node as long as the keys stay the same.
struct Examined {
  std::optional<Artifact> artifact;  ///< as signed; nothing: malformed
  Digest envelope;                   ///< BLAKE2b of the envelope; all zero where there is none
  ArtifactVerdict signature = ArtifactVerdict::unsigned_artifact;  ///< verified, or what is wrong with it
  std::optional<PublicKey> key;  ///< the trusted key that signed, or was named and did not
  bool key_revoked = false;      ///< `key` signed, and no trusted key that is not revoked did
  std::string sbom_problem;      ///< empty: the SBOM is the signed one, and describes the payload
  std::string reason;            ///< of what is wrong with envelope or signature
};

/// `published` may be null: nothing was ever published. Looks at no more than most_envelope_bytes and
/// most_sbom_bytes of it.
Examined examine(const ArtifactPublished* published, const ReleaseKeys& keys, const Verifier& verifier);

/// Who has what, as found.
struct ArtifactClaim {
  NodeId node_id;  ///< nil: nobody yet, it is being published
  ArtifactId artifact_id;
  std::string name;
  std::uint64_t release = 0;
  Digest found;                      ///< SHA-256 of the payload that is there
  bool revoked = false;              ///< the artifact was
  std::uint64_t newest_release = 0;  ///< the highest of this name that the node ran before
};

/// The verdict over `claim`, with all inputs.
ArtifactJudged conclude(const Examined& examined, const ArtifactClaim& claim);

/// Both steps at once.
ArtifactJudged judge(const ArtifactPublished* published, const ReleaseKeys& keys, const ArtifactClaim& claim,
                     const Verifier& verifier);

/// Reaches the verdict of `judged` again from what is stored: its own inputs, and the artifact.published
/// event whose envelope it names (null: it names none, or brings what it judged along). Why the stored
/// verdict cannot be right, or nothing where it is reached again (I-51).
std::optional<std::string> objection_to(const ArtifactJudged& judged, const ArtifactPublished* published,
                                        const Verifier& verifier);

}  // namespace ibcf
