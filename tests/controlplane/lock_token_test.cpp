#include <rapidcheck/catch.h>

#include "fleet_driver.hpp"
#include "hand_driver.hpp"
#include "model/payloads.hpp"

/// The reconciliation lock and its fencing token (protocols page, "Return and replay"): a higher one breaks
/// it, wherever that was given out.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// A node that comes back, and whose replay takes as long as chunks are held up.
struct Replaying : HandDriver {
  bool hold_chunks = true;

  Replaying() {
    on_the_way = [this](const Hop& hop, Packet& packet) {
      const bool is_replay = std::holds_alternative<Shared<Chunk>>(packet.message) &&
                             std::get<Shared<Chunk>>(packet.message)->session != 0;
      return hop.upwards && is_replay && hold_chunks ? 0 : 1;
    };
    start(1);
    run_for(5min);
    cut(0);
    run_for(10min);
    heal(0);
    REQUIRE(run_to([&] { return record().lock.has_value(); }));
  }
  /// A chunk of the node's, signed by it, that carries this token.
  void send_chunk(std::uint64_t session, std::uint64_t token) {
    const std::uint64_t next = mark(StreamClass::control) + 1;
    if (next > agent().log().head(StreamClass::control)) return;  // it has nothing to say
    Chunk chunk{.origin = id_of(0),
                .incarnation = 1,
                .session = session,
                .fencing_token = token,
                .stream = StreamClass::control,
                .first = next,
                .last = next,
                .digest = {},
                .entries = agent().log().cut(StreamClass::control, next, next, 1 << 20),
                .signature = {}};
    chunk.digest = digest_of(chunk.entries);
    chunk.signature = signers[0].sign(signed_bytes(chunk));
    to_master(0, std::make_shared<const Chunk>(std::move(chunk)));
  }
  [[nodiscard]] std::vector<std::string> lost() const {
    std::vector<std::string> reasons;
    for (const Event& event : events())
      if (event.type == EventType::replay_session_lost)
        reasons.push_back(payload_of<LifecycleStep>(event)->reason);
    return reasons;
  }
};

}  // namespace

TEST_CASE(
    "a chunk of the node under a higher fencing token breaks the lock, one under a lower one is refused "
    "(I-42)",
    "[lock]") {
  Replaying twin;
  const ReplayLock lock = *twin.record().lock;
  const std::uint64_t stored = twin.stored();

  twin.send_chunk(lock.session, lock.fencing_token - 1);
  CHECK(twin.record().lock.has_value());
  CHECK(twin.lost().empty());
  twin.send_chunk(lock.session + 1, lock.fencing_token + 7);

  CHECK_FALSE(twin.record().lock.has_value());
  CHECK(twin.lost() == std::vector<std::string>{"a higher fencing token"});
  CHECK(twin.stored() == stored);  // neither was taken
  twin.hold_chunks = false;
  REQUIRE(twin.settle());
  CHECK(twin.record().fencing_token >= lock.fencing_token + 8);  // the next one is above all that are known
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE(
    "a lock that another master gave the node under a higher fencing token breaks ours when we hear of it "
    "(I-42)",
    "[lock]") {
  FleetDriver fleet;
  bool is_cut = false;
  bool hold_chunks = true;
  std::vector<Packet> hellos;
  fleet.passes = [&](const Packet& packet) {
    const bool is_hello = std::holds_alternative<Shared<Hello>>(packet.message);
    if (is_cut && is_hello && packet.from.index == 1) hellos.push_back(packet);
    if (is_cut) return false;
    const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
    return chunk == nullptr || (*chunk)->session == 0 || !hold_chunks;
  };
  for (int i = 0; i < 2; ++i) fleet.add_master();
  fleet.connect(0, 1);
  fleet.start_all(1);
  fleet.run_for(5min);
  is_cut = true;
  fleet.run_for(10min);
  REQUIRE(hellos.size() >= 3);
  // GLOBAL took the node in as well, and hears its first Hellos; the region is cut off from GLOBAL meanwhile.
  fleet.cut(0, 1);
  fleet.let(0, [&](Master& master, Instant now, Outbox&) {
    Enrolment enrolment;
    enrolment.id = FleetDriver::node_id(1);
    enrolment.index = 1;
    enrolment.facts.domain_id = FleetDriver::domain_id(1);
    enrolment.facts.ordinal = 1;
    enrolment.public_key = fleet.nodes[1].signer->public_key();
    enrolment.secret = FleetDriver::secret_of(1);
    enrolment.relay = {Role::relay, 0};
    master.enrol(std::move(enrolment), now);
    return 0;
  });
  for (std::size_t i = 0; i < 3; ++i) {
    Packet packet = hellos[i];
    packet.to = {Role::master, 0};
    fleet.give(packet);
  }
  const NodeRecord* theirs = fleet.master(0).find_node(FleetDriver::node_id(1));
  REQUIRE(theirs->lock.has_value());
  const std::uint64_t higher = theirs->fencing_token;
  is_cut = false;
  const NodeRecord* ours = fleet.master(1).find_node(FleetDriver::node_id(1));
  REQUIRE(fleet.run_to([&] { return ours->lock.has_value(); }));
  REQUIRE(ours->fencing_token < higher);

  fleet.heal(0, 1);
  REQUIRE(fleet.run_to([&] { return ours->fencing_token >= higher; }, 30s));

  std::vector<std::string> reasons;
  for (const Event& event : fleet.events(1, EventType::replay_session_lost))
    if (event.origin == any(FleetDriver::master_id(1)))
      reasons.push_back(payload_of<LifecycleStep>(event)->reason);
  CHECK(std::count(reasons.begin(), reasons.end(), "a higher fencing token") == 1);
  hold_chunks = false;
  REQUIRE(fleet.run_to([&] { return ours->last_verdict != nullptr; }));
  CHECK(ours->fencing_token > higher);
}

TEST_CASE(
    "a node has one lock at most, and its tokens rise, whoever dies, falls silent or comes between (I-42)",
    "[lock][property]") {
  std::size_t granted = 0;
  std::size_t broken = 0;
  rc::prop("for any cuts, restarts of the master and tokens from elsewhere", [&] {
    const auto fates = *rc::gen::resize(40, rc::gen::arbitrary<std::vector<std::uint32_t>>());
    Replaying twin;
    for (const std::uint32_t input : fates) {
      const std::uint32_t fate = input * 2654435761u;
      switch (fate >> 29) {
        case 0:
          twin.cut(0);
          break;
        case 1:
        case 2:
          twin.heal(0);
          break;
        case 3:
          twin.restart_master();
          break;
        case 4:
          twin.hold_chunks = !twin.hold_chunks;
          break;
        case 5:
          if (twin.record().lock) twin.send_chunk(7, twin.record().fencing_token + (fate >> 20 & 3));
          break;
        default:
          break;
      }
      twin.run_for(std::chrono::seconds{fate >> 18 & 255});
    }
    // The dumb model: read the log once, and remember whether a lock is out.
    bool is_out = false;
    std::uint64_t newest = 0;
    for (const Event& event : twin.events()) {
      if (event.type == EventType::replay_granted) {
        RC_ASSERT(!is_out);
        const std::uint64_t token = payload_of<ReplayGranted>(event)->fencing_token;
        RC_ASSERT(token > newest);
        newest = token;
        is_out = true;
        ++granted;
      } else if (event.type == EventType::replay_verdict || event.type == EventType::replay_session_lost) {
        RC_ASSERT(is_out);
        is_out = false;
        broken += event.type == EventType::replay_session_lost ? 1 : 0;
      }
    }
    RC_ASSERT(is_out == twin.record().lock.has_value());
  });
  CHECK(granted > 100);
  CHECK(broken > 50);
}
