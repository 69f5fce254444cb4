#include "controlplane/command_book.hpp"

#include <algorithm>

#include "controlplane/planted.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

constexpr std::uint32_t doublings = 4;

bool is_provisional(CommandState state) {
  return state == CommandState::expired || state == CommandState::superseded ||
         state == CommandState::cancelled || state == CommandState::indeterminate;
}

}  // namespace

bool is_final(const CommandRecord& record, Instant heard_until) {
  if (is_open(record.state)) return false;
  if (!is_provisional(record.state) || record.is_settled) return true;
  return heard_until > record.command.execute_before;
}

// ---- what the master tells it -----------------------------------------------------------------------------

bool CommandBook::accept(const Command& command, Instant now, Todo& todo) {
  if (records_.contains(command.id) || now > command.execute_before + settings_.keep) return false;
  insert(command);
  supersede(command, todo);
  return true;
}

void CommandBook::insert(const Command& command) {
  CommandRecord& record = records_[command.id];
  record.command = command;
  open_[command.node_id].push_back(command.id);
  open_by_end_.emplace(command.execute_before, command.id);
  ++counters_.entered[static_cast<std::size_t>(CommandState::queued)];
}

void CommandBook::supersede(const Command& command, Todo& todo) {
  if (command.coalesce_key.empty()) return;
  const std::vector<CommandId> open = open_of(command.node_id);  // a move takes from it
  for (const CommandId id : open) {
    CommandRecord& other = records_.at(id);
    if (id == command.id || other.command.coalesce_key != command.coalesce_key) continue;
    CommandRecord& older = is_older(other.command, command) ? other : records_.at(command.id);
    if (is_revocable(older.state))
      move(older, CommandState::superseded, CommandWord::master, "a newer command has its key",
           command.issued_ts, todo);
  }
}

// A bundle is small and what it needs is large: it would overtake an installation that is lost or slow, and
// be rejected for want of it. So it goes out once the node has said that it has the installation on its desk.
void CommandBook::offer(NodeId node, CommandReach reach, Instant now, Todo& todo) {
  const std::vector<CommandId> open = open_of(node);
  bool installs = false;
  for (const CommandId id : open) {
    CommandRecord& record = records_.at(id);
    const CommandKind kind = record.command.kind;
    const bool waits = kind == CommandKind::assign_bundle && installs && !reach.barred;
    if (!waits || now > record.command.execute_before) offer(record, reach, now, todo);
    installs = installs || (kind == CommandKind::install_artifact && record.state <= CommandState::sent);
  }
}

void CommandBook::offer(CommandRecord& record, CommandReach reach, Instant now, Todo& todo) {
  const Command& command = record.command;
  const bool once = command.delivery == DeliverySemantics::at_most_once;
  if (now > command.execute_before) {
    move(record, CommandState::expired, CommandWord::master, "its last moment passed", now, todo);
    return;
  }
  const bool is_to_go = record.state == CommandState::queued || record.state == CommandState::held;
  const bool is_on_its_way = record.state == CommandState::sent;
  if (reach.barred && !passes_bar(command) && !is_planted(Defect::hold_nothing)) {
    if (record.state == CommandState::queued || (is_on_its_way && !once))
      move(record, CommandState::held, CommandWord::master, "its node is coming back or quarantined", now,
           todo);
    return;
  }
  if (!reach.in_contact && !(reach.barred && reach.is_heard)) return;
  if (is_to_go) {
    move(record, CommandState::sent, CommandWord::master, "", now, todo);
  } else if (is_on_its_way && !once) {
    const auto wait = settings_.retry * (1u << std::min(record.tries > 0 ? record.tries - 1 : 0, doublings));
    if (now - record.sent < wait) return;
    ++counters_.resent;
  } else {
    return;
  }
  record.sent = now;
  ++record.tries;
  todo.deliver.push_back(command.id);
}

void CommandBook::refused_for_now(NodeId node, CommandId id, Todo& todo) {
  CommandRecord* record = find_of(node, id);
  if (record == nullptr || record->state != CommandState::sent) return;  // an old word
  record->tries = 0;
  move(*record, CommandState::held, CommandWord::progress, "its node did not take it", record->sent, todo);
}

void CommandBook::progressed(NodeId node, CommandId id, CommandState state, Todo& todo) {
  CommandRecord* record = find_of(node, id);
  // Words overtake each other: what does not lead on says nothing new.
  if (record == nullptr || find_move(record->state, state, CommandWord::progress) == nullptr ||
      state == CommandState::held)
    return;
  move(*record, state, CommandWord::progress, "the node's own word", record->sent, todo);
}

// What the node's word makes of a command: a new state, or nothing where it stays as it is.
std::optional<CommandState> CommandBook::judge(const CommandRecord& record, CommandState said) const {
  if (is_open(record.state)) return said;
  if (said == CommandState::applied) return CommandState::applied_late;
  if (said == CommandState::failed) return CommandState::failed_late;
  if (said == CommandState::indeterminate) return said;
  return std::nullopt;  // it had no effect there, so the end that was assumed stands
}

void CommandBook::answered(NodeId node, const CommandResult& result, Todo& todo) {
  CommandRecord* record = find_of(node, result.command_id);
  if (record == nullptr) return;
  if (ibcf::is_final(*record, heard_until(node))) {
    counters_.unlawful += result.state != record->state ? 1 : 0;
    return;
  }
  const auto to = judge(*record, result.state);
  if (!to) {
    settle(*record);
    return;
  }
  if (*to == record->state) return;
  if (find_move(record->state, *to, CommandWord::result) == nullptr) {
    ++counters_.unlawful;
    return;
  }
  move(*record, *to, CommandWord::result, "the node's own word", record->sent, todo);
}

void CommandBook::heard(NodeId node, Instant until) {
  Instant& known = heard_[node];
  known = std::max(known, until);
}

std::optional<CommandBook::Cancel> CommandBook::cancel(CommandId id, Todo& todo) {
  const auto found = records_.find(id);
  if (found == records_.end() || !is_revocable(found->second.state)) return std::nullopt;
  move(found->second, CommandState::cancelled, CommandWord::master, "an operator's order", {}, todo);
  return found->second.was_sent ? Cancel::tell_node : Cancel::done;
}

void CommandBook::end_terms_before(DomainId scope, std::uint64_t epoch, Todo& todo) {
  for (auto& [id, record] : records_)
    if (record.command.scope == scope && record.command.epoch < epoch &&
        (record.state == CommandState::queued || record.state == CommandState::held))
      move(record, CommandState::cancelled, CommandWord::master, "its term is over", {}, todo);
}

void CommandBook::expire(Instant now, Todo& todo) {
  while (!open_by_end_.empty() && open_by_end_.begin()->first < now)
    move(records_.at(open_by_end_.begin()->second), CommandState::expired, CommandWord::master,
         "no word before its last moment", now, todo);
  forget(now);
}

// What is final cannot change, and accept() takes nothing so old: nothing can come back that this would have
// to remember.
void CommandBook::forget(Instant now) {
  for (auto at = ended_by_end_.begin(); at != ended_by_end_.end() && at->first + settings_.keep < now;) {
    const auto found = records_.find(at->second);
    CommandRecord& record = found->second;
    if (!ibcf::is_final(record, heard_until(record.command.node_id))) {
      ++at;
      continue;
    }
    settle(record);
    records_.erase(found);
    at = ended_by_end_.erase(at);
  }
}

// ---- moving -----------------------------------------------------------------------------------------------

void CommandBook::move(CommandRecord& record, CommandState to, CommandWord by, std::string reason,
                       Instant now, Todo& todo) {
  check(find_move(record.state, to, by) != nullptr, "a command moves only along its table");
  evolve(record, to, by, now);
  todo.events.push_back({.type = EventType::command_moved,
                         .subject = any(record.command.node_id),
                         .payload = encode(CommandMoved{record.command.id, to, std::move(reason)}),
                         .cause = any(record.command.id),
                         .priority = Priority::command_result});
}

void CommandBook::evolve(CommandRecord& record, CommandState to, CommandWord by, Instant now) {
  const bool was_open = is_open(record.state);
  ++counters_.entered[static_cast<std::size_t>(to)];
  record.state = to;
  if (to == CommandState::sent) record.sent = now;
  if (to == CommandState::sent || by != CommandWord::master) record.was_sent = true;
  if (to == CommandState::held) {
    counters_.held += record.was_held ? 0 : 1;
    record.was_held = true;
  }
  if (is_open(to)) return;
  const Command& command = record.command;
  if (was_open) {
    const auto of_node = open_.find(command.node_id);
    std::erase(of_node->second, command.id);
    if (of_node->second.empty()) open_.erase(of_node);
    open_by_end_.erase({command.execute_before, command.id});
    ended_by_end_.emplace(command.execute_before, command.id);
    ++awaited_[command.node_id];
  }
  const bool is_over = by == CommandWord::result && to != CommandState::indeterminate;
  if (is_over || !record.was_sent || (to == CommandState::expired && is_planted(Defect::expired_is_final)))
    settle(record);
}

void CommandBook::settle(CommandRecord& record) {
  if (record.is_settled) return;
  record.is_settled = true;
  const auto awaited = awaited_.find(record.command.node_id);
  if (--awaited->second == 0) awaited_.erase(awaited);
}

// ---- the fold ---------------------------------------------------------------------------------------------

void CommandBook::apply(const Event& event) {
  if (event.type == EventType::command_issued) {
    const auto issued = payload_of<CommandIssued>(event);
    if (issued && !records_.contains(issued->command.id)) insert(issued->command);
    return;
  }
  Todo told;  // what follows from an event is in the log behind it
  if (event.type == EventType::command_result) {
    if (const auto result = payload_of<CommandResult>(event))
      answered(id_cast<NodeTag>(event.origin), *result, told);
  } else if (event.type == EventType::command_intent) {
    if (const auto intent = payload_of<CommandIntent>(event))
      progressed(id_cast<NodeTag>(event.origin), intent->command_id, CommandState::executing, told);
  } else if (event.type == EventType::command_moved) {
    const auto moved = payload_of<CommandMoved>(event);
    const auto found = moved ? records_.find(moved->command_id) : records_.end();
    if (found == records_.end() || found->second.state == moved->state) return;
    for (const CommandWord by : {CommandWord::master, CommandWord::progress, CommandWord::result})
      if (find_move(found->second.state, moved->state, by) != nullptr)
        return evolve(found->second, moved->state, by, event.occurred);
    ++counters_.unlawful;
  }
}

void CommandBook::may_have_been_sent(NodeId node) {
  for (const CommandId id : open_of(node)) records_.at(id).was_sent = true;
}

void CommandBook::finish(Todo& todo) {
  for (const auto& [node, ids] : std::map(open_))  // a move takes from it
    for (const CommandId id : ids) {
      const Command& command = records_.at(id).command;
      supersede(command, todo);
      if (command.kind != CommandKind::cancel) continue;
      if (const auto target = parse_id<CommandTag>(command.argument)) cancel(*target, todo);
    }
}

// ---- what others may ask ----------------------------------------------------------------------------------

CommandRecord* CommandBook::find_of(NodeId node, CommandId id) {
  const auto found = records_.find(id);
  if (found == records_.end()) return nullptr;
  if (found->second.command.node_id == node) return &found->second;
  ++counters_.unlawful;  // a node speaks for itself alone
  return nullptr;
}

Instant CommandBook::heard_until(NodeId node) const {
  const auto found = heard_.find(node);
  return found == heard_.end() ? Instant::min() : found->second;
}

const CommandRecord* CommandBook::find(CommandId id) const {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : &found->second;
}

std::optional<bool> CommandBook::is_final(CommandId id) const {
  const CommandRecord* record = find(id);
  if (record == nullptr) return std::nullopt;
  return ibcf::is_final(*record, heard_until(record->command.node_id));
}

const std::vector<CommandId>& CommandBook::open_of(NodeId node) const {
  static const std::vector<CommandId> none;
  const auto found = open_.find(node);
  return found == open_.end() ? none : found->second;
}

std::uint32_t CommandBook::held_of(NodeId node) const {
  std::uint32_t held = 0;
  for (const CommandId id : open_of(node)) held += records_.at(id).state == CommandState::held ? 1 : 0;
  return held;
}

}  // namespace ibcf
