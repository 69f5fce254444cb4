#include "controlplane/attention_queue.hpp"
#include "fleet_driver.hpp"
#include "model/payloads.hpp"

/// Snapshot bodies between masters: each goes to a peer once, and none is an error where it is missing.
using namespace ibcf;
using namespace std::chrono_literals;

TEST_CASE("every master gets the bodies that its copies of logs name, each once", "[bodies][replication]") {
  FleetDriver fleet;
  fleet.agent_settings.snapshot = 1min;
  std::size_t bodies = 0;
  fleet.between_masters = [&](Packet& packet) {
    if (const auto* piece = std::get_if<Shared<Replicate>>(&packet.message))
      bodies += (*piece)->bodies.size();
    return std::vector<Duration>{10ms};
  };
  fleet.start(3, 2);
  fleet.run_for(20min);

  for (std::uint32_t i = 0; i < 3; ++i) {
    CHECK(fleet.master(i).bodies().size() == 1);  // all nodes are alike
    fleet.seats[i].store.scan(0, [&](const Stored& stored) {
      const auto event = decode<Event>(stored.packed);
      if (event->type != EventType::observation_recorded) return true;
      CHECK(fleet.master(i).bodies().contains(payload_of<Observation>(*event)->body));
      return true;
    });
  }
  CHECK(bodies <= 4);  // over two links, either way

  // I-10, of the views that masters really keep: what they hold of each other's logs is the same.
  const auto held = [&](std::uint32_t i) { return fleet.master(i).replication().digest(); };
  for (int tries = 0; held(0) != held(1) && tries < 100; ++tries) fleet.run_for(700ms);
  REQUIRE(held(0) == held(1));
  const bool is_same = fleet.master(0).views().view_bytes() == fleet.master(1).views().view_bytes();
  CHECK(is_same);
}
