#include "scenario_units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>

#include "model/check.hpp"
#include "model/time.hpp"

namespace ibcf::sim {
namespace {

struct Scale {
  std::string_view unit;
  double factor;
};

// Per unit from small to large.
constexpr std::array<Scale, 5> rates{
    {{"bps", 1}, {"kbps", 1e3}, {"Mbps", 1e6}, {"Gbps", 1e9}, {"Tbps", 1e12}}};
constexpr std::array<Scale, 8> sizes{{{"B", 1},
                                      {"kB", 1e3},
                                      {"KiB", 1024},
                                      {"MB", 1e6},
                                      {"MiB", 1048576},
                                      {"GB", 1e9},
                                      {"GiB", 1073741824},
                                      {"TiB", 1099511627776}}};
constexpr std::array<Scale, 2> lengths{{{"m", 1}, {"km", 1e3}}};
constexpr std::array<Scale, 1> angles{{{"deg", 1}}};
constexpr std::array<Scale, 1> fractions{{{"%", 0.01}}};

std::span<const Scale> scales_of(Unit unit) {
  switch (unit) {
    case Unit::rate:
      return rates;
    case Unit::size:
      return sizes;
    case Unit::length:
      return lengths;
    case Unit::angle:
      return angles;
    case Unit::fraction:
      return fractions;
    case Unit::duration:
      break;
  }
  return {};
}

constexpr double exact_whole = 9007199254740992.0;  // 2^53

std::optional<double> parse_scaled(Unit unit, std::string_view text) {
  if (unit != Unit::angle && text.starts_with('-')) return std::nullopt;
  const auto digits = std::min(text.find_first_not_of("-0123456789."), text.size());
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  if (digits == 0 || end.ec != std::errc{} || end.ptr != text.data() + digits) return std::nullopt;
  if (text[digits - 1] == '.' || text.front() == '.') return std::nullopt;
  text.remove_prefix(digits);
  if (text.starts_with(' ')) text.remove_prefix(1);
  for (const Scale& scale : scales_of(unit)) {
    if (scale.unit != text) continue;
    // Dividing by 100 rounds right where multiplying by 0.01 would not.
    const double amount = unit == Unit::fraction ? number / 100 : number * scale.factor;
    if (amount > exact_whole) return std::nullopt;
    const bool whole = unit == Unit::rate || unit == Unit::size;
    if (whole && amount != std::floor(amount)) return std::nullopt;
    return amount;
  }
  return std::nullopt;
}

}  // namespace

Unit unit_named(std::string_view word) {
  const auto words = words_of(Unit{});
  const auto found = std::find(words.begin(), words.end(), word);
  check(found != words.end(), "every x-unit of the schema is a unit");
  return static_cast<Unit>(found - words.begin());
}

std::optional<double> parse_amount(Unit unit, std::string_view text) {
  if (unit != Unit::duration) return parse_scaled(unit, text);
  const auto duration = parse_duration(text);
  if (!duration) return std::nullopt;
  return static_cast<double>(duration->count());
}

std::string canonical_text(Unit unit, std::string_view text) {
  if (unit == Unit::duration) return text_of(parse_duration(text).value());
  const double amount = parse_scaled(unit, text).value();
  const auto scales = scales_of(unit);
  const Scale* best = &scales.front();
  for (const Scale& scale : scales)
    if (amount != 0 && std::fmod(amount, scale.factor) == 0) best = &scale;
  return fmt::format("{}{}", amount / best->factor, best->unit);
}

std::string_view wanted(Unit unit) {
  switch (unit) {
    case Unit::duration:
      return "a duration such as \"30s\", \"250ms\" or \"1h30m\"";
    case Unit::rate:
      return "a rate such as \"10Mbps\"";
    case Unit::size:
      return "a size such as \"16KiB\" or \"1MB\"";
    case Unit::length:
      return "a length such as \"30km\"";
    case Unit::angle:
      return "an angle such as \"53deg\"";
    case Unit::fraction:
      break;
  }
  return "a fraction from 0 to 1, or a percentage such as \"1%\"";
}

std::string_view pattern_of(Unit unit) {
  switch (unit) {
    case Unit::duration:
      return "^ *([0-9]+(\\.[0-9]*)? *(ns|us|ms|s|min|m|h|d) *)+$";
    case Unit::rate:
      return "^[0-9]+(\\.[0-9]+)? ?(bps|kbps|Mbps|Gbps|Tbps)$";
    case Unit::size:
      return "^[0-9]+(\\.[0-9]+)? ?(B|kB|KiB|MB|MiB|GB|GiB|TiB)$";
    case Unit::length:
      return "^[0-9]+(\\.[0-9]+)? ?(m|km)$";
    case Unit::angle:
      return "^-?[0-9]+(\\.[0-9]+)? ?deg$";
    case Unit::fraction:
      break;
  }
  return "^[0-9]+(\\.[0-9]+)? ?%$";
}

}  // namespace ibcf::sim
