#include "world_support.hpp"

/// Machines that go down and come up again, and what nobody can read, in a run; and what the run must catch.
using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

Scenario restarts() {
  return scenario_from("scenarios/restarts.json");
}

/// Up to the replays after London was cut off.
Scenario until_the_poison_is_in() {
  Scenario scenario = restarts();
  scenario.horizon = at(1h + 25min);
  std::erase_if(scenario.expect, [&](const auto& one) { return one.at != never; });
  return scenario;
}

/// Up to the first restart of a master and what follows it.
Scenario until_a_master_is_up_again() {
  Scenario scenario = restarts();
  scenario.horizon = at(1h);
  std::erase_if(scenario.expect, [](const auto& one) { return one.at != never; });
  std::erase_if(scenario.faults, [](const auto& one) { return one.at >= at(1h); });
  return scenario;
}

}  // namespace

TEST_CASE("nodes, a relay and masters that restart lose nothing that was promised and do nothing twice",
          "[world][restart]") {
  const RunResult run = run_apart(restarts());

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
  CHECK(run.metrics.at("restarts") == 54);
  CHECK(run.metrics.at("master_restarts") == 3);
  CHECK(run.metrics.at("commands_redone") > 0);
  CHECK(run.metrics.at("events_parked") == 72);
}

TEST_CASE("I-44: a master that calls a replay clean in which it parked something is caught in the run",
          "[world][defect]") {
  const RunResult run = run_apart(until_the_poison_is_in(), Defect::clean_with_gap);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.stopped_at("I-44"));
}

TEST_CASE("I-7: a master that passes over what it cannot read without a word is caught in the run",
          "[world][defect]") {
  const RunResult run = run_apart(until_the_poison_is_in(), Defect::skip_poison);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.stopped_at("I-7"));
}

TEST_CASE("I-4: a master that comes up without knowing what it has stored is caught in the run",
          "[world][defect]") {
  const RunResult run = run_apart(until_a_master_is_up_again(), Defect::dedupe_forgotten);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.stopped_at("I-4"));
}

TEST_CASE("what a master counted before it went down is counted still", "[world][restart]") {
  Scenario scenario = until_a_master_is_up_again();
  scenario.expect.clear();
  const RunResult run = run_apart(scenario);
  std::erase_if(scenario.faults,
                [](const auto& one) { return one.kind == Scenario::FaultKind::restart_master; });
  const RunResult unbroken = run_apart(scenario);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
  CHECK(run.metrics.at("master_restarts") == 1);
  // All but the orders of the twenty seconds in which nobody took any.
  CHECK(run.metrics.at("commands_issued") > unbroken.metrics.at("commands_issued") - 30);
  CHECK(unbroken.metrics.at("commands_issued") > 900);
}
