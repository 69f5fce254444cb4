#include "controlplane/master.hpp"

/// Authority, as a master lives it: who holds which scope in which term (protocols page, "Masters").
namespace ibcf {

const Peer* Master::find_peer(MasterId id) const {
  for (const Peer& peer : peers_)
    if (peer.id == id) return &peer;
  return nullptr;
}

// A new term is an event first; then its holder learns of it, then every other master.
void Master::announce(const AuthorityGrant& grant, Instant now, Outbox& out) {
  append_own(EventType::authority_granted, any(grant.scope), encode(AuthorityGranted{grant}), {},
             Priority::authority, now);
  see_epoch(grant.scope, grant.epoch, now, out);
  if (grant.holder == identity_.id) held_.take(grant, now);
  tell_term(grant, now, out);
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
    append_own(EventType::authority_granted, any(request.scope), encode(AuthorityGranted{*grant}), {},
               Priority::authority, now);
    to_master(from, std::make_shared<const LeaseGranted>(LeaseGranted{*grant, request.sent}), out);
  }
}

// Masters' clocks may be hours apart, so a lease counts from when this master asked, on its own clock. Where
// it did not ask, it asks now, and acts from the answer on.
void Master::take_grant(const LeaseGranted& granted, Instant now, Outbox& out) {
  if (granted.grant.holder != identity_.id) return;
  if (granted.echo)
    held_.take(granted.grant, *granted.echo);
  else if (held_.offer(granted.grant))
    renew(granted.grant, now, out);
}

void Master::renew(const AuthorityGrant& grant, Instant now, Outbox& out) {
  if (identity_.upstream) {
    to_master(*identity_.upstream, LeaseRequest{grant.scope, grant.epoch, now}, out);
  } else if (const auto renewed = chain_.renew(grant.scope, grant.epoch, identity_.id, now)) {
    append_own(EventType::authority_granted, any(grant.scope), encode(AuthorityGranted{*renewed}), {},
               Priority::authority, now);
    held_.take(*renewed, now);
  }
}

// A term this master had not heard of: it stops acting under an older one, drops what it had not sent yet,
// and tells its nodes, which fence from then on.
void Master::see_epoch(DomainId scope, std::uint64_t epoch, Instant now, Outbox& out) {
  std::uint64_t& known = epochs_[scope];
  if (epoch <= known) return;
  known = epoch;
  held_.give_up(scope, epoch - 1);
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

// By another master of the node: it need not be granted twice.
void Master::see_grant(const Event& event) {
  const auto said = payload_of<AuthorityGranted>(event);
  if (!said || said->grant.level != AuthorityLevel::local) return;
  NodeRecord* node = find_record(id_cast<NodeTag>(said->grant.scope));
  if (node != nullptr && node->local.epoch < said->grant.epoch) node->local = local_grant_of(said->grant);
}

void Master::tend_authority(Instant now, Outbox& out) {
  for (const AuthorityGrant& grant : held_.due_for_renewal(now)) renew(grant, now, out);
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

void Master::order_handover(DomainId scope, const Peer& to, Instant now, Outbox& out) {
  chain_.order_handover(scope, to.level, to.id, to.name);
  // This master may be the one that has to stop.
  const std::uint64_t present = chain_.current(scope)->epoch;
  if (held_.give_up(scope, present)) chain_.released(scope, present);
  tend_authority(now, out);
}

}  // namespace ibcf
