#include "hand_driver.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr LinkThresholds marks;  // above 400 ms, below 300 ms, for a minute

ConnectivityMode measure(LinkClass& link, Duration rtt, Duration when) {
  return link.measure(rtt, false, marks, at(when));
}

}  // namespace

TEST_CASE("the first round trip decides the class at once", "[link_class]") {
  LinkClass fast;
  LinkClass slow;

  CHECK(measure(fast, 400ms, 0s) == ConnectivityMode::live);
  CHECK(measure(slow, 400ms + 1ns, 0s) == ConnectivityMode::delayed);
}

TEST_CASE("a live link becomes DELAYED only after its round trips stayed above the mark for the dwell time",
          "[link_class]") {
  LinkClass link;
  measure(link, 50ms, 0s);

  CHECK(measure(link, 600ms, 30s) == ConnectivityMode::live);
  CHECK(measure(link, 600ms, 60s) == ConnectivityMode::live);
  CHECK(measure(link, 600ms, 89s) == ConnectivityMode::live);
  CHECK(measure(link, 600ms, 90s) == ConnectivityMode::delayed);
}

TEST_CASE("one round trip on the right side of the mark starts the dwell time anew", "[link_class]") {
  LinkClass link;
  measure(link, 50ms, 0s);
  measure(link, 600ms, 30s);
  measure(link, 350ms, 60s);

  CHECK(measure(link, 600ms, 90s) == ConnectivityMode::live);
  CHECK(measure(link, 600ms, 149s) == ConnectivityMode::live);
  CHECK(measure(link, 600ms, 150s) == ConnectivityMode::delayed);
}

TEST_CASE("between the two marks a link stays what it is", "[link_class]") {
  LinkClass live;
  LinkClass delayed;
  measure(live, 50ms, 0s);
  measure(delayed, 600ms, 0s);

  for (Duration when = 30s; when < 1h; when += 30s) {
    CHECK(measure(live, 350ms, when) == ConnectivityMode::live);
    CHECK(measure(delayed, 350ms, when) == ConnectivityMode::delayed);
  }
  CHECK(measure(delayed, 299ms, 1h) == ConnectivityMode::delayed);
  CHECK(measure(delayed, 299ms, 1h + 1min) == ConnectivityMode::live);
}

TEST_CASE("a node with windows is EDGE_CACHED at any round trip", "[link_class]") {
  LinkClass link;

  CHECK(link.measure(5ms, true, marks, at(0s)) == ConnectivityMode::edge_cached);
  CHECK(link.measure(5s, true, marks, at(1h)) == ConnectivityMode::edge_cached);
}

TEST_CASE("a node behind a geostationary satellite is DELAYED on both sides", "[link_class]") {
  HandDriver twin;
  twin.hop_time = 135ms;
  twin.start(1);

  twin.run_until(at(10min));

  CHECK(twin.agent().mode() == ConnectivityMode::delayed);
  CHECK(twin.record().state.mode == ConnectivityMode::delayed);
}

TEST_CASE("a link that slows down makes its node DELAYED on both sides, and LIVE again when it recovers",
          "[link_class]") {
  HandDriver twin;
  twin.start(1);
  twin.run_until(at(5min));
  REQUIRE(twin.agent().mode() == ConnectivityMode::live);

  twin.hop_time = 135ms;
  twin.run_until(at(10min));
  CHECK(twin.agent().mode() == ConnectivityMode::delayed);
  CHECK(twin.record().state.mode == ConnectivityMode::delayed);

  twin.hop_time = 10ms;
  twin.run_until(at(15min));
  CHECK(twin.agent().mode() == ConnectivityMode::live);
  CHECK(twin.record().state.mode == ConnectivityMode::live);
  CHECK(twin.count(EventType::conn_rtt_high) == 1);
  CHECK(twin.count(EventType::conn_rtt_ok) == 1);
}

TEST_CASE(
    "S9, A2: a slow link that is heard of rarely is one that syncs now and then, until it is heard of often "
    "again",
    "[link_class]") {
  LinkClass link;
  measure(link, 600ms, 0s);

  CHECK(measure(link, 600ms, 11min) == ConnectivityMode::delayed);  // once may be an accident
  CHECK(measure(link, 600ms, 22min) == ConnectivityMode::edge_cached);
  CHECK(measure(link, 600ms, 29min) == ConnectivityMode::edge_cached);  // between the marks
  CHECK(measure(link, 600ms, 33min) == ConnectivityMode::edge_cached);
  CHECK(measure(link, 600ms, 37min) == ConnectivityMode::delayed);
  CHECK(measure(link, 50ms, 38min) == ConnectivityMode::delayed);
  CHECK(measure(link, 50ms, 39min) == ConnectivityMode::live);
}

TEST_CASE("one long silence does not make a link one that syncs now and then", "[link_class]") {
  LinkClass link;
  measure(link, 600ms, 0s);
  CHECK(measure(link, 600ms, 30min) == ConnectivityMode::delayed);
  CHECK(measure(link, 600ms, 31min) == ConnectivityMode::delayed);
  CHECK(measure(link, 600ms, 61min) == ConnectivityMode::delayed);
}

TEST_CASE(
    "a node on a slow link that beats every quarter of an hour is EDGE_CACHED on both sides, and comes back "
    "so",
    "[link_class]") {
  HandDriver twin;
  twin.hop_time = 135ms;
  twin.agent_settings.heartbeat = twin.master_settings.heartbeat = 15min;
  twin.start(1);

  REQUIRE(twin.run_to([&] { return twin.record().state.mode == ConnectivityMode::edge_cached; }, 2h));
  twin.run_for(20min);
  CHECK(twin.agent().mode() == ConnectivityMode::edge_cached);
  CHECK(twin.count(EventType::conn_sync_interval_long) == 1);

  twin.cut(0);
  REQUIRE(twin.run_to([&] { return twin.record().state.mode == ConnectivityMode::autonomous; }, 4h));
  twin.heal(0);
  REQUIRE(twin.settle(0, 4h));
  CHECK(twin.record().state.mode == ConnectivityMode::edge_cached);
}
