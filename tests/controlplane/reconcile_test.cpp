#include "controlplane/reconcile.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "drift_objects.hpp"
#include "model/payloads.hpp"

using namespace ibcf;

namespace {

using enum ReconcileOutcome;

/// A node with one object, "a", at odds with its bundle: desired in term 5.
ReconcileInput at_odds(ReconcilePolicy policy, ObjectValue desired, ObjectValue actual) {
  ReconcileInput input;
  input.desired.objects["a"] = object_of(std::move(desired), policy);
  input.desired_epoch = 5;
  input.observed["a"] = std::move(actual);
  input.observed_stamp = 100;
  input.resynced = true;
  return input;
}

DecidedLocally decided(ObjectValue value, std::uint64_t epoch = 5, std::uint64_t seq = 50) {
  return {"a", std::move(value), epoch, seq, true};
}

ObjectDecision only(const std::vector<ObjectDecision>& decisions) {
  REQUIRE(decisions.size() == 1);
  return decisions[0];
}

PolicyBundle bundle_with(ObjectValue value) {
  PolicyBundle bundle;
  bundle.objects["a"] = object_of(std::move(value));
  return bundle;
}

const ObjectValue desired = exact_value("desired");
const ObjectValue local = exact_value("local");
const ObjectValue old = exact_value("old");

}  // namespace

TEST_CASE("reconciling what agrees proposes nothing, whatever the policy", "[reconcile]") {
  for (std::uint8_t policy = 0; policy < words_of(ReconcilePolicy{}).size(); ++policy) {
    CAPTURE(policy);
    auto input = at_odds(static_cast<ReconcilePolicy>(policy), desired, desired);
    input.decisions = {decided(local)};
    CHECK(reconcile(input).empty());
  }
}

TEST_CASE("an object that the node lacks takes the desired value, whatever the policy", "[reconcile]") {
  for (std::uint8_t policy = 0; policy < words_of(ReconcilePolicy{}).size(); ++policy) {
    CAPTURE(policy);
    auto input = at_odds(static_cast<ReconcilePolicy>(policy), desired, local);
    input.observed.clear();
    const auto decision = only(reconcile(input));
    CHECK(decision.outcome == take_desired);
    CHECK(decision.value == desired);
  }
}

TEST_CASE("EPOCH_WINS: a local decision stands only if its term is above the desired one's", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::epoch_wins, desired, local);
  CHECK(only(reconcile(input)).outcome == take_desired);

  input.decisions = {decided(local, 5)};  // of one term: LOCAL authority outranks nobody
  CHECK(only(reconcile(input)).outcome == take_desired);

  input.decisions = {decided(local, 6)};
  CHECK(only(reconcile(input)).outcome == keep_node);
  CHECK(only(reconcile(input)).value == local);

  input.decisions[0].under_grant = false;
  CHECK(only(reconcile(input)).outcome == take_desired);
}

TEST_CASE("CONTROL_WINS: the master's value holds, whatever the node decided", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::control_wins, desired, local);
  input.decisions = {decided(local, 9)};

  const auto decision = only(reconcile(input));

  CHECK(decision.outcome == take_desired);
  CHECK(decision.value == desired);
  CHECK(decision.policy == ReconcilePolicy::control_wins);
}

TEST_CASE("NODE_WINS: the node's newest decision under a LOCAL grant holds", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::node_wins, desired, local);
  CHECK(only(reconcile(input)).outcome == take_desired);  // nobody decided this

  input.decisions = {decided(local, 1, 51), decided(old, 1, 50)};
  CHECK(only(reconcile(input)).outcome == keep_node);
  CHECK(only(reconcile(input)).value == local);

  input.decisions[0].under_grant = false;
  CHECK(only(reconcile(input)).value == old);
}

TEST_CASE("THREE_WAY: what one side changed stands, what both changed goes by term", "[reconcile]") {
  const PolicyBundle base = bundle_with(old);
  auto input = at_odds(ReconcilePolicy::three_way, old, local);
  input.base = &base;
  input.decisions = {decided(local)};
  CHECK(only(reconcile(input)).outcome == keep_node);  // only the node

  input.desired.objects["a"].value = desired;
  input.observed["a"] = old;
  input.decisions.clear();
  CHECK(only(reconcile(input)).outcome == take_desired);  // only the master

  input.observed["a"] = local;
  input.decisions = {decided(local, 5)};
  CHECK(only(reconcile(input)).outcome == take_desired);  // both
  input.decisions = {decided(local, 6)};
  CHECK(only(reconcile(input)).outcome == keep_node);

  input.base = nullptr;
  input.decisions = {decided(local, 5)};
  CHECK(only(reconcile(input)).outcome == take_desired);
}

TEST_CASE("THREE_WAY: changes of different fields of a config map by both sides all survive", "[reconcile]") {
  PolicyBundle base;
  base.objects["net/dns"] = object_of(exact_value("10.0.0.1"), ReconcilePolicy::three_way);
  base.objects["net/mtu"] = object_of(number_value(1500), ReconcilePolicy::three_way);
  ReconcileInput input;
  input.base = &base;
  input.desired = base;
  input.desired.objects["net/dns"].value = exact_value("10.0.0.2");
  input.observed = {{"net/dns", exact_value("10.0.0.1")}, {"net/mtu", number_value(1400)}};
  input.decisions = {{"net/mtu", number_value(1400), 1, 7, true}};

  const auto decisions = reconcile(input);
  auto objects = input.observed;
  carry_out(decisions, objects);

  CHECK(objects.at("net/dns") == exact_value("10.0.0.2"));
  CHECK(objects.at("net/mtu") == number_value(1400));
}

TEST_CASE("THREE_WAY: a change that no decision explains is drift, not a will", "[reconcile]") {
  const PolicyBundle base = bundle_with(desired);
  auto input = at_odds(ReconcilePolicy::three_way, desired, exact_value("edited by hand"));
  input.base = &base;

  CHECK(only(reconcile(input)).outcome == take_desired);
}

TEST_CASE("MERGE: sets are united, less what one side took out of the base", "[reconcile]") {
  const PolicyBundle base = bundle_with(set_value({"a", "b", "c"}));
  auto input = at_odds(ReconcilePolicy::merge, set_value({"a", "b", "new"}), set_value({"a", "c", "own"}));

  CHECK(only(reconcile(input)).value == set_value({"a", "b", "c", "new", "own"}));
  input.base = &base;
  CHECK(only(reconcile(input)).value == set_value({"a", "new", "own"}));
  CHECK(only(reconcile(input)).outcome == merged);
}

TEST_CASE("MERGE: counters add up what each side added to the base", "[reconcile]") {
  const PolicyBundle base = bundle_with(number_value(100));
  auto input = at_odds(ReconcilePolicy::merge, number_value(110), number_value(103));

  CHECK(only(reconcile(input)).value == number_value(110));  // without a base: the larger
  input.base = &base;
  CHECK(only(reconcile(input)).value == number_value(113));
}

TEST_CASE("MERGE: what cannot be merged goes by term", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::merge, desired, local);
  CHECK(only(reconcile(input)).outcome == take_desired);

  input.decisions = {decided(local, 6)};
  CHECK(only(reconcile(input)).outcome == keep_node);

  input.desired.objects["a"].value = number_value(1);
  CHECK(only(reconcile(input)).outcome == keep_node);
}

TEST_CASE("KEEP_BOTH: nothing changes until an operator decides", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::keep_both, desired, local);
  input.decisions = {decided(local, 9)};
  auto objects = input.observed;

  const auto decision = only(reconcile(input));
  carry_out({decision}, objects);

  CHECK(decision.outcome == both_kept);
  CHECK(objects == input.observed);
}

TEST_CASE("DEFER: nothing changes while the node is in critical work", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::defer, desired, local);
  input.in_critical_work = true;
  CHECK(only(reconcile(input)).outcome == deferred);
  CHECK(only(reconcile(input)).value == local);

  input.in_critical_work = false;
  CHECK(only(reconcile(input)).outcome == take_desired);
}

TEST_CASE("GIVE_UP: after so many tries the object is left alone", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::give_up, desired, local);
  input.desired.objects["a"].max_tries = 2;

  CHECK(only(reconcile(input)).outcome == take_desired);
  input.tries["a"] = 1;
  CHECK(only(reconcile(input)).outcome == take_desired);
  input.tries["a"] = 2;
  CHECK(only(reconcile(input)).outcome == given_up);
  CHECK(only(reconcile(input)).value == local);
  CHECK(only(reconcile(input)).reason == "2 of 2 tries made");
}

TEST_CASE("QUARANTINE: a value that nobody asked for is a reason to distrust, a late one is not",
          "[reconcile]") {
  const PolicyBundle base = bundle_with(old);
  auto input = at_odds(ReconcilePolicy::quarantine, desired, old);
  input.base = &base;
  CHECK(only(reconcile(input)).outcome == take_desired);
  CHECK(reasons_to_distrust(reconcile(input)).empty());

  input.observed["a"] = local;
  CHECK(only(reconcile(input)).outcome == distrusted);
  CHECK(reasons_to_distrust(reconcile(input)) == std::vector<std::string>{"reconcile: a"});
}

TEST_CASE("what the node decided after its snapshot counts as its present value", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::keep_both, desired, old);
  input.decisions = {decided(local, 5, 101)};
  CHECK(only(reconcile(input)).value == local);

  input.decisions[0].value = desired;
  CHECK(reconcile(input).empty());
}

TEST_CASE("I-46: only an explicit tombstone after a complete resync removes an object", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::control_wins, desired, desired);
  input.observed["extra"] = local;
  CHECK(reconcile(input).empty());  // not named by the bundle: nobody's business

  input.tombstones = {{"extra", 5}};
  input.resynced = false;
  CHECK(reconcile(input).empty());

  input.resynced = true;
  auto objects = input.observed;
  carry_out(reconcile(input), objects);
  CHECK(only(reconcile(input)).outcome == removed);
  CHECK(objects.count("extra") == 0);

  input.in_critical_work = true;
  CHECK(only(reconcile(input)).outcome == deferred);
}

TEST_CASE("I-46: a tombstone does not remove what was declared or decided since", "[reconcile]") {
  auto input = at_odds(ReconcilePolicy::control_wins, desired, desired);
  input.tombstones = {{"a", 5}};
  CHECK(reconcile(input).empty());  // of one term: the bundle still names it

  input.tombstones = {{"a", 4}, {"a", 6}};
  CHECK(only(reconcile(input)).outcome == removed);

  input.decisions = {decided(desired, 7)};
  CHECK(reconcile(input).empty());

  input.observed["extra"] = local;
  input.tombstones = {{"extra", 4}};
  CHECK(reconcile(input).empty());
}

// ---- properties -------------------------------------------------------------------------------------------

namespace {

struct Case {
  ReconcileInput input;
  PolicyBundle base;

  explicit Case(Dice dice) {
    constexpr std::uint64_t objects = 6;
    base = any_bundle(dice, objects);
    input.desired = dice.one_in(3) ? base : any_bundle(dice, objects);
    // Bundles of one name change values; an object keeps its kind, most of the time.
    for (auto& [name, object] : input.desired.objects)
      if (const auto before = base.objects.find(name); before != base.objects.end() && !dice.one_in(6))
        object.value = dice.one_in(2) ? before->second.value : any_value(dice, before->second.value.kind);
    input.desired_epoch = dice.below(4);
    if (!dice.one_in(4)) input.base = &base;
    input.observed = any_objects(dice, dice.one_in(2) ? base : input.desired, objects);
    input.observed_stamp = 10;
    for (std::uint64_t seq = 1; seq < 20; ++seq)
      if (dice.one_in(2)) {
        const std::string name = object_name(dice.below(objects));
        const auto known = input.desired.objects.find(name);
        const ObjectKind kind =
            known != input.desired.objects.end() ? known->second.value.kind : any_kind(dice);
        input.decisions.push_back({name, any_value(dice, kind), dice.below(6), seq, !dice.one_in(4)});
      }
    for (std::uint64_t i = 0; i < objects; ++i) {
      if (dice.one_in(5)) input.tombstones.push_back({object_name(i), dice.below(6)});
      if (dice.one_in(3)) input.tries[object_name(i)] = static_cast<std::uint32_t>(dice.below(4));
    }
    input.resynced = !dice.one_in(3);
    input.in_critical_work = dice.one_in(3);
  }
  Case(const Case&) = delete;

  /// The node's objects, decisions since the snapshot included.
  [[nodiscard]] std::map<std::string, ObjectValue> present() const {
    auto objects = input.observed;
    for (const auto& one : input.decisions)  // in order of stamps, as made above
      if (one.stamp > input.observed_stamp) objects[one.object] = one.value;
    return objects;
  }
};

}  // namespace

TEST_CASE("the order of local decisions and tombstones does not matter", "[reconcile][property]") {
  rc::prop("for any case, shuffled", [](std::uint64_t seed, std::uint64_t other_seed) {
    Case one{Dice(seed)};
    const auto decisions = reconcile(one.input);
    Dice dice(other_seed);
    for (std::size_t i = one.input.decisions.size(); i > 1; --i)
      std::swap(one.input.decisions[i - 1], one.input.decisions[dice.below(i)]);
    std::reverse(one.input.tombstones.begin(), one.input.tombstones.end());

    RC_ASSERT(reconcile(one.input) == decisions);
  });
}

TEST_CASE("reconciling the result changes nothing more", "[reconcile][property]") {
  rc::prop("for any case", [](std::uint64_t seed) {
    Case one{Dice(seed)};
    const auto decisions = reconcile(one.input);
    auto objects = one.present();
    carry_out(decisions, objects);
    // The node has the desired bundle in force now, and says so in a new snapshot.
    one.input.observed = objects;
    one.input.observed_stamp = 100;
    one.input.base = &one.input.desired;
    settle(decisions, one.input.settled);

    const auto again = reconcile(one.input);

    for (const ObjectDecision& decision : again) {
      // Only what was left as it is may be left so again.
      RC_ASSERT(decision.outcome == both_kept || decision.outcome == deferred ||
                decision.outcome == given_up || decision.outcome == distrusted);
    }
    auto after = objects;
    carry_out(again, after);
    RC_ASSERT((after == objects));
  });
}

TEST_CASE("I-46: without a tombstone or before the resync is complete nothing is ever deleted",
          "[reconcile][property]") {
  rc::prop("for any case", [](std::uint64_t seed) {
    Case one{Dice(seed)};
    if (one.input.resynced) one.input.tombstones.clear();
    const auto before = one.present();
    auto after = before;
    const auto decisions = reconcile(one.input);
    carry_out(decisions, after);

    for (const auto& [name, value] : before) {
      RC_ASSERT(after.count(name) == 1);
      if (!one.input.desired.objects.contains(name)) RC_ASSERT((after.at(name) == value));
    }
  });
}

TEST_CASE("each object is decided by itself", "[reconcile][property]") {
  rc::prop("for any case, with the other objects taken away", [](std::uint64_t seed) {
    const Case whole{Dice(seed)};
    const auto decisions = reconcile(whole.input);
    std::vector<ObjectDecision> one_by_one;
    for (std::uint64_t i = 0; i < 6; ++i) {
      const std::string name = object_name(i);
      ReconcileInput alone = whole.input;
      std::erase_if(alone.desired.objects, [&](const auto& entry) { return entry.first != name; });
      std::erase_if(alone.observed, [&](const auto& entry) { return entry.first != name; });
      std::erase_if(alone.decisions, [&](const auto& one) { return one.object != name; });
      std::erase_if(alone.tombstones, [&](const auto& one) { return one.object != name; });
      for (auto& decision : reconcile(alone)) one_by_one.push_back(std::move(decision));
    }
    RC_ASSERT(one_by_one == decisions);
  });
}
