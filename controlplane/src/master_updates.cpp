#include "controlplane/master.hpp"
#include "model/payloads.hpp"

/// A node that installs is UPDATING until it says how that ended (S15 to S17, A35, A42).
namespace ibcf {
namespace {

/// A node that went down so often amid one installation will not get it done.
constexpr std::uint32_t most_attempts = 3;

bool was_begun(CommandState state) {
  return state == CommandState::applied || state == CommandState::failed ||
         state == CommandState::indeterminate;
}

}  // namespace

// The node has begun, or has said by its result that it had.
void Master::see_update(NodeRecord& node, CommandId id, Instant now) {
  const CommandRecord* record = commands_.find(id);
  if (record == nullptr || record->command.kind != CommandKind::install_artifact) return;
  const auto present = updating_.find(node.enrolment.id);
  if (node.lock || (present != updating_.end() && !present->second.failed)) return;
  const auto artifact = artifacts_.find(record->command.artifact_id);
  const std::string what =
      artifact ? artifact->artifact.name + " " + artifact->artifact.version : "an artifact";
  if (believe(node, EventType::update_started, "installs " + what, now, VerdictKind::clean, any(id)))
    updating_[node.enrolment.id] = {.command = id, .attempts = 1, .failed = {}};
}

void Master::end_update(NodeRecord& node, const CommandResult& result, Instant now) {
  const CommandRecord* record = commands_.find(result.command_id);
  if (record == nullptr || record->command.kind != CommandKind::install_artifact || !was_begun(result.state))
    return;
  see_update(node, result.command_id, now);
  const auto found = updating_.find(node.enrolment.id);
  if (found == updating_.end() || found->second.command != result.command_id || found->second.failed) return;
  if (result.state == CommandState::applied) {
    updating_.erase(found);
    believe(node, EventType::update_completed, "it is installed", now);
  } else {
    fail_update(node, result.detail.empty() ? std::string(word_of(result.state)) : result.detail, now);
  }
}

// What was there before runs on, so that the node is well again once it has shown so for long enough.
void Master::fail_update(NodeRecord& node, std::string reason, Instant now) {
  updating_.at(node.enrolment.id).failed = now;
  believe(node, EventType::update_failed, std::move(reason), now);
}

// A node that comes up again goes on with what it had begun, a bounded number of times (A42).
void Master::resume_update(NodeRecord& node, Instant now) {
  const auto found = updating_.find(node.enrolment.id);
  if (found == updating_.end() || found->second.failed) return;
  if (++found->second.attempts > most_attempts)
    fail_update(node, "rebooted " + std::to_string(most_attempts) + " times amid it", now);
  else
    believe(node, EventType::update_resumed, "rebooted amid it", now);
}

// As the step in the log says, whoever takes it up after a restart.
void Master::recall_update(const NodeRecord& node, const Event& event) {
  const NodeId id = node.enrolment.id;
  if (event.type == EventType::update_started)
    updating_[id] = {.command = id_cast<CommandTag>(event.cause), .attempts = 1, .failed = {}};
  else if (event.type == EventType::update_completed || event.type == EventType::update_untrusted ||
           event.type == EventType::health_changed)
    updating_.erase(id);
  const auto found = updating_.find(id);
  if (found == updating_.end()) return;
  if (event.type == EventType::update_resumed) ++found->second.attempts;
  if (event.type == EventType::update_failed) found->second.failed = event.occurred;
}

void Master::tend_updates(Instant now) {
  for (auto next = updating_.begin(); next != updating_.end();) {
    const auto [id, update] = *next++;  // what ends is taken off the list
    NodeRecord& node = *find_record(id);
    if (!update.failed) {
      // Its master may have died between the node's word and what follows from it.
      const CommandRecord* record = commands_.find(update.command);
      if (record != nullptr &&
          (record->state == CommandState::applied || record->state == CommandState::applied_late)) {
        updating_.erase(id);
        believe(node, EventType::update_completed, "it is installed", now);
      } else if (commands_.is_final(update.command) != false) {
        fail_update(node, "its command ended without a word that it was done", now);
      }
      continue;
    }
    const bool is_stable = now - *update.failed >= settings_->health.stable_ok && node.is_in_contact() &&
                           node.newest.health == Health::ok;
    if (is_stable && parked_.of(id).empty()) {
      believe(node, EventType::health_changed, "as well as before the update that failed", now);
      updating_.erase(id);
    } else if (node.state.phase != Phase::degraded) {
      updating_.erase(id);
    }
  }
}

}  // namespace ibcf
