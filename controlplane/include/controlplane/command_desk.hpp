#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/command_moves.hpp"
#include "controlplane/installer.hpp"
#include "controlplane/machine.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// What the desk has to know of its node to decide.
struct DeskFacts {
  Instant now;
  std::uint64_t max_epoch_seen = 0;
  bool in_contact = false;
  bool barred = false;  ///< RETURNING, REPLAYING or QUARANTINED
  double battery_pct = 100;
  const Revocations* revoked = nullptr;  ///< what its master told it; null: nothing
};

/// Whether what takes so long may begin now, as far as the constraints of its bundle go. Requires a window
/// that can be read.
bool allow(const Constraints& constraints, const DeskFacts& facts, Duration takes = {});
/// When the window of these constraints opens next for what takes so long; never where no opening is so long.
Instant next_opening(const Constraints& constraints, Instant now, Duration takes = {});

/// One thing the desk wants its agent to do; steps are done in order.
struct DeskStep {
  enum class Kind : std::uint8_t {
    intent,  ///< write command.intent, durably, before what comes next
    judged,  ///< write artifact.judged
    act,     ///< the command takes effect now
    result,  ///< write command.result
    say      ///< tell the master how far it is
  };
  Kind kind = Kind::say;
  CommandId command;
  CommandKind command_kind = CommandKind::restart_service;
  std::uint64_t epoch = 0;
  CommandState state = CommandState::delivered;
  std::string detail;
  BundleId bundle;            ///< result: in force after it (I-37)
  bool takes_bundle = false;  ///< result: what the bundle asks for is to be made true now
  std::optional<ArtifactJudged> judged;
};

/// What the desk must not lose in a reboot, as a value with a packed form.
struct DeskMemory {
  struct Open {
    Command command;
    std::optional<PolicyBundle> bundle;
    std::optional<ArtifactPublished> artifact;
    CommandState state = CommandState::delivered;
    IBCF_FIELDS(Open, command, bundle, artifact, state)
  };
  struct Result {
    CommandId command;
    CommandState state = CommandState::applied;
    Instant keep_until;
    IBCF_FIELDS(Result, command, state, keep_until)
  };
  struct Newest {
    std::string key;
    std::uint64_t epoch = 0;
    std::uint64_t number = 0;
    Instant keep_until;
    IBCF_FIELDS(Newest, key, epoch, number, keep_until)
  };
  std::vector<Open> open;
  std::vector<Result> results;
  std::vector<Newest> newest;
  std::optional<PolicyBundle> policy;
  InstalledSet installed;
  IBCF_FIELDS(DeskMemory, open, results, newest, policy, installed)
};

struct CommandDeskSettings {
  /// A result is kept for so long after the command's last moment (protocols page: "the longest autonomy").
  Duration keep = std::chrono::hours{24};
  const Machine* machine = nullptr;  ///< null: everything works at once
  ArtifactTrust trust{};
};

/// The node's side of commands (protocols page, "Commands"): takes each once, lets it wait for the
/// constraints of its bundle, carries out one at a time, and remembers how it ended. It refuses what is late
/// (I-33), of an older term (I-23), older than what it ran under the same key (I-35), and, while its node is
/// coming back or quarantined, what is not on the allow list (I-36). Owned by an agent, which does the steps.
///
///   DELIVERED  waits for its constraints; a successor or a cancel ends it
///   ACCEPTED   its constraints held; waits for its turn
///   EXECUTING  has taken effect; for at-most-once the intent was written before (I-30)
class CommandDesk {
 public:
  explicit CommandDesk(const CommandDeskSettings& settings) : settings_(settings) {}

  /// A command came; its epoch is seen already. Steps are added to `steps`.
  void take(const Shared<CommandDelivery>& delivery, const DeskFacts& facts, std::vector<DeskStep>& steps);
  /// Time passed, or facts changed. Cheap while nothing is open.
  void look(const DeskFacts& facts, std::vector<DeskStep>& steps);
  /// When to look again though nothing else happens.
  [[nodiscard]] Instant due(const DeskFacts& facts) const;
  [[nodiscard]] bool is_idle() const { return waiting_.empty() && line_.empty() && !running_; }

  [[nodiscard]] std::optional<CommandState> result_of(CommandId id) const;
  [[nodiscard]] std::optional<CommandState> state_of(CommandId id) const;
  [[nodiscard]] std::size_t remembered() const { return results_.size(); }
  [[nodiscard]] std::uint64_t count(CommandState state) const {
    return ended_[static_cast<std::size_t>(state)];
  }
  /// The bundle in force, with its objects and constraints; null before the first.
  [[nodiscard]] const Shared<PolicyBundle>& policy() const { return policy_; }

  /// What runs on the node, and how far its release counters have risen.
  [[nodiscard]] const InstalledSet& installed() const { return installed_; }

  [[nodiscard]] DeskMemory memory() const;
  /// After a reboot, on a new desk; look() comes next. What was begun at most once, and has no result, is
  /// INDETERMINATE and never tried again (I-30); what was begun at least once is done again.
  void recall(const DeskMemory& memory, std::vector<DeskStep>& steps);

 private:
  struct Open {
    Shared<CommandDelivery> delivery;
    Execution plan;
    CommandState told = CommandState::sent;  ///< the newest that the master was told
    [[nodiscard]] const Command& command() const { return delivery->command; }
    /// It must begin by then to be done by its last moment.
    [[nodiscard]] Instant last_start() const { return command().execute_before - plan.takes; }
  };
  struct Running {
    Open open;
    Instant until;
    std::optional<InstalledSet> installs{};  ///< what is installed once it is done
    std::size_t revoked = 0;                 ///< how much was known to be when that was judged
  };
  struct Newest {
    std::uint64_t epoch;
    std::uint64_t number;
    Instant keep_until;
  };
  struct Ended {
    CommandState state;
    Instant keep_until;
  };

  [[nodiscard]] Open open_up(const Shared<CommandDelivery>& delivery) const;
  [[nodiscard]] std::optional<std::pair<CommandState, std::string>> refusal(const Open& open,
                                                                            const DeskFacts& facts) const;
  [[nodiscard]] std::string impossible(const Open& open, const DeskFacts& facts) const;
  [[nodiscard]] const Constraints* constraints_of(const Open& open) const;
  [[nodiscard]] bool may_start(const Open& open, const DeskFacts& facts) const;
  [[nodiscard]] bool has_successor(const Command& command) const;
  void note_newest(const Command& command);
  void carry_out_cancel(const Shared<CommandDelivery>& cancel, std::vector<DeskStep>& steps);
  void supersede_older(const Command& command, std::vector<DeskStep>& steps);
  void end_overdue(std::vector<Open>& list, const DeskFacts& facts, std::vector<DeskStep>& steps);
  void tell(std::vector<DeskStep>& steps);
  bool start_next(const DeskFacts& facts, std::vector<DeskStep>& steps);
  void start(Open open, const DeskFacts& facts, std::vector<DeskStep>& steps);
  CommandState judge_install(const CommandDelivery& delivery, const DeskFacts& facts, InstalledSet& set,
                             std::string& detail, std::vector<DeskStep>& steps) const;
  void finish(const DeskFacts& facts, std::vector<DeskStep>& steps);
  void end(const Open& open, CommandState state, std::string detail, std::vector<DeskStep>& steps);
  void forget(Instant now);

  CommandDeskSettings settings_;
  std::vector<Open> waiting_;  // DELIVERED, in order of arrival
  std::vector<Open> line_;     // ACCEPTED, in order of acceptance
  std::optional<Running> running_;
  InstalledSet installed_;
  std::map<CommandId, Ended> results_;
  std::map<std::string, Newest> newest_;  // by coalesce key
  Shared<PolicyBundle> policy_;
  std::array<std::uint64_t, words_of(CommandState{}).size()> ended_{};
};

}  // namespace ibcf
