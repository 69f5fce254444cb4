#include "world_support.hpp"

using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

Scenario small_partition() {
  return scenario_from("scenarios/small-partition.json");
}

void check_passes(const RunResult& run) {
  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
}

}  // namespace

TEST_CASE("the small partition passes every expectation and breaks no invariant", "[world]") {
  const Scenario scenario = small_partition();
  World world(scenario);

  const Outcome outcome = world.run({});

  CHECK(outcome.verdict == RunVerdict::pass);
  CHECK(outcome.violations.empty());
  CHECK(outcome.waiting.empty());
  CHECK_FALSE(outcome.cut_short);
  REQUIRE(outcome.expectations.size() == scenario.expect.size());
  for (const Checked& one : outcome.expectations) {
    INFO(one.expectation->metric << " is " << one.got);
    CHECK(one.evaluated);
    CHECK(one.pass);
  }
}

TEST_CASE("a run that is cut short says so and judges only what was due", "[world]") {
  const Scenario scenario = small_partition();
  World world(scenario);

  const Outcome outcome = world.run({.until = at(55min), .observer = nullptr, .progress = {}});

  CHECK(outcome.cut_short);
  CHECK(outcome.verdict == RunVerdict::pass);
  for (const Checked& one : outcome.expectations) CHECK(one.evaluated == (one.expectation->at == at(50min)));
}

TEST_CASE("I-70: the same seed gives the same log, another seed another, whatever the tie seed both pass",
          "[world][determinism]") {
  Scenario scenario = small_partition();
  const RunResult first = run_apart(scenario);
  const RunResult again = run_apart(scenario);
  scenario.seed = 2;
  const RunResult other = run_apart(scenario);

  CHECK(first.event_hash == again.event_hash);
  CHECK(first.event_hash != other.event_hash);
  check_passes(first);
  check_passes(other);
}

TEST_CASE("the order of simultaneous events may differ and every expectation still holds",
          "[world][determinism]") {
  Scenario scenario = small_partition();
  for (const std::uint64_t tie_seed : {1, 2, 3}) {
    scenario.tie_seed = tie_seed;
    INFO("tie seed " << tie_seed);
    check_passes(run_apart(scenario));
  }
}

TEST_CASE("a command load that is never used leaves every draw, and so the log, as it was",
          "[world][determinism]") {
  const Scenario scenario = small_partition();
  Scenario with_load = scenario;
  with_load.commands.insert(with_load.commands.begin(), scenario.commands.front());
  with_load.commands.front().name = "never";
  with_load.commands.front().from = scenario.horizon + 1h;

  CHECK(run_apart(with_load).event_hash == run_apart(scenario).event_hash);
}

TEST_CASE("a site, a link and a relay that nothing uses leave the log of a lossless fleet as it was",
          "[world][determinism]") {
  Scenario scenario = small_partition();
  for (auto& access : scenario.access) access.loss = 0;
  const RunResult plain = run_apart(scenario);

  const auto site = static_cast<std::uint32_t>(scenario.sites.size());
  scenario.sites.push_back({"st-helena", {-15.97, -5.71}});
  scenario.backbone.push_back({.name = "ashburn - st-helena", .from = 0, .to = site, .delay = 20ms});
  CHECK(run_apart(scenario).event_hash == plain.event_hash);

  scenario.relays.push_back({.name = "st-helena", .domain = 0, .site = site});
  CHECK(run_apart(scenario).event_hash == plain.event_hash);
}

TEST_CASE("both network engines pass, and their replays are over at the same time within 2 %",
          "[world][network]") {
  Scenario scenario = small_partition();
  const double healed_s = seconds_of(scenario.faults[0].until);
  scenario.network = NetworkMode::hybrid;
  const RunResult hybrid = run_apart(scenario);
  scenario.network = NetworkMode::flow;
  const RunResult flow = run_apart(scenario);

  check_passes(hybrid);
  check_passes(flow);
  const double hybrid_s = hybrid.last_verdict_s - healed_s;
  const double flow_s = flow.last_verdict_s - healed_s;
  CAPTURE(hybrid_s, flow_s, hybrid.verdicts, flow.verdicts);
  CHECK(hybrid.verdicts > 20);
  CHECK(flow_s == Approx(hybrid_s).epsilon(0.02));
}
