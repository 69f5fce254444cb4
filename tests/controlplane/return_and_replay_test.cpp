#include "hand_driver.hpp"
#include "model/payloads.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// Small chunks and credits, so that a replay takes several rounds.
void make_replay_long(HandDriver& twin) {
  twin.master_settings.chunk_bytes = 1000;
  twin.master_settings.replay_credit_bytes = 2000;
}

/// Live for five minutes, cut for fifteen.
void live_then_cut(HandDriver& twin) {
  twin.run_until(at(5min));
  REQUIRE(twin.settle(0, 1min));
  twin.cut(0);
  twin.run_until(at(20min));
  REQUIRE(twin.agent().mode() == ConnectivityMode::autonomous);
  REQUIRE(twin.record().state.mode == ConnectivityMode::autonomous);
}

/// Runs on until the replay of node 0 is granted.
void run_into_replay(HandDriver& twin) {
  REQUIRE(
      twin.run_to([&] { return twin.agent().mode() == ConnectivityMode::replaying && twin.record().lock; }));
}

bool is_about_the_way_back(const Event& event) {
  return event.type != EventType::heartbeat_batch && event.type != EventType::observation_recorded;
}

/// The chunk with its digest and signature made anew, as its node would.
Message signed_again(const HandDriver& twin, Chunk chunk) {
  chunk.digest = digest_of(chunk.entries);
  chunk.signature = twin.signers[0].sign(signed_bytes(chunk));
  return std::make_shared<const Chunk>(std::move(chunk));
}

/// Catches the first replay chunk on its way to the master and keeps it back.
Chunk catch_chunk(HandDriver& twin) {
  std::optional<Chunk> caught;
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
    if (chunk == nullptr || (*chunk)->session == 0 || hop.to.role != Role::master) return 1;
    if (!caught) caught = **chunk;
    return 0;
  };
  REQUIRE(twin.run_to([&] { return caught.has_value(); }));
  twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
  return *caught;
}

/// What node 0 would say, changed and signed again.
Hello hello_of(const HandDriver& twin, const std::function<void(Hello&)>& change) {
  Hello hello{.origin = HandDriver::id_of(0),
              .nonce = 1000,
              .streams = twin.agent().log().holdings(),
              .clock = twin.now,
              .bundle_id = {}};
  change(hello);
  hello.signature = twin.signers[0].sign(signed_bytes(hello));
  return hello;
}

/// The snapshots of its holdings.
StreamHolding& snapshots(Hello& hello) {
  return hello.streams[index_of(StreamClass::snapshot)];
}

}  // namespace

TEST_CASE("a node that was cut off comes back by Hello, grant, chunks, Fin and verdict, and nothing is lost",
          "[return]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.start(1);
  live_then_cut(twin);
  const std::uint64_t backlog = twin.agent().backlog_events();
  REQUIRE(backlog >= 10);
  const std::size_t before = twin.store.size();

  twin.heal(0);
  run_into_replay(twin);
  REQUIRE(twin.settle());

  CHECK(twin.agent().mode() == ConnectivityMode::live);
  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.marks() == twin.agent().log().heads());
  CHECK(twin.store.verify() == twin.store.size());
  CHECK(twin.master->open_replays() == 0);
  const auto master_story = twin.story([&](const Event& event) {
    return is_about_the_way_back(event) && event.origin != any(HandDriver::id_of(0)) &&
           event.type != EventType::replay_chunk_acked;
  });
  CHECK(master_story == std::vector<std::string>{"node.registered", "node.enrolled", "node.activated",
                                                 "authority.granted", "authority.granted", "conn.classified",
                                                 "conn.lost", "conn.detected", "replay.granted",
                                                 "replay.verdict"});
  CHECK(twin.count(EventType::replay_chunk_acked) >= 3);
  const auto node_story =
      twin.story([&](const Event& event) { return event.type == EventType::local_decision; });
  CHECK(node_story.size() == 2);  // took LOCAL authority, and gave it back
  CHECK(twin.store.size() > before + backlog);
}

TEST_CASE(
    "I-43: the verdict and the release of the lock are one event, and chunks are stored only under the lock",
    "[return]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.start(1);
  live_then_cut(twin);
  twin.heal(0);
  REQUIRE(twin.settle());

  bool locked = false;
  std::uint64_t session = 0;
  std::size_t stored_under_lock = 0;
  for (const Event& event : twin.events()) {
    if (event.type == EventType::replay_granted) {
      CHECK_FALSE(locked);
      locked = true;
      session = payload_of<ReplayGranted>(event)->session;
    } else if (event.type == EventType::replay_chunk_acked) {
      CHECK(locked);
    } else if (event.type == EventType::replay_verdict) {
      CHECK(locked);
      locked = false;
      const auto verdict = payload_of<ReplayVerdict>(event);
      CHECK(verdict->session == session);
      CHECK(verdict->kind == VerdictKind::clean);
      CHECK(verdict->arrow == "S13");
    } else if (event.origin == any(HandDriver::id_of(0))) {
      stored_under_lock += locked ? 1 : 0;
    }
  }
  CHECK_FALSE(locked);
  CHECK(stored_under_lock >= 15);
}

TEST_CASE("a replay that loses any one packet still ends clean with every event stored once",
          "[return][loss]") {
  for (const bool upwards : {true, false}) {
    std::size_t packets = 1;  // the first round loses none and counts
    for (std::size_t lost = 0; lost <= packets; ++lost) {
      HandDriver twin;
      make_replay_long(twin);
      twin.start(1);
      live_then_cut(twin);
      std::size_t seen = 0;
      twin.on_the_way = [&](const HandDriver::Hop& hop, Packet&) {
        const bool on_the_link = hop.from.role == Role::node || hop.to.role == Role::node;
        return on_the_link && hop.upwards == upwards && ++seen == lost ? 0 : 1;
      };
      twin.heal(0);
      INFO("lost: packet " << lost << (upwards ? " up" : " down"));
      REQUIRE(twin.run_to([&] { return twin.agent().mode() != ConnectivityMode::autonomous; }));

      REQUIRE(twin.settle());

      CHECK(twin.is_stored_exactly_once());
      CHECK(twin.agent().mode() == ConnectivityMode::live);
      CHECK(twin.master->counters().verdicts_not_clean == 0);
      if (lost == 0) packets = seen;
    }
    CHECK(packets >= 8);
  }
}

TEST_CASE("a link that delivers every packet twice makes nothing be stored or executed twice",
          "[return][loss]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.on_the_way = [](const HandDriver::Hop& hop, Packet&) {
    return hop.from.role == Role::node || hop.to.role == Role::node ? 2 : 1;
  };
  twin.start(1);
  twin.run_until(at(2min));
  REQUIRE(twin.order(0));
  live_then_cut(twin);

  twin.heal(0);
  REQUIRE(twin.settle());

  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.executed[0].size() == 1);
  CHECK(twin.count(EventType::command_result) == 1);
  CHECK(twin.master->counters().duplicates > 0);
}

TEST_CASE(
    "an uplink that is silent just long enough for the master to break the lock does not leave the node "
    "replaying for ever",
    "[return][loss]") {
  for (Duration silence = 60s; silence <= 180s; silence += 5s) {
    HandDriver twin;
    make_replay_long(twin);
    twin.start(1);
    live_then_cut(twin);
    twin.heal(0);
    run_into_replay(twin);
    const Instant over = twin.now + silence;
    twin.on_the_way = [&](const HandDriver::Hop& hop, Packet&) {
      return hop.upwards && twin.now < over ? 0 : 1;
    };
    INFO("silent for " << text_of(silence));

    REQUIRE(twin.settle());

    CHECK(twin.is_stored_exactly_once());
    CHECK(twin.master->counters().verdicts_not_clean == 0);
  }
}

// ---- what is refused --------------------------------------------------------------------------------------

TEST_CASE("a chunk with a broken signature, an altered entry or an old token is refused and changes no log",
          "[return][trust]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.start(1);
  live_then_cut(twin);
  twin.heal(0);
  const Chunk good = catch_chunk(twin);
  const auto refuses = [&](const Chunk& chunk) {
    const auto size = twin.store.size();
    const auto refused = twin.master->counters().refused;
    twin.to_master(0, std::make_shared<const Chunk>(chunk));
    return twin.store.size() == size && twin.master->counters().refused == refused + 1 &&
           twin.mark(good.stream) < good.first;
  };

  SECTION("one bit of the signature") {
    Chunk bad = good;
    bad.signature[7] ^= 1;
    CHECK(refuses(bad));
  }
  SECTION("one byte of an entry") {
    Chunk bad = good;
    bad.entries[0].packed.back() ^= 1;
    CHECK(refuses(bad));
  }
  SECTION("one byte of an entry, with the digest made to fit") {
    Chunk bad = good;
    bad.entries[0].packed.back() ^= 1;
    bad.digest = digest_of(bad.entries);
    CHECK(refuses(bad));
  }
  SECTION("the token of an older lock, rightly signed") {
    Chunk bad = good;
    --bad.fencing_token;
    CHECK(refuses(*std::get<Shared<Chunk>>(signed_again(twin, bad))));
  }
  SECTION("another session, rightly signed") {
    Chunk bad = good;
    ++bad.session;
    CHECK(refuses(*std::get<Shared<Chunk>>(signed_again(twin, bad))));
  }
  SECTION("another incarnation, rightly signed") {
    Chunk bad = good;
    ++bad.incarnation;
    CHECK(refuses(*std::get<Shared<Chunk>>(signed_again(twin, bad))));
  }
  SECTION("no entries, rightly signed") {
    Chunk bad = good;
    bad.entries.clear();
    CHECK(refuses(*std::get<Shared<Chunk>>(signed_again(twin, bad))));
  }

  REQUIRE(twin.settle());  // the node sends again, and it ends well
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE(
    "an event that does not chain to the one before is a violation: the node is quarantined, its log kept as "
    "it was",
    "[return][trust]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.start(1);
  live_then_cut(twin);
  twin.heal(0);
  Chunk chunk = catch_chunk(twin);
  const auto marks = twin.marks();
  Event event = *decode<Event>(chunk.entries[0].packed);
  event.prev.bytes[0] ^= 1;
  chunk.entries[0].packed = encode(event);

  twin.to_master(0, signed_again(twin, chunk));

  CHECK(twin.marks() == marks);
  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK_FALSE(twin.record().lock);
  const auto last = twin.events().back();
  REQUIRE(last.type == EventType::replay_verdict);
  CHECK(payload_of<ReplayVerdict>(last)->kind == VerdictKind::violation);
  CHECK(payload_of<ReplayVerdict>(last)->reasons == std::vector<std::string>{"broken chain"});
}

TEST_CASE("a quarantined node gets no command, and a return does not let it out", "[return][trust]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.start(1);
  live_then_cut(twin);
  twin.to_master(0, std::make_shared<const Hello>(
                        hello_of(twin, [](Hello& hello) { snapshots(hello).before.bytes[0] ^= 1; })));
  REQUIRE(twin.record().state.phase == Phase::quarantined);

  twin.heal(0);
  const auto command = twin.order(0);
  twin.run_for(20min);

  REQUIRE(command);
  CHECK(twin.steps_of(*command) == std::vector<CommandState>{CommandState::held});
  CHECK(twin.executed[0].empty());
  CHECK(twin.record().state.phase == Phase::quarantined);
}

TEST_CASE("a Hello that tells another history than the one stored is rejected and quarantines the node",
          "[return][trust]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.start(1);
  live_then_cut(twin);

  const std::uint64_t mark = twin.mark(StreamClass::snapshot);
  const auto say = [&](const std::function<void(Hello&)>& change) {
    twin.to_master(0, std::make_shared<const Hello>(hello_of(twin, change)));
  };
  SECTION("the same seq with another value") {
    say([&](Hello& hello) {
      snapshots(hello).head = mark;
      snapshots(hello).value.bytes[0] ^= 1;
    });
  }
  SECTION("the same seq with another value, and more after it") {
    say([](Hello& hello) { snapshots(hello).before.bytes[0] ^= 1; });
  }
  SECTION("a shorter log than was acknowledged") {
    say([&](Hello& hello) {
      snapshots(hello).head = mark - 1;
      snapshots(hello).value = twin.written[0][index_of(StreamClass::snapshot)][mark - 2];
    });
  }
  SECTION("another incarnation") {
    say([](Hello& hello) { hello.incarnation = 2; });
  }

  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK_FALSE(twin.record().lock);
  CHECK(twin.events().back().type == EventType::conn_identity_rejected);
  CHECK(twin.master->counters().replays_granted == 0);
}

TEST_CASE("a Hello that its node did not sign is refused, and nothing is believed of it", "[return][trust]") {
  HandDriver twin;
  twin.start(1);
  live_then_cut(twin);
  Hello hello = hello_of(twin, [](Hello&) {});
  hello.signature[0] ^= 1;
  const auto size = twin.store.size();

  twin.to_master(0, std::make_shared<const Hello>(hello));

  CHECK(twin.store.size() == size);
  CHECK(twin.record().state.mode == ConnectivityMode::autonomous);
  CHECK(twin.master->counters().refused == 1);
}

TEST_CASE("a heartbeat of another incarnation counts for nothing", "[return][trust]") {
  HandDriver twin;
  twin.start(1);
  live_then_cut(twin);
  const Instant seen = twin.record().last_seen;

  twin.to_master(
      0, Heartbeat{.sent = twin.now, .incarnation = 2, .rtt_us = 1000, .mode = ConnectivityMode::live});

  CHECK(twin.record().last_seen == seen);
  CHECK(twin.master->counters().refused == 1);
}

TEST_CASE("events missing at the start of a backlog without a signed gap are a violation",
          "[return][trust]") {
  HandDriver twin;
  twin.start(1);
  live_then_cut(twin);

  twin.to_master(
      0, std::make_shared<const Hello>(hello_of(twin, [](Hello& hello) { ++snapshots(hello).first; })));

  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK(twin.master->counters().verdicts_not_clean == 1);
}

// ---- order and patience -----------------------------------------------------------------------------------

TEST_CASE("when all replay sessions are taken the others are deferred, and come in later", "[return]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.master_settings.replay_sessions = 1;
  twin.start(4);
  twin.run_until(at(5min));
  for (std::uint32_t node = 0; node < 4; ++node) twin.cut(node);
  twin.run_until(at(20min));
  // A session is held up, so that the others meet it.
  twin.on_the_way = [&](const HandDriver::Hop&, Packet& packet) {
    return twin.now < at(21min + 30s) && std::holds_alternative<Shared<Fin>>(packet.message) ? 0 : 1;
  };
  for (std::uint32_t node = 0; node < 4; ++node) twin.heal(node);
  std::size_t most = 0;
  REQUIRE(twin.run_to([&] {
    most = std::max(most, twin.master->open_replays());
    return twin.is_settled(0) && twin.is_settled(1) && twin.is_settled(2) && twin.is_settled(3);
  }));

  CHECK(most == 1);
  CHECK(twin.master->counters().deferred >= 3);
  CHECK(twin.master->counters().verdicts_clean >= 4);
  for (std::uint32_t node = 0; node < 4; ++node) CHECK(twin.is_stored_exactly_once(node));
}

TEST_CASE("a node that thinks it is in contact while its master does not is asked for a Hello", "[return]") {
  HandDriver twin;
  twin.agent_settings.missed_heartbeats = 20;
  twin.start(1);
  twin.run_until(at(5min));
  twin.on_the_way = [&](const HandDriver::Hop&, Packet&) { return twin.now < at(8min) ? 0 : 1; };
  twin.run_until(at(8min));
  REQUIRE(twin.agent().mode() == ConnectivityMode::live);
  REQUIRE(twin.record().is_lost());

  std::set<ConnectivityMode> seen;
  REQUIRE(twin.run_to([&] {
    seen.insert(twin.agent().mode());
    return twin.now > at(10min) && twin.is_settled();
  }));

  CHECK(seen.contains(ConnectivityMode::returning));
  CHECK(twin.agent().mode() == ConnectivityMode::live);
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("a debt too large for a silent catch-up leads to a replay although contact never broke",
          "[return]") {
  HandDriver twin;
  make_replay_long(twin);
  twin.master_settings.gap_events = 5;
  twin.start(1);
  twin.run_until(at(5min));
  twin.on_the_way = [&](const HandDriver::Hop&, Packet& packet) {
    return twin.now < at(15min) && std::holds_alternative<Shared<Chunk>>(packet.message) ? 0 : 1;
  };
  twin.run_until(at(15min));

  REQUIRE(twin.settle());

  CHECK(twin.count(EventType::sync_gap_detected) >= 1);
  CHECK(twin.count(EventType::conn_lost) == 0);
  CHECK(twin.master->counters().verdicts_clean >= 1);
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("a node without a LOCAL grant goes DISCONNECTED, not AUTONOMOUS, and comes back all the same",
          "[return]") {
  HandDriver twin;
  twin.master_settings.autonomy = 0s;
  twin.start(1);
  twin.run_until(at(5min));
  twin.cut(0);
  twin.run_until(at(20min));

  CHECK(twin.agent().mode() == ConnectivityMode::disconnected);
  CHECK(twin.record().state.mode == ConnectivityMode::disconnected);

  twin.heal(0);
  REQUIRE(twin.settle());
  CHECK(twin.agent().mode() == ConnectivityMode::live);
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("a LOCAL grant runs out: an autonomous node becomes DISCONNECTED on both sides", "[return]") {
  HandDriver twin;
  twin.agent_settings.autonomy = 1h;
  twin.master_settings.autonomy = 1h;
  twin.start(1);
  live_then_cut(twin);

  twin.run_until(at(80min));

  CHECK(twin.agent().mode() == ConnectivityMode::disconnected);
  CHECK(twin.record().state.mode == ConnectivityMode::disconnected);
  twin.heal(0);
  REQUIRE(twin.settle());
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("who brings the results of commands is let in before who brings snapshots", "[return][gate]") {
  HandDriver twin;
  twin.agent_settings.autonomy = twin.master_settings.autonomy = Duration::zero();  // nobody decides alone
  twin.master_settings.replay_sessions = 1;
  twin.machine.takes = 5min;
  twin.start(3);
  twin.run_until(at(5min));
  REQUIRE(twin.order(2));
  twin.run_until(at(6min));
  for (std::uint32_t node = 0; node < 3; ++node) twin.cut(node);
  twin.run_until(at(21min));
  bool holds_first = true;
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
    const bool is_replayed_by_first = chunk != nullptr && (*chunk)->session != 0 && packet.from.index == 0;
    return holds_first && is_replayed_by_first && hop.from.role == Role::node ? 0 : 1;
  };
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return twin.record(0).lock.has_value(); }));
  for (const std::uint32_t node : {2u, 1u}) {
    twin.heal(node);
    REQUIRE(twin.run_to([&] { return twin.agent(node).put_off_because() == DeferReason::full; }));
  }
  holds_first = false;
  REQUIRE(twin.settle(1));

  std::vector<int> granted;
  for (const Event& event : twin.events())
    for (std::uint32_t node = 0; node < 3; ++node)
      if (event.type == EventType::replay_granted && event.subject == any(HandDriver::id_of(node)))
        granted.push_back(static_cast<int>(node));
  CHECK(granted == std::vector{0, 2, 1});
  CHECK(twin.settle(2));
}
