#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "model/codec.hpp"
#include "model/node.hpp"

namespace ibcf {

/// The vocabulary of the log. The first group are the triggers of the lifecycle table.
enum class EventType : std::uint8_t {
  node_registered,
  node_enrolled,
  node_activated,
  conn_classified,
  conn_lost,
  conn_rtt_high,
  conn_rtt_ok,
  conn_sync_interval_long,
  conn_sync_interval_short,
  conn_contact_plan,
  conn_autonomy_expired,
  conn_proxy_evidence,
  conn_detected,
  conn_identity_rejected,
  sync_gap_detected,
  replay_granted,
  replay_chunk_acked,
  replay_verdict,
  replay_not_needed,
  replay_session_lost,
  update_started,
  update_completed,
  update_failed,
  update_untrusted,
  update_resumed,
  health_changed,
  health_critical,
  remediation_completed,
  remediation_abandoned,
  remediation_update_started,
  remediation_re_reconcile,
  decommission_ordered,
  decommission_completed,
  decommission_cancelled,
  decommission_anomaly,
  enrollment_rejected,
  enrollment_conflict,
  trust_violation,
  node_archived,
  node_reincarnated,
  // what nodes say
  observation_recorded,
  heartbeat_batch,
  local_decision,
  command_result,
  // what masters decide
  command_issued,
  command_moved,
  authority_granted,
  bundle_published,
  rollout_started,
  rollout_advanced,
  stream_gap,
  // trust, evidence, and what reconciliation decided
  artifact_published,
  artifact_revoked,
  artifact_judged,
  key_revoked,
  input_rejected,
  range_parked,
  object_removed,
  node_reconciled,
  desired_set,
  desired_conflict,
  bundle_refused,
  rollout_moved,
  command_intent,
  quarantine_braked,
  quarantine_brake_released,
  peer_refused,
  node_rebooted,
  peer_resumed,
  authority_successor_named,
  range_redriven,
  contacts_planned,
  attestation_judged,
  rollout_ordered,
};
constexpr auto words_of(EventType) {
  return std::array<std::string_view, 74>{"node.registered",
                                          "node.enrolled",
                                          "node.activated",
                                          "conn.classified",
                                          "conn.lost",
                                          "conn.rtt_high",
                                          "conn.rtt_ok",
                                          "conn.sync_interval_long",
                                          "conn.sync_interval_short",
                                          "conn.contact_plan",
                                          "conn.autonomy_expired",
                                          "conn.proxy_evidence",
                                          "conn.detected",
                                          "conn.identity_rejected",
                                          "sync.gap_detected",
                                          "replay.granted",
                                          "replay.chunk_acked",
                                          "replay.verdict",
                                          "replay.not_needed",
                                          "replay.session_lost",
                                          "update.started",
                                          "update.completed",
                                          "update.failed",
                                          "update.untrusted",
                                          "update.resumed",
                                          "health.changed",
                                          "health.critical",
                                          "remediation.completed",
                                          "remediation.abandoned",
                                          "remediation.update_started",
                                          "remediation.re_reconcile",
                                          "decommission.ordered",
                                          "decommission.completed",
                                          "decommission.cancelled",
                                          "decommission.anomaly",
                                          "enrollment.rejected",
                                          "enrollment.conflict",
                                          "trust.violation",
                                          "node.archived",
                                          "node.reincarnated",
                                          "observation.recorded",
                                          "heartbeat.batch",
                                          "local.decision",
                                          "command.result",
                                          "command.issued",
                                          "command.moved",
                                          "authority.granted",
                                          "bundle.published",
                                          "rollout.started",
                                          "rollout.advanced",
                                          "stream.gap",
                                          "artifact.published",
                                          "artifact.revoked",
                                          "artifact.judged",
                                          "key.revoked",
                                          "input.rejected",
                                          "range.parked",
                                          "object.removed",
                                          "node.reconciled",
                                          "desired.set",
                                          "desired.conflict",
                                          "bundle.refused",
                                          "rollout.moved",
                                          "command.intent",
                                          "quarantine.braked",
                                          "quarantine.brake_released",
                                          "peer.refused",
                                          "node.rebooted",
                                          "peer.resumed",
                                          "authority.successor_named",
                                          "range.redriven",
                                          "contacts.planned",
                                          "attestation.judged",
                                          "rollout.ordered"};
}

/// Upload order in a replay, most urgent first.
enum class Priority : std::uint8_t { trust, authority, command_result, snapshot, health, history };
constexpr auto words_of(Priority) {
  return std::array<std::string_view, 6>{"TRUST",    "AUTHORITY", "COMMAND_RESULT",
                                         "SNAPSHOT", "HEALTH",    "HISTORY"};
}

/// Every origin writes several logs beside each other, so that what is urgent never waits for what is not.
/// Each has its own seqs, contiguous from 1, and its own chain. `control` is trust, authority, command
/// results and decisions, and the whole log of a master.
enum class StreamClass : std::uint8_t { control, snapshot, health, history };
constexpr auto words_of(StreamClass) {
  return std::array<std::string_view, 4>{"CONTROL", "SNAPSHOT", "HEALTH", "HISTORY"};
}
inline constexpr std::array all_streams{StreamClass::control, StreamClass::snapshot, StreamClass::health,
                                        StreamClass::history};
template <class T>
using PerStream = std::array<T, all_streams.size()>;
/// A position in every stream of one origin: its marks, or its heads.
using StreamSeqs = PerStream<std::uint64_t>;

constexpr std::size_t index_of(StreamClass stream) {
  return static_cast<std::size_t>(stream);
}
/// The stream that what is this urgent is written to.
constexpr StreamClass stream_of(Priority priority) {
  return priority <= Priority::command_result ? StreamClass::control
         : priority == Priority::snapshot     ? StreamClass::snapshot
         : priority == Priority::health       ? StreamClass::health
                                              : StreamClass::history;
}
constexpr std::uint64_t sum_of(const StreamSeqs& seqs) {
  return seqs[0] + seqs[1] + seqs[2] + seqs[3];
}

enum class ClockQuality : std::uint8_t { synchronised, free_running, suspect };
constexpr auto words_of(ClockQuality) {
  return std::array<std::string_view, 3>{"SYNCHRONISED", "FREE_RUNNING", "SUSPECT"};
}

/// One entry of a log. Identity is (origin, incarnation, stream, seq), contiguous from 1 per origin,
/// incarnation and stream; `prev` is the chain value of the stream's previous entry (all zero before the
/// first).
struct Event {
  AnyId origin;
  std::uint32_t incarnation = 1;
  StreamClass stream = StreamClass::control;
  std::uint64_t seq = 0;
  EventType type = EventType::observation_recorded;
  /// The node, domain or master this is about.
  AnyId subject;
  /// The origin's own clock: for display, never for decisions.
  Instant occurred;
  ClockQuality clock_quality = ClockQuality::synchronised;
  std::uint32_t boot = 1;
  Duration uptime{};
  /// Hybrid logical clock: milliseconds << 16 | counter. For display and ties.
  std::uint64_t hlc = 0;
  /// The highest epoch the origin had seen, and the bundle it was told to run.
  std::uint64_t epoch = 0;
  BundleId desired_bundle;
  Digest prev;
  /// The command, session or event that caused this; nil where nothing did.
  AnyId cause;
  Priority priority = Priority::history;
  /// A packed payload struct; which one follows from the type, see model/payloads.hpp.
  Bytes payload;
  IBCF_FIELDS(Event, origin, incarnation, stream, seq, type, subject, occurred, clock_quality, boot, uptime,
              hlc, epoch, desired_bundle, prev, cause, priority, payload)
};

/// The chain value of an entry: what the next one carries as `prev`. The packed event contains its own prev,
/// so a digest of the packed event is already a chain.
inline Digest chain_value_of(ByteView packed_event) {
  return digest_of(packed_event);
}

/// The stamp after `last` at `now` for an origin whose clock nobody corrects (Kulkarni et al., 2014, local
/// events only): never backwards, however many events fall into one millisecond.
inline std::uint64_t next_hlc(std::uint64_t last, Instant now) {
  return std::max(last + 1, static_cast<std::uint64_t>(nanoseconds_of(now) / 1'000'000) << 16);
}

}  // namespace ibcf
