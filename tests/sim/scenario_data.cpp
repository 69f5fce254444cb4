#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>

#include "../place.hpp"
#include "scenario_support.hpp"

namespace ibcf::sim {
namespace {

using namespace std::chrono_literals;

const std::string geant = project_folder() + "/scenarios/real/geant-blackout.json";

// Real data lie outside the tree (docs of the scenario say where); without them the test says so and ends.
bool has_real_data() {
  const auto loaded = load_scenario(geant);
  for (const Problem& problem : loaded.problems)
    if (problem.what.find("does not exist") != std::string::npos) {
      std::cout << "SKIPPED: " << text_of(problem) << "\n";
      WARN("skipped: " + text_of(problem));
      return false;
    }
  return true;
}

std::size_t diameter(const Scenario& scenario) {
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  Graph graph(scenario.sites.size());
  for (const auto& link : scenario.backbone) boost::add_edge(link.from, link.to, graph);
  std::size_t farthest = 0;
  for (std::size_t from = 0; from < scenario.sites.size(); ++from) {
    std::vector<std::size_t> hops(scenario.sites.size(), 0);
    boost::breadth_first_search(
        graph, from,
        boost::visitor(boost::make_bfs_visitor(boost::record_distances(hops.data(), boost::on_tree_edge()))));
    farthest = std::max(farthest, *std::max_element(hops.begin(), hops.end()));
  }
  return farthest;
}

Scenario with_backbone(const std::string& graphml, const std::string& relay_sites,
                       const std::string& master_site) {
  const TemporaryFile data("topology.graphml", graphml);
  std::string text = with(R"([{"from": "paris", "to": ["london"]}])",
                          R"({"graphml": "topology.graphml", "bandwidth": "3Gbps"})");
  text.replace(text.find(R"("sites": ["paris", "london"])"), 28, "\"sites\": [" + relay_sites + "]");
  text.replace(text.find(R"("site": "paris")"), 15, "\"site\": " + master_site);
  const TemporaryFile file("imported.json", text);
  auto loaded = load_scenario(file.name());
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(text_of(problem));
  REQUIRE(loaded.problems.empty());
  return std::move(loaded.scenario);
}

constexpr const char* topology = R"(<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key attr.name="LinkSpeedRaw" attr.type="double" for="edge" id="d3" />
  <key attr.name="label" attr.type="string" for="node" id="d2" />
  <key attr.name="Longitude" attr.type="double" for="node" id="d1" />
  <key attr.name="Latitude" attr.type="double" for="node" id="d0" />
  <graph edgedefault="undirected">
    <node id="0"><data key="d0">10</data><data key="d1">179</data><data key="d2">East</data></node>
    <node id="1"><data key="d0">20</data><data key="d1">-177</data><data key="d2">East</data></node>
    <node id="2"><data key="d2">Between</data></node>
    <node id="3"></node>
    <edge source="0" target="2"><data key="d3">2500000000.0</data></edge>
    <edge source="2" target="1" />
    <edge source="2" target="3" />
    <edge source="3" target="2" />
  </graph>
</graphml>
)";

TEST_CASE("an imported topology keeps labels, speeds and places, and fills what it lacks", "[scenario]") {
  const Scenario scenario = with_backbone(topology, "\"East\", \"East (2)\"", "\"node 3\"");

  REQUIRE(scenario.sites.size() == 6);  // two of the scenario's own
  CHECK(scenario.sites[2].name == "East");
  CHECK(scenario.sites[3].name == "East (2)");
  CHECK(scenario.sites[4].name == "Between");
  CHECK(scenario.sites[4].place.latitude_deg == Approx(15));
  CHECK(scenario.sites[4].place.longitude_deg == Approx(-179));  // the short way, over the date line
  CHECK(scenario.sites[5].name == "node 3");
  CHECK(scenario.sites[5].place.longitude_deg == Approx(-179));
  REQUIRE(scenario.backbone.size() == 4);
  CHECK(scenario.backbone[0].name == "East - Between");
  CHECK(scenario.backbone[0].bandwidth_bps == 2.5e9);
  CHECK(scenario.backbone[0].delay == fibre_delay(scenario.sites[2].place, scenario.sites[4].place));
  CHECK(scenario.backbone[1].bandwidth_bps == 3e9);
  CHECK(scenario.backbone[3].name == "node 3 - Between (2)");
}

Scenario with_trace(const std::string& csv, const std::string& more = "") {
  const TemporaryFile data("trace.csv", csv);
  const TemporaryFile file("traced.json",
                           with(R"("kind": "lte")", R"("kind": "trace", "file": "trace.csv")" + more));
  auto loaded = load_scenario(file.name());
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(text_of(problem));
  REQUIRE(loaded.problems.empty());
  return std::move(loaded.scenario);
}

TEST_CASE("a trace gives half the round trip, its loss, at least the floor, and keeps the last number",
          "[scenario]") {
  const Scenario scenario = with_trace(
      "x,state,pop_ping_drop_rate,pop_ping_latency_ms,downlink_bps,uplink_bps\r\n"
      "1,CONNECTED,0,,4e6,1000\r\n"
      "2,CONNECTED,0.25,50,5000,2e6\r\n"
      "3,SEARCHING,1,,,\r\n");
  const auto& rows = scenario.access[0].trace->rows;

  REQUIRE(rows.size() == 3);
  CHECK(rows[0].delay == Duration{25ms});  // no number yet: the first that comes
  CHECK(rows[0].down_bps == 4e6);
  CHECK(rows[0].up_bps == 1e6);  // the floor
  CHECK(rows[1].loss == 0.25);
  CHECK(rows[1].down_bps == 1e6);
  CHECK(rows[1].up_bps == 2e6);
  CHECK(rows[1].connected);
  CHECK(rows[2].delay == Duration{25ms});
  CHECK_FALSE(rows[2].connected);
}

TEST_CASE("a trace may name its columns otherwise", "[scenario]") {
  const Scenario scenario =
      with_trace("rtt,p,d,u,up\n30,0,1e6,1e6,yes\n31,0,1e6,1e6,no\n", R"(, "connected": "yes", "columns":
    {"round_trip_ms": "rtt", "loss": "p", "down_bps": "d", "up_bps": "u", "state": "up"})");
  const auto& rows = scenario.access[0].trace->rows;

  REQUIRE(rows.size() == 2);
  CHECK(rows[1].delay == Duration{15500us});
  CHECK(rows[0].connected);
  CHECK_FALSE(rows[1].connected);
}

TEST_CASE("a byte changed in a data file changes the scenario's hash", "[scenario]") {
  const std::string csv =
      "state,pop_ping_drop_rate,pop_ping_latency_ms,downlink_bps,uplink_bps\nCONNECTED,0,50,1,1\n";

  const auto hash = with_trace(csv).text_hash;

  CHECK(with_trace(csv).text_hash == hash);
  CHECK(with_trace(csv + "CONNECTED,0,51,1,1\n").text_hash != hash);
}

TEST_CASE("GEANT has 40 sites, 61 links and 8 hops from end to end", "[scenario]") {
  if (!has_real_data()) return;
  const auto loaded = load_scenario(geant);
  const Scenario& scenario = loaded.scenario;

  REQUIRE(loaded.problems.empty());
  CHECK(scenario.sites.size() == 40);
  CHECK(scenario.backbone.size() == 61);
  CHECK(diameter(scenario) == 8);
  CHECK(scenario.access[0].trace->rows.size() == 28800);
  for (const auto& row : scenario.access[0].trace->rows) REQUIRE(row.down_bps >= 5e6);
}

}  // namespace
}  // namespace ibcf::sim
