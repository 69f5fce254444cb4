#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/digest.hpp"
#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/time.hpp"

/// The JSON form of every described type: keys are field names, enums their words, ids 26 characters,
/// instants RFC 3339, durations "30s", bytes and digests hex. For scenarios, exports and reports; the hot
/// path uses codec.hpp.
namespace ibcf {

using Json = nlohmann::ordered_json;

/// One thing wrong with a document: where ("/runtime/health"), and what is wrong and would be right.
struct JsonProblem {
  std::string path;
  std::string what;
};

template <class T>
Json to_json(const T& value);

namespace json_detail {

template <class T>
void read(const Json& json, T& value, const std::string& path, std::vector<JsonProblem>& problems);

}  // namespace json_detail

/// Reads `json` into `value`. A missing key keeps the field's default; an unknown key, a wrong type, a word
/// that is not in the enum and a number out of range are problems, all of them reported.
template <class T>
std::vector<JsonProblem> from_json(const Json& json, T& value) {
  std::vector<JsonProblem> problems;
  json_detail::read(json, value, "", problems);
  return problems;
}

namespace json_detail {

template <class T>
std::string words_list() {
  std::string list;
  for (const auto word : words_of(T{})) list += (list.empty() ? "" : "|") + std::string(word);
  return list;
}

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t n>
inline constexpr bool is_array<std::array<T, n>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_id = false;
template <class Of>
inline constexpr bool is_id<Id<Of>> = true;

template <class T>
void read_text(const Json& json, T& value, const std::string& path, std::vector<JsonProblem>& problems,
               const char* wanted, auto&& parse) {
  if (json.is_string()) {
    if (auto parsed = parse(json.get_ref<const std::string&>())) {
      value = *parsed;
      return;
    }
  }
  problems.push_back({path, fmt::format("must be {}, is {}", wanted, json.dump())});
}

template <class T>
void read(const Json& json, T& value, const std::string& path, std::vector<JsonProblem>& problems) {
  if constexpr (Described<T>) {
    if (!json.is_object()) {
      problems.push_back({path, fmt::format("must be an object, is {}", json.type_name())});
      return;
    }
    std::vector<std::string_view> known;
    T::visit_fields(value, [&](std::string_view name, auto& field) {
      known.push_back(name);
      if (const auto found = json.find(std::string(name)); found != json.end())
        read(*found, field, path + "/" + std::string(name), problems);
    });
    for (const auto& [key, unused] : json.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        problems.push_back({path + "/" + key, "is not a field of this object"});
  } else if constexpr (Worded<T>) {
    read_text(json, value, path, problems, ("one of " + words_list<T>()).c_str(),
              [](const std::string& text) -> std::optional<T> {
                const auto words = words_of(T{});
                for (std::size_t i = 0; i < words.size(); ++i)
                  if (words[i] == text) return static_cast<T>(i);
                return std::nullopt;
              });
  } else if constexpr (is_optional<T>) {
    if (json.is_null())
      value.reset();
    else
      read(json, value.emplace(), path, problems);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    read_text(json, value, path, problems, "hex digits",
              [](const std::string& text) { return parse_hex(text); });
  } else if constexpr (std::is_same_v<T, Digest>) {
    read_text(json, value, path, problems, "64 hex digits",
              [](const std::string& text) -> std::optional<Digest> {
                const auto bytes = parse_hex(text);
                if (!bytes || bytes->size() != 32) return std::nullopt;
                Digest digest;
                std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
                return digest;
              });
  } else if constexpr (is_id<T>) {
    read_text(json, value, path, problems, "an id of 26 characters (ULID)",
              [](const std::string& text) -> std::optional<T> {
                if (text.empty()) return T{};
                const auto bytes = parse_id_bytes(text);
                if (!bytes) return std::nullopt;
                return T{*bytes};
              });
  } else if constexpr (std::is_same_v<T, Instant>) {
    read_text(json, value, path, problems, "an RFC 3339 time",
              [](const std::string& text) { return parse_rfc3339(text); });
  } else if constexpr (std::is_same_v<T, Duration>) {
    read_text(json, value, path, problems, "a duration such as \"30s\"",
              [](const std::string& text) { return parse_duration(text); });
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (json.is_string())
      value = json.get<std::string>();
    else
      problems.push_back({path, fmt::format("must be a text, is {}", json.dump())});
  } else if constexpr (is_list<T>) {
    value.clear();
    if (!json.is_array()) {
      problems.push_back({path, fmt::format("must be a list, is {}", json.type_name())});
      return;
    }
    for (std::size_t i = 0; i < json.size(); ++i)
      read(json[i], value.emplace_back(), path + "/" + std::to_string(i), problems);
  } else if constexpr (is_array<T>) {
    if (!json.is_array() || json.size() != value.size()) {
      problems.push_back({path, fmt::format("must be a list of {}, is {}", value.size(), json.dump())});
      return;
    }
    for (std::size_t i = 0; i < value.size(); ++i)
      read(json[i], value[i], path + "/" + std::to_string(i), problems);
  } else if constexpr (is_map<T>) {
    value.clear();
    if (!json.is_object()) {
      problems.push_back({path, fmt::format("must be an object, is {}", json.type_name())});
      return;
    }
    for (const auto& [key, item] : json.items()) read(item, value[key], path + "/" + key, problems);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (json.is_boolean())
      value = json.get<bool>();
    else
      problems.push_back({path, fmt::format("must be true or false, is {}", json.dump())});
  } else if constexpr (std::is_floating_point_v<T>) {
    if (json.is_number())
      value = json.get<T>();
    else
      problems.push_back({path, fmt::format("must be a number, is {}", json.dump())});
  } else {
    static_assert(std::is_integral_v<T>, "this type has no JSON form");
    const bool fits = json.is_number_unsigned()  ? std::in_range<T>(json.get<std::uint64_t>())
                      : json.is_number_integer() ? std::in_range<T>(json.get<std::int64_t>())
                                                 : false;
    if (fits)
      value = json.get<T>();
    else
      problems.push_back(
          {path, fmt::format("must be a whole number from {} to {}, is {}", std::numeric_limits<T>::min(),
                             std::numeric_limits<T>::max(), json.dump())});
  }
}

}  // namespace json_detail

template <class T>
Json to_json(const T& value) {
  using namespace json_detail;
  if constexpr (Described<T>) {
    Json json = Json::object();
    T::visit_fields(value, [&json](std::string_view name, const auto& field) {
      json[std::string(name)] = to_json(field);
    });
    return json;
  } else if constexpr (Worded<T>) {
    return std::string(word_of(value));
  } else if constexpr (is_optional<T>) {
    return value ? to_json(*value) : Json(nullptr);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return hex_of(value);
  } else if constexpr (is_id<T> || std::is_same_v<T, Digest> || std::is_same_v<T, Duration>) {
    return text_of(value);
  } else if constexpr (std::is_same_v<T, Instant>) {
    return rfc3339_of(value);
  } else if constexpr (is_list<T> || is_array<T>) {
    Json json = Json::array();
    for (const auto& item : value) json.push_back(to_json(item));
    return json;
  } else if constexpr (is_map<T>) {
    Json json = Json::object();
    for (const auto& [key, item] : value) json[key] = to_json(item);
    return json;
  } else {
    return value;
  }
}

}  // namespace ibcf
