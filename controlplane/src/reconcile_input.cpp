#include "controlplane/reconcile_input.hpp"

namespace ibcf {

std::optional<ReconcileInput> reconcile_input(const DriftInputs& inputs, Slot slot, const Snapshot* actual,
                                              bool resynced) {
  const auto desired = inputs.desired_of(slot);
  const PolicyBundle* bundle = desired ? inputs.find_bundle(desired->bundle) : nullptr;
  if (bundle == nullptr) return std::nullopt;
  const NodeDriftInputs& node = inputs.of(slot);
  ReconcileInput input;
  input.desired = *bundle;
  input.desired_epoch = desired->epoch;
  input.resynced = resynced;
  if (node.seen) {
    input.base = inputs.find_bundle(node.seen->in_force);
    input.observed_stamp = node.seen->at.hlc;
  }
  if (actual != nullptr) {
    input.observed = actual->objects;
    input.waiting = actual->waiting;
  }
  const auto working = input.observed.find(std::string(critical_work_object));
  input.in_critical_work = working != input.observed.end() && working->second == exact_value("true");
  for (const auto& [object, one] : node.decided) {
    // What an earlier life of the node decided went with it.
    if (one.seq <= node.reconciled_upto || (node.seen && one.at.incarnation < node.seen->at.incarnation))
      continue;
    input.decisions.push_back(
        {object, one.said.value, one.said.local_epoch, one.at.hlc, is_founded(one.said, node.granted)});
  }
  for (const auto& [object, one] : node.settled)
    if (one.bundle == bundle->id) input.settled[object] = one.value;
  for (const auto& [object, epoch] : node.removed) input.tombstones.push_back({object, epoch});
  for (const auto& [object, unused] : bundle->objects)
    if (const auto tried = node.tries.find(tries_key(bundle->id, object)); tried != node.tries.end())
      input.tries[object] = tried->second;
  return input;
}

}  // namespace ibcf
