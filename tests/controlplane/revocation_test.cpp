#include "artifact_fleet.hpp"
#include "fleet_driver.hpp"
#include "planted_defect.hpp"

/// What is revoked reaches the nodes, and stays with them, whoever reaches them afterwards.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// Nodes that may be worked on at 02:00 only, the first of which was ordered to install release 1 and waits.
struct WaitingFleet : ArtifactFleet {
  ArtifactId artifact;
  CommandId ordered;

  WaitingFleet() {
    roll_out_with({}, "daily 00:00-00:10; 02:00-03:00");
    run_for(5min);
    REQUIRE_FALSE(agents[0].bundle().is_nil());
    run_until(ibcf::at(20min));
    artifact = publish(1);
    CommandOrder wanted{.node = id_of(0), .home = {}, .scope = {}, .valid_for = 6h};
    wanted.kind = CommandKind::install_artifact;
    wanted.artifact_id = artifact;
    ordered = order(wanted).value();
    run_for(1min);
    REQUIRE(agents[0].desk().state_of(ordered) == CommandState::delivered);
  }
  /// Cut off, and back up after a reboot, until the window has opened.
  void be_alone_until_it_opens(bool reboots) {
    cut(0);
    REQUIRE(run_to([&] { return agents[0].mode() == ConnectivityMode::autonomous; }));
    if (reboots) reboot(0);
    run_until(ibcf::at(150min));
  }
  [[nodiscard]] bool is_refused() const {
    return agents[0].desk().result_of(ordered) == CommandState::rejected &&
           agents[0].desk().installed().artifacts.empty();
  }
};

/// How many of this kind come in at the node, from now on.
std::shared_ptr<std::vector<std::string>> heard_by(HandDriver& twin, std::uint32_t node) {
  auto heard = std::make_shared<std::vector<std::string>>();
  twin.receiving = [heard, node](Endpoint to, const Packet& packet) {
    if (to == Endpoint{Role::node, node}) heard->emplace_back(name_of(packet.message));
  };
  return heard;
}

std::size_t count_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::count(names.begin(), names.end(), name));
}

bool is_refused_over_a_reboot() {
  WaitingFleet fleet;
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  fleet.run_for(1min);
  fleet.be_alone_until_it_opens(true);
  return fleet.is_refused();
}

}  // namespace

TEST_CASE(
    "I-50: a node on its own installs nothing that was revoked before it was cut off, nor after a reboot",
    "[artifacts][revocation]") {
  WaitingFleet fleet;

  SECTION("without a revocation it is installed") {
    fleet.be_alone_until_it_opens(false);
    CHECK(fleet.agents[0].desk().result_of(fleet.ordered) == CommandState::applied);
    return;
  }
  SECTION("the key that alone signed it") {
    fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
    fleet.run_for(1min);
    fleet.be_alone_until_it_opens(false);
  }
  SECTION("the artifact itself") {
    fleet.master->revoke_artifact(fleet.artifact, "recalled", fleet.now);
    fleet.run_for(1min);
    fleet.be_alone_until_it_opens(false);
  }
  SECTION("with a reboot between") {
    fleet.master->revoke_artifact(fleet.artifact, "recalled", fleet.now);
    fleet.run_for(1min);
    fleet.be_alone_until_it_opens(true);
  }
  CHECK(fleet.is_refused());
}

TEST_CASE("planted: a node that forgets at a reboot what is revoked installs it",
          "[artifacts][revocation][defect]") {
  CHECK(is_refused_over_a_reboot());
  const Planted planted(Defect::revocation_not_durable);
  CHECK_FALSE(is_refused_over_a_reboot());
}

TEST_CASE("who comes back is told what was revoked meanwhile before its verdict, and so before what was held",
          "[artifacts][revocation][return]") {
  ArtifactFleet fleet;
  const ArtifactId artifact = fleet.publish(1);
  fleet.cut(0);
  fleet.run_for(10min);
  const auto held = fleet.install(0, artifact);
  REQUIRE(held);
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  fleet.run_for(1min);
  const auto heard = heard_by(fleet, 0);
  fleet.heal(0);
  REQUIRE(fleet.settle());
  fleet.run_for(1min);

  const auto told = std::find(heard->begin(), heard->end(), "RevocationNotice");
  CHECK(told < std::find(heard->begin(), heard->end(), "Verdict"));
  CHECK(std::find(told, heard->end(), "CommandDelivery") != heard->end());
  CHECK(fleet.agents[0].desk().result_of(*held) == CommandState::rejected);
  CHECK(fleet.agents[0].desk().installed().artifacts.empty());
}

TEST_CASE("an order to install brings what is revoked with it, so that it cannot come first",
          "[artifacts][revocation]") {
  ArtifactFleet fleet;
  const ArtifactId good = fleet.publish(1);
  const PublicKey other = fleet.foreign_key.public_key();
  fleet.on_the_way = [](const HandDriver::Hop&, Packet& packet) {
    return std::holds_alternative<Shared<RevocationNotice>>(packet.message) ? 0 : 1;
  };
  fleet.master->revoke_key(other, "leaked", fleet.now);
  REQUIRE(fleet.install(0, good));
  fleet.run_for(5s);

  CHECK(fleet.agents[0].revoked().keys == std::vector{other});
  CHECK(fleet.agents[1].revoked().keys.empty());
}

TEST_CASE("what is revoked is said again until the node has it, and then no more",
          "[artifacts][revocation]") {
  ArtifactFleet fleet;
  const auto heard = heard_by(fleet, 0);
  const bool loses_notices = GENERATE(true, false);
  bool is_lossy = true;
  fleet.on_the_way = [&](const HandDriver::Hop&, Packet& packet) {
    const bool is_lost = loses_notices ? std::holds_alternative<Shared<RevocationNotice>>(packet.message)
                                       : std::holds_alternative<RevocationsHeld>(packet.message);
    return is_lossy && is_lost ? 0 : 1;
  };
  fleet.run_for(10min);
  CHECK(count_of(*heard, "RevocationNotice") == 0);  // nothing is, and nobody says so

  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  fleet.run_for(10min);
  CHECK(fleet.agents[0].revoked().keys.size() == (loses_notices ? 0 : 1));
  is_lossy = false;
  fleet.run_for(2min);
  CHECK(fleet.agents[0].revoked().keys.size() == 1);
  heard->clear();
  fleet.run_for(30min);
  CHECK(count_of(*heard, "RevocationNotice") == 0);

  fleet.master->revoke_artifact(derive_id<ArtifactTag>("revoked", 1, "x"), "recalled", fleet.now);
  fleet.run_for(30min);
  CHECK(count_of(*heard, "RevocationNotice") == 1);
  CHECK(fleet.agents[0].revoked().artifacts.size() == 1);
  CHECK(fleet.agents[0].revoked().keys.size() == 1);
}

TEST_CASE("lists of what is revoked that come late or twice, in any order, add up to the same",
          "[artifacts][revocation]") {
  ArtifactFleet fleet;
  std::vector<Packet> notices;
  fleet.receiving = [&](Endpoint to, const Packet& packet) {
    const bool is_notice = std::holds_alternative<Shared<RevocationNotice>>(packet.message);
    if (to == Endpoint{Role::node, 0} && is_notice) notices.push_back(packet);
  };
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  fleet.run_for(1min);
  fleet.master->revoke_key(fleet.foreign_key.public_key(), "leaked", fleet.now);
  fleet.run_for(1min);
  REQUIRE(notices.size() == 2);
  const AgentState before = fleet.agents[0].durable();
  fleet.receiving = [](Endpoint, const Packet&) {};

  for (const Packet& late : {notices[0], notices[1], notices[0]}) fleet.give({Role::node, 0}, late);
  fleet.run_for(1min);

  CHECK(fleet.agents[0].durable().revoked == before.revoked);
  CHECK(fleet.agents[0].durable().revocations == before.revocations);
  CHECK(fleet.record().revocations_held == before.revocations);
}

TEST_CASE("a node that comes up from a backup is told again what it does not know any more",
          "[artifacts][revocation][reboot]") {
  ArtifactFleet fleet(2, 1h);
  REQUIRE(fleet.settle());
  const AgentState backup = fleet.agents[0].durable();
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  fleet.run_for(1min);
  REQUIRE(fleet.agents[0].revoked().keys.size() == 1);
  REQUIRE(fleet.agents[0].log().heads() == NodeLog(backup.log).heads());  // nothing else gives it away

  fleet.restore(0, backup);
  CHECK(fleet.agents[0].revoked().keys.empty());
  fleet.run_for(2min);

  CHECK(fleet.agents[0].revoked().keys.size() == 1);
}

TEST_CASE("a node with an older list than it once had says so with its Hello, and is told again",
          "[artifacts][revocation][return]") {
  ArtifactFleet fleet;
  REQUIRE(fleet.settle());
  const AgentState backup = fleet.agents[0].durable();
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  fleet.run_for(5min);
  REQUIRE(fleet.agents[0].revoked().keys.size() == 1);

  fleet.restore(0, backup);  // its log is older, too, which costs it its trust (A26)
  REQUIRE(fleet.run_to([&] { return fleet.record().state.phase == Phase::quarantined; }));
  fleet.run_for(1min);

  CHECK(fleet.agents[0].revoked().keys.size() == 1);
}

TEST_CASE("what is revoked while it is being installed is not installed", "[artifacts][revocation][update]") {
  ArtifactFleet fleet;
  fleet.machine.takes = 3min;
  const auto command = fleet.install(0, fleet.publish(1));
  REQUIRE(command);
  fleet.run_for(1min);
  REQUIRE(fleet.agents[0].desk().state_of(*command) == CommandState::executing);
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  fleet.run_for(3min);

  CHECK(fleet.agents[0].desk().result_of(*command) == CommandState::failed);
  CHECK(fleet.agents[0].desk().installed().artifacts.empty());
  CHECK(fleet.phase_of(0) == Phase::degraded);
}

TEST_CASE("a master that starts again knows what is revoked, and tells its nodes anew",
          "[artifacts][revocation][recover]") {
  ArtifactFleet fleet;
  fleet.on_the_way = [](const HandDriver::Hop&, Packet& packet) {
    return std::holds_alternative<Shared<RevocationNotice>>(packet.message) ? 0 : 1;
  };
  fleet.master->revoke_key(fleet.release_key.public_key(), "leaked", fleet.now);
  fleet.run_for(1min);
  REQUIRE(fleet.agents[0].revoked().keys.empty());
  fleet.restart_master();
  fleet.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
  fleet.run_for(1min);

  CHECK(fleet.agents[0].revoked().keys == std::vector{fleet.release_key.public_key()});
  CHECK(fleet.record().revocations_held == fleet.agents[0].durable().revocations);
}

TEST_CASE("a revocation at one master reaches the nodes of every master, and of the one that takes them over",
          "[artifacts][revocation][replication]") {
  FleetDriver fleet;
  fleet.start(2, 1);
  fleet.run_for(5min);
  const PublicKey key{1, 2, 3};
  fleet.let(0, [&](Master& master, Instant now, Outbox&) {
    master.revoke_key(key, "leaked", now);
    return true;
  });
  fleet.run_for(1min);
  CHECK(fleet.agent(0).revoked().keys == std::vector{key});
  CHECK(fleet.agent(1).revoked().keys == std::vector{key});

  fleet.lose_for_good(1);
  const auto by_global = [&](auto job) {
    return fleet.let(0, [&](Master& master, Instant now, Outbox& out) { return job(master, now, out); });
  };
  by_global([&](Master& master, Instant now, Outbox& out) {
    master.order_handover(FleetDriver::domain_id(1), fleet.peer(0, false), now, out);
    return true;
  });
  REQUIRE(fleet.run_to(
      [&] { return fleet.master(0).epoch_for(FleetDriver::domain_id(1), fleet.local(0)).has_value(); }));
  REQUIRE(by_global([&](Master& master, Instant now, Outbox& out) {
    return master.adopt({fleet.enrolment_of(1)}, now, out);
  }));
  fleet.nodes[1].adopted_by = 0;
  REQUIRE(fleet.run_to([&] { return is_in_contact(fleet.agent(1).mode()); }));
  const PublicKey second{9};
  by_global([&](Master& master, Instant now, Outbox&) {
    master.revoke_key(second, "leaked", now);
    return true;
  });
  fleet.run_for(2min);

  CHECK(fleet.agent(1).revoked().keys == std::vector{key, second});
  CHECK(fleet.master(0).find_node(FleetDriver::node_id(1))->revocations_held ==
        fleet.agent(1).durable().revocations);
}
