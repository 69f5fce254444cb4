#include "controlplane/master.hpp"
#include "controlplane/master_views.hpp"
#include "controlplane/normalizer.hpp"
#include "controlplane/reconcile_input.hpp"

/// Snapshot bodies, and what becomes of a returning node's objects (seed 3B, "Reconcile desired vs actual";
/// protocols page, "Reconciliation policy").
namespace ibcf {

const Projections& Master::views() const {
  return views_->projections();
}

const AttentionQueue& Master::attention() const {
  if (views_->attention().as_of().position != views().as_of().position) views_->evaluate();
  return views_->attention();
}

// A body that is not what its observation says is evidence and nothing else: the entry stands without it.
void Master::keep_body(const Event& event, ByteView body, std::uint64_t position, Instant now) {
  const auto observation = payload_of<Observation>(event);
  const auto objection = observation ? objection_to(*observation, body)
                                     : std::optional<std::string>("it belongs to no observation");
  if (!objection) {
    bodies_->put(body, position);
    return;
  }
  ++counters_.refused;
  if (const auto evidence = rejections_.refuse(
          event.origin, "snapshot", "body of event " + std::to_string(event.seq), *objection, body, now))
    append_own(EventType::input_rejected, event.origin, encode(*evidence), {}, Priority::trust, now);
}

// Of another master, which has looked at them; a body's name is its digest, so a wrong one is nobody's.
void Master::keep_bodies(const std::vector<Bytes>& bodies) {
  for (const Bytes& body : bodies)
    if (decode<Snapshot>(body)) bodies_->put(body, store_->size());
}

// Decides object by object and writes it down; nothing where nothing is desired of the node. Only a node that
// said everything is known to lack what it does not show (I-46).
Master::Reconciled Master::reconcile_node(const NodeRecord& node, std::uint64_t session, bool resynced,
                                          Instant now) {
  const auto slot = views().roster().find(node.enrolment.id);
  if (!slot) return {};
  const DriftInputs& inputs = views().drift().inputs();
  std::optional<Snapshot> actual;
  if (const auto& seen = inputs.of(*slot).seen)
    if (const auto body = bodies_->get(seen->body)) actual = decode<Snapshot>(*body);
  const auto input = reconcile_input(inputs, *slot, actual ? &*actual : nullptr, resynced);
  if (!input) return {};
  Reconciled reconciled{input->desired.id, reconcile(*input), {}};
  reconciled.reasons = reasons_to_distrust(reconciled.decisions);
  ++counters_.nodes_reconciled;
  counters_.objects_reconciled += reconciled.decisions.size();
  // Without a session there is news only where something has to change.
  if (session != 0 || !reconciled.decisions.empty())
    append_own(EventType::node_reconciled, any(node.enrolment.id),
               encode(NodeReconciled{session, reconciled.bundle, reconciled.decisions}), {}, Priority::trust,
               now);
  return reconciled;
}

}  // namespace ibcf
