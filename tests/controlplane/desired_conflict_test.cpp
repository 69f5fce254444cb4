#include <rapidcheck/catch.h>

#include "controlplane/attention_queue.hpp"
#include "controlplane/desired_heads.hpp"
#include "drift_objects.hpp"
#include "fleet_driver.hpp"
#include "model/payloads.hpp"

/// Two masters declare different things for one scope without knowing of each other: one counts, by policy,
/// and what lost stays visible until somebody has looked at it.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

const DomainId scope = FleetDriver::domain_id(1);

PolicyBundle bundle_of(std::uint64_t number, std::map<std::string, DesiredObject> objects = {}) {
  PolicyBundle bundle;
  bundle.id = derive_id<BundleTag>("desired", 1, "bundle", number);
  bundle.name = "baseline";
  bundle.version = "1.0." + std::to_string(number);
  bundle.release = number + 1;
  bundle.objects = std::move(objects);
  bundle.objects["number"] = object_of(exact_value(std::to_string(number)), ReconcilePolicy::epoch_wins);
  return bundle;
}

ObjectValue items(std::vector<std::string> of) {
  return {ObjectKind::set, {}, std::move(of), 0};
}

/// GLOBAL (0), the region that holds the scope (1), and its successor (2).
struct Apart : FleetDriver {
  Apart() {
    for (int i = 0; i < 3; ++i) add_master();
    connect(0, 1);
    connect(0, 2);
    connect(1, 2);
    start_all(1);
    run_for(1min);
    const Peer two{.endpoint = {Role::master, 2},
                   .id = master_id(2),
                   .name = "master-2",
                   .level = AuthorityLevel::region,
                   .scopes = {},
                   .lease = 2min};
    REQUIRE(let(0, [&](Master& one, Instant when, Outbox&) { return one.name_successor(scope, two, when); }));
    run_for(20s);
  }
  bool declare(std::uint32_t by, const PolicyBundle& bundle) {
    return let(by, [&](Master& one, Instant when, Outbox&) { return one.set_desired(scope, bundle, when); });
  }
  bool settle(std::uint32_t by) {
    return let(by, [&](Master& one, Instant when, Outbox&) { return one.settle_desired(scope, when); });
  }
  std::optional<std::uint64_t> break_glass(std::uint32_t by) {
    return let(by, [&](Master& one, Instant when, Outbox& out) {
      return one.break_glass(scope, "cut off", when, out);
    });
  }
  /// The region holds on behind the partition, the successor breaks the glass before it; each declares.
  void declare_apart(const PolicyBundle& before, const PolicyBundle& ours, const PolicyBundle& theirs) {
    REQUIRE(declare(1, before));
    run_for(20s);
    isolate(1);
    REQUIRE(break_glass(2) == 2u);
    REQUIRE(declare(1, ours));
    REQUIRE(declare(2, theirs));
    run_for(30s);
    CHECK(anomalies(0).empty());  // nobody knows yet
    isolate(1, false);
    REQUIRE(run_to([&] { return is_converged(); }, 1min));
  }
  [[nodiscard]] std::vector<AuthorityAnomaly> anomalies(std::uint32_t at) const {
    auto all = view(at)->authority().anomalies();
    std::erase_if(all, [](const auto& one) { return one.kind != AuthorityAnomalyKind::desired_conflict; });
    return all;
  }
  [[nodiscard]] std::vector<DesiredConflict> conflicts(std::uint32_t at) const {
    std::vector<DesiredConflict> all;
    for (const Event& event : events(at, EventType::desired_conflict))
      all.push_back(*payload_of<DesiredConflict>(event));
    return all;
  }
  [[nodiscard]] BundleId in_force(std::uint32_t at) const {
    return view(at)->authority().desired(scope).heads().at(0).said.bundle_id;
  }
  [[nodiscard]] bool asks_somebody(std::uint32_t at) const {
    for (const AttentionItem& item : master(at).attention().top(20))
      if (item.cause == AttentionCause::scope && item.why.starts_with("DESIRED_CONFLICT")) return true;
    return false;
  }
};

}  // namespace

TEST_CASE("only who holds a scope declares what it should be, and only a bundle without blanks",
          "[desired]") {
  Apart apart;
  CHECK_FALSE(apart.declare(2, bundle_of(0)));
  PolicyBundle blank = bundle_of(0);
  blank.version = " ";
  CHECK_FALSE(apart.declare(1, blank));
  CHECK(apart.events(1, EventType::bundle_refused).size() == 1);
  CHECK(apart.declare(1, bundle_of(0)));
  apart.run_for(30s);
  CHECK(apart.view(0)->drift().find(FleetDriver::node_id(1))->desired == bundle_of(0).id);
}

TEST_CASE("one declaration after the other is no conflict, whoever makes them", "[desired]") {
  Apart apart;
  REQUIRE(apart.declare(1, bundle_of(0)));
  REQUIRE(apart.declare(1, bundle_of(1)));
  apart.run_for(20s);
  REQUIRE(apart.break_glass(2) == 2u);
  REQUIRE(apart.declare(2, bundle_of(2)));
  REQUIRE(apart.run_to([&] { return apart.is_converged(); }, 1min));

  CHECK(apart.anomalies(0).empty());
  CHECK(apart.conflicts(0).empty());
  CHECK(apart.in_force(1) == bundle_of(2).id);
}

TEST_CASE(
    "what two masters declared apart is decided by the term, and what lost stays visible until it is settled",
    "[desired]") {
  Apart apart;
  apart.declare_apart(bundle_of(0), bundle_of(1), bundle_of(2));

  for (std::uint32_t at = 0; at < 3; ++at) {
    CHECK(apart.in_force(at) == bundle_of(2).id);
    REQUIRE(apart.anomalies(at).size() == 1);
    CHECK(apart.anomalies(at)[0].epoch == 1);
    CHECK(apart.anomalies(at)[0].highest == 2);
    CHECK(apart.anomalies(at)[0].scope == scope);
    CHECK(apart.asks_somebody(at));
    CHECK(apart.view(at)->drift().find(FleetDriver::node_id(1))->desired == bundle_of(2).id);
  }
  REQUIRE(apart.run_to([&] { return !apart.conflicts(0).empty() && apart.is_converged(); }, 1min));
  REQUIRE(apart.conflicts(0).size() == 1);  // by the author of what won
  CHECK(apart.conflicts(0)[0].winner.bundle_id == bundle_of(2).id);
  CHECK(apart.conflicts(0)[0].loser.bundle_id == bundle_of(1).id);
  CHECK(apart.conflicts(0)[0].policy == ReconcilePolicy::epoch_wins);

  apart.run_for(12h);
  CHECK(apart.asks_somebody(0));
  CHECK_FALSE(apart.settle(1));  // it holds nothing any more
  CHECK(apart.settle(2));
  apart.run_for(30s);
  for (std::uint32_t at = 0; at < 3; ++at) {
    CHECK(apart.in_force(at) == bundle_of(2).id);
    CHECK(apart.anomalies(at).empty());
    CHECK_FALSE(apart.asks_somebody(at));
  }
  CHECK_FALSE(apart.settle(2));
}

TEST_CASE("where the bundle says MERGE or THREE_WAY both declarations survive, and nobody has to look",
          "[desired]") {
  using enum ReconcilePolicy;
  const auto with = [](std::uint64_t number, std::vector<std::string> users, const char* mtu,
                       const char* dns) {
    return bundle_of(number, {{"users", object_of(items(std::move(users)), merge)},
                              {"net/mtu", object_of(exact_value(mtu), three_way)},
                              {"net/dns", object_of(exact_value(dns), three_way)}});
  };
  Apart apart;
  apart.declare_apart(with(0, {"a"}, "1500", "one"), with(1, {"a", "b"}, "9000", "one"),
                      with(2, {"a", "c"}, "1500", "two"));
  apart.run_for(20s);
  REQUIRE(apart.run_to([&] { return apart.is_converged(); }, 1min));

  for (std::uint32_t at = 0; at < 3; ++at) {
    const auto view = apart.view(at);
    const PolicyBundle* both = view->drift().inputs().find_bundle(apart.in_force(at));
    REQUIRE(both != nullptr);
    CHECK(both->objects.at("users").value == items({"a", "b", "c"}));
    CHECK(both->objects.at("net/mtu").value == exact_value("9000"));
    CHECK(both->objects.at("net/dns").value == exact_value("two"));
    CHECK(both->objects.at("number").value == exact_value("2"));
    CHECK(apart.anomalies(at).empty());
  }
  REQUIRE(apart.conflicts(0).size() == 1);
  CHECK(apart.conflicts(0)[0].policy != epoch_wins);
}

TEST_CASE("where the bundle says KEEP_BOTH an operator decides, and the higher term counts until then",
          "[desired]") {
  const auto with = [](std::uint64_t number, const char* value) {
    return bundle_of(number, {{"owner", object_of(exact_value(value), ReconcilePolicy::keep_both)}});
  };
  Apart apart;
  apart.declare_apart(with(0, "none"), with(1, "east"), with(2, "west"));
  apart.run_for(20s);

  REQUIRE(apart.conflicts(0).size() == 1);
  CHECK(apart.conflicts(0)[0].policy == ReconcilePolicy::keep_both);
  CHECK(apart.in_force(0) == bundle_of(2).id);
  CHECK(apart.asks_somebody(0));
  REQUIRE(apart.declare(2, with(3, "both")));  // he does
  apart.run_for(20s);
  CHECK(apart.in_force(1) == bundle_of(3).id);
  CHECK(apart.anomalies(1).empty());
}

namespace {

/// A declaration by one of three authors who know some of what was declared before.
struct Word {
  EventKey key;
  DesiredSet said;
};

/// The dumb model: everything is kept, and asked anew.
std::set<BundleId> losing(const std::vector<Word>& words) {
  std::vector<const Word*> heads;
  for (const Word& one : words) {
    bool covered = false;
    for (const Word& other : words)
      for (const DesiredRef& ref : other.said.over) covered = covered || ref.seq == one.key.seq;
    if (!covered) heads.push_back(&one);
  }
  const Word* best = nullptr;
  for (const Word* one : heads)
    if (best == nullptr || best->said.epoch < one->said.epoch ||
        (best->said.epoch == one->said.epoch && best->key < one->key))
      best = one;
  std::set<BundleId> lost;
  for (const Word* one : heads)
    if (one->said.bundle_id != best->said.bundle_id) lost.insert(one->said.bundle_id);
  return lost;
}

}  // namespace

TEST_CASE("what lost is the same for everybody, in whatever order the declarations came (I-10, I-14)",
          "[desired][property]") {
  rc::prop("for any declarations over any others", [] {
    const auto fates = *rc::gen::resize(12, rc::gen::arbitrary<std::vector<std::uint32_t>>());
    std::vector<Word> words;
    for (const std::uint32_t input : fates) {
      const std::uint32_t fate = input * 2654435761u;
      Word word;
      word.key.origin = any(FleetDriver::master_id(fate >> 30));
      word.key.seq = words.size() + 1;
      word.key.hlc_ms = fate >> 20 & 7;
      word.said = {scope, derive_id<BundleTag>("desired", 1, "any", fate >> 16 & 3), fate >> 12 & 3,
                   FleetDriver::master_id(fate >> 30)};
      for (const Word& known : words)
        if ((fate >> known.key.seq & 1) != 0)
          word.said.over.push_back({known.key.origin, known.key.incarnation, known.key.seq});
      words.push_back(word);
    }
    DesiredHeads straight;
    for (const Word& word : words) straight.add(word.key, word.said);
    DesiredHeads mixed;
    const auto order = *rc::gen::container<std::vector<std::size_t>>(
        30, rc::gen::inRange<std::size_t>(0, std::max<std::size_t>(1, words.size())));
    for (const std::size_t place : order)
      if (place < words.size()) mixed.add(words[place].key, words[place].said);
    for (auto word = words.rbegin(); word != words.rend(); ++word) mixed.add(word->key, word->said);

    RC_ASSERT(mixed == straight);
    RC_ASSERT(encode(mixed) == encode(straight));
    std::set<BundleId> lost;
    for (const auto& one : straight.losers()) lost.insert(one.said.bundle_id);
    RC_ASSERT(lost == losing(words));
  });
}
