#include <rapidcheck/catch.h>

#include <set>

#include "controlplane/alarms.hpp"
#include "hand_driver.hpp"
#include "model/payloads.hpp"
#include "planted_defect.hpp"

/// Not everybody is quarantined at once (I-47).
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

const DomainId domain = derive_id<DomainTag>("brake", 1, "domain");
const DomainId other_domain = derive_id<DomainTag>("brake", 1, "domain", 1);

NodeId node(std::uint32_t number) {
  return derive_id<NodeTag>("brake", 1, "node", number);
}

/// Thirty nodes in contact, and what makes a master distrust one of them.
struct Thirty {
  static constexpr std::uint32_t nodes = 30;
  HandDriver twin;

  Thirty() {
    twin.start(nodes);
    twin.run_until(at(5min));
  }
  void break_chain(std::uint32_t number) {
    Event event;
    event.origin = event.subject = any(HandDriver::id_of(number));
    event.seq = twin.mark(StreamClass::control, number) + 1;
    event.type = EventType::local_decision;
    event.prev.bytes[0] = 1;
    event.payload = encode(LocalDecision{});
    Chunk chunk{};
    chunk.origin = HandDriver::id_of(number);
    chunk.first = chunk.last = event.seq;
    chunk.entries = {{event.seq, event.seq, encode(event), 0}};
    chunk.digest = digest_of(chunk.entries);
    twin.to_master(number, std::make_shared<const Chunk>(std::move(chunk)));
  }
  [[nodiscard]] std::size_t quarantined() const {
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < nodes; ++i) count += twin.record(i).state.phase == Phase::quarantined;
    return count;
  }
  [[nodiscard]] std::vector<BrakeAlarm> alarms() const {
    Alarms alarms;
    for (const Event& event : twin.events()) alarms.apply(event);
    return alarms.brakes();
  }
};

}  // namespace

TEST_CASE("I-47: the brake's limit is five percent of a domain, twenty nodes at most, and three at least",
          "[quarantine][brake]") {
  const QuarantineBrake brake;
  CHECK(brake.limit(1) == 3);
  CHECK(brake.limit(60) == 3);
  CHECK(brake.limit(100) == 5);
  CHECK(brake.limit(399) == 19);
  CHECK(brake.limit(400) == 20);
  CHECK(brake.limit(100'000) == 20);
}

TEST_CASE("I-47: for any order of causes, domains and times no window has more quarantines than the limit",
          "[quarantine][brake][property]") {
  rc::prop("and whoever is held back is named when the brake is released", [] {
    const BrakeSettings settings;
    QuarantineBrake brake(settings);
    const std::array<std::string, 2> causes{"fork", "broken chain"};
    std::map<std::pair<DomainId, std::string>, std::vector<Instant>> taken;
    std::map<std::pair<DomainId, std::string>, std::set<NodeId>> aside;
    Instant now = at(0s);
    const auto script = *rc::gen::resize(300, rc::gen::arbitrary<std::vector<std::uint16_t>>());
    for (const std::uint16_t input : script) {
      now += std::chrono::seconds{input % 90};
      const DomainId where = input & 0x100 ? domain : other_domain;
      const std::string& cause = causes[input >> 9 & 1];
      const auto key = std::pair(where, cause);
      std::vector<Proposed> events;
      if ((input >> 10) % 23 == 0) {
        const bool held = brake.holds(where, cause);
        const auto released = brake.release(where, cause, events);
        RC_ASSERT(released.has_value() == held);
        RC_ASSERT(events.size() == (held ? 1U : 0U));
        if (released) {
          RC_ASSERT(std::set<NodeId>(released->begin(), released->end()) == aside[key]);
          aside[key].clear();
          taken[key].clear();  // an operator said so
        }
        continue;
      }
      const NodeId who = node(input >> 4);
      if (brake.allows(where, 100, cause, who, now, events)) {
        RC_ASSERT(aside[key].empty());
        taken[key].push_back(now);
      } else {
        RC_ASSERT(brake.holds(where, cause));
        aside[key].insert(who);
      }
      const auto in_window = std::count_if(taken[key].begin(), taken[key].end(),
                                           [&](Instant at) { return now - at < settings.window; });
      RC_ASSERT(in_window <= 5);
    }
  });
}

TEST_CASE("a brake that holds speaks once at first, and again only when twice as many are set aside",
          "[quarantine][brake]") {
  QuarantineBrake brake;
  std::vector<Proposed> events;
  for (std::uint32_t i = 0; i < 3 + 100; ++i) brake.allows(domain, 30, "fork", node(i), at(1s), events);

  REQUIRE(events.size() == 7);  // 1, 2, 4, .. 64
  const auto last = *decode<QuarantineBraked>(events.back().payload);
  CHECK(last.quarantined == 3);
  CHECK(last.held == 64);
}

TEST_CASE("a brake that holds holds after a restart, until its release", "[quarantine][brake]") {
  QuarantineBrake brake;
  std::vector<Proposed> events;
  for (std::uint32_t i = 0; i < 4; ++i) brake.allows(domain, 30, "fork", node(i), at(1s), events);
  const auto told = [](const Proposed& proposed) {
    Event event;
    event.type = proposed.type;
    event.payload = proposed.payload;
    return event;
  };
  QuarantineBrake again;
  again.apply(told(events.back()));
  CHECK(again.holds(domain, "fork"));
  CHECK_FALSE(again.allows(domain, 30, "fork", node(9), at(10h), events));

  again.release(domain, "fork", events);
  brake.apply(told(events.back()));
  CHECK_FALSE(brake.holds(domain, "fork"));
}

TEST_CASE(
    "I-47: a master quarantines three nodes of thirty for one cause, and the rest is set aside, gets no "
    "replay "
    "and "
    "no command, and one alarm is raised",
    "[quarantine][brake]") {
  Thirty run;
  for (std::uint32_t i = 0; i < 12; ++i) run.break_chain(i);

  CHECK(run.quarantined() == 3);
  REQUIRE(run.alarms().size() == 1);
  CHECK(run.alarms()[0].cause == "broken chain");
  CHECK(run.alarms()[0].quarantined == 3);
  for (std::uint32_t i = 3; i < 12; ++i) {
    CHECK(run.twin.record(i).is_aside);
    CHECK(run.twin.record(i).is_barred());
  }
  const auto command = run.twin.order(5);
  run.twin.run_for(15min);
  CHECK(run.twin.executed[5].empty());
  CHECK(run.twin.steps_of(*command) == std::vector<CommandState>{CommandState::held});
  CHECK(run.twin.master->counters().replays_granted == 0);
  CHECK(run.quarantined() == 3);
  CHECK(run.twin.record(20).state.phase == Phase::active);
}

TEST_CASE("who was set aside is judged anew after the release: what was a mistake comes back",
          "[quarantine][brake]") {
  Thirty run;
  for (std::uint32_t i = 0; i < 12; ++i) run.break_chain(i);
  CHECK_FALSE(run.twin.master->release_brake(run.twin.domain, "fork", run.twin.now));
  REQUIRE(run.twin.master->release_brake(run.twin.domain, "broken chain", run.twin.now));

  CHECK(run.alarms().empty());
  for (std::uint32_t i = 3; i < 12; ++i) {
    REQUIRE(run.twin.settle(i));
    CHECK(run.twin.record(i).state.phase == Phase::active);
    CHECK(run.twin.is_stored_exactly_once(i));
  }
  CHECK(run.quarantined() == 3);
}

TEST_CASE("I-47: planted: without the brake a whole domain is quarantined for one cause",
          "[quarantine][brake][planted]") {
  const Planted planted(Defect::brake_off);
  Thirty run;
  for (std::uint32_t i = 0; i < Thirty::nodes; ++i) run.break_chain(i);

  CHECK(run.quarantined() == Thirty::nodes);
}
