#include "analysis/report.hpp"

#include <cmath>
#include <cstdlib>

#include "authority_fold.hpp"
#include "backlog_fold.hpp"
#include "command_fold.hpp"
#include "connectivity_fold.hpp"
#include "html.hpp"
#include "link_table.hpp"
#include "output_file.hpp"
#include "plots.hpp"
#include "reach_table.hpp"
#include "replay_fold.hpp"
#include "rollout_fold.hpp"
#include "run_log.hpp"
#include "sample_table.hpp"
#include "story.hpp"
#include "timeline.hpp"
#include "view_fold.hpp"

namespace ibcf::analysis {

namespace {

namespace fs = std::filesystem;

/// JSON knows no infinity and no NaN.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json run_facts(const RunLog& log, const Grid& grid) {
  Json run = Json::object();
  for (const auto* key :
       {"scenario", "scenario_hash", "version", "network", "event_hash", "verdict", "detail"})
    run[key] = log.fact(key);
  run["seed"] = std::strtoull(log.fact("seed").c_str(), nullptr, 10);
  run["exit_code"] = std::atoi(log.fact("exit_code").c_str());
  run["horizon_s"] = static_cast<double>(std::strtoll(log.fact("horizon_ns").c_str(), nullptr, 10)) / 1e9;
  run["end_s"] = seconds_of(grid.end());
  for (const auto* key : {"derived", "counters"}) {
    const Json value = Json::parse(log.fact(key), nullptr, false);
    run[key] = value.is_discarded() ? Json::object() : value;
  }
  return run;
}

Json expectation_rows(RunLog& log) {
  Json rows = Json::array();
  for (const auto& e : log.expectations())
    rows.push_back({{"metric", e.metric},
                    {"domain", e.domain},
                    {"at_s", e.at == never ? Json(nullptr) : Json(seconds_of(e.at))},
                    {"compare", e.compare},
                    {"wanted", number(e.wanted)},
                    {"got", number(e.got)},
                    {"pass", e.pass},
                    {"why", e.why},
                    {"place", e.place}});
  return rows;
}

Json metric_rows(RunLog& log) {
  Json rows = Json::array();
  for (const auto& m : log.metrics())
    rows.push_back(
        {{"metric", m.name}, {"domain", m.domain}, {"value", number(m.value)}, {"meaning", m.meaning}});
  return rows;
}

Json fault_rows(const std::vector<RunLog::Fault>& faults) {
  Json rows = Json::array();
  for (const auto& fault : faults)
    rows.push_back({{"name", fault.name},
                    {"kind", fault.kind},
                    {"from_s", seconds_of(fault.from)},
                    {"until_s", fault.until ? Json(seconds_of(*fault.until)) : Json(nullptr)}});
  return rows;
}

Json domain_rows(const Fleet& fleet) {
  std::vector<std::uint64_t> nodes(fleet.domains().size());
  for (const auto& node : fleet.nodes())
    if (!node.id.is_nil())
      for (const auto domain : fleet.upwards(node.domain)) ++nodes[domain];
  Json rows = Json::array();
  for (std::size_t i = 0; i < fleet.domains().size(); ++i) {
    const auto& domain = fleet.domains()[i];
    rows.push_back({{"domain", domain.name},
                    {"parent", domain.parent && *domain.parent < fleet.domains().size()
                                   ? Json(fleet.domains()[*domain.parent].name)
                                   : Json(nullptr)},
                    {"depth", fleet.upwards(static_cast<std::uint32_t>(i)).size() - 1},
                    {"nodes", nodes[i]}});
  }
  return rows;
}

}  // namespace

Report fold_report(const fs::path& events_db) {
  RunLog log(events_db);
  const Grid grid(log.end());
  Fleet fleet = log.fleet();
  ConnectivityFold connectivity(grid, fleet);
  BacklogFold backlog(grid, fleet);
  ReplayFold replay(grid, fleet);
  AuthorityFold authority(grid, fleet);
  CommandFold commands(grid, fleet);
  RolloutFold rollouts(grid, fleet);
  ViewFold views(log.end(), fleet, log);
  std::uint64_t events = 0;
  log.scan([&](const KnownEvent& entry) {
    fleet.learn(entry.event);
    connectivity.see(entry);
    backlog.see(entry);
    replay.see(entry);
    authority.see(entry);
    commands.see(entry);
    rollouts.see(entry);
    views.see(entry);
    ++events;
  });
  backlog.finish();
  views.finish();

  Report report;
  report.story = tell(fleet, grid, connectivity, replay, authority);
  Json& tables = report.tables = Json::object();
  tables["format"] = "ibcf-report/1";
  tables["run"] = run_facts(log, grid);
  tables["run"]["distinct_events"] = events;
  tables["story"] = report.story;
  tables["expectations"] = expectation_rows(log);
  tables["metrics"] = metric_rows(log);
  tables["faults"] = fault_rows(log.faults());
  tables["domains"] = domain_rows(fleet);
  tables["step_s"] = seconds_of(grid.step());
  tables["time_s"] = grid.times();
  tables["connectivity"] = connectivity.table();
  tables["backlog"] = backlog.table();
  tables["replay"] = replay.table();
  tables["authority"] = authority.table();
  tables["commands"] = commands.table();
  tables["rollouts"] = rollouts.table();
  tables["drift"] = views.drift_table();
  tables["attention"] = views.attention_table();
  for (auto& [key, table] : {std::pair<const char*, Json>{"links", link_table(log, grid)},
                             {"reach", reach_table(log, fleet, grid)},
                             {"samples", sample_table(log, fleet, grid)}})
    if (!table.is_null()) tables[key] = table;
  report.timeline_csv = timeline_csv(fleet, log.faults(), grid, connectivity, replay, authority, rollouts);
  return report;
}

RunOutcome write_report(const fs::path& folder, bool pictures) {
  const Report report = fold_report(folder / "events.db");
  write_file(folder / "report.json",
             report.tables.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  write_file(folder / "timeline.csv", report.timeline_csv);
  RunOutcome outcome;
  outcome.report = folder / "report.html";
  outcome.story = report.story;
  const Plots plots = pictures ? draw_plots(folder / "report.json", folder / "plots") : Plots{};
  if (!plots.warning.empty()) outcome.warnings.push_back(plots.warning);
  write_file(outcome.report, render_html(report.tables, plots));
  return outcome;
}

}  // namespace ibcf::analysis
