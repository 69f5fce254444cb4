#include <algorithm>
#include <utility>

#include "controlplane/master.hpp"
#include "controlplane/master_views.hpp"
#include "controlplane/planted.hpp"
#include "master_recalled.hpp"

/// What a master does that has built itself again from its log: it may have died between a word and what
/// follows from it.
namespace ibcf {

void Master::finish_steps(Instant now) {
  CommandBook::Todo todo;
  for (const auto& [id, state] : recalled_->told) {
    const CommandRecord* record = commands_.find(id);
    if (record == nullptr || record->state == state) continue;
    todo.events.push_back({EventType::command_moved, any(record->command.node_id),
                           encode(CommandMoved{id, record->state, "found after a restart"}), any(id),
                           Priority::command_result});
  }
  for (const auto& [scope, epoch] : epochs_) commands_.end_terms_before(scope, epoch, todo);
  commands_.finish(todo);
  append_proposed(todo.events, now);
  for (const auto& [id, result] : recalled_->remedies) on_remedy(*find_record(id), result, now);
}

// How long it was away says nothing about who fell silent meanwhile: silence counts from now on.
void Master::take_up(NodeRecord& node, Instant now) {
  finish_enrolment(node, now);
  if (is_planted(Defect::dedupe_forgotten))
    admission_.replace_life(any(node.enrolment.id), node.enrolment.incarnation);
  take_up_artifacts(node, now);
  node.open_commands = static_cast<std::uint32_t>(commands_.open_of(node.enrolment.id).size());
  if (!node.is_lost()) node.last_seen = now;
  node.stored_until = store_->size();  // whatever of it is not copied yet is no further back
  skip_past_contacts(node, now);
}

// What it showed to run was looked at, unless that is news, or was the last that happened.
void Master::take_up_artifacts(NodeRecord& node, Instant now) {
  const NodeId id = node.enrolment.id;
  const auto slot = views().roster().find(id);
  if (!slot) return;
  const auto& seen = views().drift().inputs().of(*slot).seen;
  if (!seen) return;
  const std::vector<ArtifactJudged> running = judge_running_on(id);
  // Whom a brake kept from quarantine is looked at again, too.
  // Where no brake holds it was judged, and may have been remedied since.
  const bool is_braked = node.state.phase != Phase::quarantined &&
                         brake_.holds(node.enrolment.facts.domain_id, "unverifiable artifact");
  const bool is_news = std::any_of(running.begin(), running.end(), [&](const ArtifactJudged& judged) {
    return artifacts_.is_news(judged) || (is_braked && judged.verdict != ArtifactVerdict::verified);
  });
  if (is_news || recalled_->judged_last == id)
    judge_installed(node, now);
  else
    judged_[id] = {seen->body, artifacts_.generation()};
}

// The peers are known now: what none of them may have heard is said again.
void Master::go_on(Instant now, Outbox& out) {
  for (const std::string& peer : recalled_->halted) replication_.halt(peer);
  for (const DomainId scope : chain_.scopes()) tell_term(*chain_.current(scope), now, out);
  for (const auto& [id, command] : recalled_->forwarded) {
    if (now >= command.execute_before) continue;
    for (const Peer& peer : peers_)
      if (peer.id != identity_.id &&
          std::find(peer.scopes.begin(), peer.scopes.end(), command.scope) != peer.scopes.end())
        to_master_surely(peer.endpoint, any(id),
                         std::make_shared<const CommandForward>(CommandForward{command}), now, out);
  }
  order_rollouts_again(now, out);
  recalled_.reset();
}

// To whom did not take it up before this master died; of bundles of one name the newest alone.
void Master::order_rollouts_again(Instant now, Outbox& out) {
  std::map<std::string, Shared<RolloutOrder>> newest;
  for (const RolloutOrdered& ordered : recalled_->rollouts) {
    const Shared<PolicyBundle> bundle = rollouts_.bundle(ordered.bundle_id);
    if (bundle == nullptr) continue;
    Shared<RolloutOrder>& known = newest[bundle->name];
    if (known == nullptr || known->bundle.release <= bundle->release)
      known = std::make_shared<const RolloutOrder>(
          RolloutOrder{*bundle, ordered.waves, ordered.wave_every, ordered.threshold, ordered.scopes});
  }
  for (const auto& [name, order] : newest)
    for (const Peer& peer : peers_)
      if (peer.id != identity_.id && !recalled_->begun.contains({order->bundle.id, any(peer.id)}))
        send_rollout(peer, order, now, out);
}

}  // namespace ibcf
