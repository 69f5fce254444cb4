#include "controlplane/master.hpp"
#include "controlplane/planted.hpp"
#include "model/check.hpp"

/// Return and replay, the master's side (seed 3B; protocols page, "Return and replay").
namespace ibcf {
namespace {

constexpr Duration defer_for = std::chrono::seconds{15};
constexpr std::size_t early_chunks = 64;

}  // namespace

// Brings belief to RETURNING, over whatever the table asks for on the way; false where it cannot be.
bool Master::see_return(NodeRecord& node, const Hello& hello, Instant now) {
  if (node.lock) break_lock(node, "the node said Hello again", now);
  const bool node_was_lost =
      hello.mode == ConnectivityMode::autonomous || hello.mode == ConnectivityMode::disconnected;
  if (!node.state.mode)
    believe(node, EventType::conn_lost, "the node was on its own before its first round trip", now);
  if (node.is_in_contact()) {
    if (!node_was_lost)
      return believe(node, EventType::sync_gap_detected, "the node asks to be reconciled", now);
    believe(node, EventType::conn_lost, "the node says it was on its own", now);
  }
  if (node.is_lost()) return believe(node, EventType::conn_detected, "Hello received", now);
  return node.state.mode == ConnectivityMode::returning;
}

void Master::on_hello(NodeRecord& node, const Hello& hello, Instant now, Outbox& out) {
  const Enrolment& enrolment = node.enrolment;
  if (hello.origin != enrolment.id ||
      !verifier_->verifies(enrolment.public_key, signed_bytes(hello), hello.signature)) {
    ++counters_.refused;  // nobody has proved to be this node, so nothing is believed of it
    return;
  }
  if (hello.nonce <= node.hello_nonce) {
    ++counters_.stale;
    // The same Hello over another path: its answer may have been lost.
    if (node.lock && node.lock->nonce == hello.nonce) send_grant(node, out);
    return;
  }
  node.hello_nonce = hello.nonce;
  node.newest_sent = hello.clock - Duration{1};  // a clock that was set back starts from here
  node.last_seen = now;
  node.silent_contacts = 0;
  if (!see_return(node, hello, now)) return;
  const Admission::Mark mark = *node.mark;
  const bool forked = hello.head < mark.seq || (hello.head == mark.seq && hello.head_value != mark.value);
  if (hello.incarnation != enrolment.incarnation || forked) {
    believe(node, EventType::conn_identity_rejected,
            forked ? "its log is not the one we hold" : "unknown incarnation", now);
    return;
  }
  if (hello.head == mark.seq) {
    believe(node, EventType::replay_not_needed, "marks and heads are equal", now);
    node.settled_nonce = hello.nonce;
    to_node(node, Verdict{0, hello.nonce, VerdictKind::clean, mark.seq, *node.epoch, 0}, out);
    dispatch_open(node, now, out);
    return;
  }
  if (open_replays_ >= settings_->replay_sessions) {
    ++counters_.deferred;
    to_node(node, Defer{hello.nonce, defer_for, defer_for}, out);
    return;
  }
  grant(node, hello, now, out);
  // What lies between our mark and the oldest event it still has was never covered by a signed gap.
  if (hello.first > mark.seq + 1)
    give_verdict(node, VerdictKind::violation, {"events missing without a gap"}, now, out);
}

// Identity, lock and session are an event before the node hears of them.
void Master::grant(NodeRecord& node, const Hello& hello, Instant now, Outbox& out) {
  const std::uint64_t mark = node.mark->seq;
  const Arrow* arrow = take_arrow(node, EventType::replay_granted, VerdictKind::clean);
  check(arrow != nullptr, "a replay is granted to a node that is RETURNING");
  // Sessions of different masters never share a number.
  const std::uint64_t session = static_cast<std::uint64_t>(identity_.index + 1) << 40 | ++sessions_;
  node.lock = ReplayLock{session, ++node.fencing_token, hello.nonce, hello.head, now, {}};
  ++open_replays_;
  ++counters_.replays_granted;
  append_own(EventType::replay_granted, any(node.enrolment.id),
             encode(ReplayGranted{std::string(arrow->id), session, node.fencing_token, mark + 1, hello.head,
                                  hello.backlog_bytes}),
             {}, Priority::authority, now);
  // What was queued for the node while it was away waits for the verdict.
  dispatch_open(node, now, out);
  send_grant(node, out);
}

void Master::send_grant(const NodeRecord& node, Outbox& out) const {
  to_node(node,
          Grant{.session = node.lock->session,
                .nonce = node.lock->nonce,
                .fencing_token = node.lock->fencing_token,
                .resume_from = node.mark->seq + 1,
                .credit_bytes = settings_->replay_credit_bytes,
                .chunk_bytes = settings_->chunk_bytes,
                .epoch = *node.epoch},
          out);
}

void Master::on_chunk(NodeRecord& node, const Shared<Chunk>& shared, Instant now, Outbox& out) {
  const Chunk& chunk = *shared;
  const Enrolment& enrolment = node.enrolment;
  const bool live = chunk.session == 0;
  bool authentic = chunk.origin == enrolment.id && chunk.incarnation == enrolment.incarnation &&
                   !chunk.entries.empty() && chunk.digest == digest_of(chunk.entries);
  if (!live)  // a live one came under a seal
    authentic = authentic && verifier_->verifies(enrolment.public_key, signed_bytes(chunk), chunk.signature);
  if (!authentic) {
    ++counters_.refused;
    return;
  }
  // A token of an older lock: the session is over, whoever still sends in it.
  if (!live && (!node.lock || node.lock->session != chunk.session ||
                node.lock->fencing_token != chunk.fencing_token)) {
    ++counters_.refused;
    return;
  }
  if (live && (node.state.phase == Phase::quarantined || node.state.phase == Phase::retired)) {
    ++counters_.refused;
    return;
  }
  if (live) {
    store_entries(node, chunk, now, out);
    return;  // the next heartbeat's acknowledgement tells the node; a relay may have kept it, so it is no
             // sign of life
  }
  if (chunk.last > node.mark->seq) node.last_seen = node.lock->progress = now;
  if (chunk.first > node.mark->seq + 1) {
    // A small chunk overtakes a large one; it waits for what belongs before it. Past the bound the node has
    // to send it again.
    if (node.lock->early.size() < early_chunks) node.lock->early.emplace(chunk.first, shared);
    return;
  }
  store_replayed(node, chunk, now, out);
  while (node.lock && !node.lock->early.empty() && node.lock->early.begin()->first <= node.mark->seq + 1) {
    const Shared<Chunk> next = node.lock->early.begin()->second;
    node.lock->early.erase(node.lock->early.begin());
    store_replayed(node, *next, now, out);
  }
  if (node.lock) to_node(node, ChunkAck{chunk.session, node.mark->seq, settings_->replay_credit_bytes}, out);
}

// Stores a chunk that begins at the mark or before it, and says so in the log; ends the replay where the
// chunk breaks the chain.
void Master::store_replayed(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out) {
  const std::uint64_t before = node.mark->seq;
  const Admitted worst = store_entries(node, chunk, now, out);
  if (worst != Admitted::fresh) {
    give_verdict(node, VerdictKind::violation,
                 {worst == Admitted::broken_chain ? "broken chain" : "malformed chunk"}, now, out);
    return;
  }
  if (node.mark->seq == before) return;
  const Arrow* arrow = take_arrow(node, EventType::replay_chunk_acked, VerdictKind::clean);
  check(arrow != nullptr, "a lock is held exactly while REPLAYING");
  std::uint64_t bytes = 0;
  for (const LogEntry& entry : chunk.entries) bytes += entry.packed.size() + entry.body_bytes;
  append_own(
      EventType::replay_chunk_acked, any(node.enrolment.id),
      encode(ReplayChunkAcked{std::string(arrow->id), chunk.session, before + 1, node.mark->seq, bytes}), {},
      Priority::health, now);
}

// Stores what is new of a chunk, in order, up to the first entry that does not fit; says what was wrong with
// that one.
Admitted Master::store_entries(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out) {
  std::vector<ByteView> fresh;
  std::vector<Event> events;
  Admitted worst = Admitted::fresh;
  for (const LogEntry& entry : chunk.entries) {
    std::optional<Event> event;
    Admitted admitted = admission_.admit(entry.packed, event);
    if (event && event->origin != any(node.enrolment.id)) admitted = Admitted::malformed;
    if (admitted == Admitted::duplicate) {
      ++counters_.duplicates;
      continue;
    }
    if (admitted != Admitted::fresh) {
      worst = admitted;
      break;
    }
    fresh.emplace_back(entry.packed);
    events.push_back(std::move(*event));
  }
  if (!fresh.empty())
    check(store_->append(store_->size(), now, fresh) == AppendResult::appended,
          "a master is the only writer of its log");
  for (const Event& event : events) learn(node, event, now, out);
  return worst;
}

void Master::on_fin(NodeRecord& node, const Fin& fin, Instant now, Outbox& out) {
  if (!node.lock || node.lock->session != fin.session || node.lock->fencing_token != fin.fencing_token) {
    // The verdict was given and lost on its way.
    if (node.last_verdict && node.last_verdict->session == fin.session)
      to_node(node, *node.last_verdict, out);
    return;
  }
  node.last_seen = now;
  node.lock->progress = now;
  const Admission::Mark mark = *node.mark;
  if (mark.seq < fin.head) {
    to_node(node, Nack{fin.session, mark.seq + 1}, out);
    return;
  }
  // I-44: clean means the marks are those of the Hello at least, and the chain ends in the value the node
  // ends in.
  if (mark.seq == fin.head && mark.value == fin.head_value && mark.seq >= node.lock->head)
    give_verdict(node, VerdictKind::clean, {}, now, out);
  else
    give_verdict(node, VerdictKind::violation, {"heads differ"}, now, out);
}

// Verdict and release of the lock are one event (I-43); commands wait until after it.
void Master::give_verdict(NodeRecord& node, VerdictKind kind, std::vector<std::string> reasons, Instant now,
                          Outbox& out) {
  const std::uint64_t session = node.lock->session;
  const std::uint64_t nonce = node.lock->nonce;
  const std::uint64_t mark = node.mark->seq;
  const std::uint64_t epoch = *node.epoch;
  const std::uint32_t held = commands_.held_of(node.enrolment.id);

  const Arrow* arrow = take_arrow(node, EventType::replay_verdict, kind);
  check(arrow != nullptr, "a lock is held exactly while REPLAYING");
  append_own(EventType::replay_verdict, any(node.enrolment.id),
             encode(ReplayVerdict{std::string(arrow->id), session, kind, node.link_class.current(),
                                  std::move(reasons), mark, epoch, held}),
             {}, Priority::trust, now);
  if (!is_planted(Defect::keep_lock)) node.lock.reset();
  --open_replays_;
  ++(kind == VerdictKind::clean ? counters_.verdicts_clean : counters_.verdicts_not_clean);
  node.settled_nonce = nonce;
  node.last_verdict = Verdict{session, nonce, kind, mark, epoch, held};
  to_node(node, *node.last_verdict, out);
  dispatch_open(node, now, out);
}

void Master::break_lock(NodeRecord& node, std::string why, Instant now) {
  node.lock.reset();
  --open_replays_;
  ++counters_.sessions_lost;
  believe(node, EventType::replay_session_lost, std::move(why), now);
}

// What a stored event of a node tells its master.
void Master::learn(NodeRecord& node, const Event& event, Instant now, Outbox& out) {
  CommandBook::Todo todo;
  if (event.type == EventType::observation_recorded) {
    if (const auto observation = payload_of<Observation>(event)) node.bundle = observation->policy_bundle_id;
  } else if (event.type == EventType::command_result) {
    const auto result = payload_of<CommandResult>(event);
    if (!result) return;
    node.bundle = result->bundle_id;
    commands_.answered(node.enrolment.id, *result, todo);
  } else if (event.type == EventType::command_intent) {
    if (const auto intent = payload_of<CommandIntent>(event))
      commands_.progressed(node.enrolment.id, intent->command_id, CommandState::executing, todo);
  } else {
    return;
  }
  rollouts_.apply(event);
  do_it(todo, now, out);
}

}  // namespace ibcf
