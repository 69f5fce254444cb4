#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/json.hpp"
#include "model/time.hpp"
#include "scenario_units.hpp"

namespace ibcf::sim {

/// A value of the filled document and its JSON pointer. Of a missing value every member is missing.
class Spot {
 public:
  Spot(Json* json, std::string path) : json_(json), path_(std::move(path)) {}

  Spot operator[](const char* key) const {
    const bool there = json_ != nullptr && json_->is_object() && json_->contains(key);
    return {there ? &(*json_)[key] : nullptr, path_ + "/" + key};
  }
  [[nodiscard]] std::vector<Spot> items() const {
    std::vector<Spot> items;
    if (json_ == nullptr || !json_->is_array()) return items;
    for (std::size_t i = 0; i < json_->size(); ++i)
      items.emplace_back(&(*json_)[i], path_ + "/" + std::to_string(i));
    return items;
  }
  [[nodiscard]] bool is_there() const { return json_ != nullptr && !json_->is_null(); }
  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::string text() const {
    return is_there() && json_->is_string() ? json_->get<std::string>() : std::string();
  }
  [[nodiscard]] std::map<std::string, std::string> texts() const {
    std::map<std::string, std::string> texts;
    if (json_ == nullptr || !json_->is_object()) return texts;
    for (const auto& [key, value] : json_->items())
      if (value.is_string()) texts[key] = value.get<std::string>();
    return texts;
  }
  [[nodiscard]] bool flag() const { return is_there() && json_->is_boolean() && json_->get<bool>(); }
  [[nodiscard]] double number() const { return is_there() && json_->is_number() ? json_->get<double>() : 0; }
  template <class Whole>
  [[nodiscard]] Whole whole() const {
    return is_there() && json_->is_number_integer() ? json_->get<Whole>() : Whole{};
  }
  [[nodiscard]] double amount(Unit unit) const { return parse_amount(unit, text()).value_or(0); }
  [[nodiscard]] std::uint64_t bytes() const { return static_cast<std::uint64_t>(amount(Unit::size)); }
  [[nodiscard]] Duration duration() const { return parse_duration(text()).value_or(Duration{}); }
  [[nodiscard]] Instant instant() const { return at(duration()); }

  /// The enumerator whose word stands here; `fallback` where none does.
  template <class Enum>
  [[nodiscard]] Enum word(Enum fallback) const {
    const auto words = words_of(fallback);
    const auto found = std::find(words.begin(), words.end(), text());
    return found == words.end() ? fallback : static_cast<Enum>(found - words.begin());
  }

  /// Writes a default that depends on other values.
  void set(const char* key, Json value) const {
    if (json_ != nullptr && json_->is_object()) (*json_)[key] = std::move(value);
  }

 private:
  Json* json_;
  std::string path_;
};

}  // namespace ibcf::sim
