#include "controlplane/attestation.hpp"
#include "controlplane/master.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

/// How a node gets into the fleet, or does not (S1 to S3, A28, A29, A31).
namespace ibcf {

void Master::enrol(Enrolment enrolment, Instant now) {
  NodeRecord& node = add_record(std::move(enrolment));
  node.last_seen = now;
  finish_enrolment(node, now);
}

// From wherever it stands, in its first life or a later one.
void Master::finish_enrolment(NodeRecord& node, Instant now) {
  const AnyId id = any(node.enrolment.id);
  if (!node.state.phase && node.state.incarnation == 0) {
    const Arrow* arrow = take_arrow(node, EventType::node_registered, VerdictKind::clean);
    check(arrow != nullptr, "a node is registered once");
    append_own(EventType::node_registered, id, encode(node.enrolment.facts), {}, Priority::trust, now);
  }
  if (node.state.phase == Phase::provisioning) admit(node, now);
  if (node.state.phase == Phase::enrolled) activate(node, now);
  heed_plan(node, "the contact plan gives it windows", now);
}

// Who cannot show that it is of a make we trust gets nothing, not even a place among the suspects.
void Master::admit(NodeRecord& node, Instant now) {
  const Enrolment& enrolment = node.enrolment;
  if (const std::string objection = judge_attestation(node, now); !objection.empty()) {
    believe(node, EventType::enrollment_rejected, objection, now);
    return end_life(node, now);
  }
  const NodeId owner = key_owners_.try_emplace(enrolment.public_key, enrolment.id).first->second;
  if (owner != enrolment.id) {
    believe(node, EventType::enrollment_conflict, "duplicate identity: its key is that of " + text_of(owner),
            now);
    return;
  }
  const Arrow* arrow = take_arrow(node, EventType::node_enrolled, VerdictKind::clean);
  const PublicKey& key = enrolment.public_key;
  append_own(EventType::node_enrolled, any(enrolment.id),
             encode(NodeEnrolled{std::string(arrow->id), Bytes(key.begin(), key.end())}), {}, Priority::trust,
             now);
}

void Master::activate(NodeRecord& node, Instant now) {
  const AttestationTrust& trust = settings_->attestation;
  const Attestation* attested = node.enrolment.attestation.get();
  if (trust.makers.empty() || (attested != nullptr && is_accepted(*attested, trust)))
    believe(node, EventType::node_activated, "enrolled with its inventory", now);
  else
    believe(node, EventType::trust_violation,
            "attestation mismatch: it booted " +
                (attested != nullptr ? text_of(attested->measurement) : "what nobody attested"),
            now);
}

// Whatever the answer, with all that it follows from.
std::string Master::judge_attestation(const NodeRecord& node, Instant now) {
  const AttestationTrust& trust = settings_->attestation;
  if (trust.makers.empty()) return "";
  const Enrolment& enrolment = node.enrolment;
  const Attestation* shown = enrolment.attestation.get();
  std::string objection =
      objection_to(shown, enrolment.id, enrolment.incarnation, enrolment.public_key, trust, *verifier_);
  AttestationJudged judged{.incarnation = enrolment.incarnation,
                           .public_key = Bytes(enrolment.public_key.begin(), enrolment.public_key.end()),
                           .objection = objection};
  if (shown != nullptr) {
    judged.measurement = shown->measurement;
    judged.by = Bytes(shown->by.begin(), shown->by.end());
    judged.signature = Bytes(shown->signature.begin(), shown->signature.end());
  }
  append_own(EventType::attestation_judged, any(enrolment.id), encode(judged), {}, Priority::trust, now);
  return objection;
}

bool Master::owns_its_key(const NodeRecord& node) const {
  const auto owner = key_owners_.find(node.enrolment.public_key);
  return owner != key_owners_.end() && owner->second == node.enrolment.id;
}

}  // namespace ibcf
