#include "sim/scenario.hpp"

#include "data_file.hpp"
#include "model/digest.hpp"
#include "positions.hpp"
#include "scenario_build.hpp"
#include "scenario_problems.hpp"
#include "schema.hpp"

namespace ibcf::sim {
namespace {

ByteView view_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Each file by its digest, so that no two lists of files give the same bytes.
std::string hash_of(Json resolved, const std::vector<std::string>& data) {
  resolved["engine"].erase("seed");
  std::string hashed = resolved.dump();
  for (const std::string& bytes : data) hashed += "\n" + ibcf::text_of(digest_of(view_of(bytes)));
  return ibcf::text_of(digest_of(view_of(hashed)));
}

void resolve(const PlacedJson& document, ProblemList& problems, LoadedScenario& loaded) {
  const auto unreadable = check_against(published_schema(), document, problems);
  if (!document.value.is_object()) return;
  Json json = filled(published_schema(), document.value, unreadable);
  json.erase("$schema");  // a hint for editors, no part of what is simulated
  auto built = build_scenario(json, document, problems);
  check_times(built.scenario, document, problems);
  if (problems.empty()) check_whole(built.scenario, document, problems);
  if (!problems.empty()) return;
  json = filled(published_schema(), json, {});  // puts what was written back where the schema has it
  loaded.scenario = std::move(built.scenario);
  loaded.scenario.text_hash = hash_of(json, built.data);
  loaded.resolved = json.dump(2) + "\n";
}

}  // namespace

LoadedScenario load_scenario(const std::string& file) {
  LoadedScenario loaded;
  ProblemList problems(file);
  std::string why;
  const auto text = read_file(file, why);
  if (!text) {
    loaded.problems = {{file, 0, 0, "", why}};
    return loaded;
  }
  const PlacedJson document = read_placed(*text, problems);
  // After a fault of syntax there is no document to look at.
  if (problems.empty() || !document.value.is_null()) resolve(document, problems, loaded);
  loaded.problems = problems.sorted();
  return loaded;
}

}  // namespace ibcf::sim
