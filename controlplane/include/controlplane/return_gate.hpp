#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "controlplane/message.hpp"
#include "model/id.hpp"
#include "model/time.hpp"

namespace ibcf {

struct ReturnGateSettings {
  std::uint32_t sessions = 32;                  ///< at most so many replays at once
  Duration horizon = std::chrono::seconds{30};  ///< what is let in shall be through within about this time
  std::uint64_t least_bytes = 8 << 20;  ///< let in whatever was measured: before the first measurement
  Duration shortest_wait = std::chrono::seconds{15};
  Duration longest_wait = std::chrono::minutes{5};
  std::size_t most_waiting = 4096;  ///< whose turn is remembered (L-3)
};

/// What a return is about.
enum class Urgency : std::uint8_t {
  routine,  ///< snapshots, health, history
  urgent    ///< trust, authority or results of commands; or evidence of a node that is QUARANTINED
};

/// Who may replay now (protocols page, "Return and replay": a token bucket sized by measured goodput). The
/// bucket holds the bytes that its masters stores within `horizon` at the pace it has shown; a grant takes
/// the node's backlog out, what is stored of it flows back. So a queue builds up at the nodes, which wait,
/// and not on the way. Whoever was put off `turns` times comes before all who were put off less (L-2); among
/// these, room is kept for the urgent who were put off and will be back. Else whoever asks first gets what is
/// free, so that nothing stands idle for one who is not there.
class ReturnGate {
 public:
  static constexpr std::uint32_t turns = 3;

  explicit ReturnGate(const ReturnGateSettings& settings = {}) : settings_(settings) {}

  struct Answer {
    bool admitted = false;
    Duration retry_after{};  ///< come again after this,
    Duration spread{};       ///< and a part of this on top, each its own
    DeferReason reason = DeferReason::full;
  };
  /// The node wants to bring so many bytes. Where it is admitted its session is open until ended().
  Answer ask(NodeId node, std::uint64_t backlog_bytes, Urgency urgency, Instant now);
  /// After a restart: the node was let in with so many bytes at this time. Who was put off asks again, and
  /// its turn begins anew: the longer wait that this costs is bounded like the first one.
  void recall(NodeId node, std::uint64_t backlog_bytes, Instant at);
  /// So many bytes of the node's session were stored.
  void stored(NodeId node, std::uint64_t bytes, Instant now);
  void ended(NodeId node, Instant now);

  [[nodiscard]] std::uint64_t goodput() const { return goodput_; }  ///< bytes per second; 0: not measured yet
  [[nodiscard]] std::uint64_t budget() const;
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiter {
    std::uint64_t ticket = 0;
    std::uint64_t claim = 0;
    std::uint32_t put_off = 0;
    Instant back_by;  // it asks again until then, or its turn does not keep others out
    Urgency urgency = Urgency::routine;
  };
  enum class Rank : std::uint8_t { patient, urgent, routine };  // who comes first
  using Queue = std::set<std::pair<std::uint64_t, NodeId>>;     // by ticket
  [[nodiscard]] static Rank rank_of(const Waiter& waiter);
  Queue& queue_of(const Waiter& waiter) { return queues_[static_cast<std::size_t>(rank_of(waiter))]; }
  [[nodiscard]] const Queue& queue(Rank rank) const { return queues_[static_cast<std::size_t>(rank)]; }
  void remember(NodeId node, const Waiter& waiter);
  void forget(NodeId node, const Waiter& waiter);
  void measure(Instant now);
  [[nodiscard]] std::optional<DeferReason> objection_to(const Waiter& waiter, Instant now) const;
  [[nodiscard]] std::uint64_t claim_of(std::uint64_t backlog_bytes) const;
  void let_in(NodeId node, std::uint64_t claim, Instant now);
  Answer put_off(NodeId node, Waiter waiter, DeferReason reason, Instant now);

  ReturnGateSettings settings_;
  std::map<NodeId, std::uint64_t> open_;  // what is left of its claim
  std::uint64_t committed_ = 0;           // their sum
  std::map<NodeId, Waiter> waiting_;
  std::array<Queue, 3> queues_;  // by rank
  std::uint64_t queued_ = 0;     // sum of the waiting claims
  std::uint64_t tickets_ = 0;
  std::uint64_t goodput_ = 0;
  Instant measured_from_;
  std::uint64_t measured_ = 0;
};

}  // namespace ibcf
