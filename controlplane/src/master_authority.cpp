#include "controlplane/master.hpp"
#include "model/payloads.hpp"

/// Authority, as a master lives it: who holds which scope in which term (protocols page, "Masters").
namespace ibcf {

const Peer* Master::find_peer(MasterId id) const {
  for (const Peer& peer : peers_)
    if (peer.id == id) return &peer;
  return nullptr;
}

// A new term is an event first; then its holder learns of it, then every other master.
void Master::announce(const AuthorityGrant& grant, Instant now, Outbox& out, std::string why) {
  append_grant(grant, std::move(why), now);
  see_epoch(grant.scope, grant.epoch, now, out);
  if (grant.holder == identity_.id) held_.take(grant, now);
  tell_term(grant, now, out);
}

void Master::append_grant(const AuthorityGrant& grant, std::string why, Instant now) {
  append_own(EventType::authority_granted, any(grant.scope), encode(AuthorityGranted{grant, std::move(why)}),
             {}, Priority::authority, now);
}

void Master::tell_term(const AuthorityGrant& grant, Instant now, Outbox& out) {
  for (const Peer& peer : peers_) {
    if (peer.id == identity_.id) continue;
    if (peer.id == grant.holder)
      to_master_surely(peer.endpoint, any(grant.scope),
                       std::make_shared<const LeaseGranted>(LeaseGranted{grant, std::nullopt}), now, out);
    else
      to_master_surely(peer.endpoint, any(grant.scope), EpochNotice{grant.scope, grant.epoch}, now, out);
  }
}

void Master::on_lease_request(Endpoint from, const LeaseRequest& request, Instant now, Outbox& out) {
  for (const Peer& peer : peers_) {
    if (peer.endpoint != from) continue;
    const auto grant = chain_.renew(request.scope, request.epoch, peer.id, now);
    if (!grant) continue;  // its term is over; an EpochNotice tells it so
    append_grant(*grant, {}, now);
    to_master(from, std::make_shared<const LeaseGranted>(LeaseGranted{*grant, request.sent}), out);
  }
}

// Masters' clocks may be hours apart, so a lease counts from when this master asked, on its own clock. Where
// it did not ask, it asks now, and acts from the answer on.
void Master::take_grant(const LeaseGranted& granted, Instant now, Outbox& out) {
  if (granted.grant.holder != identity_.id) return;
  if (granted.echo) {
    held_.take(granted.grant, *granted.echo);
    if (const auto own = own_terms_.find(granted.grant.scope);
        own != own_terms_.end() && own->second == granted.grant.epoch)
      own_terms_.erase(own);
  } else if (held_.offer(granted.grant))
    renew(granted.grant, now, out);
}

// A term that it began by itself it goes on with by itself, until the grantor answers for it: that one may be
// away for long, and the epoch is this master's alone.
void Master::renew(const AuthorityGrant& grant, Instant now, Outbox& out) {
  std::optional<AuthorityGrant> renewed;
  const auto own = own_terms_.find(grant.scope);
  if (own != own_terms_.end() && own->second == grant.epoch) {
    renewed = grant;
    renewed->granted_ts = now;
    renewed->reason = GrantReason::renewal;
  }
  if (identity_.upstream)
    to_master(*identity_.upstream, LeaseRequest{grant.scope, grant.epoch, now}, out);
  else
    renewed = chain_.renew(grant.scope, grant.epoch, identity_.id, now);
  if (!renewed) return;
  append_grant(*renewed, {}, now);
  held_.take(*renewed, now);
}

void Master::begin_own_term(const AuthorityGrant& grant, std::string why, Instant now, Outbox& out) {
  own_terms_[grant.scope] = grant.epoch;
  announce(grant, now, out, std::move(why));
}

bool Master::name_successor(DomainId scope, const Peer& to, Instant now) {
  const auto named = chain_.name_successor(scope, to.level, to.id, to.name, now);
  if (!named) return false;
  append_own(EventType::authority_successor_named, any(scope), encode(*named), {}, Priority::authority, now);
  return true;
}

std::optional<std::uint64_t> Master::break_glass(DomainId scope, std::string why, Instant now, Outbox& out) {
  if (const auto granted = chain_.break_glass(scope, identity_.level, identity_.id, identity_.name, now)) {
    announce(*granted, now, out, std::move(why));
    return granted->epoch;
  }
  const auto kept = succession_.begin(scope, GrantReason::breakglass, now);
  if (!kept) return std::nullopt;
  begin_own_term(*kept, std::move(why), now, out);
  return kept->epoch;
}

// A term this master had not heard of: it stops acting under an older one, drops what it had not sent yet,
// and tells its nodes, which fence from then on.
void Master::see_epoch(DomainId scope, std::uint64_t epoch, Instant now, Outbox& out) {
  std::uint64_t& known = epochs_[scope];
  if (epoch <= known) return;
  known = epoch;
  held_.give_up(scope, epoch - 1);
  if (const auto own = own_terms_.find(scope); own != own_terms_.end() && own->second < epoch)
    own_terms_.erase(own);
  CommandBook::Todo todo;
  commands_.end_terms_before(scope, epoch, todo);
  do_it(todo, now, out);
  if (epoch == 1) return;  // the first term has nothing to fence
  for (const NodeRecord& node : nodes_)
    if (node.enrolment.facts.domain_id == scope) to_node(node, EpochNotice{scope, epoch}, out);
}

// In advance, while the node is in contact, in the newest term of its domain that this master knows. It is
// the home master that gives it, whoever holds the term: what a node may do while nobody reaches it cannot
// wait for somebody who does not reach its home either (docs/decisions/0015).
void Master::grant_local(NodeRecord& node, Instant now) {
  const bool is_new_term = node.local.epoch < *node.epoch;
  node.local = {*node.epoch, settings_->autonomy};
  AuthorityGrant grant = local_authority(node.enrolment.id, node.enrolment.facts.name, node.local, now);
  if (!is_new_term) grant.reason = GrantReason::renewal;  // to the node's next life
  append_own(EventType::authority_granted, any(node.enrolment.id), encode(AuthorityGranted{std::move(grant)}),
             {}, Priority::authority, now);
}

// What another master granted: LOCAL authority to a node of this one too, which need not be granted twice; or
// a term, which counts though its notice was lost.
void Master::see_grant(const Event& event, Instant now, Outbox& out) {
  const auto said = payload_of<AuthorityGranted>(event);
  if (!said) return;
  const AuthorityGrant& grant = said->grant;
  if (grant.level == AuthorityLevel::local) {
    NodeRecord* node = find_record(id_cast<NodeTag>(grant.scope));
    if (node != nullptr && node->local.epoch < grant.epoch) node->local = local_grant_of(grant);
    return;
  }
  succession_.heard(grant.scope, grant.epoch, now);
  const bool is_taken_up = chain_.took(grant, now);
  see_epoch(grant.scope, grant.epoch, now, out);
  if (is_taken_up) tell_term(*chain_.current(grant.scope), now, out);
}

void Master::see_successor(const Event& event, Instant now) {
  const auto named = payload_of<SuccessorNamed>(event);
  if (named && named->grant.holder == identity_.id && named->grant.reason == GrantReason::predelegated)
    succession_.name(*named, now);
}

void Master::tend_authority(Instant now, Outbox& out) {
  for (const AuthorityGrant& grant : held_.due_for_renewal(now)) renew(grant, now, out);
  for (const DomainId scope : succession_.due(now))
    begin_own_term(*succession_.begin(scope, GrantReason::predelegated, now), {}, now, out);
  for (const DomainId scope : chain_.scopes()) {
    if (!chain_.is_handing_over(scope)) continue;
    if (const auto grant = chain_.advance(scope, now)) {
      announce(*grant, now, out);
      continue;
    }
    const AuthorityGrant* present = chain_.current(scope);
    if (const Peer* holder = find_peer(present->holder); holder != nullptr && holder->id != identity_.id)
      to_master(holder->endpoint, LeaseRevoked{scope, present->epoch}, out);
  }
}

// This master may be the one that has to stop.
void Master::stop_for(const SuccessorNamed& named) {
  if (held_.give_up(named.grant.scope, named.present_epoch))
    chain_.released(named.grant.scope, named.present_epoch);
}

void Master::order_handover(DomainId scope, const Peer& to, Instant now, Outbox& out) {
  const SuccessorNamed named = chain_.order_handover(scope, to.level, to.id, to.name, now);
  append_own(EventType::authority_successor_named, any(scope), encode(named), {}, Priority::authority, now);
  stop_for(named);
  tend_authority(now, out);
}

}  // namespace ibcf
