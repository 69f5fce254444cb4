#include "analysis/report.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "synthetic_run.hpp"

using namespace ibcf;
using namespace ibcf::analysis;
namespace fs = std::filesystem;

namespace {

Json report_of(const fs::path& folder) {
  return Json::parse(text_of_file(folder / "report.json"));
}

/// The value of a series at an instant, given in seconds, that is a point of the grid.
std::int64_t value_at(const Json& report, const Json& series, double second) {
  return series.at(static_cast<std::size_t>(second / report["step_s"].get<double>())).get<std::int64_t>();
}

const Json& row_of(const Json& table, const std::string& key, const std::string& name) {
  for (const auto& row : table)
    if (row[key] == name) return row;
  throw std::out_of_range("no row " + name);
}

}  // namespace

TEST_CASE("the believed modes follow the partition and its end") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const Json report = report_of(temporary.path() / "run");
  const Json& connectivity = report["connectivity"];
  const Json& europe = row_of(connectivity["domains"], "domain", "europe");

  CHECK(value_at(report, connectivity["fleet"]["LIVE"], 1800) == 36);
  CHECK(value_at(report, connectivity["fleet"]["AUTONOMOUS"], 7200) == 24);
  CHECK(value_at(report, connectivity["fleet"]["LIVE"], 7200) == 12);
  CHECK(value_at(report, europe["AUTONOMOUS"], 7200) == 24);
  CHECK(value_at(report, europe["LIVE"], 7200) == 0);
  CHECK(value_at(report, connectivity["fleet"]["LIVE"], 18000) == 36);
}

TEST_CASE("the mode counts add up to the fleet at every instant, and domains to their parent") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const Json report = report_of(temporary.path() / "run");
  const Json& connectivity = report["connectivity"];
  const auto sum_of = [&](const Json& row, std::size_t i) {
    std::int64_t sum = 0;
    for (const auto& mode : connectivity["modes"]) sum += row[mode.get<std::string>()][i].get<std::int64_t>();
    return sum;
  };
  for (std::size_t i = 1; i < report["time_s"].size(); ++i) {
    REQUIRE(sum_of(connectivity["fleet"], i) == 36);
    REQUIRE(sum_of(row_of(connectivity["domains"], "domain", "europe"), i) == 24);
    REQUIRE(sum_of(row_of(connectivity["domains"], "domain", "earth"), i) == 36);
  }
}

TEST_CASE("an event that two masters stored counts once") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const Json replay = report_of(temporary.path() / "run")["replay"];

  CHECK(replay["verdicts"] == Json{{"clean", 23}, {"partial", 0}, {"violation", 1}});
  CHECK(replay["fleet"]["durations"]["events"] == 24 * 100);
  CHECK(replay["fleet"]["acked_events"].back() == 24 * 100);
  CHECK(replay["fleet"]["acked_bytes"].back() == 24 * 64'000);
  CHECK(replay["fleet"]["open_sessions"].back() == 0);
  // A node is granted every 20 s and takes 19 to 42 s; node 21 ends in the instant in which node 23 is
  // granted.
  const auto& peaks = replay["fleet"]["open_sessions_peak"];
  CHECK(*std::max_element(peaks.begin(), peaks.end()) == 2);
  // Node i takes 19 s + i s from grant to verdict.
  CHECK(replay["fleet"]["durations"]["p50_s"] == 30.0);
  CHECK(replay["fleet"]["durations"]["max_s"] == 42.0);
  CHECK(replay["slowest"][0]["node"] == "node-23");
}

TEST_CASE("a term ends with its lease or with the next term, and what ran under it is named") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const Json authority = report_of(temporary.path() / "run")["authority"];
  std::vector<Json> europe;
  for (const auto& term : authority["terms"])
    if (term["scope"] == "europe") europe.push_back(term);

  REQUIRE(europe.size() == 3);
  CHECK(europe[0]["holder"] == "europe-1");
  CHECK(europe[0]["until_s"] == 70 * 60.0);        // the next term
  CHECK(europe[0]["lease_until_s"] == 75 * 60.0);  // renewed at 01:00 for 15 min: five minutes of doubt
  CHECK(europe[1]["holder"] == "global");
  CHECK(europe[1]["until_s"] == 4 * 3600.0);
  CHECK(europe[2]["lease_until_s"] == 6 * 3600.0);
  CHECK(authority["stale_counts"] == Json{{"fenced", 1}, {"stale", 0}, {"late", 1}});
  CHECK(authority["stale_rows"][0]["node"] == "node-0");
}

TEST_CASE("commands are counted by the state they came to, with the time of the first answer") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const Json commands = report_of(temporary.path() / "run")["commands"];

  CHECK(commands["fleet"]["states"] == Json{{"APPLIED", 13}, {"FENCED", 1}});
  const Json& asia = row_of(commands["domains"], "domain", "asia");
  CHECK(asia["issued"] == 12);
  CHECK(asia["answer_p50_s"] == 2.5);
  CHECK(asia["answer_p95_s"] == 3.1);
}

TEST_CASE("the use of a link is its bits over what it could carry") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const Json report = report_of(temporary.path() / "run");
  const Json& paris = row_of(report["links"]["busiest"], "link", "paris - frankfurt");

  // 300 kB a minute on 1 Mbps, and 7 MB a minute in the storm.
  CHECK(paris["utilisation"][60].get<double>() == Approx(0.04));
  const auto storm = static_cast<std::size_t>((3 * 3600 + 360) / report["step_s"].get<double>());
  CHECK(paris["utilisation"][storm].get<double>() == Approx(8 * 7e6 / 60e6));
  CHECK(report["links"]["busiest"].size() == 3);
}

TEST_CASE("reachability merges what did not change and gives each place its share of each master") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const Json reach = report_of(temporary.path() / "run")["reach"];

  REQUIRE(reach["intervals"].size() == 3);
  CHECK(reach["intervals"][1]["from_s"] == 3600.0);
  CHECK(reach["intervals"][1]["until_s"] == 3 * 3600.0);
  CHECK(reach["intervals"][1]["components"][0]["members"] == Json{"frankfurt", "madrid", "paris"});
  CHECK(reach["master_reach"]["master_sites"] == Json{"new-york", "frankfurt", "tokyo"});
  CHECK(reach["places"][0] == "frankfurt");
  CHECK(reach["master_reach"]["share"][0] == Json{0.6, 1.0, 0.6});
}

TEST_CASE(
    "backlog as known rises with the grant and is gone with the verdict, and debt grows while nobody is "
    "heard") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const Json report = report_of(temporary.path() / "run");
  const Json& europe = row_of(report["backlog"]["domains"], "domain", "europe");

  CHECK(value_at(report, europe["events"], 7200) == 0);
  // At 03:00:30 nodes 0 and 1 are granted, 100 events each; 0 has had all its chunks acknowledged but the
  // verdict's to come.
  CHECK(value_at(report, europe["events"], 3 * 3600 + 30) > 0);
  CHECK(value_at(report, europe["events"], 18000) == 0);
  const auto debt =
      europe["debt"]["mean_s"][static_cast<std::size_t>(3 * 3600 / report["step_s"].get<double>())]
          .get<double>();
  CHECK(debt == Approx(3 * 3600 - (65 * 60 - 10)));
}

TEST_CASE("three sentences say what happened") {
  TemporaryFolder temporary;

  const auto outcome = write_synthetic(temporary.path() / "run");

  REQUIRE(outcome.story.size() == 3);
  CHECK(outcome.story[0] ==
        "From 01:01 to 03:04 up to 24 of 24 nodes of europe were AUTONOMOUS; the last was back in contact at "
        "03:07.");
  CHECK(outcome.story[1] ==
        "Between 03:00 and 03:08 24 replays brought back 2400 events (1.54 MB), half of them within 30.0 s, "
        "the slowest (node-23) "
        "in 42.0 s; 23 clean, 0 partial, 1 violation, 0 still open at the end, 0 sessions lost on the way.");
  CHECK(outcome.story[2] ==
        "Authority over europe went to global at 01:10 (epoch 2, EXPIRY), authority over europe went to "
        "europe-1 at 04:00 (epoch 3, "
        "HANDOVER); 1 command was fenced by nodes, 0 executed against a higher epoch the node had seen, 1 "
        "under a term that was "
        "over elsewhere.");
}

TEST_CASE("the timeline tells faults, authority, verdicts and changes in order") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");

  const std::string csv = text_of_file(temporary.path() / "run" / "timeline.csv");

  CHECK(csv.starts_with("time,kind,subject,what\r\n"));
  const auto begins = csv.find("01:00:00.000,fault,europe cut off,isolate_domain begins\r\n");
  const auto epoch =
      csv.find("01:10:00.000,authority,europe,global holds it as GLOBAL in epoch 2 (EXPIRY)\r\n");
  const auto ends = csv.find("03:00:00.000,fault,europe cut off,isolate_domain ends\r\n");
  const auto verdict = csv.find("03:08:00.000,verdict,europe,1 replay violation\r\n");
  REQUIRE(verdict != std::string::npos);
  CHECK(begins < epoch);
  CHECK(epoch < ends);
  CHECK(ends < verdict);
}

TEST_CASE("a log without the tables of a run still gives a report") {
  TemporaryFolder temporary;

  const auto outcome = write_synthetic(temporary.path() / "run", {.with_tables = false});

  const Json report = report_of(temporary.path() / "run");
  CHECK_FALSE(report.contains("samples"));
  CHECK_FALSE(report.contains("links"));
  CHECK_FALSE(report.contains("reach"));
  CHECK(value_at(report, report["connectivity"]["fleet"]["AUTONOMOUS"], 7200) == 24);
  CHECK(report["replay"]["verdicts"]["clean"] == 23);
  CHECK(fs::exists(outcome.report));
}

TEST_CASE("a file that is no log is refused by name") {
  TemporaryFolder temporary;
  CHECK_THROWS_WITH(fold_report(temporary.path() / "events.db"), Catch::Contains("events.db"));
}
