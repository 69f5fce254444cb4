#include "world_support.hpp"

/// Masters that are lost for good in a run, and masters that speak apart from each other; and what the run
/// must catch.
using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

Scenario lost() {
  return scenario_from("scenarios/lost-master.json");
}

Scenario apart() {
  return scenario_from("scenarios/declared-apart.json");
}

}  // namespace

TEST_CASE("nodes of masters that are lost for good come back to who takes them over, and nothing is lost",
          "[world][adopt]") {
  const RunResult run = run_apart(lost());

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
  CHECK(run.metrics.at("nodes_adopted") == 40);
}

TEST_CASE("what only a lost master had stored is missing where nobody takes its nodes over",
          "[world][adopt]") {
  Scenario scenario = lost();
  for (auto& fault : scenario.faults) fault.adopt_by = none;
  scenario.expect.clear();

  const RunResult run = run_apart(scenario);

  INFO(run.text());
  CHECK(run.metrics.at("events_acknowledged_lost") > 100);
  CHECK(run.metrics.at("nodes_not_returned") == 40);
  CHECK(run.metrics.at("nodes_adopted") == 0);
}

TEST_CASE(
    "two words for one domain become one, by term or by policy, and what lost is settled by an operator",
    "[world][desired]") {
  const RunResult run = run_apart(apart());

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
  CHECK(run.metrics.at("desired_conflicts") == 2);
}

TEST_CASE("what lost against another word stays unsettled where nobody looks at it", "[world][desired]") {
  Scenario scenario = apart();
  scenario.settlements.clear();

  const RunResult run = run_apart(scenario);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::expectation_failed);
  CHECK(run.has_failed("desired_unsettled"));
}
