#include <algorithm>
#include <set>
#include <utility>

#include "controlplane/master.hpp"
#include "master_recalled.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

/// A master that starts again: everything it believed is in its log, and is folded from there (protocols
/// page, "Masters").
namespace ibcf {

void Master::recover(std::vector<Enrolment> inventory, Instant now) {
  check(nodes_.empty() && replication_.index().size() == 0, "a master is recovered before it does anything");
  check(store_->first() == 0, "a master is recovered from the whole of its log");
  for (Enrolment& enrolment : inventory) add_record(std::move(enrolment)).last_seen = Instant::min();
  recalled_ = std::make_shared<Recalled>();
  const Scanned scanned = store_->scan(0, [&](const Stored& stored) {
    recall(stored, now);
    return true;
  });
  check(scanned.end == ScanEnd::complete, "a log is repaired before a master is recovered from it");
  finish_steps(now);
  for (NodeRecord& node : nodes_) take_up(node, now);
}

// Every entry passes the door again, so that what comes a second time is known.
void Master::recall(const Stored& stored, Instant now) {
  std::optional<Event> event = decode<Event>(stored.packed);
  check(event.has_value(), "what is stored is an event");
  const bool is_own = event->origin == any(identity_.id);
  check(!is_own || event->incarnation < identity_.incarnation,
        "each start of a master has an incarnation of its own");
  const Admitted admitted = admit_copy(stored.packed, event);
  check(admitted == Admitted::fresh, "what is stored was admitted");
  index(*event, stored.position);
  if (NodeRecord* speaker = find_record(id_cast<NodeTag>(event->origin)))
    return recall_word(*speaker, *event, stored.ingested);
  if (is_own)
    recall_own(*event, now);
  else
    recall_copy(*event, now);
  if (event->type == EventType::range_parked || event->type == EventType::range_redriven)
    recall_parked(*event);
  if (NodeRecord* node = find_record(id_cast<NodeTag>(event->subject))) recall_about(*node, *event, now);
}

// ---- what it wrote itself ---------------------------------------------------------------------------------

void Master::recall_own(const Event& event, Instant now) {
  hlc_ = std::max(hlc_, event.hlc);
  rollouts_.apply(event);
  brake_.apply(event);
  recalled_->judged_last.reset();
  switch (event.type) {
    case EventType::command_issued:
      if (const auto issued = payload_of<CommandIssued>(event);
          issued && find_record(issued->command.node_id) == nullptr)
        recalled_->forwarded[issued->command.id] = issued->command;
      return;
    case EventType::rollout_ordered:
      if (auto ordered = payload_of<RolloutOrdered>(event))
        recalled_->rollouts.push_back(std::move(*ordered));
      return;
    case EventType::artifact_judged:
      recalled_->judged_last = id_cast<NodeTag>(event.subject);
      return;
    case EventType::heartbeat_batch:
      if (const auto batch = payload_of<HeartbeatBatch>(event)) recall_beats(*batch);
      return;
    case EventType::authority_granted:
      return recall_grant(event, now);
    case EventType::authority_successor_named:
      if (const auto named = payload_of<SuccessorNamed>(event)) {
        chain_.recall(*named);
        if (named->grant.reason == GrantReason::handover) stop_for(*named);
      }
      return;
    case EventType::peer_refused:
      if (const auto refused = payload_of<PeerRefused>(event); refused && refused->halted)
        recalled_->halted.insert(refused->peer);
      return;
    case EventType::peer_resumed:
      if (const auto resumed = payload_of<PeerResumed>(event)) recalled_->halted.erase(resumed->peer);
      return;
    default:
      return;
  }
}

// ---- what it, or a former home, wrote about a node of it --------------------------------------------------

// Another master's clock may be hours off: what it wrote counts as of now.
Instant Master::time_of(const Event& event, Instant now) const {
  return event.origin == any(identity_.id) ? event.occurred : now;
}

void Master::recall_about(NodeRecord& node, const Event& event, Instant now) {
  // What a former home goes on to think is not what this one believes.
  const bool is_own = event.origin == any(identity_.id);
  const bool counts = is_own || !recalled_->own.contains(node.enrolment.id);
  if (event.type == EventType::contacts_planned && counts)
    return take_plan(node, payload_of<ContactsPlanned>(event).value(), time_of(event, now));
  if (event.type <= EventType::node_reincarnated) {
    if (is_own)
      recalled_->own.insert(node.enrolment.id);
    else
      claimed_.insert(node.enrolment.id);  // it may not have heard yet that its home is here now
    if (counts) return recall_step(node, event, now);
    if (const auto granted = payload_of<ReplayGranted>(event);
        event.type == EventType::replay_granted && granted)
      node.fencing_token = std::max(node.fencing_token, granted->fencing_token);
    return;
  }
  if (event.type == EventType::command_issued || event.type == EventType::command_moved)
    return recall_command(event);
  if (event.type != EventType::node_reconciled) return;
  auto decided = payload_of<NodeReconciled>(event);
  if (!decided) return;
  note_put_off(node.enrolment.id, decided->decisions, {});
  recalled_->decided[node.enrolment.id] = std::move(*decided);
}

void Master::recall_command(const Event& event) {
  commands_.apply(event);
  if (const auto issued = payload_of<CommandIssued>(event);
      event.type == EventType::command_issued && issued) {
    recalled_->told[issued->command.id] = CommandState::queued;
    recall_order(issued->command);
  }
  if (const auto moved = payload_of<CommandMoved>(event); event.type == EventType::command_moved && moved)
    recalled_->told[moved->command_id] = moved->state;
}

// The order that a node's remediation, or its wipe, waits for.
void Master::recall_order(const Command& command) {
  const auto found = distrusted_.find(command.node_id);
  if (found == distrusted_.end()) return;
  Distrust& distrust = found->second;
  if (command.kind == CommandKind::wipe) distrust.order = command.id;
  if (command.kind != CommandKind::remediate) return;
  distrust.order = command.id;
  distrust.by = command.argument.substr(0, command.argument.find(": "));
  distrust.is_remedied = false;
}

void Master::recall_parked(const Event& event) {
  NodeRecord* node = find_record(id_cast<NodeTag>(event.subject));
  const auto said = payload_of<RangeParked>(event);
  check(said.has_value(), "what is parked is written down with its place");
  const auto inside = decode<Event>(said->packed);
  if (event.type == EventType::range_redriven) {
    if (node != nullptr && inside) recall_word(*node, *inside, event.occurred);
    return;
  }
  admission_.park(event.subject, said->stream, said->first,
                  inside ? std::optional{inside->prev} : std::nullopt, said->digest);
  if (node != nullptr) ++node->parked_in_session;
}

void Master::recall_beats(const HeartbeatBatch& batch) {
  for (std::size_t i = 0; i < batch.ordinal.size(); ++i) {
    NodeRecord* node = find_record({Role::node, batch.ordinal[i]});
    if (node == nullptr) continue;
    node->last_seen =
        std::max(node->last_seen, batch.from + std::chrono::milliseconds{batch.last_seen_ms[i]});
    node->newest.written = batch.head[i];
    node->newest.rtt_us = batch.rtt_us[i];
    node->newest.backlog_events = batch.backlog_events[i];
    node->newest.backlog_bytes = batch.backlog_bytes[i];
    node->newest.mode = batch.mode[i];
    node->newest.health = batch.health[i];
  }
}

// Takes the arrow that the event names, under the facts it was taken under.
void Master::recall_step(NodeRecord& node, const Event& event, Instant now) {
  const Instant at = time_of(event, now);
  const bool is_own = event.origin == any(identity_.id);
  std::string id = "S1";
  std::string reason;
  LifecycleFacts facts;
  std::optional<ConnectivityMode> measured;
  switch (event.type) {
    case EventType::node_registered:
      break;
    case EventType::node_enrolled: {
      const auto enrolled = payload_of<NodeEnrolled>(event).value();
      id = enrolled.arrow;
      recall_key(node.enrolment.id, enrolled.public_key);
      break;
    }
    case EventType::replay_granted: {
      const auto granted = payload_of<ReplayGranted>(event).value();
      id = granted.arrow;
      node.lock = ReplayLock{granted.session, granted.fencing_token, granted.nonce, granted.heads, now};
      node.fencing_token = granted.fencing_token;
      node.hello_nonce = granted.nonce;
      node.last_seen = std::max(node.last_seen, at);
      node.parked_in_session = 0;
      ++open_replays_;
      if (is_own) gate_.recall(node.enrolment.id, granted.backlog_bytes, at);
      break;
    }
    case EventType::replay_chunk_acked: {
      const auto acked = payload_of<ReplayChunkAcked>(event).value();
      id = acked.arrow;
      node.last_seen = std::max(node.last_seen, at);
      gate_.stored(node.enrolment.id, acked.bytes, at);
      break;
    }
    case EventType::replay_verdict: {
      const auto verdict = payload_of<ReplayVerdict>(event).value();
      id = verdict.arrow;
      if (!verdict.reasons.empty()) reason = verdict.reasons.front();
      facts.link_class = verdict.link_class;
      facts.verdict = verdict.kind;
      measured = verdict.link_class;
      check(node.lock.has_value(), "a verdict ends a session");
      node.settled_nonce = node.lock->nonce;
      node.may_return = false;
      Verdict told{verdict.session,
                   node.lock->nonce,
                   verdict.kind,
                   verdict.marks,
                   verdict.epoch,
                   verdict.commands_held,
                   {},
                   {},
                   {}};
      if (auto& decided = recalled_->decided[node.enrolment.id]; decided.session == verdict.session) {
        told.bundle_id = decided.bundle_id;
        told.constraints = constraints_of(decided.bundle_id);
        // Nothing is changed on a node that is not trusted.
        if (verdict.kind != VerdictKind::violation) told.decisions = std::move(decided.decisions);
      }
      node.last_verdict = std::make_shared<const Verdict>(std::move(told));
      node.lock.reset();
      --open_replays_;
      gate_.ended(node.enrolment.id, at);
      break;
    }
    case EventType::conn_proxy_evidence: {
      const auto evidence = payload_of<ProxyEvidence>(event).value();
      id = evidence.arrow;
      node.alive = at - (event.occurred - evidence.made);
      break;
    }
    default: {
      auto step = payload_of<LifecycleStep>(event).value();
      id = step.arrow;
      reason = std::move(step.reason);
      facts.link_class = step.link_class;
      facts.health = node.newest.health = step.health;
      if (node.state.mode || event.type == EventType::conn_classified) measured = step.link_class;
      recall_turn(node, event, at);
    }
  }
  const Arrow* arrow = find_arrow(id);
  check(arrow != nullptr && arrow->trigger == event.type, "a step in the log names its arrow");
  // No payload carries it; the arrow itself tells what its guard found.
  facts.autonomy_granted = arrow->guard != Guard::no_autonomy;
  check(find_arrow(node.state, arrow->trigger, facts) == arrow,
        "a node's steps in the log follow each other");
  const std::optional<Phase> before = node.state.phase;
  node.state = evolve(node.state, *arrow, facts);
  if (measured) node.link_class.recall(*measured);
  recall_trust(node, before, reason, event, at);
}

// Of every life that was enrolled, in whatever order the inventory is.
void Master::recall_key(NodeId owner, const Bytes& bytes) {
  PublicKey key{};
  check(bytes.size() == key.size(), "an enrolment in the log has a key");
  std::copy(bytes.begin(), bytes.end(), key.begin());
  key_owners_[key] = owner;
}

void Master::recall_turn(NodeRecord& node, const Event& event, Instant at) {
  recall_update(node, event);
  if (event.type == EventType::conn_lost) {
    node.lost_since = at;
    node.last_seen = std::max(node.last_seen, at - settings_->missed_heartbeats * settings_->heartbeat);
  }
  if (event.type == EventType::remediation_re_reconcile) node.may_return = true;
  if (event.type == EventType::replay_not_needed)
    node.hello_nonce = node.settled_nonce = nonce_in(event.cause);
  if (event.type == EventType::conn_detected) node.last_seen = std::max(node.last_seen, at);
  if (event.type != EventType::replay_session_lost) return;
  node.lock.reset();
  --open_replays_;
  gate_.ended(node.enrolment.id, at);
}

// Trust, as the step moved it: see master_quarantine.cpp.
void Master::recall_trust(NodeRecord& node, std::optional<Phase> before, const std::string& reason,
                          const Event& event, Instant at) {
  const auto verdict =
      event.type == EventType::replay_verdict ? payload_of<ReplayVerdict>(event) : std::nullopt;
  if (brings_quarantine(event.type) || (verdict && verdict->kind == VerdictKind::violation)) {
    if (before != Phase::quarantined && node.state.phase == Phase::quarantined)
      brake_.recall(node.enrolment.facts.domain_id, cause_of(reason).word, at);
    note_distrust(node, before, reason, at);
  }
  recalled_->remedies.erase(node.enrolment.id);
  switch (event.type) {
    case EventType::replay_verdict:
      if (verdict && verdict->kind == VerdictKind::clean) note_reconciled(node);
      return;
    case EventType::replay_not_needed:
      return note_reconciled(node);
    case EventType::remediation_completed:
    case EventType::update_completed:
      return trust_again(node);
    case EventType::decommission_ordered:
    case EventType::remediation_abandoned:
      return note_decommission(node, event.type == EventType::remediation_abandoned, reason, at);
    case EventType::decommission_cancelled:
      return trust_again(node);
    case EventType::decommission_completed:
    case EventType::enrollment_rejected:
      return end_life(node, at);
    case EventType::node_archived:
      distrusted_.erase(node.enrolment.id);
      return;
    case EventType::node_reincarnated:
      return begin_life(node, node.enrolment, at);
    default:
      return;
  }
}

// ---- what others wrote ------------------------------------------------------------------------------------

// As learn() took it when it came, but for what followed from it: that is in the log behind it.
void Master::recall_word(NodeRecord& node, const Event& event, Instant at) {
  // It wrote this after every heartbeat that is older; the moment itself may be that of the next one. Its
  // clock may have been set back, its stamps only rise.
  if (std::uint64_t& newest = recalled_->newest[node.enrolment.id]; event.hlc >= newest) {
    newest = event.hlc;
    node.newest_sent = event.occurred - Duration{1};
  }
  BundleId bundle;
  if (event.type == EventType::observation_recorded) {
    const auto observation = payload_of<Observation>(event);
    if (!observation) return;
    bundle = observation->policy_bundle_id;
  } else if (event.type == EventType::command_result) {
    const auto result = payload_of<CommandResult>(event);
    if (!result) return;
    bundle = result->bundle_id;
    recall_remedy(node, *result, at);
  } else if (event.type != EventType::command_intent) {
    return;
  }
  if (event.type != EventType::command_intent && event.hlc >= node.bundle_hlc) {
    node.bundle = bundle;
    node.bundle_hlc = event.hlc;
  }
  commands_.apply(event);
  rollouts_.apply(event);
}

// What the node's word on its order led to besides this is a step in the log behind it.
void Master::recall_remedy(NodeRecord& node, const CommandResult& result, Instant at) {
  const auto found = distrusted_.find(node.enrolment.id);
  if (found == distrusted_.end() || found->second.order != result.command_id) return;
  if (node.state.phase == Phase::updating)
    recalled_->remedies[node.enrolment.id] = result;
  else
    on_remedy(node, result, at);
}

void Master::recall_copy(const Event& event, Instant now) {
  if (event.type == EventType::authority_granted) return recall_grant(event, now);
  if (event.type == EventType::authority_successor_named) return see_successor(event, now);
  // Whoever got the order wrote one of these at once.
  if (event.type == EventType::bundle_published || event.type == EventType::bundle_refused ||
      event.type == EventType::rollout_started)
    recalled_->begun.emplace(id_cast<BundleTag>(event.subject), event.origin);
  const NodeRecord* node = find_record(id_cast<NodeTag>(event.subject));
  if (event.type == EventType::node_reincarnated && node == nullptr)
    return admission_.replace_life(event.subject, admission_.follow(event.subject).incarnation + 1);
  if (event.type != EventType::command_issued) return;
  // Its home has taken it up.
  if (const auto issued = payload_of<CommandIssued>(event)) recalled_->forwarded.erase(issued->command.id);
}

// A lease that another master granted counts from when this one asked, which is not known any more: it asks
// again before it acts. A term that it began by itself it goes on with by itself.
void Master::recall_grant(const Event& event, Instant now) {
  const auto granted = payload_of<AuthorityGranted>(event);
  if (!granted) return;
  const AuthorityGrant& grant = granted->grant;
  if (grant.level == AuthorityLevel::local) {
    NodeRecord* node = find_record(id_cast<NodeTag>(grant.scope));
    if (node != nullptr && node->local.epoch <= grant.epoch) node->local = local_grant_of(grant);
    return;
  }
  std::uint64_t& known = epochs_[grant.scope];
  known = std::max(known, grant.epoch);
  held_.give_up(grant.scope, known - 1);
  succession_.heard(grant.scope, grant.epoch, now);
  const bool is_own = event.origin == any(identity_.id);
  const bool is_grantor = is_own && !identity_.upstream;
  if (is_grantor)
    chain_.recall(grant);
  else if (!is_own)
    chain_.took(grant, now);
  if (const auto own = own_terms_.find(grant.scope); own != own_terms_.end() && own->second <= grant.epoch)
    own_terms_.erase(own);
  if (grant.holder != identity_.id) return;
  if (is_own && !is_grantor) own_terms_[grant.scope] = grant.epoch;
  if (is_own)
    held_.take(grant, grant.granted_ts);
  else
    held_.offer(grant);
}

}  // namespace ibcf
