#include "controlplane/fleet_query.hpp"

#include <algorithm>

namespace ibcf {
namespace {

// The holders over a domain from the nearest outwards, each once.
std::vector<std::string> controllers_of(const Projections& views, DomainId domain) {
  std::vector<std::string> ids;
  for (; !domain.is_nil(); domain = views.roster().domains().parent_of(domain)) {
    const auto scope = views.authority().find(domain);
    if (!scope) continue;
    std::string id = text_of(scope->newest.holder);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  return ids;
}

// Alone it is its own master, for as long as the grant it has covers.
bool is_own_master(const Projections& views, const NodeConnectivity& seen, Instant now) {
  const auto& grants = views.authority().local_grants(seen.id);
  if (seen.believed != ConnectivityMode::autonomous || grants.empty()) return false;
  return grants.back().covers(seen.reported ? now - seen.last_seen : Duration::zero());
}

bool is_to_replay(ConnectivityMode mode) {
  using enum ConnectivityMode;
  return mode == autonomous || mode == disconnected || mode == returning || mode == replaying;
}

Connectivity shown_connectivity(const NodeConnectivity& seen, Instant now) {
  Connectivity shown;
  shown.mode = seen.believed.value_or(ConnectivityMode::disconnected);
  shown.last_seen_ts = seen.last_seen;
  shown.link_quality.rtt_ms = seen.rtt_us / 1000.0;
  shown.sync_debt.backlog_messages = seen.backlog_events;
  shown.sync_debt.replay_required = is_to_replay(shown.mode);
  if (seen.reported)
    shown.sync_debt.seconds_behind = std::max(0.0, seconds_of(now) - seconds_of(seen.last_seen));
  return shown;
}

DesiredState shown_desired(const DriftInputs& inputs, Slot slot) {
  DesiredState shown;
  const auto desired = inputs.desired_of(slot);
  if (!desired) return shown;
  shown.policy_bundle_id = desired->bundle;
  if (const PolicyBundle* bundle = inputs.find_bundle(desired->bundle)) {
    shown.target_version = bundle->version;
    shown.constraints = bundle->constraints;
  }
  return shown;
}

}  // namespace

AuthorityCounts& AuthorityCounts::operator+=(const AuthorityCounts& other) {
  in_force += other.in_force;
  lapsed += other.lapsed;
  anomalies += other.anomalies;
  return *this;
}

AuthorityCounts FleetQuery::authority(const Query& query) const {
  AuthorityCounts counts;
  for (const ScopeAuthority& scope : views_->authority().scopes(query))
    ++(now() < scope.lease_end() ? counts.in_force : counts.lapsed);
  counts.anomalies = views_->authority().anomalies(query).size();
  return counts;
}

FleetSummary FleetQuery::summary(const Query& query) const {
  return {views_->roster().select(query).size(), views_->connectivity().counts(query),
          views_->lifecycle().counts(query),     authority(query),
          views_->drift().summary(query),        views_->supply_chain().counts(query)};
}

// A scope may be a node: it counts to the node's domain. A stranger's counts to the fleet, the nil domain.
DomainId FleetQuery::domain_of(DomainId scope) const {
  const FleetRoster& roster = views_->roster();
  if (roster.domains().knows(scope)) return scope;
  const auto slot = roster.find(id_cast<NodeTag>(scope));
  return slot && roster.at(*slot).registered ? roster.at(*slot).as.domain_id : DomainId{};
}

void FleetQuery::add_authority(const Query& query, std::map<DomainId, FleetSummary>& summaries) const {
  for (const ScopeAuthority& scope : views_->authority().scopes(query)) {
    AuthorityCounts& counts = summaries[domain_of(scope.scope)].authority;
    ++(now() < scope.lease_end() ? counts.in_force : counts.lapsed);
  }
  for (const AuthorityAnomaly& anomaly : views_->authority().anomalies(query))
    ++summaries[domain_of(anomaly.node.is_nil() ? anomaly.scope : id_cast<DomainTag>(anomaly.node))]
          .authority.anomalies;
}

std::map<DomainId, FleetSummary> FleetQuery::by_domain(const Query& query) const {
  std::map<DomainId, FleetSummary> summaries;
  for (const Slot slot : views_->roster().select(query))
    ++summaries[views_->roster().at(slot).as.domain_id].nodes;
  for (const auto& [domain, counts] : views_->connectivity().counts_by_domain(query))
    summaries[domain].connectivity = counts;
  for (const auto& [domain, counts] : views_->lifecycle().counts_by_domain(query))
    summaries[domain].lifecycle = counts;
  for (const auto& [domain, drift] : views_->drift().by_domain(query)) summaries[domain].drift = drift;
  for (const auto& [domain, counts] : views_->supply_chain().counts_by_domain(query))
    summaries[domain].supply_chain = counts;
  add_authority(query, summaries);
  return summaries;
}

Node FleetQuery::node_at(Slot slot) const {
  const FleetRoster::Member& member = views_->roster().at(slot);
  const NodeConnectivity seen = views_->connectivity().at(slot);
  Node node;
  node.id = member.id;
  node.name = member.as.name;
  node.kind = member.as.kind;
  node.tags = member.as.tags;
  node.domain_id = member.as.domain_id;
  if (const auto grant = views_->authority().in_force(member.as.domain_id)) {
    node.authority.master_of_record = grant->level;
    node.authority.last_authoritative_update_ts = grant->granted_ts;
  }
  node.authority.controller_ids = controllers_of(*views_, member.as.domain_id);
  if (is_own_master(*views_, seen, now())) node.authority.master_of_record = AuthorityLevel::local;
  node.connectivity = shown_connectivity(seen, now());
  node.desired_state = shown_desired(views_->drift().inputs(), slot);
  if (const auto actual = views_->drift().actual_of(member.id)) {
    node.actual_state.reported_version = actual->reported_version;
    node.actual_state.inventory = actual->inventory;
  }
  node.actual_state.runtime.health = seen.health;
  node.actual_state.runtime.last_heartbeat_ts = seen.last_seen;
  node.drift = views_->drift().drift_of(member.id);
  node.drift.last_evaluated_ts = now();
  if (const auto chain = views_->supply_chain().find(member.id)) node.supply_chain = chain->shown;
  node.lifecycle = views_->lifecycle().lifecycle_of(member.id);
  if (const auto& snapshot = views_->drift().inputs().of(slot).seen)
    node.observations.last_snapshot_ref = "snapshot/" + text_of(snapshot->body);
  if (seen.head > 0)
    node.observations.last_event_ref = "event/" + text_of(member.id) + "/" + std::to_string(seen.head);
  return node;
}

std::optional<Node> FleetQuery::node(NodeId id) const {
  const auto slot = views_->roster().find(id);
  if (!slot || !views_->roster().at(*slot).registered) return std::nullopt;
  return node_at(*slot);
}

std::vector<Node> FleetQuery::nodes(const Query& query, std::size_t first, std::size_t most) const {
  const std::vector<Slot> slots = views_->lifecycle().select(query);
  std::vector<Node> page;
  for (std::size_t i = first; i < slots.size() && page.size() < most; ++i) page.push_back(node_at(slots[i]));
  return page;
}

std::vector<Rollout> FleetQuery::rollouts(const Query& query) const {
  std::vector<Rollout> found;
  for (Rollout& rollout : views_->rollouts().all()) {
    if (!query.bundle.is_nil() && rollout.bundle_id != query.bundle) continue;
    if (!views_->roster().domains().is_within(rollout.scope, query.domain)) continue;
    if (query.has_window() && !query.is_within(rollout.started_ts)) continue;
    found.push_back(std::move(rollout));
  }
  return found;
}

}  // namespace ibcf
