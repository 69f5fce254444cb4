#include "hand_driver.hpp"
#include "planted_defect.hpp"

/// What a node keeps over a reboot, and what a backup must not bring back.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

void live_then_cut(HandDriver& twin) {
  twin.master_settings.chunk_bytes = 1000;
  twin.master_settings.replay_credit_bytes = 2000;
  twin.start(1);
  twin.run_until(at(5min));
  REQUIRE(twin.settle(0, 1min));
  twin.cut(0);
  twin.run_until(at(20min));
}

std::uint64_t epoch_after_reboot() {
  HandDriver twin;
  twin.start(1);
  twin.run_until(at(5min));
  twin.to_node(0, EpochNotice{twin.domain, 7});
  REQUIRE(twin.agent().max_epoch_seen() == 7);
  twin.cut(0);
  twin.reboot(0);
  return twin.agent().max_epoch_seen();
}

}  // namespace

TEST_CASE("I-22: max_epoch_seen does not fall, not even over a reboot", "[reboot]") {
  CHECK(epoch_after_reboot() == 7);
}

TEST_CASE("planted: a highest epoch that is not durable falls over a reboot", "[reboot][defect]") {
  const Planted planted(Defect::epoch_not_durable);
  CHECK(epoch_after_reboot() == 0);
}

TEST_CASE("what a node keeps over a reboot is the same after it was packed", "[reboot]") {
  HandDriver twin;
  live_then_cut(twin);
  const AgentState kept = twin.agent().durable();

  const auto unpacked = decode<AgentState>(encode(kept));

  REQUIRE(unpacked);
  CHECK(*unpacked == kept);
  CHECK(NodeLog(kept.log).memory() == kept.log);
  CHECK(NodeLog(kept.log).backlog_bytes() == twin.agent().log().backlog_bytes());
}

TEST_CASE("a node that reboots while it is cut off brings back all that it wrote, and says that it rebooted",
          "[reboot][return]") {
  HandDriver twin;
  live_then_cut(twin);
  const std::uint64_t backlog = twin.agent().backlog_events();
  REQUIRE(backlog > 10);
  twin.reboot(0);
  CHECK(twin.agent().backlog_events() == backlog + 1);

  twin.heal(0);
  REQUIRE(twin.settle());

  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.count(EventType::node_rebooted) == 1);
  CHECK(twin.master->counters().verdicts_not_clean == 0);
}

TEST_CASE("a node that reboots at any message of its replay ends with everything stored once",
          "[reboot][return]") {
  for (const bool before : {true, false}) {
    std::size_t messages = 1;  // the first round reboots at none and counts
    for (std::size_t at_message = 0; at_message <= messages; ++at_message) {
      HandDriver twin;
      live_then_cut(twin);
      std::size_t seen = 0;
      twin.on_the_way = [&](const HandDriver::Hop& hop, Packet&) {
        if (hop.to.role != Role::node || ++seen != at_message) return 1;
        twin.at(twin.now + (before ? 5ms : 15ms), [&twin] { twin.reboot(0); });  // it arrives after 10 ms
        return 1;
      };
      twin.heal(0);
      INFO("reboot " << (before ? "before" : "after") << " message " << at_message);

      REQUIRE(twin.settle());

      CHECK(twin.is_stored_exactly_once());
      CHECK(twin.master->counters().verdicts_not_clean == 0);
      if (at_message == 0) messages = seen;
    }
    CHECK(messages >= 5);
  }
}

TEST_CASE("A26: a node restored from an old backup is found out, and quarantined rather than believed",
          "[reboot][trust]") {
  HandDriver twin;
  twin.start(1);
  twin.run_until(at(5min));
  REQUIRE(twin.settle(0, 1min));
  const AgentState backup = twin.agent().durable();
  twin.run_until(at(15min));
  REQUIRE(twin.settle(0, 1min));
  const StreamSeqs marks = twin.marks();

  twin.restore(0, backup);
  REQUIRE(twin.run_to([&] { return twin.record().state.phase == Phase::quarantined; }));

  CHECK(twin.count(EventType::sync_gap_detected) >= 1);
  CHECK(twin.count(EventType::conn_identity_rejected) >= 1);
  CHECK(twin.marks() == marks);
}

TEST_CASE("a node cannot move another node's marks with an event under the other's name", "[return][trust]") {
  HandDriver twin;
  twin.start(2);
  twin.run_until(at(5min));
  REQUIRE(twin.settle(0, 1min));
  REQUIRE(twin.settle(1, 1min));
  const StreamSeqs marks = twin.marks(1);
  Event event;
  event.origin = any(HandDriver::id_of(1));
  event.stream = StreamClass::history;
  event.seq = 1;
  event.payload = encode(Observation{});
  Chunk chunk{};
  chunk.origin = HandDriver::id_of(0);
  chunk.stream = StreamClass::history;
  chunk.first = chunk.last = 1;
  chunk.entries.push_back({1, 1, encode(event), 0});
  chunk.digest = digest_of(chunk.entries);

  twin.to_master(0, std::make_shared<const Chunk>(chunk));

  CHECK(twin.marks(1) == marks);
}

TEST_CASE("a node that was told that it is QUARANTINED reboots, and neither trusts itself nor falls over",
          "[reboot][quarantine]") {
  HandDriver twin;
  live_then_cut(twin);
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return twin.agent().mode() == ConnectivityMode::replaying; }));
  twin.to_node(
      0, std::make_shared<const Verdict>(Verdict{
             .session = twin.record().lock->session, .kind = VerdictKind::violation, .marks = twin.marks()}));
  REQUIRE(twin.agent().durable().is_quarantined);

  twin.reboot(0);
  twin.run_for(30min);

  CHECK(twin.agent().durable().is_quarantined);
  CHECK(twin.settle(0, 1min));
}
