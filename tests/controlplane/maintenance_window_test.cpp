#include "controlplane/maintenance_window.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

MaintenanceWindow window(const std::string& text) {
  const auto [parsed, problem] = MaintenanceWindow::parse(text);
  INFO(text << ": " << problem);
  REQUIRE(parsed);
  return *parsed;
}

std::string problem(const std::string& text) {
  const auto [parsed, what] = MaintenanceWindow::parse(text);
  CHECK_FALSE(parsed);
  return what;
}

/// Run time 0 is a Thursday.
constexpr Duration day = 24h;
constexpr Duration monday = 4 * day;

}  // namespace

TEST_CASE("a window of every day that crosses midnight is open on both sides of it", "[window]") {
  const MaintenanceWindow nightly = window("daily 22:00-04:00");

  CHECK(nightly.is_open(at(0s)));
  CHECK(nightly.is_open(at(4h - 1ns)));
  CHECK_FALSE(nightly.is_open(at(4h)));
  CHECK_FALSE(nightly.is_open(at(22h - 1ns)));
  CHECK(nightly.is_open(at(22h)));
  CHECK(nightly.next_start(at(12h), 1h) == at(22h));
}

TEST_CASE("a window names days, and what opens on Sunday night goes on into Monday", "[window]") {
  const MaintenanceWindow two_days = window("mon,tue 01:00-03:00 UTC");
  CHECK(two_days.next_start(at(0s), 0s) == at(monday + 1h));
  CHECK(two_days.next_start(at(monday + 3h), 0s) == at(monday + day + 1h));
  CHECK(two_days.next_start(at(monday + day + 3h), 0s) == at(monday + 7 * day + 1h));

  const MaintenanceWindow sunday = window("sun 23:00-01:00");
  CHECK(sunday.is_open(at(monday + 30min)));
  CHECK_FALSE(sunday.is_open(at(monday + 1h)));
}

TEST_CASE("a range of days and several parts are one window", "[window]") {
  const MaintenanceWindow mixed = window("mon-fri 22:00-23:00; sat-sun 00:00-24:00");

  CHECK(mixed.next_start(at(monday), 30min) == at(monday + 22h));
  CHECK(mixed.is_open(at(2 * day)));
  // Saturday and Sunday touch, so there is room for what takes longer than a day.
  CHECK(mixed.next_start(at(0s), 47h) == at(2 * day));
  CHECK_FALSE(mixed.next_start(at(0s), 49h));
}

TEST_CASE("something that takes its time begins only when it is over before the window closes", "[window]") {
  const MaintenanceWindow nightly = window("22:00-04:00");

  CHECK(nightly.next_start(at(3h), 1h) == at(3h));
  CHECK(nightly.next_start(at(3h + 1ns), 1h) == at(22h));
  CHECK_FALSE(nightly.next_start(at(0s), 6h + 1ns));
}

TEST_CASE("no text, and a whole week, are a window that is always open", "[window]") {
  for (const char* text : {"", "  ", "daily 00:00-24:00", "00:00-24:00", "mon-sun 00:00-12:00; 12:00-24:00"})
    CHECK(window(text).next_start(at(100h + 1ns), 1000h) == at(100h + 1ns));
}

TEST_CASE("what is wrong with a window is said", "[window]") {
  CHECK(problem("whenever") == "\"whenever\" is no span of time; one is written 22:00-04:00");
  CHECK(problem("daily 22:00") == "\"22:00\" is no span of time; one is written 22:00-04:00");
  CHECK(problem("daily 22:00-25:00") == "\"22:00-25:00\" is no span of time; one is written 22:00-04:00");
  CHECK(problem("daily 22:60-23:00").find("no span") != std::string::npos);
  CHECK(problem("daily 04:00-04:00") == "\"04:00-04:00\" is empty; a whole day is 00:00-24:00");
  CHECK(problem("daily 24:00-04:00").find("is empty") != std::string::npos);
  CHECK(problem("moon 22:00-04:00").find("\"moon\" is no day") == 0);
  CHECK(problem("mon,,tue 22:00-04:00").find("is no day") != std::string::npos);
  CHECK(problem("mon-fri-sun 22:00-04:00").find("is no day") != std::string::npos);
  CHECK(problem("daily 22:00-04:00;").find("no span") != std::string::npos);
  CHECK(problem("UTC").find("no span") != std::string::npos);
}

TEST_CASE("a window opens where its minutes, looked at one by one, say so", "[window][property]") {
  rc::prop("for any parts, time and length", [] {
    const auto minute = rc::gen::inRange(0, 24 * 60);
    const auto parts = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        3, rc::gen::tuple(rc::gen::inRange(0, 7), minute, minute));
    const char* names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    std::string text;
    std::vector<bool> open(7 * 24 * 60, false);
    for (const auto& [weekday, from, until] : parts) {
      RC_PRE(from != until);
      char part[40];
      snprintf(part, sizeof part, "%s %02d:%02d-%02d:%02d", names[weekday], from / 60, from % 60, until / 60,
               until % 60);
      text += (text.empty() ? "" : ";") + std::string(part);
      for (int at = weekday * 1440 + from; at % 1440 != until; ++at)
        open[static_cast<std::size_t>(at) % open.size()] = true;
    }
    const int now = *rc::gen::inRange(0, 14 * 24 * 60);
    const int length = *rc::gen::inRange(0, 300);

    std::optional<Instant> expected;
    for (int start = now; start <= now + 7 * 1440 && !expected; ++start) {
      bool fits = true;
      for (int at = start; at < start + std::max(length, 1); ++at)
        fits = fits && open[static_cast<std::size_t>(at + 3 * 1440) % open.size()];
      if (fits) expected = at(std::chrono::minutes{start});
    }

    const auto [parsed, what] = MaintenanceWindow::parse(text);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->next_start(at(std::chrono::minutes{now}), std::chrono::minutes{length}) == expected);
  });
}
