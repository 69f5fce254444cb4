#include "controlplane/authority.hpp"

#include <algorithm>

#include "controlplane/planted.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

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
  // A renewal goes on with a term as it was begun.
  const GrantReason begun = held.grant.epoch == grant.epoch ? held.grant.reason : grant.reason;
  // Answers may come out of order; the newest counts.
  if (is_new || held.grant.epoch < grant.epoch || held.ends < fresh.ends) held = fresh;
  if (held.grant.epoch == grant.epoch) held.grant.reason = begun;
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

bool HeldAuthority::is_break_glass(DomainId scope) const {
  const auto found = held_.find(scope);
  return found != held_.end() && found->second.grant.reason == GrantReason::breakglass;
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

// Ends what was ordered or kept against the term before.
AuthorityGrant GrantChain::begin_term(Chain& chain, AuthorityGrant grant, GrantReason reason, Instant now) {
  grant.epoch = chain.highest + 1;
  grant.granted_ts = now;
  grant.reason = reason;
  chain = {grant, end_of(grant, now), false, std::nullopt, std::nullopt, grant.epoch};
  return grant;
}

// A renewal leaves what is kept for a successor; a new term ends it.
void GrantChain::recall(const AuthorityGrant& grant) {
  Chain& chain = chains_[grant.scope];
  if (chain.grant.epoch != grant.epoch) chain.kept.reset();
  chain.grant = grant;
  chain.ends = end_of(grant, grant.granted_ts);
  chain.released = false;
  chain.next.reset();
  chain.highest = std::max(chain.highest, grant.epoch);
}

void GrantChain::recall(const SuccessorNamed& named) {
  Chain& chain = chains_.at(named.grant.scope);
  if (named.grant.reason == GrantReason::handover) {
    chain.next = named.grant;
    return;
  }
  chain.kept = named.grant;
  chain.highest = std::max(chain.highest, named.grant.epoch);
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
  chain.ends = end_of(chain.grant, now);
  return chain.grant;
}

SuccessorNamed GrantChain::order_handover(DomainId scope, AuthorityLevel level, MasterId to,
                                          std::string to_name, Instant now) {
  Chain& chain = chains_.at(scope);
  AuthorityGrant next = chain.grant;
  next.level = level;
  next.holder = to;
  next.holder_name = std::move(to_name);
  next.epoch = 0;  // it gets one when it begins
  next.granted_ts = now;
  next.reason = GrantReason::handover;
  chain.next = next;
  return {next, chain.grant.epoch, {}};
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
  return begin_term(chain, *chain.next, chain.released ? GrantReason::handover : GrantReason::expiry, now);
}

std::optional<SuccessorNamed> GrantChain::name_successor(DomainId scope, AuthorityLevel level, MasterId to,
                                                         std::string to_name, Instant now) {
  const auto found = chains_.find(scope);
  if (found == chains_.end() || found->second.grant.holder == to) return std::nullopt;
  Chain& chain = found->second;
  AuthorityGrant kept = chain.grant;
  kept.level = level;
  kept.holder = to;
  kept.holder_name = std::move(to_name);
  kept.epoch = ++chain.highest;
  kept.granted_ts = now;
  kept.reason = GrantReason::predelegated;
  chain.kept = kept;
  return SuccessorNamed{kept, chain.grant.epoch, kept.lease + bounds_.drift + bounds_.delivery};
}

// Its lease began on its own clock, before this was known here: counted from now it ends no earlier.
bool GrantChain::took(const AuthorityGrant& grant, Instant now) {
  const auto found = chains_.find(grant.scope);
  if (found == chains_.end()) return false;
  Chain& chain = found->second;
  if (!chain.kept || chain.kept->epoch != grant.epoch || chain.kept->holder != grant.holder) return false;
  AuthorityGrant present = *chain.kept;
  present.granted_ts = now;
  present.reason = grant.reason;
  chain.grant = present;
  chain.ends = end_of(present, now);
  chain.released = false;
  chain.kept.reset();
  return true;
}

std::optional<AuthorityGrant> GrantChain::break_glass(DomainId scope, AuthorityLevel level, MasterId to,
                                                      std::string to_name, Instant now) {
  const auto found = chains_.find(scope);
  if (found == chains_.end()) return std::nullopt;
  AuthorityGrant grant = found->second.grant;
  grant.level = level;
  grant.holder = to;
  grant.holder_name = std::move(to_name);
  return begin_term(found->second, std::move(grant), GrantReason::breakglass, now);
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

// ---- the successor's side ---------------------------------------------------------------------------------

void Succession::name(const SuccessorNamed& named, Instant now) {
  const auto [known, is_new] = kept_.try_emplace(named.grant.scope, Kept{named, now});
  if (!is_new && known->second.named.grant.epoch < named.grant.epoch) known->second = {named, now};
}

void Succession::heard(DomainId scope, std::uint64_t epoch, Instant now) {
  const auto found = kept_.find(scope);
  if (found == kept_.end()) return;
  if (epoch >= found->second.named.grant.epoch)
    kept_.erase(found);
  else
    found->second.heard = now;
}

std::vector<DomainId> Succession::due(Instant now) const {
  std::vector<DomainId> due;
  for (const auto& [scope, kept] : kept_)
    if (now - kept.heard >= kept.named.after) due.push_back(scope);
  return due;
}

std::optional<AuthorityGrant> Succession::begin(DomainId scope, GrantReason reason, Instant now) {
  const auto found = kept_.find(scope);
  if (found == kept_.end()) return std::nullopt;
  AuthorityGrant grant = found->second.named.grant;
  kept_.erase(found);
  grant.granted_ts = now;
  grant.reason = reason;
  return grant;
}

}  // namespace ibcf
