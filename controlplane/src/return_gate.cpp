#include "controlplane/return_gate.hpp"

#include <algorithm>

namespace ibcf {
namespace {

constexpr Duration measure_for = std::chrono::seconds{10};
// One node with months of backlog shall not have the gate for itself.
constexpr std::uint64_t at_least_at_once = 4;

Duration time_for(std::uint64_t bytes, std::uint64_t goodput) {
  return std::chrono::milliseconds{
      goodput == 0 ? 0 : std::min<std::uint64_t>(bytes, 1ULL << 50) * 1000 / goodput};
}

}  // namespace

std::uint64_t ReturnGate::budget() const {
  const auto seconds = static_cast<std::uint64_t>(settings_.horizon / std::chrono::seconds{1});
  return std::max(settings_.least_bytes, goodput_ * seconds);
}

// Only while somebody replays is a pace shown. A faster one is believed at once, a slower one by and by.
void ReturnGate::measure(Instant now) {
  if (open_.empty()) {
    measured_from_ = now;
    measured_ = 0;
    return;
  }
  const Duration passed = now - measured_from_;
  if (passed < measure_for) return;
  const std::uint64_t pace =
      measured_ * 1000 / static_cast<std::uint64_t>(passed / std::chrono::milliseconds{1});
  goodput_ = std::max(pace, (3 * goodput_ + pace) / 4);
  measured_from_ = now;
  measured_ = 0;
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    const auto [node, waiter] = *next++;
    if (waiter.back_by + settings_.longest_wait < now) forget(node, waiter);
  }
}

ReturnGate::Rank ReturnGate::rank_of(const Waiter& waiter) {
  if (waiter.put_off >= turns) return Rank::patient;
  return waiter.urgency == Urgency::urgent ? Rank::urgent : Rank::routine;
}

void ReturnGate::remember(NodeId node, const Waiter& waiter) {
  waiting_[node] = waiter;
  queued_ += waiter.claim;
  queue_of(waiter).insert({waiter.ticket, node});
}

void ReturnGate::forget(NodeId node, const Waiter& waiter) {
  queue_of(waiter).erase({waiter.ticket, node});
  queued_ -= waiter.claim;
  waiting_.erase(node);
}

// Why there is no room for it: beside those who are in, and those whose turn it is before this one.
std::optional<DeferReason> ReturnGate::objection_to(const Waiter& waiter, Instant now) const {
  std::uint64_t bytes = committed_ + waiter.claim;
  std::size_t sessions = open_.size();
  const auto is_full = [&] { return sessions >= settings_.sessions || (sessions > 0 && bytes > budget()); };
  const auto count = [&](Rank rank) {
    for (const auto& [ticket, node] : queue(rank)) {
      if (rank == rank_of(waiter) && ticket >= waiter.ticket) break;
      const Waiter& other = waiting_.at(node);
      if (other.back_by < now) continue;
      bytes += other.claim;
      ++sessions;
    }
  };
  if (is_full()) return DeferReason::full;
  count(Rank::patient);
  if (is_full()) return DeferReason::patient_first;
  if (rank_of(waiter) == Rank::routine) count(Rank::urgent);
  if (is_full()) return DeferReason::urgent_first;
  return std::nullopt;
}

std::uint64_t ReturnGate::claim_of(std::uint64_t backlog_bytes) const {
  return std::min(backlog_bytes, budget() / at_least_at_once);
}

ReturnGate::Answer ReturnGate::ask(NodeId node, std::uint64_t backlog_bytes, Urgency urgency, Instant now) {
  measure(now);
  ended(node, now);  // a session of it that is still open was lost
  const std::uint64_t claim = claim_of(backlog_bytes);
  const auto known = waiting_.find(node);
  Waiter waiter = known == waiting_.end() ? Waiter{++tickets_, claim, 0, now, urgency} : known->second;
  if (known != waiting_.end()) forget(node, waiter);
  waiter.claim = claim;
  waiter.urgency = urgency;
  if (const auto reason = objection_to(waiter, now)) return put_off(node, waiter, *reason, now);
  let_in(node, claim, now);
  return {true, {}, {}, {}};
}

void ReturnGate::recall(NodeId node, std::uint64_t backlog_bytes, Instant at) {
  measure(at);
  ended(node, at);
  let_in(node, claim_of(backlog_bytes), at);
}

void ReturnGate::let_in(NodeId node, std::uint64_t claim, Instant now) {
  if (open_.empty()) {
    measured_from_ = now;
    measured_ = 0;
  }
  open_[node] = claim;
  committed_ += claim;
}

// The longer the queue, the wider they spread.
ReturnGate::Answer ReturnGate::put_off(NodeId node, Waiter waiter, DeferReason reason, Instant now) {
  const Duration until_free = time_for(committed_ / std::max<std::size_t>(1, open_.size()), goodput_);
  const Answer answer{
      false, std::clamp(until_free, settings_.shortest_wait, settings_.longest_wait),
      std::clamp(time_for(queued_, goodput_), settings_.shortest_wait, settings_.longest_wait), reason};
  ++waiter.put_off;
  waiter.back_by = now + answer.retry_after + answer.spread + settings_.shortest_wait;
  if (waiting_.size() >= settings_.most_waiting) {
    // An urgent one is remembered instead of who came last with no more than history.
    const Queue& routine = queue(Rank::routine);
    if (rank_of(waiter) == Rank::routine || routine.empty()) return answer;
    const NodeId last = routine.rbegin()->second;
    forget(last, Waiter(waiting_.at(last)));
  }
  remember(node, waiter);
  return answer;
}

void ReturnGate::stored(NodeId node, std::uint64_t bytes, Instant now) {
  const auto open = open_.find(node);
  if (open == open_.end()) return;
  measured_ += bytes;
  const std::uint64_t freed = std::min(open->second, bytes);
  open->second -= freed;
  committed_ -= freed;
  measure(now);
}

void ReturnGate::ended(NodeId node, Instant now) {
  const auto open = open_.find(node);
  if (open == open_.end()) return;
  measure(now);
  committed_ -= open->second;
  open_.erase(open);
}

}  // namespace ibcf
