#include <algorithm>
#include <set>

#include "hand_driver.hpp"
#include "model/payloads.hpp"
#include "mortal_store.hpp"
#include "planted_defect.hpp"
#include "returning_node.hpp"

/// A master that starts again, and what might come of it that went on before.
using namespace ibcf;
using namespace std::chrono_literals;

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
  ReturningNode session;
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

TEST_CASE("a Hello that comes again over a restart, after no replay was needed, is no new one", "[recover]") {
  HandDriver twin;
  twin.agent_settings.autonomy = twin.master_settings.autonomy =
      Duration::zero();  // it decides nothing alone
  twin.agent_settings.snapshot = 10min;
  twin.start(1);
  twin.run_until(at(11min));
  REQUIRE(twin.settle(0, 1min));
  std::optional<Packet> hello;
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    if (hop.upwards && std::holds_alternative<Shared<Hello>>(packet.message)) hello = packet;
    return 1;
  };
  twin.cut(0);
  twin.run_until(at(15min));
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return twin.count(EventType::replay_not_needed) == 1; }));
  twin.run_until(at(25min));  // it writes on, in contact
  const LifecycleState before = twin.record().state;
  REQUIRE(twin.stored() > sum_of({}));
  const std::uint64_t size = twin.store.size();

  twin.restart_master();
  twin.give({Role::master, 0}, *hello);

  CHECK(twin.record().state == before);
  CHECK(twin.store.size() == size);
  CHECK(twin.master->counters().stale == 1);
}

TEST_CASE(
    "of two commands of one key the older is superseded though its master died right behind the newer one's "
    "event (I-35)",
    "[recover][command]") {
  HandDriver twin;
  MortalStore mortal(twin);
  twin.start(1);
  twin.run_until(at(5min));
  twin.cut(0);
  twin.run_until(at(10min));
  const CommandOrder order{
      .node = HandDriver::id_of(0), .home = {}, .scope = {}, .valid_for = 2h, .coalesce_key = "service"};
  const auto older = twin.order(order);
  REQUIRE(older);
  mortal.dies_after = mortal.appends + 1;
  mortal.dies_at_orders = true;
  CHECK_THROWS_AS(twin.order(order), HandDriver::Killed);
  mortal.dies_at_orders = false;

  twin.restart_master();

  CHECK(twin.master->commands().find(*older)->state == CommandState::superseded);
  REQUIRE(twin.master->commands().open_of(HandDriver::id_of(0)).size() == 1);
  const CommandId newer = twin.master->commands().open_of(HandDriver::id_of(0)).front();
  twin.heal(0);
  twin.run_until(at(30min));
  CHECK(twin.master->commands().find(newer)->state == CommandState::applied);
  REQUIRE(twin.executed[0].size() == 1);
  CHECK(twin.executed[0].front().command == newer);
}

TEST_CASE("a cancel whose master died behind its event still cancels what was not sent",
          "[recover][command]") {
  HandDriver twin;
  MortalStore mortal(twin);
  twin.start(1);
  twin.run_until(at(5min));
  twin.cut(0);
  twin.run_until(at(10min));
  const auto target = twin.order(0);
  REQUIRE(target);
  mortal.dies_after = mortal.appends + 1;
  mortal.dies_at_orders = true;
  CHECK_THROWS_AS(twin.order({.node = HandDriver::id_of(0),
                              .home = {},
                              .scope = {},
                              .kind = CommandKind::cancel,
                              .argument = text_of(*target)}),
                  HandDriver::Killed);
  mortal.dies_at_orders = false;

  twin.restart_master();

  CHECK(twin.master->commands().find(*target)->state == CommandState::cancelled);
}

namespace {

/// Whether a return is stored exactly once whose master started again behind a chunk that it had stored and
/// the node had not heard so.
bool is_stored_once_over_a_restart() {
  HandDriver twin;
  twin.agent_settings.chunk_bytes = twin.master_settings.chunk_bytes = 1000;
  twin.start(1);
  twin.run_until(at(5min));
  REQUIRE(twin.settle());
  twin.cut(0);
  twin.run_until(at(20min));
  twin.on_the_way = [](const HandDriver::Hop&, Packet& packet) {
    return std::holds_alternative<ChunkAck>(packet.message) ? 0 : 1;
  };
  const std::uint64_t before = twin.stored();
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return twin.stored() > before; }));
  twin.restart_master();
  twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
  twin.run_for(30min);
  return twin.is_stored_exactly_once();
}

}  // namespace

TEST_CASE("I-4: a master that starts again stores nothing twice", "[recover]") {
  CHECK(is_stored_once_over_a_restart());
}

TEST_CASE("planted: a master that forgot at its restart what it has stored stores it again",
          "[recover][defect]") {
  const Planted planted(Defect::dedupe_forgotten);
  CHECK_FALSE(is_stored_once_over_a_restart());
}
