#include "sim/scenario.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "../place.hpp"
#include "scenario_support.hpp"

namespace ibcf::sim {
namespace {

using namespace std::chrono_literals;

Scenario good(const std::string& text) {
  const TemporaryFile file("good.json", text);
  auto loaded = load_scenario(file.name());
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(text_of(problem));
  REQUIRE(loaded.problems.empty());
  return std::move(loaded.scenario);
}

std::uint64_t nodes_of(const Scenario& scenario, const std::string& access = "") {
  std::uint64_t nodes = 0;
  for (const auto& group : scenario.groups)
    if (scenario.access[group.access].name.starts_with(access)) nodes += group.count;
  return nodes;
}

TEST_CASE("a scenario that says little gets every default", "[scenario]") {
  const Scenario scenario = good(small_scenario());

  CHECK(scenario.name == "small");
  CHECK(scenario.seed == 1);
  CHECK(scenario.horizon == at(24h));
  CHECK(scenario.network == NetworkMode::hybrid);
  CHECK(scenario.behaviour.heartbeat == Duration{30s});
  CHECK(scenario.behaviour.snapshot_body_bytes == 16384);
  CHECK(scenario.domains[0].parent == none);
  CHECK(scenario.domains[1].parent == 0);
  REQUIRE(scenario.relays.size() == 2);
  CHECK(scenario.relays[1].name == "relay-london");
  CHECK(scenario.groups[0].near == std::vector<std::uint32_t>{0, 1});
  CHECK(scenario.groups[0].spread_m == 30e3);
  CHECK(scenario.access[0].up_bps == 10e6);
  CHECK(scenario.access[0].loss == 0.005);
  CHECK(scenario.controllers[0].level == AuthorityLevel::global);
  CHECK(scenario.controllers[0].lease == Duration{1h});
}

TEST_CASE("the delay of a backbone link follows from its ends unless it is given", "[scenario]") {
  const Scenario derived = good(small_scenario());
  const Scenario given = good(with(
      R"("to": ["london"])", R"("to": ["london"], "delay": "7ms", "bandwidth": "2.5Gbps", "loss": "2%")"));

  CHECK(derived.backbone[0].name == "paris - london");
  CHECK(derived.backbone[0].delay == fibre_delay(derived.sites[0].place, derived.sites[1].place));
  CHECK(given.backbone[0].delay == Duration{7ms});
  CHECK(given.backbone[0].bandwidth_bps == 2.5e9);
  CHECK(given.backbone[0].loss == 0.02);
}

TEST_CASE("values with units arrive in base units", "[scenario]") {
  const Scenario scenario = good(with(R"({"name": "lte", "kind": "lte"})", R"({
    "name": "lte", "kind": "leo", "down": "1.5Mbps", "up": "64 kbps", "loss": "2.5%", "extra_delay": "1s 250ms", "queue": "1MB",
    "shell": {"inclination": "53.5deg", "altitude": "550km", "satellites": 24, "planes": 6, "min_elevation": "10 deg"}})"));
  const auto& access = scenario.access[0];

  CHECK(access.kind == Scenario::AccessKind::leo);
  CHECK(access.down_bps == 1.5e6);
  CHECK(access.up_bps == 64e3);
  CHECK(access.loss == 0.025);
  CHECK(access.extra_delay == Duration{1250ms});
  CHECK(access.queue_bytes == 1'000'000);
  CHECK(access.shell.inclination_deg == 53.5);
  CHECK(access.shell.altitude_m == 550e3);
  CHECK(access.shell.phasing == 1);
  CHECK(access.shell.min_elevation_deg == 10);
}

TEST_CASE("faults, workload and expectations point at what they name", "[scenario]") {
  const Scenario scenario = good(with(R"("name": "small",)", R"("name": "small",
  "workload": {
    "commands": [{"name": "c", "domain": "europe", "from": "1h", "nodes": "all"}, {"name": "d", "domain": "earth", "every": "5m"}],
    "rollouts": [{"bundle": "b", "version": "2", "at": "2h", "domain": "earth", "config": {"k": "v"}, "waves": ["5%", 1]}],
    "handovers": [{"at": "3h", "domain": "europe", "to": "global"}]
  },
  "faults": [
    {"kind": "cut_link", "link": "london - paris", "at": "1h", "until": "2h"},
    {"kind": "cut_site", "site": "london", "at": "90m"},
    {"kind": "isolate_domain", "domain": "europe", "at": "1h"}
  ],
  "expect": [{"metric": "nodes_autonomous", "domain": "europe", "at": "3h", "at_least": 2, "why": "Because."}],)"));

  CHECK(scenario.commands[0].nodes == none);
  CHECK(scenario.commands[0].every == Duration{});
  CHECK(scenario.commands[1].nodes == 1);
  CHECK(scenario.commands[1].until == at(24h));
  CHECK(scenario.rollouts[0].config.at("k") == "v");
  CHECK(scenario.rollouts[0].waves == std::vector<double>{0.05, 1});
  CHECK(scenario.handovers[0].to == 0);
  CHECK(scenario.faults[0].target == 0);
  CHECK(scenario.faults[0].until == at(2h));
  CHECK(scenario.faults[1].target == 1);
  CHECK(scenario.faults[1].until == never);
  CHECK(scenario.faults[1].name == "cut_site london");
  CHECK(scenario.faults[2].target == 1);
  CHECK(scenario.expect[0].domain == 1);
  CHECK(scenario.expect[0].compare == Scenario::Expectation::Compare::at_least);
  CHECK(scenario.expect[0].place.ends_with("good.json:13:14"));
}

TEST_CASE("comments, order, spelling of units and the seed do not change a scenario's hash, but a value does",
          "[scenario]") {
  const auto hash = [](const std::string& by) { return good(with(R"("name": "small",)", by)).text_hash; };
  const std::string plain = good(small_scenario()).text_hash;

  CHECK(plain.size() == 64);
  CHECK(hash(R"(/* a name */ "name": "small", // it is)"
             "\n") == plain);
  CHECK(hash(R"("$schema": "x", "engine": {"seed": 7, "horizon": "1440m"}, "name": "small",)") == plain);
  CHECK(hash(R"("name": "small", "engine": {"horizon": "23h"},)") != plain);
  CHECK(hash(R"("name": "other",)") != plain);
}

TEST_CASE("the resolved scenario is a scenario, and resolves to itself", "[scenario]") {
  const std::string shipped = project_folder() + "/scenarios/small-partition.json";
  const auto first = load_scenario(shipped);
  const TemporaryFile file("resolved.json", first.resolved);

  const auto second = load_scenario(file.name());

  CHECK(problems_of(file.name()).empty());
  CHECK(second.resolved == first.resolved);
  CHECK(second.scenario.text_hash == first.scenario.text_hash);
  CHECK(first.resolved.find("\"missed_heartbeats\": 3") != std::string::npos);
}

TEST_CASE("first-partition has the fleet that its story tells", "[scenario]") {
  const auto loaded = load_scenario(project_folder() + "/scenarios/first-partition.json");
  const Scenario& scenario = loaded.scenario;

  REQUIRE(loaded.problems.empty());
  CHECK(nodes_of(scenario) == 2000);
  CHECK(nodes_of(scenario, "fibre") == 900);
  CHECK(nodes_of(scenario, "lte") == 700);
  CHECK(nodes_of(scenario, "geo") == 240);
  CHECK(nodes_of(scenario, "leo") == 160);
  CHECK(scenario.relays.size() == 50);
  CHECK(scenario.controllers.size() == 6);
  CHECK(scenario.expect.size() >= 14);
}

TEST_CASE("small-partition has a twentieth of its fleet", "[scenario]") {
  const auto loaded = load_scenario(project_folder() + "/scenarios/small-partition.json");

  REQUIRE(loaded.problems.empty());
  CHECK(nodes_of(loaded.scenario) == 100);
  CHECK(loaded.scenario.horizon == at(3h));
}

}  // namespace
}  // namespace ibcf::sim
