#include "world_support.hpp"

/// Each defect planted in the core must be caught by the run that it spoils: who checks the checkers.
using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

RunResult run_with(Defect defect) {
  return run_apart(scenario_from("scenarios/small-partition.json"), defect);
}

}  // namespace

TEST_CASE("nodes that execute commands of an older term are caught as stale executions, I-23",
          "[world][defect]") {
  const RunResult run = run_with(Defect::fencing_off);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.has_failed("stale_executions"));
  CHECK(run.stopped_at("I-23"));
}

TEST_CASE("a master that acknowledges what it did not store is caught as lost events, I-7",
          "[world][defect]") {
  const RunResult run = run_with(Defect::acknowledge_unstored);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.has_failed("events_acknowledged_lost"));
  CHECK(run.stopped_at("I-7"));
}

TEST_CASE("a master that stores again what it has is caught as events stored twice, I-4", "[world][defect]") {
  const RunResult run = run_with(Defect::dedupe_off);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.has_failed("events_stored_twice"));
  CHECK(run.stopped_at("I-4"));
}

TEST_CASE("commands that are not held during a return are caught as executions in replay, I-36",
          "[world][defect]") {
  const RunResult run = run_with(Defect::hold_nothing);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.has_failed("executions_in_replay"));
  CHECK(run.stopped_at("I-36"));
}

TEST_CASE("nodes that never say Hello are caught as not returned, and the run says what waits",
          "[world][defect]") {
  const RunResult run = run_with(Defect::forget_return);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::stuck);
  CHECK(run.has_failed("nodes_not_returned"));
  REQUIRE_FALSE(run.waiting.empty());
  CHECK(run.waiting[0].find("AUTONOMOUS") != std::string::npos);
}

TEST_CASE("a holder that goes on after it gave its scope up is caught as two holders, I-24",
          "[world][defect]") {
  const RunResult run = run_with(Defect::never_hand_over_lease);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.has_failed("two_holders"));
  CHECK(run.stopped_at("I-24"));
}

TEST_CASE("a master that keeps a lock beyond its verdict is caught as a lock without a replay, I-41",
          "[world][defect]") {
  const RunResult run = run_with(Defect::keep_lock);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.stopped_at("I-41"));
}

TEST_CASE("I-41: a lock that is let go before the verdict is caught as held no longer while REPLAYING",
          "[world][defect]") {
  const RunResult run = run_with(Defect::lock_before_verdict);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.stopped_at("I-41"));
}

TEST_CASE("I-7: a session that goes on one event after what comes next is caught as an event lost",
          "[world][defect]") {
  const RunResult run = run_with(Defect::resume_one_late);

  INFO(run.text());
  CHECK(run.verdict == RunVerdict::unsafe);
  CHECK(run.stopped_at("I-7"));
}
