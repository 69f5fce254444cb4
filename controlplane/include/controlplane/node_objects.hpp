#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/payloads.hpp"
#include "model/policy.hpp"

namespace ibcf {

/// What a node is, object by object, and what reconciliation settled for it instead of its bundle's own
/// values. A value that survives a reboot.
struct NodeObjects {
  std::map<std::string, ObjectValue> present;
  BundleId settled_for;  ///< the bundle that the values below stand instead of
  std::map<std::string, ObjectValue> settled;
  IBCF_FIELDS(NodeObjects, present, settled_for, settled)

  /// The bundle is in force from now on: its objects are as it asks, but for those that were settled
  /// otherwise. What it does not name stays (I-46).
  void take(const PolicyBundle& bundle);
  /// Does what was decided at a return, against this bundle; whether anything changed.
  bool carry_out(BundleId bundle, const std::vector<ObjectDecision>& decisions);
};

}  // namespace ibcf
