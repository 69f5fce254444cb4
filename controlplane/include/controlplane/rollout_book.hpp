#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/command_book.hpp"
#include "controlplane/message.hpp"
#include "controlplane/rollout_advice.hpp"
#include "model/payloads.hpp"
#include "model/rollout.hpp"

namespace ibcf {

/// The bundles that a home master brings to its nodes, wave by wave (protocols page, "Rollouts"). A fold of
/// the master's log: whatever it decides it proposes as an event, and apply() of the same events in order
/// builds the same book.
///
/// Only a reached node, one in contact or one whose answer is known, counts for a wave's threshold. An
/// unreached node is ordered nothing: it gets whatever is the newest when it is back, and skips the rest. A
/// node that failed, or that runs something else again after it had applied the bundle, is not pushed again.
class RolloutBook {
 public:
  struct Todo {
    std::vector<Proposed> events;
    std::vector<std::pair<NodeId, BundleId>> assign;  ///< to be ordered now
    std::vector<CommandId> cancel;                    ///< of a rollout that was halted
  };
  enum class Begun : std::uint8_t { yes, known_already, refused };
  using Reach = std::function<CommandReach(NodeId)>;

  // ---- what the master tells it ----
  /// Publishes the bundle and starts its rollout to `nodes`, which may be none. A bundle or waves with blank
  /// or invalid fields, or a release that is not above all of its name, are refused, which is an event too.
  /// An older rollout of the same name is halted. Where the rollout is known already, those of the nodes that
  /// are no targets of it yet join it.
  Begun begin(const RolloutOrder& order, DomainId scope, std::vector<NodeId> nodes, Instant now, Todo& todo);
  /// What is left of the rollouts in the books of masters that are gone goes on here, for these nodes: where
  /// a rollout was not over and nothing newer of its name is known here, to those nodes that never answered.
  /// It joins the part that this master has of it, or begins one.
  void take_over(const std::vector<const RolloutBook*>& former, const std::set<NodeId>& nodes, Instant now,
                 Todo& todo);
  /// Counts, orders, halts where too many failed, and goes on to the next wave; each rollout once a minute.
  void advance(const Reach& reach, Instant now, Todo& todo);
  /// Operators' orders; nothing happens where they do not apply. resume() forgives the failures so far.
  void pause(BundleId id, std::string reason, Todo& todo);
  void resume(BundleId id, std::string reason, Todo& todo);
  void halt(BundleId id, std::string reason, Todo& todo);
  /// Folds an event of the master's log: its own on bundles, rollouts and assign_bundle commands, and those
  /// of its nodes that say what they run.
  void apply(const Event& event);

  // ---- what others may ask ----
  /// As of the last time it was counted; null where this master rolls out no such bundle.
  [[nodiscard]] const Rollout* find(BundleId id) const;
  /// "Is this bundle safe to advance?" (seed, Layer 1)
  [[nodiscard]] RolloutAdvice safe_to_advance(BundleId id, Instant now) const;
  /// The bundle itself; null where it is not known here.
  [[nodiscard]] Shared<PolicyBundle> bundle(BundleId id) const;
  [[nodiscard]] std::vector<const Rollout*> rollouts() const;

 private:
  enum class Standing : std::uint8_t {
    open,     ///< nothing ordered, or to be ordered again
    ordered,  ///< a command is under way
    applied,
    failed
  };
  struct Target {
    NodeId node;
    Standing standing = Standing::open;
    CommandId command;
    std::uint64_t hlc = 0;  ///< of the newest word from the node
  };
  struct Record {
    Rollout rollout;
    Duration wave_every{};
    std::vector<Target> targets;  ///< in the order of the waves
    std::map<NodeId, std::size_t> place;
    std::uint32_t forgiven = 0;  ///< failures before the last resume()
    Instant passed = never;      ///< when the present wave met its threshold
    Instant due;
    RolloutAdvanced told;  ///< the newest counts in the log
    // of the present wave, as last counted
    std::uint32_t reached = 0;
    std::uint32_t applied = 0;
    std::uint32_t failed = 0;
  };

  Record* find_record(BundleId id);
  [[nodiscard]] const Record* find_record(BundleId id) const;
  [[nodiscard]] bool is_newest(BundleId id) const;
  void publish(const PolicyBundle& bundle, Todo& todo);
  void insert(const RolloutStarted& started, Instant at);
  static void join(Record& record, const RolloutStarted& started);
  static RolloutStarted as_started(const Record& record);
  void extend(Record& record, std::vector<NodeId> nodes, Todo& todo);
  void take_over(const Record& theirs, const PolicyBundle& bundle, std::vector<NodeId> left, Instant now,
                 Todo& todo);
  [[nodiscard]] bool has_answered(BundleId id, NodeId node) const;
  void advance(Record& record, const Reach& reach, Instant now, Todo& todo);
  [[nodiscard]] std::size_t begun_of(const Record& record, const std::vector<bool>& is_reached) const;
  void count(Record& record, const std::vector<bool>& is_reached, std::size_t begun, Todo& todo);
  void move(Record& record, RolloutState state, std::string reason, Todo& todo);
  void see(const RolloutAdvanced& advanced);
  void see(const RolloutMoved& moved, Instant at);
  void see(const Command& command);
  void ended(CommandId id, CommandState state);
  void runs(NodeId node, BundleId bundle_id, std::uint64_t hlc);
  [[nodiscard]] bool is_replaced_by(const Record& record, BundleId bundle_id) const;
  static void wake(Record& record);
  [[nodiscard]] std::vector<std::string> problems_of_order(const RolloutOrder& order) const;

  std::vector<Record> records_;  // oldest first
  std::map<BundleId, Shared<PolicyBundle>> bundles_;
  std::map<BundleId, std::vector<std::string>> refused_;
  std::map<CommandId, std::pair<BundleId, NodeId>> commands_;  // that may still end otherwise
};

}  // namespace ibcf
