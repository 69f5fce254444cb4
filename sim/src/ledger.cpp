#include "sim/ledger.hpp"

#include "model/check.hpp"

namespace ibcf::sim {

Ledger::Ledger(std::size_t nodes, std::size_t masters) : nodes_(nodes), taken_(masters), own_taken_(masters) {
  for (auto& of_master : taken_) of_master.resize(nodes);
}

void Ledger::add_node(std::uint32_t node, AnyId id) {
  node_of_[id] = node;
}

void Ledger::wrote(std::uint32_t node, const Written& written) {
  Truth& truth = nodes_[node];
  check(written.seq == truth.written.size() + 1, "an agent numbers its events from 1 without a gap");
  truth.written.push_back(written.value);
  truth.stored.push_back(false);
}

Ledger::Taken Ledger::stored(std::uint32_t master, const Stored& stored, const Event& event) {
  const auto node = node_of_.find(event.origin);
  const Taken taken = node != node_of_.end() ? take(nodes_[node->second], master, node->second, stored, event)
                                             : take_own(master, event);
  if (taken == Taken::copy || taken == Taken::again) return taken;
  ++distinct_;
  event_hash_ = chain(event_hash_, stored.packed);
  if (event.type == EventType::command_issued)
    if (const auto issue = payload_of<CommandIssued>(event)) {
      const Command& command = issue->command;
      issued_[command.id] = {command.epoch, command.issued_by, command.issued_ts, command.execute_before};
    }
  return taken;
}

// An event of a master, in its own log or in a copy.
Ledger::Taken Ledger::take_own(std::uint32_t master, const Event& event) {
  std::uint64_t& here = own_taken_[master][event.origin];
  if (event.seq <= here) return Taken::again;
  if (event.seq > here + 1) return Taken::gap;
  here = event.seq;
  std::uint64_t& anywhere = head_of_master_[event.origin];
  if (event.seq <= anywhere) return Taken::copy;
  anywhere = event.seq;
  return Taken::first;
}

// A gap stands for what was dropped, so it is known by where its chain goes on.
bool Ledger::is_genuine(const Truth& truth, const Stored& stored, const Event& event) {
  if (event.seq == 0 || event.seq > truth.written.size()) return false;
  if (event.type != EventType::stream_gap) return digest_of(stored.packed) == truth.written[event.seq - 1];
  const auto gap = payload_of<StreamGap>(event);
  return gap && gap->first > 0 && gap->first <= gap->last && gap->last == event.seq &&
         gap->last_value == truth.written[event.seq - 1];
}

// Marks what the event covers, one seq or a gap's range.
Ledger::Taken Ledger::take(Truth& truth, std::uint32_t master, std::uint32_t node, const Stored& stored,
                           const Event& event) {
  if (!is_genuine(truth, stored, event)) {
    ++truth.forged;
    return Taken::forged;
  }
  std::vector<bool>& taken = taken_[master][node];
  if (event.seq <= taken.size()) {
    ++truth.stored_twice;
    return Taken::again;
  }
  std::uint64_t first = event.seq;
  if (event.type == EventType::stream_gap) first = payload_of<StreamGap>(event)->first;
  const bool fits = first <= taken.size() + 1;
  taken.resize(event.seq, false);
  bool is_new = false;
  for (std::uint64_t seq = first; seq <= event.seq; ++seq) {
    taken[seq - 1] = true;
    is_new = is_new || !truth.stored[seq - 1];
    truth.stored[seq - 1] = true;
  }
  return !fits ? Taken::gap : is_new ? Taken::first : Taken::copy;
}

const Ledger::Execution& Ledger::executed(std::uint32_t node, const Executed& executed, Instant now) {
  const auto issue = issued_.find(executed.command);
  const Issue by = issue == issued_.end() ? Issue{executed.epoch, {}, {}, never} : issue->second;
  // The node's own count per command: a command is for one node.
  const bool again = carried_out_[executed.command]++ > 0;
  return executions_.emplace_back(Execution{node, executed.command, by.epoch, executed.max_epoch_seen, by.by,
                                            by.at, by.execute_before, now, executed.mode, again});
}

std::uint64_t Ledger::first_missing(Truth& truth, std::uint64_t mark) {
  for (std::uint64_t seq = truth.acknowledged + 1; seq <= mark; ++seq) {
    if (seq > truth.stored.size() || !truth.stored[seq - 1]) return seq;
    truth.acknowledged = seq;
  }
  return 0;
}

std::uint64_t Ledger::missing(std::uint32_t node, std::uint64_t mark) const {
  const Truth& truth = nodes_[node];
  std::uint64_t missing = mark > truth.stored.size() ? mark - truth.stored.size() : 0;
  for (std::uint64_t seq = 1; seq <= mark && seq <= truth.stored.size(); ++seq)
    missing += truth.stored[seq - 1] ? 0 : 1;
  return missing;
}

}  // namespace ibcf::sim
