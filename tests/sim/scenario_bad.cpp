#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "../place.hpp"
#include "scenario_support.hpp"

namespace ibcf::sim {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> bad_scenarios() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator("tests/bad_scenarios"))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST_CASE("each bad scenario gives its golden problems, line by line", "[scenario]") {
  fs::current_path(project_folder());
  const auto files = bad_scenarios();

  CHECK(files.size() >= 24);
  for (const auto& file : files) {
    const auto expected = fs::path(file).replace_extension(".expected");
    const std::string problems = problems_of(file.string());
    if (std::getenv("IBCF_WRITE_GOLDEN") != nullptr) std::ofstream(expected) << problems;

    INFO(file);
    CHECK(!problems.empty());
    CHECK(problems == text_in(expected));
  }
}

TEST_CASE("a scenario that does not exist, and one that is a folder, are problems", "[scenario]") {
  fs::current_path(project_folder());

  CHECK(problems_of("tests/nowhere.json") ==
        "tests/nowhere.json: does not exist; must be the name of a file\n");
  CHECK(problems_of("tests") == "tests: is a folder; must be the name of a file\n");
  CHECK(problems_of("") == ": does not exist; must be the name of a file\n");
}

TEST_CASE("200,000 nested brackets are a problem, not a crash", "[scenario]") {
  const TemporaryFile lists("deep-lists.json", std::string(200'000, '['));
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  const TemporaryFile deep_objects("deep-objects.json", objects);

  CHECK(problems_of(lists.name()).find(":1:65: is nested deeper than 64 levels") != std::string::npos);
  CHECK(problems_of(deep_objects.name()).find("is nested deeper than 64 levels") != std::string::npos);
}

TEST_CASE("200,000 nested XML elements are a problem, not a crash", "[scenario]") {
  std::string xml;
  for (int i = 0; i < 200'000; ++i) xml += "<a>";
  const TemporaryFile graphml("deep.graphml", xml);
  const TemporaryFile scenario("deep-graphml.json", with(R"([{"from": "paris", "to": ["london"]}])",
                                                         R"({"graphml": "deep.graphml"})"));

  CHECK(problems_of(scenario.name()).find("nested deeper than 64 levels") != std::string::npos);
}

TEST_CASE("a file of more than 64 MiB is a problem", "[scenario]") {
  const TemporaryFile large("large.json", std::string((64U << 20U) + 1, ' '));

  CHECK(problems_of(large.name()) == large.name() + ": is larger than 64 MiB; must be smaller\n");
}

TEST_CASE("a file of a million faults is answered with the first thousand", "[scenario]") {
  std::string faults;
  for (int i = 0; i < 1'000'000; ++i) faults += i == 0 ? "1" : ",1";
  const TemporaryFile many("many.json", R"({"faults": [)" + faults + "]}");

  const auto problems = load_scenario(many.name()).problems;

  CHECK(problems.size() == 1001);
  CHECK(problems.back().what == "has more problems; the first 1000 found are listed");
}

TEST_CASE("a control character in a key cannot break the line of its problem", "[scenario]") {
  const TemporaryFile file("control.json", with("\"count\": 10", "\"count\": 10, \"a\\nb\\u001b[31m\": 1"));

  const auto problems = problems_of(file.name());

  CHECK(problems.find("/fleet/groups/0/a\\x0ab\\x1b[31m: is no key") != std::string::npos);
  CHECK(std::count(problems.begin(), problems.end(), '\n') == 1);
}

}  // namespace
}  // namespace ibcf::sim
