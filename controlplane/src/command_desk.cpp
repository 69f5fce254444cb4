#include "controlplane/command_desk.hpp"

#include <algorithm>

#include "controlplane/bundle_check.hpp"
#include "controlplane/maintenance_window.hpp"
#include "controlplane/planted.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

/// A window that does not parse is never open; such a command was refused when it came.
MaintenanceWindow window_of(const Constraints& constraints) {
  const auto parsed = MaintenanceWindow::parse(constraints.maintenance_window);
  check(parsed.first.has_value(), "what waits at the desk has a window that can be read");
  return *parsed.first;
}

DeskStep step_about(DeskStep::Kind kind, const Command& command, CommandState state) {
  return {.kind = kind,
          .command = command.id,
          .command_kind = command.kind,
          .epoch = command.epoch,
          .state = state,
          .detail = {},
          .bundle = {},
          .judged = {}};
}

DeskStep say(const Command& command, CommandState state) {
  return step_about(DeskStep::Kind::say, command, state);
}

std::size_t known_revoked(const DeskFacts& facts) {
  return facts.revoked == nullptr ? 0 : facts.revoked->keys.size() + facts.revoked->artifacts.size();
}

// An artifact of the bundle that it assigns, and that does not run here.
std::optional<ArtifactId> lacked_by(const CommandDelivery& delivery, const InstalledSet& installed) {
  if (delivery.command.kind != CommandKind::assign_bundle || delivery.bundle == nullptr) return std::nullopt;
  for (const ArtifactId id : delivery.bundle->artifacts)
    if (std::none_of(installed.artifacts.begin(), installed.artifacts.end(),
                     [&](const InstalledArtifact& one) { return one.artifact_id == id; }))
      return id;
  return std::nullopt;
}

}  // namespace

bool allow(const Constraints& constraints, const DeskFacts& facts, Duration takes) {
  if (is_planted(Defect::constraint_ignored)) return true;
  if (constraints.requires_online && !facts.in_contact) return false;
  if (facts.battery_pct < constraints.min_battery_pct) return false;
  return next_opening(constraints, facts.now, takes) == facts.now;
}

Instant next_opening(const Constraints& constraints, Instant now, Duration takes) {
  return window_of(constraints).next_start(now, takes).value_or(never);
}

// ---- taking -----------------------------------------------------------------------------------------------

CommandDesk::Open CommandDesk::open_up(const Shared<CommandDelivery>& delivery) const {
  return {delivery, settings_.machine != nullptr ? settings_.machine->plan(*delivery) : Execution{}};
}

void CommandDesk::take(const Shared<CommandDelivery>& delivery, const DeskFacts& facts,
                       std::vector<DeskStep>& steps) {
  const Command& command = delivery->command;
  forget(facts.now);
  if (results_.contains(command.id)) return;  // the id is the idempotency key; its result is in the log
  if (const auto state = state_of(command.id)) {
    steps.push_back(say(command, *state));
    return;
  }
  const bool is_taken = passes_bar(command) || (facts.in_contact && !facts.barred);
  if (!is_taken && !is_planted(Defect::hold_nothing)) {
    steps.push_back(say(command, CommandState::held));
    return;
  }
  Open open = open_up(delivery);
  if (auto refused = refusal(open, facts)) {
    end(open, refused->first, std::move(refused->second), steps);
    return;
  }
  note_newest(command);
  if (command.kind == CommandKind::cancel) {
    carry_out_cancel(delivery, steps);
    return;
  }
  waiting_.push_back(std::move(open));
  supersede_older(command, steps);
  look(facts, steps);
}

// Why a command is not even put on the desk, if there is a reason.
std::optional<std::pair<CommandState, std::string>> CommandDesk::refusal(const Open& open,
                                                                         const DeskFacts& facts) const {
  using Refusal = std::pair<CommandState, std::string>;
  const Command& command = open.command();
  if (command.epoch < facts.max_epoch_seen && !is_planted(Defect::fencing_off))
    return Refusal{CommandState::fenced, "a newer term is known here"};
  if (facts.now > command.execute_before) return Refusal{CommandState::expired, "came after its last moment"};
  if (facts.now > open.last_start())
    return Refusal{CommandState::expired, "would not be done before its last moment"};
  if (has_successor(command)) return Refusal{CommandState::superseded, "a newer command has its key"};
  if (std::string why = impossible(open, facts); !why.empty())
    return Refusal{CommandState::rejected, std::move(why)};
  return std::nullopt;
}

// Why this command can never be carried out here; empty where it can.
std::string CommandDesk::impossible(const Open& open, const DeskFacts& facts) const {
  const Command& command = open.command();
  if (command.execute_before - command.issued_ts > longest_validity) return "valid for too long";
  if (command.kind == CommandKind::cancel && !parse_id<CommandTag>(command.argument))
    return "names no command to cancel";
  if (command.kind == CommandKind::assign_bundle) {
    const auto& bundle = open.delivery->bundle;
    if (bundle == nullptr || bundle->id != command.bundle_id) return "came without its bundle";
    if (const auto problems = problems_of(*bundle); !problems.empty()) return problems.front();
  }
  if (command.kind == CommandKind::install_artifact) {
    const auto& artifact = open.delivery->artifact;
    if (settings_.trust.verifier == nullptr || settings_.trust.keys == nullptr) return "no verifier";
    if (artifact == nullptr || artifact->artifact.id != command.artifact_id)
      return "came without its artifact";
  }
  const Constraints* constraints = constraints_of(open);
  if (constraints == nullptr) return {};
  const auto [window, problem] = MaintenanceWindow::parse(constraints->maintenance_window);
  if (!window) return "maintenance_window: " + problem;
  const auto start = window->next_start(facts.now, open.plan.takes);
  if (!start) return "takes longer than any opening of its maintenance window";
  if (*start > open.last_start()) return "its maintenance window does not open before its last moment";
  return {};
}

bool CommandDesk::has_successor(const Command& command) const {
  if (command.coalesce_key.empty() || is_planted(Defect::superseded_runs)) return false;
  const auto newest = newest_.find(command.coalesce_key);
  if (newest == newest_.end()) return false;
  return std::pair{command.epoch, command.number} < std::pair{newest->second.epoch, newest->second.number};
}

void CommandDesk::note_newest(const Command& command) {
  if (command.coalesce_key.empty() || has_successor(command)) return;
  // Every older one was issued before this one, so none is valid for longer than this.
  newest_[command.coalesce_key] = {command.epoch, command.number, command.issued_ts + longest_validity};
}

void CommandDesk::supersede_older(const Command& command, std::vector<DeskStep>& steps) {
  if (command.coalesce_key.empty() || is_planted(Defect::superseded_runs)) return;
  const auto is_superseded = [&](const Open& open) {
    return open.command().coalesce_key == command.coalesce_key && is_older(open.command(), command);
  };
  for (const Open& open : waiting_)
    if (is_superseded(open)) end(open, CommandState::superseded, "a newer command has its key", steps);
  std::erase_if(waiting_, is_superseded);
}

// Works on what is not yet bound to be carried out. A target that has not come is cancelled before it does.
void CommandDesk::carry_out_cancel(const Shared<CommandDelivery>& cancel, std::vector<DeskStep>& steps) {
  const Open order{cancel, {}};
  const CommandId target = *parse_id<CommandTag>(cancel->command.argument);
  const auto waits = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Open& open) { return open.command().id == target; });
  const auto state = waits == waiting_.end() ? state_of(target) : std::nullopt;
  const auto known = state ? state : result_of(target);
  if (known && *known != CommandState::cancelled) {
    end(order, CommandState::failed, "too late: it is " + std::string(word_of(*known)), steps);
    return;
  }
  steps.push_back(step_about(DeskStep::Kind::act, cancel->command, CommandState::executing));
  if (waits != waiting_.end()) {
    end(*waits, CommandState::cancelled, "an operator's order", steps);
    waiting_.erase(waits);
  } else if (!known) {
    results_[target] = {CommandState::cancelled, cancel->command.issued_ts + longest_validity};
    ++ended_[static_cast<std::size_t>(CommandState::cancelled)];
    DeskStep step = step_about(DeskStep::Kind::result, cancel->command, CommandState::cancelled);
    step.command = target;
    step.detail = "an operator's order, before it came";
    step.bundle = policy_ != nullptr ? policy_->id : BundleId{};
    steps.push_back(std::move(step));
  }
  end(order, CommandState::applied, "", steps);
}

// ---- carrying out -----------------------------------------------------------------------------------------

const Constraints* CommandDesk::constraints_of(const Open& open) const {
  const Command& command = open.command();
  // What is urgent enough to pass the lock does not wait for a maintenance window either.
  if (passes_bar(command) || command.kind == CommandKind::cancel) return nullptr;
  if (command.kind == CommandKind::assign_bundle)
    return open.delivery->bundle != nullptr ? &open.delivery->bundle->constraints : nullptr;
  return policy_ != nullptr ? &policy_->constraints : nullptr;
}

bool CommandDesk::may_start(const Open& open, const DeskFacts& facts) const {
  if (facts.barred && !passes_bar(open.command()) && !is_planted(Defect::hold_nothing)) return false;
  if (const auto lacked = lacked_by(*open.delivery, installed_)) {
    const auto installs_it = [&](const Open& other) {
      return other.command().kind == CommandKind::install_artifact && other.command().artifact_id == *lacked;
    };
    if (std::any_of(waiting_.begin(), waiting_.end(), installs_it) ||
        std::any_of(line_.begin(), line_.end(), installs_it) || (running_ && installs_it(running_->open)))
      return false;
  }
  const Constraints* constraints = constraints_of(open);
  return constraints == nullptr || allow(*constraints, facts, open.plan.takes);
}

void CommandDesk::look(const DeskFacts& facts, std::vector<DeskStep>& steps) {
  if (is_idle()) return;
  if (running_ && facts.now >= running_->until) finish(facts, steps);
  end_overdue(waiting_, facts, steps);
  end_overdue(line_, facts, steps);
  for (auto open = waiting_.begin(); open != waiting_.end();) {
    if (!may_start(*open, facts)) {
      ++open;
      continue;
    }
    line_.push_back(std::move(*open));
    open = waiting_.erase(open);
  }
  while (!running_ && start_next(facts, steps)) {
  }
  tell(steps);
}

// Says of each what it has not said yet. A step back, out of the line, is not worth a word.
void CommandDesk::tell(std::vector<DeskStep>& steps) {
  const auto tell_one = [&](Open& open, CommandState state) {
    if (open.told >= state) return;
    open.told = state;
    steps.push_back(say(open.command(), state));
  };
  for (Open& open : waiting_) tell_one(open, CommandState::delivered);
  for (Open& open : line_) tell_one(open, CommandState::accepted);
  if (running_) tell_one(running_->open, CommandState::executing);
}

// A newer term, or the last moment, came while it waited.
void CommandDesk::end_overdue(std::vector<Open>& list, const DeskFacts& facts, std::vector<DeskStep>& steps) {
  std::erase_if(list, [&](const Open& open) {
    if (open.command().epoch < facts.max_epoch_seen && !is_planted(Defect::fencing_off)) {
      end(open, CommandState::fenced, "a newer term came while it waited", steps);
      return true;
    }
    if (facts.now <= open.last_start()) return false;
    end(open, CommandState::expired, "its last moment came while it waited", steps);
    return true;
  });
}

bool CommandDesk::start_next(const DeskFacts& facts, std::vector<DeskStep>& steps) {
  for (auto open = line_.begin(); open != line_.end();) {
    Open next = std::move(*open);
    open = line_.erase(open);
    if (may_start(next, facts)) {
      start(std::move(next), facts, steps);
      return true;
    }
    waiting_.push_back(std::move(next));  // its constraints held, and do no more
  }
  return false;
}

void CommandDesk::start(Open open, const DeskFacts& facts, std::vector<DeskStep>& steps) {
  const Shared<CommandDelivery> delivery = open.delivery;
  const Command& command = delivery->command;
  std::optional<InstalledSet> installs;
  if (const auto lacked = lacked_by(*delivery, installed_))
    return end(open, CommandState::rejected, "its artifact " + text_of(*lacked) + " is not installed here",
               steps);
  if (command.kind == CommandKind::install_artifact) {
    installs = installed_;
    std::string detail;
    const CommandState state = judge_install(*delivery, facts, *installs, detail, steps);
    if (state != CommandState::applied) return end(open, state, std::move(detail), steps);
  }
  // Nothing older of its key may run after it (I-35).
  supersede_older(command, steps);
  if (command.delivery == DeliverySemantics::at_most_once)
    steps.push_back(step_about(DeskStep::Kind::intent, command, CommandState::executing));
  steps.push_back(step_about(DeskStep::Kind::act, command, CommandState::executing));
  const Instant until = facts.now + open.plan.takes;
  running_ = Running{std::move(open), until, std::move(installs), known_revoked(facts)};
  if (until <= facts.now) finish(facts, steps);
}

CommandState CommandDesk::judge_install(const CommandDelivery& delivery, const DeskFacts& facts,
                                        InstalledSet& set, std::string& detail,
                                        std::vector<DeskStep>& steps) const {
  const ArtifactPublished& artifact = *delivery.artifact;
  const Digest payload =
      settings_.machine != nullptr ? settings_.machine->payload_of(artifact) : artifact.artifact.digest;
  Installation tried =
      install(set, delivery.command, &artifact, payload, *settings_.trust.keys, *settings_.trust.verifier,
              facts.revoked != nullptr ? *facts.revoked : Revocations{});
  DeskStep step = step_about(DeskStep::Kind::judged, delivery.command, CommandState::accepted);
  step.judged = std::move(tried.judged);
  steps.push_back(std::move(step));
  detail = std::move(tried.detail);
  return tried.state;
}

void CommandDesk::finish(const DeskFacts& facts, std::vector<DeskStep>& steps) {
  Running done = std::move(*running_);
  running_.reset();
  std::string failure = done.open.plan.failure;
  // What was revoked while it was being installed is not installed.
  if (failure.empty() && done.installs && done.revoked != known_revoked(facts)) {
    InstalledSet set = installed_;
    judge_install(*done.open.delivery, facts, set, failure, steps);
  }
  const bool works = failure.empty();
  if (works && done.installs) installed_ = std::move(*done.installs);
  const bool takes_bundle = works && done.open.command().kind == CommandKind::assign_bundle;
  if (takes_bundle) policy_ = done.open.delivery->bundle;
  end(done.open, works ? CommandState::applied : CommandState::failed, std::move(failure), steps);
  steps.back().takes_bundle = takes_bundle;
}

void CommandDesk::end(const Open& open, CommandState state, std::string detail,
                      std::vector<DeskStep>& steps) {
  results_[open.command().id] = {state, open.command().execute_before + settings_.keep};
  ++ended_[static_cast<std::size_t>(state)];
  DeskStep step = step_about(DeskStep::Kind::result, open.command(), state);
  step.detail = std::move(detail);
  step.bundle = policy_ != nullptr ? policy_->id : BundleId{};
  steps.push_back(std::move(step));
}

Instant CommandDesk::due(const DeskFacts& facts) const {
  Instant due = running_ ? running_->until : never;
  for (const auto* list : {&waiting_, &line_})
    for (const Open& open : *list) due = std::min(due, open.last_start() + Duration{1});
  for (const Open& open : waiting_)
    if (const Constraints* constraints = constraints_of(open))
      if (const Instant start = next_opening(*constraints, facts.now, open.plan.takes); start > facts.now)
        due = std::min(due, start);
  return due;
}

// ---- memory -----------------------------------------------------------------------------------------------

void CommandDesk::forget(Instant now) {
  std::erase_if(results_, [&](const auto& entry) { return entry.second.keep_until < now; });
  std::erase_if(newest_, [&](const auto& entry) { return entry.second.keep_until < now; });
}

std::optional<CommandState> CommandDesk::result_of(CommandId id) const {
  const auto found = results_.find(id);
  return found == results_.end() ? std::nullopt : std::optional{found->second.state};
}

std::optional<CommandState> CommandDesk::state_of(CommandId id) const {
  const auto is_it = [&](const Open& open) { return open.command().id == id; };
  if (std::any_of(waiting_.begin(), waiting_.end(), is_it)) return CommandState::delivered;
  if (std::any_of(line_.begin(), line_.end(), is_it)) return CommandState::accepted;
  if (running_ && is_it(running_->open)) return CommandState::executing;
  return std::nullopt;
}

DeskMemory CommandDesk::memory() const {
  DeskMemory memory;
  const auto add = [&](const Open& open, CommandState state) {
    const CommandDelivery& delivery = *open.delivery;
    memory.open.push_back({delivery.command, delivery.bundle ? std::optional{*delivery.bundle} : std::nullopt,
                           delivery.artifact ? std::optional{*delivery.artifact} : std::nullopt, state});
  };
  if (running_ && !is_planted(Defect::intent_not_stored)) add(running_->open, CommandState::executing);
  for (const Open& open : line_) add(open, CommandState::accepted);
  for (const Open& open : waiting_) add(open, CommandState::delivered);
  for (const auto& [id, ended] : results_) memory.results.push_back({id, ended.state, ended.keep_until});
  for (const auto& [key, newest] : newest_)
    memory.newest.push_back({key, newest.epoch, newest.number, newest.keep_until});
  if (policy_ != nullptr) memory.policy = *policy_;
  memory.installed = installed_;
  return memory;
}

void CommandDesk::recall(const DeskMemory& memory, std::vector<DeskStep>& steps) {
  for (const auto& result : memory.results) results_[result.command] = {result.state, result.keep_until};
  for (const auto& newest : memory.newest)
    newest_[newest.key] = {newest.epoch, newest.number, newest.keep_until};
  installed_ = memory.installed;
  if (memory.policy) policy_ = std::make_shared<const PolicyBundle>(*memory.policy);
  for (const auto& one : memory.open) {
    CommandDelivery delivery{.command = one.command, .bundle = nullptr, .artifact = nullptr};
    if (one.bundle) delivery.bundle = std::make_shared<const PolicyBundle>(*one.bundle);
    if (one.artifact) delivery.artifact = std::make_shared<const ArtifactPublished>(*one.artifact);
    Open open = open_up(std::make_shared<const CommandDelivery>(std::move(delivery)));
    const bool was_begun = one.state == CommandState::executing;
    if (was_begun && one.command.delivery == DeliverySemantics::at_most_once)
      end(open, CommandState::indeterminate, "begun before a crash", steps);
    else
      (one.state == CommandState::accepted ? line_ : waiting_).push_back(std::move(open));
  }
}

}  // namespace ibcf
