#include "controlplane/health_watch.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr HealthThresholds thresholds{.debounce = 60s, .stable_ok = 5min, .critical = 30min};

}  // namespace

TEST_CASE("a node's bad health counts when it has lasted, and once", "[health]") {
  HealthWatch watch;
  CHECK_FALSE(watch.report(Health::degraded, Health::ok, at(0s), thresholds));
  CHECK_FALSE(watch.report(Health::degraded, Health::ok, at(59s), thresholds));
  CHECK(watch.report(Health::degraded, Health::ok, at(60s), thresholds) == EventType::health_changed);
  CHECK_FALSE(watch.report(Health::degraded, Health::degraded, at(90s), thresholds));
}

TEST_CASE("a node is well again only after it stayed well", "[health]") {
  HealthWatch watch;
  CHECK_FALSE(watch.report(Health::ok, Health::degraded, at(0s), thresholds));
  CHECK_FALSE(watch.report(Health::ok, Health::degraded, at(4min), thresholds));
  CHECK(watch.report(Health::ok, Health::degraded, at(5min), thresholds) == EventType::health_changed);
}

TEST_CASE("a node that has failed for too long is critical, after it was degraded", "[health]") {
  HealthWatch watch;
  CHECK_FALSE(watch.report(Health::failed, Health::ok, at(0s), thresholds));
  CHECK(watch.report(Health::failed, Health::ok, at(1min), thresholds) == EventType::health_changed);
  CHECK_FALSE(watch.report(Health::failed, Health::failed, at(29min), thresholds));
  CHECK(watch.report(Health::failed, Health::failed, at(30min), thresholds) == EventType::health_critical);
  CHECK_FALSE(watch.report(Health::failed, Health::failed, at(2h), thresholds));
}

TEST_CASE("a node that flickers faster than the dwell times moves nothing", "[health][property]") {
  rc::prop("whatever it says, if it never says one thing for a minute", [](std::vector<std::uint8_t> words) {
    HealthWatch watch;
    Instant now;
    std::optional<Health> before;
    for (const std::uint8_t word : words) {
      const auto health = static_cast<Health>(word % 4);
      now += before == health ? 0s : 59s;
      RC_ASSERT_FALSE(watch.report(health, Health::unknown, now, thresholds));
      before = health;
    }
  });
}
