#include "controlplane/version.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace ibcf {
namespace {

constexpr std::uint64_t steps_of_a_major = 5;

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
}

// Whole numbers without a leading zero, as the standard asks.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  if (!is_number(text) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

// Takes what stands before the next `separator`, or all.
std::string_view take(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return part;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') || letter == '-';
  });
}

// What stands between the dots; nothing where a part is no identifier.
std::optional<std::vector<std::string>> identifiers_of(std::string_view text) {
  std::vector<std::string> parts;
  for (bool is_last = false; !is_last;) {
    is_last = text.find('.') == std::string_view::npos;
    const std::string_view part = take(text, '.');
    if (!is_identifier(part)) return std::nullopt;
    parts.emplace_back(part);
  }
  return parts;
}

// Numbers by value and before words, words by their letters.
std::strong_ordering compare(const std::string& a, const std::string& b) {
  if (is_number(a) != is_number(b))
    return is_number(a) ? std::strong_ordering::less : std::strong_ordering::greater;
  if (is_number(a) && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

std::uint64_t difference(std::uint64_t a, std::uint64_t b) {
  return a < b ? b - a : a - b;
}

}  // namespace

std::strong_ordering operator<=>(const Version& a, const Version& b) {
  const auto numbers = std::tie(a.major, a.minor, a.patch) <=> std::tie(b.major, b.minor, b.patch);
  if (numbers != 0) return numbers;
  if (a.pre_release.empty() != b.pre_release.empty())
    return a.pre_release.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  for (std::size_t i = 0; i < std::min(a.pre_release.size(), b.pre_release.size()); ++i)
    if (const auto part = compare(a.pre_release[i], b.pre_release[i]); part != 0) return part;
  return a.pre_release.size() <=> b.pre_release.size();
}

std::optional<Version> parse_version(std::string_view text) {
  const auto build = text.find('+');
  if (build != std::string_view::npos) {
    if (!identifiers_of(text.substr(build + 1))) return std::nullopt;
    text = text.substr(0, build);
  }
  Version version;
  const auto dash = text.find('-');
  std::string_view numbers = text.substr(0, dash);
  if (std::count(numbers.begin(), numbers.end(), '.') != 2) return std::nullopt;
  for (std::uint64_t* part : {&version.major, &version.minor, &version.patch}) {
    const auto number = number_of(take(numbers, '.'));
    if (!number) return std::nullopt;
    *part = *number;
  }
  if (dash == std::string_view::npos) return version;
  auto parts = identifiers_of(text.substr(dash + 1));
  if (!parts || std::any_of(parts->begin(), parts->end(),
                            [](const auto& part) { return is_number(part) && !number_of(part); }))
    return std::nullopt;
  version.pre_release = std::move(*parts);
  return version;
}

std::uint64_t steps_between(const Version& a, const Version& b) {
  if (a == b) return 0;
  if (a.major != b.major) return steps_of_a_major;
  if (a.minor != b.minor) return difference(a.minor, b.minor);
  return std::max<std::uint64_t>(1, difference(a.patch, b.patch));
}

}  // namespace ibcf
