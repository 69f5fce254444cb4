#include "hand_driver.hpp"
#include "model/payloads.hpp"

/// The ways out of quarantine, and out of the fleet.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// A node that somebody forged a chunk of: its own log is good.
struct Framed {
  HandDriver twin;

  Framed() {
    twin.start(1);
    twin.run_until(at(5min));
    REQUIRE(twin.settle(0, 1min));
  }
  void be_framed() {
    Event event;
    event.origin = event.subject = any(HandDriver::id_of(0));
    event.seq = twin.mark(StreamClass::control) + 1;
    event.type = EventType::local_decision;
    event.prev.bytes[0] = 1;
    event.payload = encode(LocalDecision{});
    Chunk chunk{};
    chunk.origin = HandDriver::id_of(0);
    chunk.first = chunk.last = event.seq;
    chunk.entries = {{event.seq, event.seq, encode(event), 0}};
    chunk.digest = digest_of(chunk.entries);
    twin.to_master(0, std::make_shared<const Chunk>(std::move(chunk)));
    REQUIRE(phase() == Phase::quarantined);
  }
  [[nodiscard]] Phase phase() const { return *twin.record().state.phase; }
  /// The arrows taken since an event of the log.
  [[nodiscard]] std::vector<std::string> arrows(std::size_t since) const {
    std::vector<std::string> all;
    const auto events = twin.events();
    for (std::size_t i = since; i < events.size(); ++i) {
      const Event& event = events[i];
      if (event.subject != any(HandDriver::id_of(0)) || event.origin == event.subject) continue;
      if (event.type == EventType::replay_granted) all.push_back(payload_of<ReplayGranted>(event)->arrow);
      if (event.type == EventType::replay_verdict) all.push_back(payload_of<ReplayVerdict>(event)->arrow);
      if (event.type > EventType::node_reincarnated || event.type == EventType::replay_granted ||
          event.type == EventType::replay_chunk_acked || event.type == EventType::replay_verdict ||
          event.type <= EventType::node_enrolled)
        continue;
      all.push_back(payload_of<LifecycleStep>(event)->arrow);
    }
    return all;
  }
  Enrolment next_life() {
    Digest secret;
    secret.bytes[0] = 99;
    Enrolment enrolment = twin.record().enrolment;
    enrolment.incarnation = 2;
    enrolment.public_key = Ed25519Signer(secret).public_key();
    return enrolment;
  }
};

}  // namespace

TEST_CASE("I-45: a remedied node is reconciled again before it is ACTIVE: A38, then S21", "[quarantine]") {
  Framed run;
  run.be_framed();
  const std::size_t size = run.twin.store.size();
  CHECK(run.twin.master->find_node(HandDriver::id_of(0))->is_barred());

  REQUIRE(run.twin.remediate(0));
  REQUIRE(run.twin.run_to([&] { return run.phase() == Phase::active; }));

  // Nothing was left to upload, and its log is the one that is held here.
  CHECK(run.arrows(size) == std::vector<std::string>{"A38", "A15", "S21"});
  CHECK(run.twin.record().newest.written <= run.twin.stored());
  CHECK_FALSE(run.twin.record().is_barred());
  const Event last = [&] {
    for (const Event& event : run.twin.events())
      if (event.type == EventType::remediation_completed) return event;
    return Event{};
  }();
  CHECK(payload_of<LifecycleStep>(last)->reason == "by alice");
  const auto command = run.twin.order(0);
  run.twin.run_for(1min);
  CHECK(run.twin.steps_of(*command).back() == CommandState::applied);
  REQUIRE(run.twin.settle());
  CHECK(run.twin.is_stored_exactly_once());
}

TEST_CASE("I-45: as long as anything of a quarantined node is unreconciled no remediation is complete",
          "[quarantine]") {
  Framed run;
  run.be_framed();
  // Everything but commands and their results gets through; no snapshot does.
  run.twin.on_the_way = [](const HandDriver::Hop&, Packet& packet) {
    const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
    return chunk != nullptr && (*chunk)->stream == StreamClass::snapshot ? 0 : 1;
  };
  run.twin.run_for(3min);
  REQUIRE(run.twin.remediate(0));
  run.twin.run_for(30min);
  CHECK(run.phase() == Phase::quarantined);
  CHECK(run.twin.count(EventType::remediation_completed) == 0);

  run.twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
  CHECK(run.twin.run_to([&] { return run.phase() == Phase::active; }, 2h));
}

TEST_CASE("an operator's quarantine needs no replay to end, but an operator's remediation", "[quarantine]") {
  Framed run;
  CHECK_FALSE(run.twin.master->order_quarantine(HandDriver::id_of(7), "alice", run.twin.now));
  REQUIRE(run.twin.master->order_quarantine(HandDriver::id_of(0), "alice", run.twin.now));
  CHECK_FALSE(run.twin.master->order_quarantine(HandDriver::id_of(0), "alice", run.twin.now));
  const std::size_t size = run.twin.store.size();
  run.twin.run_for(20min);
  CHECK(run.phase() == Phase::quarantined);
  CHECK(run.twin.stored() > 20);  // evidence still comes in
  Outbox none;
  CHECK_FALSE(run.twin.master->remediate(HandDriver::id_of(7), "alice", "what", false, run.twin.now, none));

  REQUIRE(run.twin.remediate(0));
  REQUIRE(run.twin.run_to([&] { return run.phase() == Phase::active; }));
  CHECK(run.arrows(size) == std::vector<std::string>{"S21"});
}

TEST_CASE("a node that is quarantined while it is cut off is remedied once it is back", "[quarantine]") {
  Framed run;
  run.twin.cut(0);
  run.twin.run_for(10min);
  REQUIRE(run.twin.record().state.mode == ConnectivityMode::autonomous);
  REQUIRE(run.twin.master->order_quarantine(HandDriver::id_of(0), "alice", run.twin.now));
  const bool is_remedied_before_it_is_back = GENERATE(false, true);
  if (is_remedied_before_it_is_back) REQUIRE(run.twin.remediate(0));
  run.twin.heal(0);
  run.twin.run_for(20min);
  if (!is_remedied_before_it_is_back) {
    CHECK(run.phase() == Phase::quarantined);
    REQUIRE(run.twin.remediate(0));
  }

  CHECK(run.twin.run_to([&] { return run.phase() == Phase::active; }, 2h));
  CHECK(run.twin.settle());
  CHECK(run.twin.is_stored_exactly_once());
}

TEST_CASE("a remediation that installs goes over UPDATING (A37) and ends ACTIVE (S16), or QUARANTINED (A33)",
          "[quarantine]") {
  for (const bool works : {true, false}) {
    Framed run;
    REQUIRE(run.twin.master->order_quarantine(HandDriver::id_of(0), "alice", run.twin.now));
    REQUIRE(run.twin.settle());
    const std::size_t size = run.twin.store.size();
    run.twin.machine.takes = 10s;
    run.twin.machine.failure = works ? "" : "cannot be installed";
    REQUIRE(run.twin.remediate(0, true));
    CHECK(run.phase() == Phase::updating);
    CHECK(run.twin.record().is_barred());  // nothing else reaches it meanwhile
    run.twin.run_for(2min);

    CHECK(run.phase() == (works ? Phase::active : Phase::quarantined));
    CHECK(run.arrows(size) == std::vector<std::string>{"A37", works ? "S16" : "A33"});
    CHECK(run.twin.record().is_barred() != works);
  }
}

TEST_CASE("I-45: no update begins on a quarantined node that is not reconciled", "[quarantine]") {
  Framed run;
  run.be_framed();
  CHECK_FALSE(run.twin.remediate(0, true));
  CHECK(run.phase() == Phase::quarantined);
}

TEST_CASE("a node that is given up is wiped, falls silent and is RETIRED (S22, S24)", "[quarantine]") {
  Framed run;
  run.be_framed();
  const std::size_t size = run.twin.store.size();
  REQUIRE(run.twin.decommission(0));
  CHECK(run.phase() == Phase::decommissioning);
  run.twin.run_for(9min);
  CHECK(run.phase() == Phase::decommissioning);
  run.twin.run_for(3min);

  CHECK(run.phase() == Phase::retired);
  CHECK(run.arrows(size) == std::vector<std::string>{"S22", "S24"});
  CHECK(payload_of<LifecycleStep>([&] {
          for (const Event& event : run.twin.events())
            if (event.type == EventType::decommission_completed) return event;
          return Event{};
        }())
            ->reason == "wipe confirmed");
}

TEST_CASE("a node that cannot be reached is RETIRED at the deadline, and the log says that nobody confirmed",
          "[quarantine]") {
  Framed run;
  run.twin.cut(0);
  run.twin.run_for(10min);
  REQUIRE(run.twin.decommission(0));
  run.twin.run_for(23h);
  CHECK(run.phase() == Phase::decommissioning);
  run.twin.run_for(2h);
  CHECK(run.phase() == Phase::retired);
  const auto events = run.twin.events();
  const auto done = std::find_if(events.begin(), events.end(), [](const Event& event) {
    return event.type == EventType::decommission_completed;
  });
  REQUIRE(done != events.end());
  CHECK(payload_of<LifecycleStep>(*done)->reason == "unconfirmed: the deadline has passed");
}

TEST_CASE("a node that is retired is given no orders any more, and the log says why", "[quarantine]") {
  Framed run;
  REQUIRE(run.twin.decommission(0));
  run.twin.run_for(26h);
  REQUIRE(run.phase() == Phase::retired);

  CHECK_FALSE(run.twin.order(0, 1h));
  const auto events = run.twin.events();
  const auto refused = std::find_if(events.begin(), events.end(), [](const Event& event) {
    return event.type == EventType::input_rejected;
  });
  REQUIRE(refused != events.end());
  CHECK(payload_of<InputRejected>(*refused)->reason == "its node is retired");
}

TEST_CASE("a decommissioning is taken back as long as its wipe was not sent (A39)", "[quarantine]") {
  Framed run;
  run.twin.cut(0);
  run.twin.run_for(10min);
  REQUIRE(run.twin.decommission(0));
  const std::size_t size = run.twin.store.size();
  REQUIRE(run.twin.cancel_decommission(0));

  CHECK(run.phase() == Phase::active);
  CHECK(run.arrows(size) == std::vector<std::string>{"A39"});
  CHECK_FALSE(run.twin.cancel_decommission(0));
  run.twin.restart_master();
  run.twin.heal(0);
  REQUIRE(run.twin.settle());
  run.twin.run_for(26h);
  CHECK(run.phase() == Phase::active);
  CHECK(run.twin.executed[0].empty());
}

TEST_CASE("a decommissioning whose wipe is on its way, or of a node that was given up, is not taken back",
          "[quarantine]") {
  Framed reached;
  REQUIRE(reached.twin.decommission(0));
  CHECK_FALSE(reached.twin.cancel_decommission(0));
  CHECK(reached.phase() == Phase::decommissioning);

  Framed framed;
  framed.be_framed();
  framed.twin.cut(0);
  framed.twin.run_for(10min);
  REQUIRE(framed.twin.decommission(0));
  framed.twin.restart_master();
  CHECK_FALSE(framed.twin.cancel_decommission(0));
  CHECK(framed.phase() == Phase::decommissioning);
}

TEST_CASE("a retired node is archived when its time is over, and then has no next life (S25)",
          "[quarantine]") {
  Framed run;
  run.twin.master_settings.archive_after = 24h;
  REQUIRE(run.twin.decommission(0));
  run.twin.run_for(23h);
  REQUIRE(run.phase() == Phase::retired);
  const std::size_t size = run.twin.store.size();
  run.twin.restart_master();  // who counts the days knows when they began
  run.twin.run_for(2h);

  CHECK(run.arrows(size) == std::vector<std::string>{"S25"});
  CHECK_FALSE(run.twin.master->reincarnate(run.next_life(), run.twin.now));
  CHECK_FALSE(run.twin.cancel_decommission(0));
}

TEST_CASE("a node that speaks after it confirmed its wipe is an anomaly (A40)", "[quarantine][trust]") {
  Framed run;
  REQUIRE(run.twin.decommission(0));
  run.twin.run_for(1min);
  Hello hello{.origin = HandDriver::id_of(0),
              .nonce = 1000,
              .streams = run.twin.agent().log().holdings(),
              .clock = run.twin.now,
              .bundle_id = {}};
  hello.signature = run.twin.signers[0].sign(signed_bytes(hello));
  run.twin.to_master(0, std::make_shared<const Hello>(hello));

  CHECK(run.phase() == Phase::quarantined);
  CHECK(payload_of<LifecycleStep>(run.twin.events().back())->arrow == "A40");
}

TEST_CASE("a wiped node stays silent over a reboot, and is RETIRED", "[quarantine]") {
  Framed run;
  REQUIRE(run.twin.decommission(0));
  run.twin.run_for(1min);
  run.twin.reboot(0);
  run.twin.run_for(11min);

  CHECK(run.phase() == Phase::retired);
}

TEST_CASE("I-48: a retired incarnation gets no event accepted, live or in a new life of its node",
          "[quarantine][trust]") {
  Framed run;
  REQUIRE(run.twin.decommission(0));
  run.twin.run_for(15min);
  REQUIRE(run.phase() == Phase::retired);
  const auto speak = [&] {
    Event event;
    event.origin = event.subject = any(HandDriver::id_of(0));
    event.seq = run.twin.agent().log().head(StreamClass::control) + 1;
    event.type = EventType::local_decision;
    event.prev = run.twin.agent().log().values()[index_of(StreamClass::control)];
    event.payload = encode(LocalDecision{});
    Chunk chunk{};
    chunk.origin = HandDriver::id_of(0);
    chunk.first = chunk.last = event.seq;
    chunk.entries = {{event.seq, event.seq, encode(event), 0}};
    chunk.digest = digest_of(chunk.entries);
    const auto size = run.twin.store.size();
    run.twin.to_master(0, std::make_shared<const Chunk>(std::move(chunk)));
    return run.twin.store.size() > size;
  };
  CHECK_FALSE(speak());

  REQUIRE(run.twin.master->reincarnate(run.next_life(), run.twin.now));
  CHECK_FALSE(speak());
  CHECK(run.phase() == Phase::active);
}

TEST_CASE(
    "I-1: a node's next life has the same id, the next incarnation and other keys, or it does not begin",
    "[quarantine][trust]") {
  Framed run;
  CHECK_FALSE(run.twin.master->reincarnate(run.next_life(), run.twin.now));  // it lives
  REQUIRE(run.twin.decommission(0));
  run.twin.run_for(15min);

  Enrolment same_keys = run.next_life();
  same_keys.public_key = run.twin.record().enrolment.public_key;
  CHECK_FALSE(run.twin.master->reincarnate(same_keys, run.twin.now));
  Enrolment too_far = run.next_life();
  too_far.incarnation = 3;
  CHECK_FALSE(run.twin.master->reincarnate(too_far, run.twin.now));
  Enrolment stranger = run.next_life();
  stranger.id = HandDriver::id_of(7);
  CHECK_FALSE(run.twin.master->reincarnate(stranger, run.twin.now));

  const std::size_t size = run.twin.store.size();
  REQUIRE(run.twin.master->reincarnate(run.next_life(), run.twin.now));
  CHECK(run.arrows(size) == std::vector<std::string>{"A41", "S3"});
  CHECK(run.twin.record().state.incarnation == 2);
  CHECK(run.twin.record().stored->marks == StreamSeqs{});
}
