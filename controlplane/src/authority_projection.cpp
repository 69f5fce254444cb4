#include "controlplane/authority_projection.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "model/payloads.hpp"

namespace ibcf {
namespace {

bool took_effect(CommandState state) {
  return state == CommandState::applied || state == CommandState::applied_late;
}

// Puts `item` where its key belongs; almost always that is the end.
template <class Item>
std::size_t put_by_key(std::vector<Item>& items, Item item) {
  const auto after = std::upper_bound(items.begin(), items.end(), item.key,
                                      [](const EventKey& key, const Item& other) { return key < other.key; });
  const auto place = static_cast<std::size_t>(after - items.begin());
  items.insert(after, std::move(item));
  return place;
}

}  // namespace

bool AuthorityProjection::apply(const Stored&, const Event& event) {
  if (event.type == EventType::authority_granted) {
    auto payload = payload_of<AuthorityGranted>(event);
    if (!payload) return false;
    if (payload->grant.level == AuthorityLevel::local)
      add(local_[id_cast<NodeTag>(payload->grant.scope)].granted, local_grant_of(payload->grant));
    else
      take(Granted{key_of(event), std::move(payload->grant)});
  } else if (event.type == EventType::desired_set) {
    const auto said = payload_of<DesiredSet>(event);
    if (!said) return false;
    desired_[said->scope].add(key_of(event), *said);
  } else if (event.type == EventType::local_decision) {
    const auto said = payload_of<LocalDecision>(event);
    if (!said) return false;
    if (said->under_grant)
      take(id_cast<NodeTag>(event.origin), Claimed{said->local_epoch, said->alone, key_of(event)});
  } else if (event.type == EventType::command_result) {
    auto payload = payload_of<CommandResult>(event);
    if (!payload) return false;
    take(Executed{key_of(event), id_cast<NodeTag>(event.origin), std::move(*payload)});
  }
  return true;
}

void AuthorityProjection::take(Granted granted) {
  Scope& scope = scopes_[granted.grant.scope];
  const std::uint64_t epoch = granted.grant.epoch;
  const std::size_t place = put_by_key(scope.grants, std::move(granted));
  if (scope.grants.size() == 1) return;
  if (place <= scope.newest) ++scope.newest;
  const Granted& newest = scope.grants[scope.newest];
  if (std::tie(newest.grant.epoch, scope.newest) < std::tie(epoch, place)) scope.newest = place;
}

void AuthorityProjection::take(Executed executed) {
  const CommandResult& result = executed.result;
  const bool stale = took_effect(result.state) && result.command_epoch < result.max_epoch_seen;
  if (stale || result.state == CommandState::fenced) put_by_key(executed_, std::move(executed));
}

void AuthorityProjection::take(NodeId node, const Claimed& claimed) {
  auto& claims = local_[node].claimed;
  const auto place =
      std::lower_bound(claims.begin(), claims.end(), claimed.epoch,
                       [](const Claimed& one, std::uint64_t epoch) { return one.epoch < epoch; });
  if (place == claims.end() || place->epoch != claimed.epoch)
    claims.insert(place, claimed);
  else
    *place = std::max(*place, claimed);
}

std::optional<ScopeAuthority> AuthorityProjection::find(DomainId id) const {
  const auto found = scopes_.find(id);
  if (found == scopes_.end()) return std::nullopt;
  const Scope& scope = found->second;
  ScopeAuthority authority{id, scope.grants[scope.newest].grant, {}};
  for (const Granted& granted : scope.grants) authority.history.push_back(granted.grant);
  return authority;
}

std::optional<AuthorityGrant> AuthorityProjection::in_force(DomainId domain) const {
  for (; !domain.is_nil(); domain = roster_->domains().parent_of(domain))
    if (const auto found = scopes_.find(domain); found != scopes_.end())
      return found->second.grants[found->second.newest].grant;
  return std::nullopt;
}

const std::vector<LocalGrant>& AuthorityProjection::local_grants(NodeId node) const {
  static const std::vector<LocalGrant> none;
  const auto found = local_.find(node);
  return found == local_.end() ? none : found->second.granted;
}

const DesiredHeads& AuthorityProjection::desired(DomainId scope) const {
  static const DesiredHeads none;
  const auto found = desired_.find(scope);
  return found == desired_.end() ? none : found->second;
}

DomainId AuthorityProjection::domain_of(NodeId node) const {
  const auto slot = roster_->find(node);
  return slot ? roster_->at(*slot).as.domain_id : DomainId{};
}

bool AuthorityProjection::is_asked_for(NodeId node, const Query& query) const {
  const auto slot = roster_->find(node);
  // A result of a node that nobody registered concerns the fleet as a whole.
  if (!slot || !roster_->at(*slot).registered)
    return query.domain.is_nil() && query.tags.empty() && query.bundle.is_nil();
  return roster_->matches(*slot, query);
}

bool AuthorityProjection::is_asked_for(DomainId scope, const Query& query) const {
  if (roster_->domains().knows(scope)) return roster_->domains().is_within(scope, query.domain);
  return is_asked_for(id_cast<NodeTag>(scope), query);
}

std::vector<ScopeAuthority> AuthorityProjection::scopes(const Query& query) const {
  std::vector<ScopeAuthority> found;
  for (const auto& [id, scope] : scopes_) {
    if (!is_asked_for(id, query)) continue;
    const bool moved = std::any_of(scope.grants.begin(), scope.grants.end(), [&](const Granted& granted) {
      return query.is_within(granted.grant.granted_ts);
    });
    if (moved) found.push_back(*find(id));
  }
  return found;
}

// Which grants are no renewals and yet do not rise. Masters' clocks may be hours apart, so who looks at two
// grantors' terms does not know which came first; but each of them knows its own, in the order of its log.
// Between grantors a term is only ever doubled.
std::vector<bool> AuthorityProjection::not_rising(const std::vector<Granted>& grants) {
  std::vector<std::size_t> own_order(grants.size());
  std::iota(own_order.begin(), own_order.end(), 0);
  std::sort(own_order.begin(), own_order.end(), [&](std::size_t a, std::size_t b) {
    const auto place = [&](std::size_t i) {
      const EventKey& key = grants[i].key;
      return std::tie(key.origin, key.incarnation, key.seq);
    };
    return place(a) < place(b);
  });
  std::vector<bool> found(grants.size());
  std::map<AnyId, std::uint64_t> highest;
  for (const std::size_t i : own_order) {
    const AuthorityGrant& grant = grants[i].grant;
    std::uint64_t& own = highest[grants[i].key.origin];
    found[i] = grant.reason != GrantReason::renewal && grant.epoch <= own;
    own = std::max(own, grant.epoch);
  }
  std::map<std::uint64_t, AnyId> begun_by;
  for (std::size_t i = 0; i < grants.size(); ++i) {
    if (grants[i].grant.reason == GrantReason::renewal) continue;
    const auto [first, is_new] = begun_by.try_emplace(grants[i].grant.epoch, grants[i].key.origin);
    found[i] = found[i] || (!is_new && first->second != grants[i].key.origin);
  }
  return found;
}

void AuthorityProjection::add_grant_anomalies(DomainId id, const Scope& scope, const Query& query,
                                              std::vector<AuthorityAnomaly>& all) const {
  using enum AuthorityAnomalyKind;
  std::map<std::uint64_t, std::set<MasterId>> holders;
  std::uint64_t highest = 0;
  const std::vector<bool> falls = not_rising(scope.grants);
  for (std::size_t i = 0; i < scope.grants.size(); ++i) {
    const AuthorityGrant& grant = scope.grants[i].grant;
    const auto report = [&](AuthorityAnomalyKind kind) {
      if (query.is_within(grant.granted_ts))
        all.push_back({kind, id, {}, {}, grant.epoch, highest, grant.granted_ts});
    };
    const bool renews = grant.reason == GrantReason::renewal;
    if (renews && grant.epoch < highest) report(stale_renewal);
    if (falls[i]) report(epoch_not_rising);
    if (grant.reason == GrantReason::breakglass) report(AuthorityAnomalyKind::break_glass);
    auto& known = holders[grant.epoch];
    if (known.insert(grant.holder).second && known.size() > 1) report(two_holders);
    highest = std::max(highest, grant.epoch);
  }
}

std::vector<AuthorityAnomaly> AuthorityProjection::anomalies(const Query& query) const {
  using enum AuthorityAnomalyKind;
  std::vector<AuthorityAnomaly> all;
  for (const auto& [id, scope] : scopes_)
    if (is_asked_for(id, query)) add_grant_anomalies(id, scope, query, all);
  for (const Executed& executed : executed_) {
    if (!query.is_within(executed.key.occurred) || !is_asked_for(executed.node, query)) continue;
    const bool fenced = executed.result.state == CommandState::fenced;
    all.push_back({fenced ? fenced_execution : stale_execution, domain_of(executed.node), executed.node,
                   executed.result.command_id, executed.result.command_epoch, executed.result.max_epoch_seen,
                   executed.key.occurred});
  }
  add_claims(query, all);
  add_conflicts(query, all);
  return all;
}

void AuthorityProjection::add_conflicts(const Query& query, std::vector<AuthorityAnomaly>& all) const {
  for (const auto& [scope, desired] : desired_) {
    if (!is_asked_for(scope, query)) continue;
    const auto losers = desired.losers();
    if (losers.empty()) continue;
    const std::uint64_t in_force = desired.heads().front().said.epoch;
    for (const DesiredHeads::Declared& lost : losers)
      if (query.is_within(lost.key.occurred))
        all.push_back({AuthorityAnomalyKind::desired_conflict,
                       scope,
                       {},
                       {},
                       lost.said.epoch,
                       in_force,
                       lost.key.occurred});
  }
}

// A claim is judged when it is asked for: the grant may come later than what was decided under it, by another
// way.
void AuthorityProjection::add_claims(const Query& query, std::vector<AuthorityAnomaly>& all) const {
  for (const auto& [node, local] : local_) {
    for (const Claimed& claimed : local.claimed) {
      LocalDecision said;
      said.local_epoch = claimed.epoch;
      said.under_grant = true;
      said.alone = claimed.alone;
      if (is_founded(said, local.granted) || !query.is_within(claimed.key.occurred) ||
          !is_asked_for(node, query))
        continue;
      all.push_back({AuthorityAnomalyKind::unfounded_claim,
                     domain_of(node),
                     node,
                     {},
                     claimed.epoch,
                     local.granted.empty() ? 0 : local.granted.back().epoch,
                     claimed.key.occurred});
    }
  }
}

Bytes AuthorityProjection::snapshot() const {
  Bytes bytes;
  Encoder encoder(bytes);
  write(encoder);
  return bytes;
}

void AuthorityProjection::write(Encoder& encoder) const {
  encoder.put(static_cast<std::uint32_t>(scopes_.size()));
  for (const auto& [id, scope] : scopes_) encoder.put(scope.grants);
  encoder.put(static_cast<std::uint32_t>(local_.size()));
  for (const auto& [node, local] : local_) {
    encoder.put(node);
    encoder.put(local);
  }
  encoder.put(static_cast<std::uint32_t>(desired_.size()));
  for (const auto& [scope, desired] : desired_) {
    encoder.put(scope);
    encoder.put(desired);
  }
  encoder.put(executed_);
}

void AuthorityProjection::read(Decoder& decoder) {
  std::uint32_t count = 0;
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    std::vector<Granted> grants;
    decoder.get(grants);
    if (!decoder.ok()) return;
    for (Granted& granted : grants) take(std::move(granted));
  }
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    NodeId node;
    decoder.get(node);
    decoder.get(local_[node]);
  }
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    DomainId scope;
    decoder.get(scope);
    decoder.get(desired_[scope]);
  }
  decoder.get(executed_);
}

}  // namespace ibcf
