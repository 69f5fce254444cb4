#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/payloads.hpp"
#include "model/policy.hpp"

namespace ibcf {

/// What was decided at a return and is not done yet, because the bundle's constraints do not hold.
struct WaitingDecisions {
  BundleId bundle;  ///< that they were decided against
  Constraints constraints;
  std::uint64_t epoch = 0;                ///< the highest term known when they were told
  std::vector<ObjectDecision> decisions;  ///< by object
  IBCF_FIELDS(WaitingDecisions, bundle, constraints, epoch, decisions)
};

/// What a node is, object by object, and what reconciliation settled for it instead of its bundle's own
/// values. A value that survives a reboot.
struct NodeObjects {
  std::map<std::string, ObjectValue> present;
  BundleId settled_for;  ///< the bundle that the values below stand instead of
  std::map<std::string, ObjectValue> settled;
  WaitingDecisions waiting{};
  IBCF_FIELDS(NodeObjects, present, settled_for, settled, waiting)

  /// The bundle is in force from now on: its objects are as it asks, but for those that were settled
  /// otherwise. What it does not name stays (I-46).
  void take(const PolicyBundle& bundle);
  /// Takes up what was decided at a return: at once what changes nothing, and what enforces security
  /// (CONTROL_WINS); the rest waits. Of an object the newest decision counts, and none against another
  /// bundle. Whether anything changed.
  bool take_up(WaitingDecisions decided);
  /// Does what waits; its constraints hold.
  void carry_out_waiting();
  /// The node decided anew about the object: what was decided before does not wait any more.
  void decided_anew(const std::string& object);
  /// The objects that wait, and what they are to become; without those that are to go.
  [[nodiscard]] std::map<std::string, ObjectValue> awaited() const;
};

}  // namespace ibcf
