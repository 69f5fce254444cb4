#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ibcf::cli {

namespace {

struct Column {
  std::size_t width = 0;
  bool is_empty = true;
  bool is_numbers = true;
};

bool is_number(const std::string& cell) {
  return cell.find_first_not_of("0123456789.:%-") == std::string::npos;
}

std::vector<Column> columns_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<Column> columns(rows.empty() ? 0 : rows.front().size());
  for (std::size_t i = 0; i < columns.size(); ++i)
    for (const auto& row : rows) {
      Column& column = columns[i];
      column.width = std::max(column.width, row[i].size());
      if (&row == &rows.front()) continue;
      column.is_empty = column.is_empty && row[i].empty();
      column.is_numbers = column.is_numbers && i > 0 && is_number(row[i]);
    }
  return columns;
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  const std::vector<Column> columns = columns_of(rows);
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].is_empty) continue;
      line += columns[i].is_numbers ? fmt::format("  {:>{}}", row[i], columns[i].width)
                                    : fmt::format("  {:<{}}", row[i], columns[i].width);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace ibcf::cli
