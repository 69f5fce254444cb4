#include "world_support.hpp"

/// Contact that is planned, and nodes that others tell of, in a run.
using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

std::uint32_t domain_named(const Scenario& scenario, const std::string& name) {
  const auto found = std::find_if(scenario.domains.begin(), scenario.domains.end(),
                                  [&](const auto& domain) { return domain.name == name; });
  REQUIRE(found != scenario.domains.end());
  return static_cast<std::uint32_t>(found - scenario.domains.begin());
}

/// Europe, in peace, without satellites that pass; its links have two minutes in fifteen for 80 minutes.
Scenario planned() {
  Scenario scenario = scenario_from("scenarios/small-partition.json");
  const std::uint32_t europe = domain_named(scenario, "europe");
  std::erase_if(scenario.groups, [&](const auto& group) {
    return group.domain != europe || scenario.access[group.access].kind == Scenario::AccessKind::leo;
  });
  scenario.faults.clear();
  scenario.rollouts.clear();
  scenario.handovers.clear();
  scenario.commands.resize(1);
  scenario.expect.clear();
  scenario.contact_plans = {{"night tariff", europe, at(40min), at(2h), 15min, 2min}};
  const auto expect = [&](const char* metric, Duration when, double value) {
    scenario.expect.push_back({.metric = metric, .domain = europe, .at = at(when), .value = value});
  };
  expect("nodes_edge_cached", 39min, 0);
  expect("nodes_edge_cached", 41min, 46);
  expect("nodes_edge_cached", 110min, 46);
  expect("nodes_edge_cached", 125min, 0);
  expect("nodes_live", 125min, 40);
  expect("nodes_delayed", 125min, 6);
  return scenario;
}

struct Watch final : BlindObserver {
  std::map<std::string, std::uint64_t> count;
  void stored(std::uint32_t, const Stored&, const Event& event) override {
    ++count[std::string(word_of(event.type))];
  }
};

/// The words of stored events with their number, and how the run went.
Json story_of(const Scenario& scenario) {
  return Json::parse(text_from_child([&] {
    Watch watch;
    World world(scenario);
    const Outcome outcome = world.run({.until = never, .observer = &watch, .progress = {}});
    Json told{{"is_safe", outcome.violations.empty()}};
    for (const auto& [word, number] : watch.count) told[word] = number;
    return told.dump();
  }));
}

}  // namespace

TEST_CASE("a fleet whose contact becomes planned is EDGE_CACHED for that time, and nobody is lost",
          "[world][plan]") {
  const RunResult run = run_apart(planned());

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
  CHECK(run.verdicts == 0);  // nobody had to return

  const Json story = story_of(planned());
  CHECK(story["contacts.planned"] == 92);
  CHECK(story["conn.contact_plan"] == 40);
  CHECK(story["conn.sync_interval_long"] == 6);
  CHECK(story["conn.sync_interval_short"] == 6);
  CHECK(story.value("conn.lost", 0) == 0);
}

TEST_CASE("a node that is down when a plan begins and when it ends knows of it when it comes up",
          "[world][plan]") {
  Scenario scenario = planned();
  for (const auto& [from, until] : {std::pair{38min, 50min}, std::pair{115min, 123min}})
    scenario.faults.push_back({.name = "brownout " + std::to_string(from.count()),
                               .kind = Scenario::FaultKind::restart_nodes,
                               .target = domain_named(scenario, "europe"),
                               .at = at(from),
                               .until = at(until),
                               .nodes = 5});
  std::erase_if(scenario.expect, [](const auto& one) { return one.at != at(110min); });
  scenario.expect.push_back(
      {.metric = "nodes_edge_cached", .domain = scenario.expect[0].domain, .at = at(170min), .value = 0});
  scenario.expect.push_back(
      {.metric = "nodes_in_contact", .domain = scenario.expect[0].domain, .at = at(170min), .value = 46});

  const RunResult run = run_apart(scenario);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
}

TEST_CASE("a satellite's nodes that are out of sight when their relay's way opens are told of by it (A12)",
          "[world][evidence]") {
  Scenario scenario = scenario_from("scenarios/small-partition.json");
  scenario.behaviour.autonomy = 30min;
  scenario.expect.clear();

  const Json story = story_of(scenario);

  CHECK(story["is_safe"] == true);
  CHECK(story.value("conn.proxy_evidence", 0) > 0);
}
