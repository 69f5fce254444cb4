#include "trace_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace ibcf::sim {
namespace {

constexpr std::size_t most_problems = 20;

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view trimmed(std::string_view cell) {
  while (cell.starts_with(' ')) cell.remove_prefix(1);
  while (cell.ends_with(' ')) cell.remove_suffix(1);
  if (cell.size() >= 2 && cell.starts_with('"') && cell.ends_with('"'))
    cell = cell.substr(1, cell.size() - 2);
  return cell;
}

// A comma within double quotes does not part cells.
std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  std::size_t from = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    if (i < line.size() && (line[i] != ',' || quoted)) continue;
    cells.push_back(trimmed(line.substr(from, i - from)));
    from = i + 1;
  }
  return cells;
}

// A column of numbers and the last one seen in it.
struct Numbers {
  std::string name;
  double most;
  const char* range;
  std::size_t index = 0;
  double last = 0;
  bool any = false;
};

class TraceReader {
 public:
  TraceReader(std::string_view text, const std::string& file, const TraceColumns& columns,
              ProblemList& problems)
      : text_(text),
        file_(file),
        columns_(columns),
        problems_(problems),
        numbers_{{{columns.round_trip_ms, 3600e3, "0..3600000"},
                  {columns.loss, 1, "0..1"},
                  {columns.down_bps, 1e15, "0..1e15"},
                  {columns.up_bps, 1e15, "0..1e15"}}} {}

  LinkTrace read() {
    trace_.name = file_;
    if (!head()) return trace_;
    while (!text_.empty() && found_ < most_problems) {
      const auto line = take_line(text_);
      ++line_;
      if (!line.empty()) row(cells_of(line));
    }
    if (trace_.rows.empty() && found_ == 0) report(0, "has no rows; must have one for each second");
    for (const Numbers& column : numbers_)
      if (!column.any && found_ == 0)
        report(1, fmt::format("has no number in column \"{}\"; must have one", column.name));
    return trace_;
  }

 private:
  void report(std::size_t line, std::string what) {
    ++found_;
    problems_.add(Problem{file_, line, 0, "", std::move(what)});
  }

  bool head() {
    const auto names = cells_of(take_line(text_));
    line_ = 1;
    width_ = names.size();
    for (Numbers& column : numbers_) column.index = index_of(column.name, names);
    state_ = index_of(columns_.state, names);
    return found_ == 0;
  }

  std::size_t index_of(const std::string& name, const std::vector<std::string_view>& names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      report(1, fmt::format("has no column \"{}\"{}", shown_text(name),
                            suggestion(name, {names.begin(), names.end()})));
    return static_cast<std::size_t>(found - names.begin());
  }

  void row(const std::vector<std::string_view>& cells) {
    if (cells.size() != width_) {
      report(line_, fmt::format("has {} cells; must have {} like the head line", cells.size(), width_));
      return;
    }
    for (Numbers& column : numbers_)
      if (!cells[column.index].empty()) number(cells[column.index], column);
    LinkTrace::Row row;
    row.delay = duration_from_seconds(numbers_[0].last / 2e3);
    row.loss = numbers_[1].last;
    row.down_bps = std::max(numbers_[2].last, columns_.bandwidth_floor_bps);
    row.up_bps = std::max(numbers_[3].last, columns_.bandwidth_floor_bps);
    row.connected = cells[state_] == columns_.connected;
    trace_.rows.push_back(row);
  }

  void number(std::string_view cell, Numbers& column) {
    double value = 0;
    const auto end = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool is_number = end.ec == std::errc{} && end.ptr == cell.data() + cell.size();
    if (!is_number || !(value >= 0 && value <= column.most)) {
      report(line_, fmt::format("has \"{}\" in column \"{}\"; must be a number within {}, or empty",
                                shown_text(cell), column.name, column.range));
      return;
    }
    column.last = value;
    if (!column.any) first(column, value);
    column.any = true;
  }

  // Rows before the first number of a column take it.
  void first(const Numbers& column, double value) {
    const auto which = &column - numbers_.data();
    for (LinkTrace::Row& row : trace_.rows) {
      if (which == 0) row.delay = duration_from_seconds(value / 2e3);
      if (which == 1) row.loss = value;
      if (which == 2) row.down_bps = std::max(value, columns_.bandwidth_floor_bps);
      if (which == 3) row.up_bps = std::max(value, columns_.bandwidth_floor_bps);
    }
  }

  std::string_view text_;
  const std::string& file_;
  const TraceColumns& columns_;
  ProblemList& problems_;
  std::array<Numbers, 4> numbers_;
  std::size_t state_ = 0;
  std::size_t width_ = 0;
  std::size_t line_ = 0;
  std::size_t found_ = 0;
  LinkTrace trace_;
};

}  // namespace

LinkTrace read_trace_csv(std::string_view text, const std::string& file, const TraceColumns& columns,
                         ProblemList& problems) {
  return TraceReader(text, file, columns, problems).read();
}

}  // namespace ibcf::sim
