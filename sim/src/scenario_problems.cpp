#include "scenario_problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "model/nearest.hpp"

namespace ibcf::sim {
namespace {

constexpr std::size_t longest_shown = 60;
constexpr std::size_t most_names = 12;

// What would leave the line or move the cursor is written out.
std::string printable(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      safe += fmt::format("\\x{:02x}", byte);
    else
      safe += c;
  }
  return safe;
}

}  // namespace

void ProblemList::add(std::size_t line, std::size_t column, std::string path, std::string what) {
  add(Problem{file_, line, column, std::move(path), std::move(what)});
}

void ProblemList::add(Problem problem) {
  if (!full()) problems_.push_back(std::move(problem));
}

std::vector<Problem> ProblemList::sorted() const {
  auto sorted = problems_;
  const auto before = [this](const Problem& a, const Problem& b) {
    const bool a_else = a.file != file_;
    const bool b_else = b.file != file_;
    return std::tie(a_else, a.file, a.line, a.column, a.path, a.what) <
           std::tie(b_else, b.file, b.line, b.column, b.path, b.what);
  };
  std::sort(sorted.begin(), sorted.end(), before);
  const auto same = [&](const Problem& a, const Problem& b) { return !before(a, b) && !before(b, a); };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  if (full())
    sorted.push_back(
        {file_, 0, 0, "", fmt::format("has more problems; the first {} found are listed", most)});
  return sorted;
}

std::string shown(const Json& value) {
  if (value.is_object()) return value.empty() ? "{}" : "an object";
  if (value.is_array()) return value.empty() ? "[]" : "a list";
  return shown_text(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string shown_text(std::string_view text) {
  if (text.size() <= longest_shown) return printable(text);
  std::size_t end = longest_shown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  return printable(text.substr(0, end)) + "...";
}

std::string suggestion(std::string_view name, const std::vector<std::string>& names) {
  if (const auto nearest = nearest_name(name, names); !nearest.empty())
    return fmt::format("; did you mean \"{}\"?", shown_text(nearest));
  if (names.empty()) return "";
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), most_names); ++i)
    list += (list.empty() ? "" : ", ") + shown_text(names[i]);
  if (names.size() > most_names) list += fmt::format(" or {} others", names.size() - most_names);
  return fmt::format("; there {} {}", names.size() == 1 ? "is" : "are", list);
}

std::string text_of(const Problem& problem) {
  std::string text = printable(problem.file);
  if (problem.line > 0) text += fmt::format(":{}", problem.line);
  if (problem.line > 0 && problem.column > 0) text += fmt::format(":{}", problem.column);
  if (!problem.path.empty()) text += " " + printable(problem.path);
  return text + ": " + problem.what;
}

}  // namespace ibcf::sim
