#include "verdict_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ibcf::cli {

std::string verdict_table(const std::vector<analysis::ExpectationResult>& expectations, bool colour) {
  struct Row {
    bool pass;
    std::string what, when, wanted, got, why;
  };
  std::vector<Row> rows;
  std::size_t what = 0, when = 0, wanted = 0, got = 0;
  for (const auto& one : expectations) {
    Row& row = rows.emplace_back(
        Row{one.pass, one.domain.empty() ? one.metric : one.metric + " of " + one.domain,
            one.at == never ? "end" : clock_text_of(one.at), fmt::format("{} {}", one.compare, one.wanted),
            fmt::format("{}", one.got), one.why});
    what = std::max(what, row.what.size());
    when = std::max(when, row.when.size());
    wanted = std::max(wanted, row.wanted.size());
    got = std::max(got, row.got.size());
  }
  std::string text;
  for (const Row& row : rows) {
    const std::string mark = row.pass ? "pass" : "FAIL";
    const std::string painted = !colour ? mark : fmt::format("\x1b[{}m{}\x1b[0m", row.pass ? 32 : 31, mark);
    text += fmt::format("  {}  {:<{}}  {:>{}}  {:>{}}  {:>{}}  {}\n", painted, row.what, what, row.when, when,
                        row.wanted, wanted, row.got, got, row.why);
  }
  return text;
}

}  // namespace ibcf::cli
