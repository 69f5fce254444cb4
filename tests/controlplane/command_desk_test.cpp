#include "controlplane/command_desk.hpp"

#include <rapidcheck/catch.h>

#include <algorithm>

#include "controlplane/artifact_release.hpp"
#include "controlplane/maintenance_window.hpp"
#include "controlplane/sha256.hpp"
#include "model/payloads.hpp"
#include "planted_defect.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

using S = CommandState;
using Kind = DeskStep::Kind;

CommandId id_of(std::uint64_t number) {
  return derive_id<CommandTag>("desk", 1, "command", number);
}

Command command(std::uint64_t number) {
  Command made;
  made.id = id_of(number);
  made.epoch = 1;
  made.number = number;
  made.execute_before = at(10h);
  return made;
}

PolicyBundle bundle_with(Constraints constraints, std::uint64_t number = 1) {
  PolicyBundle bundle;
  bundle.id = derive_id<BundleTag>("desk", 1, "bundle", number);
  bundle.name = "baseline";
  bundle.version = "1." + std::to_string(number);
  bundle.release = number;
  bundle.constraints = std::move(constraints);
  return bundle;
}

/// Commands take as long as their argument says, and fail where it says so: "5m", "5m fails".
struct SlowMachine final : Machine {
  [[nodiscard]] Execution plan(const CommandDelivery& delivery) const override {
    const std::string& text = delivery.command.argument;
    const auto gap = text.find(" fails");
    return {parse_duration(text.substr(0, gap)).value_or(0s), gap == std::string::npos ? "" : "it broke"};
  }
};

/// A desk with a clock, and everything that it wanted done.
struct Worker {
  SlowMachine machine;
  CommandDesk desk{{.keep = 24h, .machine = &machine, .trust = {}}};
  DeskFacts facts{
      .now = at(0s), .max_epoch_seen = 1, .in_contact = true, .barred = false, .battery_pct = 100};
  std::vector<DeskStep> steps;

  void take(const Command& command, std::optional<PolicyBundle> bundle = {}) {
    CommandDelivery delivery{command, nullptr, nullptr};
    if (bundle) delivery.bundle = std::make_shared<const PolicyBundle>(*bundle);
    desk.take(std::make_shared<const CommandDelivery>(std::move(delivery)), facts, steps);
  }
  /// Lets time pass, looking whenever the desk asked for it.
  void run_until(Instant end) {
    for (Instant due = desk.due(facts); due <= end; due = desk.due(facts)) {
      REQUIRE(due > facts.now);
      facts.now = due;
      desk.look(facts, steps);
    }
    facts.now = end;
    desk.look(facts, steps);
  }
  /// Puts the bundle in force.
  void adopt(const PolicyBundle& bundle) {
    Command assign = command(1000 + bundle.release);
    assign.kind = CommandKind::assign_bundle;
    assign.bundle_id = bundle.id;
    assign.break_glass = true;  // whatever its constraints say
    take(assign, bundle);
    REQUIRE(desk.policy() != nullptr);
    steps.clear();
  }
  void reboot() {
    const auto memory = decode<DeskMemory>(encode(desk.memory()));
    REQUIRE(memory);
    desk = CommandDesk({.keep = 24h, .machine = &machine, .trust = {}});
    desk.recall(*memory, steps);
    desk.look(facts, steps);
  }

  [[nodiscard]] std::vector<Kind> kinds() const {
    std::vector<Kind> kinds;
    for (const DeskStep& step : steps) kinds.push_back(step.kind);
    return kinds;
  }
  [[nodiscard]] std::size_t acts(std::uint64_t number) const {
    return static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), [&](const DeskStep& step) {
      return step.kind == Kind::act && step.command == id_of(number);
    }));
  }
  [[nodiscard]] const DeskStep& last() const { return steps.back(); }
};

}  // namespace

TEST_CASE("I-31: a command is carried out once and its result names it, its term and the bundle in force",
          "[desk]") {
  Worker node;
  node.adopt(bundle_with({}));
  node.take(command(1));
  CHECK(node.kinds() == std::vector<Kind>{Kind::act, Kind::result});
  CHECK(node.last().state == S::applied);
  CHECK(node.last().command == id_of(1));
  CHECK(node.last().bundle == node.desk.policy()->id);  // I-37

  for (int copies = 0; copies < 3; ++copies) node.take(command(1));  // over another relay, or sent again
  CHECK(node.acts(1) == 1);
  CHECK(node.steps.size() == 2);
}

TEST_CASE("a command that takes its time is EXECUTING meanwhile, and a second copy hears just that",
          "[desk]") {
  Worker node;
  Command slow = command(1);
  slow.argument = "5m";
  node.take(slow);
  CHECK(node.kinds() == std::vector<Kind>{Kind::act, Kind::say});
  CHECK(node.last().state == S::executing);
  CHECK(node.desk.due(node.facts) == at(5min));

  node.take(slow);
  CHECK(node.last().kind == Kind::say);
  CHECK(node.acts(1) == 1);
  node.run_until(at(5min));
  CHECK(node.last().state == S::applied);
  CHECK(node.desk.is_idle());
}

TEST_CASE("commands are carried out one at a time, in the order in which they were accepted", "[desk]") {
  Worker node;
  for (const std::uint64_t number : {1u, 2u, 3u}) {
    Command slow = command(number);
    slow.argument = "5m";
    node.take(slow);
  }
  CHECK(node.desk.state_of(id_of(1)) == S::executing);
  CHECK(node.desk.state_of(id_of(2)) == S::accepted);

  node.run_until(at(12min));
  CHECK(node.desk.result_of(id_of(1)) == S::applied);
  CHECK(node.desk.result_of(id_of(2)) == S::applied);
  CHECK(node.desk.state_of(id_of(3)) == S::executing);
}

TEST_CASE("a command that does not work has FAILED, and an assignment that failed leaves the bundle in force",
          "[desk]") {
  Worker node;
  node.adopt(bundle_with({}));
  const PolicyBundle next = bundle_with({}, 2);
  Command assign = command(1);
  assign.kind = CommandKind::assign_bundle;
  assign.bundle_id = next.id;
  assign.argument = "1m fails";
  node.take(assign, next);
  node.run_until(at(1min));

  CHECK(node.last().state == S::failed);
  CHECK(node.last().detail == "it broke");
  CHECK(node.desk.policy()->release == 1);
}

TEST_CASE("I-30: what was begun at most once before a crash is INDETERMINATE and never begun again",
          "[desk][planted]") {
  for (const bool planted : {false, true}) {
    const Planted defect(planted ? Defect::intent_not_stored : Defect::none);
    Worker node;
    Command once = command(1);
    once.delivery = DeliverySemantics::at_most_once;
    once.argument = "5m";
    node.take(once);
    CHECK(node.kinds() == std::vector<Kind>{Kind::intent, Kind::act, Kind::say});

    node.reboot();
    node.take(once);  // the other copy of two, over another relay
    node.run_until(at(1h));

    CHECK((node.acts(1) == 1) != planted);
    CHECK((node.desk.result_of(id_of(1)) == S::indeterminate) != planted);
  }
}

TEST_CASE("I-31: what was begun at least once before a crash is begun again", "[desk]") {
  Worker node;
  Command again = command(1);
  again.argument = "5m";
  node.take(again);
  node.reboot();
  node.run_until(at(1h));

  CHECK(node.acts(1) == 2);
  CHECK(node.desk.result_of(id_of(1)) == S::applied);
}

TEST_CASE("what waits or has ended survives a reboot", "[desk]") {
  Worker node;
  node.adopt(bundle_with(
      {.maintenance_window = "daily 02:00-03:00", .requires_online = false, .min_battery_pct = 0}));
  Command keyed = command(5);
  keyed.coalesce_key = "config";
  node.take(keyed);
  Command urgent = command(6);
  urgent.break_glass = true;
  node.take(urgent);

  node.reboot();
  CHECK(node.desk.state_of(id_of(5)) == S::delivered);
  CHECK(node.desk.result_of(id_of(6)) == S::applied);
  CHECK(node.desk.policy()->constraints.maintenance_window == "daily 02:00-03:00");
  Command older = command(4);
  older.coalesce_key = "config";
  node.take(older);
  CHECK(node.desk.result_of(id_of(4)) == S::superseded);
  node.run_until(at(2h));
  CHECK(node.desk.result_of(id_of(5)) == S::applied);
}

// ---- what is refused --------------------------------------------------------------------------------------

TEST_CASE("I-33: nothing begins that would not be over by its last moment", "[desk]") {
  Worker node;
  Command late = command(1);
  late.execute_before = at(-1ns);
  node.take(late);
  CHECK(node.last().state == S::expired);

  Command just = command(2);
  just.execute_before = at(5min);
  just.argument = "5m";
  node.take(just);
  Command behind = command(3);  // it waits for the one before, and that takes too long
  behind.execute_before = at(8min);
  behind.argument = "5m";
  node.take(behind);
  CHECK(node.desk.state_of(id_of(3)) == S::accepted);
  node.run_until(at(1h));

  CHECK(node.desk.result_of(id_of(2)) == S::applied);
  CHECK(node.desk.result_of(id_of(3)) == S::expired);
  CHECK(node.acts(3) == 0);
}

TEST_CASE("I-23: a command that waited is fenced when a newer term came meanwhile", "[desk]") {
  Worker node;
  node.adopt(bundle_with(
      {.maintenance_window = "daily 02:00-03:00", .requires_online = false, .min_battery_pct = 0}));
  node.take(command(1));
  CHECK(node.desk.state_of(id_of(1)) == S::delivered);

  node.facts.max_epoch_seen = 2;
  node.run_until(at(3h));

  CHECK(node.desk.result_of(id_of(1)) == S::fenced);
  CHECK(node.acts(1) == 0);
}

TEST_CASE("I-36: while its node is coming back or quarantined a command is not taken, but for the allow list",
          "[desk]") {
  Worker node;
  node.facts.in_contact = false;
  node.facts.barred = true;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < words_of(CommandKind{}).size(); ++i) {
    Command one = command(++number);
    one.kind = static_cast<CommandKind>(i);
    node.take(one);
    const bool allowed = one.kind == CommandKind::re_attest || one.kind == CommandKind::remediate ||
                         one.kind == CommandKind::safe_stop || one.kind == CommandKind::wipe;
    INFO(word_of(one.kind));
    CHECK(node.acts(number) == (allowed ? 1 : 0));
    if (!allowed) CHECK(node.last().state == S::held);
  }
  Command urgent = command(++number);
  urgent.break_glass = true;
  node.take(urgent);
  CHECK(node.acts(number) == 1);
}

TEST_CASE("I-36: what waited begins only after the verdict", "[desk]") {
  Worker node;
  node.adopt(bundle_with(
      {.maintenance_window = "daily 02:00-03:00", .requires_online = false, .min_battery_pct = 0}));
  node.take(command(1));
  node.facts.barred = true;
  node.run_until(at(2h + 10min));
  CHECK(node.acts(1) == 0);

  node.facts.barred = false;
  node.run_until(at(2h + 11min));
  CHECK(node.acts(1) == 1);
}

TEST_CASE("what can never be carried out is REJECTED, with the reason", "[desk]") {
  Worker node;
  const auto detail = [&](const Command& one, std::optional<PolicyBundle> bundle = {}) {
    node.take(one, std::move(bundle));
    CHECK(node.last().state == S::rejected);
    return node.last().detail;
  };
  Command assign = command(1);
  assign.kind = CommandKind::assign_bundle;
  assign.bundle_id = bundle_with({}).id;
  CHECK(detail(assign) == "came without its bundle");
  assign.id = id_of(2);
  CHECK(detail(assign, bundle_with({}, 7)) == "came without its bundle");
  assign.id = id_of(3);
  PolicyBundle blank = bundle_with({});
  blank.version = " ";
  CHECK(detail(assign, blank) == "version is blank");
  assign.id = id_of(4);
  CHECK(detail(assign, bundle_with({"daily", false, 0})).find("maintenance_window: ") == 0);
  assign.id = id_of(5);
  CHECK(detail(assign, bundle_with({"daily 12:00-13:00", false, 0})) ==
        "its maintenance window does not open before its last moment");
  assign.id = id_of(6);
  assign.argument = "2h";
  CHECK(detail(assign, bundle_with({"daily 02:00-03:00", false, 0})) ==
        "takes longer than any opening of its maintenance window");

  Command install = command(7);
  install.kind = CommandKind::install_artifact;
  CHECK(detail(install) == "no verifier");
  Command cancel = command(8);
  cancel.kind = CommandKind::cancel;
  cancel.argument = "that one";
  CHECK(detail(cancel) == "names no command to cancel");
  Command endless = command(9);
  endless.execute_before = endless.issued_ts + longest_validity + 1ns;
  CHECK(detail(endless) == "valid for too long");
  CHECK(node.desk.is_idle());
}

// ---- constraints ------------------------------------------------------------------------------------------

TEST_CASE(
    "I-34: a command waits for its window, its battery and its contact, and a planted desk does not wait",
    "[desk][planted]") {
  for (const bool planted : {false, true}) {
    const Planted defect(planted ? Defect::constraint_ignored : Defect::none);
    Worker node;
    node.adopt(bundle_with({"daily 02:00-03:00", true, 30}));
    node.take(command(1));
    CHECK(node.acts(1) == (planted ? 1 : 0));
    if (planted) continue;
    CHECK(node.last().state == S::delivered);

    node.run_until(at(1h));
    node.facts.battery_pct = 29;
    node.run_until(at(2h + 1min));
    CHECK(node.acts(1) == 0);
    node.facts.battery_pct = 30;
    node.facts.in_contact = false;
    node.run_until(at(2h + 2min));
    CHECK(node.acts(1) == 0);
    node.facts.in_contact = true;
    node.run_until(at(2h + 3min));
    CHECK(node.acts(1) == 1);
  }
}

TEST_CASE("a command outside of its window waits there until its last moment", "[desk]") {
  Worker node;
  node.adopt(bundle_with({"daily 02:00-03:00", false, 90}));
  Command one = command(1);
  one.execute_before = at(2h + 30min);
  node.facts.battery_pct = 50;
  node.take(one);
  node.run_until(at(2h + 30min));
  CHECK(node.desk.state_of(id_of(1)) == S::delivered);
  node.run_until(at(2h + 30min + 1ns));

  CHECK(node.desk.result_of(id_of(1)) == S::expired);
  CHECK(node.acts(1) == 0);
}

TEST_CASE("without contact a command that waits may begin, unless its bundle asks for contact", "[desk]") {
  for (const bool online : {false, true}) {
    Worker node;
    node.adopt(bundle_with({"daily 02:00-03:00", online, 0}));
    node.take(command(1));
    node.facts.in_contact = false;
    node.run_until(at(2h + 30min));
    CHECK(node.acts(1) == (online ? 0 : 1));
  }
}

TEST_CASE("an assignment waits for the constraints of the bundle it brings, not of the one in force",
          "[desk]") {
  Worker node;
  node.adopt(bundle_with({"daily 12:00-13:00", true, 50}));
  const PolicyBundle next = bundle_with({"", false, 20}, 2);
  Command assign = command(1);
  assign.kind = CommandKind::assign_bundle;
  assign.bundle_id = next.id;
  node.facts.battery_pct = 30;
  node.take(assign, next);

  CHECK(node.desk.policy()->release == 2);
}

// ---- successors and cancels -------------------------------------------------------------------------------

TEST_CASE("I-35: a superseded command never runs after its successor, and on a planted desk it does",
          "[desk][planted]") {
  for (const bool planted : {false, true}) {
    const Planted defect(planted ? Defect::superseded_runs : Defect::none);
    Worker node;
    const auto keyed = [](std::uint64_t number) {
      Command made = command(number);
      made.coalesce_key = "config";
      return made;
    };
    node.take(keyed(2));
    node.take(keyed(1));  // overtaken on the way
    CHECK(node.acts(2) == 1);
    CHECK(node.acts(1) == (planted ? 1 : 0));
    if (planted) continue;
    CHECK(node.last().state == S::superseded);

    node.adopt(bundle_with({"daily 02:00-03:00", false, 0}));
    node.take(keyed(3));
    node.take(keyed(4));
    CHECK(node.desk.result_of(id_of(3)) == S::superseded);
    CHECK(node.desk.state_of(id_of(4)) == S::delivered);
  }
}

TEST_CASE("I-35: what is bound to be carried out runs before its successor", "[desk]") {
  Worker node;
  for (const std::uint64_t number : {1u, 2u, 3u}) {
    Command slow = command(number);
    slow.argument = "5m";
    slow.coalesce_key = number == 1 ? "" : "config";
    node.take(slow);
  }
  node.run_until(at(1h));

  CHECK(node.desk.result_of(id_of(2)) == S::applied);
  CHECK(node.desk.result_of(id_of(3)) == S::applied);
}

TEST_CASE("I-35: what fell out of the line because its window closed does not run after its successor",
          "[desk]") {
  Worker node;
  Command busy = command(1);
  busy.argument = "30m";
  node.take(busy);
  const auto assign = [&](std::uint64_t number, const PolicyBundle& bundle) {
    Command made = command(number);
    made.kind = CommandKind::assign_bundle;
    made.bundle_id = bundle.id;
    made.coalesce_key = "bundle";
    node.take(made, bundle);
  };
  assign(2, bundle_with({"daily 00:00-00:20; 02:00-03:00", false, 0}, 1));
  CHECK(node.desk.state_of(id_of(2)) == S::accepted);
  assign(3, bundle_with({}, 2));
  CHECK(node.desk.state_of(id_of(2)) == S::accepted);
  node.run_until(at(4h));

  CHECK(node.desk.result_of(id_of(2)) == S::superseded);
  CHECK(node.desk.result_of(id_of(3)) == S::applied);
  CHECK(node.desk.policy()->release == 2);
}

TEST_CASE("a cancel stops what waits, comes before its target, and says when it is too late", "[desk]") {
  Worker node;
  const auto cancel = [](std::uint64_t number, std::uint64_t target) {
    Command made = command(number);
    made.kind = CommandKind::cancel;
    made.argument = text_of(id_of(target));
    return made;
  };
  node.adopt(bundle_with({"daily 02:00-03:00", false, 0}));
  node.take(command(1));
  node.take(cancel(11, 1));
  CHECK(node.desk.result_of(id_of(1)) == S::cancelled);
  CHECK(node.desk.result_of(id_of(11)) == S::applied);

  node.take(cancel(12, 2));
  CHECK(node.desk.result_of(id_of(2)) == S::cancelled);
  node.take(command(2));
  CHECK(node.acts(2) == 0);

  Command urgent = command(3);
  urgent.break_glass = true;
  urgent.argument = "5m";
  node.take(urgent);
  node.take(cancel(13, 3));
  CHECK(node.desk.result_of(id_of(13)) == S::failed);
  CHECK(node.last().detail == "too late: it is EXECUTING");
  node.run_until(at(5min));
  node.take(cancel(14, 3));
  CHECK(node.last().detail == "too late: it is APPLIED");
  CHECK(node.desk.result_of(id_of(3)) == S::applied);
}

TEST_CASE("the desk forgets a result when its command can no longer come", "[desk]") {
  Worker node;
  for (std::uint64_t number = 1; number <= 100; ++number) {
    node.take(command(number));
    CHECK(node.desk.result_of(id_of(number)) == S::applied);
  }
  node.facts.now = at(10h + 24h + 1ns);
  Command next = command(101);
  next.execute_before = at(40h);
  node.take(next);
  CHECK(node.desk.remembered() == 1);
  node.take(command(1));
  CHECK(node.desk.result_of(id_of(1)) == S::expired);
  CHECK(node.acts(1) == 1);
}

// ---- artifacts --------------------------------------------------------------------------------------------

TEST_CASE("I-50: an artifact is installed only after its verdict, which is written first", "[desk]") {
  const Ed25519Verifier verifier;
  const Ed25519Signer release_key{Digest{}};
  const ReleaseKeys keys{{release_key.public_key()}, {}};
  CommandDesk desk({.keep = 24h, .machine = nullptr, .trust = {&keys, &verifier}});
  const auto install = [&](std::uint64_t number, std::uint64_t release) {
    ReleaseFacts facts;
    facts.name = "gateway";
    facts.version = std::to_string(release);
    facts.release = release;
    facts.builder_id = "https://builds.example";
    facts.sha256 = sha256_of(Bytes{static_cast<std::uint8_t>(release)});
    const ArtifactPublished published = make_release(facts, release_key);
    Command made = command(number);
    made.kind = CommandKind::install_artifact;
    made.artifact_id = published.artifact.id;
    std::vector<DeskStep> steps;
    desk.take(std::make_shared<const CommandDelivery>(
                  CommandDelivery{made, nullptr, std::make_shared<const ArtifactPublished>(published)}),
              {.now = at(0s), .max_epoch_seen = 1, .in_contact = true}, steps);
    return steps;
  };

  const auto good = install(1, 2);
  REQUIRE(good.size() == 3);
  CHECK(good[0].kind == Kind::judged);
  CHECK(good[1].kind == Kind::act);
  CHECK(good[2].state == S::applied);
  CHECK(desk.installed().newest_release.at("gateway") == 2);
  const auto bad = install(2, 1);
  REQUIRE(bad.size() == 2);
  CHECK(bad[0].judged->verdict == ArtifactVerdict::rollback);
  CHECK(bad[1].state == S::rejected);
  CHECK(bad[1].detail.starts_with("ROLLBACK: "));
  CHECK(desk.installed().artifacts.front().release == 2);
}

// ---- any inputs -------------------------------------------------------------------------------------------

namespace {

struct Input {
  int what;     ///< 0..4 a delivery, 5 facts, 6 a reboot, 7 a term, 8 a cancel
  int command;  ///< 0..7
  int minutes;  ///< that pass before it
  bool contact;
  bool barred;
  int battery;
};

void showValue(const Input& input, std::ostream& out) {
  out << "{" << input.what << ", " << input.command << ", " << input.minutes << " min, "
      << (input.contact ? "contact" : "away") << (input.barred ? ", barred, " : ", ") << input.battery
      << " %}";
}

/// Eight commands that differ in everything that matters.
Command drawn(int number) {
  Command made = command(static_cast<std::uint64_t>(number) + 1);
  made.delivery = number % 2 == 0 ? DeliverySemantics::at_least_once : DeliverySemantics::at_most_once;
  if (number < 4) made.coalesce_key = number % 2 == 0 ? "even" : "odd";
  made.epoch = number == 6 ? 2 : 1;
  made.break_glass = number == 7;
  made.execute_before = at(std::chrono::hours{3 * (number + 1)});
  constexpr const char* takes[] = {"0s", "10m", "0s", "40m", "2h", "10m fails", "0s", "10m"};
  made.argument = takes[number];
  if (number == 5) made.kind = CommandKind::assign_bundle;
  return made;
}

const Constraints in_force{"daily 01:00-06:00", true, 30};
const Constraints brought{"", false, 10};

}  // namespace

namespace rc {
template <>
struct Arbitrary<Input> {
  static Gen<Input> arbitrary() {
    return gen::build<Input>(gen::set(&Input::what, gen::inRange(0, 9)),
                             gen::set(&Input::command, gen::inRange(0, 8)),
                             gen::set(&Input::minutes, gen::inRange(0, 90)), gen::set(&Input::contact),
                             gen::set(&Input::barred), gen::set(&Input::battery, gen::inRange(0, 101)));
  }
};
}  // namespace rc

TEST_CASE("I-30 to I-36: under any inputs the node's side keeps every promise", "[desk][property]") {
  rc::prop("for any deliveries, facts, terms, cancels and crashes", [](const std::vector<Input>& inputs) {
    Worker node;
    node.adopt(bundle_with(in_force));
    const PolicyBundle other = bundle_with(brought, 5);
    std::map<CommandId, int> acts;
    std::map<CommandId, int> results;
    std::map<std::string, std::uint64_t> newest_run;
    bool rebooted = false;

    const auto judge = [&] {
      const auto steps = std::exchange(node.steps, {});
      for (std::size_t i = 0; i < steps.size(); ++i) {
        const DeskStep& step = steps[i];
        if (step.kind == Kind::result) RC_ASSERT(++results[step.command] == 1);  // I-32
        int number = 0;
        while (number < 8 && drawn(number).id != step.command) ++number;
        if (number == 8) continue;  // a cancel itself
        const Command one = drawn(number);
        if (step.kind == Kind::result && step.state == S::applied) RC_ASSERT(acts[one.id] >= 1);  // I-31
        if (step.kind != Kind::act) continue;
        ++acts[one.id];
        const bool once = one.delivery == DeliverySemantics::at_most_once;
        if (once || !rebooted) RC_ASSERT(acts[one.id] == 1);              // I-30
        if (once) RC_ASSERT(i > 0 && steps[i - 1].kind == Kind::intent);  // written before
        RC_ASSERT(results[one.id] == 0);
        RC_ASSERT(node.facts.now <= one.execute_before);    // I-33
        RC_ASSERT(one.epoch >= node.facts.max_epoch_seen);  // I-23
        RC_ASSERT(!node.facts.barred || one.break_glass);   // I-36
        if (!one.coalesce_key.empty()) {                    // I-35
          RC_ASSERT(one.number >= newest_run[one.coalesce_key]);
          newest_run[one.coalesce_key] = one.number;
        }
        if (one.break_glass) continue;
        const bool assigns = one.kind == CommandKind::assign_bundle;
        RC_ASSERT(node.facts.battery_pct >= (assigns ? 10 : 30));  // I-34
        if (assigns) continue;
        const auto hour = (node.facts.now.time_since_epoch() % 24h) / 1h;
        RC_ASSERT(hour >= 1 && hour < 6);
        RC_ASSERT(node.facts.in_contact);
      }
    };

    for (const Input& input : inputs) {
      // Time passes only as far as the desk looks.
      const Instant end = node.facts.now + std::chrono::minutes{input.minutes};
      while (node.desk.due(node.facts) <= end) {
        node.facts.now = node.desk.due(node.facts);
        node.desk.look(node.facts, node.steps);
        judge();
      }
      node.facts.now = end;
      Command one = drawn(input.command);
      if (node.facts.now > one.execute_before + 24h) continue;  // its result may be forgotten
      switch (input.what) {
        case 5:
          node.facts.in_contact = input.contact;
          node.facts.barred = input.barred;
          node.facts.battery_pct = input.battery;
          node.desk.look(node.facts, node.steps);
          break;
        case 6:
          rebooted = true;
          node.reboot();
          break;
        case 7:
          node.facts.max_epoch_seen = 2;
          node.desk.look(node.facts, node.steps);
          break;
        case 8: {
          Command cancel = command(static_cast<std::uint64_t>(input.command) + 20);
          cancel.epoch = 2;
          cancel.kind = CommandKind::cancel;
          cancel.argument = text_of(one.id);
          cancel.execute_before = at(1000h);
          cancel.issued_ts = at(900h);
          node.take(cancel);
          break;
        }
        default:
          node.facts.max_epoch_seen = std::max(node.facts.max_epoch_seen, one.epoch);
          one.bundle_id = one.kind == CommandKind::assign_bundle ? other.id : BundleId{};
          node.take(one, other);
      }
      judge();
    }
  });
}
