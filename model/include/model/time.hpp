#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ibcf {

/// Fleet time: integer nanoseconds since the start of the run.
/// It has no now(): whoever drives the core passes the time in.
struct FleetClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<FleetClock>;
  static constexpr bool is_steady = true;
};

using Duration = FleetClock::duration;
using Instant = FleetClock::time_point;

/// Later than everything that happens.
inline constexpr Instant never = Instant::max();

constexpr Instant at(Duration since_start) {
  return Instant{since_start};
}

/// Nanoseconds since the start of the run.
constexpr std::int64_t nanoseconds_of(Instant instant) {
  return instant.time_since_epoch().count();
}
constexpr double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}
constexpr double seconds_of(Instant instant) {
  return seconds_of(instant.time_since_epoch());
}

/// Rounds half away from zero to whole nanoseconds.
Duration duration_from_seconds(double seconds);

/// "1h30m", "250ms", "2.5s", "0s": the shortest exact text, readable by parse_duration.
std::string text_of(Duration duration);

/// "07:00:12.250": hours, minutes, seconds of the run; more than 24 hours count on.
std::string clock_text_of(Instant instant);

/// Reads what text_of writes, and any sum of terms with ns, us, ms, s, min or m, h, d ("1h 30min").
/// Nothing where the text is not a duration or does not fit 292 years.
std::optional<Duration> parse_duration(std::string_view text);

/// RFC 3339 in UTC. Run time 0 is 2026-01-01T00:00:00Z, in every run, so that logs compare.
std::string rfc3339_of(Instant instant);
std::optional<Instant> parse_rfc3339(std::string_view text);

}  // namespace ibcf
