#include "controlplane/bundle_check.hpp"

#include <algorithm>
#include <cmath>

#include "controlplane/maintenance_window.hpp"

namespace ibcf {
namespace {

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

std::string problem_of(const ObjectValue& value) {
  switch (value.kind) {
    case ObjectKind::exact:
    case ObjectKind::version:
      return is_blank(value.text) ? "has a blank value" : "";
    case ObjectKind::set:
      if (std::any_of(value.items.begin(), value.items.end(), is_blank)) return "has a blank item";
      return std::adjacent_find(value.items.begin(), value.items.end(), std::greater_equal<>()) ==
                     value.items.end()
                 ? ""
                 : "has items that are not sorted, each once";
    case ObjectKind::number:
      return std::isfinite(value.number) ? "" : "has a value that is no number";
  }
  return "has a value of no known kind";
}

std::string problem_of(const DesiredObject& object) {
  if (std::string problem = problem_of(object.value); !problem.empty()) return problem;
  if (!std::isfinite(object.weight) || object.weight < 0) return "has a weight that is not 0 or more";
  if (!std::isfinite(object.tolerance) || object.tolerance < 0)
    return "has a tolerance that is not 0 or more";
  return {};
}

}  // namespace

std::vector<std::string> problems_of(const PolicyBundle& bundle) {
  std::vector<std::string> problems;
  const auto add_if = [&](bool wrong, std::string what) {
    if (wrong) problems.push_back(std::move(what));
  };
  add_if(bundle.id.is_nil(), "id is nil");
  add_if(is_blank(bundle.name), "name is blank");
  add_if(is_blank(bundle.version), "version is blank");
  add_if(bundle.release == 0, "release is 0");
  for (const auto& [name, object] : bundle.objects) {
    add_if(is_blank(name), "an object has a blank name");
    if (const std::string problem = problem_of(object); !problem.empty())
      problems.push_back("object " + name + " " + problem);
  }
  for (const ArtifactId& artifact : bundle.artifacts) add_if(artifact.is_nil(), "an artifact's id is nil");
  const Constraints& constraints = bundle.constraints;
  const auto window = MaintenanceWindow::parse(constraints.maintenance_window);
  add_if(!window.first, "maintenance_window: " + window.second);
  add_if(!(constraints.min_battery_pct >= 0 && constraints.min_battery_pct <= 100),
         "min_battery_pct is not within 0..100");
  return problems;
}

}  // namespace ibcf
