#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/artifact_check.hpp"
#include "controlplane/event_key.hpp"
#include "controlplane/revocations.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// What a master knows of artifacts: which were published, which of them and of the keys were revoked, what
/// was found on which node, and the release counters. A fold over the master's own log.
class ArtifactRegistry {
 public:
  /// `trusted` are the keys that may sign releases. The verifier must outlive this.
  ArtifactRegistry(std::vector<PublicKey> trusted, const Verifier& verifier);

  /// Takes in one entry of the log, whoever wrote it; events of other matters change nothing. False where the
  /// payload is not what the type says; nothing is changed then. Requires an event not taken before.
  bool apply(const Event& event);

  /// As published last, or null. Shared, so that a delivery can carry it.
  [[nodiscard]] std::shared_ptr<const ArtifactPublished> find(ArtifactId id) const;
  [[nodiscard]] const ReleaseKeys& keys() const { return keys_; }
  /// The artifact itself was; a revoked key shows in the verdict alone.
  [[nodiscard]] bool is_revoked(ArtifactId id) const { return revoked_.contains(id); }
  /// All that is revoked, keys and artifacts, and how much that is: a number that only rises.
  [[nodiscard]] Revocations revocations() const;
  [[nodiscard]] std::uint64_t revoked() const { return keys_.revoked.size() + revoked_.size(); }
  /// The highest release of `name` that a master found verified on the node; 0: none.
  [[nodiscard]] std::uint64_t newest_release(NodeId node, const std::string& name) const;
  /// Rises whenever a verdict might come out differently than before.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  /// Before it is published; `payload` is the SHA-256 of what was handed in. Brings along what was refused,
  /// since no artifact.published will keep it.
  [[nodiscard]] ArtifactJudged judge_submission(ArtifactPublished submitted, const Digest& payload) const;
  /// What a snapshot says that runs on the node.
  [[nodiscard]] ArtifactJudged judge_running(NodeId node, const InstalledArtifact& installed) const;
  /// Whether the node could install it: asked before a command goes out. The node judges for itself.
  [[nodiscard]] ArtifactJudged judge_delivery(NodeId node, ArtifactId id) const;
  /// Verdict or key differ from those that a master last found for this node and artifact: evidence that the
  /// log lacks.
  [[nodiscard]] bool is_news(const ArtifactJudged& judged) const;

 private:
  struct Entry {
    EventKey key;
    std::shared_ptr<const ArtifactPublished> published;
    std::optional<Examined> examined;  // with the keys as they are now; made when first asked for
  };
  struct NodeFindings {
    std::map<std::string, std::uint64_t> newest_release;
    std::map<ArtifactId, std::pair<ArtifactVerdict, Bytes>> verdicts;  // by masters, each with its key
  };

  bool publish(const Event& event);
  bool revoke(const Event& event);
  bool revoke_key(const Event& event);
  bool find_on_node(const Event& event);
  [[nodiscard]] Examined examined(ArtifactId id) const;

  const Verifier* verifier_;
  ReleaseKeys keys_;
  mutable std::map<ArtifactId, Entry> artifacts_;
  std::map<ArtifactId, std::string> revoked_;  // with the reason
  std::map<NodeId, NodeFindings> nodes_;
  std::uint64_t generation_ = 0;
};

}  // namespace ibcf
