#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "../sim/world_support.hpp"
#include "exit_codes.hpp"
#include "run_command.hpp"
#include "temporary_folder.hpp"

/// A program that is not deterministic is one of which the second process runs something else.
using namespace ibcf;
using namespace ibcf::cli;
namespace fs = std::filesystem;

namespace {

struct Checked {
  int exit_code = -1;
  std::string said;
};

/// Runs the small partition for half an hour with `script` as the program of the second process.
Checked check_against(const std::string& script, const TemporaryFolder& folder) {
  const fs::path program = folder.path / "program";
  std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
  REQUIRE(chmod(program.c_str(), 0755) == 0);
  const fs::path said = folder.path / "said";
  const std::string code = sim::text_from_child([&] {
    REQUIRE(std::freopen(said.c_str(), "w", stdout) != nullptr);
    RunArguments arguments;
    arguments.scenario = project_folder() + "/scenarios/small-partition.json";
    arguments.out = folder.path / "run";
    arguments.until = at(std::chrono::minutes{30});
    arguments.check_determinism = true;
    arguments.program = program;
    const int exit_code = run_command(arguments);
    std::fflush(stdout);
    return std::to_string(exit_code);
  });
  std::ifstream in(said);
  return {std::stoi(code), {std::istreambuf_iterator<char>(in), {}}};
}

std::size_t folders_kept(const TemporaryFolder& folder) {
  std::size_t kept = 0;
  for (const auto& entry : fs::directory_iterator(folder.path))
    kept += entry.path().filename().string().starts_with("run.again-") ? 1 : 0;
  return kept;
}

}  // namespace

TEST_CASE("a second process that gives the same run leaves the verdict and nothing else", "[cli]") {
  const TemporaryFolder folder;

  const Checked checked = check_against("exec " + project_program() + " \"$@\"", folder);

  INFO(checked.said);
  CHECK(checked.exit_code == passed);
  CHECK(checked.said.find("a second process gave the same run, event by event") != std::string::npos);
  CHECK(folders_kept(folder) == 0);
}

TEST_CASE(
    "a second process that gives another run ends in 5, with the first event that differs from both sides",
    "[cli]") {
  const TemporaryFolder folder;

  const Checked checked = check_against("exec " + project_program() + " \"$@\" --seed 2", folder);

  INFO(checked.said);
  CHECK(checked.exit_code == not_deterministic);
  CHECK(checked.said.find("two processes part at event ") != std::string::npos);
  CHECK(checked.said.find("\n  one    00:00:00 master-") != std::string::npos);
  CHECK(checked.said.find("\n  other  00:00:00 master-") != std::string::npos);
  CHECK(checked.said.find("verdict  not_deterministic") != std::string::npos);
  CHECK(folders_kept(folder) == 1);
}

TEST_CASE("a second process that runs for less time is told by where its log ends", "[cli]") {
  const TemporaryFolder folder;

  const Checked checked =
      check_against("exec " + project_program() + " run \"$2\" --quiet --out \"$5\" --until 10m", folder);

  INFO(checked.said);
  CHECK(checked.exit_code == not_deterministic);
  CHECK(checked.said.find("  other  nothing more") != std::string::npos);
}

TEST_CASE("a second process that fails is no proof: its exit code is passed on, and said", "[cli]") {
  const TemporaryFolder folder;

  const Checked checked = check_against("exit 70", folder);

  INFO(checked.said);
  CHECK(checked.exit_code == internal_error);
  CHECK(checked.said.find("the second process came to no verdict and ended with 70") != std::string::npos);
  CHECK(checked.said.find("verdict  not_compared") != std::string::npos);
  CHECK(folders_kept(folder) == 0);
}
