#include "world_support.hpp"

/// Releases in a run, from the key that signs them to the nodes that run them; and what the run must catch.
using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

Scenario recalled() {
  return scenario_from("scenarios/recalled-artifact.json");
}

/// Up to the rollout of which a few nodes get a broken copy.
Scenario until_it_is_rolled_out() {
  Scenario scenario = recalled();
  scenario.horizon = at(1h + 15min);
  scenario.expect.clear();
  return scenario;
}

}  // namespace

TEST_CASE(
    "what is recalled quarantines whoever runs it, at once, with the word or when it is heard, up to the "
    "brake",
    "[world][artifacts]") {
  const RunResult run = run_apart(recalled());

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
  CHECK(run.metrics.at("artifact_quarantines") == 11);
  CHECK(run.metrics.at("artifacts_refused") == 2);
}

TEST_CASE("I-50: a node that installs what it could not verify is caught in the run", "[world][defect]") {
  const RunResult run = run_apart(until_it_is_rolled_out(), Defect::install_unverified);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.stopped_at("I-50"));
}

TEST_CASE("a key that is revoked takes down with it all that it alone signed", "[world][artifacts]") {
  Scenario scenario = recalled();
  scenario.revocations = {{at(1h + 30min), true, 0, "stolen"}};
  scenario.horizon = at(1h + 40min);
  scenario.expect.clear();

  const RunResult run = run_apart(scenario);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::pass);
  CHECK(run.metrics.at("nodes_running_revoked") == 200);
  CHECK(run.metrics.at("nodes_quarantined") == 5 + 3 + 3);
}

TEST_CASE("without the brake a recall takes down a whole domain, and the scenario says so",
          "[world][defect]") {
  const RunResult run = run_apart(recalled(), Defect::brake_off);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::expectation_failed);
  CHECK(run.has_failed("nodes_quarantined"));
  CHECK(run.has_failed("artifact_quarantines"));
}
