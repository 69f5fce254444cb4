#include <map>
#include <set>

#include "controlplane/seal.hpp"
#include "fleet_driver.hpp"
#include "model/payloads.hpp"

/// A region's master is lost for good in the middle of a replay, with its log, and GLOBAL finishes the
/// return: at every message boundary of it.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t global = 0, region = 1;

/// What must be the same whoever was lost on the way.
struct Ending {
  Phase phase{};
  bool in_contact = false;
  bool is_settled = false;  ///< node and home hold the same log to its end
  bool is_whole = true;     ///< every event of the node is in GLOBAL's store once, with the bytes it wrote
  std::vector<std::size_t> effects;  ///< by order
  friend bool operator==(const Ending&, const Ending&) = default;
};

/// Node 1 is home at the region's master. It is cut off, orders are held for it, and it comes back with a
/// backlog of several chunks.
struct Replay {
  static constexpr std::uint32_t node = 1;
  FleetDriver fleet;
  std::vector<CommandId> ordered;
  bool is_cut = false;

  Replay() {
    fleet.agent_settings.snapshot = 1min;
    fleet.agent_settings.snapshot_body_bytes = 100;
    for (std::uint32_t i = 0; i < 2; ++i) {
      auto& seat = fleet.add_master();
      seat.settings.chunk_bytes = 1000;
      seat.settings.replay_credit_bytes = 2000;
    }
    fleet.passes = [this](const Packet& packet) {
      const bool is_about_it =
          packet.from == Endpoint{Role::node, node} || packet.to == Endpoint{Role::node, node};
      return !(is_cut && is_about_it);
    };
    fleet.start(2, 1);
    fleet.run_until(at(5min));
    is_cut = true;
    fleet.run_until(at(15min));
    for (const auto delivery : {DeliverySemantics::at_least_once, DeliverySemantics::at_most_once}) {
      const auto id = fleet.let(region, [&](Master& master, Instant now, Outbox& out) {
        return master.issue({.node = FleetDriver::node_id(node),
                             .home = {Role::master, region},
                             .scope = FleetDriver::domain_id(region),
                             .valid_for = 1h,
                             .delivery = delivery},
                            now, out);
      });
      REQUIRE(id);
      ordered.push_back(*id);
    }
    fleet.run_until(at(20min));
    REQUIRE(fleet.agent(node).backlog_events() > 10);
    is_cut = false;
  }

  void take_over() {
    fleet.let(global, [&](Master& master, Instant now, Outbox& out) {
      master.order_handover(FleetDriver::domain_id(region), fleet.peer(global, false), now, out);
      return true;
    });
    REQUIRE(fleet.run_to([&] {
      return fleet.master(global).epoch_for(FleetDriver::domain_id(region), fleet.local(global)).has_value();
    }));
    REQUIRE(fleet.let(global, [&](Master& master, Instant now, Outbox& out) {
      return master.adopt({fleet.enrolment_of(node)}, now, out);
    }));
    fleet.nodes[node].adopted_by = global;
  }

  /// GLOBAL's book has one final state for the command, that of what the node did with it.
  [[nodiscard]] bool is_told_as_it_was(CommandId id) const {
    const CommandBook& book = fleet.master(global).commands();
    const CommandRecord* record = book.find(id);
    if (record == nullptr) return false;
    const auto& executed = fleet.nodes[node].executed;
    const bool ran =
        std::any_of(executed.begin(), executed.end(), [&](const Executed& one) { return one.command == id; });
    const CommandState state = record->state;
    return *book.is_final(id) &&
           ran == (state == CommandState::applied || state == CommandState::applied_late);
  }

  [[nodiscard]] const NodeRecord& record(std::uint32_t home) const {
    return *fleet.master(home).find_node(FleetDriver::node_id(node));
  }

  Ending ending(std::uint32_t home) {
    fleet.run_until(at(80min));  // every command's last moment is over
    Ending end;
    end.is_settled = fleet.run_to(
        [&] {
          const NodeLog& log = fleet.agent(node).log();
          return is_in_contact(fleet.agent(node).mode()) && record(home).is_in_contact() &&
                 record(home).stored->marks == log.heads() && log.marks() == log.heads();
        },
        5min);
    if (home != global) fleet.run_for(30s);  // copies
    end.phase = record(home).state.phase.value();
    end.in_contact = is_in_contact(fleet.agent(node).mode());
    see_log(end);
    // By order: one that was ordered again in the new term counts for the first.
    std::map<DeliverySemantics, std::size_t> effects;
    std::map<CommandId, DeliverySemantics> kinds;
    for (const Event& event : fleet.events(global, EventType::command_issued)) {
      const Command command = payload_of<CommandIssued>(event)->command;
      kinds[command.id] = command.delivery;
    }
    for (const Executed& one : fleet.nodes[node].executed) ++effects[kinds.at(one.command)];
    for (const auto& [kind, times] : effects) end.effects.push_back(times);
    return end;
  }

 private:
  void see_log(Ending& end) const {
    PerStream<std::set<std::uint64_t>> stored;
    for (const Event& event : fleet.events(global)) {
      if (event.origin != any(FleetDriver::node_id(node))) continue;
      const auto& written = fleet.nodes[node].written[index_of(event.stream)];
      const bool is_same =
          event.seq <= written.size() && chain_value_of(encode(event)) == written[event.seq - 1];
      end.is_whole = end.is_whole && is_same && stored[index_of(event.stream)].insert(event.seq).second;
    }
    for (const StreamClass stream : all_streams) {
      const auto& seqs = stored[index_of(stream)];
      end.is_whole = end.is_whole && (seqs.empty() || *seqs.rbegin() == seqs.size());
      end.is_whole = end.is_whole && seqs.size() + 2 >= fleet.nodes[node].written[index_of(stream)].size();
    }
  }
};

struct Undisturbed {
  Ending ending;
  std::size_t boundaries =
      0;  ///< at the region's master, from the first Hello to the last held command's end
};

const Undisturbed& undisturbed() {
  static const Undisturbed whole = [] {
    Undisturbed result;
    Replay session;
    bool is_over = false;
    session.fleet.handled = [&](Endpoint who) {
      const auto& commands = session.fleet.master(region).commands();
      result.boundaries += !is_over && who == Endpoint{Role::master, region} ? 1 : 0;
      is_over = is_over || (session.record(region).is_in_contact() &&
                            commands.open_of(FleetDriver::node_id(Replay::node)).empty());
    };
    result.ending = session.ending(region);
    return result;
  }();
  return whole;
}

}  // namespace

TEST_CASE("a return in a region that loses nobody ends in contact, and each order took effect once",
          "[failover]") {
  const Undisturbed& whole = undisturbed();

  CHECK(whole.ending.phase == Phase::active);
  CHECK(whole.ending.in_contact);
  CHECK(whole.ending.is_settled);
  CHECK(whole.ending.is_whole);
  CHECK(whole.ending.effects == std::vector<std::size_t>{1, 1});
  CHECK(whole.boundaries > 15);
}

TEST_CASE(
    "a replay whose master is lost for good at any message boundary is finished by the one that takes the "
    "scope over by EXPIRY, with nothing lost and nothing run twice (I-7, I-30, I-42)",
    "[failover][return]") {
  const Undisturbed& whole = undisturbed();
  std::size_t resumed = 0;
  for (std::size_t k = 1; k <= whole.boundaries; ++k) {
    Replay session;
    FleetDriver& fleet = session.fleet;
    std::size_t seen = 0;
    fleet.handled = [&](Endpoint who) {
      if (who == Endpoint{Role::master, region} && ++seen == k) fleet.lose_for_good(region);
    };
    REQUIRE(fleet.run_to([&] { return seen >= k; }));

    session.take_over();
    const Ending ending = session.ending(global);

    INFO("lost at boundary " << k << " of " << whole.boundaries);
    CHECK(ending.is_settled);
    CHECK(ending.is_whole);
    CHECK(ending.effects == whole.ending.effects);
    CHECK(ending == whole.ending);
    std::set<std::pair<std::uint64_t, GrantReason>> terms;
    for (const Event& event : fleet.events(global, EventType::authority_granted))
      if (const auto grant = payload_of<AuthorityGranted>(event)->grant;
          grant.scope == FleetDriver::domain_id(region))
        terms.emplace(grant.epoch, grant.reason);
    CHECK(terms.contains({2, GrantReason::expiry}));
    CHECK(terms.rbegin()->first == 2);
    std::uint64_t before = 0;
    for (const Event& event : fleet.events(global, EventType::replay_granted)) {
      const auto granted = *payload_of<ReplayGranted>(event);
      CHECK(granted.fencing_token > before);
      before = granted.fencing_token;
      if (event.origin == any(FleetDriver::master_id(global))) resumed += sum_of(granted.marks) > 0 ? 1 : 0;
    }
    for (const CommandId id : session.ordered) CHECK(session.is_told_as_it_was(id));
  }
  CHECK(resumed > whole.boundaries / 2);
}

TEST_CASE("nodes are adopted only under the authority of their scope, and not twice",
          "[failover][authority]") {
  Replay session;
  FleetDriver& fleet = session.fleet;
  const auto adopt = [&](Master& master, Instant now, Outbox& out) {
    return master.adopt({fleet.enrolment_of(Replay::node)}, now, out);
  };
  CHECK_FALSE(fleet.let(global, adopt));

  fleet.lose_for_good(region);
  session.take_over();

  CHECK_FALSE(fleet.let(global, adopt));
}

TEST_CASE("a node follows no master of an older term, and none that does not know its secret",
          "[failover][trust]") {
  Replay session;
  FleetDriver& fleet = session.fleet;
  fleet.lose_for_good(region);
  session.take_over();
  REQUIRE(fleet.run_to([&] { return is_in_contact(fleet.agent(Replay::node).mode()); }));
  const auto claim = [&](std::uint64_t epoch, const LinkSecret& secret) {
    const Message message = NewHome{FleetDriver::domain_id(region), epoch};
    fleet.give({{Role::master, region}, {Role::node, Replay::node}, message, seal_of(secret, message)});
    return fleet.agent(Replay::node).identity().master.index;
  };

  CHECK(claim(2, FleetDriver::secret_of(Replay::node)) == global);
  CHECK(claim(1, FleetDriver::secret_of(Replay::node)) == global);
  CHECK(claim(9, FleetDriver::secret_of(7)) == global);
  CHECK(claim(3, FleetDriver::secret_of(Replay::node)) == region);
}

TEST_CASE("a node remembers its new home over a reboot", "[failover]") {
  Replay session;
  FleetDriver& fleet = session.fleet;
  fleet.lose_for_good(region);
  session.take_over();
  REQUIRE(fleet.run_to([&] { return is_in_contact(fleet.agent(Replay::node).mode()); }));
  const Bytes kept = encode(fleet.agent(Replay::node).durable());

  Outbox out;
  fleet.agent(Replay::node).wake_up(*decode<AgentState>(kept), true, fleet.now, out);

  CHECK(fleet.agent(Replay::node).identity().master == Endpoint{Role::master, global});
}

TEST_CASE("a master that took nodes over and dies goes on with them from its log", "[failover][recover]") {
  const Undisturbed& whole = undisturbed();
  for (std::size_t k = whole.boundaries / 3; k <= whole.boundaries; k += 2) {
    Replay session;
    FleetDriver& fleet = session.fleet;
    std::size_t seen = 0;
    fleet.handled = [&](Endpoint who) {
      if (who == Endpoint{Role::master, region} && ++seen == k) fleet.lose_for_good(region);
    };
    REQUIRE(fleet.run_to([&] { return seen >= k; }));
    session.take_over();
    REQUIRE(fleet.run_to([&] { return session.record(global).is_in_contact(); }));
    fleet.run_for(30s);
    const NodeRecord before = session.record(global);
    const StreamSeqs marks = before.stored->marks;

    fleet.restart(global);

    INFO("lost at boundary " << k);
    CHECK(session.record(global).state == before.state);
    CHECK(session.record(global).stored->marks == marks);
    CHECK(session.record(global).fencing_token == before.fencing_token);
    CHECK(session.ending(global) == whole.ending);
  }
}

namespace {

/// GLOBAL rolls a bundle out to all; the region brings it to one node of its two, for the other is away.
struct HalfRolledOut {
  static constexpr std::uint32_t near = 2, away = 3;
  FleetDriver fleet;
  const BundleId wanted = derive_id<BundleTag>("failover", 1, "bundle");
  bool is_cut = false;

  HalfRolledOut() {
    fleet.agent_settings.snapshot = 1min;
    fleet.agent_settings.snapshot_body_bytes = 100;
    fleet.passes = [this](const Packet& packet) {
      const Endpoint node{Role::node, away};
      return !(is_cut && (packet.from == node || packet.to == node));
    };
    fleet.start(2, 2);
    fleet.run_until(at(5min));
    is_cut = true;
    fleet.run_until(at(10min));
    RolloutOrder order;
    order.bundle.id = wanted;
    order.bundle.name = "baseline";
    order.bundle.version = "1.0.0";
    order.bundle.release = 1;
    order.bundle.objects["service"].value = exact_value("on");
    order.waves = {1};
    fleet.let(global, [&](Master& master, Instant now, Outbox& out) {
      master.order_rollout(order, now, out);
      return true;
    });
    fleet.run_until(at(15min));
    REQUIRE(fleet.agent(near).bundle() == wanted);
  }
  /// GLOBAL takes over the nodes of the region, which is lost.
  void take_over() {
    fleet.lose_for_good(region);
    fleet.let(global, [&](Master& master, Instant now, Outbox& out) {
      master.order_handover(FleetDriver::domain_id(region), fleet.peer(global, false), now, out);
      return true;
    });
    REQUIRE(fleet.run_to([&] {
      return fleet.master(global).epoch_for(FleetDriver::domain_id(region), fleet.local(global)).has_value();
    }));
    REQUIRE(fleet.let(global, [&](Master& master, Instant now, Outbox& out) {
      return master.adopt({fleet.enrolment_of(near), fleet.enrolment_of(away)}, now, out);
    }));
    fleet.nodes[near].adopted_by = fleet.nodes[away].adopted_by = global;
  }
  [[nodiscard]] const Rollout& rollout() const { return *fleet.master(global).rollouts().find(wanted); }
};

}  // namespace

TEST_CASE("what is left of a lost master's rollouts goes on with who takes its nodes over",
          "[failover][rollout]") {
  HalfRolledOut half;
  FleetDriver& fleet = half.fleet;
  CHECK(half.rollout().state == RolloutState::done);
  CHECK(half.rollout().targets == 2);

  half.take_over();
  if (GENERATE(false, true)) fleet.restart(global);
  fleet.run_for(5min);
  CHECK(half.rollout().state == RolloutState::advancing);
  CHECK(half.rollout().targets == 3);  // the node that has it already is not ordered anything again
  CHECK(fleet.agent(HalfRolledOut::away).bundle().is_nil());
  half.is_cut = false;
  REQUIRE(fleet.run_to([&] { return fleet.agent(HalfRolledOut::away).bundle() == half.wanted; }));
  fleet.run_for(3min);

  CHECK(half.rollout().state == RolloutState::done);
  CHECK(half.rollout().applied == 3);
  std::map<AnyId, std::size_t> ordered;
  for (const Event& event : fleet.events(global, EventType::command_issued)) ++ordered[event.subject];
  CHECK(ordered[any(FleetDriver::node_id(HalfRolledOut::near))] == 1);
  CHECK(ordered[any(FleetDriver::node_id(HalfRolledOut::away))] == 1);
  CHECK(fleet.view(global)->rollouts().status(half.wanted)->applied >= 3);
}

TEST_CASE("a lost master's rollout that was halted, or that a newer one replaced, does not go on",
          "[failover][rollout]") {
  HalfRolledOut half;
  FleetDriver& fleet = half.fleet;
  const bool is_halted = GENERATE(true, false);
  RolloutOrder newer;
  newer.bundle.id = derive_id<BundleTag>("failover", 1, "newer");
  newer.bundle.name = "baseline";
  newer.bundle.version = "1.1.0";
  newer.bundle.release = 2;
  newer.bundle.objects["service"].value = exact_value("off");
  newer.waves = {1};
  const auto order_newer = [&] {
    fleet.let(global, [&](Master& master, Instant now, Outbox& out) {
      master.order_rollout(newer, now, out);
      return true;
    });
  };
  if (is_halted) {
    fleet.let(region, [&](Master& master, Instant now, Outbox& out) {
      master.halt_rollout(half.wanted, "an operator's order", now, out);
      return true;
    });
  } else {
    fleet.cut(global, region);
    order_newer();
  }
  fleet.run_for(2min);
  half.take_over();
  half.is_cut = false;
  fleet.run_for(10min);

  CHECK(half.rollout().targets == 2);
  CHECK(fleet.agent(HalfRolledOut::away).bundle().is_nil());
  if (is_halted) return;
  order_newer();  // which did not reach the region: ordered again, it takes in who has come since
  fleet.run_for(5min);
  CHECK(fleet.agent(HalfRolledOut::away).bundle() == newer.bundle.id);
  CHECK(fleet.agent(HalfRolledOut::near).bundle() == newer.bundle.id);
}
