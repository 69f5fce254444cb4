#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "hand_driver.hpp"
#include "mortal_store.hpp"

/// A master that died goes on from its log, and a node from what it keeps, as if nothing had happened: killed
/// at every boundary of a return and its replay.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// What must be the same however often somebody died on the way.
struct Ending {
  LifecycleState believed;
  ConnectivityMode felt{};
  BundleId bundle;
  RolloutState rollout{};
  std::map<CommandId, CommandState> commands;
  std::map<CommandId, std::size_t> effects;
  std::size_t assignments = 0;  ///< effects of the rollout's commands: each life of a master names its own
  bool at_rest = false;
  friend bool operator==(const Ending&, const Ending&) = default;
};

/// A node is cut off with commands under way, comes back with a backlog of several chunks, and gets what was
/// queued for it.
struct Return {
  HandDriver twin;
  MortalStore mortal{twin};
  const BundleId wanted = derive_id<BundleTag>("recover", 1, "bundle");
  std::vector<CommandId> ordered;

  Return() {
    twin.master_settings.chunk_bytes = 1000;
    twin.master_settings.replay_credit_bytes = 2000;
    twin.start(1);
    twin.run_until(at(5min));
    REQUIRE(twin.settle(0, 1min));
    twin.cut(0);
    twin.run_until(at(15min));
    twin.roll_out(wanted);
    ordered.push_back(twin.order(0).value());
    ordered.push_back(twin.order({.node = HandDriver::id_of(0),
                                  .home = {},
                                  .scope = {},
                                  .delivery = DeliverySemantics::at_most_once})
                          .value());
    twin.run_until(at(20min));
    REQUIRE(twin.agent().backlog_events() > 10);
  }

  Ending come_back() {
    twin.heal(0);
    twin.run_until(at(40min));
    Ending end;
    end.believed = twin.record().state;
    end.felt = twin.agent().mode();
    end.bundle = twin.agent().bundle();
    if (const Rollout* rollout = twin.master->rollouts().find(wanted)) end.rollout = rollout->state;
    for (const CommandId id : ordered) {
      const CommandRecord* record = twin.master->commands().find(id);
      REQUIRE(record != nullptr);
      end.commands[id] = record->state;
    }
    for (const Executed& one : twin.executed[0]) {
      const bool is_ours = std::find(ordered.begin(), ordered.end(), one.command) != ordered.end();
      ++(is_ours ? end.effects[one.command] : end.assignments);
    }
    // Wherever it stands between two snapshots, it rests soon.
    end.at_rest = twin.settle(0, 2min) && twin.is_stored_exactly_once(0);
    return end;
  }
};

/// The ending, but for a command at most once whose only copy died with its master or its node: nobody sends
/// another one (I-30), so it is not carried out, and expires.
Ending as_promised(const Return& session, Ending ending) {
  const CommandId once = session.ordered[1];
  if (ending.commands.at(once) != CommandState::sent || ending.effects.contains(once)) return ending;
  ending.commands[once] = CommandState::applied;
  ending.effects[once] = 1;
  return ending;
}

/// How the session went when nobody died, and how many boundaries it had.
struct Undisturbed {
  Ending ending;
  std::map<Role, std::size_t> boundaries;
  std::uint64_t first_append = 0, last_append = 0;
};

const Undisturbed& undisturbed() {
  static const Undisturbed whole = [] {
    Undisturbed result;
    Return session;
    result.first_append = session.mortal.appends + 1;
    bool is_over = false;
    session.twin.handled = [&](Endpoint who) {
      // To the verdict and half a minute beyond it: what waited for it is delivered and answered.
      if (session.twin.now > at(21min)) is_over = true;
      if (!is_over) ++result.boundaries[who.role], result.last_append = session.mortal.appends;
    };
    result.ending = session.come_back();
    return result;
  }();
  return whole;
}

}  // namespace

TEST_CASE("a return that nobody disturbs ends in contact, with each command carried out once", "[recover]") {
  const Undisturbed& whole = undisturbed();

  CHECK(whole.ending.at_rest);
  CHECK(is_in_contact(whole.ending.believed.mode.value()));
  CHECK(is_in_contact(whole.ending.felt));
  CHECK(whole.ending.bundle == derive_id<BundleTag>("recover", 1, "bundle"));
  CHECK(whole.ending.rollout == RolloutState::done);
  for (const auto& [id, state] : whole.ending.commands) CHECK(state == CommandState::applied);
  CHECK(whole.ending.effects.size() == 2);
  CHECK(whole.ending.assignments == 1);
  for (const auto& [id, times] : whole.ending.effects) CHECK(times == 1);
  CHECK(whole.boundaries.at(Role::master) > 15);
  CHECK(whole.boundaries.at(Role::node) > 15);
  CHECK(whole.last_append > whole.first_append + 15);
}

TEST_CASE(
    "a return whose master is killed at any message boundary ends as if nobody had died, and nothing runs "
    "twice",
    "[recover][return]") {
  const Undisturbed& whole = undisturbed();
  for (std::size_t k = 1; k <= whole.boundaries.at(Role::master); ++k) {
    Return session;
    std::size_t seen = 0;
    session.twin.handled = [&](Endpoint who) {
      if (who.role == Role::master && ++seen == k) session.twin.restart_master();
    };

    const Ending ending = session.come_back();

    INFO("killed behind message or timer " << k);
    REQUIRE(seen >= k);
    REQUIRE(ending.at_rest);
    CHECK(as_promised(session, ending) == whole.ending);
  }
}

TEST_CASE("a return whose master is killed behind any event it writes ends as if nobody had died",
          "[recover][return]") {
  const Undisturbed& whole = undisturbed();
  for (std::uint64_t k = whole.first_append; k <= whole.last_append; ++k) {
    Return session;
    session.mortal.dies_after = k;

    const Ending ending = session.come_back();

    INFO("killed behind append " << k << " of " << whole.first_append << ".." << whole.last_append);
    REQUIRE(session.mortal.deaths == 1);
    REQUIRE(ending.at_rest);
    CHECK(as_promised(session, ending) == whole.ending);
  }
}

TEST_CASE("a return whose node is killed at any message boundary ends as if nobody had died",
          "[recover][return]") {
  const Undisturbed& whole = undisturbed();
  for (std::size_t k = 1; k <= whole.boundaries.at(Role::node); ++k) {
    Return session;
    std::size_t seen = 0;
    session.twin.handled = [&](Endpoint who) {
      if (who.role == Role::node && ++seen == k) session.twin.reboot(0);
    };

    const Ending ending = session.come_back();

    INFO("rebooted behind message or timer " << k);
    REQUIRE(seen >= k);
    REQUIRE(ending.at_rest);
    CHECK(as_promised(session, ending) == whole.ending);
  }
}

TEST_CASE("I-42: a master that starts again does not reuse a session or a fencing token",
          "[recover][return]") {
  HandDriver twin;
  twin.start(1);
  for (int life = 1; life <= 4; ++life) {
    twin.run_for(5min);
    twin.cut(0);
    twin.run_for(10min);
    twin.heal(0);
    REQUIRE(twin.run_to([&] { return twin.record().lock.has_value(); }));
    if (life % 2 == 0) twin.restart_master();
    REQUIRE(twin.settle());
    twin.restart_master();
  }

  std::set<std::uint64_t> sessions, tokens;
  std::size_t count = 0;
  for (const Event& event : twin.events())
    if (event.type == EventType::replay_granted) {
      const auto granted = payload_of<ReplayGranted>(event).value();
      sessions.insert(granted.session);
      tokens.insert(granted.fencing_token);
      ++count;
    }
  CHECK(count >= 4);
  CHECK(sessions.size() == count);
  CHECK(tokens.size() == count);
  CHECK(twin.count(EventType::replay_verdict) == count);  // each goes on over the restart
}

TEST_CASE("a master that starts again knows what it knew", "[recover]") {
  Return session;
  session.come_back();
  HandDriver& twin = session.twin;
  const NodeRecord before = twin.record();
  const std::uint64_t term = *before.epoch;
  const auto commands = twin.master->commands().records();
  const auto vector = twin.master->replication().vector();
  const auto epoch = twin.master->epoch_for(twin.domain, twin.now);
  REQUIRE(epoch);

  twin.restart_master();

  const NodeRecord& after = twin.record();
  CHECK(after.state == before.state);
  CHECK(after.stored->marks == twin.agent().log().marks());
  CHECK(after.fencing_token == before.fencing_token);
  CHECK(after.settled_nonce == before.settled_nonce);
  CHECK(after.bundle == before.bundle);
  CHECK(after.last_verdict != nullptr);
  CHECK(*after.epoch == term);
  CHECK(twin.master->epoch_for(twin.domain, twin.now) == epoch);
  REQUIRE(twin.master->commands().records().size() == commands.size());
  for (const auto& [id, record] : commands) CHECK(twin.master->commands().find(id)->state == record.state);
  for (const StreamMark& mark : vector) {
    const auto now_held = twin.master->replication().vector();
    CHECK(std::find(now_held.begin(), now_held.end(), mark) != now_held.end());
  }
}

TEST_CASE("a log of an earlier life is taken up under a new incarnation only", "[recover]") {
  HandDriver twin;
  twin.start(1);
  Master again(twin.master_settings, twin.master_identity, twin.store, twin.verifier);

  CHECK_THROWS_WITH(again.recover(twin.inventory, twin.now), Catch::Contains("incarnation of its own"));
}
