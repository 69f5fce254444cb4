#include <map>
#include <set>

#include "fleet_driver.hpp"
#include "mortal_store.hpp"

/// All masters of a fleet restart from their logs at once, with replays and commands under way between them.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t masters = 3, nodes_each = 2;

/// Half of the nodes were cut off, and come back at twenty minutes.
struct Fleet {
  FleetDriver driver;
  std::vector<CommandId> ordered;
  bool is_cut = false;

  Fleet() {
    driver.agent_settings.snapshot = 1min;
    driver.agent_settings.snapshot_body_bytes = 100;
    for (std::uint32_t i = 0; i < masters; ++i) {
      auto& seat = driver.add_master();
      seat.settings.chunk_bytes = 1000;
      seat.settings.replay_credit_bytes = 2000;
      seat.clock = {.offset = i * 7min, .fast = i};
    }
    driver.passes = [this](const Packet& packet) {
      const Endpoint node = packet.from.role == Role::node ? packet.from : packet.to;
      return !(is_cut && node.index % 2 == 0);
    };
    driver.start(masters, nodes_each);
    driver.run_until(at(5min));
    is_cut = true;
    driver.run_until(at(15min));
    // By the holder of each scope, and by GLOBAL for its own.
    for (std::uint32_t n = 0; n < masters * nodes_each; ++n) {
      const auto id = driver.order(driver.nodes[n].home, n);
      REQUIRE(id);
      ordered.push_back(*id);
    }
    driver.run_until(at(20min));
    is_cut = false;
  }

  void restart_all() {
    for (std::uint32_t i = 0; i < masters; ++i) driver.restart(i);
  }
  /// Every event of the node is in the master's store once, with the bytes that the node wrote.
  [[nodiscard]] bool holds_all(std::uint32_t master, std::uint32_t node) const {
    PerStream<std::size_t> seen{};
    std::set<std::pair<StreamClass, std::uint64_t>> seqs;
    for (const Event& event : driver.events(master)) {
      if (event.origin != any(FleetDriver::node_id(node))) continue;
      const auto& written = driver.nodes[node].written[index_of(event.stream)];
      if (chain_value_of(encode(event)) != written[event.seq - 1]) return false;
      if (!seqs.insert({event.stream, event.seq}).second) return false;
      ++seen[index_of(event.stream)];
    }
    const StreamSeqs marks = driver.agent(node).log().marks();
    for (const StreamClass stream : all_streams)
      if (seen[index_of(stream)] < marks[index_of(stream)]) return false;
    return true;
  }
};

}  // namespace

TEST_CASE(
    "masters that all restart from their logs at once hold the same soon after, and no event or command is "
    "lost "
    "or doubled (I-7, I-10, I-30)",
    "[recover][replication]") {
  // Moments of the return: replays begun, under way, at their verdicts, and over.
  for (const Duration when :
       std::initializer_list<Duration>{10ms, 100ms, 150ms, 200ms, 250ms, 300ms, 500ms, 2s, 15s, 40s, 90s}) {
    Fleet fleet;
    FleetDriver& driver = fleet.driver;
    driver.run_until(at(20min) + 25s + when);

    fleet.restart_all();
    driver.run_until(at(45min));
    REQUIRE(driver.run_to([&] { return driver.is_converged(); }, 2min));

    INFO("restarted " << when / 1ms << " ms after the return");
    const Bytes views = driver.view(0)->view_bytes();
    for (std::uint32_t i = 1; i < masters; ++i) CHECK(driver.view(i)->view_bytes() == views);
    for (std::uint32_t n = 0; n < masters * nodes_each; ++n) {
      CHECK(is_in_contact(driver.agent(n).mode()));
      for (std::uint32_t i = 0; i < masters; ++i) CHECK(fleet.holds_all(i, n));
      CHECK(driver.nodes[n].executed.size() == 1);
      const CommandRecord* record = driver.master(driver.nodes[n].home).commands().find(fleet.ordered[n]);
      REQUIRE(record != nullptr);
      CHECK(record->state == CommandState::applied);
    }
  }
}

TEST_CASE("masters that restart one after the other, again and again, hold the same in the end (I-10)",
          "[recover][replication]") {
  Fleet fleet;
  FleetDriver& driver = fleet.driver;
  for (std::uint32_t round = 0; round < 12; ++round) {
    driver.run_for(7s);
    driver.restart(round % masters);
  }
  driver.run_until(at(45min));
  REQUIRE(driver.run_to([&] { return driver.is_converged(); }, 2min));

  const Bytes views = driver.view(0)->view_bytes();
  for (std::uint32_t i = 1; i < masters; ++i) CHECK(driver.view(i)->view_bytes() == views);
  for (std::uint32_t n = 0; n < masters * nodes_each; ++n) {
    for (std::uint32_t i = 0; i < masters; ++i) CHECK(fleet.holds_all(i, n));
    CHECK(driver.nodes[n].executed.size() == 1);
  }
}

TEST_CASE("a hand-over goes on that GLOBAL had ordered and not begun when it restarted",
          "[recover][authority]") {
  FleetDriver fleet;
  fleet.start(3);
  fleet.run_for(1min);
  const DomainId scope = FleetDriver::domain_id(1);
  const bool holder_answers = GENERATE(true, false);
  fleet.cut(0, 1);
  fleet.let(0, [&](Master& master, Instant now, Outbox& out) {
    master.order_handover(scope, fleet.peer(2, false), now, out);
    return true;
  });
  fleet.run_for(15s);
  fleet.restart(0);
  if (holder_answers) fleet.heal(0, 1);
  fleet.run_for(4min);

  CHECK(fleet.master(2).epoch_for(scope, fleet.local(2)) == 2u);
  CHECK_FALSE(fleet.master(1).epoch_for(scope, fleet.local(1)));
  const auto grants = fleet.events(0, EventType::authority_granted);
  const auto handed = std::find_if(grants.begin(), grants.end(), [&](const Event& event) {
    const auto grant = payload_of<AuthorityGranted>(event)->grant;
    return grant.scope == scope && grant.epoch == 2;
  });
  REQUIRE(handed != grants.end());
  CHECK(payload_of<AuthorityGranted>(*handed)->grant.reason ==
        (holder_answers ? GrantReason::handover : GrantReason::expiry));
}

TEST_CASE("GLOBAL does not act again under a term that it had ordered to hand over when it died",
          "[recover][authority]") {
  HandDriver twin;
  MortalStore mortal(twin);
  twin.start(1);
  twin.run_until(at(1min));
  REQUIRE(twin.master->epoch_for(twin.domain, twin.now) == 1u);
  const Peer other{.endpoint = {Role::master, 1},
                   .id = derive_id<MasterTag>("hand", 1, "other"),
                   .name = "other",
                   .level = AuthorityLevel::region,
                   .scopes = {},
                   .lease = 2h};
  mortal.dies_after = mortal.appends + 1;
  mortal.dies_at_orders = true;
  Outbox out;
  CHECK_THROWS_AS(twin.master->order_handover(twin.domain, other, twin.now, out), HandDriver::Killed);
  mortal.dies_at_orders = false;
  twin.restart_master();

  CHECK_FALSE(twin.master->epoch_for(twin.domain, twin.now));
  twin.run_for(1min);
  bool is_begun = false;
  for (const Event& event : twin.events())
    if (event.type == EventType::authority_granted)
      is_begun = is_begun || payload_of<AuthorityGranted>(event)->grant.holder == other.id;
  CHECK(is_begun);
}

TEST_CASE("a rollout reaches a master that was away when it was ordered, though GLOBAL restarted since",
          "[recover][rollout]") {
  FleetDriver fleet;
  fleet.start(3, 1);
  fleet.run_for(2min);
  fleet.cut(0, 1);
  const auto order = [&](std::uint64_t release) {
    RolloutOrder rollout;
    rollout.bundle.id = derive_id<BundleTag>("restart", 1, "bundle", release);
    rollout.bundle.name = "baseline";
    rollout.bundle.version = "1." + std::to_string(release) + ".0";
    rollout.bundle.release = release;
    rollout.bundle.objects["service"].value = exact_value("on");
    rollout.waves = {1};
    fleet.let(0, [&](Master& master, Instant now, Outbox& out) {
      master.order_rollout(rollout, now, out);
      return true;
    });
    fleet.run_for(2min);
    return rollout.bundle.id;
  };
  order(1);
  const BundleId newest = order(2);
  REQUIRE(fleet.agent(2).bundle() == newest);
  REQUIRE(fleet.agent(1).bundle().is_nil());
  fleet.run_for(1s);  // what the old process had sent last is lost, too
  fleet.restart(0);
  const std::uint64_t sent = fleet.events(2, EventType::bundle_published).size();
  fleet.heal(0, 1);
  fleet.run_for(4min);

  CHECK(fleet.agent(1).bundle() == newest);
  CHECK(fleet.agent(2).bundle() == newest);
  CHECK(fleet.events(0, EventType::bundle_refused).empty());  // what is old is not ordered again
  CHECK(fleet.events(2, EventType::bundle_published).size() == sent + 1);
}
