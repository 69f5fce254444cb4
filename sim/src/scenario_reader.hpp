#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "positions.hpp"
#include "scenario_problems.hpp"
#include "scenario_spot.hpp"
#include "sim/scenario.hpp"

namespace ibcf::sim {

/// The names of one sort of thing, by index.
class Names {
 public:
  explicit Names(const char* sort) : sort_(sort) {}

  /// False: the name is taken.
  bool add(const std::string& name) {
    const auto index = static_cast<std::uint32_t>(names_.size());
    names_.push_back(name);
    return index_.emplace(name, index).second;
  }
  [[nodiscard]] std::uint32_t find(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? none : found->second;
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return names_; }
  [[nodiscard]] const char* sort() const { return sort_; }
  /// Some of these things could not be read, so an unknown name may be one of theirs.
  void miss_some() { misses_some_ = true; }
  [[nodiscard]] bool misses_some() const { return misses_some_; }

 private:
  const char* sort_;
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> index_;
  bool misses_some_ = false;
};

/// The names of everything that a scenario refers to by name.
struct ScenarioNames {
  Names domains{"domain"};
  Names sites{"site"};
  Names relays{"relay"};
  Names access{"access"};
  Names controllers{"controller"};
  Names links{"backbone link"};
  Names links_back{"backbone link"};
  Names keys{"key"};
  Names artifacts{"artifact"};
};

/// What the parts of a scenario are read with: a problem gets its place, a name leads to its index.
class ScenarioReader {
 public:
  ScenarioReader(const PlacedJson& document, ProblemList& problems)
      : document_(document), problems_(problems) {}

 protected:
  void report(const std::string& path, std::string what) {
    const Mark mark = document_.mark_of(path);
    problems_.add(mark.line, mark.column, path, std::move(what));
  }

  std::string new_name(const Spot& spot, Names& names) {
    const std::string name = spot["name"].text();
    if (!spot["name"].is_there()) names.miss_some();
    if (!names.add(name) && spot["name"].is_there()) taken(spot["name"].path(), name, names);
    return name;
  }

  void taken(const std::string& path, const std::string& name, const Names& names) {
    report(path, fmt::format("names a second {} \"{}\"; each must have a name of its own", names.sort(),
                             shown_text(name)));
  }

  std::uint32_t reference(const Spot& spot, const Names& names) {
    const std::string name = spot.text();
    const std::uint32_t index = names.find(name);
    if (index == none && spot.is_there() && !names.misses_some())
      report(spot.path(), fmt::format("names no {}: there is no \"{}\"{}", names.sort(), shown_text(name),
                                      suggestion(name, names.all())));
    return index;
  }

  [[nodiscard]] bool document_knows(const std::string& path) const {
    return document_.value.contains(Json::json_pointer(path));
  }
  [[nodiscard]] std::string place_of(const std::string& path) const {
    const Mark mark = document_.mark_of(path);
    return fmt::format("{}:{}:{}", problems_.file(), mark.line, mark.column);
  }
  static std::uint32_t read_nodes(const Spot& spot) {
    return spot.text() == "all" ? none : spot.whole<std::uint32_t>();
  }

  const PlacedJson& document_;
  ProblemList& problems_;
};

/// Keys, artifacts and revocations, into `scenario` and `names`.
void read_supply_chain(const Spot& spot, ScenarioNames& names, Scenario& scenario, const PlacedJson& document,
                       ProblemList& problems);
/// Workload, faults and expectations of the whole file `root`, into `scenario`. All that they refer to is in
/// `names` by then.
void read_events(const Spot& root, ScenarioNames& names, Scenario& scenario, const PlacedJson& document,
                 ProblemList& problems);

}  // namespace ibcf::sim
