#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "../place.hpp"
#include "scenario_support.hpp"

namespace ibcf::sim {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// Someone else's validator, with the schema as published: what an editor sees.
class Published {
 public:
  Published() {
    const json text = json::parse(text_in("scenarios/scenario.schema.json"));
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema_);
  }
  bool accepts(const json& document) {
    valijson::Validator validator;
    const valijson::adapters::NlohmannJsonAdapter target(document);
    return validator.validate(schema_, target, nullptr);
  }

 private:
  valijson::Schema schema_;
};

json read(const fs::path& file) {
  return json::parse(text_in(file), nullptr, true, true);
}

void check_generated(const std::string& file, const std::string& text) {
  fs::current_path(project_folder());
  if (std::getenv("IBCF_WRITE_DOCS") != nullptr) std::ofstream(file, std::ios::binary) << text;
  INFO(file << " is stale; ./dev docs rewrites it");
  CHECK(text_in(file) == text);
}

TEST_CASE("the generated scenario schema in the tree is the one the loader uses", "[scenario]") {
  check_generated("scenarios/scenario.schema.json", scenario_schema());
}

TEST_CASE("the generated scenario reference in the tree is the one made from the schema", "[scenario]") {
  check_generated("docs/scenario-reference.md", scenario_reference());
}

TEST_CASE("each shipped scenario is valid by the published schema in another validator", "[scenario]") {
  fs::current_path(project_folder());
  Published published;
  int checked = 0;

  for (const auto& entry : fs::recursive_directory_iterator("scenarios")) {
    const auto& file = entry.path();
    if (file.extension() != ".json" || file.filename() == "scenario.schema.json") continue;
    INFO(file);
    CHECK(published.accepts(read(file)));
    ++checked;
  }
  CHECK(checked >= 3);
}

TEST_CASE("the resolved form of a scenario is valid by the published schema", "[scenario]") {
  fs::current_path(project_folder());
  Published published;

  CHECK(published.accepts(json::parse(load_scenario("scenarios/small-partition.json").resolved)));
}

TEST_CASE("another validator refuses by the published schema what the loader refuses by it", "[scenario]") {
  fs::current_path(project_folder());
  Published published;

  for (const char* name : {"access-without-kind",
                           "expectation-with-two-compares",
                           "expectation-without-compare",
                           "expectation-without-why",
                           "geo-without-satellite",
                           "many-at-once",
                           "missing-keys",
                           "negative",
                           "no-groups",
                           "no-nodes",
                           "not-an-object",
                           "number-as-text",
                           "number-without-unit",
                           "out-of-range",
                           "unknown-access-kind",
                           "unknown-key",
                           "unknown-metric",
                           "unknown-section",
                           "unknown-word-for-nodes",
                           "wrong-type",
                           "wrong-unit"}) {
    INFO(name);
    CHECK_FALSE(published.accepts(read(fs::path("tests/bad_scenarios") / (std::string(name) + ".json"))));
  }
}

}  // namespace
}  // namespace ibcf::sim
