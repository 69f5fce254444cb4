#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/observation.hpp"
#include "model/payloads.hpp"
#include "model/policy.hpp"

/// What becomes of a node's objects when master and node went apart (protocols page, "Reconciliation policy";
/// seed 3B, "Reconcile desired vs actual"). A function of its input alone, on either side of the link.
namespace ibcf {

/// One decision of the node about one of its objects, as its log tells it.
struct DecidedLocally {
  std::string object;
  ObjectValue value;
  std::uint64_t local_epoch = 0;  ///< the highest term the node knew
  std::uint64_t stamp = 0;        ///< rises over the node's own events: of two, the later counts
  bool under_grant = false;       ///< taken without contact, within the time of a LOCAL grant (I-26)
};

/// An object that was removed by an explicit word, in a term.
struct Tombstone {
  std::string object;
  std::uint64_t epoch = 0;
};

struct ReconcileInput {
  PolicyBundle desired;
  std::uint64_t desired_epoch = 0;
  /// The bundle that both sides last agreed on: the one the node has in force. Null: it has none, or none we
  /// know.
  const PolicyBundle* base = nullptr;
  /// What earlier reconciliations settled for this node and this desired bundle, instead of the bundle's own
  /// values.
  std::map<std::string, ObjectValue> settled;
  std::map<std::string, ObjectValue> observed;  ///< the node's objects, by its newest snapshot
  std::uint64_t observed_stamp = 0;             ///< of that snapshot's event; later decisions come on top
  std::vector<DecidedLocally> decisions;        ///< in any order
  std::vector<Tombstone> tombstones;            ///< in any order
  /// Everything that the node had to say has arrived: only then may a tombstone remove (I-46).
  bool resynced = false;
  std::map<std::string, std::uint32_t> tries;  ///< how often an object was told to take the desired value
  bool in_critical_work = false;               ///< the node asks not to be disturbed
  /// What earlier reconciliations decided and the node will carry out when its bundle's constraints hold.
  std::map<std::string, ObjectValue> waiting{};
};

/// One decision for every object that is not as the bundle asks, by object; what agrees is left out, and so
/// is what waits at the node to become what is asked, unless the node decided otherwise since. Policies, for
/// an object that the node has (one that it lacks always takes the desired value):
///
///   EPOCH_WINS    the node's decision under a LOCAL grant if its term is above the desired one's; else
///   desired CONTROL_WINS  desired NODE_WINS     the node's newest decision under a LOCAL grant; else desired
///   THREE_WAY     what only one side changed since the base, from that side; changed by both: EPOCH_WINS.
///   Each
///                 object is compared by itself, so the fields of a config map "net" are objects "net/mtu",
///                 "net/dns": changes of different fields by both sides all survive
///   MERGE         SET: the union, less what one side took out of the base; NUMBER: the base plus what each
///                 side added; without a base the union and the larger. EPOCH_WINS for other kinds
///   KEEP_BOTH     the node keeps its own, the bundle its own; an operator decides
///   DEFER         nothing changes while the node is in critical work; else EPOCH_WINS
///   GIVE_UP       desired, until it was tried max_tries times; from then on nothing changes
///   QUARANTINE    a value that neither the bundle nor the base asks for is a reason to distrust; a value of
///   the
///                 base is merely late, and takes the desired one
///
/// Nothing is deleted because it is absent (I-46): an object that the bundle does not name is left alone, and
/// removed only by a tombstone in a term not below the desired one's, after a complete resync, and if the
/// node has not decided about it in a higher term.
std::vector<ObjectDecision> reconcile(const ReconcileInput& input);

/// The node's objects after `decisions`; the same on the node and in whoever foresees it.
void carry_out(const std::vector<ObjectDecision>& decisions, std::map<std::string, ObjectValue>& objects);

/// What `decisions` leave settled for the node against the bundle's own values: to be given to the next
/// reconciliation with the same bundle.
void settle(const std::vector<ObjectDecision>& decisions, std::map<std::string, ObjectValue>& settled);

/// The objects that are reasons to distrust the node: "reconcile: <object>", in their order.
std::vector<std::string> reasons_to_distrust(const std::vector<ObjectDecision>& decisions);

}  // namespace ibcf
