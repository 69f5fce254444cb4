#include "controlplane/master.hpp"

/// What the fleet trusts no more reaches every node, so that none installs it while nobody is there to stop
/// it (protocols page, "Trust and quarantine").
namespace ibcf {

// What a master knows to be revoked only grows, but the end of its log may be lost with it when it dies: each
// life of it counts anew, above all earlier ones.
std::uint64_t Master::revocations() const {
  const std::uint64_t known = artifacts_.revoked();
  return known == 0 ? 0 : std::uint64_t{identity_.incarnation} << 32 | known;
}

Shared<RevocationNotice> Master::revocation_notice() {
  if (revocation_notice_ == nullptr || revocation_notice_->generation != revocations())
    revocation_notice_ =
        std::make_shared<const RevocationNotice>(RevocationNotice{revocations(), artifacts_.revocations()});
  return revocation_notice_;
}

// Null where the node is known to have the newest.
Shared<RevocationNotice> Master::revocations_lacked_by(const NodeRecord& node) {
  return node.revocations_held == revocations() ? nullptr : revocation_notice();
}

void Master::tell_revocations(NodeRecord& node, Instant now, Outbox& out) {
  const Shared<RevocationNotice> notice = revocations_lacked_by(node);
  if (notice == nullptr || node.state.phase == Phase::retired) return;
  node.revocations_told = notice->generation;
  node.revocations_told_at = now;
  to_node(node, notice, out);
}

// At once where there is news, whoever may be away: a relay keeps it. Then again as long as it can be heard.
void Master::tend_revocations(Instant now, Outbox& out) {
  const std::uint64_t newest = revocations();
  if (newest == 0) return;
  for (NodeRecord& node : nodes_) {
    if (node.revocations_held == newest) continue;
    const bool is_heard = now - node.last_seen <= settings_->heartbeat * settings_->missed_heartbeats;
    const bool is_due = is_heard && now - node.revocations_told_at >= settings_->command_retry;
    if (node.revocations_told != newest || is_due) tell_revocations(node, now, out);
  }
}

void Master::on_revocations_held(NodeRecord& node, const RevocationsHeld& held) {
  if (held.nonce >= node.hello_nonce) node.revocations_held = held.generation;
}

}  // namespace ibcf
