#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "model/fields.hpp"

namespace ibcf::sim {

/// What a value with a unit measures. The words are those of the schema's keyword "x-unit".
///   duration  nanoseconds   "250ms", "1h30m"
///   rate      bit/s         "10Mbps"
///   size      bytes         "16KiB"
///   length    metres        "30km"
///   angle     degrees       "53deg"
///   fraction  of one        0.01 or "1%"
enum class Unit : std::uint8_t { duration, rate, size, length, angle, fraction };
constexpr auto words_of(Unit) {
  return std::array<std::string_view, 6>{"duration", "rate", "size", "length", "angle", "fraction"};
}

Unit unit_named(std::string_view word);

/// The amount that `text` tells, in the base unit. Rates and sizes are whole; durations are whole
/// nanoseconds, exact up to 2^53 (104 days) and in any case what parse_duration gives. Nothing where the text
/// is not such a value.
std::optional<double> parse_amount(Unit unit, std::string_view text);

/// The one text for what `text` tells ("10Mbps" for "10000kbps"). Requires that parse_amount takes `text`;
/// not for fractions, which are numbers.
std::string canonical_text(Unit unit, std::string_view text);

/// "a rate such as \"10Mbps\"".
std::string_view wanted(Unit unit);

/// A regular expression (ECMA 262) for the texts that parse_amount takes, save for what is out of range.
std::string_view pattern_of(Unit unit);

}  // namespace ibcf::sim
