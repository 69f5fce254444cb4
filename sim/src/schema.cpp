#include "schema.hpp"

#include "scenario_units.hpp"
#include "schema_text.hpp"

namespace ibcf::sim {
namespace {

Json metric_enum() {
  Json names = Json::array();
  for (const MetricName& metric : metric_names()) names.push_back(std::string(metric.name));
  return names;
}

Json expand(const Json& written) {
  if (written.is_array()) {
    Json items = Json::array();
    for (const Json& item : written) items.push_back(expand(item));
    return items;
  }
  if (!written.is_object()) return written;
  Json expanded = Json::object();
  for (const auto& [key, value] : written.items()) {
    if (key == "x-unit") {
      const Unit unit = unit_named(value.get_ref<const std::string&>());
      const bool fraction = unit == Unit::fraction;
      expanded["type"] = fraction ? Json{"number", "string"} : Json("string");
      if (fraction) expanded.update({{"minimum", 0}, {"maximum", 1}});
      expanded["pattern"] = std::string(pattern_of(unit));
    }
    expanded[key] = key == "enum" && value == "metrics" ? metric_enum() : expand(value);
  }
  return expanded;
}

}  // namespace

const Json& published_schema() {
  static const Json schema = expand(Json::parse(schema_text()));
  return schema;
}

const Json* meant_alternative(const Json& alternatives, const Json& value) {
  for (const Json& alternative : alternatives) {
    if (!alternative.contains("type")) continue;
    const auto& type = alternative["type"].get_ref<const std::string&>();
    if ((type == "object" && !value.is_object()) || (type == "array" && !value.is_array())) continue;
    const auto& properties = alternative.value("properties", Json::object());
    const auto kind = properties.find("kind");
    if (kind == properties.end()) return &alternative;
    if (value.contains("kind") && value["kind"] == kind->at("const")) return &alternative;
  }
  return nullptr;
}

std::string scenario_schema() {
  return published_schema().dump(2) + "\n";
}

}  // namespace ibcf::sim
