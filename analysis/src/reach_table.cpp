#include "reach_table.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace ibcf::analysis {

namespace {

constexpr std::size_t most_places = 120;
constexpr std::size_t most_members = 60;
constexpr std::size_t most_intervals = 2000;

using Partition = std::map<std::string, std::uint32_t>;

struct Interval {
  Instant from;
  Instant until;
  Partition component_of;
};

std::vector<Interval> intervals_of(RunLog& log) {
  std::vector<Interval> intervals;
  auto rows =
      log.query("SELECT from_ns, until_ns, place, component FROM reach ORDER BY from_ns, until_ns, place");
  while (rows.next()) {
    const Instant from = rows.instant(0);
    const Instant until = rows.instant(1);
    if (intervals.empty() || intervals.back().from != from || intervals.back().until != until)
      intervals.push_back({from, until, {}});
    intervals.back().component_of[rows.text(2)] = rows.index(3);
  }
  // Samples of an unchanged world are one interval.
  std::vector<Interval> merged;
  for (auto& interval : intervals) {
    if (!merged.empty() && merged.back().until == interval.from &&
        merged.back().component_of == interval.component_of)
      merged.back().until = interval.until;
    else
      merged.push_back(std::move(interval));
  }
  return merged;
}

/// All places where they are few, else those that the backbone joins.
std::vector<std::string> places_of(RunLog& log, const Fleet& fleet, const std::vector<Interval>& intervals) {
  std::set<std::string> all;
  for (const auto& interval : intervals)
    for (const auto& [place, component] : interval.component_of) all.insert(place);
  std::vector<std::string> places(all.begin(), all.end());
  if (places.size() <= most_places) return places;
  std::set<std::string> wanted;
  for (const auto& master : fleet.masters()) wanted.insert(master.site);
  for (const auto& link : log.links())
    if (link.kind == "backbone") {
      wanted.insert(link.from);
      wanted.insert(link.to);
    }
  std::erase_if(places, [&](const std::string& place) { return !wanted.contains(place); });
  places.resize(std::min(places.size(), most_places));
  return places;
}

Json components_of(const Interval& interval) {
  std::map<std::uint32_t, std::vector<std::string>> members;
  for (const auto& [place, component] : interval.component_of) members[component].push_back(place);
  std::vector<std::vector<std::string>> sorted;
  sorted.reserve(members.size());
  for (auto& [component, places] : members) sorted.push_back(std::move(places));
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  Json list = Json::array();
  for (const auto& places : sorted) {
    Json shown = Json::array();
    for (std::size_t i = 0; i < std::min(places.size(), most_members); ++i) shown.push_back(places[i]);
    list.push_back(
        {{"size", places.size()}, {"members", shown}, {"members_left_out", places.size() - shown.size()}});
  }
  return list;
}

Json shares_of(const std::vector<Interval>& intervals, const Fleet& fleet,
               const std::vector<std::string>& places) {
  std::vector<std::string> sites;
  for (const auto& master : fleet.masters())
    if (std::find(sites.begin(), sites.end(), master.site) == sites.end()) sites.push_back(master.site);
  double length = 0;
  for (const auto& interval : intervals) length += seconds_of(interval.until - interval.from);
  Json rows = Json::array();
  for (const auto& place : places) {
    Json row = Json::array();
    for (const auto& site : sites) {
      double together = 0;
      for (const auto& interval : intervals) {
        const auto here = interval.component_of.find(place);
        const auto there = interval.component_of.find(site);
        if (here != interval.component_of.end() && there != interval.component_of.end() &&
            here->second == there->second)
          together += seconds_of(interval.until - interval.from);
      }
      row.push_back(rounded(length > 0 ? together / length : 0, 6));
    }
    rows.push_back(std::move(row));
  }
  return {{"unit", "share of the time on record in which the place could reach the master's site"},
          {"places", places},
          {"master_sites", sites},
          {"share", rows}};
}

}  // namespace

Json reach_table(RunLog& log, const Fleet& fleet, const Grid& grid) {
  if (!log.has("reach")) return nullptr;
  const auto intervals = intervals_of(log);
  if (intervals.empty()) return nullptr;
  const auto places = places_of(log, fleet, intervals);
  Json table = Json::object();
  table["title"] = "Who could reach whom";
  table["unit"] = "places; time in seconds of run time";
  table["as_of_s"] = seconds_of(grid.end());
  table["places"] = places;
  table["intervals"] = Json::array();
  for (const auto& interval : intervals) {
    if (table["intervals"].size() == most_intervals) break;
    Json lane = Json::array();  // the component of each of `places`, null where it is not on record
    for (const auto& place : places) {
      const auto found = interval.component_of.find(place);
      lane.push_back(found == interval.component_of.end() ? Json(nullptr) : Json(found->second));
    }
    table["intervals"].push_back({{"from_s", rounded(seconds_of(interval.from), 3)},
                                  {"until_s", rounded(seconds_of(std::min(interval.until, grid.end())), 3)},
                                  {"components", components_of(interval)},
                                  {"component_of_place", lane}});
  }
  table["intervals_left_out"] = intervals.size() - table["intervals"].size();
  if (!fleet.masters().empty()) table["master_reach"] = shares_of(intervals, fleet, places);
  return table;
}

}  // namespace ibcf::analysis
