#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "drift_objects.hpp"
#include "model/codec.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

Snapshot snapshot_of(std::map<std::string, ObjectValue> objects) {
  Snapshot snapshot;
  snapshot.objects = std::move(objects);
  return snapshot;
}

double distance_of(const ObjectValue& desired, const ObjectValue& actual, double tolerance = 0) {
  DesiredObject object = object_of(desired);
  object.tolerance = tolerance;
  return distance("object", object, actual);
}

PolicyBundle release(const char* version) {
  PolicyBundle bundle;
  bundle.objects["os"] = object_of(version_value(version));
  return bundle;
}

}  // namespace

TEST_CASE("versions are read and ordered as Semantic Versioning 2.0.0 says", "[drift][version]") {
  const std::vector<const char*> rising{"0.9.12",     "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                        "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
                                        "1.0.0",      "1.0.1",        "1.2.0",         "1.10.0"};

  for (std::size_t i = 0; i + 1 < rising.size(); ++i) {
    CAPTURE(rising[i], rising[i + 1]);
    CHECK(*parse_version(rising[i]) < *parse_version(rising[i + 1]));
  }
  CHECK(*parse_version("1.0.0+linux.1") == *parse_version("1.0.0+linux.2"));
  for (const char* wrong : {"",
                            "1",
                            "1.0",
                            "1.0.0.0",
                            "01.0.0",
                            "1.0.0-",
                            "1.0.0-01",
                            "1.0.0-a..b",
                            "v1.0.0",
                            "1.0.0+",
                            "1.0.0+a..b",
                            "1.0.0+a.",
                            "1.0.0-a.",
                            "1.0.0-:",
                            "1.0.0-[",
                            "1.0.0-{",
                            "1.:.0",
                            "1.-1.0",
                            "1.0.99999999999999999999",
                            "1.0.0-a_b"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_version(wrong));
  }
}

TEST_CASE("numbers in a pre-release come before words, and are compared by value", "[drift][version]") {
  CHECK(*parse_version("1.0.0-beta") > *parse_version("1.0.0-7"));
  CHECK(*parse_version("1.0.0-7") < *parse_version("1.0.0-A-1"));
  CHECK(*parse_version("1.0.0-9") < *parse_version("1.0.0-10"));
  CHECK(*parse_version("1.0.0-x.1") > *parse_version("1.0.0-x"));
  CHECK(*parse_version("1.0.0-x") == *parse_version("1.0.0-x+built.today"));
}

TEST_CASE("the distance of an object is that of its kind", "[drift]") {
  CHECK(distance_of(exact_value("on"), exact_value("on")) == 0);
  CHECK(distance_of(exact_value("on"), exact_value("off")) == 1);

  CHECK(distance_of(set_value({}), set_value({})) == 0);
  CHECK(distance_of(set_value({"a", "b"}), set_value({"b", "c"})) == Approx(1 - 1.0 / 3));
  CHECK(distance_of(set_value({"a"}), set_value({})) == 1);

  CHECK(distance_of(number_value(10), number_value(12), 8) == 0.25);
  CHECK(distance_of(number_value(10), number_value(-90), 8) == 1);
  CHECK(distance_of(number_value(10), number_value(10)) == 0);
  CHECK(distance_of(number_value(10), number_value(10.1)) == 1);
  CHECK(distance_of(number_value(10), number_value(std::nan("")), 8) == 1);

  CHECK(distance_of(number_value(1), exact_value("1")) == 1);
}

TEST_CASE("a version is as far off as there were releases between, five being all", "[drift]") {
  ReleaseList releases;
  for (const char* version : {"1.0.0", "1.4.0", "1.4.1", "2.0.0", "2.0.1", "2.1.0", "3.0.0", "1.4.0"})
    releases.add(release(version));
  const auto apart = [&](const char* desired, const char* actual) {
    return distance("os", object_of(version_value(desired)), version_value(actual), &releases);
  };

  CHECK(apart("2.0.0", "2.0.0") == 0);
  CHECK(apart("2.0.0", "1.4.1") == 0.2);  // a major step, but the next release
  CHECK(apart("2.0.0", "1.0.0") == Approx(0.6));
  CHECK(apart("1.0.0", "2.0.0") == Approx(0.6));  // ahead is as wrong as behind
  CHECK(apart("3.0.0", "1.0.0") == 1);
  // Not listed: by the numbers.
  CHECK(apart("2.0.0", "1.9.9") == 1);
  CHECK(apart("2.1.0", "2.3.0") == Approx(0.4));
  CHECK(apart("2.1.0", "2.1.3") == Approx(0.6));
  CHECK(apart("2.1.0", "2.1.0-rc.1") == 0.2);
  CHECK(apart("2.1.0", "nightly") == 1);
}

TEST_CASE("the score is the weighted mean, and what is critical multiplies in", "[drift]") {
  PolicyBundle bundle;
  bundle.objects["a"] = object_of(exact_value("x"));
  bundle.objects["b"] = object_of(number_value(100));
  bundle.objects["b"].tolerance = 100;
  bundle.objects["b"].weight = 3;
  bundle.objects["c"] = object_of(exact_value("y"));
  const Snapshot half_off =
      snapshot_of({{"a", exact_value("x")}, {"b", number_value(150)}, {"c", exact_value("y")}});

  const DriftScore plain = score(bundle, half_off);
  bundle.objects["b"].critical = true;
  const DriftScore critical = score(bundle, half_off);

  CHECK(plain.raw == 0.3);  // 3 * 0.5 / 5
  CHECK(plain.score == 0.3);
  CHECK(plain.objects == 3);
  REQUIRE(plain.out_of_spec.size() == 1);
  CHECK(plain.out_of_spec[0] == ObjectDrift{"b", number_value(100), number_value(150), 0.5, 3, false});
  CHECK(critical.raw == 0.3);
  CHECK(critical.score == 0.65);  // 1 - 0.7 * 0.5
}

TEST_CASE("what a snapshot does not tell is reported and not counted", "[drift]") {
  PolicyBundle bundle;
  bundle.objects["a"] = object_of(exact_value("x"));
  bundle.objects["b"] = object_of(exact_value("y"));

  const DriftScore half = score(bundle, snapshot_of({{"a", exact_value("wrong")}}));
  const DriftScore none = score(bundle, {});

  CHECK(half.raw == 1);
  CHECK(half.unknown == std::vector<std::string>{"b"});
  CHECK(none.score == 0);
  CHECK(none.unknown == std::vector<std::string>{"a", "b"});
}

TEST_CASE("I-62: expected drift is listed with its excuse and not scored", "[drift]") {
  PolicyBundle bundle;
  bundle.objects["a"] = object_of(exact_value("x"));
  bundle.objects["b"] = object_of(exact_value("y"));
  bundle.objects["b"].critical = true;
  const Snapshot snapshot = snapshot_of({{"a", exact_value("other")}, {"b", exact_value("local")}});
  const std::map<std::string, Excuse> expected{{"b", Excuse::local_grant}};

  const DriftScore result = score(bundle, snapshot, {.expected = &expected});

  CHECK(result.score == 0.5);
  CHECK(result.out_of_spec.size() == 1);
  REQUIRE(result.expected.size() == 1);
  CHECK(result.expected[0].drift.object == "b");
  CHECK(result.expected[0].excuse == Excuse::local_grant);
}

TEST_CASE("I-62: to excuse more never raises a score", "[drift][property]") {
  rc::prop("for any bundle, snapshot and excuses", [](std::uint64_t seed) {
    Dice dice(seed);
    const PolicyBundle bundle = any_bundle(dice, 6);
    const Snapshot snapshot = snapshot_of(any_objects(dice, bundle, 6));
    std::map<std::string, Excuse> expected;
    double before = score(bundle, snapshot).score;
    for (std::uint64_t i = 0; i < 6; ++i) {
      expected[object_name(i)] = Excuse::rollout;
      const DriftScore after = score(bundle, snapshot, {.expected = &expected});
      RC_ASSERT(after.score <= before);
      before = after.score;
    }
    RC_ASSERT(before == 0);
  });
}

TEST_CASE("what was settled for a node stands in for the bundle's value", "[drift]") {
  PolicyBundle bundle;
  bundle.objects["a"] = object_of(exact_value("x"));
  const std::map<std::string, ObjectValue> settled{{"a", exact_value("mine")}};

  CHECK(score(bundle, snapshot_of({{"a", exact_value("mine")}}), {.settled = &settled}).score == 0);
  CHECK(score(bundle, snapshot_of({{"a", exact_value("x")}}), {.settled = &settled}).score == 1);
}

TEST_CASE("I-61: the score is 0 exactly where all that is known is in spec", "[drift][property]") {
  rc::prop("for any bundle and snapshot", [](std::uint64_t seed) {
    Dice dice(seed);
    PolicyBundle bundle = any_bundle(dice, 6);
    for (auto& [name, object] : bundle.objects)
      if (dice.one_in(4)) object.weight = dice.one_in(2) ? 0 : 1e-300;
    const Snapshot snapshot = snapshot_of(any_objects(dice, bundle, 6));

    const DriftScore result = score(bundle, snapshot);

    bool in_spec = true;
    for (const auto& [name, object] : bundle.objects)
      if (const auto found = snapshot.objects.find(name); found != snapshot.objects.end())
        in_spec = in_spec && distance(name, object, found->second) == 0;
    RC_ASSERT((result.score == 0) == in_spec);
    RC_ASSERT(result.out_of_spec.empty() == in_spec);
    RC_ASSERT(result.score >= result.raw);
    RC_ASSERT(result.score <= 1);
  });
}

TEST_CASE("I-61: the score is 1 for a critical full mismatch", "[drift][property]") {
  rc::prop("for any bundle and snapshot", [](std::uint64_t seed) {
    Dice dice(seed);
    PolicyBundle bundle = any_bundle(dice, 6);
    bundle.objects["vital"] = object_of(exact_value("x"));
    bundle.objects["vital"].critical = true;
    bundle.objects["vital"].weight = 0.001;
    Snapshot snapshot = snapshot_of(any_objects(dice, bundle, 6));
    snapshot.objects["vital"] = exact_value("y");

    RC_ASSERT(score(bundle, snapshot).score == 1);
  });
}

TEST_CASE("I-61: the score is monotone in each distance", "[drift][property]") {
  rc::prop("for any bundle and snapshot, an object further off", [](std::uint64_t seed) {
    Dice dice(seed);
    PolicyBundle bundle = any_bundle(dice, 6);
    bundle.objects["net/0"] = any_object(dice);
    bundle.objects["net/0"].value = number_value(0);
    bundle.objects["net/0"].tolerance = 1000;
    Snapshot near = snapshot_of(any_objects(dice, bundle, 6));
    Snapshot far = near;
    const auto here = static_cast<double>(dice.below(1200));
    near.objects["net/0"] = number_value(here);
    far.objects["net/0"] = number_value(here + static_cast<double>(dice.below(300)));

    RC_ASSERT(score(bundle, near).score <= score(bundle, far).score);
    RC_ASSERT(score(bundle, near).raw <= score(bundle, far).raw);
  });
}

TEST_CASE("I-60: a score can be reached again from its inputs as stored", "[drift][property]") {
  rc::prop("for any bundle and snapshot, packed and read back", [](std::uint64_t seed) {
    Dice dice(seed);
    const PolicyBundle bundle = any_bundle(dice, 6);
    const Snapshot snapshot = snapshot_of(any_objects(dice, bundle, 6));

    const DriftScore again =
        score(*decode<PolicyBundle>(encode(bundle)), *decode<Snapshot>(encode(snapshot)));

    RC_ASSERT(encode(again) == encode(score(bundle, snapshot)));
    RC_ASSERT(again.formula_version == drift_formula_version);
  });
}

TEST_CASE("confidence halves with every half-life", "[drift]") {
  CHECK(confidence(0s, 1h) == 1);
  CHECK(confidence(-5s, 1h) == 1);
  CHECK(confidence(1h, 1h) == 0.5);
  CHECK(confidence(3h, 1h) == 0.125);
  CHECK(confidence(24h * 365, 1s) == 0);
}

TEST_CASE("figures are rounded to millionths, but not to 0 or 1", "[drift]") {
  CHECK(quantised(0.1234567) == 0.123457);
  CHECK(quantised(1e-12) == 1e-6);
  CHECK(quantised(1 - 1e-12) == 1 - 1e-6);
  CHECK(quantised(0) == 0);
  CHECK(quantised(1) == 1);
}
