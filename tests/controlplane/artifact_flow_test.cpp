#include "artifact_fleet.hpp"
#include "controlplane/artifact_audit.hpp"
#include "model/payloads.hpp"

/// Artifacts on their whole way: handed in at a master, sent with a command, judged and installed by a node,
/// shown by its snapshots, judged again by the master.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

using Fleet = ArtifactFleet;

}  // namespace

TEST_CASE("I-51: what is published, installed and shown can be judged again from the log alone",
          "[artifacts]") {
  Fleet fleet;
  const auto command = fleet.install(0, fleet.publish(1));
  REQUIRE(command);
  fleet.run_for(5min);

  CHECK(fleet.agents[0].desk().result_of(*command) == CommandState::applied);
  REQUIRE(fleet.shown_by(0).size() == 1);
  CHECK(fleet.shown_by(0)[0].version == "1.1");
  CHECK(fleet.shown_by(1).empty());
  CHECK(fleet.phase_of(0) == Phase::active);
  CHECK(fleet.master->views().supply_chain().find(Fleet::id_of(0))->level == SupplyChainLevel::clean);
  CHECK(fleet.count(EventType::artifact_judged) == 3);  // handed in, by the node, as running
  const PublicKey key = fleet.release_key.public_key();
  CHECK(audit_verdicts(fleet.store, {&key, 1}, fleet.verifier).empty());
}

TEST_CASE("I-50: what arrives damaged is refused by the node, whatever its master thinks", "[artifacts]") {
  Fleet fleet;
  const ArtifactId good = fleet.publish(1);
  fleet.machine.payload = sha256_of(Bytes{99});
  const auto command = fleet.install(0, good);
  REQUIRE(command);
  fleet.run_for(5min);

  CHECK(fleet.agents[0].desk().result_of(*command) == CommandState::rejected);
  CHECK(fleet.agents[0].desk().installed().artifacts.empty());
  CHECK(fleet.shown_by(0).empty());
  CHECK(fleet.phase_of(0) == Phase::active);
}

TEST_CASE("what nobody trusted signed is neither published nor sent, and leaves its verdict", "[artifacts]") {
  Fleet fleet;
  const ArtifactPublished forged = make_release(Fleet::facts_of(1), fleet.foreign_key);
  CHECK_FALSE(fleet.master->publish_artifact(forged, forged.artifact.digest, fleet.now));
  CHECK(fleet.count(EventType::artifact_published) == 0);
  CHECK(fleet.count(EventType::artifact_judged) == 1);
  CHECK_FALSE(fleet.install(0, forged.artifact.id));
  CHECK(fleet.count(EventType::command_issued) == 0);
  CHECK(fleet.count(EventType::artifact_judged) == 2);
}

TEST_CASE("a node that runs what is revoked is distrusted at once, and no other", "[artifacts]") {
  Fleet fleet;
  const ArtifactId bad = fleet.publish(1);
  REQUIRE(fleet.install(0, bad));
  fleet.run_for(5min);
  REQUIRE(fleet.phase_of(0) == Phase::active);

  fleet.master->revoke_artifact(bad, "recalled", fleet.now);

  CHECK(fleet.phase_of(0) == Phase::quarantined);
  CHECK(fleet.phase_of(1) == Phase::active);
  CHECK_FALSE(fleet.install(1, bad));
  CHECK(fleet.master->views().supply_chain().find(Fleet::id_of(0))->level == SupplyChainLevel::violation);
}

TEST_CASE("a revoked key takes down with it what it alone signed", "[artifacts]") {
  Fleet fleet;
  REQUIRE(fleet.install(0, fleet.publish(1)));
  fleet.run_for(5min);

  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);

  CHECK(fleet.phase_of(0) == Phase::quarantined);
  CHECK(fleet.phase_of(1) == Phase::active);
}

TEST_CASE("I-47: a revoked key that would quarantine a whole domain meets the brake", "[artifacts]") {
  Fleet fleet(6);
  const ArtifactId artifact = fleet.publish(1);
  for (std::uint32_t node = 0; node < 6; ++node) REQUIRE(fleet.install(node, artifact));
  fleet.run_for(5min);

  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);

  int quarantined = 0;
  for (std::uint32_t node = 0; node < 6; ++node)
    quarantined += fleet.phase_of(node) == Phase::quarantined ? 1 : 0;
  CHECK(quarantined == 3);
  CHECK(fleet.count(EventType::quarantine_braked) == 2);  // at the first set aside, and at twice as many
}

TEST_CASE("release counters survive a reboot: an older release is refused after it too", "[artifacts]") {
  Fleet fleet;
  const ArtifactId old = fleet.publish(1);
  REQUIRE(fleet.install(0, fleet.publish(2)));
  fleet.run_for(5min);
  REQUIRE(fleet.agents[0].desk().installed().newest_release.at("gateway") == 2);

  const Bytes kept = encode(fleet.agents[0].durable());
  CHECK(decode<AgentState>(kept)->desk.installed.newest_release.at("gateway") == 2);
  CHECK(decode<AgentState>(kept)->desk.installed.artifacts.front().release == 2);
  CHECK_FALSE(fleet.install(0, old));  // its master would not send it either
}

TEST_CASE("a node that installs is UPDATING until it says that it is done (S15, S16)",
          "[artifacts][update]") {
  Fleet fleet;
  fleet.machine.takes = 3min;
  REQUIRE(fleet.install(0, fleet.publish(1)));
  fleet.run_for(1min);
  CHECK(fleet.phase_of(0) == Phase::updating);
  CHECK(fleet.phase_of(1) == Phase::active);
  fleet.run_for(3min);

  CHECK(fleet.phase_of(0) == Phase::active);
  CHECK(fleet.count(EventType::update_started) == 1);
  CHECK(fleet.count(EventType::update_completed) == 1);
  CHECK(fleet.shown_by(0).size() == 1);
}

TEST_CASE("an installation that fails leaves its node DEGRADED until it was well for long enough (S17, S19)",
          "[artifacts][update]") {
  Fleet fleet;
  fleet.machine.takes = 1min;
  REQUIRE(fleet.install(0, fleet.publish(1)));
  fleet.run_for(4min);
  fleet.machine.failure = "disk full";
  REQUIRE(fleet.install(0, fleet.publish(2)));
  fleet.run_for(2min);
  CHECK(fleet.phase_of(0) == Phase::degraded);
  CHECK(fleet.count(EventType::update_failed) == 1);
  fleet.run_for(6min);

  CHECK(fleet.phase_of(0) == Phase::active);
  REQUIRE(fleet.shown_by(0).size() == 1);
  CHECK(fleet.shown_by(0)[0].release == 1);  // and it is no rollback
}

TEST_CASE("a node that reboots amid an installation goes on with it (A42), but not for ever",
          "[artifacts][update]") {
  Fleet fleet;
  fleet.machine.takes = 4min;
  REQUIRE(fleet.install(0, fleet.publish(1)));
  fleet.run_for(1min);
  const auto reboot = [&] {
    fleet.reboot(0);
    fleet.run_for(2min);
  };
  reboot();
  CHECK(fleet.phase_of(0) == Phase::updating);
  CHECK(fleet.count(EventType::update_resumed) == 1);

  SECTION("once") {
    fleet.run_for(5min);
    CHECK(fleet.phase_of(0) == Phase::active);
    CHECK(fleet.shown_by(0).size() == 1);
  }
  SECTION("again and again") {
    reboot();
    CHECK(fleet.phase_of(0) == Phase::updating);
    reboot();
    CHECK(fleet.phase_of(0) == Phase::degraded);
    CHECK(fleet.count(EventType::update_resumed) == 2);
  }
}

TEST_CASE(
    "what is revoked and runs on a node that is UPDATING or DEGRADED quarantines it all the same (A33, S14)",
    "[artifacts][update]") {
  Fleet fleet;
  const ArtifactId bad = fleet.publish(1);
  REQUIRE(fleet.install(0, bad));
  fleet.run_for(3min);
  REQUIRE(fleet.shown_by(0).size() == 1);

  SECTION("updating") {
    fleet.machine.takes = 10min;
    REQUIRE(fleet.install(0, fleet.publish(2)));
    fleet.run_for(1min);
    REQUIRE(fleet.phase_of(0) == Phase::updating);
    fleet.master->revoke_artifact(bad, "recalled", fleet.now);
    CHECK(fleet.count(EventType::update_untrusted) == 1);
  }
  SECTION("degraded") {
    fleet.agents[0].set_health(Health::degraded);
    REQUIRE(fleet.run_to([&] { return fleet.phase_of(0) == Phase::degraded; }));
    fleet.master->revoke_artifact(bad, "recalled", fleet.now);
    fleet.run_for(2min);
    CHECK(fleet.count(EventType::replay_verdict) == 1);
  }
  CHECK(fleet.phase_of(0) == Phase::quarantined);
}

TEST_CASE("a rollout brings what its bundle needs before the bundle itself", "[artifacts][rollout]") {
  Fleet fleet(3);
  fleet.machine.takes = 1min;
  fleet.roll_out_with(fleet.publish(1));
  fleet.run_for(2min);
  CHECK(fleet.agents[0].bundle().is_nil());
  fleet.run_for(5min);

  for (std::uint32_t node = 0; node < 3; ++node) {
    CHECK(fleet.shown_by(node).size() == 1);
    CHECK_FALSE(fleet.agents[node].bundle().is_nil());
    CHECK(fleet.phase_of(node) == Phase::active);
  }
  CHECK(fleet.master->rollouts().rollouts().at(0)->state == RolloutState::done);
  CHECK(fleet.count(EventType::command_issued) == 6);
}

TEST_CASE("a bundle does not overtake an artifact that was lost on the way", "[artifacts][rollout]") {
  Fleet fleet(3);
  int lost = 0;
  fleet.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    const auto* delivery = std::get_if<Shared<CommandDelivery>>(&packet.message);
    const bool is_lost = delivery != nullptr && hop.from.role == Role::master && lost < 3 &&
                         (*delivery)->command.kind == CommandKind::install_artifact;
    lost += is_lost ? 1 : 0;
    return is_lost ? 0 : 1;
  };
  fleet.roll_out_with(fleet.publish(1));
  fleet.run_for(8min);

  CHECK(lost == 3);
  for (std::uint32_t node = 0; node < 3; ++node) CHECK_FALSE(fleet.agents[node].bundle().is_nil());
  CHECK(fleet.master->rollouts().rollouts().at(0)->failed == 0);
  CHECK(fleet.master->rollouts().rollouts().at(0)->state == RolloutState::done);
}

TEST_CASE("a node takes no bundle whose artifact it refuses, and the rollout counts it as failed",
          "[artifacts][rollout]") {
  Fleet fleet(3);
  fleet.machine.payload = sha256_of(Bytes{99});
  fleet.roll_out_with(fleet.publish(1));
  fleet.run_for(5min);

  for (std::uint32_t node = 0; node < 3; ++node) CHECK(fleet.agents[node].bundle().is_nil());
  CHECK(fleet.master->rollouts().rollouts().at(0)->failed == 3);
}

TEST_CASE("a bundle that needs what was never published is refused before the first wave",
          "[artifacts][rollout]") {
  Fleet fleet;
  fleet.roll_out_with(make_release(Fleet::facts_of(1), fleet.release_key).artifact.id);

  CHECK(fleet.count(EventType::bundle_refused) == 1);
  CHECK(fleet.master->rollouts().rollouts().empty());
}

TEST_CASE("I-47: whom the brake set aside is judged anew when an operator lets it go, until it holds again",
          "[artifacts]") {
  Fleet fleet(8);
  const ArtifactId artifact = fleet.publish(1);
  for (std::uint32_t node = 0; node < 8; ++node) REQUIRE(fleet.install(node, artifact));
  fleet.run_for(5min);
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  REQUIRE(fleet.quarantined() == 3);
  fleet.run_for(20min);
  REQUIRE(fleet.quarantined() == 3);

  CHECK(fleet.master->release_brake(fleet.domain, "unverifiable artifact", fleet.now));

  CHECK(fleet.quarantined() == 6);
  CHECK(fleet.count(EventType::quarantine_brake_released) == 1);
  fleet.run_for(5min);
  CHECK(fleet.quarantined() == 6);
}

TEST_CASE(
    "I-47: whom the brake set aside while it was cut off is seen to be back, waits, and gets no verdict",
    "[artifacts]") {
  Fleet fleet(6);
  const ArtifactId artifact = fleet.publish(1);
  for (std::uint32_t node = 0; node < 6; ++node) REQUIRE(fleet.install(node, artifact));
  fleet.run_for(5min);
  fleet.cut(5);
  REQUIRE(fleet.run_to([&] { return fleet.record(5).state.mode == ConnectivityMode::autonomous; }));
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  REQUIRE(fleet.quarantined() == 3);
  fleet.heal(5);
  fleet.run_for(20min);

  CHECK(fleet.phase_of(5) == Phase::active);
  CHECK(fleet.record(5).state.mode == ConnectivityMode::returning);
  CHECK(fleet.agents[5].put_off_because() == DeferReason::distrusted);
}
