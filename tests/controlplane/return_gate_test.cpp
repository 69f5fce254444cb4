#include "controlplane/return_gate.hpp"

#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "controlplane/spread.hpp"
#include "planted_defect.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

NodeId node(std::uint32_t number) {
  return derive_id<NodeTag>("gate", 1, "node", number);
}

/// Nodes that all come back at once over a path of a given capacity. What they send is stored at that pace,
/// shared by those who are in.
struct Stampede {
  struct One {
    std::uint64_t left = 0;
    Urgency urgency = Urgency::routine;
    Instant asks;
    bool in = false;
    std::uint32_t asked = 0;
    Instant admitted = never;
  };
  ReturnGate gate;
  std::uint64_t capacity = 0;
  std::vector<One> nodes;
  Instant now;
  std::uint64_t through = 0;
  std::size_t most = 0;

  void run(Duration limit) {
    for (const Instant end = now + limit; now < end; now += 1s) {
      std::size_t in = 0;
      for (std::uint32_t i = 0; i < nodes.size(); ++i) {
        One& one = nodes[i];
        if (one.left == 0 || one.in || one.asks > now) {
          in += one.in;
          continue;
        }
        const auto answer = gate.ask(node(i), one.left, one.urgency, now);
        ++one.asked;
        one.in = answer.admitted;
        if (one.in) one.admitted = now;
        one.asks = now + answer.retry_after + spread_over(answer.spread, node(i), one.asked);
        in += one.in;
      }
      most = std::max(most, in);
      if (in == 0) continue;
      const std::uint64_t share = capacity / in;
      for (std::uint32_t i = 0; i < nodes.size(); ++i) {
        One& one = nodes[i];
        if (!one.in) continue;
        const std::uint64_t bytes = std::min(share, one.left);
        one.left -= bytes;
        through += bytes;
        gate.stored(node(i), bytes, now);
        if (one.left > 0) continue;
        one.in = false;
        gate.ended(node(i), now);
      }
      if (is_over()) return;
    }
  }
  [[nodiscard]] bool is_over() const {
    return std::all_of(nodes.begin(), nodes.end(), [](const One& one) { return one.left == 0; });
  }
};

}  // namespace

TEST_CASE("the gate lets in what the master stores within its horizon at the pace it has shown",
          "[return][gate]") {
  ReturnGate gate({.sessions = 100, .horizon = 30s, .least_bytes = 1000});
  REQUIRE(gate.ask(node(0), 100'000, Urgency::routine, at(0s)).admitted);  // somebody always is
  for (int second = 1; second <= 20; ++second) gate.stored(node(0), 2000, at(std::chrono::seconds{second}));

  CHECK(gate.goodput() == 2000);
  CHECK(gate.budget() == 60'000);
  std::size_t admitted = 0;
  for (std::uint32_t i = 1; i <= 30; ++i)
    admitted += gate.ask(node(i), 5000, Urgency::routine, at(21s)).admitted;
  CHECK(admitted == 12);
  CHECK(gate.committed() == 60'000);
  CHECK(gate.waiting() == 18);
}

TEST_CASE("who is put off is told to wait the longer the more there is before it", "[return][gate]") {
  ReturnGate gate({.sessions = 1, .horizon = 30s, .least_bytes = 10'000});
  REQUIRE(gate.ask(node(0), 10'000, Urgency::routine, at(0s)).admitted);
  for (int second = 1; second <= 10; ++second) gate.stored(node(0), 100, at(std::chrono::seconds{second}));
  REQUIRE(gate.goodput() == 100);

  Duration before{};
  for (std::uint32_t i = 1; i < 15; ++i) {
    const auto answer = gate.ask(node(i), 2500, Urgency::routine, at(11s));
    CHECK_FALSE(answer.admitted);
    CHECK(answer.retry_after == 15s);
    CHECK(answer.spread >= before);
    before = answer.spread;
  }
  CHECK(before == 5min);
}

TEST_CASE("L-2: whoever was put off three times comes before all who were put off less", "[return][gate]") {
  ReturnGate gate({.sessions = 1});
  REQUIRE(gate.ask(node(0), 10, Urgency::routine, at(0s)).admitted);
  for (int turn = 0; turn < 3; ++turn)
    CHECK_FALSE(gate.ask(node(1), 10, Urgency::routine, at(1min + turn * 20s)).admitted);
  gate.ended(node(0), at(2min));

  CHECK_FALSE(gate.ask(node(2), 10, Urgency::routine, at(2min)).admitted);
  CHECK(gate.ask(node(1), 10, Urgency::routine, at(2min + 1s)).admitted);
}

TEST_CASE("who brings trust, authority or results goes before who brings history, whoever asked first",
          "[return][gate]") {
  ReturnGate gate({.sessions = 1});
  REQUIRE(gate.ask(node(0), 10, Urgency::routine, at(0s)).admitted);
  CHECK(gate.ask(node(1), 10, Urgency::routine, at(1s)).reason == DeferReason::full);
  CHECK(gate.ask(node(2), 10, Urgency::urgent, at(2s)).reason == DeferReason::full);
  gate.ended(node(0), at(20s));

  const auto history = gate.ask(node(1), 10, Urgency::routine, at(21s));
  CHECK_FALSE(history.admitted);
  CHECK(history.reason == DeferReason::urgent_first);
  CHECK(gate.ask(node(2), 10, Urgency::urgent, at(22s)).admitted);
  gate.ended(node(2), at(30s));
  CHECK(gate.ask(node(1), 10, Urgency::routine, at(40s)).admitted);
}

TEST_CASE("room is kept for as many urgent ones as wait, and the rest of it is anybody's", "[return][gate]") {
  ReturnGate gate({.sessions = 3});
  for (std::uint32_t i = 0; i < 3; ++i) REQUIRE(gate.ask(node(i), 10, Urgency::routine, at(0s)).admitted);
  REQUIRE_FALSE(gate.ask(node(3), 10, Urgency::urgent, at(1s)).admitted);
  for (std::uint32_t i = 0; i < 3; ++i) gate.ended(node(i), at(2s));

  CHECK(gate.ask(node(4), 10, Urgency::routine, at(3s)).admitted);
  CHECK(gate.ask(node(5), 10, Urgency::routine, at(3s)).admitted);
  CHECK(gate.ask(node(6), 10, Urgency::routine, at(3s)).reason == DeferReason::urgent_first);
  CHECK(gate.ask(node(3), 10, Urgency::urgent, at(4s)).admitted);
}

TEST_CASE("L-2: whoever was put off three times comes before the urgent, however many there are",
          "[return][gate]") {
  ReturnGate gate({.sessions = 1});
  REQUIRE(gate.ask(node(0), 10, Urgency::urgent, at(0s)).admitted);
  std::uint32_t inside = 0;
  std::uint32_t asked = 0;
  bool admitted = false;
  // Every twenty seconds who is in gives way, and another urgent one asks before anybody else does.
  for (std::uint32_t turn = 1; turn < 20 && !admitted; ++turn) {
    const Instant now = at(turn * 20s);
    const auto urgent = gate.ask(node(turn), 10, Urgency::urgent, now);
    const auto history = gate.ask(node(100), 10, Urgency::routine, now);
    ++asked;
    admitted = history.admitted;
    if (asked > ReturnGate::turns) CHECK(urgent.reason == DeferReason::patient_first);
    if (urgent.admitted) inside = turn;
    gate.ended(node(inside), now + 1s);
  }

  CHECK(admitted);
  CHECK(asked == ReturnGate::turns + 1);
}

TEST_CASE("L-3: where no more turns are remembered, an urgent one's is, instead of the last with history",
          "[return][gate]") {
  ReturnGate gate({.sessions = 1, .most_waiting = 2});
  REQUIRE(gate.ask(node(0), 10, Urgency::routine, at(0s)).admitted);
  for (std::uint32_t i = 1; i <= 2; ++i) gate.ask(node(i), 10, Urgency::routine, at(1s));
  REQUIRE(gate.waiting() == 2);
  gate.ask(node(3), 10, Urgency::urgent, at(2s));
  CHECK(gate.waiting() == 2);
  gate.ended(node(0), at(10s));

  CHECK(gate.ask(node(1), 10, Urgency::routine, at(17s)).reason == DeferReason::urgent_first);
  CHECK(gate.ask(node(3), 10, Urgency::urgent, at(18s)).admitted);
}

TEST_CASE("who does not come again keeps nobody out for longer than it was told to wait", "[return][gate]") {
  ReturnGate gate({.sessions = 1});
  REQUIRE(gate.ask(node(0), 10, Urgency::routine, at(0s)).admitted);
  for (int turn = 0; turn < 3; ++turn)
    CHECK_FALSE(gate.ask(node(1), 10, Urgency::routine, at(1min + turn * 20s)).admitted);
  gate.ended(node(0), at(2min));

  CHECK_FALSE(gate.ask(node(2), 10, Urgency::routine, at(2min)).admitted);
  CHECK(gate.ask(node(2), 10, Urgency::routine, at(3min)).admitted);
}

TEST_CASE("L-3: no more turns are remembered than the gate has room for, and the rest is put off too",
          "[return][gate]") {
  ReturnGate gate({.sessions = 1, .most_waiting = 10});
  REQUIRE(gate.ask(node(0), 10, Urgency::routine, at(0s)).admitted);
  for (std::uint32_t i = 1; i < 100; ++i) {
    const auto answer = gate.ask(node(i), 10, Urgency::routine, at(1s));
    CHECK_FALSE(answer.admitted);
    CHECK(answer.retry_after >= 15s);
  }
  CHECK(gate.waiting() == 10);
}

TEST_CASE("L-2: when everybody returns at once all get in, and the path is used for more than half",
          "[return][gate][property]") {
  rc::prop("whatever their number, backlogs and urgency, and the capacity", [] {
    Stampede stampede;
    stampede.gate = ReturnGate({.sessions = 32, .least_bytes = 1 << 20});
    stampede.capacity = *rc::gen::inRange<std::uint64_t>(100'000, 2'000'000);
    const auto count = *rc::gen::inRange<std::size_t>(40, 120);
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < count; ++i) {
      Stampede::One one;
      one.left = *rc::gen::inRange<std::uint64_t>(50'000, 300'000);
      one.urgency = *rc::gen::arbitrary<bool>() ? Urgency::urgent : Urgency::routine;
      all += one.left;
      stampede.nodes.push_back(one);
    }
    const auto needed = std::chrono::seconds{all / stampede.capacity + 1};
    stampede.run(2 * needed + 10min);
    RC_ASSERT(stampede.is_over());
    RC_ASSERT(stampede.most <= 32U);
    RC_ASSERT(stampede.gate.committed() == 0U);
    RC_ASSERT(stampede.through == all);
  });
}
