#include "controlplane/artifact_check.hpp"
#include "controlplane/dsse.hpp"
#include "controlplane/intoto.hpp"
#include "controlplane/sbom.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

using namespace ibcf;

/// Envelope, statement and SBOM, each read from the bytes as they are; and a verdict over what they make up,
/// once as an envelope and once as a statement that a trusted key signed.
namespace {

const Ed25519Verifier verifier;
const Ed25519Signer signer{Digest{}};

void read_envelope(ByteView bytes) {
  const auto envelope = parse_envelope(bytes);
  check(envelope.value.has_value() == envelope.why.empty(), "a reader gives a value or a reason");
  if (envelope)
    check(*parse_envelope(write_envelope(*envelope)) == *envelope, "what is written is read again");
}

void read_statement(ByteView bytes) {
  const auto statement = parse_statement(bytes);
  check(statement.value.has_value() == statement.why.empty(), "a reader gives a value or a reason");
  if (statement)
    check(*parse_statement(write_statement(*statement)) == *statement, "what is written is read again");
}

void read_sbom(ByteView bytes) {
  const auto sbom = parse_sbom(bytes);
  check(sbom.value.has_value() == sbom.why.empty(), "a reader gives a value or a reason");
  if (sbom) check(!sbom->name.empty(), "an SBOM describes something by name");
}

void judge_published(Bytes envelope, ByteView sbom) {
  ArtifactPublished published;
  if (const auto artifact = artifact_in(envelope)) published.artifact = *artifact;
  published.envelope = std::move(envelope);
  published.sbom.assign(sbom.begin(), sbom.end());
  const ArtifactJudged judged = judge(&published, {{signer.public_key()}, {}},
                                      {.node_id = {},
                                       .artifact_id = published.artifact.id,
                                       .name = published.artifact.name,
                                       .release = published.artifact.release,
                                       .found = published.artifact.digest,
                                       .revoked = false,
                                       .newest_release = 0},
                                      verifier);
  check(!objection_to(judged, &published, verifier), "a verdict is reached again from what is stored (I-51)");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  read_envelope(bytes);
  read_statement(bytes);
  read_sbom(bytes);
  judge_published({bytes.begin(), bytes.end()}, bytes);
  judge_published(
      write_envelope(sign_envelope(std::string(intoto_payload_type), {bytes.begin(), bytes.end()}, signer)),
      bytes);
  return 0;
}
