#include "model/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace ibcf {
namespace {

__extension__ typedef __int128 Wide;  // an alias-declaration takes no __extension__

// Days between 1970-01-01 and 2026-01-01.
constexpr std::int64_t run_start_days = 20454;

struct Term {
  std::string_view unit;
  std::int64_t ns;
};
constexpr std::array<Term, 8> terms{{{"d", 86400'000'000'000},
                                     {"h", 3600'000'000'000},
                                     {"min", 60'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "12", "2.5": an exact decimal times the unit; nothing where a fraction of a nanosecond is left.
std::optional<Wide> scaled(std::string_view number, std::int64_t ns) {
  Wide value = 0;
  Wide divisor = 1;
  bool fraction = false;
  bool any_digit = false;
  for (const char c : number) {
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (!is_digit(c)) return std::nullopt;
    any_digit = true;
    if (value > Wide(1) << 90) return std::nullopt;
    value = value * 10 + (c - '0');
    if (fraction) divisor *= 10;
    if (divisor > Wide(1) << 60) return std::nullopt;
  }
  if (!any_digit) return std::nullopt;
  value *= ns;
  if (value % divisor != 0) return std::nullopt;
  return value / divisor;
}

}  // namespace

Duration duration_from_seconds(double seconds) {
  return Duration{std::llround(seconds * 1e9)};
}

std::string text_of(Duration duration) {
  std::int64_t ns = duration.count();
  if (ns == 0) return "0s";
  std::string text = ns < 0 ? "-" : "";
  auto left = ns < 0 ? ~static_cast<std::uint64_t>(ns) + 1 : static_cast<std::uint64_t>(ns);
  const auto take = [&](std::uint64_t unit, std::string_view name) {
    if (left >= unit) text += fmt::format("{}{}", left / unit, name);
    left %= unit;
  };
  take(3600'000'000'000, "h");
  take(60'000'000'000, "m");
  if (left == 0) return text;
  const bool sub_second = left < 1'000'000'000;
  const auto [unit, name] = left < 1'000       ? std::pair<std::uint64_t, std::string_view>{1, "ns"}
                            : left < 1'000'000 ? std::pair<std::uint64_t, std::string_view>{1'000, "us"}
                            : sub_second       ? std::pair<std::uint64_t, std::string_view>{1'000'000, "ms"}
                                         : std::pair<std::uint64_t, std::string_view>{1'000'000'000, "s"};
  text += fmt::format("{}", left / unit);
  if (const auto rest = left % unit; rest != 0) {
    const int width = unit == 1'000 ? 3 : unit == 1'000'000 ? 6 : 9;
    std::string digits = fmt::format("{:0{}}", rest, width);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + std::string(name);
}

std::string clock_text_of(Instant instant) {
  const auto ms = nanoseconds_of(instant) / 1'000'000;
  const auto base = fmt::format("{:02}:{:02}:{:02}", ms / 3600'000, ms / 60'000 % 60, ms / 1000 % 60);
  return ms % 1000 == 0 ? base : fmt::format("{}.{:03}", base, ms % 1000);
}

std::optional<Duration> parse_duration(std::string_view text) {
  Wide total = 0;
  bool any = false;
  while (!text.empty()) {
    if (text.front() == ' ') {
      text.remove_prefix(1);
      continue;
    }
    std::size_t digits = 0;
    while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) ++digits;
    const auto number = text.substr(0, digits);
    text.remove_prefix(digits);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    std::size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const auto unit = text.substr(0, letters);
    text.remove_prefix(letters);
    const Term* found = nullptr;
    for (const Term& term : terms)
      if (term.unit == unit) found = &term;
    if (found == nullptr) return std::nullopt;
    const auto value = scaled(number, found->ns);
    if (!value) return std::nullopt;
    total += *value;
    if (total > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    any = true;
  }
  if (!any) return std::nullopt;
  return Duration{static_cast<std::int64_t>(total)};
}

std::string rfc3339_of(Instant instant) {
  using namespace std::chrono;
  // By hand: the first nanosecond of the earliest day does not fit a Duration, so nothing may convert it to
  // one.
  constexpr std::int64_t ns_a_day = 86400'000'000'000;
  const std::int64_t ns = nanoseconds_of(instant);
  const std::int64_t rest = (ns % ns_a_day + ns_a_day) % ns_a_day;
  const std::int64_t day = ns / ns_a_day - (ns % ns_a_day < 0 ? 1 : 0);
  const year_month_day date{sys_days{days{run_start_days + day}}};
  const auto seconds = rest / 1'000'000'000;
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const auto fraction = rest % 1'000'000'000; fraction != 0) text += fmt::format(".{:09}", fraction);
  return text + "Z";
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto number = [&](std::size_t from, std::size_t size) -> std::optional<int> {
    int value = 0;
    if (from + size > text.size()) return std::nullopt;
    for (const char c : text.substr(from, size)) {
      if (!is_digit(c)) return std::nullopt;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  const auto y = number(0, 4), mo = number(5, 2), d = number(8, 2), h = number(11, 2), mi = number(14, 2),
             s = number(17, 2);
  if (!y || !mo || !d || !h || !mi || !s || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':' || *h > 23 || *mi > 59 || *s > 59)
    return std::nullopt;
  std::int64_t ns = 0;
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000'000;
    for (++at; at < text.size() && is_digit(text[at]) && unit > 0; ++at, unit /= 10)
      ns += (text[at] - '0') * unit;
  }
  if (at + 1 != text.size() || text[at] != 'Z') return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  const auto days_since = sys_days{date}.time_since_epoch().count() - run_start_days;
  const auto seconds = std::int64_t{days_since} * 86400 + *h * 3600 + *mi * 60 + *s;
  const Wide since_start = Wide{seconds} * 1'000'000'000 + ns;
  if (since_start > std::numeric_limits<std::int64_t>::max() ||
      since_start < std::numeric_limits<std::int64_t>::min())
    return std::nullopt;
  return Instant{Duration{static_cast<std::int64_t>(since_start)}};
}

}  // namespace ibcf
