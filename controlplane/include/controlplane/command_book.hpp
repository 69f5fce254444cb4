#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/command_moves.hpp"
#include "controlplane/proposed.hpp"
#include "model/payloads.hpp"

namespace ibcf {

struct CommandBookSettings {
  /// Until a command without an answer is sent again; doubles with every try, up to 16 times as long.
  Duration retry = std::chrono::minutes{1};
  /// A final command is kept for so long after its last moment (protocols page: "the longest autonomy").
  Duration keep = std::chrono::hours{24};
};

/// How a node can be spoken to, as its master believes.
struct CommandReach {
  bool in_contact = false;
  /// RETURNING, REPLAYING or not trusted: nothing except the allow list is for it (I-36).
  bool barred = false;
  /// Of a barred one: something came from it within the time after which silence counts.
  bool is_heard = true;
};

/// What the book knows of one command.
struct CommandRecord {
  Command command;
  CommandState state = CommandState::queued;
  /// Its end is the node's own word, or it was never sent: nothing can change it any more.
  bool is_settled = false;
  /// A copy may be at the node, or on its way there.
  bool was_sent = false;
  bool was_held = false;
  Instant sent;             ///< the newest copy
  std::uint32_t tries = 0;  ///< copies sent since this book was made; not from the log
  IBCF_FIELDS(CommandRecord, command, state, is_settled, was_sent, was_held, sent, tries)
};

/// A command's state is final, and may be shown as such (I-38). EXPIRED, INDETERMINATE, and a SUPERSEDED or
/// CANCELLED that the node did not confirm are provisional until `heard_until`, the node's own time up to
/// which its whole log is stored, has passed the command's last moment: by the same clock the node does not
/// act after it (I-33), so no evidence can come.
bool is_final(const CommandRecord& record, Instant heard_until);

/// The master's side of commands: of those it delivers, where each stands and what is to be done next
/// (protocols page, "Commands"). It moves a command only along command_moves(). A fold of the master's log:
/// whatever it decides it proposes as an event, and apply() of the same events in order builds the same book.
///
/// At least once: sent again until the node answers. At most once: never sent again, unless the node said
/// that it did not take it; a copy that is lost leaves it to expire (I-30).
class CommandBook {
 public:
  /// What a call wants done: events appended first, then deliveries sent.
  struct Todo {
    std::vector<Proposed> events;
    std::vector<CommandId> deliver;
  };

  explicit CommandBook(const CommandBookSettings& settings) : settings_(settings) {}

  // ---- what the master tells it ----
  /// A command to deliver, whose command.issued is stored. The older one of two with the same coalesce key is
  /// superseded, whichever came first. False where the id is known or the command is long over.
  bool accept(const Command& command, Instant now, Todo& todo);
  /// Sends, holds and expires what is open for the node, oldest first.
  void offer(NodeId node, CommandReach reach, Instant now, Todo& todo);
  /// The node did not take the command: it is coming back or quarantined.
  void refused_for_now(NodeId node, CommandId id, Todo& todo);
  /// The node says that the command is DELIVERED, ACCEPTED or EXECUTING.
  void progressed(NodeId node, CommandId id, CommandState state, Todo& todo);
  /// The node's word on a command, from its stored log.
  void answered(NodeId node, const CommandResult& result, Todo& todo);
  /// All that the node wrote before `until`, by its own clock, is stored.
  void heard(NodeId node, Instant until);
  enum class Cancel : std::uint8_t {
    done,      ///< it was never sent
    tell_node  ///< a copy may be at the node: CANCELLED is provisional, and a CANCEL command has to reach it
  };
  /// Ends a command on an operator's order. Nothing where it is too late: it is bound to be carried out, has
  /// ended, or is not known.
  std::optional<Cancel> cancel(CommandId id, Todo& todo);
  /// A newer term of the scope began: what was not sent in an older one is not sent any more.
  void end_terms_before(DomainId scope, std::uint64_t epoch, Todo& todo);
  /// Ends open commands whose last moment is over, and forgets final ones long past it.
  void expire(Instant now, Todo& todo);
  /// After a fold of another master's log, whose end is not known: a copy of what is open may have been sent.
  void may_have_been_sent(NodeId node);
  /// After a fold: what follows from its newest events and is not in the log yet, because the master died in
  /// between.
  void finish(Todo& todo);
  /// Folds an event of the master's log: command.issued and command.moved of its own, command.result and
  /// command.intent of its nodes. Requires that other events, and those about nodes that this master is not
  /// home to, are left out.
  void apply(const Event& event);

  // ---- what others may ask ----
  [[nodiscard]] const CommandRecord* find(CommandId id) const;
  /// Nothing where the command is not known (any more).
  [[nodiscard]] std::optional<bool> is_final(CommandId id) const;
  /// Open commands of the node, oldest first.
  [[nodiscard]] const std::vector<CommandId>& open_of(NodeId node) const;
  [[nodiscard]] std::uint32_t held_of(NodeId node) const;
  /// Nodes with ended commands that their word might still change; heard() is wanted for these.
  [[nodiscard]] const std::map<NodeId, std::uint32_t>& awaited() const { return awaited_; }
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] const std::map<CommandId, CommandRecord>& records() const { return records_; }

  struct Counters {
    /// How often a command came into each state, by CommandState.
    std::array<std::uint64_t, words_of(CommandState{}).size()> entered{};
    std::uint64_t held = 0;      ///< commands that were held at least once
    std::uint64_t resent = 0;    ///< copies beyond the first
    std::uint64_t unlawful = 0;  ///< words of nodes that the table has no move for
    friend bool operator==(const Counters&, const Counters&) = default;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  void insert(const Command& command);
  void move(CommandRecord& record, CommandState to, CommandWord by, std::string reason, Instant now,
            Todo& todo);
  void evolve(CommandRecord& record, CommandState to, CommandWord by, Instant now);
  std::optional<CommandState> judge(const CommandRecord& record, CommandState said) const;
  void settle(CommandRecord& record);
  void supersede(const Command& command, Todo& todo);
  void offer(CommandRecord& record, CommandReach reach, Instant now, Todo& todo);
  void forget(Instant now);
  CommandRecord* find_of(NodeId node, CommandId id);
  [[nodiscard]] Instant heard_until(NodeId node) const;

  CommandBookSettings settings_;
  std::map<CommandId, CommandRecord> records_;
  std::map<NodeId, std::vector<CommandId>> open_;
  /// By last moment, so that expiry and forgetting look only at what is due.
  std::set<std::pair<Instant, CommandId>> open_by_end_;
  std::set<std::pair<Instant, CommandId>> ended_by_end_;
  std::map<NodeId, std::uint32_t> awaited_;  // ended, not settled
  std::map<NodeId, Instant> heard_;
  Counters counters_;
};

}  // namespace ibcf
