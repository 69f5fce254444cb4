#include "controlplane/master.hpp"
#include "controlplane/master_views.hpp"
#include "model/payloads.hpp"

/// Artifacts: what may enter the fleet, what may be installed, and what runs that must not (protocols page,
/// "Trust and quarantine"; seed, "Supply chain projection"). Every verdict is an event with all its inputs.
namespace ibcf {
namespace {

// A hard reason each: "unverifiable artifact running".
std::vector<std::string> reasons_to_distrust(const std::vector<ArtifactJudged>& running) {
  std::vector<std::string> reasons;
  for (const ArtifactJudged& judged : running)
    if (judged.verdict != ArtifactVerdict::verified)
      reasons.push_back("unverifiable artifact: " + judged.name + " release " +
                        std::to_string(judged.release) + ": " + std::string(word_of(judged.verdict)) + ": " +
                        judged.reason);
  return reasons;
}

}  // namespace

bool Master::publish_artifact(const ArtifactPublished& submitted, const Digest& payload, Instant now) {
  const ArtifactJudged judged = artifacts_.judge_submission(submitted, payload);
  const AnyId id = any(submitted.artifact.id);
  const bool is_good = judged.verdict == ArtifactVerdict::verified;
  if (is_good) append_own(EventType::artifact_published, id, encode(submitted), {}, Priority::trust, now);
  append_own(EventType::artifact_judged, id, encode(judged), {}, Priority::trust, now);
  return is_good;
}

void Master::revoke_artifact(ArtifactId id, std::string reason, Instant now) {
  append_own(EventType::artifact_revoked, any(id), encode(ArtifactRevoked{id, std::move(reason)}), {},
             Priority::trust, now);
  judge_all_installed(now);
}

void Master::revoke_key(const PublicKey& key, std::string reason, Instant now) {
  append_own(EventType::key_revoked, any(identity_.id),
             encode(KeyRevoked{Bytes(key.begin(), key.end()), std::move(reason)}), {}, Priority::trust, now);
  judge_all_installed(now);
}

// The node judges for itself; what cannot be right need not be sent.
bool Master::may_install(NodeId node, ArtifactId artifact, Instant now) {
  const ArtifactJudged judged = artifacts_.judge_delivery(node, artifact);
  if (judged.verdict == ArtifactVerdict::verified) return true;
  append_own(EventType::artifact_judged, any(node), encode(judged), {}, Priority::trust, now);
  return false;
}

// What it shows to run, by its newest snapshot; nothing where the body is not at hand.
std::vector<ArtifactJudged> Master::judge_running_on(NodeId node) const {
  std::vector<ArtifactJudged> running;
  const auto actual = views().drift().actual_of(node);
  if (!actual) return running;
  running.reserve(actual->installed.size());
  for (const InstalledArtifact& installed : actual->installed)
    running.push_back(artifacts_.judge_running(node, installed));
  return running;
}

// Looks at each body once, unless something was published or revoked since. A node on its way back has its
// verdict ahead of it, and that counts what is found here.
void Master::judge_installed(NodeRecord& node, Instant now) {
  const NodeId id = node.enrolment.id;
  const auto slot = views().roster().find(id);
  if (!slot) return;
  const auto& seen = views().drift().inputs().of(*slot).seen;
  if (!seen) return;
  auto& judged_before = judged_[id];
  if (judged_before == std::pair{seen->body, artifacts_.generation()}) return;
  const std::vector<ArtifactJudged> running = judge_running_on(id);
  for (const ArtifactJudged& judged : running)
    if (artifacts_.is_news(judged))
      append_own(EventType::artifact_judged, any(id), encode(judged), {}, Priority::trust, now);
  const auto reasons = reasons_to_distrust(running);
  if (!reasons.empty() && !node.lock) distrust_found(node, reasons.front(), now);
  // Who runs what it must not and is not quarantined for it is looked at again.
  if (reasons.empty() || node.state.phase == Phase::quarantined)
    judged_before = {seen->body, artifacts_.generation()};
}

// Where the table has no way into quarantine from here, the node is told to come back, and its return has
// one.
void Master::distrust_found(NodeRecord& node, const std::string& reason, Instant now) {
  if (node.state.phase == Phase::quarantined || node.is_aside) return;
  const bool updates = node.state.phase == Phase::updating;
  if (believe(node, updates ? EventType::update_untrusted : EventType::trust_violation, reason, now))
    updating_.erase(node.enrolment.id);
  else if (!node.is_aside)
    believe(node, EventType::sync_gap_detected, reason, now);
}

std::vector<std::string> Master::artifact_reasons(NodeId node) const {
  return reasons_to_distrust(judge_running_on(node));
}

void Master::judge_all_installed(Instant now) {
  for (NodeRecord& node : nodes_) judge_installed(node, now);
}

}  // namespace ibcf
