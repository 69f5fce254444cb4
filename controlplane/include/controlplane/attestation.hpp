#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controlplane/trust.hpp"
#include "model/id.hpp"

namespace ibcf {

/// What whoever made a node vouches for before it is enrolled: this key pair is in this node, in this life of
/// it, and it booted what `measurement` is the digest of.
struct Attestation {
  Digest measurement;
  PublicKey by{};  ///< the maker's
  Signature signature{};
};

/// Whose attestations count, and of what. Without a maker everybody is taken.
struct AttestationTrust {
  std::vector<PublicKey> makers;
  std::vector<Digest> measurements;  ///< that may be activated; none: whatever a maker attests
};

/// What the maker signs.
[[nodiscard]] Bytes signed_bytes(NodeId node, std::uint32_t incarnation, const PublicKey& key,
                                 const Digest& measurement);

/// Why nobody vouches for the node, in words; empty where a trusted maker does. `attestation` may be null.
[[nodiscard]] std::string objection_to(const Attestation* attestation, NodeId node, std::uint32_t incarnation,
                                       const PublicKey& key, const AttestationTrust& trust,
                                       const Verifier& verifier);

/// It booted what may be activated.
[[nodiscard]] bool is_accepted(const Attestation& attestation, const AttestationTrust& trust);

}  // namespace ibcf
