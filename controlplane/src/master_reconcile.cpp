#include <algorithm>

#include "controlplane/master.hpp"
#include "controlplane/master_views.hpp"
#include "controlplane/normalizer.hpp"
#include "controlplane/reconcile_input.hpp"
#include "model/payloads.hpp"

/// Snapshot bodies, and what becomes of a returning node's objects (seed 3B, "Reconcile desired vs actual";
/// protocols page, "Reconciliation policy").
namespace ibcf {
namespace {

bool is_put_off_in(const std::vector<ObjectDecision>& decisions) {
  return std::any_of(decisions.begin(), decisions.end(),
                     [](const ObjectDecision& one) { return one.outcome == ReconcileOutcome::deferred; });
}

}  // namespace

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

std::optional<ReconcileInput> Master::input_of(const NodeRecord& node, bool resynced) const {
  const auto slot = views().roster().find(node.enrolment.id);
  if (!slot) return std::nullopt;
  const DriftInputs& inputs = views().drift().inputs();
  std::optional<Snapshot> actual;
  if (const auto& seen = inputs.of(*slot).seen)
    if (const auto body = bodies_->get(seen->body)) actual = decode<Snapshot>(*body);
  return reconcile_input(inputs, *slot, actual ? &*actual : nullptr, resynced);
}

// Decides object by object and writes it down; nothing where nothing is desired of the node. Only a node that
// said everything is known to lack what it does not show (I-46).
Master::Reconciled Master::reconcile_node(const NodeRecord& node, std::uint64_t session, bool resynced,
                                          Instant now) {
  const NodeId id = node.enrolment.id;
  const auto input = input_of(node, resynced);
  const bool was_put_off = put_off_.contains(id);
  if (!input) return {};
  Reconciled reconciled{input->desired.id, reconcile(*input), {}, input->desired.constraints};
  reconciled.reasons = reasons_to_distrust(reconciled.decisions);
  ++counters_.nodes_reconciled;
  counters_.objects_reconciled += reconciled.decisions.size();
  const auto& seen = views().drift().inputs().of(*views().roster().find(id)).seen;
  note_put_off(id, reconciled.decisions, seen ? seen->at : OwnStamp{});
  // Without a session there is news only where something has to change, or no longer waits to.
  if (session != 0 || !reconciled.decisions.empty() || was_put_off)
    append_own(EventType::node_reconciled, any(node.enrolment.id),
               encode(NodeReconciled{session, reconciled.bundle, reconciled.decisions}), {}, Priority::trust,
               now);
  return reconciled;
}

Constraints Master::constraints_of(BundleId id) const {
  const PolicyBundle* bundle = views().drift().inputs().find_bundle(id);
  return bundle != nullptr ? bundle->constraints : Constraints{};
}

// ---- what was put off -------------------------------------------------------------------------------------

// The newest return of a node counts, and no older one.
void Master::note_put_off(NodeId id, const std::vector<ObjectDecision>& decisions, OwnStamp seen) {
  if (!is_put_off_in(decisions)) {
    put_off_.erase(id);
    return;
  }
  put_off_[id] = seen;
}

// It has shown itself anew, and is not in critical work any more.
bool Master::may_go_on(const NodeRecord& node, OwnStamp put_off) const {
  if (!node.is_in_contact() || node.is_barred() || node.is_aside) return false;
  const auto& seen = views().drift().inputs().of(*views().roster().find(node.enrolment.id)).seen;
  if (!seen || seen->at <= put_off) return false;
  const auto input = input_of(node, false);
  return !input || !is_put_off_in(reconcile(*input));
}

// The node is told to come back (A24 to A26), and its return takes up what the last one left.
void Master::tend_put_off(Instant now) {
  for (auto next = put_off_.begin(); next != put_off_.end();) {
    const auto [id, put_off] = *next++;
    NodeRecord& node = *find_record(id);
    if (may_go_on(node, put_off))
      believe(node, EventType::sync_gap_detected, "what was put off can be done now", now);
  }
}

// ---- what needs no return to be found ---------------------------------------------------------------------

std::vector<std::string> Master::object_reasons(const NodeRecord& node) const {
  const auto slot = views().roster().find(node.enrolment.id);
  const auto desired = slot ? views().drift().inputs().desired_of(*slot) : std::nullopt;
  const PolicyBundle* bundle = desired ? views().drift().inputs().find_bundle(desired->bundle) : nullptr;
  if (bundle == nullptr || std::none_of(bundle->objects.begin(), bundle->objects.end(), [](const auto& one) {
        return one.second.policy == ReconcilePolicy::quarantine;
      }))
    return {};  // most bundles, and nothing is copied for them
  const auto input = input_of(node, false);
  return input ? reasons_to_distrust(reconcile(*input)) : std::vector<std::string>{};
}

// In contact too, a difference that its bundle calls a reason to distrust is one. A node on its way back has
// its verdict ahead of it.
void Master::judge_objects(NodeRecord& node, Instant now) {
  if (!node.is_in_contact()) return;
  if (const auto reasons = object_reasons(node); !reasons.empty()) distrust_found(node, reasons.front(), now);
}

}  // namespace ibcf
