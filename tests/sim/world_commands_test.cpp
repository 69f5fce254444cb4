#include "world_support.hpp"

/// What a scenario says of commands and rollouts takes effect in the world.
using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

/// Ten nodes that nothing cuts off, for two hours, without commands of their own.
Scenario quiet() {
  Scenario scenario = scenario_from("tests/golden/ten-nodes.json");
  scenario.faults.clear();
  scenario.commands.clear();
  scenario.expect.clear();
  scenario.horizon = at(2h);
  return scenario;
}

Scenario::CommandLoad load(const std::string& name) {
  Scenario::CommandLoad made;
  made.name = name;
  made.domain = 0;
  made.from = at(5min);
  made.until = at(1h);
  made.every = 5min;
  made.nodes = none;
  made.valid_for = 10min;
  return made;
}

Scenario::Rollout rollout(const std::string& version, Instant when) {
  Scenario::Rollout made;
  made.bundle = "baseline";
  made.version = version;
  made.at = when;
  made.domain = 0;
  made.waves = {0.5, 1};
  made.wave_every = 2min;
  return made;
}

void expect(Scenario& scenario, const std::string& metric, double value,
            Scenario::Expectation::Compare compare = Scenario::Expectation::Compare::is) {
  Scenario::Expectation made;
  made.metric = metric;
  made.compare = compare;
  made.value = value;
  made.why = metric;
  scenario.expect.push_back(made);
}

void passes(const Scenario& scenario) {
  const RunResult run = run_apart(scenario);
  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
}

constexpr auto at_least = Scenario::Expectation::Compare::at_least;
constexpr auto at_most = Scenario::Expectation::Compare::at_most;

}  // namespace

TEST_CASE("L-5: commands that take their time and fail in part are all final in the end",
          "[world][commands]") {
  Scenario scenario = quiet();
  scenario.behaviour.commands_take = 30s;
  scenario.behaviour.commands_fail = 0.3;
  scenario.commands = {load("tick")};
  scenario.commands[0].delivery = DeliverySemantics::at_most_once;
  expect(scenario, "commands_issued", 110);
  expect(scenario, "commands_applied", 110);  // each was begun, and once
  expect(scenario, "commands_failed", 15, at_least);
  expect(scenario, "commands_failed", 55, at_most);
  expect(scenario, "commands_not_final", 0);
  passes(scenario);
}

TEST_CASE("a cancel stops commands that wait for their window, and the window lets others through",
          "[world][commands]") {
  Scenario scenario = quiet();
  scenario.rollouts = {rollout("1.0.0", at(1min))};
  scenario.rollouts[0].constraints.maintenance_window = "daily 00:00-00:20; 01:00-02:00";
  scenario.commands = {load("late"), load("stopped")};
  for (auto& one : scenario.commands) {
    one.from = at(30min);
    one.every = 0s;
    one.valid_for = 1h;
  }
  scenario.commands[1].cancel_after = 5min;
  expect(scenario, "rollout_applied", 10);
  // ten assignments, ten that waited for the window, ten cancels
  expect(scenario, "commands_applied", 30);
  expect(scenario, "commands_cancelled", 10);
  expect(scenario, "commands_not_final", 0);
  passes(scenario);
}

TEST_CASE("a low battery holds a bundle off until it is charged, and nobody takes that for failure",
          "[world][commands]") {
  Scenario scenario = quiet();
  scenario.groups[2].battery_pct = 20;
  scenario.rollouts = {rollout("1.0.0", at(1min))};
  scenario.rollouts[0].constraints.min_battery_pct = 30;
  scenario.rollouts[0].threshold = 0.4;
  expect(scenario, "rollout_applied", 5);
  expect(scenario, "rollouts_halted", 0);
  passes(scenario);
}

TEST_CASE("a bundle on which nodes roll back is halted after its first wave, and the fix reaches everybody",
          "[world][commands]") {
  Scenario scenario = quiet();
  scenario.rollouts = {rollout("1.0.0", at(1min)), rollout("1.0.1", at(1h))};
  scenario.rollouts[0].rolls_back = 1;
  expect(scenario, "commands_failed", 5);
  expect(scenario, "rollouts_halted", 1);
  expect(scenario, "rollout_applied", 10);
  passes(scenario);
}

TEST_CASE("drawing whether commands work changes nothing where all of them do, I-74", "[world][commands]") {
  const Scenario scenario = scenario_from("tests/golden/ten-nodes.json");
  Scenario drawn = scenario;
  drawn.behaviour.commands_fail = 1e-12;  // not once in the age of the world
  Scenario failing = scenario;
  failing.behaviour.commands_fail = 0.5;

  CHECK(run_apart(scenario).event_hash == run_apart(drawn).event_hash);
  CHECK(run_apart(scenario).event_hash != run_apart(failing).event_hash);
}
