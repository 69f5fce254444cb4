#include "link_table.hpp"

#include <algorithm>
#include <map>

namespace ibcf::analysis {

namespace {

constexpr std::size_t busiest_drawn = 20;
constexpr std::size_t most_listed = 400;

struct Total {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t carried = 0;
};

std::map<std::uint32_t, Total> totals_of(RunLog& log) {
  std::map<std::uint32_t, Total> totals;
  if (!log.has("link_totals")) return totals;
  auto rows = log.query("SELECT link, sent, delivered, dropped, carried_bytes FROM link_totals");
  while (rows.next()) {
    const auto number = [&rows](int column) { return static_cast<std::uint64_t>(rows.integer(column)); };
    totals[rows.index(0)] = {number(1), number(2), number(3), number(4)};
  }
  return totals;
}

/// Bits per step of the grid, each interval spread evenly over the steps it touches; the value at point i is
/// of the step that ends there.
std::vector<double> bits_per_step(RunLog& log, const Grid& grid, std::uint32_t link) {
  std::vector<double> bits(grid.points());
  auto rows = log.query("SELECT at_ns, bytes, interval_ns FROM link_use WHERE link = ? ORDER BY at_ns");
  rows.bind(1, link);
  while (rows.next()) {
    const Instant until = rows.instant(0);
    const double length = std::max(1.0, static_cast<double>(rows.integer(2)));
    const Instant from = until - Duration{static_cast<std::int64_t>(length)};
    const double carried = 8.0 * static_cast<double>(rows.integer(1));
    for (auto point = grid.point_of(from); point < grid.points(); ++point) {
      const Instant step_from = grid.at(point) - grid.step();
      if (step_from >= until) break;
      const auto overlap = std::min(until, grid.at(point)) - std::max(from, step_from);
      if (overlap > Duration{}) bits[point] += carried * static_cast<double>(overlap.count()) / length;
    }
  }
  return bits;
}

Json utilisation_row(RunLog& log, const Grid& grid, const RunLog::Link& link) {
  Json utilisation = Json::array();
  Json mbps = Json::array();
  const double seconds = seconds_of(grid.step());
  for (const double bits : bits_per_step(log, grid, link.index)) {
    utilisation.push_back(rounded(link.bandwidth_bps > 0 ? bits / (link.bandwidth_bps * seconds) : 0, 9));
    mbps.push_back(rounded(bits / seconds / 1e6, 6));
  }
  return {{"link", link.name},
          {"from", link.from},
          {"to", link.to},
          {"bandwidth_bps", link.bandwidth_bps},
          {"utilisation", utilisation},
          {"rate_mbps", mbps}};
}

}  // namespace

Json link_table(RunLog& log, const Grid& grid) {
  auto links = log.links();
  if (links.empty()) return nullptr;
  auto totals = totals_of(log);
  std::map<std::uint32_t, std::uint64_t> used;
  if (log.has("link_use")) {
    auto rows = log.query("SELECT link, sum(bytes) FROM link_use GROUP BY link ORDER BY link");
    while (rows.next()) used[rows.index(0)] = static_cast<std::uint64_t>(rows.integer(1));
  }
  const auto carried = [&](const RunLog::Link& link) {
    const auto total = totals.find(link.index);
    return total != totals.end() ? total->second.carried : used[link.index];
  };
  const auto is_backbone = [](const RunLog::Link& link) { return link.kind == "backbone"; };
  // The backbone first, then by what was carried; equal ones in the order of the scenario.
  std::stable_sort(links.begin(), links.end(), [&](const RunLog::Link& a, const RunLog::Link& b) {
    if (is_backbone(a) != is_backbone(b)) return is_backbone(a);
    return carried(a) > carried(b);
  });

  Json table = Json::object();
  table["title"] = "Links";
  table["unit"] =
      "messages; carried in bytes; utilisation as share of bandwidth over the step that ends at time_s";
  table["as_of_s"] = seconds_of(grid.end());
  table["links"] = Json::array();
  const double length = seconds_of(grid.end());
  for (const auto& link : links) {
    if (table["links"].size() == most_listed) break;
    const Total total = totals[link.index];
    const auto bits = 8.0 * static_cast<double>(carried(link));
    table["links"].push_back(
        {{"link", link.name},
         {"kind", link.kind},
         {"bandwidth_bps", link.bandwidth_bps},
         {"sent", total.sent},
         {"delivered", total.delivered},
         {"dropped", total.dropped},
         {"carried_bytes", carried(link)},
         {"mean_utilisation",
          rounded(link.bandwidth_bps > 0 ? bits / (link.bandwidth_bps * length) : 0, 9)}});
  }
  table["links_left_out"] = links.size() - table["links"].size();
  table["busiest"] = Json::array();
  for (const auto& link : links)
    if (table["busiest"].size() < busiest_drawn && used[link.index] > 0 && is_backbone(link))
      table["busiest"].push_back(utilisation_row(log, grid, link));
  return table;
}

}  // namespace ibcf::analysis
