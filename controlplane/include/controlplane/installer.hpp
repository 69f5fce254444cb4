#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "controlplane/artifact_check.hpp"
#include "controlplane/revocations.hpp"
#include "model/command.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// What a node has installed, one artifact per name, and how far each name's release counter has risen. It
/// survives a reboot: the packed form is what the node stores.
struct InstalledSet {
  std::vector<InstalledArtifact> artifacts;  ///< by name, each name once
  std::map<std::string, std::uint64_t> newest_release;
  IBCF_FIELDS(InstalledSet, artifacts, newest_release)
};

/// What came of an install_artifact command.
struct Installation {
  ArtifactJudged judged;  ///< goes into the node's log before the result does (I-50)
  CommandState state = CommandState::rejected;
  std::string detail;  ///< the verdict and its reason; empty where it was applied
};

/// Installs what was delivered with `command`, if the node itself finds it verified: envelope, payload, SBOM
/// and release counter (I-50). `delivered` may be null: nothing came with the command. `payload` is the
/// SHA-256 of the payload as it arrived; `revoked` is what the node was told since it got its keys. APPLIED
/// with VERIFIED and a changed set; else REJECTED, and the set is as it was. Requires a command of kind
/// install_artifact for this node.
Installation install(InstalledSet& set, const Command& command, const ArtifactPublished* delivered,
                     const Digest& payload, const ReleaseKeys& keys, const Verifier& verifier,
                     const Revocations& revoked = {});

}  // namespace ibcf
