#include <algorithm>

#include "controlplane/agent.hpp"
#include "controlplane/planted.hpp"
#include "controlplane/spread.hpp"

/// Return and replay, the node's side (seed 3B; protocols page, "Return and replay").
namespace ibcf {
namespace {

constexpr Duration answer_timeout = std::chrono::seconds{20};  // for a Hello, a chunk or a Fin
// Timeouts in a row until the session is taken for lost: later than a master loses its patience (two
// minutes).
constexpr std::uint32_t patience = 6;

}  // namespace

void Agent::send_hello(Instant now, Outbox& out) {
  if (is_planted(Defect::forget_return)) return;
  Hello hello{.origin = identity_.id,
              .incarnation = identity_.incarnation,
              .nonce = ++nonce_,
              .streams = log_.holdings(),
              .max_epoch_seen = max_epoch_seen_,
              .mode = mode(),
              .clock = now,
              .bundle_id = bundle_,
              .revocations = revocations_,
              .signature = {}};
  hello.signature = identity_.signer->sign(signed_bytes(hello));
  if (mode() == ConnectivityMode::returning) wake(Timer::hello, now + answer_timeout, out);
  send(std::make_shared<const Hello>(std::move(hello)), out);
}

// The node found out, while in contact, that it has to be reconciled.
void Agent::start_return(Instant now, Outbox& out) {
  step(EventType::sync_gap_detected);
  send_hello(now, out);
}

// The master answered: the way back is open, whatever comes of it.
void Agent::come_back(Instant now, Outbox& out) {
  if (is_coming_back(mode())) return;
  if (is_in_contact(mode())) {
    step(EventType::sync_gap_detected);
    return;
  }
  const bool had_it = mode() == ConnectivityMode::autonomous;
  step(EventType::conn_detected);
  if (had_it) decide({.what = "gave LOCAL authority back", .object = {}, .value = {}}, now, out);
}

// Each Hello has one answer: what answers an older one, or comes again, is worth nothing.
bool Agent::answers_hello(std::uint64_t nonce, Instant now) {
  if (nonce != nonce_ || nonce == answered_nonce_) return false;
  answered_nonce_ = nonce;
  put_off_because_.reset();
  hear(now);
  return true;
}

void Agent::on(const Grant& grant, Instant now, Outbox& out) {
  if (!answers_hello(grant.nonce, now)) return;
  if (!resume_at(grant.marks)) return;  // meant for another log than this
  come_back(now, out);
  if (mode() == ConnectivityMode::replaying) step(EventType::replay_session_lost);
  step(EventType::replay_granted);
  see_epoch(grant.epoch);
  session_ = Session{.id = grant.session,
                     .fencing_token = grant.fencing_token,
                     .sent = log_.marks(),
                     .credit_bytes = grant.credit_bytes,
                     .chunk_bytes = grant.chunk_bytes,
                     .outstanding = {},
                     .progress = now};
  upload(now, out);
}

void Agent::on(const Defer& defer, Instant now, Outbox& out) {
  if (!answers_hello(defer.nonce, now)) return;
  put_off_because_ = defer.reason;
  come_back(now, out);
  if (mode() != ConnectivityMode::returning) return;
  wake(Timer::hello, now + defer.retry_after + spread_over(defer.spread, identity_.id, nonce_), out);
}

void Agent::on(const ChunkAck& ack, Instant now, Outbox& out) {
  if (!session_ || session_->id != ack.session) return;
  Session& session = *session_;
  const bool is_awaited =
      std::any_of(session.outstanding.begin(), session.outstanding.end(), [&](const Sent& sent) {
        return sent.stream == ack.stream && (sent.last == ack.last || sent.last <= ack.mark);
      });
  if (!is_awaited || !log_.acknowledge(ack.stream, ack.mark)) return;  // late, or again
  hear(now);
  session.credit_bytes = ack.credit_bytes;
  session.progress = now;
  session.timeouts = 0;
  std::erase_if(session.outstanding, [&](const Sent& sent) {
    return sent.stream == ack.stream && (sent.last == ack.last || sent.last <= ack.mark);
  });
  std::uint64_t& sent = session.sent[index_of(ack.stream)];
  sent = std::max(sent, ack.mark);
  if (ack.stream == StreamClass::snapshot && ack.last == session.ahead) session.ahead_stored = true;
  upload(now, out);
}

void Agent::on(const Nack& nack, Instant now, Outbox& out) {
  if (!session_ || session_->id != nack.session || nack.expected <= log_.mark(nack.stream)) return;  // late
  if (!log_.acknowledge(nack.stream, nack.expected - 1)) return;
  hear(now);
  Session& session = *session_;
  std::erase_if(session.outstanding, [&](const Sent& sent) { return sent.stream == nack.stream; });
  session.sent[index_of(nack.stream)] = nack.expected - 1;
  if (nack.stream == StreamClass::snapshot) {
    session.may_go_ahead = false;
    if (!session.ahead_stored) session.ahead = 0;
  }
  session.progress = now;
  session.timeouts = 0;
  upload(now, out);
}

// Sends as many chunks as the credits allow, then the Fin; starts over at the marks when no answer came for a
// while, and with a new Hello when none comes at all: the master may have ended the session while it could
// not be heard.
void Agent::upload(Instant now, Outbox& out) {
  Session& session = *session_;
  if (now - session.progress >= answer_timeout) {
    if (++session.timeouts > patience) {
      session_.reset();
      step(EventType::replay_session_lost);
      send_hello(now, out);
      return;
    }
    session.outstanding.clear();
    session.sent = log_.marks();
    if (!session.ahead_stored) session.ahead = 0;
    session.progress = now;
  }
  const auto in_flight = [&] {
    std::uint64_t bytes = 0;
    for (const Sent& sent : session.outstanding) bytes += sent.bytes;
    return bytes;
  };
  bool more = true;
  while (more && in_flight() < session.credit_bytes) more = upload_next(out);
  if (!more && session.outstanding.empty()) send_fin(out);
  wake(Timer::upload, now + answer_timeout, out);
}

// What the operator needs first goes first: results and decisions, then the newest snapshot, then health;
// then what lies behind, oldest first. False where all is sent.
bool Agent::upload_next(Outbox& out) {
  using enum StreamClass;
  Session& session = *session_;
  const auto sent = [&](StreamClass stream) -> std::uint64_t& { return session.sent[index_of(stream)]; };
  const auto has_more = [&](StreamClass stream) { return sent(stream) < log_.head(stream); };
  const std::uint64_t newest = log_.head(snapshot);
  if (has_more(control)) {
    sent(control) = upload_range(control, sent(control) + 1, to_the_end, out);
  } else if (session.may_go_ahead && session.ahead == 0 && sent(snapshot) + 1 < newest) {
    session.ahead = upload_range(snapshot, newest, newest, out);
  } else if (has_more(health)) {
    sent(health) = upload_range(health, sent(health) + 1, to_the_end, out);
  } else if (has_more(snapshot)) {
    if (sent(snapshot) + 1 == session.ahead) {
      sent(snapshot) = session.ahead;
    } else {
      const bool is_before = sent(snapshot) < session.ahead;
      sent(snapshot) =
          upload_range(snapshot, sent(snapshot) + 1, is_before ? session.ahead - 1 : to_the_end, out);
    }
  } else if (has_more(history)) {
    sent(history) = upload_range(history, sent(history) + 1, to_the_end, out);
  } else {
    return false;
  }
  return true;
}

// One chunk, of as much as fits; the last seq in it.
std::uint64_t Agent::upload_range(StreamClass stream, std::uint64_t first, std::uint64_t last, Outbox& out) {
  Session& session = *session_;
  Chunk chunk = cut_chunk(stream, first, last, session.chunk_bytes);
  chunk.session = session.id;
  chunk.fencing_token = session.fencing_token;
  chunk.signature = identity_.signer->sign(signed_bytes(chunk));
  const std::uint64_t end = chunk.last;
  session.outstanding.push_back({stream, end, bytes_of(chunk.entries)});
  send(std::make_shared<const Chunk>(std::move(chunk)), out);
  return end;
}

void Agent::send_fin(Outbox& out) const {
  send(std::make_shared<const Fin>(Fin{session_->id, session_->fencing_token, log_.heads(), log_.values()}),
       out);
}

void Agent::on(const Verdict& verdict, Instant now, Outbox& out) {
  const bool is_ours =
      verdict.session == 0 ? answers_hello(verdict.nonce, now) : session_ && session_->id == verdict.session;
  if (!is_ours || !acknowledge(verdict.marks)) return;
  hear(now);
  if (verdict.session == 0) {
    come_back(now, out);
    if (mode() != ConnectivityMode::returning) return;
    step(EventType::replay_not_needed);
  } else {
    step(EventType::replay_verdict, verdict.kind);
  }
  session_.reset();
  see_epoch(verdict.epoch);
  publish_again();
  custody_ = {};
  take_up(verdict, now, out);
  send_heartbeat(now, out);
  publish(now, out);
}

}  // namespace ibcf
