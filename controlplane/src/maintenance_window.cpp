#include "controlplane/maintenance_window.hpp"

#include <algorithm>
#include <array>
#include <bitset>

namespace ibcf {
namespace {

constexpr int minutes_a_day = 24 * 60;
constexpr int minutes_a_week = 7 * minutes_a_day;
constexpr Duration week = std::chrono::minutes{minutes_a_week};
/// Run time 0 is 2026-01-01T00:00:00Z, a Thursday.
constexpr Duration start_in_week = std::chrono::hours{3 * 24};

using Week = std::bitset<minutes_a_week>;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// The pieces between the marks, each trimmed; at least one.
std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> pieces;
  for (auto end = text.find(mark); end != std::string_view::npos; end = text.find(mark)) {
    pieces.push_back(trimmed(text.substr(0, end)));
    text = text.substr(end + 1);
  }
  pieces.push_back(trimmed(text));
  return pieces;
}

std::optional<int> day_named(std::string_view name) {
  constexpr std::array<std::string_view, 7> names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  for (std::size_t day = 0; day < names.size(); ++day)
    if (names[day] == name) return static_cast<int>(day);
  return std::nullopt;
}

std::optional<int> minute_of(std::string_view text) {
  const auto digit = [&](std::size_t at) {
    return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : 100;
  };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hour = 10 * digit(0) + digit(1);
  const int minute = 10 * digit(3) + digit(4);
  if (minute >= 60 || hour * 60 + minute > minutes_a_day) return std::nullopt;
  return hour * 60 + minute;
}

/// The days of "mon,wed-fri" as bits; nothing, and a problem, where it is not that.
std::optional<std::bitset<7>> days_of(std::string_view text, std::string& problem) {
  if (text.empty() || text == "daily") return std::bitset<7>{0x7f};
  std::bitset<7> days;
  for (const std::string_view range : split(text, ',')) {
    const auto ends = split(range, '-');
    const auto first = day_named(ends.front());
    const auto last = day_named(ends.back());
    if (!first || !last || ends.size() > 2) {
      problem = "\"" + std::string(range) +
                "\" is no day; days are daily, mon, tue, wed, thu, fri, sat, sun, mon-fri";
      return std::nullopt;
    }
    for (int day = *first;; day = (day + 1) % 7) {
      days.set(static_cast<std::size_t>(day));
      if (day == *last) break;
    }
  }
  return days;
}

/// Adds one part to the open minutes of the week; says what is wrong with it, or nothing.
std::string add_part(std::string_view part, Week& open) {
  const auto gap = part.rfind(' ');
  const std::string_view times = gap == std::string_view::npos ? part : part.substr(gap + 1);
  const std::string_view day_list = gap == std::string_view::npos ? "" : trimmed(part.substr(0, gap));
  const std::string whole(times);
  const auto ends = split(times, '-');
  const auto from = minute_of(ends.front());
  const auto until = minute_of(ends.back());
  if (!from || !until || ends.size() != 2)
    return "\"" + whole + "\" is no span of time; one is written 22:00-04:00";
  if (*from == *until || *from == minutes_a_day)
    return "\"" + whole + "\" is empty; a whole day is 00:00-24:00";
  std::string problem;
  const auto days = days_of(day_list, problem);
  if (!days) return problem;
  const int length = (*until - *from + minutes_a_day - 1) % minutes_a_day + 1;
  for (int day = 0; day < 7; ++day)
    for (int i = 0; days->test(static_cast<std::size_t>(day)) && i < length; ++i)
      open.set(static_cast<std::size_t>((day * minutes_a_day + *from + i) % minutes_a_week));
  return {};
}

}  // namespace

std::pair<std::optional<MaintenanceWindow>, std::string> MaintenanceWindow::parse(std::string_view text) {
  std::string_view rest = trimmed(text);
  MaintenanceWindow window;
  if (rest.empty()) return {window, ""};
  if (rest.size() >= 3 && rest.substr(rest.size() - 3) == "UTC")
    rest = trimmed(rest.substr(0, rest.size() - 3));
  Week open;
  for (const std::string_view part : split(rest, ';'))
    if (std::string problem = add_part(part, open); !problem.empty())
      return {std::nullopt, std::move(problem)};
  if (open.all()) return {window, ""};
  const auto is_open = [&](int minute) {
    return open.test(static_cast<std::size_t>(minute % minutes_a_week));
  };
  for (int minute = 0; minute < minutes_a_week; ++minute) {
    if (!is_open(minute) || is_open(minute + minutes_a_week - 1)) continue;
    int end = minute;
    while (is_open(end)) ++end;
    window.openings_.emplace_back(std::chrono::minutes{minute}, std::chrono::minutes{end});
  }
  return {window, ""};
}

std::optional<Instant> MaintenanceWindow::next_start(Instant now, Duration length) const {
  if (openings_.empty()) return now;
  const Duration since_monday = (now.time_since_epoch() + start_in_week) % week;
  const Instant monday = now - since_monday;
  // Last week's opening may go on over Monday.
  for (const Duration shift : {-week, Duration::zero(), week})
    for (const auto& [opens, closes] : openings_) {
      const Instant start = std::max(now, monday + shift + opens);
      if (start + length <= monday + shift + closes && start < monday + shift + closes) return start;
    }
  return std::nullopt;
}

}  // namespace ibcf
