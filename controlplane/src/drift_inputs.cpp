#include "controlplane/drift_inputs.hpp"

#include <algorithm>

#include "model/payloads.hpp"

namespace ibcf {
namespace {

OwnStamp stamp_of(const Event& event) {
  return {event.incarnation, event.hlc};
}

bool is_refusal(CommandState state) {
  return state == CommandState::failed || state == CommandState::rejected ||
         state == CommandState::failed_late;
}

}  // namespace

std::string tries_key(BundleId bundle, const std::string& object) {
  return text_of(bundle) + "/" + object;
}

bool DriftInputs::apply(const Event& event, Touched& touched) {
  switch (event.type) {
    case EventType::observation_recorded:
      return on_observation(event, touched);
    case EventType::local_decision:
      return on_decision(event, touched);
    case EventType::authority_granted:
      return on_grant(event, touched);
    case EventType::command_result:
      return on_result(event, touched);
    case EventType::command_issued:
      return on_issued(event, touched);
    case EventType::node_reconciled:
      return on_reconciled(event, touched);
    case EventType::object_removed:
      return on_removed(event, touched);
    case EventType::replay_verdict:
      return on_verdict(event, touched);
    case EventType::bundle_published:
      return on_published(event, touched);
    case EventType::rollout_started:
    case EventType::rollout_advanced:
    case EventType::rollout_moved:
      return on_rollout(event, touched);
    case EventType::desired_set: {
      const auto payload = payload_of<DesiredSet>(event);
      if (!payload) return false;
      declare(payload->scope, {payload->epoch, key_of(event), payload->bundle_id, {}}, touched);
      return true;
    }
    case EventType::desired_conflict: {
      // Whoever resolved it wrote later than both: of one term, this counts.
      const auto payload = payload_of<DesiredConflict>(event);
      if (!payload) return false;
      declare(payload->scope, {payload->winner.epoch, key_of(event), payload->winner.bundle_id, {}}, touched);
      return true;
    }
    default:
      return true;
  }
}

NodeDriftInputs& DriftInputs::node(NodeId id, Touched& touched) {
  const Slot slot = roster_->mention(id);
  if (nodes_.size() <= slot) nodes_.resize(slot + 1);
  touched.node = slot;
  return nodes_[slot];
}

bool DriftInputs::on_observation(const Event& event, Touched& touched) {
  const auto observation = payload_of<Observation>(event);
  if (!observation) return false;
  if (observation->kind != ObservationKind::snapshot) return true;
  NodeDriftInputs& inputs = node(id_cast<NodeTag>(event.origin), touched);
  const OwnStamp at = stamp_of(event);
  if (inputs.seen && inputs.seen->body == observation->body &&
      inputs.seen->in_force == observation->policy_bundle_id)
    std::swap(touched.node, touched.seen_again);
  if (!inputs.seen || inputs.seen->at < at)
    inputs.seen = {at, observation->observed_ts, observation->body, observation->policy_bundle_id};
  return true;
}

bool DriftInputs::on_decision(const Event& event, Touched& touched) {
  auto decision = payload_of<LocalDecision>(event);
  if (!decision) return false;
  if (decision->object.empty()) return true;  // about the node itself
  auto& known = node(id_cast<NodeTag>(event.origin), touched).decided[decision->object];
  const OwnStamp at = stamp_of(event);
  if (known.at < at) known = {at, event.seq, std::move(*decision)};
  return true;
}

bool DriftInputs::on_grant(const Event& event, Touched& touched) {
  const auto said = payload_of<AuthorityGranted>(event);
  if (!said) return false;
  if (said->grant.level == AuthorityLevel::local)
    add(node(id_cast<NodeTag>(said->grant.scope), touched).granted, local_grant_of(said->grant));
  return true;
}

bool DriftInputs::on_result(const Event& event, Touched& touched) {
  const auto result = payload_of<CommandResult>(event);
  if (!result) return false;
  if (!is_refusal(result->state)) return true;
  NodeDriftInputs& inputs = node(id_cast<NodeTag>(event.origin), touched);
  const OwnStamp at = stamp_of(event);
  if (inputs.failed_at < at) {
    inputs.failed_at = at;
    inputs.failed = result->command_id;
  }
  return true;
}

bool DriftInputs::on_issued(const Event& event, Touched& touched) {
  const auto issued = payload_of<CommandIssued>(event);
  if (!issued) return false;
  const Command& command = issued->command;
  if (command.kind == CommandKind::assign_bundle)
    declare(id_cast<DomainTag>(command.node_id),
            {command.epoch, key_of(event), command.bundle_id, command.id}, touched);
  return true;
}

void DriftInputs::declare(DomainId scope, DeclaredBundle declared, Touched& touched) {
  auto& known = declared_[scope];
  if (known < declared) known = declared;
  if (roster_->domains().knows(scope))
    touched.scope = scope;
  else
    node(id_cast<NodeTag>(scope), touched);
}

bool DriftInputs::on_reconciled(const Event& event, Touched& touched) {
  auto reconciled = payload_of<NodeReconciled>(event);
  if (!reconciled) return false;
  NodeDriftInputs& inputs = node(id_cast<NodeTag>(event.subject), touched);
  const EventKey key = key_of(event);
  for (ObjectDecision& decision : reconciled->decisions) {
    if (decision.policy == ReconcilePolicy::give_up && decision.outcome == ReconcileOutcome::take_desired)
      ++inputs.tries[tries_key(reconciled->bundle_id, decision.object)];
    if (decision.outcome != ReconcileOutcome::keep_node && decision.outcome != ReconcileOutcome::merged)
      continue;
    auto& known = inputs.settled[decision.object];
    if (known.key < key) known = {key, reconciled->bundle_id, std::move(decision.value)};
  }
  return true;
}

bool DriftInputs::on_removed(const Event& event, Touched& touched) {
  const auto removed = payload_of<ObjectRemoved>(event);
  if (!removed) return false;
  if (event.origin == event.subject) return true;  // a node removes nothing by its own word
  std::uint64_t& epoch = node(id_cast<NodeTag>(event.subject), touched).removed[removed->object];
  epoch = std::max(epoch, removed->epoch);
  return true;
}

bool DriftInputs::on_verdict(const Event& event, Touched& touched) {
  const auto verdict = payload_of<ReplayVerdict>(event);
  if (!verdict) return false;
  // Nothing was carried out on who is not trusted: what it decided is to be looked at again.
  if (verdict->kind == VerdictKind::violation) return true;
  NodeDriftInputs& inputs = node(id_cast<NodeTag>(event.subject), touched);
  const EventKey key = key_of(event);
  if (inputs.verdict < key) {
    inputs.verdict = key;
    inputs.reconciled_upto = verdict->marks[index_of(StreamClass::control)];
  }
  return true;
}

bool DriftInputs::on_published(const Event& event, Touched& touched) {
  auto published = payload_of<BundlePublished>(event);
  if (!published) return false;
  touched.bundle = published->bundle.id;
  put_bundle({key_of(event), std::move(published->bundle)});
  return true;
}

// Of two bundles of one id, which a sound log does not have, the first published stays.
void DriftInputs::put_bundle(Published published) {
  const auto [known, is_new] = bundles_.try_emplace(published.bundle.id, published);
  if (is_new) {
    releases_[published.bundle.name].add(published.bundle);
  } else if (published.key < known->second.key) {
    known->second = std::move(published);
    releases_.clear();
    for (const auto& [id, one] : bundles_) releases_[one.bundle.name].add(one.bundle);
  }
}

const ReleaseList& DriftInputs::releases_of(const std::string& bundle_name) const {
  static const ReleaseList none;
  const auto found = releases_.find(bundle_name);
  return found == releases_.end() ? none : found->second;
}

bool DriftInputs::on_rollout(const Event& event, Touched& touched) {
  BundleId bundle;
  RolloutSeen seen{event.origin, {}, false, {}, false};
  if (event.type == EventType::rollout_moved) {
    const auto moved = payload_of<RolloutMoved>(event);
    if (!moved) return false;
    bundle = moved->rollout.bundle_id;
    seen.moved = key_of(event);
    seen.stopped = moved->rollout.state == RolloutState::halted || moved->rollout.state == RolloutState::done;
  } else if (event.type == EventType::rollout_advanced) {
    const auto advanced = payload_of<RolloutAdvanced>(event);
    if (!advanced) return false;
    bundle = advanced->bundle_id;
    seen.counted = key_of(event);
    seen.all_answered = advanced->unreached + advanced->waiting == 0;
  } else {
    const auto started = payload_of<RolloutStarted>(event);
    if (!started) return false;
    bundle = started->bundle_id;
    seen.counted = key_of(event);
  }
  const bool before = is_rolling_out(bundle);
  auto& rollouts = rollouts_[bundle];
  const auto place =
      std::lower_bound(rollouts.begin(), rollouts.end(), event.origin,
                       [](const RolloutSeen& one, const AnyId& id) { return one.master < id; });
  if (place == rollouts.end() || place->master != event.origin) {
    rollouts.insert(place, seen);
  } else {
    if (place->counted < seen.counted) {
      place->counted = seen.counted;
      place->all_answered = seen.all_answered;
    }
    if (place->moved < seen.moved) {
      place->moved = seen.moved;
      place->stopped = seen.stopped;
    }
  }
  if (before != is_rolling_out(bundle)) touched.bundle = bundle;
  return true;
}

const NodeDriftInputs& DriftInputs::of(Slot slot) const {
  static const NodeDriftInputs nothing;
  return slot < nodes_.size() ? nodes_[slot] : nothing;
}

const PolicyBundle* DriftInputs::find_bundle(BundleId id) const {
  const auto found = bundles_.find(id);
  return found == bundles_.end() ? nullptr : &found->second.bundle;
}

std::optional<DeclaredBundle> DriftInputs::desired_of(Slot slot) const {
  std::optional<DeclaredBundle> desired;
  const auto consider = [&](DomainId scope) {
    const auto found = declared_.find(scope);
    if (found != declared_.end() && (!desired || *desired < found->second)) desired = found->second;
  };
  const auto& member = roster_->at(slot);
  consider(id_cast<DomainTag>(member.id));
  for (DomainId domain = member.as.domain_id; !domain.is_nil(); domain = roster_->domains().parent_of(domain))
    consider(domain);
  return desired;
}

bool DriftInputs::is_rolling_out(BundleId bundle) const {
  const auto found = rollouts_.find(bundle);
  return found != rollouts_.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [](const RolloutSeen& one) { return !one.all_answered && !one.stopped; });
}

void DriftInputs::write(Encoder& encoder) const {
  const auto is_given = [this](Slot slot) {
    return slot < nodes_.size() && !(nodes_[slot] == NodeDriftInputs{});
  };
  const auto order = roster_->by_id();
  encoder.put(static_cast<std::uint32_t>(std::count_if(order.begin(), order.end(), is_given)));
  for (const Slot slot : order) {
    if (!is_given(slot)) continue;
    encoder.put(roster_->at(slot).id);
    encoder.put(nodes_[slot]);
  }
  encoder.put(static_cast<std::uint32_t>(declared_.size()));
  for (const auto& [scope, declared] : declared_) {
    encoder.put(scope);
    encoder.put(declared);
  }
  encoder.put(static_cast<std::uint32_t>(bundles_.size()));
  for (const auto& [id, published] : bundles_) encoder.put(published);
  encoder.put(static_cast<std::uint32_t>(rollouts_.size()));
  for (const auto& [id, rollouts] : rollouts_) {
    encoder.put(id);
    encoder.put(rollouts);
  }
}

void DriftInputs::read(Decoder& decoder) {
  std::uint32_t count = 0;
  Touched touched;
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    NodeId id;
    decoder.get(id);
    decoder.get(node(id, touched));
  }
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    DomainId scope;
    decoder.get(scope);
    decoder.get(declared_[scope]);
  }
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    Published published;
    decoder.get(published);
    if (decoder.ok()) put_bundle(std::move(published));
  }
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    BundleId id;
    decoder.get(id);
    decoder.get(rollouts_[id]);
  }
}

}  // namespace ibcf
