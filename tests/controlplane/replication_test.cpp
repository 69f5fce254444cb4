#include "controlplane/replication.hpp"

#include <rapidcheck/catch.h>

#include "controlplane/attention_queue.hpp"
#include "controlplane/planted.hpp"
#include "fleet_driver.hpp"
#include "model/payloads.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// The identities of all that a master holds, and its bytes.
std::map<std::pair<StreamKey, std::uint64_t>, Bytes> contents(const FleetDriver& fleet, std::uint32_t i) {
  std::map<std::pair<StreamKey, std::uint64_t>, Bytes> all;
  fleet.seats[i].store.scan(0, [&](const Stored& stored) {
    const auto event = *decode<Event>(stored.packed);
    const bool is_new = all.emplace(std::pair{stream_key_of(event), event.seq},
                                    Bytes(stored.packed.begin(), stored.packed.end()))
                            .second;
    REQUIRE(is_new);  // I-13: what comes twice is stored once
    return true;
  });
  return all;
}

/// Masters that are busy are never quite alike: stop asking once they were alike for an instant.
bool converge(FleetDriver& fleet, Duration limit) {
  return fleet.run_to([&] { return fleet.is_converged(); }, limit);
}

void check_alike(const FleetDriver& fleet) {
  const auto all = contents(fleet, 0);
  const auto view = fleet.view(0)->view_bytes();
  for (std::uint32_t i = 1; i < fleet.seats.size(); ++i) {
    CHECK(fleet.master(i).replication().vector() == fleet.master(0).replication().vector());
    CHECK(contents(fleet, i) == all);
    CHECK(fleet.view(i)->view_bytes() == view);
  }
}

}  // namespace

TEST_CASE("I-7: whatever any master or node wrote is soon held by all masters", "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  fleet.start(3, 2);

  fleet.run_for(5min);
  REQUIRE(converge(fleet, 1min));

  check_alike(fleet);
  CHECK(contents(fleet, 1).size() > 30);
  CHECK(fleet.events(2, EventType::observation_recorded).size() >= 6 * 4);
}

TEST_CASE("L-4: two anti-entropy periods after a cut is healed the masters hold the same", "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  const auto cut_for = GENERATE(3s, 43s, 10min);
  fleet.start(3, 2);
  fleet.run_for(2min);

  fleet.isolate(1);
  fleet.run_for(cut_for);
  fleet.isolate(1, false);

  CHECK(converge(fleet, 2 * ReplicationSettings{}.period));
  check_alike(fleet);
}

TEST_CASE("a master that is new to its peers is told everything, piece by piece", "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 30s;
  fleet.add_master();
  fleet.add_master().settings.replication.piece_bytes = 2000;
  fleet.start(2, 4);
  fleet.isolate(1);
  fleet.run_for(20min);
  CHECK(contents(fleet, 1).size() > 150);

  fleet.isolate(1, false);
  REQUIRE(converge(fleet, 20s));
  check_alike(fleet);
}

TEST_CASE("what a peer has is not sent to it again", "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  std::uint64_t entries = 0;
  fleet.between_masters = [&](Packet& packet) {
    if (const auto* piece = std::get_if<Shared<Replicate>>(&packet.message))
      entries += (*piece)->entries.size();
    return std::vector<Duration>{fleet.hop_time};
  };
  fleet.start(3, 2);
  fleet.run_for(10min);
  REQUIRE(converge(fleet, 1min));

  CHECK(entries == 2 * contents(fleet, 0).size());  // each entry on two links of the star, once
}

TEST_CASE("a master asks its peers whatever its clock shows, also after it was put back", "[replication]") {
  MemoryStore store;
  const ReplicationSettings settings;
  Replication replication(
      settings, {.fleet = {}, .id = FleetDriver::master_id(0), .endpoint = {Role::master, 0}}, store);
  replication.add_peer({Role::master, 1}, FleetDriver::master_id(1), "peer");
  const auto asked = [&](Instant now) {
    Outbox out;
    replication.tend(now, out);
    return out.sends.size();
  };

  CHECK(asked(at(-48h)) == 1);
  CHECK(asked(at(-48h) + settings.period - 1ns) == 0);
  CHECK(asked(at(-48h) + settings.period) == 1);
  CHECK(asked(at(1h)) == 1);
  CHECK(asked(at(-1h)) == 1);
  CHECK(asked(at(-1h)) == 0);
}

TEST_CASE("masters that exchange among each other hold the same whichever link is cut", "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  for (int i = 0; i < 4; ++i) fleet.add_master();
  for (std::uint32_t a = 0; a < 4; ++a)
    for (std::uint32_t b = a + 1; b < 4; ++b) fleet.connect(a, b);
  fleet.start_all(1);
  fleet.cut(0, 1);
  fleet.cut(0, 2);
  fleet.cut(1, 3);
  fleet.run_for(5min);

  const auto all = contents(fleet, 0).size();
  for (std::uint32_t i = 1; i < 4; ++i) CHECK(contents(fleet, i).size() + 10 > all);
  for (std::uint32_t i = 1; i < 4; ++i) fleet.isolate(i, false);
  REQUIRE(converge(fleet, 20s));
  check_alike(fleet);
}

TEST_CASE("I-10: equal version vectors mean equal bytes in every projection", "[replication][property]") {
  rc::prop("for any cuts, losses, delays and repeats between 3 to 5 masters", [] {
    FleetDriver fleet;
    const auto masters = *rc::gen::inRange<std::uint32_t>(3, 6);
    const bool mesh = *rc::gen::arbitrary<bool>();
    const auto fates =
        *rc::gen::nonEmpty(rc::gen::resize(200, rc::gen::arbitrary<std::vector<std::uint32_t>>()));
    std::size_t asked = 0;
    bool rough = true;
    fleet.agent_settings.snapshot = 20s;
    fleet.between_masters = [&](Packet&) {
      const std::uint32_t fate = fates[asked++ % fates.size()] * 2654435761u;
      if (!rough) return std::vector<Duration>{10ms};
      if ((fate & 7) == 0) return std::vector<Duration>{};
      std::vector<Duration> arrivals{std::chrono::milliseconds{fate >> 4 & 4095}};
      if ((fate & 24) == 8) arrivals.push_back(std::chrono::milliseconds{fate >> 16 & 8191});
      return arrivals;
    };
    for (std::uint32_t i = 0; i < masters; ++i)
      fleet.add_master().settings.replication.piece_bytes = *rc::gen::element<std::uint64_t>(1, 700, 1 << 18);
    for (std::uint32_t a = 0; a < masters; ++a)
      for (std::uint32_t b = a + 1; b < masters; ++b)
        if (mesh || a == 0) fleet.connect(a, b);
    fleet.start_all(1);
    for (const std::uint32_t fate : fates) {
      const std::uint32_t a = fate % masters;
      const std::uint32_t b = (fate >> 4) % masters;
      if (a != b && (fate & 0x100) != 0) (fate & 0x200) != 0 ? fleet.cut(a, b) : fleet.heal(a, b);
      if ((fate & 0x3000) == 0) fleet.order(a, (fate >> 14) % masters);
      fleet.run_for(std::chrono::seconds{fate >> 20 & 31});
    }
    rough = false;
    fleet.cuts.clear();

    RC_ASSERT(converge(fleet, 3min));
    const auto view = fleet.view(0)->view_bytes();
    const auto all = contents(fleet, 0);
    for (std::uint32_t i = 0; i < masters; ++i) {
      RC_ASSERT(fleet.master(i).replication().vector() == fleet.master(0).replication().vector());
      RC_ASSERT(contents(fleet, i) == all);
      RC_ASSERT(fleet.view(i)->view_bytes() == view);
      RC_ASSERT(fleet.seats[i].store.verify() == fleet.seats[i].store.size());
    }
  });
}

// ---- who is not listened to -------------------------------------------------------------------------------

TEST_CASE("I-8: a master of another fleet is refused, once, and none of its events is stored",
          "[replication]") {
  // R4: one wrong address in a list of peers joined two clusters.
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  fleet.add_master();
  fleet.add_master();
  fleet.add_master().identity.fleet = derive_id<FleetTag>("driven", 1, "another fleet");
  fleet.start(3, 1);

  fleet.run_for(10min);

  for (const std::uint32_t i : {0u, 1u})
    for (const Event& event : fleet.events(i)) {
      CHECK(event.origin != any(FleetDriver::master_id(2)));
      CHECK(event.origin != any(FleetDriver::node_id(2)));
    }
  for (const Event& event : fleet.events(2)) CHECK(event.origin != any(FleetDriver::master_id(0)));
  const auto refused = fleet.events(0, EventType::peer_refused);
  REQUIRE(refused.size() == 1);
  CHECK(payload_of<PeerRefused>(refused[0])->peer == "master-2");
  CHECK_FALSE(payload_of<PeerRefused>(refused[0])->halted);
  CHECK(fleet.events(2, EventType::peer_refused).size() == 1);
  CHECK_FALSE(fleet.order(2, 2));  // and it holds no authority, for it does not listen either
}

TEST_CASE("a peer whose address is put right is listened to again", "[replication]") {
  FleetDriver fleet;
  fleet.start(2, 1);
  bool wrong = true;
  fleet.between_masters = [&](Packet& packet) {
    if (const auto* sync = std::get_if<Shared<Sync>>(&packet.message); sync != nullptr && wrong) {
      Sync strange = **sync;
      strange.fleet.bytes[0] ^= 1;
      packet.message = std::make_shared<const Sync>(strange);
    }
    return std::vector<Duration>{fleet.hop_time};
  };
  fleet.run_for(1min);
  CHECK(fleet.events(0, EventType::peer_refused).size() == 1);

  wrong = false;
  CHECK(converge(fleet, 1min));
}

TEST_CASE("a master that nobody named a peer is not listened to", "[replication]") {
  FleetDriver fleet;
  for (int i = 0; i < 3; ++i) fleet.add_master();
  fleet.connect(0, 1);
  fleet.seats[2].peers = {1};  // it believes to have one
  fleet.start_all(1);
  fleet.run_for(5min);

  for (const Event& event : fleet.events(1)) CHECK(event.origin != any(FleetDriver::master_id(2)));
  const auto refused = fleet.events(1, EventType::peer_refused);
  REQUIRE(refused.size() == 1);
  CHECK(payload_of<PeerRefused>(refused[0])->reason == "no peer of this master");
}

namespace {

// From now on master 1 is one whose log lost all but its first entries.
void truncate(FleetDriver& fleet, std::uint32_t incarnation) {
  fleet.seats[1].life++;
  fleet.seats[1].master.reset();
  MemoryStore rest;
  fleet.between_masters = [&fleet, incarnation](Packet& packet) {
    if (packet.to == Endpoint{Role::master, 1})
      if (const auto* sync = std::get_if<Shared<Sync>>(&packet.message)) {
        const Sync answer{.fleet = fleet.fleet,
                          .master = FleetDriver::master_id(1),
                          .incarnation = incarnation,
                          .log_size = 2,
                          .question = 0,
                          .answers = (*sync)->question,
                          .wants_whole = true,
                          .digest = 4711,
                          .marks = {}};
        fleet.at(fleet.now + 20ms, [&fleet, answer] {
          fleet.give({{Role::master, 1}, {Role::master, 0}, std::make_shared<const Sync>(answer)});
        });
      }
    return std::vector<Duration>{fleet.hop_time};
  };
}

}  // namespace

TEST_CASE("a peer whose log went backwards is halted, and nothing is deleted", "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  fleet.add_master().settings.replication.tolerated_tail = 20;
  fleet.start(2, 2);
  fleet.run_for(10min);
  const auto before = contents(fleet, 0);
  std::uint64_t pieces = 0;

  SECTION("in one and the same life") {
    truncate(fleet, 1);
  }
  SECTION("by more than a crash can lose") {
    truncate(fleet, 2);
  }
  fleet.run_for(2min);
  auto inner = fleet.between_masters;
  fleet.between_masters = [&](Packet& packet) {
    pieces += std::holds_alternative<Shared<Replicate>>(packet.message) ? 1 : 0;
    return inner(packet);
  };
  fleet.run_for(5min);

  const auto refused = fleet.events(0, EventType::peer_refused);
  REQUIRE(refused.size() == 1);
  CHECK(payload_of<PeerRefused>(refused[0])->halted);
  CHECK(fleet.master(0).replication().is_halted(FleetDriver::master_id(1)));
  CHECK(pieces == 0);
  for (const auto& [identity, bytes] : before) CHECK(contents(fleet, 0).at(identity) == bytes);
}

TEST_CASE("planted: a truncated peer that is taken for a new one is caught, for nobody is asked",
          "[replication][planted]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  fleet.start(2, 2);
  fleet.run_for(10min);
  planted_defect = Defect::accept_truncation;
  truncate(fleet, 1);
  fleet.run_for(5min);
  planted_defect = Defect::none;

  CHECK(fleet.events(0, EventType::peer_refused).empty());
}

namespace {

// Master 0 overhears that master 1 holds less than it said before.
void overhear_rewound_peer(FleetDriver& fleet) {
  const Sync rewound{.fleet = fleet.fleet,
                     .master = FleetDriver::master_id(1),
                     .incarnation = 1,
                     .log_size = 1'000'000,
                     .question = 0,
                     .answers = 0,
                     .wants_whole = false,
                     .digest = 0,
                     .marks = {{{any(FleetDriver::node_id(0)), 1, StreamClass::snapshot}, {1, 0, 0}}}};
  fleet.let(0, [&](Master& master, Instant now, Outbox& out) {
    master.on_message({{Role::master, 1}, {Role::master, 0}, std::make_shared<const Sync>(rewound)}, now,
                      out);
    return 0;
  });
}

}  // namespace

TEST_CASE("after an operator's word a halted peer is sent what it lacks", "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  fleet.start(2, 2);
  fleet.run_for(5min);
  overhear_rewound_peer(fleet);
  REQUIRE(fleet.master(0).replication().is_halted(FleetDriver::master_id(1)));
  fleet.run_for(5min);
  CHECK_FALSE(fleet.is_converged());
  const auto asks_somebody = [&] {
    const auto items = fleet.master(0).attention().top(10);
    return std::any_of(items.begin(), items.end(), [](const AttentionItem& item) {
      return item.cause == AttentionCause::peer && item.why.starts_with("master-1 halted");
    });
  };
  CHECK(asks_somebody());
  fleet.run_for(12h);
  CHECK(asks_somebody());  // until somebody answers

  const auto resume = [&](Master& master, Instant now, Outbox& out) {
    return master.resume_peer(FleetDriver::master_id(1), "it was a forgery", now, out);
  };
  CHECK(fleet.let(0, resume));
  CHECK(converge(fleet, 20s));
  CHECK_FALSE(asks_somebody());
  CHECK_FALSE(fleet.let(0, resume));  // there is nothing to resume
  CHECK(fleet.events(1, EventType::peer_resumed).size() == 1);
}

TEST_CASE(
    "a halt outlives the restart of the master that found its peer out, and so does the operator's word",
    "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  fleet.start(2, 2);
  fleet.run_for(5min);
  overhear_rewound_peer(fleet);
  const auto is_halted = [&] { return fleet.master(0).replication().is_halted(FleetDriver::master_id(1)); };
  REQUIRE(is_halted());

  fleet.restart(0);
  CHECK(is_halted());
  fleet.run_for(5min);
  CHECK(is_halted());
  CHECK_FALSE(fleet.is_converged());

  CHECK(fleet.let(0, [&](Master& master, Instant now, Outbox& out) {
    return master.resume_peer(FleetDriver::master_id(1), "it was a forgery", now, out);
  }));
  fleet.restart(0);
  CHECK_FALSE(is_halted());
  CHECK(converge(fleet, 1min));
}

TEST_CASE("a copy that does not continue what is stored is rejected with evidence, and the rest goes on",
          "[replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  bool forge = true;
  fleet.between_masters = [&](Packet& packet) {
    if (const auto* piece = std::get_if<Shared<Replicate>>(&packet.message); piece != nullptr && forge) {
      Replicate changed = **piece;
      for (Bytes& packed : changed.entries)
        if (const auto event = decode<Event>(packed);
            event->origin == any(FleetDriver::node_id(0)) && event->seq == 2) {
          Event other = *event;
          other.prev.bytes[0] ^= 1;
          packed = encode(other);
        }
      packet.message = std::make_shared<const Replicate>(std::move(changed));
    }
    return std::vector<Duration>{fleet.hop_time};
  };
  fleet.start(3, 1);
  fleet.run_for(10min);

  for (const std::uint32_t i : {1u, 2u}) {
    CHECK(fleet.events(i, EventType::input_rejected).size() >= 1);
    std::size_t of_others = 0;
    for (const Event& event : fleet.events(i)) {
      if (event.origin == any(FleetDriver::node_id(0))) CHECK(event.seq == 1);
      of_others += event.origin == any(FleetDriver::node_id(3 - i)) ? 1 : 0;
    }
    CHECK(of_others >= 8);
  }
}
