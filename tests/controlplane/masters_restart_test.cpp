#include <map>
#include <set>

#include "fleet_driver.hpp"

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
