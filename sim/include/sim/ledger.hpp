#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "controlplane/outbox.hpp"
#include "model/event.hpp"

namespace ibcf::sim {

/// The truth, kept apart from the code under test: what every agent wrote and did, and what every store was
/// given. It counts; it believes nobody.
class Ledger {
 public:
  Ledger(std::size_t nodes, std::size_t masters);

  void add_node(std::uint32_t node, AnyId id);
  /// Nothing: it is no node's id.
  [[nodiscard]] std::optional<std::uint32_t> node_of(AnyId id) const;
  /// The agent wrote an event.
  void wrote(std::uint32_t node, const Written& written);
  /// What an event was to the store that took it.
  enum class Taken : std::uint8_t {
    first,      ///< no store had it
    copy,       ///< another store had it, this one had not
    ahead,      ///< what its node wrote before it is still to come
    again,      ///< this store had it
    gap,        ///< what its master wrote before it is missing
    forged,     ///< its origin wrote no such thing
    misquoted,  ///< it parks, or lets in, what its node never wrote in that place
  };
  Taken stored(std::uint32_t master, const Stored& stored, const Event& event);

  struct Execution {
    std::uint32_t node;
    CommandId command;
    std::uint64_t epoch;           ///< the command's, as its master issued it
    std::uint64_t max_epoch_seen;  ///< the node's
    MasterId issued_by;            ///< nil: no master issued it
    Instant issued;
    Instant execute_before;
    Instant at;
    ConnectivityMode mode;
    bool again;   ///< this node had carried it out before, and nothing allows it to do so once more
    bool redone;  ///< it is at-least-once, and its node went down amid the first time
    DeliverySemantics delivery;
  };
  /// The agent carried a command out.
  const Execution& executed(std::uint32_t node, const Executed& executed, Instant now);
  [[nodiscard]] const std::vector<Execution>& executions() const { return executions_; }
  /// The node goes down: what it began within `takes` before is not done, and at-least-once commands among it
  /// may be done once more.
  void went_down(std::uint32_t node, Duration takes, Instant now);

  /// The master's store is gone: what only it had is in none.
  void lose_store(std::uint32_t master);

  /// One event of a node, by its place.
  struct Place {
    StreamClass stream;
    std::uint64_t seq;
  };
  /// The agent was told that everything up to the marks is stored. The first event of it that no store has,
  /// if any.
  std::optional<Place> acknowledged(std::uint32_t node, const StreamSeqs& marks);
  /// Of the node's events up to the marks, how many no store has.
  [[nodiscard]] std::uint64_t missing(std::uint32_t node, const StreamSeqs& marks) const;
  /// How many of the node's events this store lacks before others that it has. What a master parked of them,
  /// as the node wrote it, is there.
  [[nodiscard]] std::uint64_t holes(std::uint32_t master, AnyId node) const;
  /// How many events were parked in a replay; 0: the session of a chunk that came in contact is none.
  [[nodiscard]] std::uint64_t parked_in(std::uint64_t session) const;
  /// Events that one store took more than once, and stored events nobody wrote, per node.
  [[nodiscard]] std::uint64_t stored_twice(std::uint32_t node) const { return nodes_[node].stored_twice; }
  [[nodiscard]] std::uint64_t forged(std::uint32_t node) const { return nodes_[node].forged; }
  /// Chained over every event when the first store took it.
  [[nodiscard]] const Digest& event_hash() const { return event_hash_; }
  [[nodiscard]] std::uint64_t distinct_events() const { return distinct_; }

 private:
  struct Stream {
    std::vector<Digest> written;  // by seq - 1
    std::vector<bool> stored;     // in any store, be it lost by now
    std::uint64_t acknowledged = 0;
  };
  struct Truth {
    PerStream<Stream> streams;
    std::uint64_t stored_twice = 0;
    std::uint64_t forged = 0;
  };
  /// What one store has of one stream.
  struct Held {
    std::vector<bool> has;  // by seq - 1
    std::uint64_t holes = 0;
  };
  struct Issue {
    std::uint64_t epoch;
    MasterId by;
    Instant at;
    Instant execute_before;
    DeliverySemantics delivery;
  };
  struct CarriedOut {
    std::uint32_t times = 0;
    bool amid = false;  // its node went down before it was done
  };
  [[nodiscard]] bool is_kept(std::uint32_t node, StreamClass kind, std::uint64_t seq) const;
  Taken take(Truth& truth, std::uint32_t master, std::uint32_t node, const Stored& stored,
             const Event& event);
  Taken take_own(std::uint32_t master, const Event& event);
  bool cover(Truth& truth, std::uint32_t master, std::uint32_t node, StreamClass kind, std::uint64_t first,
             std::uint64_t last);
  Taken take_parked(std::uint32_t master, const Event& event, Taken taken);
  static bool is_genuine(const Stream& stream, const Stored& stored, const Event& event);

  std::vector<Truth> nodes_;
  std::vector<std::vector<PerStream<Held>>> taken_;  // [master][node]
  std::vector<bool> lost_;                           // by master
  std::unordered_map<AnyId, std::uint32_t> node_of_;
  using Life = std::pair<AnyId, std::uint32_t>;   // of a master: each begins its own events with 1
  std::map<Life, std::uint64_t> head_of_master_;  // newest own event of each master's life, in any store
  std::vector<std::map<Life, std::uint64_t>> own_taken_;        // the same per store
  std::unordered_map<std::uint64_t, std::uint64_t> parked_in_;  // events, by session
  std::unordered_map<CommandId, Issue> issued_;
  std::unordered_map<CommandId, CarriedOut> carried_out_;
  std::vector<Execution> executions_;
  Digest event_hash_;
  std::uint64_t distinct_ = 0;
};

}  // namespace ibcf::sim
