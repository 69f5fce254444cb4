#include <algorithm>

#include "controlplane/dsse.hpp"
#include "controlplane/quarantine.hpp"
#include "controlplane/sha256.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"
#include "world_state.hpp"

/// Releases, from the pipeline that signs them to the nodes that run them, and the truth about each.
namespace ibcf::sim {
namespace {

DsseEnvelope opened(const ArtifactPublished& release) {
  const auto envelope = parse_envelope(release.envelope);
  check(envelope.value.has_value(), "a release's envelope is one that can be read");
  return *envelope.value;
}

void put_back(ArtifactPublished& release, const DsseEnvelope& envelope) {
  release.envelope = write_envelope(envelope);
  const auto artifact = artifact_in(release.envelope);
  check(artifact.has_value(), "signatures are no part of what a statement says");
  release.artifact = *artifact;
}

void spoil(Release& release, Scenario::Flaw flaw) {
  DsseEnvelope envelope = opened(release.submitted);
  switch (flaw) {
    case Scenario::Flaw::sound:
      return;
    case Scenario::Flaw::unsigned_:
      envelope.signatures.clear();
      return put_back(release.submitted, envelope);
    case Scenario::Flaw::signature:
      envelope.signatures.front().sig.front() ^= 1;
      return put_back(release.submitted, envelope);
    case Scenario::Flaw::payload:
      release.payload.bytes[0] ^= 1;
      return;
    case Scenario::Flaw::sbom:
      release.submitted.sbom.push_back(' ');
      return;
  }
}

}  // namespace

Release World::State::release_of(const Scenario::Artifact& artifact) const {
  ReleaseFacts facts;
  facts.name = artifact.title;
  facts.version = artifact.version;
  facts.release = artifact.release;
  facts.kind = artifact.kind;
  facts.sha256 = sha256_of(secret_of(scenario, "payload/" + artifact.name, 0).bytes);
  facts.size_bytes = artifact.size_bytes;
  facts.builder_id = "https://builds.example/" + scenario.name;
  facts.sbom_format = artifact.sbom;
  facts.components = artifact.components;
  Release release;
  release.submitted = make_release(facts, release_signers[artifact.signed_by]);
  release.payload = release.submitted.artifact.digest;
  release.is_genuine = artifact.flaw == Scenario::Flaw::sound && scenario.keys[artifact.signed_by].trusted;
  spoil(release, artifact.flaw);
  return release;
}

void World::State::build_releases() {
  for (std::uint32_t i = 0; i < scenario.keys.size(); ++i) {
    const Ed25519Signer& signer = release_signers.emplace_back(secret_of(scenario, "release.key", i));
    if (scenario.keys[i].trusted) release_keys.trusted.push_back(signer.public_key());
  }
  std::sort(release_keys.trusted.begin(), release_keys.trusted.end());
  for (const Scenario::Artifact& artifact : scenario.artifacts) {
    const Release& release = releases.emplace_back(release_of(artifact));
    if (artifact.arrives_damaged > 0) damage[release.submitted.artifact.id] = artifact.arrives_damaged;
  }
  if (!releases.empty()) newest_installed.resize(layout.nodes.size());
}

void World::State::hand_in(std::uint32_t artifact, Instant at) {
  const Release& release = releases[artifact];
  const bool is_taken = masters[global_master].publish_artifact(release.submitted, release.payload, at);
  artifacts_refused += is_taken ? 0 : 1;
  drain({Role::master, global_master}, at);
}

void World::State::revoke(const Scenario::Revocation& revocation, Instant at) {
  for (std::uint32_t i = 0; i < releases.size(); ++i)
    if (revocation.is_of_key ? scenario.artifacts[i].signed_by == revocation.target : i == revocation.target)
      releases[i].is_revoked = true;
  Master& master = masters[global_master];
  if (revocation.is_of_key)
    master.revoke_key(release_signers[revocation.target].public_key(), revocation.reason, at);
  else
    master.revoke_artifact(releases[revocation.target].submitted.artifact.id, revocation.reason, at);
  drain({Role::master, global_master}, at);
}

const Release* World::State::find_release(ArtifactId id) const {
  const auto found = std::find_if(releases.begin(), releases.end(), [&](const Release& release) {
    return release.submitted.artifact.id == id;
  });
  return found == releases.end() ? nullptr : &*found;
}

bool World::State::runs_revoked(std::uint32_t node) const {
  const auto& installed = agents[node].desk().installed().artifacts;
  return std::any_of(installed.begin(), installed.end(), [&](const InstalledArtifact& one) {
    const Release* release = find_release(one.artifact_id);
    return release != nullptr && release->is_revoked;
  });
}

// I-50, by the truth about each release. What is revoked afterwards was right when it was installed.
void World::State::check_installed(std::uint32_t node, Instant at) {
  for (const InstalledArtifact& one : agents[node].desk().installed().artifacts) {
    const Release* release = find_release(one.artifact_id);
    const bool is_signed =
        release != nullptr && release->is_genuine && one.digest == release->submitted.artifact.digest;
    std::uint64_t& newest = newest_installed[node][one.name];
    if (!is_signed || one.release < newest) checkers.installed(layout.nodes[node].name, one, newest, at);
    newest = std::max(newest, one.release);
  }
}

// What nodes and masters say in the log of what they refuse, and of whom they distrust for what it runs.
void World::State::count_trust(const Event& event) {
  const auto quarantines = [](const std::string& arrow, const std::string& reason) {
    const Arrow* taken = find_arrow(arrow);
    return taken != nullptr && taken->to == "QUARANTINED" && cause_of(reason).word == "unverifiable artifact";
  };
  bool is_quarantine = false;
  if (event.type == EventType::bundle_refused) {
    ++bundles_refused;
  } else if (event.type == EventType::artifact_judged) {
    const auto by = ledger.node_of(event.origin);
    const auto judged = payload_of<ArtifactJudged>(event);
    if (by && judged && judged->verdict != ArtifactVerdict::verified) ++installs_refused[*by];
  } else if (event.type == EventType::replay_verdict) {
    const auto verdict = payload_of<ReplayVerdict>(event);
    is_quarantine = verdict && std::any_of(verdict->reasons.begin(), verdict->reasons.end(),
                                           [&](const std::string& reason) {
                                             return quarantines(verdict->arrow, reason);
                                           });
  } else if (brings_quarantine(event.type)) {
    const auto step = payload_of<LifecycleStep>(event);
    is_quarantine = step && quarantines(step->arrow, step->reason);
  }
  if (!is_quarantine) return;
  if (const auto node = ledger.node_of(event.subject)) ++artifact_quarantines[*node];
}

}  // namespace ibcf::sim
