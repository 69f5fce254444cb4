#include "controlplane/drift_projection.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "controlplane/projections.hpp"
#include "model/payloads.hpp"
#include "random_log.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

/// A fleet of nodes in three domains, written and folded one event at a time.
class Story {
 public:
  Scribe scribe;
  MemoryStore log;
  Projections views{domains(), bodies_of(scribe)};
  AnyId master = any(master_named(0));

  explicit Story(std::uint32_t nodes) {
    for (std::uint32_t i = 0; i < nodes; ++i)
      scribe.enlist(master_named(0), node_named(i), i, std::array{north, south, harbour}[i % 3]);
  }
  void publish(BundleId id, const char* value) {
    PolicyBundle bundle;
    bundle.id = id;
    bundle.name = "edge";
    bundle.objects["a"] = object_of(exact_value(value));
    bundle.objects["b"] = object_of(exact_value("same"));
    scribe.write(master, EventType::bundle_published, any(id), BundlePublished{bundle});
  }
  CommandId assign(std::uint32_t node, BundleId bundle, std::uint64_t epoch = 1) {
    Command command;
    command.id = derive_id<CommandTag>("story", 1, "command", ++commands_);
    command.node_id = node_named(node);
    command.kind = CommandKind::assign_bundle;
    command.epoch = epoch;
    command.bundle_id = bundle;
    scribe.write(master, EventType::command_issued, any(command.node_id), CommandIssued{command});
    return command.id;
  }
  void observe(std::uint32_t node, BundleId in_force, const char* a) {
    Snapshot snapshot;
    snapshot.policy_bundle_id = in_force;
    snapshot.objects = {{"a", exact_value(a)}, {"b", exact_value("same")}};
    Bytes body = encode(snapshot);
    Observation observation;
    observation.kind = ObservationKind::snapshot;
    observation.policy_bundle_id = in_force;
    observation.observed_ts = at(std::chrono::seconds{scribe.events.size()});
    observation.body = digest_of(body);
    scribe.bodies[observation.body] = std::move(body);
    scribe.write(any(node_named(node)), EventType::observation_recorded, any(node_named(node)), observation);
  }
  void decide(std::uint32_t node, const char* a) {
    scribe.write(master, EventType::authority_granted, any(node_named(node)),
                 AuthorityGranted{local_authority(node_named(node), "node", {1, 1h}, {})});
    scribe.write(any(node_named(node)), EventType::local_decision, any(node_named(node)),
                 LocalDecision{"changed it", 1, "a", exact_value(a), true, 1min});
  }
  void roll_out(BundleId bundle, std::uint32_t waiting) {
    RolloutAdvanced advanced;
    advanced.bundle_id = bundle;
    advanced.waiting = waiting;
    scribe.write(master, EventType::rollout_advanced, any(bundle), advanced);
  }
  const DriftProjection& read() {
    for (; log.size() < scribe.events.size();) store(log, scribe.events[log.size()]);
    views.catch_up(log);
    return views.drift();
  }
  NodeDrift drift(std::uint32_t node = 0) { return *read().find(node_named(node)); }

 private:
  std::uint64_t commands_ = 0;
};

const BundleId first = bundle_named(1);
const BundleId second = bundle_named(2);

}  // namespace

TEST_CASE("drift is that of the newest snapshot from the bundle desired last", "[drift][projection]") {
  Story story(1);
  story.publish(first, "one");
  CHECK_FALSE(story.drift().evaluated);

  story.assign(0, first);
  story.observe(0, {}, "other");
  CHECK(story.drift().score == 0.5);
  CHECK(story.drift().out_of_spec == 1);
  CHECK(story.drift().desired == first);

  story.observe(0, first, "one");
  CHECK(story.drift().score == 0);
  CHECK(story.drift().evaluated);
}

TEST_CASE("a higher term declares what is desired, and a domain's word covers its nodes",
          "[drift][projection]") {
  Story story(3);
  story.publish(first, "one");
  story.publish(second, "two");
  story.scribe.write(story.master, EventType::desired_set, any(south), DesiredSet{south, first, 2, {}});
  CHECK(story.drift(0).desired.is_nil());  // in north
  CHECK(story.drift(1).desired == first);
  CHECK(story.drift(2).desired == first);  // harbour lies within south

  story.assign(2, second, 3);
  story.assign(1, second, 1);  // of an older term
  CHECK(story.drift(1).desired == first);
  CHECK(story.drift(2).desired == second);

  story.scribe.write(story.master, EventType::desired_set, any(harbour), DesiredSet{harbour, first, 4, {}});
  CHECK(story.drift(2).desired == first);
}

TEST_CASE("I-62: a node that still is as its present bundle asks while a rollout runs is expected to be",
          "[drift][projection]") {
  Story story(1);
  story.publish(first, "one");
  story.publish(second, "two");
  story.roll_out(second, 1);
  story.assign(0, second);
  story.observe(0, first, "one");
  CHECK(story.drift().score == 0);
  CHECK(story.drift().expected == 1);
  CHECK(story.read().details_of(node_named(0))->expected[0].excuse == Excuse::rollout);

  story.observe(0, first, "neither");
  CHECK(story.drift().score == 0.5);

  story.observe(0, first, "one");
  CHECK(story.drift().score == 0);
  story.roll_out(second, 0);  // over: now it is late
  CHECK(story.drift().score == 0.5);
}

TEST_CASE("I-62: a bundle that a node failed to apply is drift, though its rollout goes on",
          "[drift][projection]") {
  Story story(1);
  story.publish(first, "one");
  story.publish(second, "two");
  story.roll_out(second, 5);
  const CommandId command = story.assign(0, second);
  story.observe(0, first, "one");
  CHECK(story.drift().score == 0);

  story.scribe.write(any(node_named(0)), EventType::command_result, any(node_named(0)),
                     CommandResult{command, CommandState::failed, 1, 1, first, "no space left"});
  CHECK(story.drift().score == 0.5);
}

TEST_CASE("I-62: what a node decided by itself is expected until it is reconciled", "[drift][projection]") {
  Story story(1);
  story.publish(first, "one");
  story.assign(0, first);
  story.decide(0, "mine");
  story.observe(0, first, "mine");
  CHECK(story.drift().score == 0);
  CHECK(story.read().details_of(node_named(0))->expected[0].excuse == Excuse::local_grant);

  ReplayVerdict verdict;
  verdict.marks[index_of(StreamClass::control)] = 2;
  Event& event = story.scribe.write(story.master, EventType::replay_verdict, any(node_named(0)), verdict);
  event.occurred += std::chrono::milliseconds{1};
  CHECK(story.drift().score == 0.5);
  CHECK(story.drift().expected == 0);
}

TEST_CASE("what reconciliation left to a node is what it should be, as long as its bundle is",
          "[drift][projection]") {
  Story story(1);
  story.publish(first, "one");
  story.publish(second, "two");
  story.assign(0, first);
  story.observe(0, first, "mine");
  story.scribe.write(story.master, EventType::node_reconciled, any(node_named(0)),
                     NodeReconciled{1,
                                    first,
                                    {{"a", ReconcilePolicy::node_wins, ReconcileOutcome::keep_node,
                                      exact_value("mine"), ""}}});
  CHECK(story.drift().score == 0);

  story.assign(0, second);
  CHECK(story.drift().score == 0.5);
}

TEST_CASE("the heat map has mean, 95th percentile, maximum and count for each domain",
          "[drift][projection]") {
  Story story(60);
  story.publish(first, "one");
  for (std::uint32_t i = 0; i < 60; ++i) {
    story.assign(i, first);
    story.observe(i, first, i % 3 == 0 && i >= 54 ? "other" : "one");  // 2 of the 20 in north
  }

  const auto by_domain = story.read().by_domain();
  const auto all = story.read().summary();

  CHECK(by_domain.at(north).nodes == 20);
  CHECK(by_domain.at(north).out_of_spec_nodes == 2);
  CHECK(by_domain.at(north).mean == 0.05);
  CHECK(by_domain.at(north).p95 == 0.5);  // the 19th of 20
  CHECK(by_domain.at(north).max == 0.5);
  CHECK(by_domain.at(south).max == 0);
  CHECK(all.nodes == 60);
  CHECK(all.p95 == 0);
  CHECK(all.max == 0.5);
  CHECK(story.read().summary({.domain = south}).nodes == 40);
}

TEST_CASE("I-67: drift shows as of when it was observed, and how much that still says",
          "[drift][projection]") {
  Story story(1);
  story.publish(first, "one");
  story.assign(0, first);
  story.observe(0, first, "other");
  const DriftProjection& drift = story.read();

  const NodeDrift shown = story.drift();
  CHECK(shown.observed == at(3s));
  CHECK(drift.summary().oldest == at(3s));
  CHECK(drift.drift_of(node_named(0)).last_evaluated_ts == drift.as_of().ingested);
  CHECK(drift.drift_of(node_named(0)).score == 0.5);
  CHECK(drift.drift_of(node_named(0)).objects_out_of_spec == 1);
  CHECK(drift.confidence_of(shown) == confidence(drift.as_of().ingested - at(3s), drift_half_life));
}

TEST_CASE("a snapshot whose body is not at hand is not evaluated until it is", "[drift][projection]") {
  Story story(1);
  story.publish(first, "one");
  story.assign(0, first);
  story.observe(0, first, "other");
  const auto kept = story.scribe.bodies;
  story.scribe.bodies.clear();
  CHECK_FALSE(story.drift().evaluated);

  story.scribe.bodies = kept;
  CHECK(story.drift().score == 0.5);
}

TEST_CASE("I-60: drift kept up to date equals drift computed anew, and after a snapshot",
          "[drift][projection][property]") {
  rc::prop("for any log, looked at any number of times on the way", [](std::uint64_t seed) {
    const auto scribe = random_history(seed, 300);
    Dice dice(seed + 1);
    MemoryStore log;
    Projections live(domains(), bodies_of(scribe));
    Bytes saved = live.snapshot();
    for (const Event& event : scribe.events) {
      store(log, event);
      live.catch_up(log);
      if (dice.one_in(10)) (void)live.drift().summary();
      if (dice.one_in(50)) saved = live.snapshot();
    }
    Projections rebuilt(domains(), bodies_of(scribe));
    rebuilt.catch_up(log);
    Projections resumed(domains(), bodies_of(scribe));
    RC_ASSERT(resumed.restore(saved));
    resumed.catch_up(log);

    RC_ASSERT((live.drift().nodes() == rebuilt.drift().nodes()));
    RC_ASSERT((live.drift().nodes() == resumed.drift().nodes()));
    RC_ASSERT(live.drift().snapshot() == resumed.drift().snapshot());
  });
}

TEST_CASE("I-64: drift of the fleet is the sum over its domains and over its nodes",
          "[drift][projection][property]") {
  rc::prop("for any log", [](std::uint64_t seed) {
    const auto scribe = random_history(seed, 300);
    MemoryStore log;
    for (const Event& event : scribe.events) store(log, event);
    Projections views(domains(), bodies_of(scribe));
    views.catch_up(log);

    const DriftSummary fleet_wide = views.drift().summary();
    DriftSummary by_domain;
    double sum = 0;
    for (const auto& [domain, one] : views.drift().by_domain()) {
      by_domain.nodes += one.nodes;
      by_domain.evaluated += one.evaluated;
      by_domain.out_of_spec_nodes += one.out_of_spec_nodes;
      by_domain.out_of_spec_objects += one.out_of_spec_objects;
      by_domain.max = std::max(by_domain.max, one.max);
      sum += one.mean * static_cast<double>(one.evaluated);
    }
    std::uint64_t objects = 0;
    for (const NodeDrift& node : views.drift().nodes()) objects += node.out_of_spec;

    RC_ASSERT(fleet_wide.nodes == by_domain.nodes);
    RC_ASSERT(fleet_wide.evaluated == by_domain.evaluated);
    RC_ASSERT(fleet_wide.out_of_spec_nodes == by_domain.out_of_spec_nodes);
    RC_ASSERT(fleet_wide.out_of_spec_objects == by_domain.out_of_spec_objects);
    RC_ASSERT(fleet_wide.out_of_spec_objects == objects);
    RC_ASSERT(fleet_wide.max == by_domain.max);
    RC_ASSERT(std::abs(fleet_wide.mean * static_cast<double>(fleet_wide.evaluated) - sum) < 1e-4);
  });
}
