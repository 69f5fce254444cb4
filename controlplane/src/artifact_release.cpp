#include "controlplane/artifact_release.hpp"

#include "bounded_json.hpp"
#include "controlplane/artifact_check.hpp"
#include "controlplane/dsse.hpp"
#include "controlplane/intoto.hpp"
#include "controlplane/sha256.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

// A UUID that follows from the payload (RFC 9562, version 8: custom).
std::string serial_of(const Digest& sha256) {
  Bytes bytes(sha256.bytes.begin(), sha256.bytes.begin() + 16);
  bytes[6] = static_cast<std::uint8_t>(0x80 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));
  std::string text = hex_of(bytes);
  for (const std::size_t at : {20, 16, 12, 8}) text.insert(at, "-");
  return "urn:uuid:" + text;
}

Json cyclonedx_of(const ReleaseFacts& facts) {
  Json hashes = Json::array();
  hashes.push_back({{"alg", "SHA-256"}, {"content", text_of(facts.sha256)}});
  Json components = Json::array();
  for (const std::string& name : facts.components)
    components.push_back({{"type", "library"}, {"name", name}});
  return {{"bomFormat", "CycloneDX"},
          {"specVersion", "1.5"},
          {"serialNumber", serial_of(facts.sha256)},
          {"version", 1},
          {"metadata",
           {{"component",
             {{"type", facts.kind == ArtifactKind::firmware ? "firmware" : "application"},
              {"name", facts.name},
              {"version", facts.version},
              {"hashes", std::move(hashes)}}}}},
          {"components", std::move(components)}};
}

Json spdx_of(const ReleaseFacts& facts) {
  Json checksums = Json::array();
  checksums.push_back({{"algorithm", "SHA256"}, {"checksumValue", text_of(facts.sha256)}});
  Json packages = Json::array();
  packages.push_back({{"SPDXID", "SPDXRef-Subject"},
                      {"name", facts.name},
                      {"versionInfo", facts.version},
                      {"downloadLocation", "NOASSERTION"},
                      {"checksums", std::move(checksums)}});
  for (std::size_t i = 0; i < facts.components.size(); ++i)
    packages.push_back({{"SPDXID", "SPDXRef-Component-" + std::to_string(i)},
                        {"name", facts.components[i]},
                        {"downloadLocation", "NOASSERTION"}});
  Json relationships = Json::array();
  relationships.push_back({{"spdxElementId", "SPDXRef-DOCUMENT"},
                           {"relationshipType", "DESCRIBES"},
                           {"relatedSpdxElement", "SPDXRef-Subject"}});
  Json creators = Json::array();
  creators.push_back("Tool: ibcf-twin");
  return {{"spdxVersion", "SPDX-2.3"},
          {"dataLicense", "CC0-1.0"},
          {"SPDXID", "SPDXRef-DOCUMENT"},
          {"name", facts.name + " " + facts.version},
          {"documentNamespace", "urn:ibcf-twin:sbom:" + text_of(facts.sha256)},
          {"creationInfo", {{"created", rfc3339_of(Instant{})}, {"creators", std::move(creators)}}},
          {"packages", std::move(packages)},
          {"relationships", std::move(relationships)}};
}

}  // namespace

ArtifactPublished make_release(const ReleaseFacts& facts, const Signer& signer) {
  ArtifactPublished published;
  const Json sbom = facts.sbom_format == SbomFormat::spdx ? spdx_of(facts) : cyclonedx_of(facts);
  const std::string text = sbom.dump(-1, ' ', false, Json::error_handler_t::replace);
  published.sbom.assign(text.begin(), text.end());
  const Statement statement{{{facts.name, facts.sha256}},
                            {.builder_id = facts.builder_id,
                             .version = facts.version,
                             .release = facts.release,
                             .kind = facts.kind,
                             .size_bytes = facts.size_bytes,
                             .sbom_sha256 = sha256_of(published.sbom)}};
  published.envelope =
      write_envelope(sign_envelope(std::string(intoto_payload_type), write_statement(statement), signer));
  const auto artifact = artifact_in(published.envelope);
  check(artifact.has_value(), "a release is made of a name, a version, a builder and a counter from 1 up");
  published.artifact = *artifact;
  return published;
}

}  // namespace ibcf
