#include <algorithm>

#include "controlplane/master.hpp"
#include "controlplane/planted.hpp"
#include "controlplane/seal.hpp"
#include "model/payloads.hpp"

/// What a relay tells of a node that cannot speak for itself (A12, docs/decisions/0018).
namespace ibcf {
namespace {

// When the node made it, by its own clock; nothing where it is not the node's.
std::optional<Instant> stamp_of(const Enrolment& node, const Packet& word, const Verifier& verifier) {
  if (!fits(node.secret, word)) return std::nullopt;
  if (const auto* beat = std::get_if<Heartbeat>(&word.message)) {
    if (beat->incarnation != node.incarnation) return std::nullopt;
    return beat->sent;
  }
  const auto* hello = std::get_if<Shared<Hello>>(&word.message);
  if (hello == nullptr || (*hello)->origin != node.id || (*hello)->incarnation != node.incarnation ||
      !verifier.verifies(node.public_key, signed_bytes(**hello), (*hello)->signature))
    return std::nullopt;
  return (*hello)->clock;
}

}  // namespace

void Master::on_relay(const Packet& packet, Instant now) {
  const auto* delegated = std::get_if<Shared<Delegated>>(&packet.message);
  NodeRecord* node = delegated != nullptr && (*delegated)->word.from.role == Role::node
                         ? find_record((*delegated)->word.from)
                         : nullptr;
  std::optional<Instant> stamp;
  if (node != nullptr && packet.from == node->enrolment.relay)
    stamp = stamp_of(node->enrolment, (*delegated)->word, *verifier_);
  if (!stamp) {
    ++counters_.refused;
    return;
  }
  see_alive(*node, *stamp, std::max((*delegated)->kept, Duration::zero()), now);
}

// It lived when it made this. No contact: nothing is answered, and a return begins with its own Hello. That a
// relay says it kept it for less long makes it no younger than the node's clock does.
void Master::see_alive(NodeRecord& node, Instant stamp, Duration kept, Instant now) {
  Instant made = now - kept;
  if (node.newest_sent != Instant::min()) {
    const Instant latest = node.newest_sent + (now - node.last_seen);
    made = std::min(made, node.last_seen + (std::clamp(stamp, node.newest_sent, latest) - node.newest_sent));
  }
  if (!node.is_lost() || made <= std::max(node.last_seen, node.alive)) {
    ++counters_.stale;
    return;
  }
  node.alive = made;
  if (is_planted(Defect::delegated_is_contact)) node.last_seen = made;
  if (!node.local.covers(now - made)) return;
  const Arrow* arrow = take_arrow(node, EventType::conn_proxy_evidence, VerdictKind::clean);
  if (arrow == nullptr) return;
  append_own(EventType::conn_proxy_evidence, any(node.enrolment.id),
             encode(ProxyEvidence{std::string(arrow->id), made, kept,
                                  "its relay kept a sign of life of it: alive, but cut off"}),
             {}, Priority::health, now);
}

}  // namespace ibcf
