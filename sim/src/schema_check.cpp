#include <fmt/format.h>

#include <algorithm>

#include "model/nearest.hpp"
#include "scenario_units.hpp"
#include "schema.hpp"

namespace ibcf::sim {
namespace {

// One type of JSON Schema as a person calls it.
std::string_view called(std::string_view type) {
  if (type == "object") return "an object";
  if (type == "array") return "a list";
  if (type == "string") return "a text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  return "true or false";
}

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() &&
         value.get<double>() ==
             static_cast<double>(static_cast<std::int64_t>(std::clamp(value.get<double>(), -9e15, 9e15)));
}

bool has_type(std::string_view type, const Json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return is_whole(value);
  if (type == "number") return value.is_number();
  return value.is_boolean();
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& item : list) texts.push_back(item.get<std::string>());
  return texts;
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, unused] : object.items()) keys.push_back(key);
  return keys;
}

std::string listed(const std::vector<std::string>& names, std::string_view last_word) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? fmt::format(" {} ", last_word) : ", ";
    list += names[i];
  }
  return list;
}

class SchemaCheck {
 public:
  SchemaCheck(const PlacedJson& document, ProblemList& problems) : document_(document), problems_(problems) {
    bad_.insert(document.unreadable.begin(), document.unreadable.end());
  }

  void value(const Json& schema, const Json& value, const std::string& path) {
    if (problems_.full() || bad_.contains(path)) return;
    if (!schema.contains("type") && schema.contains("oneOf"))
      return alternatives(schema["oneOf"], value, path);
    if (schema.contains("const")) return;  // its alternative was chosen by it
    if (schema.contains("x-unit")) return amount(schema, value, path);
    if (!type(schema, value, path)) return;
    if (value.is_object()) object(schema, value, path);
    if (value.is_array()) array(schema, value, path);
    if (value.is_string()) text(schema, value, path);
    if (value.is_number()) number(schema, value, path);
  }

  std::set<std::string> take_bad() { return std::move(bad_); }

 private:
  void report(const std::string& path, std::string what) {
    const Mark mark = document_.mark_of(path);
    problems_.add(mark.line, mark.column, path, std::move(what));
  }
  void reject(const std::string& path, std::string what) {
    report(path, std::move(what));
    bad_.insert(path);
  }

  void alternatives(const Json& choices, const Json& given, const std::string& path) {
    if (const Json* meant = meant_alternative(choices, given)) return value(*meant, given, path);
    if (given.is_object() && choices[0].contains("properties") && choices[0]["properties"].contains("kind"))
      return kind(choices, given, path);
    std::vector<std::string> types;
    for (const Json& choice : choices)
      if (const auto name = std::string(called(choice["type"].get<std::string>()));
          std::find(types.begin(), types.end(), name) == types.end())
        types.push_back(name);
    reject(path, fmt::format("must be {}, is {}", listed(types, "or"), shown(given)));
  }

  void kind(const Json& choices, const Json& given, const std::string& path) {
    std::vector<std::string> kinds;
    for (const Json& choice : choices) kinds.push_back(choice["title"].get<std::string>());
    if (!given.contains("kind"))
      return reject(path, fmt::format("has no kind; must be {}", listed(kinds, "or")));
    const Json& found = given["kind"];
    std::string near = found.is_string() ? nearest_name(found.get<std::string>(), kinds) : "";
    if (!near.empty()) near = fmt::format("; did you mean \"{}\"?", near);
    reject(path + "/kind", fmt::format("must be {}, is {}{}", listed(kinds, "or"), shown(found), near));
    bad_.insert(path);
  }

  void amount(const Json& schema, const Json& value, const std::string& path) {
    const Unit unit = unit_named(schema["x-unit"].get<std::string>());
    std::optional<double> amount;
    if (value.is_string())
      amount = parse_amount(unit, value.get<std::string>());
    else if (unit == Unit::fraction && value.is_number())
      amount = value.get<double>();
    const bool in_range = unit != Unit::fraction || (amount && *amount >= 0 && *amount <= 1);
    if (!amount || !in_range)
      return reject(path, fmt::format("must be {}, is {}", wanted(unit), shown(value)));
    bound(schema, "x-minimum", "at least", unit, *amount, value, path);
    bound(schema, "x-maximum", "at most", unit, *amount, value, path);
  }

  void bound(const Json& schema, const char* keyword, const char* words, Unit unit, double amount,
             const Json& value, const std::string& path) {
    if (!schema.contains(keyword)) return;
    const auto limit = schema[keyword].get<std::string>();
    const double at = parse_amount(unit, limit).value();
    const bool lower = std::string_view(keyword) == "x-minimum";
    if (lower ? amount < at : amount > at)
      reject(path, fmt::format("must be {} \"{}\", is {}", words, limit, shown(value)));
  }

  bool type(const Json& schema, const Json& value, const std::string& path) {
    const auto types =
        schema["type"].is_array() ? texts_of(schema["type"]) : std::vector{schema["type"].get<std::string>()};
    for (const std::string& allowed : types)
      if (has_type(allowed, value)) return true;
    std::vector<std::string> names;
    names.reserve(types.size());
    for (const std::string& allowed : types) names.emplace_back(called(allowed));
    if (schema.contains("x-word")) names.back() = fmt::format("\"{}\"", schema["x-word"].get<std::string>());
    reject(path, fmt::format("must be {}, is {}", listed(names, "or"), shown(value)));
    return false;
  }

  void object(const Json& schema, const Json& given, const std::string& path) {
    const Json none_given = Json::object();
    const Json& properties = schema.contains("properties") ? schema["properties"] : none_given;
    const Json& others = schema["additionalProperties"];
    for (const auto& [key, member] : given.items()) {
      const std::string at = path + "/" + pointer_part(key);
      if (properties.contains(key))
        value(properties[key], member, at);
      else if (others.is_object())
        value(others, member, at);
      else
        unknown_key(key, keys_of(properties), at);
    }
    if (schema.contains("required"))
      for (const Json& key : schema["required"]) missing_key(properties, key.get<std::string>(), given, path);
    if (schema.contains("oneOf")) exactly_one(schema["oneOf"], given, path);
  }

  void unknown_key(const std::string& key, const std::vector<std::string>& known, const std::string& path) {
    const Mark mark = document_.key_mark_of(path);
    problems_.add(mark.line, mark.column, path, "is no key of this object" + suggestion(key, known));
    bad_.insert(path);
  }

  void missing_key(const Json& properties, const std::string& key, const Json& given,
                   const std::string& path) {
    if (given.contains(key)) return;
    std::string meaning = properties[key].value("description", "");
    if (const auto stop = meaning.find_first_of(".;:"); stop != std::string::npos) meaning.resize(stop);
    report(path, fmt::format("must have \"{}\" ({}), has none", key, meaning));
    bad_.insert(path + "/" + key);
  }

  // A oneOf that demands one of several keys.
  void exactly_one(const Json& choices, const Json& given, const std::string& path) {
    std::vector<std::string> keys;
    std::vector<std::string> present;
    for (const Json& choice : choices) keys.push_back(choice["required"][0].get<std::string>());
    for (const std::string& key : keys)
      if (given.contains(key)) present.push_back(key);
    if (present.size() == 1) return;
    report(path, fmt::format("must have exactly one of {}, has {}", listed(keys, "and"),
                             present.empty() ? "none" : listed(present, "and")));
    bad_.insert(path + "/" + keys.front());
  }

  void array(const Json& schema, const Json& given, const std::string& path) {
    if (schema.contains("minItems") && given.size() < schema["minItems"].get<std::size_t>())
      report(path, "must not be empty");
    for (std::size_t i = 0; i < given.size() && !problems_.full(); ++i)
      value(schema["items"], given[i], path + "/" + std::to_string(i));
  }

  void text(const Json& schema, const Json& value, const std::string& path) {
    const auto& given = value.get_ref<const std::string&>();
    if (schema.contains("x-word")) {
      if (value != schema["x-word"])
        reject(path, fmt::format("must be a whole number or \"{}\", is {}",
                                 schema["x-word"].get<std::string>(), shown(value)));
    } else if (schema.contains("enum")) {
      const auto words = texts_of(schema["enum"]);
      if (std::find(words.begin(), words.end(), given) != words.end()) return;
      const auto near = nearest_name(given, words);
      const bool few = words.size() <= 6;
      std::string what = few ? fmt::format("must be {}, is {}", listed(words, "or"), shown(value))
                             : fmt::format("is {}, which is not known", shown(value));
      if (!near.empty())
        what += fmt::format("; did you mean \"{}\"?", near);
      else if (!few)
        what += "; the scenario reference lists them";
      reject(path, std::move(what));
    } else if (given.empty() && schema.value("minLength", 0) > 0) {
      reject(path, "must not be empty");
    }
  }

  void number(const Json& schema, const Json& value, const std::string& path) {
    const bool low = schema.contains("minimum") && value < schema["minimum"];
    const bool high = schema.contains("maximum") && value > schema["maximum"];
    if (!low && !high) return;
    const auto range = schema.contains("maximum")
                           ? fmt::format("within {}..{}", schema["minimum"].dump(), schema["maximum"].dump())
                           : fmt::format("at least {}", schema["minimum"].dump());
    reject(path, fmt::format("must be {}, is {}", range, shown(value)));
  }

  const PlacedJson& document_;
  ProblemList& problems_;
  std::set<std::string> bad_;
};

Json filled_object(const Json& schema, const Json& value, const std::string& path,
                   const std::set<std::string>& unreadable);

Json filled_value(const Json& schema, const Json& value, const std::string& path,
                  const std::set<std::string>& unreadable) {
  if (unreadable.contains(path)) return nullptr;
  if (!schema.contains("type") && schema.contains("oneOf")) {
    const Json* meant = meant_alternative(schema["oneOf"], value);
    return meant == nullptr ? Json() : filled_value(*meant, value, path, unreadable);
  }
  if (value.is_object()) return filled_object(schema, value, path, unreadable);
  if (value.is_array()) {
    Json items = Json::array();
    for (std::size_t i = 0; i < value.size(); ++i)
      items.push_back(filled_value(schema["items"], value[i], path + "/" + std::to_string(i), unreadable));
    return items;
  }
  if (schema.contains("x-unit") && value.is_string()) {
    const Unit unit = unit_named(schema["x-unit"].get<std::string>());
    const auto& text = value.get_ref<const std::string&>();
    if (unit != Unit::fraction) return canonical_text(unit, text);
    return parse_amount(unit, text).value();
  }
  // One form for 30 and 30.0, so that both give one hash.
  if (value.is_number_float() && is_whole(value)) return static_cast<std::int64_t>(value.get<double>());
  return value;
}

Json filled_object(const Json& schema, const Json& value, const std::string& path,
                   const std::set<std::string>& unreadable) {
  if (!schema.contains("properties")) return value;
  Json object = Json::object();
  for (const auto& [key, member] : schema["properties"].items()) {
    const std::string at = path + "/" + key;
    Json read;
    if (value.contains(key)) read = filled_value(member, value[key], at, unreadable);
    if (read.is_null() && member.contains("default")) read = filled_value(member, member["default"], at, {});
    if (!read.is_null()) object[key] = std::move(read);
  }
  return object;
}

}  // namespace

std::set<std::string> check_against(const Json& schema, const PlacedJson& document, ProblemList& problems) {
  SchemaCheck check(document, problems);
  check.value(schema, document.value, "");
  return check.take_bad();
}

Json filled(const Json& schema, const Json& value, const std::set<std::string>& unreadable) {
  return filled_value(schema, value, "", unreadable);
}

}  // namespace ibcf::sim
