#include <algorithm>
#include <utility>

#include "controlplane/rollout_book.hpp"

/// Rollouts that get new targets: from the books of masters that are gone, or because they are ordered again.
namespace ibcf {

bool RolloutBook::has_answered(BundleId id, NodeId node) const {
  const Record* record = find_record(id);
  if (record == nullptr) return false;
  const auto place = record->place.find(node);
  if (place == record->place.end()) return false;
  const Standing standing = record->targets[place->second].standing;
  return standing == Standing::applied || standing == Standing::failed;
}

void RolloutBook::take_over(const std::vector<const RolloutBook*>& former, const std::set<NodeId>& nodes,
                            Instant now, Todo& todo) {
  for (const RolloutBook* book : former)
    for (const Record& theirs : book->records_) {
      const BundleId id = theirs.rollout.bundle_id;
      const Shared<PolicyBundle> bundle = book->bundle(id);
      const bool is_replaced = std::any_of(bundles_.begin(), bundles_.end(), [&](const auto& known) {
        return known.second->name == bundle->name && known.second->release > bundle->release;
      });
      const bool is_open =
          theirs.rollout.state == RolloutState::advancing || theirs.rollout.state == RolloutState::paused;
      if (!is_open || is_replaced) continue;
      std::vector<NodeId> left;
      for (const Target& target : theirs.targets) {
        const bool has_answered = std::any_of(former.begin(), former.end(), [&](const RolloutBook* other) {
          return other->has_answered(id, target.node);
        });
        if (nodes.contains(target.node) && !has_answered) left.push_back(target.node);
      }
      if (!left.empty()) take_over(theirs, *bundle, std::move(left), now, todo);
    }
}

void RolloutBook::take_over(const Record& theirs, const PolicyBundle& bundle, std::vector<NodeId> left,
                            Instant now, Todo& todo) {
  publish(bundle, todo);
  if (Record* ours = find_record(bundle.id)) return extend(*ours, std::move(left), todo);
  RolloutStarted started = as_started(theirs);
  started.nodes = std::move(left);
  started.targets = static_cast<std::uint32_t>(started.nodes.size());
  todo.events.push_back(
      {EventType::rollout_started, any(bundle.id), encode(started), {}, Priority::authority});
  insert(started, now);
  if (theirs.rollout.state == RolloutState::paused)
    move(records_.back(), RolloutState::paused, theirs.rollout.reason, todo);
}

RolloutStarted RolloutBook::as_started(const Record& record) {
  RolloutStarted started{record.rollout.bundle_id, record.rollout.scope,
                         record.rollout.targets,   static_cast<std::uint32_t>(record.rollout.waves.size()),
                         record.rollout.waves,     record.wave_every,
                         record.rollout.threshold, {}};
  for (const Target& target : record.targets) started.nodes.push_back(target.node);
  return started;
}

// A rollout that is at rest stays so with its new targets, and one that was done goes on.
void RolloutBook::extend(Record& record, std::vector<NodeId> nodes, Todo& todo) {
  RolloutStarted more;
  more.nodes = std::move(nodes);
  join(record, more);
  todo.events.push_back({EventType::rollout_started,
                         any(record.rollout.bundle_id),
                         encode(as_started(record)),
                         {},
                         Priority::authority});
  if (record.rollout.state == RolloutState::done) {
    record.forgiven = record.rollout.failed;
    move(record, RolloutState::advancing, "nodes were added", todo);
  } else if (record.rollout.state != RolloutState::advancing) {
    move(record, record.rollout.state, record.rollout.reason, todo);
  }
}

}  // namespace ibcf
