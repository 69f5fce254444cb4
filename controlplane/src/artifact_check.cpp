#include "controlplane/artifact_check.hpp"

#include <algorithm>

#include "controlplane/dsse.hpp"
#include "controlplane/intoto.hpp"
#include "controlplane/sbom.hpp"
#include "controlplane/sha256.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

std::string sbom_ref_of(const Digest& sha256) {
  return "sbom/" + text_of(sha256);
}

// What envelope and statement say; nothing in `why` where both can be read and tell of one payload.
struct Opened {
  DsseEnvelope envelope;
  Statement statement;
  std::string why;
};

Opened open(ByteView bytes) {
  Opened opened;
  auto envelope = parse_envelope(bytes);
  if (!envelope) return {{}, {}, envelope.why};
  opened.envelope = std::move(*envelope.value);
  if (opened.envelope.payload_type != intoto_payload_type) {
    opened.why = "envelope: its payload is no in-toto statement";
    return opened;
  }
  auto statement = parse_statement(opened.envelope.payload);
  if (!statement) {
    opened.why = statement.why;
    return opened;
  }
  opened.statement = std::move(*statement.value);
  if (opened.statement.subjects.size() != 1) opened.why = "statement: an artifact is one payload";
  return opened;
}

Artifact artifact_of(const Opened& opened) {
  const StatementSubject& subject = opened.statement.subjects.front();
  const Provenance& made = opened.statement.provenance;
  const auto& signatures = opened.envelope.signatures;
  return {.id = artifact_id_of(subject.name, subject.sha256),
          .name = subject.name,
          .version = made.version,
          .kind = made.kind,
          .release = made.release,
          .digest = subject.sha256,
          .size_bytes = made.size_bytes,
          .sbom_ref = sbom_ref_of(made.sbom_sha256),
          .provenance_ref = made.builder_id,
          .signature = signatures.empty() ? "" : base64_of(signatures.front().sig)};
}

// "" where the document is the one that the statement names, and describes the statement's subject.
std::string problem_of_sbom(ByteView bytes, const Statement& statement) {
  const StatementSubject& subject = statement.subjects.front();
  if (bytes.size() > most_sbom_bytes || sha256_of(bytes) != statement.provenance.sbom_sha256)
    return "SBOM: not the document that the statement names";
  const auto sbom = parse_sbom(bytes);
  if (!sbom) return sbom.why;
  if (sbom->name != subject.name) return "SBOM: describes " + sbom->name;
  if (!sbom->version.empty() && sbom->version != statement.provenance.version)
    return "SBOM: describes version " + sbom->version;
  if (sbom->sha256 != subject.sha256) return "SBOM: describes another payload, or does not name its SHA-256";
  return "";
}

void check_signature(const DsseEnvelope& envelope, const ReleaseKeys& keys, const Verifier& verifier,
                     Examined& examined) {
  std::vector<PublicKey> in_force;
  std::set_difference(keys.trusted.begin(), keys.trusted.end(), keys.revoked.begin(), keys.revoked.end(),
                      std::back_inserter(in_force));
  // A signature by a key in force counts, whatever else stands beside it.
  EnvelopeCheck check = check_envelope(envelope, in_force, verifier);
  if (check.trust != EnvelopeTrust::good && in_force.size() < keys.trusted.size()) {
    check = check_envelope(envelope, keys.trusted, verifier);
    examined.key_revoked = check.trust == EnvelopeTrust::good;
  }
  examined.key = check.key;
  switch (check.trust) {
    case EnvelopeTrust::good:
      examined.signature = ArtifactVerdict::verified;
      return;
    case EnvelopeTrust::unsigned_envelope:
      examined.signature = ArtifactVerdict::unsigned_artifact;
      examined.reason = "the envelope carries no signature";
      return;
    case EnvelopeTrust::unknown_key:
      examined.signature = ArtifactVerdict::unknown_key;
      examined.reason = "no trusted key signed it";
      return;
    case EnvelopeTrust::bad_signature:
      examined.signature = ArtifactVerdict::bad_signature;
      examined.reason = "the signature is not of the key that it names";
      return;
  }
}

Bytes bytes_of(const std::optional<PublicKey>& key) {
  return key ? Bytes(key->begin(), key->end()) : Bytes{};
}

// What the claim says of itself must be what is signed.
std::string problem_of_claim(const Artifact& artifact, const ArtifactClaim& claim) {
  if (claim.name != artifact.name) return "it is called " + claim.name + ", signed is " + artifact.name;
  if (claim.release != artifact.release)
    return "it is called release " + std::to_string(claim.release) + ", signed is " +
           std::to_string(artifact.release);
  if (claim.artifact_id != artifact.id) return "its id is not that of the signed payload";
  return "";
}

struct Reached {
  ArtifactVerdict verdict;
  std::string reason;
};

// The order of ArtifactVerdict.
Reached first_that_applies(const Examined& examined, const ArtifactClaim& claim) {
  if (examined.signature == ArtifactVerdict::malformed) return {ArtifactVerdict::malformed, examined.reason};
  if (examined.artifact) {
    std::string problem = problem_of_claim(*examined.artifact, claim);
    if (!problem.empty()) return {ArtifactVerdict::malformed, std::move(problem)};
  }
  if (examined.signature != ArtifactVerdict::verified) return {examined.signature, examined.reason};
  if (claim.found != examined.artifact->digest)
    return {ArtifactVerdict::digest_mismatch, "the payload is not the signed one"};
  if (!examined.sbom_problem.empty()) return {ArtifactVerdict::sbom_mismatch, examined.sbom_problem};
  if (claim.revoked || examined.key_revoked)
    return {ArtifactVerdict::revoked, "the artifact or its key is revoked"};
  if (claim.release < claim.newest_release)
    return {ArtifactVerdict::rollback,
            "release " + std::to_string(claim.release) + " after " + std::to_string(claim.newest_release)};
  return {ArtifactVerdict::verified, ""};
}

}  // namespace

ArtifactId artifact_id_of(const std::string& name, const Digest& sha256) {
  return derive_id<ArtifactTag>("artifact", 0, name + "/" + text_of(sha256));
}

std::optional<Artifact> artifact_in(ByteView envelope) {
  const Opened opened = open(envelope);
  if (!opened.why.empty()) return std::nullopt;
  return artifact_of(opened);
}

Examined examine(const ArtifactPublished* published, const ReleaseKeys& keys, const Verifier& verifier) {
  Examined examined;
  if (published == nullptr) {
    examined.reason = "nothing signed was published for it";
    return examined;
  }
  examined.envelope = digest_of(published->envelope);
  const Opened opened = open(published->envelope);
  std::string problem = opened.why;
  if (problem.empty() && artifact_of(opened) != published->artifact)
    problem = "it was published as something else than is signed";
  if (!problem.empty()) {
    examined.signature = ArtifactVerdict::malformed;
    examined.reason = std::move(problem);
    return examined;
  }
  examined.artifact = published->artifact;
  check_signature(opened.envelope, keys, verifier, examined);
  examined.sbom_problem = problem_of_sbom(published->sbom, opened.statement);
  return examined;
}

ArtifactJudged conclude(const Examined& examined, const ArtifactClaim& claim) {
  Reached reached = first_that_applies(examined, claim);
  return {.node_id = claim.node_id,
          .artifact_id = claim.artifact_id,
          .verdict = reached.verdict,
          .name = claim.name,
          .release = claim.release,
          .newest_release = claim.newest_release,
          .found = claim.found,
          .envelope = examined.envelope,
          .key = bytes_of(examined.key),
          .revoked = claim.revoked || examined.key_revoked,
          .reason = std::move(reached.reason),
          .refused = std::nullopt};
}

ArtifactJudged judge(const ArtifactPublished* published, const ReleaseKeys& keys, const ArtifactClaim& claim,
                     const Verifier& verifier) {
  return conclude(examine(published, keys, verifier), claim);
}

std::optional<std::string> objection_to(const ArtifactJudged& judged, const ArtifactPublished* published,
                                        const Verifier& verifier) {
  if (judged.refused) published = &*judged.refused;
  if (published != nullptr && digest_of(published->envelope) != judged.envelope)
    return "it names another envelope than the stored one";
  if (published == nullptr && judged.envelope != Digest{}) return "the envelope that it names is not stored";
  ReleaseKeys keys;
  if (!judged.key.empty()) {
    PublicKey key;
    if (judged.key.size() != key.size()) return "its key is none";
    std::copy(judged.key.begin(), judged.key.end(), key.begin());
    keys.trusted.push_back(key);
  }
  ArtifactJudged again = judge(published, keys,
                               {.node_id = judged.node_id,
                                .artifact_id = judged.artifact_id,
                                .name = judged.name,
                                .release = judged.release,
                                .found = judged.found,
                                .revoked = judged.revoked,
                                .newest_release = judged.newest_release},
                               verifier);
  again.refused = judged.refused;
  if (again == judged) return std::nullopt;
  if (again.verdict != judged.verdict)
    return "it says " + std::string(word_of(judged.verdict)) + ", its inputs give " +
           std::string(word_of(again.verdict));
  return "its inputs are not those that its verdict follows from";
}

}  // namespace ibcf
