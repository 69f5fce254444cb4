#include "controlplane/installer.hpp"

#include <algorithm>

#include "controlplane/planted.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

ArtifactClaim claim_of(const InstalledSet& set, const Command& command, const ArtifactPublished* delivered,
                       const Digest& payload, const Revocations& revoked) {
  ArtifactClaim claim;
  claim.node_id = command.node_id;
  claim.artifact_id = command.artifact_id;
  claim.found = payload;
  claim.revoked = revoked.has(command.artifact_id);
  if (delivered == nullptr) return claim;
  claim.name = delivered->artifact.name;
  claim.release = delivered->artifact.release;
  const auto newest = set.newest_release.find(claim.name);
  if (newest != set.newest_release.end() && !is_planted(Defect::forget_releases))
    claim.newest_release = newest->second;
  return claim;
}

ReleaseKeys less(const ReleaseKeys& keys, const Revocations& revoked) {
  Revocations all{keys.revoked, {}};
  all.add(revoked);
  return {keys.trusted, std::move(all.keys)};
}

void put(InstalledSet& set, const Artifact& artifact, const Digest& payload) {
  const InstalledArtifact installed{artifact.id, artifact.name, artifact.version, artifact.release, payload};
  const auto at = std::lower_bound(
      set.artifacts.begin(), set.artifacts.end(), artifact.name,
      [](const InstalledArtifact& other, const std::string& name) { return other.name < name; });
  if (at != set.artifacts.end() && at->name == artifact.name)
    *at = installed;
  else
    set.artifacts.insert(at, installed);
  std::uint64_t& newest = set.newest_release[artifact.name];
  newest = std::max(newest, artifact.release);
}

}  // namespace

Installation install(InstalledSet& set, const Command& command, const ArtifactPublished* delivered,
                     const Digest& payload, const ReleaseKeys& keys, const Verifier& verifier,
                     const Revocations& revoked) {
  check(command.kind == CommandKind::install_artifact, "only a command to install installs anything");
  Installation done;
  done.judged =
      judge(delivered, less(keys, revoked), claim_of(set, command, delivered, payload, revoked), verifier);
  const bool is_trusted = done.judged.verdict == ArtifactVerdict::verified ||
                          (is_planted(Defect::install_unverified) && delivered != nullptr);
  if (is_trusted) {
    put(set, delivered->artifact, payload);
    done.state = CommandState::applied;
    return done;
  }
  done.detail = std::string(word_of(done.judged.verdict)) + ": " + done.judged.reason;
  // Nothing else in the log may hold these bytes: who sent them is not known to be honest.
  if (delivered != nullptr) done.judged.refused = *delivered;
  return done;
}

}  // namespace ibcf
