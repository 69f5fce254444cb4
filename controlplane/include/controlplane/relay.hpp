#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "controlplane/outbox.hpp"

namespace ibcf {

/// Order in which a relay lets go of what it holds, most urgent first; when its queue is full, the last go
/// first (protocols page, "Relays").
enum class RelayClass : std::uint8_t { authority, command, history, transient };

/// Stores and forwards between nodes and one upstream master, within a bounded queue.
///
/// What finds its way open passes through. What does not: events of nodes are kept in custody, and the node
/// is told ("you may stop sending", never "you may delete"); commands, verdicts and authority for a node out
/// of contact wait for it; heartbeats, their acknowledgements and Hellos are worth nothing late as what they
/// are and are dropped, but for the newest sign of life of each node: where the node is out of reach once the
/// way up opens, its master is told of that (docs/decisions/0018). One direction of one node keeps its order
/// within a class.
class RelayCore {
 public:
  /// `queue_bytes` bounds everything this relay stores.
  RelayCore(std::uint32_t index, std::uint64_t queue_bytes);

  void on_message(const Packet& packet, Instant now, Outbox& out);
  /// The way to the master opened or closed.
  void on_upstream(bool open, Instant now, Outbox& out);
  /// The link to a node opened or closed.
  void on_node_link(std::uint32_t node, bool open, Instant now, Outbox& out);

  /// The relay starts again: what it kept is lost, for custody is no promise to keep (I-9), and what it knew
  /// of its ways, which it takes for open until it is told.
  void restart();

  struct Counters {
    std::uint64_t forwarded = 0;
    std::uint64_t stored = 0;
    std::uint64_t released = 0;
    std::uint64_t shed = 0;       ///< dropped because the queue was full
    std::uint64_t discarded = 0;  ///< transient, with no way open
    std::uint64_t lost = 0;       ///< stored, and gone with a restart
    std::uint64_t delegated = 0;  ///< signs of life of nodes that could not speak for themselves
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t stored_bytes() const { return stored_bytes_; }

 private:
  using Queue = std::deque<Packet>;
  using Queues = std::array<Queue, 3>;  // by class; transient is never stored
  struct Sign {
    Packet word;
    Instant since;
  };
  using Signs = std::map<std::uint32_t, Sign>;

  void forward(const Packet& packet, Outbox& out);
  bool store(Queues& queues, const Packet& packet);
  bool make_room(std::uint64_t bytes, RelayClass newcomer);
  void release(Queues& queues, Outbox& out);
  void lose(Queues& queues);
  bool keep_sign(const Packet& packet, Instant now);
  void drop_sign(Signs::iterator sign);
  void drop_oldest_sign();
  void delegate(Instant now, Outbox& out);
  [[nodiscard]] bool is_open_to(std::uint32_t node) const {
    return node >= node_closed_.size() || !node_closed_[node];
  }

  std::uint32_t index_;
  std::uint64_t queue_bytes_;
  std::uint64_t stored_bytes_ = 0;
  bool upstream_open_ = true;
  Queues upstream_;
  // Keyed access only; never iterated where order could reach the log.
  std::unordered_map<std::uint32_t, Queues> for_node_;
  std::vector<bool> node_closed_;
  Signs signs_;  // of life, by node: the newest that did not get through
  Counters counters_;
};

/// The class of a message.
RelayClass relay_class_of(const Message& message);

}  // namespace ibcf
