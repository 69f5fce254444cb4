#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/event.hpp"
#include "model/objects.hpp"

/// What the events of the log carry, one struct per type; a type without one of its own carries a
/// LifecycleStep.

namespace ibcf {

struct NodeRegistered {
  std::string name;
  NodeKind kind = NodeKind::edge;
  DomainId domain_id;
  std::vector<std::string> tags;
  std::string access;  ///< name of the access technology: "fibre", "leo", ...
  std::string relay;
  std::string site;
  std::string serial;
  /// The number by which heartbeat batches name this node; counts from 0 over the fleet.
  std::uint32_t ordinal = 0;
  std::string manufacturer;
  std::string model;
  std::string bom_ref;  ///< bill of materials of the hardware
  IBCF_FIELDS(NodeRegistered, name, kind, domain_id, tags, access, relay, site, serial, ordinal, manufacturer,
              model, bom_ref)
};

struct NodeEnrolled {
  std::string arrow;
  Bytes public_key;
  IBCF_FIELDS(NodeEnrolled, arrow, public_key)
};

enum class VerdictKind : std::uint8_t { clean, partial, violation };
constexpr auto words_of(VerdictKind) {
  return std::array<std::string_view, 3>{"clean", "partial", "violation"};
}

/// A step of the lifecycle table that needs no more to be said: the arrow taken and why.
struct LifecycleStep {
  std::string arrow;  ///< "S8", "A15": the id in the table
  /// The class of the link as measured: LIVE, DELAYED or EDGE_CACHED.
  ConnectivityMode link_class = ConnectivityMode::live;
  Health health = Health::ok;
  std::string reason;
  IBCF_FIELDS(LifecycleStep, arrow, link_class, health, reason)
};

/// Identity proved, lock and session given out (seed 3B): the session is what this event says of it. Per
/// stream, what is stored already and what the node said it holds.
struct ReplayGranted {
  std::string arrow;
  std::uint64_t session = 0;
  std::uint64_t fencing_token = 0;
  std::uint64_t nonce = 0;  ///< of the Hello that led to it
  StreamSeqs marks{};
  StreamSeqs heads{};
  std::uint64_t backlog_bytes = 0;
  IBCF_FIELDS(ReplayGranted, arrow, session, fencing_token, nonce, marks, heads, backlog_bytes)
};

struct ReplayChunkAcked {
  std::string arrow;
  std::uint64_t session = 0;
  StreamClass stream = StreamClass::control;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t bytes = 0;
  IBCF_FIELDS(ReplayChunkAcked, arrow, session, stream, first, last, bytes)
};

/// Verdict and release of the lock are this one event (I-43).
struct ReplayVerdict {
  std::string arrow;
  std::uint64_t session = 0;
  VerdictKind kind = VerdictKind::clean;
  ConnectivityMode link_class = ConnectivityMode::live;
  std::vector<std::string> reasons;
  StreamSeqs marks{};
  std::uint64_t epoch = 0;
  std::uint32_t commands_held = 0;
  IBCF_FIELDS(ReplayVerdict, arrow, session, kind, link_class, reasons, marks, epoch, commands_held)
};

/// Heartbeats of one flush interval, folded into columns; row i of every column is one node's newest beat.
struct HeartbeatBatch {
  Instant from;
  Instant until;
  std::vector<std::uint32_t> ordinal;
  std::vector<std::uint16_t> beats;         ///< how many came in the interval
  std::vector<std::uint32_t> last_seen_ms;  ///< since `from`
  std::vector<std::uint32_t> rtt_us;
  std::vector<std::uint64_t> head;  ///< events the node has written, over all its streams
  std::vector<std::uint32_t> backlog_events;
  std::vector<std::uint64_t> backlog_bytes;
  std::vector<ConnectivityMode> mode;  ///< as the node reported it
  std::vector<Health> health;
  IBCF_FIELDS(HeartbeatBatch, from, until, ordinal, beats, last_seen_ms, rtt_us, head, backlog_events,
              backlog_bytes, mode, health)
};

/// What a node decided for itself while nobody could be asked; about one object of its state, or about itself
/// where `object` is empty.
struct LocalDecision {
  std::string what;
  std::uint64_t local_epoch = 0;
  std::string object;
  ObjectValue value;
  bool under_grant = false;  ///< taken by the right of a LOCAL grant
  Duration alone{};          ///< since the last contact, by the node's monotonic clock
  IBCF_FIELDS(LocalDecision, what, local_epoch, object, value, under_grant, alone)
};

/// A node's word on a command, with the epochs it decided by.
struct CommandResult {
  CommandId command_id;
  CommandState state = CommandState::applied;
  std::uint64_t command_epoch = 0;
  std::uint64_t max_epoch_seen = 0;
  BundleId bundle_id;
  std::string detail;
  IBCF_FIELDS(CommandResult, command_id, state, command_epoch, max_epoch_seen, bundle_id, detail)
};

struct CommandIssued {
  Command command;
  IBCF_FIELDS(CommandIssued, command)
};

/// A master's step with a command: HELD, SENT, EXPIRED and the final states that evidence brought.
struct CommandMoved {
  CommandId command_id;
  CommandState state = CommandState::queued;
  std::string reason;
  IBCF_FIELDS(CommandMoved, command_id, state, reason)
};

struct AuthorityGranted {
  AuthorityGrant grant;
  std::string why{};  ///< an operator's reason, with BREAKGLASS
  IBCF_FIELDS(AuthorityGranted, grant, why)
};

struct BundlePublished {
  PolicyBundle bundle;
  IBCF_FIELDS(BundlePublished, bundle)
};

/// The GLOBAL master has every master bring a bundle to its own nodes of these domains; empty: to all.
struct RolloutOrdered {
  BundleId bundle_id;
  std::vector<double> waves;
  Duration wave_every{};
  double threshold = 0.9;
  std::vector<DomainId> scopes;
  IBCF_FIELDS(RolloutOrdered, bundle_id, waves, wave_every, threshold, scopes)
};

/// A home master begins to bring a bundle to its own nodes, `targets` of them, in this order.
struct RolloutStarted {
  BundleId bundle_id;
  DomainId scope;
  std::uint32_t targets = 0;
  std::uint32_t waves = 0;
  std::vector<double> fractions;  ///< of the targets, one per wave, rising to 1
  Duration wave_every{};
  double threshold = 0.9;
  std::vector<NodeId> nodes;
  IBCF_FIELDS(RolloutStarted, bundle_id, scope, targets, waves, fractions, wave_every, threshold, nodes)
};

/// Counts add up to the targets: applied + failed + unreached + waiting.
struct RolloutAdvanced {
  BundleId bundle_id;
  DomainId scope;
  std::uint32_t wave = 0;
  std::uint32_t applied = 0;
  std::uint32_t failed = 0;
  std::uint32_t unreached = 0;
  std::uint32_t waiting = 0;
  IBCF_FIELDS(RolloutAdvanced, bundle_id, scope, wave, applied, failed, unreached, waiting)
};

/// What a node had to drop because its buffer was full, and why. The event's own seq is `last`, its prev the
/// value before `first`; the chain goes on from `last_value`.
struct StreamGap {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string reason;
  Digest last_value;
  IBCF_FIELDS(StreamGap, first, last, reason, last_value)
};

/// A signed artifact enters the fleet: its DSSE envelope (JSON) around an in-toto statement, and its SBOM
/// document (CycloneDX or SPDX, JSON), both as they came.
struct ArtifactPublished {
  Artifact artifact;
  Bytes envelope;
  Bytes sbom;
  IBCF_FIELDS(ArtifactPublished, artifact, envelope, sbom)
};

struct ArtifactRevoked {
  ArtifactId artifact_id;
  std::string reason;
  IBCF_FIELDS(ArtifactRevoked, artifact_id, reason)
};

/// A verdict with everything it was reached from, so that anybody can reach it again (I-51).
struct ArtifactJudged {
  NodeId node_id;  ///< nil: judged at publication, for no node
  ArtifactId artifact_id;
  ArtifactVerdict verdict = ArtifactVerdict::verified;
  std::string name;
  std::uint64_t release = 0;
  std::uint64_t newest_release = 0;  ///< the highest of this name that the node had run before
  Digest found;                      ///< SHA-256 of what is there
  Digest envelope;                   ///< BLAKE2b of the envelope judged
  Bytes key;                         ///< the public key that was trusted for it; empty: none
  bool revoked = false;
  std::string reason;
  std::optional<ArtifactPublished> refused;  ///< what was judged, where no artifact.published keeps it
  IBCF_FIELDS(ArtifactJudged, node_id, artifact_id, verdict, name, release, newest_release, found, envelope,
              key, revoked, reason, refused)
};

struct KeyRevoked {
  Bytes key;
  std::string reason;
  IBCF_FIELDS(KeyRevoked, key, reason)
};

/// Something came in that was not taken: who brought it, what it was, why not, and the digest of its bytes.
struct InputRejected {
  std::string source;  ///< "stream", "snapshot", "command", "replication"
  std::string what;
  std::string reason;
  Digest digest;
  std::uint64_t bytes = 0;
  IBCF_FIELDS(InputRejected, source, what, reason, digest, bytes)
};

/// A range of a node's log that could not be read, and was set apart so that the rest goes on: with the bytes
/// as they came. range.redriven is the same, when what it is can be read at last: its event counts from then.
struct RangeParked {
  std::uint64_t session = 0;  ///< of the replay; 0: in contact
  std::uint32_t incarnation = 1;
  StreamClass stream = StreamClass::control;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string reason;
  Digest digest;  ///< of the bytes, and so the chain value after them
  Bytes packed;
  IBCF_FIELDS(RangeParked, session, incarnation, stream, first, last, reason, digest, packed)
};

/// An explicit tombstone: the only thing that ever removes an object (I-46).
struct ObjectRemoved {
  std::string object;
  std::uint64_t epoch = 0;
  IBCF_FIELDS(ObjectRemoved, object, epoch)
};

/// What reconciliation decided for one object.
enum class ReconcileOutcome : std::uint8_t {
  in_spec,
  take_desired,
  keep_node,
  merged,
  both_kept,
  deferred,
  given_up,
  distrusted,
  removed
};
constexpr auto words_of(ReconcileOutcome) {
  return std::array<std::string_view, 9>{"IN_SPEC",  "TAKE_DESIRED", "KEEP_NODE",  "MERGED", "BOTH_KEPT",
                                         "DEFERRED", "GIVEN_UP",     "DISTRUSTED", "REMOVED"};
}
struct ObjectDecision {
  std::string object;
  ReconcilePolicy policy = ReconcilePolicy::epoch_wins;
  ReconcileOutcome outcome = ReconcileOutcome::in_spec;
  ObjectValue value;  ///< what holds from now on
  std::string reason;
  IBCF_FIELDS(ObjectDecision, object, policy, outcome, value, reason)
};
struct NodeReconciled {
  std::uint64_t session = 0;
  BundleId bundle_id;
  std::vector<ObjectDecision> decisions;  ///< by object; those in spec are left out
  IBCF_FIELDS(NodeReconciled, session, bundle_id, decisions)
};

/// Which desired.set: the identity of its event.
struct DesiredRef {
  AnyId origin;
  std::uint32_t incarnation = 1;
  std::uint64_t seq = 0;
  friend auto operator<=>(const DesiredRef&, const DesiredRef&) = default;
  IBCF_FIELDS(DesiredRef, origin, incarnation, seq)
};

/// A master declares what a scope (a domain or a node, the event's subject) should be, in its term, instead
/// of all that it knew to be declared for it.
struct DesiredSet {
  DomainId scope;
  BundleId bundle_id;
  std::uint64_t epoch = 0;
  MasterId by;
  std::vector<DesiredRef> over{};
  IBCF_FIELDS(DesiredSet, scope, bundle_id, epoch, by, over)
};

/// Two masters declared different things for one scope apart from each other: which won, and by what rule.
struct DesiredConflict {
  DomainId scope;
  DesiredSet winner;
  DesiredSet loser;
  ReconcilePolicy policy = ReconcilePolicy::epoch_wins;
  IBCF_FIELDS(DesiredConflict, scope, winner, loser, policy)
};

/// A bundle with blank or invalid fields, refused before its first wave.
struct BundleRefused {
  BundleId bundle_id;
  std::vector<std::string> problems;
  IBCF_FIELDS(BundleRefused, bundle_id, problems)
};

/// A rollout was paused, resumed, halted or done.
struct RolloutMoved {
  Rollout rollout;
  IBCF_FIELDS(RolloutMoved, rollout)
};

/// A node is about to carry out an at-most-once command: stored before the act, so that a crash in between
/// is known (I-30).
struct CommandIntent {
  CommandId command_id;
  std::uint64_t command_epoch = 0;
  IBCF_FIELDS(CommandIntent, command_id, command_epoch)
};

/// Too many quarantines of a domain for one cause in too short a time: the next ones wait for an operator
/// (I-47).
struct QuarantineBraked {
  DomainId domain_id;
  std::string cause;
  std::uint32_t quarantined = 0;
  std::uint32_t held = 0;
  IBCF_FIELDS(QuarantineBraked, domain_id, cause, quarantined, held)
};

/// A master that is not of our fleet, or whose log went backwards, is not listened to (I-8).
struct PeerRefused {
  std::string peer;
  std::string reason;
  bool halted = false;  ///< replication with it stands still until somebody decides
  IBCF_FIELDS(PeerRefused, peer, reason, halted)
};

/// An operator decided that replication with a halted peer goes on, from what that peer holds now.
struct PeerResumed {
  std::string peer;
  std::string reason;
  IBCF_FIELDS(PeerResumed, peer, reason)
};

/// The grantor says beforehand whose the next term of a scope is. Reason HANDOVER: it begins when the present
/// holder is done, and its epoch is not given yet. Reason PREDELEGATED: the successor may begin it by itself,
/// under the epoch that is kept for it here, once it has heard nothing from the grantor for as long as the
/// present term can last (`after` counts from then), or on an operator's word (BREAKGLASS).
struct SuccessorNamed {
  AuthorityGrant grant;
  std::uint64_t present_epoch = 0;
  Duration after{};
  IBCF_FIELDS(SuccessorNamed, grant, present_epoch, after)
};

struct NodeRebooted {
  std::uint32_t boot = 0;
  std::uint64_t max_epoch_seen = 0;
  IBCF_FIELDS(NodeRebooted, boot, max_epoch_seen)
};

/// A relay told of a node out of contact that it lives (A12): by a word that the node made then, and that
/// the relay kept for so long.
struct ProxyEvidence {
  std::string arrow;
  Instant made;
  Duration kept{};
  std::string reason;
  IBCF_FIELDS(ProxyEvidence, arrow, made, kept, reason)
};

/// Half-open window [opens, closes) in which a node is expected to be heard.
struct PlannedContact {
  Instant opens;
  Instant closes;
  IBCF_FIELDS(PlannedContact, opens, closes)
};

/// From now on the node's contact is planned so; without windows its link stands.
struct ContactsPlanned {
  std::vector<PlannedContact> windows;
  std::string reason;
  IBCF_FIELDS(ContactsPlanned, windows, reason)
};

/// What a node had to show before it was enrolled: who vouches for it, and for what it booted. Empty where
/// it showed nothing.
struct AttestationJudged {
  std::uint32_t incarnation = 1;
  Bytes public_key{};  ///< the node's
  Digest measurement{};
  Bytes by{};  ///< the maker's key
  Bytes signature{};
  std::string objection{};  ///< empty: a trusted maker vouches for it
  IBCF_FIELDS(AttestationJudged, incarnation, public_key, measurement, by, signature, objection)
};

/// Calls `use.template operator()<Payload>()` with the payload struct of `type`.
template <class Use>
decltype(auto) with_payload(EventType type, Use&& use) {
  switch (type) {
    case EventType::node_registered:
      return use.template operator()<NodeRegistered>();
    case EventType::node_enrolled:
      return use.template operator()<NodeEnrolled>();
    case EventType::replay_granted:
      return use.template operator()<ReplayGranted>();
    case EventType::replay_chunk_acked:
      return use.template operator()<ReplayChunkAcked>();
    case EventType::replay_verdict:
      return use.template operator()<ReplayVerdict>();
    case EventType::observation_recorded:
      return use.template operator()<Observation>();
    case EventType::heartbeat_batch:
      return use.template operator()<HeartbeatBatch>();
    case EventType::local_decision:
      return use.template operator()<LocalDecision>();
    case EventType::command_result:
      return use.template operator()<CommandResult>();
    case EventType::command_issued:
      return use.template operator()<CommandIssued>();
    case EventType::command_moved:
      return use.template operator()<CommandMoved>();
    case EventType::authority_granted:
      return use.template operator()<AuthorityGranted>();
    case EventType::bundle_published:
      return use.template operator()<BundlePublished>();
    case EventType::rollout_started:
      return use.template operator()<RolloutStarted>();
    case EventType::rollout_advanced:
      return use.template operator()<RolloutAdvanced>();
    case EventType::stream_gap:
      return use.template operator()<StreamGap>();
    case EventType::artifact_published:
      return use.template operator()<ArtifactPublished>();
    case EventType::artifact_revoked:
      return use.template operator()<ArtifactRevoked>();
    case EventType::artifact_judged:
      return use.template operator()<ArtifactJudged>();
    case EventType::key_revoked:
      return use.template operator()<KeyRevoked>();
    case EventType::input_rejected:
      return use.template operator()<InputRejected>();
    case EventType::range_parked:
    case EventType::range_redriven:
      return use.template operator()<RangeParked>();
    case EventType::object_removed:
      return use.template operator()<ObjectRemoved>();
    case EventType::node_reconciled:
      return use.template operator()<NodeReconciled>();
    case EventType::desired_set:
      return use.template operator()<DesiredSet>();
    case EventType::desired_conflict:
      return use.template operator()<DesiredConflict>();
    case EventType::bundle_refused:
      return use.template operator()<BundleRefused>();
    case EventType::rollout_moved:
      return use.template operator()<RolloutMoved>();
    case EventType::command_intent:
      return use.template operator()<CommandIntent>();
    case EventType::quarantine_braked:
    case EventType::quarantine_brake_released:
      return use.template operator()<QuarantineBraked>();
    case EventType::peer_refused:
      return use.template operator()<PeerRefused>();
    case EventType::node_rebooted:
      return use.template operator()<NodeRebooted>();
    case EventType::peer_resumed:
      return use.template operator()<PeerResumed>();
    case EventType::rollout_ordered:
      return use.template operator()<RolloutOrdered>();
    case EventType::authority_successor_named:
      return use.template operator()<SuccessorNamed>();
    case EventType::conn_proxy_evidence:
      return use.template operator()<ProxyEvidence>();
    case EventType::contacts_planned:
      return use.template operator()<ContactsPlanned>();
    case EventType::attestation_judged:
      return use.template operator()<AttestationJudged>();
    default:
      return use.template operator()<LifecycleStep>();
  }
}

/// The payload as JSON (model/json.hpp), or null where the bytes do not decode.
nlohmann::ordered_json payload_json(EventType type, ByteView payload);

/// The payload as a value, or nothing where the bytes are not one.
template <class Payload>
std::optional<Payload> payload_of(const Event& event) {
  return decode<Payload>(event.payload);
}

}  // namespace ibcf
