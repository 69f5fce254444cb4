#include "controlplane/authority.hpp"

#include <algorithm>

#include "controlplane/planted.hpp"
#include "model/check.hpp"

namespace ibcf {

// Given up, or overtaken by a newer term.
bool HeldAuthority::is_over(const AuthorityGrant& grant) const {
  if (const auto held = held_.find(grant.scope);
      held != held_.end() && held->second.grant.epoch > grant.epoch)
    return true;
  const auto over = given_up_.find(grant.scope);
  return over != given_up_.end() && over->second >= grant.epoch;
}

void HeldAuthority::take(const AuthorityGrant& grant, Instant asked) {
  if (is_over(grant)) return;
  // The grantor's clock may be anywhere: only the holder's own says how much of the lease has passed.
  if (is_planted(Defect::lease_by_other_clock)) asked = grant.granted_ts;
  const Held fresh{grant, asked + grant.lease - bounds_.drift, asked + grant.lease / 3};
  const auto [entry, is_new] = held_.try_emplace(grant.scope, fresh);
  Held& held = entry->second;
  // Answers may come out of order; the newest counts.
  if (is_new || held.grant.epoch < grant.epoch || held.ends < fresh.ends) held = fresh;
}

bool HeldAuthority::offer(const AuthorityGrant& grant) {
  const auto held = held_.find(grant.scope);
  if (is_over(grant) || (held != held_.end() && held->second.grant.epoch == grant.epoch)) return false;
  held_[grant.scope] = {grant, Instant::min(), Instant::min()};
  return true;
}

bool HeldAuthority::give_up(DomainId scope, std::uint64_t epoch) {
  std::uint64_t& over = given_up_[scope];
  over = std::max(over, epoch);
  const auto held = held_.find(scope);
  if (held == held_.end() || held->second.grant.epoch > epoch) return false;
  held_.erase(held);
  return true;
}

std::optional<std::uint64_t> HeldAuthority::epoch_for(DomainId scope, Instant now) const {
  const auto found = held_.find(scope);
  if (found == held_.end() || now >= found->second.ends) return std::nullopt;
  return found->second.grant.epoch;
}

std::vector<AuthorityGrant> HeldAuthority::due_for_renewal(Instant now) const {
  std::vector<AuthorityGrant> due;
  for (const auto& [scope, held] : held_)
    if (now >= held.renew) due.push_back(held.grant);
  return due;
}

AuthorityGrant GrantChain::begin(DomainId scope, AuthorityLevel level, MasterId holder,
                                 std::string holder_name, Duration lease, Instant now) {
  check(!chains_.contains(scope), "a scope has one first grant");
  const AuthorityGrant grant{.scope = scope,
                             .level = level,
                             .holder = holder,
                             .holder_name = std::move(holder_name),
                             .epoch = 1,
                             .granted_ts = now,
                             .lease = lease,
                             .reason = GrantReason::initial};
  recall(grant);
  return grant;
}

void GrantChain::recall(const AuthorityGrant& grant) {
  chains_[grant.scope] = {grant, grant.granted_ts + grant.lease + bounds_.drift + bounds_.delivery, false,
                          std::nullopt};
}

std::optional<AuthorityGrant> GrantChain::renew(DomainId scope, std::uint64_t epoch, MasterId holder,
                                                Instant now) {
  const auto found = chains_.find(scope);
  if (found == chains_.end()) return std::nullopt;
  Chain& chain = found->second;
  if (chain.grant.epoch != epoch || chain.grant.holder != holder || chain.next || chain.released)
    return std::nullopt;
  chain.grant.granted_ts = now;
  chain.grant.reason = GrantReason::renewal;
  chain.ends = now + chain.grant.lease + bounds_.drift + bounds_.delivery;
  return chain.grant;
}

void GrantChain::order_handover(DomainId scope, AuthorityLevel level, MasterId to, std::string to_name) {
  Chain& chain = chains_.at(scope);
  AuthorityGrant next = chain.grant;
  next.level = level;
  next.holder = to;
  next.holder_name = std::move(to_name);
  chain.next = next;
}

void GrantChain::released(DomainId scope, std::uint64_t epoch) {
  const auto found = chains_.find(scope);
  if (found != chains_.end() && found->second.grant.epoch == epoch && found->second.next)
    found->second.released = true;
}

std::optional<AuthorityGrant> GrantChain::advance(DomainId scope, Instant now) {
  const auto found = chains_.find(scope);
  if (found == chains_.end() || !found->second.next) return std::nullopt;
  Chain& chain = found->second;
  if (!chain.released && now < chain.ends) return std::nullopt;
  AuthorityGrant grant = *chain.next;
  grant.epoch = chain.grant.epoch + 1;
  grant.granted_ts = now;
  grant.reason = chain.released ? GrantReason::handover : GrantReason::expiry;
  chain = {grant, now + grant.lease + bounds_.drift + bounds_.delivery, false, std::nullopt};
  return grant;
}

const AuthorityGrant* GrantChain::current(DomainId scope) const {
  const auto found = chains_.find(scope);
  return found == chains_.end() ? nullptr : &found->second.grant;
}

bool GrantChain::is_handing_over(DomainId scope) const {
  const auto found = chains_.find(scope);
  return found != chains_.end() && found->second.next.has_value();
}

std::vector<DomainId> GrantChain::scopes() const {
  std::vector<DomainId> scopes;
  for (const auto& [scope, chain] : chains_) scopes.push_back(scope);
  return scopes;
}

}  // namespace ibcf
