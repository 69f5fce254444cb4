#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/version.hpp"
#include "model/fields.hpp"
#include "model/observation.hpp"
#include "model/policy.hpp"
#include "model/time.hpp"

/// How far a node is from what it should be (protocols page, "Drift"): a function of a bundle, the body of a
/// snapshot and what is stored beside them, and of nothing else (I-60). Computed when asked for, never kept
/// as a truth (seed, "Key invariants").
namespace ibcf {

/// Rises when the same inputs would give another score. Stands wherever a score is written.
inline constexpr std::uint32_t drift_formula_version = 1;

/// A VERSION object that is so many releases off is as wrong as can be.
inline constexpr std::uint64_t releases_to_full_distance = 5;

/// Why a difference was to be expected. Such drift is listed apart and not scored (I-62).
enum class Excuse : std::uint8_t {
  rollout,             ///< a rollout is bringing the bundle, and the node still is as its present one asks
  maintenance_window,  ///< decided at a return, and waits at the node for its bundle's window
  local_grant          ///< decided by the node under a LOCAL grant, and not reconciled yet
};
constexpr auto words_of(Excuse) {
  return std::array<std::string_view, 3>{"ROLLOUT", "MAINTENANCE_WINDOW", "LOCAL_GRANT"};
}

/// The versions that were ever released of each VERSION object, in the order of versions, each once.
class ReleaseList {
 public:
  /// Takes in what the VERSION objects of a published bundle ask for.
  void add(const PolicyBundle& bundle);
  /// Releases after the older one, up to and with the newer one. By the list where both stand in it; else
  /// estimated from the numbers (steps_between). Requires different versions.
  [[nodiscard]] std::uint64_t between(const std::string& object, const Version& a, const Version& b) const;

 private:
  std::map<std::string, std::vector<Version>> of_object_;
};

/// What is known of a node beside its bundle and its snapshot. What is not given changes nothing.
struct DriftContext {
  const ReleaseList* releases = nullptr;
  /// What an earlier reconciliation settled for this node instead of the bundle's own value.
  const std::map<std::string, ObjectValue>* settled = nullptr;
  const std::map<std::string, Excuse>* expected = nullptr;
};

/// One object that is not as it should be: a line of the structured difference of desired and actual.
struct ObjectDrift {
  std::string object;
  ObjectValue desired;
  ObjectValue actual;
  double distance = 0;
  double weight = 0;
  bool critical = false;
  IBCF_FIELDS(ObjectDrift, object, desired, actual, distance, weight, critical)
};
struct ExpectedDrift {
  ObjectDrift drift;
  Excuse excuse = Excuse::rollout;
  IBCF_FIELDS(ExpectedDrift, drift, excuse)
};

/// Figures are rounded to millionths, but never to 0 or 1 from what is neither.
struct DriftScore {
  double raw = 0;
  double score = 0;  ///< 0 exactly where everything known is in spec; 1 for a critical full mismatch (I-61)
  std::uint32_t objects = 0;             ///< of the bundle
  std::vector<ObjectDrift> out_of_spec;  ///< scored, by object
  std::vector<ExpectedDrift> expected;   ///< not scored, by object
  std::vector<std::string> unknown;      ///< not in the snapshot: not counted
  std::uint32_t formula_version = drift_formula_version;
  IBCF_FIELDS(DriftScore, raw, score, objects, out_of_spec, expected, unknown, formula_version)
};

/// Distance of one object in [0, 1]; 0 exactly where `actual` is what `desired` asks for.
///   EXACT    0 or 1
///   VERSION  releases between / 5, at most 1; 1 where either is no version
///   SET      Jaccard: 1 - size of the intersection / size of the union
///   NUMBER   |a - b| / tolerance, at most 1; 0 or 1 where there is no tolerance
/// Values of different kinds are 1 apart, and so are a number and what is none.
double distance(const std::string& object, const DesiredObject& desired, const ObjectValue& actual,
                const ReleaseList* releases = nullptr);

/// raw = sum(w d) / sum(w); score = 1 - (1 - raw) * product over critical objects of (1 - d). What is
/// expected counts as in spec. An object whose weight is not above 0 does not count into raw, but keeps it
/// above 0 while it is out of spec.
DriftScore score(const PolicyBundle& desired, const Snapshot& actual, const DriftContext& context = {});

/// How much a score of this age still says: 2^(-age / half_life), in millionths. It stands beside the score,
/// never in it. Requires a half-life above 0; an age below 0 counts as 0.
double confidence(Duration age, Duration half_life);

/// Rounded to millionths, but never to 0 or 1 from what is neither. Requires a value in [0, 1].
double quantised(double share);

}  // namespace ibcf
