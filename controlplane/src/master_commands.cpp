#include <algorithm>

#include "controlplane/master.hpp"
#include "controlplane/master_views.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

/// Commands and rollouts, as a master lives them: the books decide, this does it (protocols page, "Commands",
/// "Rollouts").
namespace ibcf {
namespace {

/// A node runs one bundle, so a newer assignment supersedes an older one, whatever their names are.
constexpr std::string_view bundle_key = "bundle";
/// A node runs one release of a name.
constexpr std::string_view artifact_key = "artifact/";

CommandReach reach_of(const NodeRecord& node, const MasterSettings& settings, Instant now) {
  return {.in_contact = node.is_in_contact(),
          .barred = node.is_barred(),
          .is_heard = now - node.last_seen <= settings.heartbeat * settings.missed_heartbeats};
}

}  // namespace

Command Master::make_command(const CommandOrder& order, std::uint64_t epoch, Instant now) {
  // Of its event: it rises from one command to the next, and from one life of this master to the next.
  const std::uint64_t number = (std::uint64_t{identity_.incarnation} - 1) << 40 | (own_seq_ + 1);
  const auto id = derive_id<CommandTag>("command", 0, text_of(identity_.id), number);
  Command command{.id = id,
                  .node_id = order.node,
                  .kind = order.kind,
                  .delivery = order.delivery,
                  .scope = order.scope,
                  .epoch = epoch,
                  .issued_by = identity_.id,
                  .issued_ts = now,
                  .execute_before = now + order.valid_for,
                  .bundle_id = order.bundle_id,
                  .artifact_id = order.artifact_id,
                  .coalesce_key = order.coalesce_key,
                  .break_glass = order.break_glass || (held_.is_break_glass(order.scope) &&
                                                       order.kind != CommandKind::assign_bundle),
                  .argument = order.argument,
                  .number = number};
  ++counters_.commands_issued;
  append_proposed({{EventType::command_issued, any(order.node), encode(CommandIssued{command}), any(id),
                    Priority::command_result}},
                  now);
  return command;
}

// The door of the command API (seed 2A, "CommandAPI --> Normalizer").
std::optional<std::string> Master::objection_to_order(const CommandOrder& order,
                                                      std::optional<std::uint64_t> epoch, Instant now) {
  if (!epoch) return "the authority over its scope is not held here";
  if (order.valid_for > longest_validity) return "valid for longer than " + text_of(longest_validity);
  if (order.home == Endpoint{Role::master, identity_.index}) {
    const NodeRecord* node = find_record(order.node);
    if (node == nullptr) return "no node of that id is at home here";
    if (!node->state.phase || node->state.phase == Phase::retired) return "its node is retired";
  }
  if (order.kind == CommandKind::install_artifact && !may_install(order.node, order.artifact_id, now))
    return "its artifact is not verified";
  return std::nullopt;
}

// What is not taken leaves evidence, and not more than the door lets whoever floods it leave.
void Master::refuse(const CommandOrder& order, const std::string& objection, Instant now) {
  const std::string what = std::string(word_of(order.kind)) + " to " + text_of(order.node);
  const Bytes said(what.begin(), what.end());
  if (const auto evidence = rejections_.refuse(any(order.scope), "command", what, objection, said, now))
    append_own(EventType::input_rejected, any(order.scope), encode(*evidence), {}, Priority::trust, now);
}

std::optional<CommandId> Master::issue(const CommandOrder& order, Instant now, Outbox& out) {
  const auto epoch = held_.epoch_for(order.scope, now);
  if (const auto objection = objection_to_order(order, epoch, now)) {
    refuse(order, *objection, now);
    return std::nullopt;
  }
  const Command command = make_command(order, *epoch, now);
  if (order.home == Endpoint{Role::master, identity_.index}) {
    accept(command, now, out);
  } else {
    // Another master delivers and follows it; the log that is replicated to us tells how it ended.
    to_master_surely(order.home, any(command.id),
                     std::make_shared<const CommandForward>(CommandForward{command}), now, out);
  }
  return command.id;
}

// This master is home to the node: it delivers, whoever holds the authority.
void Master::accept(const Command& command, Instant now, Outbox& out) {
  const auto node = record_by_id_.find(command.node_id);
  if (node == record_by_id_.end() || commands_.find(command.id) != nullptr) return;  // or forwarded twice
  CommandBook::Todo todo;
  if (!commands_.accept(command, now, todo)) return;
  // The book has to be found in this master's own log.
  if (command.issued_by != identity_.id)
    append_proposed({{EventType::command_issued, any(command.node_id), encode(CommandIssued{command}),
                      any(command.id), Priority::command_result}},
                    now);
  if (command.kind == CommandKind::cancel)
    if (const auto target = parse_id<CommandTag>(command.argument)) commands_.cancel(*target, todo);
  commands_.offer(command.node_id, reach_of(nodes_[node->second], *settings_, now), now, todo);
  nodes_[node->second].open_commands = static_cast<std::uint32_t>(commands_.open_of(command.node_id).size());
  do_it(todo, now, out);
}

void Master::dispatch_open(NodeRecord& node, Instant now, Outbox& out) {
  if (node.open_commands == 0) return;
  CommandBook::Todo todo;
  commands_.offer(node.enrolment.id, reach_of(node, *settings_, now), now, todo);
  do_it(todo, now, out);
}

void Master::on_progress(NodeRecord& node, const CommandProgress& progress, Instant now, Outbox& out) {
  CommandBook::Todo todo;
  if (progress.state == CommandState::held && progress.nonce <= node.settled_nonce) return;  // an old word
  if (progress.state == CommandState::held)
    commands_.refused_for_now(node.enrolment.id, progress.command_id, todo);
  else
    commands_.progressed(node.enrolment.id, progress.command_id, progress.state, todo);
  do_it(todo, now, out);
  if (progress.state == CommandState::executing && commands_.is_final(progress.command_id) == false)
    see_update(node, progress.command_id, now);
}

void Master::tend_commands(Instant now, Outbox& out) {
  // A heartbeat whose head is stored says: all that was written before it is stored.
  for (const auto& [id, count] : commands_.awaited()) {
    const NodeRecord& node = nodes_[record_by_id_.at(id)];
    if (node.newest.written <= sum_of(node.stored->marks)) commands_.heard(id, node.newest.sent);
  }
  CommandBook::Todo todo;
  commands_.expire(now, todo);
  do_it(todo, now, out);
}

void Master::do_it(const CommandBook::Todo& todo, Instant now, Outbox& out) {
  append_proposed(todo.events, now);
  for (const Proposed& event : todo.events) {
    const NodeId id = id_cast<NodeTag>(event.subject);
    nodes_[record_by_id_.at(id)].open_commands = static_cast<std::uint32_t>(commands_.open_of(id).size());
  }
  for (const CommandId id : todo.deliver) {
    const Command& command = commands_.find(id)->command;
    const NodeRecord& node = nodes_[record_by_id_.at(command.node_id)];
    CommandDelivery delivery{.command = command, .bundle = nullptr, .artifact = nullptr};
    if (command.kind == CommandKind::assign_bundle) delivery.bundle = rollouts_.bundle(command.bundle_id);
    if (command.kind == CommandKind::install_artifact) {
      delivery.artifact = artifacts_.find(command.artifact_id);
      delivery.revocations = revocations_lacked_by(node);
    }
    to_node(node, std::make_shared<const CommandDelivery>(std::move(delivery)), out);
  }
}

// The rollouts' book follows commands by their events, as it will after a restart.
void Master::append_proposed(const std::vector<Proposed>& events, Instant now) {
  for (const Proposed& event : events) {
    append_own(event.type, event.subject, event.payload, event.cause, event.priority, now);
    if (event.type != EventType::command_issued && event.type != EventType::command_moved) continue;
    Event told;
    told.type = event.type;
    told.payload = event.payload;
    rollouts_.apply(told);
  }
}

// ---- rollouts ---------------------------------------------------------------------------------------------

void Master::order_rollout(const RolloutOrder& order, Instant now, Outbox& out) {
  if (auto problems = unpublished_in(order.bundle); !problems.empty()) {
    append_own(EventType::bundle_refused, any(order.bundle.id),
               encode(BundleRefused{order.bundle.id, std::move(problems)}), {}, Priority::authority, now);
    return;
  }
  if (begin_rollout(order, now, out) == RolloutBook::Begun::refused) return;
  const bool is_for_others =
      std::any_of(peers_.begin(), peers_.end(), [&](const Peer& peer) { return peer.id != identity_.id; });
  if (!is_for_others) return;
  append_own(
      EventType::rollout_ordered, any(order.bundle.id),
      encode(RolloutOrdered{order.bundle.id, order.waves, order.wave_every, order.threshold, order.scopes}),
      {}, Priority::authority, now);
  for (const Peer& peer : peers_)
    if (peer.id != identity_.id) send_rollout(peer, std::make_shared<const RolloutOrder>(order), now, out);
}

void Master::send_rollout(const Peer& peer, const Shared<RolloutOrder>& order, Instant now, Outbox& out) {
  to_master_surely(peer.endpoint, any(order->bundle.id), order, now, out);
}

RolloutBook::Begun Master::begin_rollout(const RolloutOrder& order, Instant now, Outbox& out) {
  std::vector<NodeId> targets;
  DomainId scope;
  for (const NodeRecord& node : nodes_) {
    const DomainId domain = node.enrolment.facts.domain_id;
    if (!order.scopes.empty() &&
        std::find(order.scopes.begin(), order.scopes.end(), domain) == order.scopes.end())
      continue;
    if (targets.empty()) scope = domain;
    targets.push_back(node.enrolment.id);
  }
  RolloutBook::Todo todo;
  const RolloutBook::Begun begun = rollouts_.begin(order, scope, std::move(targets), now, todo);
  do_it(todo, now, out);
  return begun;
}

void Master::tend_rollouts(Instant now, Outbox& out) {
  RolloutBook::Todo todo;
  rollouts_.advance([&](NodeId id) { return reach_of(nodes_[record_by_id_.at(id)], *settings_, now); }, now,
                    todo);
  do_it(todo, now, out);
}

void Master::do_it(const RolloutBook::Todo& todo, Instant now, Outbox& out) {
  append_proposed(todo.events, now);
  const Endpoint self{Role::master, identity_.index};
  for (const auto& [node, bundle] : todo.assign) assign(node, bundle, now, out);
  for (const CommandId id : todo.cancel) {
    const CommandRecord* record = commands_.find(id);
    if (record == nullptr) continue;
    const Command target = record->command;
    CommandBook::Todo ended;
    const auto how = commands_.cancel(id, ended);
    do_it(ended, now, out);
    if (how == CommandBook::Cancel::tell_node && now < target.execute_before)
      issue({.node = target.node_id,
             .home = self,
             .scope = target.scope,
             .kind = CommandKind::cancel,
             .valid_for = target.execute_before - now,
             .bundle_id = {},
             .artifact_id = {},
             .argument = text_of(id)},
            now, out);
  }
}

// What the bundle needs is installed first: the node takes no bundle whose artifacts it lacks. Of an artifact
// that is not known here yet, word is on its way; the rollout asks again.
void Master::assign(NodeId node, BundleId id, Instant now, Outbox& out) {
  const Shared<PolicyBundle> bundle = rollouts_.bundle(id);
  if (!unpublished_in(*bundle).empty()) return;
  CommandOrder order{.node = node,
                     .home = {Role::master, identity_.index},
                     .scope = nodes_[record_by_id_.at(node)].enrolment.facts.domain_id,
                     .kind = CommandKind::install_artifact,
                     .valid_for = std::chrono::hours{24}};
  const auto actual = bundle->artifacts.empty() ? std::nullopt : views().drift().actual_of(node);
  for (const ArtifactId artifact : bundle->artifacts) {
    const bool is_shown = actual && std::any_of(actual->installed.begin(), actual->installed.end(),
                                                [&](const auto& one) { return one.artifact_id == artifact; });
    if (is_shown) continue;
    const auto published = artifacts_.find(artifact);
    order.artifact_id = artifact;
    order.argument = published->artifact.name + " " + published->artifact.version;
    order.coalesce_key = std::string(artifact_key) + published->artifact.name;
    issue(order, now, out);  // where it may not be installed, the node will refuse the bundle, and say so
  }
  order.kind = CommandKind::assign_bundle;
  order.artifact_id = {};
  order.bundle_id = id;
  order.argument = bundle->version;
  order.coalesce_key = std::string(bundle_key);
  issue(order, now, out);
}

std::vector<std::string> Master::unpublished_in(const PolicyBundle& bundle) const {
  std::vector<std::string> problems;
  for (const ArtifactId id : bundle.artifacts)
    if (!artifacts_.find(id)) problems.push_back("artifacts: " + text_of(id) + " was never published");
  return problems;
}

void Master::pause_rollout(BundleId id, std::string reason, Instant now, Outbox& out) {
  RolloutBook::Todo todo;
  rollouts_.pause(id, std::move(reason), todo);
  do_it(todo, now, out);
}

void Master::resume_rollout(BundleId id, std::string reason, Instant now, Outbox& out) {
  RolloutBook::Todo todo;
  rollouts_.resume(id, std::move(reason), todo);
  do_it(todo, now, out);
}

void Master::halt_rollout(BundleId id, std::string reason, Instant now, Outbox& out) {
  RolloutBook::Todo todo;
  rollouts_.halt(id, std::move(reason), todo);
  do_it(todo, now, out);
}

}  // namespace ibcf
