#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/node.hpp"

namespace ibcf {

/// How the value of an object is compared, desired against actual (protocols page, "Drift").
enum class ObjectKind : std::uint8_t { exact, version, set, number };
constexpr auto words_of(ObjectKind) {
  return std::array<std::string_view, 4>{"EXACT", "VERSION", "SET", "NUMBER"};
}

/// The value of one object of a node's state. Only the member that `kind` names counts: `text` for EXACT and
/// VERSION, `items` (sorted, each once) for SET, `number` for NUMBER; the others are empty.
struct ObjectValue {
  ObjectKind kind = ObjectKind::exact;
  std::string text;
  std::vector<std::string> items;
  double number = 0;
  IBCF_FIELDS(ObjectValue, kind, text, items, number)
};

inline ObjectValue exact_value(std::string text) {
  return {ObjectKind::exact, std::move(text), {}, 0};
}

/// What is done with an object that master and node changed apart (protocols page, "Reconciliation policy").
enum class ReconcilePolicy : std::uint8_t {
  epoch_wins,    ///< the higher term's value: desired version and assignments; the default
  control_wins,  ///< the master's: security, enforced settings
  node_wins,     ///< the node's, if it decided under a valid LOCAL grant
  three_way,     ///< per field, against the last common desired value
  merge,         ///< sets are united, counters added up
  keep_both,     ///< an operator decides
  defer,         ///< not now: the node is in critical work
  give_up,       ///< after N tries
  quarantine     ///< a difference here is a reason to distrust
};
constexpr auto words_of(ReconcilePolicy) {
  return std::array<std::string_view, 9>{"EPOCH_WINS", "CONTROL_WINS", "NODE_WINS", "THREE_WAY", "MERGE",
                                         "KEEP_BOTH",  "DEFER",        "GIVE_UP",   "QUARANTINE"};
}

/// One object of a bundle: what it should be, how much it matters, and what is done about a conflict.
struct DesiredObject {
  ObjectValue value;
  double tolerance = 0;  ///< NUMBER: distance 1 is reached here; 0 asks for equality
  double weight = 1;
  bool critical = false;
  ReconcilePolicy policy = ReconcilePolicy::epoch_wins;
  std::uint32_t max_tries = 3;  ///< GIVE_UP: after so many reconciliations
  IBCF_FIELDS(DesiredObject, value, tolerance, weight, critical, policy, max_tries)
};

/// What nodes should be: objects, version, artifacts and constraints. Bundles of one name are ordered by
/// `release`.
struct PolicyBundle {
  BundleId id;
  std::string name;
  std::string version;
  std::uint64_t release = 0;
  std::map<std::string, DesiredObject> objects;
  std::vector<ArtifactId> artifacts;
  Constraints constraints;
  IBCF_FIELDS(PolicyBundle, id, name, version, release, objects, artifacts, constraints)
};

}  // namespace ibcf
