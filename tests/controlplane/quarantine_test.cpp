#include "hand_driver.hpp"
#include "model/payloads.hpp"

/// What a node that cannot be trusted still gets.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// The node's next event as it would write it, but for what `change` makes of it.
LogEntry next_entry(const HandDriver& twin, const std::function<void(Event&)>& change) {
  Event event;
  event.origin = any(HandDriver::id_of(0));
  event.subject = event.origin;
  event.seq = twin.mark(StreamClass::control) + 1;
  event.type = EventType::local_decision;
  event.prev = twin.record().stored->streams[index_of(StreamClass::control)].value;
  event.payload = encode(LocalDecision{});
  change(event);
  return {.first = event.seq, .last = event.seq, .packed = encode(event), .body_bytes = 0};
}

Message live_chunk(LogEntry entry) {
  Chunk chunk{};
  chunk.origin = HandDriver::id_of(0);
  chunk.first = entry.first;
  chunk.last = entry.last;
  chunk.entries = {std::move(entry)};
  chunk.digest = digest_of(chunk.entries);
  return std::make_shared<const Chunk>(std::move(chunk));
}

void live_for_five_minutes(HandDriver& twin) {
  twin.start(1);
  twin.run_until(at(5min));
  REQUIRE(twin.settle(0, 1min));
}

void be_quarantined(HandDriver& twin) {
  twin.to_master(0, live_chunk(next_entry(twin, [](Event& event) { event.prev.bytes[0] ^= 1; })));
  REQUIRE(twin.record().state.phase == Phase::quarantined);
}

}  // namespace

TEST_CASE("a live chunk that does not fit its node's log leaves a trust violation and quarantines the node",
          "[trust][quarantine]") {
  HandDriver twin;
  live_for_five_minutes(twin);
  const auto marks = twin.marks();
  std::string reason = "malformed chunk";
  LogEntry entry;

  SECTION("a broken chain") {
    entry = next_entry(twin, [](Event& event) { event.prev.bytes[0] ^= 1; });
    reason = "broken chain";
  }
  SECTION("an event of somebody else") {
    entry = next_entry(twin, [](Event& event) {
      event.origin = any(HandDriver::id_of(7));
      event.seq = 1;
      event.prev = {};
    });
  }
  twin.to_master(0, live_chunk(entry));

  const Event last = twin.events().back();
  REQUIRE(last.type == EventType::trust_violation);
  const auto step = payload_of<LifecycleStep>(last);
  CHECK(step->arrow == "A32");
  CHECK(step->reason == reason + " in contact, after event " +
                            std::to_string(marks[index_of(StreamClass::control)]) + " of CONTROL");
  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK(twin.marks() == marks);
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("a live chunk that comes before the one it follows is kept ahead, and no violation",
          "[trust][quarantine]") {
  HandDriver twin;
  live_for_five_minutes(twin);
  const auto size = twin.store.size();
  const auto marks = twin.marks();

  twin.to_master(0, live_chunk(next_entry(twin, [](Event& event) {
                   ++event.seq;
                   event.prev.bytes[0] ^= 1;
                 })));

  CHECK(twin.store.size() == size + 1);
  CHECK(twin.marks() == marks);
  CHECK(twin.record().state.phase == Phase::active);
}

TEST_CASE("a broken chain that arrives live in the middle of a replay ends the replay with a violation",
          "[trust][quarantine]") {
  HandDriver twin;
  live_for_five_minutes(twin);
  twin.cut(0);
  twin.run_until(at(20min));
  twin.on_the_way = [](const HandDriver::Hop& hop, Packet& packet) {
    return hop.upwards && std::holds_alternative<Shared<Chunk>>(packet.message) ? 0 : 1;
  };
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return twin.record().lock.has_value(); }));

  be_quarantined(twin);

  const Event last = twin.events().back();
  REQUIRE(last.type == EventType::replay_verdict);
  CHECK(payload_of<ReplayVerdict>(last)->kind == VerdictKind::violation);
  CHECK_FALSE(twin.record().lock);
}

TEST_CASE("I-36: a quarantined node's Hello is put off: no replay is granted, and no command reaches it",
          "[trust][quarantine]") {
  HandDriver twin;
  live_for_five_minutes(twin);
  be_quarantined(twin);
  const auto marks = twin.marks();
  const auto command = twin.order(0);
  twin.cut(0);
  twin.run_until(at(20min));
  twin.heal(0);
  twin.run_for(2h);

  CHECK(twin.master->counters().replays_granted == 0);
  CHECK(twin.master->counters().deferred > 5);
  CHECK(twin.marks() == marks);
  CHECK(twin.agent().mode() == ConnectivityMode::returning);
  CHECK(twin.agent().backlog_events() > 100);  // it keeps its evidence
  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK(twin.executed[0].empty());
  CHECK(twin.steps_of(*command) == std::vector<CommandState>{CommandState::held, CommandState::expired});
}

TEST_CASE("I-45: remediation lets a quarantined node be reconciled once (A38), and it stays quarantined",
          "[trust][quarantine]") {
  HandDriver twin;
  live_for_five_minutes(twin);
  CHECK_FALSE(twin.master->re_reconcile(HandDriver::id_of(0), "nothing is wrong with it", twin.now));
  be_quarantined(twin);
  twin.cut(0);
  twin.run_until(at(20min));
  twin.heal(0);
  twin.run_for(30min);
  REQUIRE(twin.master->counters().replays_granted == 0);

  CHECK(twin.master->re_reconcile(HandDriver::id_of(0), "looked at by hand", twin.now));
  CHECK_FALSE(twin.master->re_reconcile(HandDriver::id_of(0), "again", twin.now));
  CHECK_FALSE(twin.master->re_reconcile(HandDriver::id_of(9), "who is this", twin.now));
  REQUIRE(twin.run_to([&] { return twin.master->counters().verdicts_clean == 1; }));

  CHECK(twin.count(EventType::remediation_re_reconcile) == 1);
  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.record().state.phase == Phase::quarantined);
  twin.cut(0);
  twin.run_for(15min);
  twin.heal(0);
  twin.run_for(30min);
  CHECK(twin.master->counters().replays_granted == 1);  // the next return is put off again
}
