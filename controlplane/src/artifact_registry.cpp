#include "controlplane/artifact_registry.hpp"

#include <algorithm>

#include "model/payloads.hpp"

namespace ibcf {

ArtifactRegistry::ArtifactRegistry(std::vector<PublicKey> trusted, const Verifier& verifier)
    : verifier_(&verifier), keys_{std::move(trusted), {}} {
  auto& keys = keys_.trusted;
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

bool ArtifactRegistry::apply(const Event& event) {
  switch (event.type) {
    case EventType::artifact_published:
      return publish(event);
    case EventType::artifact_revoked:
      return revoke(event);
    case EventType::key_revoked:
      return revoke_key(event);
    case EventType::artifact_judged:
      return find_on_node(event);
    default:
      return true;
  }
}

// Published again, say with another key's signature, the newest counts, in whatever order they come.
bool ArtifactRegistry::publish(const Event& event) {
  auto payload = payload_of<ArtifactPublished>(event);
  if (!payload) return false;
  Entry& entry = artifacts_[payload->artifact.id];
  if (entry.published && key_of(event) < entry.key) return true;
  entry = {key_of(event), std::make_shared<const ArtifactPublished>(std::move(*payload)), std::nullopt};
  ++generation_;
  return true;
}

bool ArtifactRegistry::revoke(const Event& event) {
  auto payload = payload_of<ArtifactRevoked>(event);
  if (!payload) return false;
  revoked_.emplace(payload->artifact_id, std::move(payload->reason));
  ++generation_;
  return true;
}

bool ArtifactRegistry::revoke_key(const Event& event) {
  const auto payload = payload_of<KeyRevoked>(event);
  PublicKey key;
  if (!payload || payload->key.size() != key.size()) return false;
  std::copy(payload->key.begin(), payload->key.end(), key.begin());
  auto& revoked = keys_.revoked;
  const auto at = std::lower_bound(revoked.begin(), revoked.end(), key);
  if (at != revoked.end() && *at == key) return true;
  revoked.insert(at, key);
  for (auto& [id, entry] : artifacts_) entry.examined.reset();
  ++generation_;
  return true;
}

bool ArtifactRegistry::find_on_node(const Event& event) {
  const auto judged = payload_of<ArtifactJudged>(event);
  if (!judged) return false;
  if (judged->node_id.is_nil()) return true;
  // A node judges before it installs, which takes its time and may fail: what it runs until then is no
  // rollback. It keeps its own counter.
  if (event.origin == any(judged->node_id)) return true;
  NodeFindings& findings = nodes_[judged->node_id];
  if (judged->verdict == ArtifactVerdict::verified) {
    std::uint64_t& newest = findings.newest_release[judged->name];
    newest = std::max(newest, judged->release);
  }
  findings.verdicts[judged->artifact_id] = {judged->verdict, judged->key};
  return true;
}

std::shared_ptr<const ArtifactPublished> ArtifactRegistry::find(ArtifactId id) const {
  const auto found = artifacts_.find(id);
  return found == artifacts_.end() ? nullptr : found->second.published;
}

Revocations ArtifactRegistry::revocations() const {
  Revocations all{keys_.revoked, {}};
  for (const auto& [id, reason] : revoked_) all.artifacts.push_back(id);
  return all;
}

std::uint64_t ArtifactRegistry::newest_release(NodeId node, const std::string& name) const {
  const auto findings = nodes_.find(node);
  if (findings == nodes_.end()) return 0;
  const auto found = findings->second.newest_release.find(name);
  return found == findings->second.newest_release.end() ? 0 : found->second;
}

// Signatures are checked once per artifact and state of the keys, not once per node.
Examined ArtifactRegistry::examined(ArtifactId id) const {
  const auto found = artifacts_.find(id);
  if (found == artifacts_.end()) return examine(nullptr, keys_, *verifier_);
  Entry& entry = found->second;
  if (!entry.examined) entry.examined = examine(entry.published.get(), keys_, *verifier_);
  return *entry.examined;
}

ArtifactJudged ArtifactRegistry::judge_submission(ArtifactPublished submitted, const Digest& payload) const {
  const Artifact& artifact = submitted.artifact;
  ArtifactJudged judged = judge(&submitted, keys_,
                                {.node_id = {},
                                 .artifact_id = artifact.id,
                                 .name = artifact.name,
                                 .release = artifact.release,
                                 .found = payload,
                                 .revoked = is_revoked(artifact.id),
                                 .newest_release = 0},
                                *verifier_);
  if (judged.verdict != ArtifactVerdict::verified) judged.refused = std::move(submitted);
  return judged;
}

ArtifactJudged ArtifactRegistry::judge_running(NodeId node, const InstalledArtifact& installed) const {
  return conclude(examined(installed.artifact_id), {.node_id = node,
                                                    .artifact_id = installed.artifact_id,
                                                    .name = installed.name,
                                                    .release = installed.release,
                                                    .found = installed.digest,
                                                    .revoked = is_revoked(installed.artifact_id),
                                                    .newest_release = newest_release(node, installed.name)});
}

ArtifactJudged ArtifactRegistry::judge_delivery(NodeId node, ArtifactId id) const {
  InstalledArtifact as_delivered;
  as_delivered.artifact_id = id;
  if (const auto published = find(id)) {
    as_delivered.name = published->artifact.name;
    as_delivered.version = published->artifact.version;
    as_delivered.release = published->artifact.release;
    as_delivered.digest = published->artifact.digest;
  }
  return judge_running(node, as_delivered);
}

bool ArtifactRegistry::is_news(const ArtifactJudged& judged) const {
  const auto findings = nodes_.find(judged.node_id);
  if (findings == nodes_.end()) return true;
  const auto last = findings->second.verdicts.find(judged.artifact_id);
  return last == findings->second.verdicts.end() || last->second != std::pair{judged.verdict, judged.key};
}

}  // namespace ibcf
