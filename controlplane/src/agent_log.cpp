#include <algorithm>

#include "controlplane/agent.hpp"
#include "controlplane/planted.hpp"
#include "controlplane/seal.hpp"
#include "controlplane/spread.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

/// The agent's log: what it writes, what was acknowledged, and what goes out.

namespace ibcf {

// ---- the log ----------------------------------------------------------------------------------------------

void Agent::take_snapshot(Instant now, Outbox& out) {
  write_snapshot(now, out);
  publish(now, out);
}

void Agent::write_snapshot(Instant now, Outbox& out) {
  Bytes body = encode(Snapshot{.reported_version = identity_.version,
                               .policy_bundle_id = bundle_,
                               .inventory = identity_.inventory,
                               .firmware = identity_.firmware,
                               .objects = objects_.present,
                               .installed = desk_.installed().artifacts,
                               .waiting = objects_.awaited()});
  const Digest digest = digest_of(body);
  const auto bytes = std::max(settings_->snapshot_body_bytes, static_cast<std::uint32_t>(body.size()));
  write(EventType::observation_recorded, Priority::snapshot,
        encode(Observation{.node_id = identity_.id,
                           .kind = ObservationKind::snapshot,
                           .observed_ts = now,
                           .health = health_,
                           .reported_version = identity_.version,
                           .policy_bundle_id = bundle_,
                           .battery_pct = static_cast<double>(battery_pct_),
                           .ref = "snapshot/" + text_of(digest),
                           .body = digest,
                           .body_bytes = bytes}),
        {}, bytes, now, out, std::move(body));
}

void Agent::change(const std::string& object, ObjectValue value, bool decided, Instant now, Outbox& out) {
  if (decided) {
    const bool is_alone = mode() == ConnectivityMode::autonomous || is_planted(Defect::claim_ungranted);
    decide({.what = "changed an object",
            .object = object,
            .value = value,
            .under_grant = (is_alone && has_autonomy(now)) || is_planted(Defect::claim_ungranted),
            .alone = is_alone ? alone(now) : Duration::zero()},
           now, out);
    if (is_alone) objects_.decided_anew(object);
  }
  objects_.present[object] = std::move(value);
  publish(now, out);
}

void Agent::observe(Observation seen, Priority priority, Instant now, Outbox& out) {
  check(priority >= Priority::health, "what is observed is health or history; the rest a node says itself");
  seen.node_id = identity_.id;
  seen.observed_ts = now;
  write(EventType::observation_recorded, priority, encode(seen), {}, seen.body_bytes, now, out);
  publish(now, out);
}

void Agent::write(EventType type, Priority priority, Bytes payload, AnyId cause, std::uint32_t body_bytes,
                  Instant now, Outbox& out, Bytes body) {
  Event event{
      .origin = any(identity_.id),
      .incarnation = identity_.incarnation,
      .type = type,
      .subject = any(identity_.id),
      .occurred = now,
      .clock_quality = is_in_contact(mode()) ? ClockQuality::synchronised : ClockQuality::free_running,
      .boot = boot_,
      .uptime = now.time_since_epoch(),
      .hlc = hlc_ = next_hlc(hlc_, now),
      .epoch = max_epoch_seen_,
      .desired_bundle = bundle_,
      .prev = {},
      .cause = cause,
      .priority = priority,
      .payload = std::move(payload)};
  out.written.push_back(log_.write(std::move(event), body_bytes, std::move(body)));
  if (log_.held_bytes() > settings_->buffer_bytes) log_.shed(settings_->buffer_bytes, now);
}

// To a master that holds less than an earlier one did, the rest is sent again.
bool Agent::resume_at(const StreamSeqs& marks) {
  if (!log_.resume_at(marks)) return false;
  publish_again();
  return true;
}

// False where they are not marks of this log.
bool Agent::acknowledge(const StreamSeqs& marks) {
  if (sum_of(marks) == log_.acknowledged()) return true;  // the common case; marks never go back
  if (!log_.acknowledge(marks)) return false;
  for (std::size_t i = 0; i < sent_.size(); ++i) sent_[i] = std::max(sent_[i], log_.marks()[i]);
  published_ = sum_of(sent_);
  return true;
}

Chunk Agent::cut_chunk(StreamClass stream, std::uint64_t first, std::uint64_t last,
                       std::uint64_t limit_bytes) const {
  Chunk chunk{.origin = identity_.id,
              .incarnation = identity_.incarnation,
              .session = 0,
              .fencing_token = 0,
              .stream = stream,
              .first = 0,
              .last = 0,
              .digest = {},
              .entries = log_.cut(stream, first, last, limit_bytes),
              .signature = {}};
  chunk.first = chunk.entries.front().first;
  chunk.last = chunk.entries.back().last;
  chunk.digest = digest_of(chunk.entries);
  return chunk;
}

void Agent::on(const Custody& custody) {
  std::uint64_t& upto = custody_[index_of(custody.stream)];
  upto = std::max(upto, std::min(custody.upto, sent_[index_of(custody.stream)]));
}

// A chunk was lost on the way when so many acknowledgements in a row bring its stream nothing. Each stream
// for itself: what goes well in one says nothing of another. Custody gives a relay time to pass on what it
// keeps, and no more: the way is open, or no acknowledgement would come, and a relay that lost what it kept
// does not say so.
void Agent::look_for_losses(const StreamSeqs& before_ack) {
  constexpr std::uint8_t patience_in_flight = 2, patience_in_custody = 10;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    const std::uint64_t mark = log_.marks()[i];
    const std::uint8_t patience = custody_[i] >= sent_[i] ? patience_in_custody : patience_in_flight;
    if (mark > before_ack[i] || sent_[i] == mark) {
      stalled_acks_[i] = 0;
    } else if (++stalled_acks_[i] >= patience) {
      stalled_acks_[i] = 0;
      sent_[i] = mark;
      custody_[i] = 0;
    }
  }
  published_ = sum_of(sent_);
}

// ---- what goes out ----------------------------------------------------------------------------------------

void Agent::publish(Instant, Outbox& out) {
  if (published_ == log_.written() || !carrier_ || !is_in_contact(mode())) return;
  for (const StreamClass stream : all_streams) {
    std::uint64_t& sent = sent_[index_of(stream)];
    while (sent < log_.head(stream)) {
      Chunk chunk = cut_chunk(stream, sent + 1, to_the_end, settings_->chunk_bytes);
      sent = chunk.last;
      send(std::make_shared<const Chunk>(std::move(chunk)), out);
    }
  }
  published_ = log_.written();
}

void Agent::publish_again() {
  sent_ = log_.marks();
  published_ = log_.acknowledged();
}

void Agent::send(Message message, Outbox& out) const {
  if (is_wiped_) return;
  const Seal seal = seal_of(identity_.secret, message);
  out.send(identity_.relay, {Role::node, identity_.index}, identity_.master, std::move(message), seal);
}

void Agent::wake(Timer timer, Instant at, Outbox& out) {
  due_of(timer) = at;
  out.wake(timer, at);
}

}  // namespace ibcf
