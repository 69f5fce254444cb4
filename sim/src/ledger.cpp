#include "sim/ledger.hpp"

#include <algorithm>
#include <utility>

#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf::sim {

Ledger::Ledger(std::size_t nodes, std::size_t masters)
    : nodes_(nodes), taken_(masters), lost_(masters, false), own_taken_(masters) {
  for (auto& of_master : taken_) of_master.resize(nodes);
}

void Ledger::add_node(std::uint32_t node, AnyId id) {
  node_of_[id] = node;
}

std::optional<std::uint32_t> Ledger::node_of(AnyId id) const {
  const auto found = node_of_.find(id);
  return found == node_of_.end() ? std::nullopt : std::optional(found->second);
}

void Ledger::wrote(std::uint32_t node, const Written& written) {
  Stream& stream = nodes_[node].streams[index_of(written.stream)];
  check(written.seq == stream.written.size() + 1, "an agent numbers its events from 1 without a gap");
  stream.written.push_back(written.value);
  stream.stored.push_back(false);
}

Ledger::Taken Ledger::stored(std::uint32_t master, const Stored& stored, const Event& event) {
  const auto node = node_of_.find(event.origin);
  const Taken taken = node != node_of_.end() ? take(nodes_[node->second], master, node->second, stored, event)
                                             : take_parked(master, event, take_own(master, event));
  if (taken == Taken::copy || taken == Taken::again) return taken;
  ++distinct_;
  event_hash_ = chain(event_hash_, stored.packed);
  if (event.type == EventType::command_issued)
    if (const auto issue = payload_of<CommandIssued>(event)) {
      const Command& command = issue->command;
      issued_[command.id] = {command.epoch, command.issued_by, command.issued_ts, command.execute_before,
                             command.delivery};
    }
  return taken;
}

// An event of a master, in its own log or in a copy.
Ledger::Taken Ledger::take_own(std::uint32_t master, const Event& event) {
  const Life life{event.origin, event.incarnation};
  std::uint64_t& here = own_taken_[master][life];
  if (event.seq <= here) return Taken::again;
  if (event.seq > here + 1) return Taken::gap;
  here = event.seq;
  std::uint64_t& anywhere = head_of_master_[life];
  if (event.seq <= anywhere) return Taken::copy;
  anywhere = event.seq;
  return Taken::first;
}

// A master that parks an event of a node answers for it with the bytes; what was parked stands in the node's
// log where the event would.
Ledger::Taken Ledger::take_parked(std::uint32_t master, const Event& event, Taken taken) {
  if (event.type != EventType::range_parked && event.type != EventType::range_redriven) return taken;
  if (taken == Taken::again || taken == Taken::gap) return taken;
  const auto said = payload_of<RangeParked>(event);
  const auto node = node_of_.find(event.subject);
  if (!said || node == node_of_.end()) return Taken::misquoted;
  Truth& truth = nodes_[node->second];
  const std::vector<Digest>& written = truth.streams[index_of(said->stream)].written;
  const bool is_in_place = said->first > 0 && said->first == said->last && said->last <= written.size();
  if (!is_in_place || digest_of(said->packed) != written[said->last - 1]) return Taken::misquoted;
  if (event.type == EventType::range_redriven) return taken;
  cover(truth, master, node->second, said->stream, said->first, said->last);
  if (taken == Taken::first) ++parked_in_[said->session];
  return taken;
}

std::uint64_t Ledger::parked_in(std::uint64_t session) const {
  const auto found = session == 0 ? parked_in_.end() : parked_in_.find(session);
  return found == parked_in_.end() ? 0 : found->second;
}

// A gap stands for what was dropped, so it is known by where its chain goes on.
bool Ledger::is_genuine(const Stream& stream, const Stored& stored, const Event& event) {
  if (event.seq == 0 || event.seq > stream.written.size()) return false;
  if (event.type != EventType::stream_gap) return digest_of(stored.packed) == stream.written[event.seq - 1];
  const auto gap = payload_of<StreamGap>(event);
  return gap && gap->first > 0 && gap->first <= gap->last && gap->last == event.seq &&
         gap->last_value == stream.written[event.seq - 1];
}

// Notes what the event covers, one seq or a gap's range.
Ledger::Taken Ledger::take(Truth& truth, std::uint32_t master, std::uint32_t node, const Stored& stored,
                           const Event& event) {
  if (!is_genuine(truth.streams[index_of(event.stream)], stored, event)) {
    ++truth.forged;
    return Taken::forged;
  }
  const Held& held = taken_[master][node][index_of(event.stream)];
  if (event.seq <= held.has.size() && held.has[event.seq - 1]) {
    ++truth.stored_twice;
    return Taken::again;
  }
  std::uint64_t first = event.seq;
  if (event.type == EventType::stream_gap) first = payload_of<StreamGap>(event)->first;
  if (!cover(truth, master, node, event.stream, first, event.seq)) return Taken::copy;
  return held.holes > 0 ? Taken::ahead : Taken::first;
}

// This store has the range now; whether any of it is in a store for the first time.
bool Ledger::cover(Truth& truth, std::uint32_t master, std::uint32_t node, StreamClass kind,
                   std::uint64_t first, std::uint64_t last) {
  Stream& stream = truth.streams[index_of(kind)];
  Held& held = taken_[master][node][index_of(kind)];
  if (last > held.has.size()) {
    held.holes += last - held.has.size();
    held.has.resize(last, false);
  }
  bool is_new = false;
  for (std::uint64_t seq = first; seq <= last; ++seq) {
    held.holes -= held.has[seq - 1] ? 0 : 1;
    held.has[seq - 1] = true;
    is_new = is_new || !stream.stored[seq - 1];
    stream.stored[seq - 1] = true;
  }
  return is_new;
}

std::uint64_t Ledger::holes(std::uint32_t master, AnyId node) const {
  const auto found = node_of_.find(node);
  if (found == node_of_.end()) return 0;
  std::uint64_t holes = 0;
  for (const Held& held : taken_[master][found->second]) holes += held.holes;
  return holes;
}

const Ledger::Execution& Ledger::executed(std::uint32_t node, const Executed& executed, Instant now) {
  const auto issue = issued_.find(executed.command);
  const Issue by = issue == issued_.end()
                       ? Issue{executed.epoch, {}, {}, never, DeliverySemantics::at_least_once}
                       : issue->second;
  // The node's own count per command: a command is for one node.
  CarriedOut& carried_out = carried_out_[executed.command];
  const bool again = carried_out.times++ > 0;
  const bool redone =
      again && std::exchange(carried_out.amid, false) && by.delivery == DeliverySemantics::at_least_once;
  return executions_.emplace_back(Execution{node, executed.command, by.epoch, executed.max_epoch_seen, by.by,
                                            by.at, by.execute_before, now, executed.mode, again && !redone,
                                            redone, by.delivery});
}

void Ledger::went_down(std::uint32_t node, Duration takes, Instant now) {
  for (auto one = executions_.rbegin(); one != executions_.rend() && now - one->at <= takes; ++one)
    if (one->node == node && takes > Duration::zero()) carried_out_[one->command].amid = true;
}

void Ledger::lose_store(std::uint32_t master) {
  lost_[master] = true;
}

// In a store that is still there.
bool Ledger::is_kept(std::uint32_t node, StreamClass kind, std::uint64_t seq) const {
  const Stream& stream = nodes_[node].streams[index_of(kind)];
  if (seq > stream.stored.size() || !stream.stored[seq - 1]) return false;
  if (std::find(lost_.begin(), lost_.end(), true) == lost_.end()) return true;
  for (std::size_t master = 0; master < taken_.size(); ++master) {
    const std::vector<bool>& has = taken_[master][node][index_of(kind)].has;
    if (!lost_[master] && seq <= has.size() && has[seq - 1]) return true;
  }
  return false;
}

std::optional<Ledger::Place> Ledger::acknowledged(std::uint32_t node, const StreamSeqs& marks) {
  Truth& truth = nodes_[node];
  for (const StreamClass kind : all_streams) {
    Stream& stream = truth.streams[index_of(kind)];
    for (std::uint64_t seq = stream.acknowledged + 1; seq <= marks[index_of(kind)]; ++seq) {
      if (seq > stream.stored.size() || !stream.stored[seq - 1]) return Place{kind, seq};
      stream.acknowledged = seq;
    }
  }
  return std::nullopt;
}

std::uint64_t Ledger::missing(std::uint32_t node, const StreamSeqs& marks) const {
  std::uint64_t missing = 0;
  for (const StreamClass kind : all_streams) {
    const Stream& stream = nodes_[node].streams[index_of(kind)];
    const std::uint64_t mark = marks[index_of(kind)];
    missing += mark > stream.stored.size() ? mark - stream.stored.size() : 0;
    for (std::uint64_t seq = 1; seq <= mark && seq <= stream.stored.size(); ++seq)
      missing += is_kept(node, kind, seq) ? 0 : 1;
  }
  return missing;
}

}  // namespace ibcf::sim
