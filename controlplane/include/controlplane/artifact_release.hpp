#pragma once

#include <string>

#include "controlplane/sbom.hpp"
#include "controlplane/trust.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// What a release pipeline knows of what it built.
struct ReleaseFacts {
  std::string name;
  std::string version;
  std::uint64_t release = 1;
  ArtifactKind kind = ArtifactKind::software;
  Digest sha256;  ///< of the payload
  std::uint64_t size_bytes = 0;
  std::string builder_id;
  SbomFormat sbom_format = SbomFormat::cyclonedx;
  std::vector<std::string> components = {};  ///< names of what it is made of, for the SBOM
};

/// Does what a release pipeline does: writes the SBOM and the in-toto statement, and signs the statement in a
/// DSSE envelope. The same facts and key give the same bytes.
ArtifactPublished make_release(const ReleaseFacts& facts, const Signer& signer);

}  // namespace ibcf
