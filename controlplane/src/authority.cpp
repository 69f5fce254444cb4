#include "controlplane/authority.hpp"

#include "model/check.hpp"

namespace ibcf {

void HeldAuthority::take(const AuthorityGrant& grant, Instant asked) {
  const auto found = held_.find(grant.scope);
  if (found != held_.end() && found->second.grant.epoch > grant.epoch) return;
  if (const auto over = given_up_.find(grant.scope); over != given_up_.end() && over->second >= grant.epoch)
    return;
  held_[grant.scope] = {grant, asked + grant.lease - bounds_.drift, asked + grant.lease / 3};
}

std::optional<std::uint64_t> HeldAuthority::give_up(DomainId scope) {
  const auto found = held_.find(scope);
  if (found == held_.end()) return std::nullopt;
  const auto epoch = found->second.grant.epoch;
  given_up_[scope] = epoch;
  held_.erase(found);
  return epoch;
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

std::vector<DomainId> HeldAuthority::scopes() const {
  std::vector<DomainId> scopes;
  for (const auto& [scope, held] : held_) scopes.push_back(scope);
  return scopes;
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
  chains_[scope] = {grant, now + lease + bounds_.drift + bounds_.delivery, false, std::nullopt};
  return grant;
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
