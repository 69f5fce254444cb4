#include "controlplane/agent.hpp"

#include <algorithm>

#include "controlplane/planted.hpp"
#include "controlplane/seal.hpp"
#include "controlplane/spread.hpp"
#include "model/check.hpp"

namespace ibcf {
namespace {

constexpr Duration answer_timeout = std::chrono::seconds{20};  // for a Hello, a chunk or a Fin
// Timeouts in a row until the session is taken for lost: later than a master loses its patience (two
// minutes).
constexpr std::uint32_t patience = 6;
// Seals and headers of a chunk, so that a chunk of N bytes stays within N on the wire.
constexpr std::uint64_t entry_overhead = 12;

std::uint64_t bytes_of(const LogEntry& entry) {
  return entry.packed.size() + entry.body_bytes + entry_overhead;
}

}  // namespace

Agent::Agent(const AgentSettings& settings, AgentIdentity identity)
    : settings_(&settings),
      identity_(std::move(identity)),
      desk_({.keep = settings.autonomy, .machine = identity_.machine, .gate = identity_.gate}) {
  battery_pct_ = identity_.battery_pct;
  state_.phase = Phase::active;
  state_.incarnation = identity_.incarnation;
}

void Agent::start(Instant now, Outbox& out) {
  last_heard_ = now;
  if (identity_.windowed) {
    link_class_.measure(Duration::zero(), true, settings_->thresholds, now);
    carrier_ = false;  // until the first window opens
    step(EventType::conn_classified);
  }
  wake(Timer::beat, now + spread_over(settings_->heartbeat, identity_.id, 0), out);
  wake(Timer::snapshot, now + spread_over(settings_->snapshot, identity_.id, 1), out);
}

// ---- contact ----------------------------------------------------------------------------------------------

void Agent::on_timer(Timer timer, Instant now, Outbox& out) {
  if (due_of(timer) != now) return;
  switch (timer) {
    case Timer::beat:
      wake(Timer::beat, now + settings_->heartbeat, out);
      beat(now, out);
      tend_desk(now, out);
      return;
    case Timer::snapshot:
      wake(Timer::snapshot, now + settings_->snapshot, out);
      take_snapshot(now, out);
      return;
    case Timer::hello:
      if (carrier_ && mode() == ConnectivityMode::returning) send_hello(now, out);
      return;
    case Timer::upload:
      if (session_) upload(now, out);
      return;
    case Timer::work:
      tend_desk(now, out);
      return;
    default:
      check(false, "an agent is woken only by its own timers");
  }
}

bool Agent::is_silent_since(Instant since, Instant now) const {
  return now - since >= settings_->missed_heartbeats * settings_->heartbeat;
}

void Agent::beat(Instant now, Outbox& out) {
  // Before the first word the table leads only to AUTONOMOUS; a node without a grant goes on knocking.
  const bool can_lose = state_.mode ? is_in_contact(mode()) || is_coming_back(mode()) : has_autonomy();
  if (!identity_.windowed && can_lose && is_silent_since(last_heard_, now))
    lose_contact("no word from the master", now, out);
  if (mode() == ConnectivityMode::autonomous && now - autonomous_since_ >= settings_->autonomy)
    step(EventType::conn_autonomy_expired);
  if (!carrier_) return;
  if (state_.mode && (mode() == ConnectivityMode::autonomous || mode() == ConnectivityMode::disconnected))
    send_hello(now, out);
  else
    send_heartbeat(now, out);
}

void Agent::send_heartbeat(Instant now, Outbox& out) {
  send(Heartbeat{.sent = now,
                 .head = head_,
                 .backlog_bytes = backlog_bytes_,
                 .max_epoch_seen = max_epoch_seen_,
                 .incarnation = identity_.incarnation,
                 .backlog_events = static_cast<std::uint32_t>(head_ - mark_),
                 .rtt_us = rtt_us_,
                 .mode = mode(),
                 .health = health_,
                 .battery_pct = battery_pct_},
       out);
}

void Agent::hear(Instant now) {
  last_heard_ = now;
  heard_in_window_ = true;
  silent_windows_ = 0;
}

void Agent::on_carrier(bool up, Instant now, Outbox& out) {
  carrier_ = up;
  if (!identity_.windowed) return;  // a standing link is judged by its heartbeats alone
  if (up) {
    heard_in_window_ = false;
    if (is_in_contact(mode())) {
      sent_ = mark_;
      send_heartbeat(now, out);
      publish(now, out);
    } else {
      send_hello(now, out);
    }
    return;
  }
  if (!heard_in_window_) ++silent_windows_;
  if (mode() == ConnectivityMode::replaying) {
    session_.reset();
    step(EventType::replay_session_lost);
  }
  if (silent_windows_ >= settings_->missed_windows && (is_in_contact(mode()) || is_coming_back(mode())))
    lose_contact("missed contact windows", now, out);
}

void Agent::lose_contact(std::string_view why, Instant now, Outbox& out) {
  session_.reset();
  step(EventType::conn_lost);
  autonomous_since_ = now;
  custody_ = 0;
  if (mode() == ConnectivityMode::autonomous)
    write(EventType::local_decision, Priority::authority,
          encode(LocalDecision{"took LOCAL authority: " + std::string(why), max_epoch_seen_, {}, {}}), {}, 0,
          now, out);
}

void Agent::step(EventType trigger, VerdictKind verdict) {
  const LifecycleFacts facts{.link_class = link_class_.current(),
                             .autonomy_granted = has_autonomy(),
                             .verdict = verdict,
                             .health = health_};
  const Arrow* arrow = find_arrow(state_, trigger, facts);
  check(arrow != nullptr, "an agent takes only steps of the lifecycle table");
  state_ = evolve(state_, *arrow, facts);
}

// ---- return and replay ------------------------------------------------------------------------------------

void Agent::send_hello(Instant now, Outbox& out) {
  if (is_planted(Defect::forget_return)) return;
  Hello hello{.origin = identity_.id,
              .incarnation = identity_.incarnation,
              .nonce = ++nonce_,
              .first = mark_ + 1,
              .head = head_,
              .head_value = head_value_,
              .backlog_bytes = backlog_bytes_,
              .max_epoch_seen = max_epoch_seen_,
              .mode = mode(),
              .clock = now,
              .bundle_id = bundle_,
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
  step(EventType::conn_detected);
  write(EventType::local_decision, Priority::authority,
        encode(LocalDecision{"gave LOCAL authority back", max_epoch_seen_, {}, {}}), {}, 0, now, out);
}

// Each Hello has one answer: what answers an older one, or comes again, is worth nothing.
bool Agent::answers_hello(std::uint64_t nonce, Instant now) {
  if (nonce != nonce_ || nonce == answered_nonce_) return false;
  answered_nonce_ = nonce;
  hear(now);
  return true;
}

void Agent::on(const Grant& grant, Instant now, Outbox& out) {
  if (!answers_hello(grant.nonce, now)) return;
  come_back(now, out);
  if (mode() == ConnectivityMode::replaying) step(EventType::replay_session_lost);
  step(EventType::replay_granted);
  see_epoch(grant.epoch);
  acknowledge(grant.resume_from - 1);
  session_ = Session{.id = grant.session,
                     .fencing_token = grant.fencing_token,
                     .next = mark_ + 1,
                     .acked = mark_,
                     .credit_bytes = grant.credit_bytes,
                     .chunk_bytes = grant.chunk_bytes,
                     .outstanding = {},
                     .progress = now,
                     .timeouts = 0};
  upload(now, out);
}

void Agent::on(const Defer& defer, Instant now, Outbox& out) {
  if (!answers_hello(defer.nonce, now)) return;
  come_back(now, out);
  if (mode() != ConnectivityMode::returning) return;
  wake(Timer::hello, now + defer.retry_after + spread_over(defer.spread, identity_.id, nonce_), out);
}

void Agent::on(const ChunkAck& ack, Instant now, Outbox& out) {
  if (!session_ || session_->id != ack.session || ack.mark <= session_->acked) return;  // late, or again
  hear(now);
  session_->acked = ack.mark;
  acknowledge(ack.mark);
  session_->credit_bytes = ack.credit_bytes;
  session_->progress = now;
  session_->timeouts = 0;
  std::erase_if(session_->outstanding, [&](const auto& chunk) { return chunk.first <= ack.mark; });
  session_->next = std::max(session_->next, mark_ + 1);
  upload(now, out);
}

void Agent::on(const Nack& nack, Instant now, Outbox& out) {
  if (!session_ || session_->id != nack.session || nack.expected <= session_->acked) return;
  hear(now);
  session_->acked = nack.expected - 1;
  acknowledge(nack.expected - 1);
  session_->outstanding.clear();
  session_->next = mark_ + 1;
  session_->progress = now;
  session_->timeouts = 0;
  upload(now, out);
}

// Sends as many chunks as the credits allow, then the Fin; starts over at the mark when no answer came for a
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
    session.next = mark_ + 1;
    session.progress = now;
  }
  std::uint64_t in_flight = 0;
  for (const auto& chunk : session.outstanding) in_flight += chunk.second;
  while (session.next <= head_ && in_flight < session.credit_bytes) {
    Chunk chunk = cut_chunk(session.next, session.chunk_bytes);
    chunk.session = session.id;
    chunk.fencing_token = session.fencing_token;
    chunk.signature = identity_.signer->sign(signed_bytes(chunk));
    std::uint64_t bytes = 0;
    for (const LogEntry& entry : chunk.entries) bytes += bytes_of(entry);
    session.outstanding.emplace_back(chunk.last, bytes);
    session.next = chunk.last + 1;
    in_flight += bytes;
    send(std::make_shared<const Chunk>(std::move(chunk)), out);
  }
  if (session.next > head_ && session.outstanding.empty())
    send(Fin{session.id, session.fencing_token, head_, head_value_}, out);
  wake(Timer::upload, now + answer_timeout, out);
}

void Agent::on(const Verdict& verdict, Instant now, Outbox& out) {
  if (verdict.session == 0) {
    if (!answers_hello(verdict.nonce, now)) return;
    come_back(now, out);
    if (mode() != ConnectivityMode::returning) return;
    step(EventType::replay_not_needed);
  } else {
    if (!session_ || session_->id != verdict.session) return;
    hear(now);
    step(EventType::replay_verdict, verdict.kind);
  }
  session_.reset();
  see_epoch(verdict.epoch);
  acknowledge(verdict.mark);
  sent_ = mark_;
  custody_ = 0;
  autonomous_since_ = never;
  send_heartbeat(now, out);
  publish(now, out);
}

// ---- what else comes in -----------------------------------------------------------------------------------

// A node listens to its own master, which seals what it says, and to its relay about custody alone.
bool Agent::is_genuine(const Packet& packet) const {
  if (std::holds_alternative<Custody>(packet.message)) return packet.from == identity_.relay;
  return packet.from == identity_.master && fits(identity_.secret, packet);
}

// Not every word is a sign of contact: commands and notices may have waited at the relay for long.
void Agent::on_message(const Packet& packet, Instant now, Outbox& out) {
  if (!is_genuine(packet)) {
    ++refused_;
    return;
  }
  std::visit(
      Match{[&](const HeartbeatAck& ack) { on(ack, now, out); },
            [&](const Grant& grant) { on(grant, now, out); },
            [&](const Defer& defer) { on(defer, now, out); }, [&](const ChunkAck& ack) { on(ack, now, out); },
            [&](const Nack& nack) { on(nack, now, out); },
            [&](const Verdict& verdict) { on(verdict, now, out); },
            [&](const Custody& custody) { on(custody); }, [&](const EpochNotice& notice) { on(notice); },
            [&](const Shared<CommandDelivery>& delivery) { on(delivery, now, out); },
            [&](const auto&) { ++refused_; }},  // its own words, turned round
      packet.message);
  tend_desk(now, out);
}

void Agent::on(const HeartbeatAck& ack, Instant now, Outbox& out) {
  if (ack.incarnation != identity_.incarnation || ack.echo <= echoed_) return;  // late, or again
  echoed_ = ack.echo;
  hear(now);
  const Duration rtt = now - ack.echo;
  rtt_us_ = static_cast<std::uint32_t>(std::min<std::int64_t>(rtt.count() / 1000, UINT32_MAX));
  const ConnectivityMode before = link_class_.current();
  const ConnectivityMode after = link_class_.measure(rtt, identity_.windowed, settings_->thresholds, now);
  see_epoch(ack.epoch);
  if (!state_.mode) {
    step(EventType::conn_classified);
  } else if (before != after && is_in_contact(mode())) {
    step(after == ConnectivityMode::delayed ? EventType::conn_rtt_high : EventType::conn_rtt_ok);
  }
  const bool progress = ack.mark > mark_;
  acknowledge(ack.mark);
  if (!is_in_contact(mode())) return;
  if (ack.hello_required) {
    start_return(now, out);
    return;
  }
  // A chunk was lost on the way when two acknowledgements in a row bring nothing and no relay has it in
  // custody.
  if (progress || sent_ == mark_ || custody_ >= sent_) {
    stalled_acks_ = 0;
  } else if (++stalled_acks_ >= 2) {
    stalled_acks_ = 0;
    sent_ = mark_;
  }
  publish(now, out);
}

void Agent::on(const Custody& custody) {
  custody_ = std::max(custody_, std::min(custody.upto, sent_));
}

void Agent::on(const EpochNotice& notice) {
  if (notice.scope == identity_.domain) see_epoch(notice.epoch);
}

void Agent::see_epoch(std::uint64_t epoch) {
  max_epoch_seen_ = std::max(max_epoch_seen_, epoch);
}

// ---- the desk ---------------------------------------------------------------------------------------------

void Agent::on(const Shared<CommandDelivery>& delivery, Instant now, Outbox& out) {
  see_epoch(delivery->command.epoch);  // before acting (protocols page, "Masters")
  std::vector<DeskStep> steps;
  desk_.take(delivery, desk_facts(now), steps);
  has_work_ = !desk_.is_idle();
  do_steps(steps, now, out);
}

DeskFacts Agent::desk_facts(Instant now) const {
  return {.now = now,
          .max_epoch_seen = max_epoch_seen_,
          .in_contact = is_in_contact(mode()),
          .barred = is_coming_back(mode()) || state_.phase == Phase::quarantined,
          .battery_pct = static_cast<double>(battery_pct_)};
}

// After every input: what waits may now begin, or have waited too long.
void Agent::tend_desk(Instant now, Outbox& out) {
  if (!has_work_) return;
  std::vector<DeskStep> steps;
  desk_.look(desk_facts(now), steps);
  do_steps(steps, now, out);
  const Instant due = desk_.due(desk_facts(now));
  if (due != never && due != work_due_) wake(Timer::work, due, out);
  has_work_ = !desk_.is_idle();
}

void Agent::do_steps(const std::vector<DeskStep>& steps, Instant now, Outbox& out) {
  for (const DeskStep& step : steps) {
    const AnyId cause = any(step.command);
    switch (step.kind) {
      case DeskStep::Kind::intent:
        write(EventType::command_intent, Priority::command_result,
              encode(CommandIntent{step.command, step.epoch}), cause, 0, now, out);
        break;
      case DeskStep::Kind::judged:
        write(EventType::artifact_judged, Priority::trust, encode(*step.judged), cause, 0, now, out);
        break;
      case DeskStep::Kind::act:
        out.executed.push_back({step.command, step.epoch, max_epoch_seen_, mode()});
        break;
      case DeskStep::Kind::result:
        bundle_ = step.bundle;
        write(EventType::command_result, Priority::command_result,
              encode(
                  CommandResult{step.command, step.state, step.epoch, max_epoch_seen_, bundle_, step.detail}),
              cause, 0, now, out);
        break;
      case DeskStep::Kind::say:
        if (carrier_) send(CommandProgress{step.command, step.state, nonce_}, out);
        break;
    }
  }
  if (!steps.empty()) publish(now, out);
}

void Agent::on_battery(std::uint8_t pct, Instant now, Outbox& out) {
  battery_pct_ = pct;
  tend_desk(now, out);
}

// ---- the log ----------------------------------------------------------------------------------------------

void Agent::take_snapshot(Instant now, Outbox& out) {
  write(EventType::observation_recorded, Priority::snapshot,
        encode(Observation{.node_id = identity_.id,
                           .kind = ObservationKind::snapshot,
                           .observed_ts = now,
                           .health = health_,
                           .reported_version = identity_.version,
                           .policy_bundle_id = bundle_,
                           .battery_pct = static_cast<double>(battery_pct_),
                           .ref = "snapshot/" + std::to_string(head_ + 1),
                           .body = {},
                           .body_bytes = settings_->snapshot_body_bytes}),
        {}, settings_->snapshot_body_bytes, now, out);
  publish(now, out);
}

void Agent::write(EventType type, Priority priority, Bytes payload, AnyId cause, std::uint32_t body_bytes,
                  Instant now, Outbox& out) {
  const Event event{
      .origin = any(identity_.id),
      .incarnation = identity_.incarnation,
      .seq = ++head_,
      .type = type,
      .subject = any(identity_.id),
      .occurred = now,
      .clock_quality = is_in_contact(mode()) ? ClockQuality::synchronised : ClockQuality::free_running,
      .boot = 1,
      .uptime = now.time_since_epoch(),
      .hlc = hlc_ = next_hlc(hlc_, now),
      .epoch = max_epoch_seen_,
      .desired_bundle = bundle_,
      .prev = head_value_,
      .cause = cause,
      .priority = priority,
      .payload = std::move(payload)};
  LogEntry entry{
      .first = head_, .last = head_, .priority = priority, .packed = encode(event), .body_bytes = body_bytes};
  head_value_ = chain_value_of(entry.packed);
  backlog_bytes_ += bytes_of(entry);
  out.written.push_back({head_, head_value_});
  buffer_.push_back(std::move(entry));
  if (backlog_bytes_ > settings_->buffer_bytes) shed(now);
}

// The buffer is full: the oldest run of entries that may be dropped becomes one signed gap (I-3). Command
// results, authority and trust are never dropped.
void Agent::shed(Instant now) {
  const auto droppable = [](const LogEntry& entry) { return entry.priority >= Priority::snapshot; };
  auto first =
      std::find_if(buffer_.begin() + static_cast<std::ptrdiff_t>(released_), buffer_.end(),
                   [&](const LogEntry& entry) { return droppable(entry) && entry.first == entry.last; });
  auto end = first;
  std::uint64_t freed = 0;
  // The newest entry stays: the chain goes on from it.
  while (end != buffer_.end() && end + 1 != buffer_.end() && droppable(*end) &&
         freed < settings_->buffer_bytes / 16)
    freed += bytes_of(*end++);
  if (first == end) return;
  // A gap right before is taken in, or gaps would pile up one by one.
  if (first != buffer_.begin() + static_cast<std::ptrdiff_t>(released_) &&
      (first - 1)->first != (first - 1)->last) {
    --first;
    freed += bytes_of(*first);
  }
  const auto oldest = *decode<Event>(first->packed);
  const Digest before = oldest.prev;
  const auto last_dropped = end - 1;
  const Digest last_value = last_dropped->first == last_dropped->last
                                ? chain_value_of(last_dropped->packed)
                                : decode<StreamGap>(decode<Event>(last_dropped->packed)->payload)->last_value;
  Event gap = oldest;
  gap.type = EventType::stream_gap;
  gap.seq = last_dropped->last;
  gap.occurred = now;
  gap.prev = before;
  gap.cause = {};
  gap.priority = Priority::health;
  gap.payload = encode(StreamGap{first->first, last_dropped->last, "buffer full", last_value});
  LogEntry entry{.first = first->first,
                 .last = last_dropped->last,
                 .priority = Priority::health,
                 .packed = encode(gap),
                 .body_bytes = 0};
  backlog_bytes_ += bytes_of(entry);
  backlog_bytes_ -= freed;
  *first = std::move(entry);
  buffer_.erase(first + 1, end);
}

void Agent::acknowledge(std::uint64_t mark) {
  check(mark <= head_, "a master acknowledges only what this node wrote");
  if (mark <= mark_) return;
  while (released_ < buffer_.size() && buffer_[released_].last <= mark)
    backlog_bytes_ -= bytes_of(buffer_[released_++]);
  if (released_ == buffer_.size() || released_ > 64) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(released_));
    released_ = 0;
  }
  mark_ = mark;
  sent_ = std::max(sent_, mark_);
}

// Whole entries from `first` on, at least one, up to `limit_bytes` or the head.
Chunk Agent::cut_chunk(std::uint64_t first, std::uint64_t limit_bytes) const {
  Chunk chunk{.origin = identity_.id,
              .incarnation = identity_.incarnation,
              .session = 0,
              .fencing_token = 0,
              .first = 0,
              .last = 0,
              .digest = {},
              .entries = {},
              .signature = {}};
  auto entry = std::lower_bound(buffer_.begin() + static_cast<std::ptrdiff_t>(released_), buffer_.end(),
                                first, [](const LogEntry& at, std::uint64_t seq) { return at.last < seq; });
  check(entry != buffer_.end(), "what is not acknowledged is still in the buffer");
  std::uint64_t bytes = 0;
  do {
    bytes += bytes_of(*entry);
    chunk.entries.push_back(*entry++);
  } while (entry != buffer_.end() && bytes + bytes_of(*entry) <= limit_bytes);
  chunk.first = chunk.entries.front().first;
  chunk.last = chunk.entries.back().last;
  chunk.digest = digest_of(chunk.entries);
  return chunk;
}

// ---- what goes out ----------------------------------------------------------------------------------------

void Agent::publish(Instant, Outbox& out) {
  if (!carrier_ || !is_in_contact(mode())) return;
  while (sent_ < head_) {
    Chunk chunk = cut_chunk(sent_ + 1, settings_->chunk_bytes);
    sent_ = chunk.last;
    send(std::make_shared<const Chunk>(std::move(chunk)), out);
  }
}

void Agent::send(Message message, Outbox& out) const {
  const Seal seal = seal_of(identity_.secret, message);
  out.send(identity_.relay, {Role::node, identity_.index}, identity_.master, std::move(message), seal);
}

void Agent::wake(Timer timer, Instant at, Outbox& out) {
  due_of(timer) = at;
  out.wake(timer, at);
}

}  // namespace ibcf
