#include <algorithm>

#include "controlplane/master.hpp"
#include "controlplane/planted.hpp"
#include "controlplane/spread.hpp"
#include "model/check.hpp"

/// Commands and rollouts (protocols page, "Commands", "Rollouts").
namespace ibcf {
namespace {

constexpr Duration look_again = std::chrono::minutes{1};

bool is_open(CommandState state) {
  return state == CommandState::queued || state == CommandState::held || state == CommandState::sent;
}

}  // namespace

Command Master::make_command(const CommandOrder& order, std::uint64_t epoch, Instant now) {
  const auto id = derive_id<CommandTag>("command", 0, text_of(identity_.id), ++commands_made_);
  const Command command{.id = id,
                        .node_id = order.node,
                        .kind = order.kind,
                        .delivery = DeliverySemantics::at_least_once,
                        .scope = order.scope,
                        .epoch = epoch,
                        .issued_by = identity_.id,
                        .issued_ts = now,
                        .execute_before = now + order.valid_for,
                        .bundle_id = order.bundle_id,
                        .artifact_id = {},
                        .coalesce_key = {},
                        .break_glass = false,
                        .argument = order.argument};
  ++counters_.commands_issued;
  append_own(EventType::command_issued, any(order.node), encode(CommandIssued{command}), any(id),
             Priority::command_result, now);
  return command;
}

std::optional<CommandId> Master::issue(const CommandOrder& order, Instant now, Outbox& out) {
  const auto epoch = held_.epoch_for(order.scope, now);
  if (!epoch) return std::nullopt;
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
  if (node == record_by_id_.end()) return;
  const auto [entry, is_new] = commands_.try_emplace(
      command.id, CommandRecord{command, CommandState::queued, node->second, {}, false});
  if (!is_new) return;  // forwarded twice
  nodes_[node->second].open_commands.push_back(command.id);
  open_commands_.insert(command.id);
  dispatch(entry->second, now, out);
}

void Master::dispatch(CommandRecord& record, Instant now, Outbox& out) {
  if (now > record.command.execute_before) {
    move(record, CommandState::expired, "its last moment passed before it could be sent", now);
    return;
  }
  NodeRecord& node = nodes_[record.node];
  if (node.is_barred() && !is_planted(Defect::hold_nothing)) {
    hold(record, "the node is coming back", now);
    return;
  }
  if (!node.is_in_contact() && !node.is_barred()) return;  // stays queued
  if (record.state == CommandState::sent && now - record.sent < settings_->command_retry) return;
  record.sent = now;
  to_node(node, std::make_shared<const CommandDelivery>(CommandDelivery{record.command}), out);
  if (record.state != CommandState::sent) move(record, CommandState::sent, "", now);
}

void Master::dispatch_open(NodeRecord& node, Instant now, Outbox& out) {
  const std::vector<CommandId> open = node.open_commands;  // dispatch may end one
  for (const CommandId id : open) dispatch(commands_.at(id), now, out);
}

void Master::hold(CommandRecord& record, std::string why, Instant now) {
  if (!is_open(record.state) || record.state == CommandState::held) return;
  if (!record.was_held) ++counters_.commands_held;
  record.was_held = true;
  move(record, CommandState::held, std::move(why), now);
}

void Master::move(CommandRecord& record, CommandState state, std::string reason, Instant now) {
  if (record.state == state) return;
  record.state = state;
  append_own(EventType::command_moved, any(record.command.node_id),
             encode(CommandMoved{record.command.id, state, std::move(reason)}), any(record.command.id),
             Priority::command_result, now);
  if (is_open(state)) return;
  std::erase(nodes_[record.node].open_commands, record.command.id);
  open_commands_.erase(record.command.id);
}

// EXPIRED is provisional: the node may have acted and not been heard yet.
void Master::expire_commands(Instant now) {
  const std::vector<CommandId> open(open_commands_.begin(), open_commands_.end());
  for (const CommandId id : open) {
    CommandRecord& record = commands_.at(id);
    if (now > record.command.execute_before)
      move(record, CommandState::expired, "no word before its last moment", now);
  }
}

// ---- rollouts ---------------------------------------------------------------------------------------------

void Master::order_rollout(const RolloutOrder& order, Instant now, Outbox& out) {
  append_own(EventType::bundle_published, any(order.bundle.id), encode(BundlePublished{order.bundle}), {},
             Priority::authority, now);
  for (const Peer& peer : peers_)
    if (peer.id != identity_.id)
      to_master_surely(peer.endpoint, any(order.bundle.id), std::make_shared<const RolloutOrder>(order), now,
                       out);
  begin_rollout(order, now);
}

void Master::begin_rollout(const RolloutOrder& order, Instant now) {
  const auto same = [&](const RolloutRecord& rollout) { return rollout.order.bundle.id == order.bundle.id; };
  if (std::any_of(rollouts_.begin(), rollouts_.end(), same)) return;  // ordered twice
  RolloutRecord rollout{.order = order, .targets = {}, .commands = {}, .wave = 0, .due = now, .last = {}};
  for (std::uint32_t i = 0; i < nodes_.size(); ++i)
    if (order.scopes.empty() || std::find(order.scopes.begin(), order.scopes.end(),
                                          nodes_[i].enrolment.facts.domain_id) != order.scopes.end())
      rollout.targets.push_back(i);
  if (rollout.targets.empty()) return;
  // Waves cut across places and kinds of nodes: the order is by the entropy of ids, not by enrolment.
  std::sort(rollout.targets.begin(), rollout.targets.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto key = [&](std::uint32_t i) {
      return std::pair{spread_over(std::chrono::hours{1}, nodes_[i].enrolment.id, 7), nodes_[i].enrolment.id};
    };
    return key(a) < key(b);
  });
  rollout.commands.resize(rollout.targets.size());
  append_own(EventType::rollout_started, any(order.bundle.id),
             encode(RolloutStarted{order.bundle.id, nodes_[rollout.targets[0]].enrolment.facts.domain_id,
                                   static_cast<std::uint32_t>(rollout.targets.size()),
                                   static_cast<std::uint32_t>(order.waves.size())}),
             {}, Priority::authority, now);
  rollouts_.push_back(std::move(rollout));
}

// Orders the bundle for every node of the waves begun that does not run it yet, counts, and begins the next
// wave when enough of the reached nodes run it. An unreached node is waited for, never counted as failed, and
// never blocks a wave (L-6).
void Master::advance_rollout(RolloutRecord& rollout, Instant now, Outbox& out) {
  const RolloutOrder& order = rollout.order;
  const auto size = rollout.targets.size();
  const bool last_wave = rollout.wave + 1 >= order.waves.size();
  const auto begun =
      last_wave ? size : static_cast<std::size_t>(order.waves[rollout.wave] * static_cast<double>(size));
  RolloutAdvanced count{.bundle_id = order.bundle.id,
                        .scope = nodes_[rollout.targets[0]].enrolment.facts.domain_id,
                        .wave = static_cast<std::uint32_t>(rollout.wave + 1),
                        .applied = 0,
                        .failed = 0,
                        .unreached = 0,
                        .waiting = 0};
  std::size_t reached = 0;
  std::size_t applied_in_wave = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const NodeRecord& node = nodes_[rollout.targets[i]];
    const auto command = commands_.find(rollout.commands[i]);
    const bool applied = node.bundle == order.bundle.id;
    const bool failed = command != commands_.end() && command->second.state == CommandState::failed;
    const bool contact = node.is_in_contact();
    count.applied += applied;
    count.failed += !applied && failed;
    count.unreached += !applied && !failed && !contact;
    count.waiting += !applied && !failed && contact;
    if (i >= begun) continue;
    reached += contact || applied;
    applied_in_wave += applied;
    const bool pending = command != commands_.end() && is_open(command->second.state);
    if (applied || failed || pending) continue;
    if (const auto id = issue({.node = node.enrolment.id,
                               .home = {Role::master, identity_.index},
                               .scope = node.enrolment.facts.domain_id,
                               .kind = CommandKind::assign_bundle,
                               .valid_for = std::chrono::hours{24},
                               .bundle_id = order.bundle.id,
                               .argument = order.bundle.version},
                              now, out))
      rollout.commands[i] = *id;
  }
  if (!(count == rollout.last)) {
    append_own(EventType::rollout_advanced, any(order.bundle.id), encode(count), {}, Priority::authority,
               now);
    rollout.last = count;
  }
  const bool enough =
      static_cast<double>(applied_in_wave) >= order.threshold * static_cast<double>(reached) &&
      applied_in_wave > 0;
  if (!last_wave && enough) {
    ++rollout.wave;
    rollout.due = now + order.wave_every;
  } else {
    rollout.due = count.applied + count.failed == size ? never : now + look_again;
  }
}

}  // namespace ibcf
