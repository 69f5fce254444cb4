#include "controlplane/reconcile_input.hpp"

#include <catch2/catch.hpp>

#include "model/payloads.hpp"
#include "random_log.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

const BundleId first = bundle_named(1);
const BundleId second = bundle_named(2);

/// One node whose log and whose master's word on it are folded as they are written.
class Story {
 public:
  Scribe scribe;
  FleetRoster roster{domains()};
  DriftInputs inputs{roster};
  AnyId node = any(node_named(0));
  AnyId master = any(master_named(0));
  Snapshot snapshot;

  Story() {
    scribe.enlist(master_named(0), node_named(0), 0, north);
    grant(2);
    publish(first, "one");
    publish(second, "two");
  }
  void publish(BundleId id, const char* value) {
    PolicyBundle bundle;
    bundle.id = id;
    bundle.objects["a"] = object_of(exact_value(value), ReconcilePolicy::node_wins);
    bundle.objects["tried"] = object_of(exact_value("same"), ReconcilePolicy::give_up);
    scribe.write(master, EventType::bundle_published, any(id), BundlePublished{bundle});
  }
  void desire(BundleId bundle, std::uint64_t epoch) {
    scribe.write(master, EventType::desired_set, any(north), DesiredSet{north, bundle, epoch, {}});
  }
  void observe(BundleId in_force, const char* a) {
    snapshot.objects["a"] = exact_value(a);
    Observation observation;
    observation.kind = ObservationKind::snapshot;
    observation.policy_bundle_id = in_force;
    scribe.write(node, EventType::observation_recorded, node, observation);
  }
  /// LOCAL authority for an hour.
  void grant(std::uint64_t epoch) {
    scribe.write(master, EventType::authority_granted, node,
                 AuthorityGranted{local_authority(node_named(0), "node", {epoch, 1h}, at(0s))});
  }
  void decide(const char* a, Duration alone, bool under_grant = true, std::uint64_t epoch = 2) {
    scribe.write(node, EventType::local_decision, node,
                 LocalDecision{"changed it", epoch, "a", exact_value(a), under_grant, alone});
  }
  void reconciled(const ObjectDecision& decision) {
    scribe.write(master, EventType::node_reconciled, node, NodeReconciled{1, first, {decision}});
  }
  void verdict(std::uint64_t mark) {
    ReplayVerdict verdict;
    verdict.marks[index_of(StreamClass::control)] = mark;
    scribe.write(master, EventType::replay_verdict, node, verdict);
  }
  std::optional<ReconcileInput> input(bool resynced = true) {
    for (; read_ < scribe.events.size(); ++read_) {
      DriftInputs::Touched touched;
      REQUIRE(roster.apply({read_, {}, {}}, scribe.events[read_]));
      REQUIRE(inputs.apply(scribe.events[read_], touched));
    }
    return reconcile_input(inputs, *roster.find(node_named(0)), &snapshot, resynced);
  }

 private:
  std::size_t read_ = 0;
};

}  // namespace

TEST_CASE("a node of whom nothing is desired is not reconciled", "[reconcile]") {
  Story story;
  CHECK_FALSE(story.input());

  story.desire(bundle_named(99), 1);  // which nobody has published
  CHECK_FALSE(story.input());
}

TEST_CASE("the base is the bundle in force, desired is the word of the highest term", "[reconcile]") {
  Story story;
  story.desire(second, 7);
  story.desire(first, 3);
  story.observe(first, "one");

  const auto input = story.input();

  REQUIRE(input);
  CHECK(input->desired.id == second);
  CHECK(input->desired_epoch == 7);
  REQUIRE(input->base != nullptr);
  CHECK(input->base->id == first);
  CHECK(input->resynced);
  REQUIRE(reconcile(*input).size() == 2);  // "tried" is not there
  CHECK(reconcile(*input)[0].outcome == ReconcileOutcome::take_desired);
}

TEST_CASE("I-26: a decision counts as the node's right only within the time of its LOCAL grant",
          "[reconcile]") {
  Story story;
  story.desire(first, 1);
  story.observe(first, "one");
  story.decide("mine", 30min);
  CHECK(story.input()->decisions.at(0).under_grant);

  story.decide("mine", 61min);
  CHECK_FALSE(story.input()->decisions.at(0).under_grant);

  story.decide("mine", 30min, false);
  CHECK_FALSE(story.input()->decisions.at(0).under_grant);
}

TEST_CASE("I-26: a node that claims a LOCAL grant it never had is not believed", "[reconcile]") {
  Story story;
  story.desire(first, 1);
  story.observe(first, "one");
  story.decide("mine", 30min, true, 3);  // a term in which it was granted nothing
  CHECK_FALSE(story.input()->decisions.at(0).under_grant);
  CHECK(reconcile(*story.input())[0].outcome == ReconcileOutcome::take_desired);

  story.grant(3);  // its word came by another way, later than what was decided under it
  CHECK(story.input()->decisions.at(0).under_grant);
  CHECK(reconcile(*story.input())[0].outcome == ReconcileOutcome::keep_node);
}

TEST_CASE("I-26: a decision under the LOCAL grant of one term does not outrank what a higher one desires",
          "[reconcile]") {
  Story story;
  PolicyBundle bundle;
  bundle.id = derive_id<BundleTag>("test", 1, "by epoch");
  bundle.objects["a"] = object_of(exact_value("theirs"), ReconcilePolicy::epoch_wins);
  story.scribe.write(story.master, EventType::bundle_published, any(bundle.id), BundlePublished{bundle});
  story.desire(bundle.id, 1);
  story.observe(bundle.id, "theirs");
  story.decide("mine", 30min);
  CHECK(reconcile(*story.input())[0].outcome == ReconcileOutcome::keep_node);

  story.desire(bundle.id, 3);
  CHECK(reconcile(*story.input())[0].outcome == ReconcileOutcome::take_desired);
}

TEST_CASE("a decision that a verdict has covered does not count again", "[reconcile]") {
  Story story;
  story.desire(first, 1);
  story.observe(first, "one");
  story.decide("mine", 30min);
  CHECK(story.input()->decisions.size() == 1);

  story.verdict(2);
  CHECK(story.input()->decisions.empty());
}

TEST_CASE("what was settled stands for its bundle only", "[reconcile]") {
  Story story;
  story.desire(first, 1);
  story.observe(first, "mine");
  story.reconciled({"a", ReconcilePolicy::node_wins, ReconcileOutcome::keep_node, exact_value("mine"), ""});
  CHECK(story.input()->settled.at("a") == exact_value("mine"));

  story.desire(second, 2);
  CHECK(story.input()->settled.empty());
}

TEST_CASE("tries of an object are counted, tombstones are kept, critical work is seen", "[reconcile]") {
  Story story;
  story.desire(first, 1);
  story.observe(first, "one");
  for (int i = 0; i < 2; ++i)
    story.reconciled(
        {"tried", ReconcilePolicy::give_up, ReconcileOutcome::take_desired, exact_value("same"), ""});
  story.scribe.write(story.master, EventType::object_removed, story.node, ObjectRemoved{"old", 4});
  story.scribe.write(story.node, EventType::object_removed, story.node, ObjectRemoved{"vital", 4});
  story.snapshot.objects[std::string(critical_work_object)] = exact_value("true");

  const auto input = story.input();

  CHECK(input->tries == std::map<std::string, std::uint32_t>{{"tried", 2}});
  REQUIRE(input->tombstones.size() == 1);  // a node's own word removes nothing
  CHECK(input->tombstones[0].object == "old");
  CHECK(input->in_critical_work);
}
