#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "hand_driver.hpp"
#include "model/payloads.hpp"
#include "mortal_store.hpp"

namespace ibcf {

/// What must be the same however often somebody died on the way.
struct Ending {
  LifecycleState believed;
  ConnectivityMode felt{};
  BundleId bundle;
  RolloutState rollout{};
  std::map<CommandId, CommandState> commands;
  std::map<CommandId, std::size_t> effects;
  /// Of the rollout's commands, whose names each life of a master makes anew.
  std::size_t assignments = 0;
  /// Of what the node had written when it came back: what is stored, by stream, with its digest.
  std::map<StreamClass, std::set<std::pair<std::uint64_t, Digest>>> backlog;
  /// What the node said of each command, as it is stored.
  std::multiset<std::pair<CommandId, CommandState>> results;
  bool are_final = true;  ///< all commands
  bool is_at_rest = false;
  friend bool operator==(const Ending&, const Ending&) = default;
};

/// A node is cut off with commands waiting for it, comes back with a backlog of several chunks, and gets what
/// was held for it.
struct ReturningNode {
  HandDriver twin;
  MortalStore mortal{twin};
  const BundleId wanted = derive_id<BundleTag>("recover", 1, "bundle");
  std::vector<CommandId> ordered;  ///< the second one at most once
  StreamSeqs heads{};              ///< when it came back

  ReturningNode() {
    using namespace std::chrono_literals;
    twin.master_settings.chunk_bytes = 1000;
    twin.master_settings.replay_credit_bytes = 2000;
    twin.start(1);
    twin.run_until(at(5min));
    REQUIRE(twin.settle(0, 1min));
    twin.cut(0);
    twin.run_until(at(15min));
    twin.roll_out(wanted);
    for (const auto delivery : {DeliverySemantics::at_least_once, DeliverySemantics::at_most_once})
      ordered.push_back(
          twin.order({.node = HandDriver::id_of(0), .home = {}, .scope = {}, .delivery = delivery}).value());
    twin.run_until(at(20min));
    REQUIRE(twin.agent().backlog_events() > 10);
    heads = twin.agent().log().heads();
  }

  /// Nothing of the return is left to be done: held commands were released, carried out and answered.
  [[nodiscard]] bool is_over() const {
    const Rollout* rollout = twin.master->rollouts().find(wanted);
    return twin.is_settled() && rollout != nullptr && rollout->state == RolloutState::done &&
           twin.master->commands().open_of(HandDriver::id_of(0)).empty();
  }

  /// Long enough for every command's last moment to pass.
  Ending come_back() {
    using namespace std::chrono_literals;
    twin.heal(0);
    twin.run_until(at(80min));
    Ending end;
    end.is_at_rest = twin.settle(0, 2min) && twin.is_stored_exactly_once(0);
    end.believed = twin.record().state;
    end.felt = twin.agent().mode();
    end.bundle = twin.agent().bundle();
    if (const Rollout* rollout = twin.master->rollouts().find(wanted)) end.rollout = rollout->state;
    for (const CommandId id : ordered) {
      const CommandRecord* record = twin.master->commands().find(id);
      REQUIRE(record != nullptr);
      end.commands[id] = record->state;
      end.are_final = end.are_final && *twin.master->commands().is_final(id);
    }
    for (const Executed& one : twin.executed[0])
      ++(is_ours(one.command) ? end.effects[one.command] : end.assignments);
    for (const Event& event : twin.events()) see(event, end);
    return end;
  }

  /// The ending, but for the command at most once where its only copy died with its master or its node:
  /// nobody sends another one, so it is not carried out, and its end is that it expired (I-30, I-32).
  [[nodiscard]] Ending as_promised(Ending ending) const {
    const CommandId once = ordered[1];
    if (ending.commands.at(once) != CommandState::expired || ending.effects.contains(once)) return ending;
    ending.commands[once] = CommandState::applied;
    ending.effects[once] = 1;
    ending.results.emplace(once, CommandState::applied);
    return ending;
  }

 private:
  [[nodiscard]] bool is_ours(CommandId id) const {
    return std::find(ordered.begin(), ordered.end(), id) != ordered.end();
  }
  void see(const Event& event, Ending& end) const {
    if (event.origin != any(HandDriver::id_of(0))) return;
    if (event.seq <= heads[index_of(event.stream)])
      end.backlog[event.stream].emplace(event.seq, chain_value_of(encode(event)));
    if (event.type != EventType::command_result) return;
    const auto result = payload_of<CommandResult>(event);
    if (is_ours(result->command_id)) end.results.emplace(result->command_id, result->state);
  }
};

}  // namespace ibcf
