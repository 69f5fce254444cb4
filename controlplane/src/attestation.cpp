#include "controlplane/attestation.hpp"

#include <algorithm>

#include "controlplane/planted.hpp"
#include "model/codec.hpp"

namespace ibcf {

Bytes signed_bytes(NodeId node, std::uint32_t incarnation, const PublicKey& key, const Digest& measurement) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.put(std::string("attestation"));
  encoder.put(node);
  encoder.put(incarnation);
  encoder.raw(key);
  encoder.put(measurement);
  return bytes;
}

std::string objection_to(const Attestation* attestation, NodeId node, std::uint32_t incarnation,
                         const PublicKey& key, const AttestationTrust& trust, const Verifier& verifier) {
  if (attestation == nullptr) return "no attestation";
  if (std::find(trust.makers.begin(), trust.makers.end(), attestation->by) == trust.makers.end())
    return "attested by nobody we trust";
  const Bytes said = signed_bytes(node, incarnation, key, attestation->measurement);
  const bool is_signed = verifier.verifies(attestation->by, said, attestation->signature);
  return is_signed || is_planted(Defect::attestation_unchecked)
             ? ""
             : "its attestation is not signed, or is about another node, life or key";
}

bool is_accepted(const Attestation& attestation, const AttestationTrust& trust) {
  const auto& accepted = trust.measurements;
  return accepted.empty() || is_planted(Defect::measurement_ignored) ||
         std::find(accepted.begin(), accepted.end(), attestation.measurement) != accepted.end();
}

}  // namespace ibcf
