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
  std::erase_if(waiting_, [&](const auto& entry) {
    const bool is_gone = entry.second.back_by + settings_.longest_wait < now;
    if (is_gone) {
      queued_ -= entry.second.claim;
      overdue_.erase({entry.second.ticket, entry.first});
    }
    return is_gone;
  });
}

// Beside those who are in, and those whose turn it is before this one.
bool ReturnGate::has_room(const Waiter& waiter, Instant now) const {
  std::uint64_t before = 0;
  std::size_t sessions = open_.size();
  for (const auto& [ticket, node] : overdue_) {
    if (waiter.put_off >= turns && ticket >= waiter.ticket) break;
    const Waiter& other = waiting_.at(node);
    if (ticket == waiter.ticket || other.back_by < now) continue;
    before += other.claim;
    ++sessions;
  }
  if (sessions >= settings_.sessions) return false;
  return sessions == 0 || committed_ + before + waiter.claim <= budget();
}

std::uint64_t ReturnGate::claim_of(std::uint64_t backlog_bytes) const {
  return std::min(backlog_bytes, budget() / at_least_at_once);
}

ReturnGate::Answer ReturnGate::ask(NodeId node, std::uint64_t backlog_bytes, Instant now) {
  measure(now);
  ended(node, now);  // a session of it that is still open was lost
  const std::uint64_t claim = claim_of(backlog_bytes);
  const auto known = waiting_.find(node);
  Waiter waiter = known == waiting_.end() ? Waiter{++tickets_, claim, 0, now} : known->second;
  if (known != waiting_.end()) {
    queued_ -= waiter.claim;
    overdue_.erase({waiter.ticket, node});
    waiting_.erase(known);
  }
  waiter.claim = claim;
  if (!has_room(waiter, now)) return put_off(node, waiter, now);
  let_in(node, claim, now);
  return {true, {}, {}};
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
ReturnGate::Answer ReturnGate::put_off(NodeId node, Waiter waiter, Instant now) {
  const Duration until_free = time_for(committed_ / std::max<std::size_t>(1, open_.size()), goodput_);
  const Answer answer{
      false, std::clamp(until_free, settings_.shortest_wait, settings_.longest_wait),
      std::clamp(time_for(queued_, goodput_), settings_.shortest_wait, settings_.longest_wait)};
  ++waiter.put_off;
  waiter.back_by = now + answer.retry_after + answer.spread + settings_.shortest_wait;
  if (waiting_.size() >= settings_.most_waiting) return answer;
  queued_ += waiter.claim;
  if (waiter.put_off >= turns) overdue_.insert({waiter.ticket, node});
  waiting_[node] = waiter;
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
