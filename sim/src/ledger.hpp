#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
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
  /// The agent wrote an event.
  void wrote(std::uint32_t node, const Written& written);
  /// A store took an event; true if no store had it before.
  bool stored(std::uint32_t master, const Stored& stored, const Event& event);
  /// The agent carried a command out.
  void executed(std::uint32_t node, const Executed& executed, Instant now);

  struct Execution {
    std::uint32_t node;
    CommandId command;
    std::uint64_t epoch;           ///< the command's, as its master issued it
    std::uint64_t max_epoch_seen;  ///< the node's
    MasterId issued_by;
    Instant issued;
    Instant at;
    ConnectivityMode mode;
    bool again;  ///< this node had carried it out before
  };
  [[nodiscard]] const std::vector<Execution>& executions() const { return executions_; }

  /// Of the node's events up to `mark`, how many no store has.
  [[nodiscard]] std::uint64_t missing(std::uint32_t node, std::uint64_t mark) const;
  [[nodiscard]] std::uint64_t written(std::uint32_t node) const { return nodes_[node].written.size(); }
  /// Events that one store took more than once, and stored events nobody wrote, per node.
  [[nodiscard]] std::uint64_t stored_twice(std::uint32_t node) const { return nodes_[node].stored_twice; }
  [[nodiscard]] std::uint64_t forged(std::uint32_t node) const { return nodes_[node].forged; }
  /// Chained over every event when the first store took it.
  [[nodiscard]] const Digest& event_hash() const { return event_hash_; }
  [[nodiscard]] std::uint64_t distinct_events() const { return distinct_; }

 private:
  struct Truth {
    std::vector<Digest> written;  // by seq - 1
    std::vector<bool> stored;     // in any store
    std::uint64_t stored_twice = 0;
    std::uint64_t forged = 0;
  };
  struct Issue {
    std::uint64_t epoch;
    MasterId by;
    Instant at;
  };
  std::uint64_t take(Truth& truth, std::uint32_t master, std::uint32_t node, const Stored& stored,
                     const Event& event);

  std::vector<Truth> nodes_;
  std::vector<std::vector<std::vector<bool>>> taken_;  // [master][node][seq - 1]
  std::unordered_map<AnyId, std::uint32_t> node_of_;
  std::unordered_map<AnyId, std::uint64_t> head_of_master_;  // newest own event of each master seen
  std::unordered_map<CommandId, Issue> issued_;
  std::unordered_map<CommandId, std::uint32_t> carried_out_;
  std::vector<Execution> executions_;
  Digest event_hash_;
  std::uint64_t distinct_ = 0;
};

}  // namespace ibcf::sim
