#pragma once

#include <string>

#include "controlplane/artifact_check.hpp"
#include "controlplane/artifact_release.hpp"
#include "controlplane/sha256.hpp"
#include "model/payloads.hpp"

/// Keys, payloads and releases for the tests of artifacts.
namespace ibcf::test {

inline Bytes bytes_of_text(std::string_view text) {
  return {text.begin(), text.end()};
}

inline std::string text_of_bytes(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

inline Ed25519Signer signer_of(std::uint8_t number) {
  Digest secret;
  secret.bytes.fill(number);
  return Ed25519Signer(secret);
}

inline Digest payload_of_release(const std::string& name, std::uint64_t release) {
  return sha256_of(bytes_of_text(name + " release " + std::to_string(release)));
}

inline ReleaseFacts facts_of(std::string name, std::uint64_t release) {
  ReleaseFacts facts;
  facts.sha256 = payload_of_release(name, release);
  facts.name = std::move(name);
  facts.version = "1." + std::to_string(release);
  facts.release = release;
  facts.size_bytes = 4096;
  facts.builder_id = "https://builds.example/pipeline/7";
  facts.components = {"libalpha", "libbeta"};
  return facts;
}

/// As found where it was released.
inline ArtifactClaim claim_of(const ArtifactPublished& published) {
  const Artifact& artifact = published.artifact;
  return {.node_id = {},
          .artifact_id = artifact.id,
          .name = artifact.name,
          .release = artifact.release,
          .found = artifact.digest,
          .revoked = false,
          .newest_release = 0};
}

}  // namespace ibcf::test
