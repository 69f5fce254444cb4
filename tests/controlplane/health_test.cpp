#include "hand_driver.hpp"
#include "model/payloads.hpp"

/// A node's health, from its heartbeats to its phase (lifecycle arrows S18 to S20).
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// The arrows by which masters moved nodes on health.
std::vector<std::string> health_arrows(const HandDriver& twin) {
  std::vector<std::string> arrows;
  for (const Event& event : twin.events())
    if (event.type == EventType::health_changed || event.type == EventType::health_critical)
      arrows.push_back(payload_of<LifecycleStep>(event)->arrow);
  return arrows;
}

using Arrows = std::vector<std::string>;

}  // namespace

TEST_CASE("a node that degrades and recovers goes by S18 and S19, and its neighbour stays", "[health]") {
  HandDriver twin;
  twin.start(2);
  twin.run_until(at(10min));

  twin.agents[0].set_health(Health::degraded);
  twin.run_for(3min);
  CHECK(twin.record(0).state.phase == Phase::degraded);
  CHECK(twin.record(0).state.health == Health::degraded);
  CHECK(twin.record(1).state.phase == Phase::active);

  twin.agents[0].set_health(Health::ok);
  twin.run_for(4min);
  CHECK(twin.record(0).state.phase == Phase::degraded);  // not stable for long enough yet
  twin.run_for(3min);
  CHECK(twin.record(0).state.phase == Phase::active);
  CHECK(twin.record(0).state.health == Health::ok);
  CHECK(health_arrows(twin) == Arrows{"S18", "S19"});
}

TEST_CASE("a node that has failed for half an hour is quarantined by S20", "[health]") {
  HandDriver twin;
  twin.start(1);
  twin.run_until(at(10min));

  twin.agents[0].set_health(Health::failed);
  twin.run_for(25min);
  CHECK(twin.record().state.phase == Phase::degraded);
  twin.run_for(10min);

  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK(health_arrows(twin) == Arrows{"S18", "S20"});
}

TEST_CASE("a node whose health flickers from beat to beat stays ACTIVE", "[health]") {
  HandDriver twin;
  twin.start(1);
  twin.run_until(at(10min));

  for (int i = 0; i < 60; ++i) {
    twin.agents[0].set_health(i % 2 == 0 ? Health::failed : Health::ok);
    twin.run_for(30s);
  }

  CHECK(twin.record().state.phase == Phase::active);
  CHECK(health_arrows(twin).empty());
}
