#include <fmt/format.h>

#include "schema.hpp"
#include "sim/scenario.hpp"

namespace ibcf::sim {
namespace {

std::string in_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string code(const Json& value) {
  return fmt::format("`{}`", in_cell(value.dump()));
}

// The type or unit of a key, for people.
std::string sort_of(const Json& schema) {
  if (schema.contains("x-unit")) return schema["x-unit"].get<std::string>();
  if (schema.contains("const")) return code(schema["const"]);
  if (schema.contains("oneOf")) {
    std::string sorts;
    for (const Json& choice : schema["oneOf"]) {
      const std::string sort = choice["type"] == "array" ? "list" : "object";
      if (sorts.find(sort) == std::string::npos) sorts += (sorts.empty() ? "" : " or ") + sort;
    }
    return sorts;
  }
  if (schema.contains("x-word")) return "whole number or " + code(schema["x-word"]);
  const auto type = schema["type"].get<std::string>();
  if (type == "array") {
    const Json& items = schema["items"];
    return items.contains("oneOf") ? "list of objects" : fmt::format("list of {}s", sort_of(items));
  }
  if (type == "integer") return "whole number";
  if (type == "string") return "text";
  return type;
}

std::string bounds_of(const Json& schema) {
  std::string bounds;
  const auto add = [&](const char* word, const Json& limit) {
    bounds += fmt::format("{}{} {}", bounds.empty() ? "" : ", ", word,
                          limit.is_string() ? limit.get<std::string>() : limit.dump());
  };
  if (schema.contains("x-minimum")) add("at least", schema["x-minimum"]);
  if (schema.contains("x-maximum")) add("at most", schema["x-maximum"]);
  if (schema.contains("minimum") && !schema.contains("x-unit")) add("at least", schema["minimum"]);
  if (schema.contains("maximum") && !schema.contains("x-unit")) add("at most", schema["maximum"]);
  return bounds.empty() ? "" : " (" + bounds + ")";
}

std::string meaning_of(const Json& schema) {
  std::string meaning = schema.value("description", "");
  if (schema.contains("enum") && schema["enum"].size() <= 6) {
    meaning += " One of";
    for (const Json& word : schema["enum"]) meaning += (word == schema["enum"][0] ? " " : ", ") + code(word);
    meaning += ".";
  }
  return in_cell(meaning);
}

std::string example_of(const Json& schema) {
  if (schema.contains("examples")) return code(schema["examples"][0]);
  if (schema.contains("const")) return code(schema["const"]);
  if (schema.contains("default") && !schema["default"].is_structured()) return code(schema["default"]);
  return "";
}

bool is_required(const Json& object, const std::string& key) {
  if (!object.contains("required")) return false;
  for (const Json& required : object["required"])
    if (required == key) return true;
  return false;
}

void write_object(std::string& page, const std::string& title, const Json& schema);

// The sections of what is nested in a value, if anything is.
void write_nested(std::string& page, const std::string& path, const Json& schema) {
  if (schema.contains("oneOf") && !schema.contains("properties")) {
    for (const Json& choice : schema["oneOf"]) {
      const auto title = fmt::format("{} ({})", path, choice["title"].get<std::string>());
      if (choice["type"] == "array")
        write_nested(page, title, choice);
      else
        write_object(page, title, choice);
    }
  } else if (schema.contains("items")) {
    write_nested(page, path + "[]", schema["items"]);
  } else if (schema.contains("properties")) {
    write_object(page, path, schema);
  }
}

void write_object(std::string& page, const std::string& title, const Json& schema) {
  page += fmt::format("\n## {}\n\n", title);
  if (schema.contains("description") && title != "The file")
    page += schema["description"].get<std::string>() + "\n\n";
  page += "| key | type or unit | default | meaning | example |\n|---|---|---|---|---|\n";
  for (const auto& [key, member] : schema["properties"].items()) {
    const std::string missing = is_required(schema, key) ? "required" : "-";
    page += fmt::format("| `{}` | {}{} | {} | {} | {} |\n", key, sort_of(member), bounds_of(member),
                        member.contains("default") ? code(member["default"]) : missing, meaning_of(member),
                        example_of(member));
  }
  for (const auto& [key, member] : schema["properties"].items())
    write_nested(page, title == "The file" ? key : title + "." + key, member);
}

constexpr std::string_view units = R"(
## Units

| unit | how it is written | examples |
|---|---|---|
| duration | a sum of terms with ns, us, ms, s, min or m, h, d; times are durations from the start of the run | `"250ms"`, `"1h30m"` |
| rate | bits per second: bps, kbps, Mbps, Gbps, Tbps | `"10Mbps"` |
| size | bytes: B, kB, MB, GB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024) | `"16KiB"`, `"1MB"` |
| length | m or km | `"30km"` |
| angle | deg | `"53deg"` |
| fraction | a number from 0 to 1, or a percentage | `0.01`, `"1%"` |
)";

void write_metrics(std::string& page) {
  page += "\n## Metrics\n\nWhat an expectation may name.\n\n";
  page += "| metric | meaning | takes `at` | takes `domain` |\n|---|---|---|---|\n";
  for (const MetricName& metric : metric_names())
    page += fmt::format("| `{}` | {} | {} | {} |\n", metric.name, in_cell(std::string(metric.meaning)),
                        metric.takes_time ? "yes" : "no", metric.takes_domain ? "yes" : "no");
}

}  // namespace

std::string scenario_reference() {
  const Json& schema = published_schema();
  std::string page =
      "# Scenario reference\n\n<!-- Generated from the scenario schema by ./dev docs; do not edit. -->\n\n";
  page += schema["description"].get<std::string>() + "\n";
  page +=
      "\nAn unknown key is an error, and so is a name that nothing has. Paths of data files start at the "
      "scenario's folder.\n";
  page += units;
  write_object(page, "The file", schema);
  write_metrics(page);
  return page;
}

}  // namespace ibcf::sim
