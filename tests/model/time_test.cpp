#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <limits>

#include "any_value.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

TEST_CASE("a duration of whatever size survives its text", "[time][property]") {
  rc::prop("from nothing to 292 years", [](std::uint64_t seed) {
    const auto duration = test::AnyValue(seed).make<Duration>();
    RC_ASSERT(parse_duration(text_of(duration)) == duration);
  });
  CHECK(parse_duration(text_of(Duration::max())) == Duration::max());
}

TEST_CASE("durations are written short and exact", "[time]") {
  CHECK(text_of(Duration{0}) == "0s");
  CHECK(text_of(90min) == "1h30m");
  CHECK(text_of(250ms) == "250ms");
  CHECK(text_of(2500ms) == "2.5s");
  CHECK(text_of(1us + 1ns) == "1.001us");
  CHECK(text_of(1h + 1ns) == "1h1ns");
}

TEST_CASE("durations are read as people write them", "[time]") {
  CHECK(parse_duration("1h 30min") == 90min);
  CHECK(parse_duration("1.5 h") == 90min);
  CHECK(parse_duration("2d") == 48h);
  CHECK(parse_duration("0.000000001s") == 1ns);
  for (const char* text :
       {"", " ", "5", "s", "5 parsecs", "5S", "1.2.3s", ".s", "0.5ns", "400000d", "1h-5m", "5s!"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("an instant survives its RFC 3339 text", "[time][property]") {
  rc::prop("for any instant within a century of the run's start", [](std::uint64_t seed) {
    const auto instant = test::AnyValue(seed).make<Instant>();
    RC_ASSERT(parse_rfc3339(rfc3339_of(instant)) == instant);
  });
}

TEST_CASE("the run starts with the year 2026", "[time]") {
  CHECK(rfc3339_of(Instant{}) == "2026-01-01T00:00:00Z");
  CHECK(rfc3339_of(at(-1s)) == "2025-12-31T23:59:59Z");
  CHECK(rfc3339_of(at(59 * 24h)) == "2026-03-01T00:00:00Z");
  CHECK(parse_rfc3339("2028-02-29T12:00:00.5Z") == at(789 * 24h + 12h + 500ms));
  CHECK(clock_text_of(at(31h + 5min + 250ms)) == "31:05:00.250");
}

TEST_CASE("the first and the last instant there are have a text and survive it", "[time]") {
  for (const std::int64_t ns :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    const Instant instant{Duration{ns}};
    CHECK(parse_rfc3339(rfc3339_of(instant)) == instant);
  }
  CHECK(rfc3339_of(Instant{Duration{std::numeric_limits<std::int64_t>::min()}}) ==
        "1733-09-22T00:12:43.145224192Z");
}

TEST_CASE("a text that is no UTC time reads as nothing", "[time]") {
  for (const char* text :
       {"", "2026-01-01", "2026-01-01 00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+01:00",
        "9999-01-01T00:00:00Z", "2026-01-01T00:00:00ZZ"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("seconds become whole nanoseconds, half away from zero", "[time]") {
  CHECK(duration_from_seconds(1.5) == 1500ms);
  CHECK(duration_from_seconds(0.5e-9) == 1ns);
  CHECK(duration_from_seconds(-0.5e-9) == -1ns);
  CHECK(seconds_of(at(250ms)) == 0.25);
}
