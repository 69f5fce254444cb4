#include "controlplane/rollout_book.hpp"

#include <rapidcheck/catch.h>

#include <algorithm>
#include <set>

#include "controlplane/bundle_check.hpp"
#include "model/payloads.hpp"
#include "planted_defect.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

using Begun = RolloutBook::Begun;

PolicyBundle bundle(std::uint64_t release, const std::string& name = "baseline") {
  PolicyBundle made;
  made.id = derive_id<BundleTag>("rollout", release, name);
  made.name = name;
  made.version = "1." + std::to_string(release);
  made.release = release;
  made.objects["log.level"].value = exact_value("info");
  return made;
}

RolloutOrder order(std::uint64_t release, std::vector<double> waves = {0.1, 0.5, 1}) {
  RolloutOrder made;
  made.bundle = bundle(release);
  made.waves = std::move(waves);
  made.wave_every = 10min;
  return made;
}

/// A book with nodes around it. A node that is reached carries its assignment out between two looks; one that
/// is to fail rolls back locally; one that is stuck never answers.
struct Fleet {
  RolloutBook book;
  std::vector<NodeId> nodes;
  std::set<NodeId> offline, failing, stuck;
  std::map<NodeId, BundleId> runs;
  std::map<NodeId, std::vector<BundleId>> ordered;
  std::vector<Event> log;
  std::vector<CommandId> cancelled;
  std::map<CommandId, Command> under_way;
  Instant now;
  std::uint64_t commands = 0;

  explicit Fleet(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) nodes.push_back(derive_id<NodeTag>("rollout", 1, "node", i));
  }

  [[nodiscard]] CommandReach reach(NodeId node) const { return {!offline.contains(node), false}; }

  void store(EventType type, AnyId origin, Bytes payload) {
    Event event;
    event.type = type;
    event.origin = origin;
    event.occurred = now;
    event.hlc = log.size() + 1;
    event.payload = std::move(payload);
    const bool is_own_word = type == EventType::rollout_started || type == EventType::rollout_advanced ||
                             type == EventType::rollout_moved || type == EventType::bundle_published ||
                             type == EventType::bundle_refused;
    if (!is_own_word) book.apply(event);
    log.push_back(std::move(event));
  }
  void move(CommandId id, CommandState state) {
    store(EventType::command_moved, {}, encode(CommandMoved{id, state, ""}));
  }
  void say(NodeId node, CommandId id, CommandState state) {
    CommandResult result;
    result.command_id = id;
    result.state = state;
    result.bundle_id = runs[node];
    store(EventType::command_result, any(node), encode(result));
    move(id, state);
  }
  void observe(NodeId node) {
    Observation seen;
    seen.node_id = node;
    seen.policy_bundle_id = runs[node];
    store(EventType::observation_recorded, any(node), encode(seen));
  }

  void do_it(const RolloutBook::Todo& todo) {
    for (const Proposed& event : todo.events) store(event.type, {}, event.payload);
    for (const auto& [node, id] : todo.assign) {
      Command made;
      made.id = derive_id<CommandTag>("rollout", 1, "command", ++commands);
      made.node_id = node;
      made.kind = CommandKind::assign_bundle;
      made.bundle_id = id;
      ordered[node].push_back(id);
      store(EventType::command_issued, {}, encode(CommandIssued{made}));
      under_way[made.id] = made;
    }
    for (const CommandId id : todo.cancel) {
      cancelled.push_back(id);
      move(id, CommandState::cancelled);
      under_way.erase(id);
    }
  }
  Begun begin(const RolloutOrder& what) {
    RolloutBook::Todo todo;
    const Begun begun = book.begin(what, {}, nodes, now, todo);
    do_it(todo);
    return begun;
  }
  void look() {
    RolloutBook::Todo todo;
    book.advance([&](NodeId node) { return reach(node); }, now, todo);
    do_it(todo);
  }
  /// The reached nodes answer what they were ordered.
  void answer() {
    const auto sent = under_way;
    for (const auto& [id, command] : sent) {
      const NodeId node = command.node_id;
      if (offline.contains(node) || stuck.contains(node)) continue;
      const bool works = !failing.contains(node);
      if (works) runs[node] = command.bundle_id;
      say(node, id, works ? CommandState::applied : CommandState::failed);
      under_way.erase(id);
    }
  }
  void pass(Duration time) {
    for (const Instant end = now + time; now < end; now += 1min) {
      look();
      answer();
    }
    look();
  }
  [[nodiscard]] const Rollout& rollout(std::uint64_t release) const { return *book.find(bundle(release).id); }
  [[nodiscard]] std::size_t ordered_count(std::uint64_t release) const {
    std::size_t count = 0;
    for (const auto& [node, list] : ordered)
      count += static_cast<std::size_t>(std::count(list.begin(), list.end(), bundle(release).id));
    return count;
  }
  [[nodiscard]] std::vector<EventType> types() const {
    std::vector<EventType> types;
    for (const Event& event : log) types.push_back(event.type);
    return types;
  }
};

bool adds_up(const Rollout& rollout) {
  return rollout.applied + rollout.failed + rollout.unreached + rollout.waiting == rollout.targets;
}

}  // namespace

TEST_CASE("a rollout goes wave by wave, and the next begins when the time between waves is over",
          "[rollout]") {
  Fleet fleet(100);
  CHECK(fleet.begin(order(1)) == Begun::yes);
  fleet.pass(5min);
  CHECK(fleet.rollout(1).wave == 1);
  CHECK(fleet.rollout(1).applied == 10);
  CHECK(fleet.rollout(1).waiting == 90);
  fleet.pass(10min);
  CHECK(fleet.rollout(1).wave == 2);
  CHECK(fleet.rollout(1).applied == 50);
  fleet.pass(15min);
  CHECK(fleet.rollout(1).wave == 3);
  CHECK(fleet.rollout(1).applied == 100);
  CHECK(fleet.rollout(1).state == RolloutState::done);
  CHECK(fleet.ordered_count(1) == 100);
}

TEST_CASE("L-6: offline nodes never block a wave, nor count as failed, and a planted book lets them",
          "[rollout][planted]") {
  for (const bool planted : {false, true}) {
    const Planted defect(planted ? Defect::offline_blocks_wave : Defect::none);
    Fleet fleet(100);
    for (std::size_t i = 0; i < 40; ++i) fleet.offline.insert(fleet.nodes[i]);
    fleet.begin(order(1));
    fleet.pass(1h);
    CHECK((fleet.rollout(1).applied == 60) != planted);
    CHECK(fleet.rollout(1).failed == 0);
    if (planted) continue;
    CHECK(fleet.rollout(1).unreached == 40);
    CHECK(fleet.ordered_count(1) == 60);  // nothing waits for who is away

    fleet.offline.clear();
    fleet.pass(5min);
    CHECK(fleet.rollout(1).state == RolloutState::done);
  }
}

TEST_CASE("L-6: one bad node never blocks a wave, be it one that fails or one that never answers",
          "[rollout]") {
  for (const bool fails : {true, false}) {
    Fleet fleet(20);
    fleet.begin(order(1, {0.25, 1}));
    fleet.look();
    const NodeId bad = fleet.under_way.begin()->second.node_id;
    (fails ? fleet.failing : fleet.stuck).insert(bad);
    fleet.pass(30min);

    CHECK(fleet.rollout(1).wave == 2);
    CHECK(fleet.rollout(1).applied == 19);
    CHECK(fleet.ordered[bad].size() == 1);  // and is not pushed again
  }
}

TEST_CASE("a wave whose nodes are all away goes on to the first that is reached", "[rollout]") {
  Fleet fleet(100);
  fleet.begin(order(1, {0.01, 1}));
  const auto started = decode<RolloutStarted>(fleet.log[1].payload);
  for (std::size_t i = 0; i < 7; ++i) fleet.offline.insert(started->nodes[i]);
  fleet.look();

  CHECK(fleet.ordered_count(1) == 1);
  CHECK(fleet.ordered.contains(started->nodes[7]));
  fleet.pass(15min);
  CHECK(fleet.rollout(1).applied == 93);
}

TEST_CASE("too many failures halt a rollout, stop what is under way, and resuming forgives them",
          "[rollout]") {
  Fleet fleet(100);
  fleet.begin(order(1, {0.2, 1}));
  fleet.look();
  int left = 3;
  for (const auto& [id, command] : fleet.under_way)
    if (--left >= 0) fleet.failing.insert(command.node_id);
  const NodeId slow = fleet.under_way.rbegin()->second.node_id;
  fleet.stuck.insert(slow);
  fleet.pass(5min);

  CHECK(fleet.rollout(1).state == RolloutState::halted);
  CHECK(fleet.rollout(1).reason == "3 of 20 reached nodes failed");
  CHECK(fleet.cancelled.size() == 1);
  CHECK(fleet.book.safe_to_advance(bundle(1).id, fleet.now).reasons.front() ==
        "HALTED: 3 of 20 reached nodes failed");
  const auto before = fleet.ordered_count(1);
  fleet.stuck.clear();
  fleet.pass(1h);
  CHECK(fleet.ordered_count(1) == before);

  RolloutBook::Todo todo;
  fleet.book.resume(bundle(1).id, "an operator has looked at them", todo);
  fleet.do_it(todo);
  fleet.pass(1h);
  CHECK(fleet.rollout(1).wave == 2);
  CHECK(fleet.rollout(1).applied == 97);
  CHECK(fleet.rollout(1).failed == 3);
}

TEST_CASE("a paused rollout orders nothing and counts on", "[rollout]") {
  Fleet fleet(100);
  fleet.begin(order(1));
  fleet.pass(2min);
  RolloutBook::Todo todo;
  fleet.book.pause(bundle(1).id, "the weekend", todo);
  fleet.do_it(todo);
  fleet.pass(2h);
  CHECK(fleet.rollout(1).applied == 10);
  CHECK(fleet.rollout(1).state == RolloutState::paused);
  fleet.offline.insert(fleet.nodes.begin(), fleet.nodes.end());
  fleet.pass(5min);
  CHECK(fleet.rollout(1).unreached == 90);
  CHECK_FALSE(fleet.book.safe_to_advance(bundle(1).id, fleet.now).is_safe);
}

TEST_CASE("a node that rolled back after it had applied the bundle has failed, and is not pushed again",
          "[rollout]") {
  Fleet fleet(10);
  fleet.begin(order(1, {1}));
  fleet.pass(2min);
  REQUIRE(fleet.rollout(1).state == RolloutState::done);
  const NodeId back = fleet.nodes[3];
  fleet.runs[back] = {};
  fleet.observe(back);
  fleet.pass(5min);

  CHECK(fleet.rollout(1).applied == 9);
  CHECK(fleet.rollout(1).failed == 1);
  CHECK(fleet.ordered[back].size() == 1);
}

TEST_CASE("a snapshot from before the assignment, uploaded late, is no rollback", "[rollout]") {
  Fleet fleet(1);
  Observation old;
  old.node_id = fleet.nodes[0];
  Event event;
  event.type = EventType::observation_recorded;
  event.origin = any(fleet.nodes[0]);
  event.payload = encode(old);
  event.hlc = 1;
  fleet.begin(order(1, {1}));
  fleet.pass(2min);

  fleet.book.apply(event);
  fleet.pass(2min);

  CHECK(fleet.rollout(1).applied == 1);
}

TEST_CASE(
    "R9: a wave of 1,000 with 15 % unreachable and 2 % rolling back goes on, and who was away skips the bad "
    "release for the fix",
    "[rollout][incident]") {
  Fleet fleet(1000);
  for (std::size_t i = 0; i < 150; ++i) fleet.offline.insert(fleet.nodes[i]);
  for (std::size_t i = 150; i < 170; ++i) fleet.failing.insert(fleet.nodes[i]);
  fleet.begin(order(1, {1}));
  fleet.pass(10min);
  CHECK(fleet.rollout(1).applied == 830);
  CHECK(fleet.rollout(1).failed == 20);
  CHECK(fleet.rollout(1).unreached == 150);
  CHECK(fleet.rollout(1).waiting == 0);
  CHECK(fleet.rollout(1).state == RolloutState::advancing);

  CHECK(fleet.begin(order(2, {0.1, 1})) == Begun::yes);
  fleet.failing.clear();
  fleet.pass(30min);
  CHECK(fleet.rollout(1).state == RolloutState::halted);
  CHECK(fleet.rollout(1).reason == "superseded by 1.2");
  CHECK(fleet.rollout(2).applied == 850);
  CHECK(fleet.rollout(2).unreached == 150);
  CHECK(fleet.rollout(1).applied == 830);  // taken over is not rolled back
  fleet.offline.clear();
  fleet.pass(5min);

  CHECK(fleet.rollout(2).state == RolloutState::done);
  for (std::size_t i = 0; i < 150; ++i)
    CHECK(fleet.ordered[fleet.nodes[i]] == std::vector<BundleId>{bundle(2).id});
  CHECK_FALSE(fleet.book.safe_to_advance(bundle(1).id, fleet.now).is_safe);
}

TEST_CASE(
    "R3: a bundle with blank or invalid fields is refused before its first wave, with all that is wrong",
    "[rollout][incident]") {
  Fleet fleet(10);
  RolloutOrder bad = order(1);
  bad.bundle.version = " ";
  bad.bundle.objects["log.level"].value.text = "";
  bad.bundle.constraints.maintenance_window = "at night";
  bad.bundle.constraints.min_battery_pct = 101;
  bad.waves = {0.5, 0.4, 1};

  CHECK(fleet.begin(bad) == Begun::refused);
  CHECK(fleet.begin(bad) == Begun::refused);  // said once
  fleet.pass(1h);

  CHECK(fleet.types() == std::vector<EventType>{EventType::bundle_refused});
  const auto refused = decode<BundleRefused>(fleet.log[0].payload);
  CHECK(refused->problems ==
        std::vector<std::string>{
            "version is blank", "object log.level has a blank value",
            "maintenance_window: \"night\" is no span of time; one is written 22:00-04:00",
            "min_battery_pct is not within 0..100", "waves do not rise from above 0 to 1"});
  CHECK(fleet.ordered.empty());
  const RolloutAdvice advice = fleet.book.safe_to_advance(bad.bundle.id, fleet.now);
  CHECK_FALSE(advice.is_safe);
  CHECK(advice.reasons.front() == "refused: version is blank");
}

TEST_CASE("what is wrong with a bundle is said, whatever it is", "[rollout]") {
  const auto problem = [](const std::function<void(PolicyBundle&)>& spoil) {
    PolicyBundle one = bundle(1);
    spoil(one);
    const auto problems = problems_of(one);
    REQUIRE(problems.size() == 1);
    return problems.front();
  };
  CHECK(problems_of(bundle(1)).empty());
  CHECK(problem([](auto& b) { b.id = {}; }) == "id is nil");
  CHECK(problem([](auto& b) { b.name = ""; }) == "name is blank");
  CHECK(problem([](auto& b) { b.release = 0; }) == "release is 0");
  CHECK(problem([](auto& b) { b.objects[""].value = exact_value("x"); }) == "an object has a blank name");
  CHECK(problem([](auto& b) { b.artifacts.emplace_back(); }) == "an artifact's id is nil");
  const auto object = [&](const std::function<void(DesiredObject&)>& spoil) {
    return problem([&](auto& b) { spoil(b.objects["log.level"]); });
  };
  CHECK(object([](auto& o) { o.weight = -1; }) == "object log.level has a weight that is not 0 or more");
  CHECK(object([](auto& o) { o.tolerance = std::numeric_limits<double>::infinity(); }) ==
        "object log.level has a tolerance that is not 0 or more");
  CHECK(object([](auto& o) {
          o.value = {ObjectKind::set, "", {"a", " "}, 0};
        }) == "object log.level has a blank item");
  CHECK(object([](auto& o) {
          o.value = {ObjectKind::set, "", {"a", "a"}, 0};
        }) == "object log.level has items that are not sorted, each once");
  CHECK(object([](auto& o) {
          o.value = {ObjectKind::number, "", {}, std::numeric_limits<double>::quiet_NaN()};
        }) == "object log.level has a value that is no number");
}

TEST_CASE("a release that does not rise within its name is refused", "[rollout]") {
  Fleet fleet(10);
  CHECK(fleet.begin(order(3)) == Begun::yes);
  CHECK(fleet.begin(order(3)) == Begun::known_already);
  CHECK(fleet.begin(order(2)) == Begun::refused);
  CHECK(decode<BundleRefused>(fleet.log.back().payload)->problems.front() ==
        "release is not above 3, published before");
  RolloutOrder other = order(1);
  other.bundle = bundle(1, "another name");
  CHECK(fleet.begin(other) == Begun::yes);
}

TEST_CASE("it is safe to advance when the wave met its threshold and was watched long enough", "[rollout]") {
  Fleet fleet(100);
  CHECK(fleet.book.safe_to_advance(bundle(1).id, fleet.now).reasons ==
        std::vector<std::string>{"it is not rolled out here"});
  fleet.begin(order(1));
  fleet.look();
  CHECK(fleet.book.safe_to_advance(bundle(1).id, fleet.now).reasons ==
        std::vector<std::string>{"wave 1: 0 of 10 reached nodes run it, 9 must"});
  fleet.answer();
  fleet.now += 1min;
  fleet.look();
  CHECK(fleet.book.safe_to_advance(bundle(1).id, fleet.now).reasons ==
        std::vector<std::string>{"wave 1: met its threshold, and is watched until 00:11:00"});
  CHECK(fleet.book.safe_to_advance(bundle(1).id, at(11min)).is_safe);
}

TEST_CASE("how many may lack a bundle follows the threshold, and is one at least where there are two",
          "[rollout]") {
  CHECK(allowed_to_lack(0, 0.9) == 0);
  CHECK(allowed_to_lack(1, 0.9) == 0);
  CHECK(allowed_to_lack(2, 0.9) == 1);
  CHECK(allowed_to_lack(10, 1) == 1);
  CHECK(allowed_to_lack(100, 0.9) == 10);
  CHECK(allowed_to_lack(1000, 0.97) == 30);
  CHECK(allowed_to_lack(100, 0) == 99);
}

TEST_CASE("under any fate the counts of every rollout add up to its targets, and the folded book is the same",
          "[rollout][property]") {
  rc::prop("for any fleet, failures, absences, orders and times", [] {
    Fleet fleet(static_cast<std::size_t>(*rc::gen::inRange(1, 40)));
    const auto actions = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 12), rc::gen::inRange(0, 1000)));
    std::uint64_t release = 0;
    for (const auto& [what, number] : actions) {
      const NodeId node = fleet.nodes[static_cast<std::size_t>(number) % fleet.nodes.size()];
      const BundleId id = bundle(std::max<std::uint64_t>(release, 1)).id;
      RolloutBook::Todo todo;
      switch (what) {
        case 0:
          fleet.begin(
              order(++release, number % 2 == 0 ? std::vector<double>{1} : std::vector<double>{0.1, 0.4, 1}));
          break;
        case 1:
          fleet.offline.insert(node);
          break;
        case 2:
          fleet.offline.erase(node);
          break;
        case 3:
          fleet.failing.insert(node);
          break;
        case 4:
          fleet.stuck.insert(node);
          break;
        case 5:
          fleet.book.pause(id, "paused", todo);
          break;
        case 6:
          fleet.book.resume(id, "resumed", todo);
          break;
        case 7:
          fleet.runs[node] = {};
          fleet.observe(node);
          break;
        case 8:
          if (!fleet.under_way.empty()) {
            const CommandId late = fleet.under_way.begin()->first;
            fleet.under_way.erase(late);
            fleet.move(late, CommandState::expired);
          }
          break;
        default:
          fleet.pass(std::chrono::minutes{number % 15});
      }
      fleet.do_it(todo);
      for (const Rollout* rollout : fleet.book.rollouts()) {
        RC_ASSERT(adds_up(*rollout));
        RC_ASSERT(rollout->wave >= 1 && rollout->wave <= rollout->waves.size());
      }
      // Nobody that failed or rolled back is ordered the same bundle again, unless its command came to
      // nothing.
    }
    RolloutBook folded;
    for (const Event& event : fleet.log) folded.apply(event);
    const auto live = fleet.book.rollouts();
    const auto rebuilt = folded.rollouts();
    RC_ASSERT(live.size() == rebuilt.size());
    for (std::size_t i = 0; i < live.size(); ++i) {
      RC_ASSERT(*live[i] == *rebuilt[i]);
    }
    // And they go on alike.
    for (int minutes = 0; minutes < 30; ++minutes) {
      fleet.now += 1min;
      RolloutBook::Todo mine;
      RolloutBook::Todo theirs;
      const auto reach = [&](NodeId node) { return fleet.reach(node); };
      fleet.book.advance(reach, fleet.now, mine);
      folded.advance(reach, fleet.now, theirs);
      RC_ASSERT(mine.assign == theirs.assign);
    }
  });
}

TEST_CASE("waves that do not rise from above 0 to 1, and shares that are none, are refused", "[rollout]") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto problem = [](const RolloutOrder& what) {
    Fleet fleet(10);
    CHECK(fleet.begin(what) == Begun::refused);
    return decode<BundleRefused>(fleet.log.back().payload)->problems;
  };
  for (const std::vector<double>& waves : std::vector<std::vector<double>>{{},
                                                                           {0, 1},
                                                                           {-1, 1},
                                                                           {0.5},
                                                                           {0.5, 0.5, 1},
                                                                           {0.5, 0.2, 1},
                                                                           {0.1, nan, 1},
                                                                           {nan, 1},
                                                                           {nan},
                                                                           {0.5, 2}})
    CHECK(problem(order(1, waves)) == std::vector<std::string>{"waves do not rise from above 0 to 1"});
  for (const double threshold : {-0.1, 1.1, nan}) {
    RolloutOrder odd = order(1);
    odd.threshold = threshold;
    CHECK(problem(odd) == std::vector<std::string>{"threshold is not within 0..1"});
  }
}

TEST_CASE("a bundle is wrong in its numbers too", "[rollout]") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  PolicyBundle odd = bundle(1);
  odd.constraints.min_battery_pct = -1;
  CHECK(problems_of(odd) == std::vector<std::string>{"min_battery_pct is not within 0..100"});
  odd = bundle(1);
  odd.objects["log.level"].weight = nan;
  CHECK(problems_of(odd) == std::vector<std::string>{"object log.level has a weight that is not 0 or more"});
  odd = bundle(1);
  odd.objects["log.level"].tolerance = -1;
  CHECK(problems_of(odd) ==
        std::vector<std::string>{"object log.level has a tolerance that is not 0 or more"});
  odd.objects["log.level"] = {};
  odd.objects["log.level"].value = {ObjectKind::version, " ", {}, 0};
  CHECK(problems_of(odd) == std::vector<std::string>{"object log.level has a blank value"});
  for (const auto& value :
       {ObjectValue{ObjectKind::set, "", {}, 0}, ObjectValue{ObjectKind::number, "", {}, 2},
        ObjectValue{ObjectKind::set, "", {"a", "b"}, 0}}) {
    odd.objects["log.level"].value = value;
    CHECK(problems_of(odd).empty());
  }
}

TEST_CASE("a bundle without targets is published and rolled out nowhere", "[rollout]") {
  Fleet nobody(0);
  CHECK(nobody.begin(order(1)) == Begun::yes);
  CHECK(nobody.types() == std::vector{EventType::bundle_published});
  CHECK(nobody.book.bundle(bundle(1).id) != nullptr);
  CHECK(nobody.book.find(bundle(1).id) == nullptr);
  CHECK(nobody.book.bundle(bundle(2).id) == nullptr);
}

TEST_CASE("what was refused stays refused in the book that is folded from the log", "[rollout]") {
  Fleet fleet(10);
  REQUIRE(fleet.begin(order(1, {})) == Begun::refused);
  RolloutBook folded;
  for (const Event& event : fleet.log) folded.apply(event);

  RolloutBook::Todo todo;
  CHECK(folded.begin(order(1), {}, fleet.nodes, fleet.now, todo) == Begun::refused);
  CHECK(todo.events.empty());  // it was said once
  CHECK(folded.safe_to_advance(bundle(1).id, fleet.now).reasons ==
        std::vector<std::string>{"refused: waves do not rise from above 0 to 1"});
}

TEST_CASE("a node that refuses its order or lost it has failed, and one that was late has not", "[rollout]") {
  const auto counted = [](CommandState said) {
    Fleet fleet(1);
    fleet.begin(order(1, {1}));
    fleet.look();
    const CommandId id = fleet.under_way.begin()->first;
    if (said == CommandState::applied_late) fleet.runs[fleet.nodes[0]] = bundle(1).id;
    fleet.say(fleet.nodes[0], id, said);
    fleet.now += 1min;
    fleet.look();
    CHECK(adds_up(fleet.rollout(1)));
    return std::pair{fleet.rollout(1).applied, fleet.rollout(1).failed};
  };
  for (const CommandState state :
       {CommandState::failed, CommandState::failed_late, CommandState::rejected, CommandState::indeterminate})
    CHECK(counted(state) == std::pair{0u, 1u});
  for (const CommandState state : {CommandState::applied, CommandState::applied_late})
    CHECK(counted(state).first == 1);
  CHECK(counted(CommandState::expired) == std::pair{0u, 0u});
}

TEST_CASE("an older rollout that a newer one halted is not resumed", "[rollout]") {
  Fleet fleet(10);
  fleet.begin(order(1));
  fleet.begin(order(2));
  RolloutBook::Todo todo;
  fleet.book.resume(bundle(1).id, "after all", todo);
  CHECK(todo.events.empty());
  CHECK(fleet.rollout(1).state == RolloutState::halted);
  CHECK(fleet.book.safe_to_advance(bundle(1).id, fleet.now).reasons ==
        std::vector<std::string>{"HALTED: superseded by 1.2", "a newer release of its name is published",
                                 "wave 1: nobody is reached"});
}

TEST_CASE("words about rollouts that this master does not have change nothing", "[rollout]") {
  Fleet fleet(2);
  fleet.begin(order(1));
  const Rollout before = fleet.rollout(1);
  const BundleId unknown = bundle(7).id;
  RolloutBook::Todo todo;
  fleet.book.pause(unknown, "", todo);
  fleet.book.resume(unknown, "", todo);
  fleet.book.halt(unknown, "", todo);
  CHECK(todo.events.empty());
  RolloutAdvanced advanced;
  advanced.bundle_id = unknown;
  advanced.wave = 9;
  Event event;
  event.type = EventType::rollout_advanced;
  event.payload = encode(advanced);
  fleet.book.apply(event);
  RolloutMoved moved;
  moved.rollout.bundle_id = unknown;
  event.type = EventType::rollout_moved;
  event.payload = encode(moved);
  fleet.book.apply(event);
  Command elsewhere;
  elsewhere.kind = CommandKind::assign_bundle;
  elsewhere.bundle_id = bundle(1).id;
  elsewhere.node_id = derive_id<NodeTag>("rollout", 1, "stranger");
  event.type = EventType::command_issued;
  event.payload = encode(CommandIssued{elsewhere});
  fleet.book.apply(event);

  CHECK(fleet.book.find(unknown) == nullptr);
  CHECK(fleet.rollout(1) == before);
  CHECK(fleet.book.rollouts().size() == 1);
}
