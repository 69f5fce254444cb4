#include "controlplane/artifact_audit.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "controlplane/artifact_check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

void for_each_event(const EventStore& log, const std::function<void(std::uint64_t, const Event&)>& see) {
  log.scan(0, [&](const Stored& stored) {
    if (const auto event = decode<Event>(stored.packed)) see(stored.position, *event);
    return true;
  });
}

class Audit {
 public:
  Audit(std::span<const PublicKey> trusted, const Verifier& verifier)
      : trusted_(trusted), verifier_(&verifier) {}

  std::vector<AuditProblem> problems;

  // What verdicts and results name.
  void learn(const Event& event) {
    if (event.type == EventType::artifact_published) {
      if (auto published = payload_of<ArtifactPublished>(event)) {
        const Digest envelope = digest_of(published->envelope);
        published_.try_emplace({published->artifact.id, envelope}, std::move(*published));
      }
    } else if (event.type == EventType::command_issued) {
      const auto issued = payload_of<CommandIssued>(event);
      if (issued && issued->command.kind == CommandKind::install_artifact)
        installs_.emplace(issued->command.id, issued->command.artifact_id);
    } else if (event.type == EventType::artifact_judged) {
      const auto judged = payload_of<ArtifactJudged>(event);
      if (judged && judged->verdict == ArtifactVerdict::verified && event.origin == any(judged->node_id))
        found_verified_.insert({event.cause, judged->artifact_id});
    }
  }

  void check(std::uint64_t position, const Event& event) {
    if (event.type == EventType::artifact_judged) check_verdict(position, event);
    if (event.type == EventType::command_result) check_result(position, event);
  }

 private:
  void check_verdict(std::uint64_t position, const Event& event) {
    const auto judged = payload_of<ArtifactJudged>(event);
    if (!judged) {
      problems.push_back({position, "artifact.judged: unreadable"});
      return;
    }
    const auto published = published_.find({judged->artifact_id, judged->envelope});
    if (const auto objection =
            objection_to(*judged, published == published_.end() ? nullptr : &published->second, *verifier_))
      problems.push_back({position, "artifact.judged: " + *objection});
    const bool is_trusted =
        judged->key.empty() || std::any_of(trusted_.begin(), trusted_.end(), [&](const PublicKey& key) {
          return std::equal(key.begin(), key.end(), judged->key.begin(), judged->key.end());
        });
    if (!is_trusted) problems.push_back({position, "artifact.judged: by a key that nobody trusts"});
  }

  void check_result(std::uint64_t position, const Event& event) {
    const auto result = payload_of<CommandResult>(event);
    if (!result || result->state != CommandState::applied) return;
    const auto install = installs_.find(result->command_id);
    if (install == installs_.end()) return;
    if (!found_verified_.contains({any(result->command_id), install->second}))
      problems.push_back({position, "command.result: APPLIED without a verified verdict"});
  }

  std::span<const PublicKey> trusted_;
  const Verifier* verifier_;
  std::map<std::pair<ArtifactId, Digest>, ArtifactPublished> published_;
  std::map<CommandId, ArtifactId> installs_;
  std::set<std::pair<AnyId, ArtifactId>> found_verified_;  // by command
};

}  // namespace

std::vector<AuditProblem> audit_verdicts(const EventStore& log, std::span<const PublicKey> trusted,
                                         const Verifier& verifier) {
  Audit audit(trusted, verifier);
  for_each_event(log, [&](std::uint64_t, const Event& event) { audit.learn(event); });
  for_each_event(log, [&](std::uint64_t position, const Event& event) { audit.check(position, event); });
  return std::move(audit.problems);
}

}  // namespace ibcf
