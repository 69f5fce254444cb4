#include <filesystem>
#include <fstream>

#include "../sim/world_support.hpp"
#include "exit_codes.hpp"
#include "run_command.hpp"
#include "temporary_folder.hpp"

using namespace ibcf;
using namespace ibcf::cli;
namespace fs = std::filesystem;

namespace {

Json json_of(const fs::path& file) {
  std::ifstream in(file);
  REQUIRE(in.good());
  return Json::parse(in);
}

}  // namespace

TEST_CASE("a run that breaks an invariant ends there with 3, and its folder is that of a finished run",
          "[cli]") {
  const TemporaryFolder folder;
  const fs::path out = folder.path / "run";

  const std::string code = sim::text_from_child([&] {
    planted_defect = Defect::fencing_off;
    RunArguments arguments;
    arguments.scenario = project_folder() + "/scenarios/small-partition.json";
    arguments.out = out;
    arguments.quiet = true;
    return std::to_string(run_command(arguments));
  });

  CHECK(code == std::to_string(invariant_violated));
  const Json run = json_of(out / "run.json");
  CHECK(run["verdict"] == "invariant_violated");
  CHECK(run["exit_code"] == 3);
  CHECK(run["event_hash"].get<std::string>().size() == 64);
  CHECK(run["end_s"].get<double>() > 3600);
  CHECK(run["end_s"].get<double>() < run["horizon_s"].get<double>());
  const auto detail = run["detail"].get<std::string>();
  CHECK(detail.rfind("I-23 at 01:", 0) == 0);
  const auto report = json_of(out / "report.json");
  CHECK(report["run"]["verdict"] == "invariant_violated");
  CHECK(report["run"]["end_s"] == run["end_s"]);
  CHECK(report["run"]["detail"] == detail);
  std::vector<std::string> failed;
  for (const Json& one : report["expectations"])
    if (!one["pass"].get<bool>()) failed.push_back(one["metric"]);
  CHECK(failed == std::vector<std::string>{"stale_executions"});  // what was not due is not judged
  CHECK(fs::file_size(out / "report.html") > 10'000);
}
