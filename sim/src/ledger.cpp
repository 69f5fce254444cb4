#include "ledger.hpp"

#include "model/check.hpp"

namespace ibcf::sim {

Ledger::Ledger(std::size_t nodes, std::size_t masters) : nodes_(nodes), taken_(masters) {
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

bool Ledger::stored(std::uint32_t master, const Stored& stored, const Event& event) {
  bool is_new = false;
  if (const auto node = node_of_.find(event.origin); node != node_of_.end()) {
    is_new = take(nodes_[node->second], master, node->second, stored, event) > 0;
  } else {
    std::uint64_t& head = head_of_master_[event.origin];
    is_new = event.seq > head;
    if (is_new) head = event.seq;
  }
  if (!is_new) return false;
  ++distinct_;
  event_hash_ = chain(event_hash_, stored.packed);
  if (event.type == EventType::command_issued)
    if (const auto issue = payload_of<CommandIssued>(event))
      issued_[issue->command.id] = {issue->command.epoch, issue->command.issued_by, issue->command.issued_ts};
  return true;
}

// Marks what the event covers, one seq or a gap's range; how many of them no store had before.
std::uint64_t Ledger::take(Truth& truth, std::uint32_t master, std::uint32_t node, const Stored& stored,
                           const Event& event) {
  std::uint64_t first = event.seq;
  if (event.type == EventType::stream_gap) {
    if (const auto gap = payload_of<StreamGap>(event)) first = gap->first;
  } else if (event.seq > truth.written.size() || digest_of(stored.packed) != truth.written[event.seq - 1]) {
    ++truth.forged;
    return 1;
  }
  std::vector<bool>& taken = taken_[master][node];
  if (taken.size() < event.seq) taken.resize(event.seq, false);
  if (event.type != EventType::stream_gap && taken[event.seq - 1]) ++truth.stored_twice;
  std::uint64_t fresh = 0;
  for (std::uint64_t seq = first; seq <= event.seq; ++seq) {
    taken[seq - 1] = true;
    fresh += truth.stored[seq - 1] ? 0 : 1;
    truth.stored[seq - 1] = true;
  }
  return fresh;
}

void Ledger::executed(std::uint32_t node, const Executed& executed, Instant now) {
  const auto issue = issued_.find(executed.command);
  check(issue != issued_.end(), "a command is in a log before a node hears of it");
  // The node's own count per command: a command is for one node.
  const bool again = carried_out_[executed.command]++ > 0;
  executions_.push_back({node, executed.command, issue->second.epoch, executed.max_epoch_seen,
                         issue->second.by, issue->second.at, now, executed.mode, again});
}

std::uint64_t Ledger::missing(std::uint32_t node, std::uint64_t mark) const {
  const Truth& truth = nodes_[node];
  std::uint64_t missing = mark > truth.stored.size() ? mark - truth.stored.size() : 0;
  for (std::uint64_t seq = 1; seq <= mark && seq <= truth.stored.size(); ++seq)
    missing += truth.stored[seq - 1] ? 0 : 1;
  return missing;
}

}  // namespace ibcf::sim
