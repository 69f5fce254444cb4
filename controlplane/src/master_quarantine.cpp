#include "controlplane/master.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

/// Nodes that are not trusted: the brake, the way back, and the way out (docs/quarantine.md).
namespace ibcf {

// ---- into quarantine --------------------------------------------------------------------------------------

// Whether the step would quarantine one node too many. Then the node is set aside: its Hellos are put off, so
// that nothing is granted to it and no command reaches it.
bool Master::is_braked(NodeRecord& node, EventType trigger, VerdictKind verdict, const std::string& reason,
                       Instant now) {
  if (node.state.phase == Phase::quarantined) return false;
  if (find_arrow(node.state, trigger, facts_of(node, verdict)) == nullptr) return false;
  const DomainId domain = node.enrolment.facts.domain_id;
  std::vector<Proposed> events;
  const bool may =
      brake_.allows(domain, domain_sizes_[domain], cause_of(reason).word, node.enrolment.id, now, events);
  append_proposed(events, now);
  // Ill health alone is no reason to bar a node that is not quarantined.
  if (!may) node.is_aside = trigger != EventType::health_critical;
  return !may;
}

void Master::note_distrust(NodeRecord& node, std::optional<Phase> before, const std::string& reason,
                           Instant now) {
  node.is_distrusted = true;
  node.may_return = false;
  Distrust& distrust = distrusted_[node.enrolment.id];
  if (before != Phase::quarantined) distrust = {.order = {}, .by = {}, .since = now, .wiped = {}};
  distrust.needs_replay = distrust.needs_replay || cause_of(reason).is_in_log;
  distrust.is_remedied = false;
}

bool Master::order_quarantine(NodeId id, const std::string& by, Instant now) {
  NodeRecord* node = find_record(id);
  return node != nullptr && believe(*node, EventType::trust_violation, "operator " + by, now);
}

bool Master::release_brake(DomainId domain, std::string_view cause, Instant now) {
  std::vector<Proposed> events;
  const auto aside = brake_.release(domain, cause, events);
  append_proposed(events, now);
  if (!aside) return false;
  for (const NodeId id : *aside) {
    NodeRecord* node = find_record(id);
    if (node == nullptr) continue;
    node->is_aside = false;
    finish_enrolment(*node, now);
    judge_installed(*node, now);
    judge_objects(*node, now);
  }
  return true;
}

// ---- the way back -----------------------------------------------------------------------------------------

bool Master::re_reconcile(NodeId id, std::string why, Instant now) {
  NodeRecord* node = find_record(id);
  if (node == nullptr || !believe(*node, EventType::remediation_re_reconcile, std::move(why), now))
    return false;
  return node->may_return = true;
}

// A node that was cut off says how its remedy went in its log, and that comes in with its return.
void Master::let_remedied_return(NodeRecord& node, Instant now) {
  const auto found = distrusted_.find(node.enrolment.id);
  if (found == distrusted_.end() || node.state.phase != Phase::quarantined || node.is_in_contact()) return;
  const CommandRecord* order = commands_.find(found->second.order);
  if (order == nullptr || order->is_settled || now >= order->command.execute_before) return;
  node.may_return =
      node.state.mode == ConnectivityMode::returning ||
      believe(node, EventType::remediation_re_reconcile, "to be remedied by " + found->second.by, now);
}

// Nothing that it wrote is missing here, and what made its log doubtful has been replayed cleanly since.
bool Master::is_reconciled(const NodeRecord& node, const Distrust& distrust) const {
  return !distrust.needs_replay && !node.lock && node.is_in_contact() &&
         node.newest.written <= sum_of(node.stored->marks);
}

void Master::note_reconciled(NodeRecord& node) {
  node.may_return = false;
  const auto found = distrusted_.find(node.enrolment.id);
  if (found != distrusted_.end()) found->second.needs_replay = false;
}

void Master::trust_again(NodeRecord& node) {
  node.is_distrusted = false;
  node.may_return = false;
  distrusted_.erase(node.enrolment.id);
}

std::optional<CommandId> Master::remediate(NodeId id, std::string by, std::string what, bool update,
                                           Instant now, Outbox& out) {
  NodeRecord* node = find_record(id);
  const auto found = distrusted_.find(id);
  if (node == nullptr || found == distrusted_.end() || node->state.phase != Phase::quarantined ||
      !owns_its_key(*node))
    return std::nullopt;
  Distrust& distrust = found->second;
  if (update && !is_reconciled(*node, distrust)) return std::nullopt;
  const auto order = issue({.node = id,
                            .home = {Role::master, identity_.index},
                            .scope = node->enrolment.facts.domain_id,
                            .kind = CommandKind::remediate,
                            .argument = by + ": " + what},
                           now, out);
  if (!order) return std::nullopt;
  distrust.order = *order;
  distrust.is_remedied = false;
  if (update) believe(*node, EventType::remediation_update_started, by + ": " + what, now);
  distrust.by = std::move(by);
  return order;
}

// The node's word on its remediation, or on its wipe.
void Master::on_remedy(NodeRecord& node, const CommandResult& result, Instant now) {
  const auto found = distrusted_.find(node.enrolment.id);
  if (found == distrusted_.end() || found->second.order != result.command_id) return;
  Distrust& distrust = found->second;
  const bool applied = result.state == CommandState::applied;
  if (node.state.phase == Phase::decommissioning) {
    if (applied) distrust.wiped = now;
  } else if (node.state.phase == Phase::updating) {
    if (!applied) {
      believe(node, EventType::update_untrusted, "unverifiable artifact: remediation failed", now);
    } else if (believe(node, EventType::update_completed, "remedied by " + distrust.by, now)) {
      trust_again(node);
    }
  } else if (applied) {
    distrust.is_remedied = true;
  }
}

// ---- the way out ------------------------------------------------------------------------------------------

bool Master::decommission(NodeId id, const std::string& by, Instant now, Outbox& out) {
  NodeRecord* node = find_record(id);
  if (node == nullptr || node->lock) return false;
  const bool gives_up = node->state.phase == Phase::quarantined;
  if (!believe(*node, gives_up ? EventType::remediation_abandoned : EventType::decommission_ordered, by, now))
    return false;
  note_decommission(*node, gives_up, by, now);
  order_wipe(*node, distrusted_.at(id), now, out);
  return true;
}

void Master::note_decommission(NodeRecord& node, bool gives_up, const std::string& by, Instant now) {
  node.is_distrusted = true;
  node.is_aside = false;
  distrusted_[node.enrolment.id] = {
      .is_given_up = gives_up, .order = {}, .by = by, .since = now, .wiped = {}};
}

// Where the scope's authority is not held now, it is ordered as soon as it is.
void Master::order_wipe(const NodeRecord& node, Distrust& distrust, Instant now, Outbox& out) {
  const Instant deadline = distrust.since + settings_->decommission_deadline;
  if (now >= deadline) return;
  const auto wipe = issue({.node = node.enrolment.id,
                           .home = {Role::master, identity_.index},
                           .scope = node.enrolment.facts.domain_id,
                           .kind = CommandKind::wipe,
                           .valid_for = deadline - now,
                           .argument = distrust.by},
                          now, out);
  if (wipe) distrust.order = *wipe;
}

bool Master::cancel_decommission(NodeId id, const std::string& by, Instant now, Outbox& out) {
  const auto found = distrusted_.find(id);
  if (found == distrusted_.end() || found->second.is_given_up) return false;
  NodeRecord& node = *find_record(id);
  const CommandRecord* wipe = commands_.find(found->second.order);
  if (node.state.phase != Phase::decommissioning || (wipe != nullptr && wipe->was_sent)) return false;
  if (wipe != nullptr) {
    CommandBook::Todo todo;
    commands_.cancel(found->second.order, todo);
    do_it(todo, now, out);
  }
  believe(node, EventType::decommission_cancelled, "by " + by, now);
  trust_again(node);
  dispatch_open(node, now, out);
  return true;
}

// A node that has confirmed its wipe has nothing more to say (A40).
bool Master::sees_traffic_after_wipe(NodeRecord& node, Instant now) {
  if (node.state.phase != Phase::decommissioning) return false;
  const auto found = distrusted_.find(node.enrolment.id);
  if (found == distrusted_.end() || !found->second.wiped) return false;
  return believe(node, EventType::decommission_anomaly, "traffic after wipe", now);
}

bool Master::reincarnate(Enrolment enrolment, Instant now) {
  NodeRecord* node = find_record(enrolment.id);
  if (node == nullptr || node->state.phase != Phase::retired) return false;
  const bool is_next_life =
      enrolment.incarnation == node->enrolment.incarnation + 1 && enrolment.index == node->enrolment.index &&
      enrolment.facts.domain_id == node->enrolment.facts.domain_id &&
      (enrolment.public_key != node->enrolment.public_key || !key_owners_.contains(enrolment.public_key));
  if (!is_next_life) return false;
  believe(*node, EventType::node_reincarnated, "a new life with other keys", now);
  begin_life(*node, std::move(enrolment), now);
  finish_enrolment(*node, now);
  return node->state.phase == Phase::active;
}

// Nothing of its earlier life counts any more, but for the tokens of its locks, which only rise (I-42).
void Master::begin_life(NodeRecord& node, Enrolment enrolment, Instant now) {
  admission_.replace_life(any(enrolment.id), node.state.incarnation);
  record_by_index_[enrolment.index] = record_by_id_.at(enrolment.id);
  NodeRecord fresh;
  fresh.enrolment = std::move(enrolment);
  fresh.state = node.state;
  fresh.last_seen = now;
  fresh.stored = node.stored;
  fresh.epoch = node.epoch;
  fresh.follow(fresh.enrolment.contacts);
  fresh.fencing_token = node.fencing_token;
  fresh.local = {node.local.epoch, {}};  // what was granted was not to this life
  node = std::move(fresh);
  trust_again(node);
}

// Its keys are worth nothing any more: from here on nobody knows it at the door (I-48).
void Master::end_life(const NodeRecord& node, Instant now) {
  record_by_index_[node.enrolment.index] = nobody;
  distrusted_[node.enrolment.id] = {.order = {}, .by = {}, .since = now, .wiped = {}};
}

// ---- as time passes ---------------------------------------------------------------------------------------

void Master::tend_distrusted(Instant now, Outbox& out) {
  for (auto next = distrusted_.begin(); next != distrusted_.end();) {
    const auto [id, distrust] = *next++;  // tending may take it off the list
    tend(*find_record(id), distrusted_.at(id), now, out);
  }
}

void Master::tend(NodeRecord& node, Distrust& distrust, Instant now, Outbox& out) {
  if (node.state.phase == Phase::quarantined && distrust.is_remedied) {
    if (is_reconciled(node, distrust) &&
        (node.state.health != Health::failed || node.newest.health == Health::ok)) {
      if (believe(node, EventType::remediation_completed, "by " + distrust.by, now)) trust_again(node);
    } else if (!node.lock && !node.may_return && (distrust.needs_replay || !node.is_in_contact())) {
      // It is on its way already, or called back (A38).
      node.may_return = node.state.mode == ConnectivityMode::returning ||
                        believe(node, EventType::remediation_re_reconcile, "remedied by " + distrust.by, now);
    }
  } else if (node.state.phase == Phase::decommissioning) {
    if (distrust.order == CommandId{}) order_wipe(node, distrust, now, out);
    const bool confirmed = distrust.wiped && now - *distrust.wiped >= settings_->wiped_quiet;
    if (!confirmed && now - distrust.since < settings_->decommission_deadline) return;
    believe(node, EventType::decommission_completed,
            confirmed ? "wipe confirmed" : "unconfirmed: the deadline has passed", now);
    end_life(node, now);
  } else if (node.state.phase == Phase::retired && now - distrust.since >= settings_->archive_after) {
    if (believe(node, EventType::node_archived, "retired for as long as its traces are kept", now))
      distrusted_.erase(node.enrolment.id);
  }
}

}  // namespace ibcf
