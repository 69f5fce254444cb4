#include "controlplane/master.hpp"
#include "controlplane/node_log.hpp"
#include "controlplane/planted.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

/// Return and replay, the master's side (seed 3B; protocols page, "Return and replay").
namespace ibcf {
namespace {

constexpr Duration defer_quarantined_for = std::chrono::minutes{5};

std::string_view reason_of(Admitted worst) {
  return worst == Admitted::broken_chain      ? "broken chain"
         : worst == Admitted::fork            ? "fork"
         : worst == Admitted::too_much_parked ? "replay abuse"
                                              : "malformed chunk";
}

// The node's log is not the one we hold: it ends before our mark, or has another event there.
bool is_another_log(const Hello& hello, const Admission::Origin& stored) {
  for (std::size_t i = 0; i < stored.marks.size(); ++i) {
    const StreamHolding& held = hello.streams[i];
    if (held.head < stored.marks[i]) return true;
    if (held.head == stored.marks[i] && held.value != stored.streams[i].value) return true;
    if (held.first == stored.marks[i] + 1 && held.before != stored.streams[i].value) return true;
  }
  return false;
}

// What lies between our mark and the oldest event it still has was never covered by a signed gap.
bool has_hole(const Hello& hello, const Admission::Origin& stored) {
  for (std::size_t i = 0; i < stored.marks.size(); ++i)
    if (hello.streams[i].first > stored.marks[i] + 1) return true;
  return false;
}

StreamSeqs resume_points(const Admission::Origin& stored) {
  StreamSeqs marks = stored.marks;
  if (is_planted(Defect::resume_one_late)) ++marks[index_of(StreamClass::snapshot)];
  return marks;
}

StreamSeqs heads_of(const Hello& hello) {
  StreamSeqs heads{};
  for (std::size_t i = 0; i < heads.size(); ++i) heads[i] = hello.streams[i].head;
  return heads;
}

// The control stream holds trust, authority and results of commands.
Urgency urgency_of(const NodeRecord& node, const Hello& hello) {
  constexpr std::size_t control = index_of(StreamClass::control);
  const bool is_suspect = node.state.phase == Phase::quarantined;
  return is_suspect || hello.streams[control].head > node.stored->marks[control] ? Urgency::urgent
                                                                                 : Urgency::routine;
}

std::uint64_t bytes_in(const Hello& hello) {
  std::uint64_t bytes = 0;
  for (const StreamHolding& held : hello.streams) bytes += held.bytes;
  return bytes;
}

}  // namespace

// Brings belief to RETURNING, over whatever the table asks for on the way; false where it cannot be.
bool Master::see_return(NodeRecord& node, const Hello& hello, Instant now) {
  if (node.lock) break_lock(node, "the node said Hello again", now);
  const bool node_was_lost =
      hello.mode == ConnectivityMode::autonomous || hello.mode == ConnectivityMode::disconnected;
  // Of whom this master has granted nothing, it knows only that the node had contact with somebody.
  if (!node.state.mode &&
      !believe(node, EventType::conn_lost, "the node was on its own before its first round trip", now))
    believe(node, EventType::conn_classified, "the node had contact before it was first heard here", now);
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
  const bool is_overtaken = hello.clock < node.newest_sent;
  node.newest_sent = hello.clock - Duration{1};  // a clock that was set back starts from here
  // It was kept back until its node had said more, and what it lacks is no other log. Or the clock was set
  // back, and the next Hello will be judged.
  if (is_overtaken && is_another_log(hello, *node.stored)) {
    ++counters_.stale;
    return;
  }
  claimed_.erase(enrolment.id);
  node.last_seen = now;
  node.silent_contacts = 0;
  if (sees_traffic_after_wipe(node, now) || node.state.phase == Phase::decommissioning) return;
  node.revocations_held = hello.revocations;
  tell_revocations(node, now, out);  // before anything that it may act on
  if (is_put_off(node)) let_remedied_return(node, now);
  if (is_put_off(node)) {
    // Whom a brake set aside is back, and waits; a QUARANTINED node returns when it is let (A38), not before.
    if (node.state.phase != Phase::quarantined) see_return(node, hello, now);
    ++counters_.deferred;
    to_node(node, Defer{hello.nonce, defer_quarantined_for, defer_quarantined_for, DeferReason::distrusted},
            out);
    return;
  }
  if (!see_return(node, hello, now)) return;
  const bool forked = is_another_log(hello, *node.stored);
  if (hello.incarnation != enrolment.incarnation || forked) {
    believe(node, EventType::conn_identity_rejected,
            forked ? "its log is not the one we hold" : "unknown incarnation", now);
    return;
  }
  // A node that must be distrusted for what it is gets a verdict, though there is nothing to replay.
  const bool is_whole = heads_of(hello) == node.stored->marks;
  const auto is_in_order = [&] {
    return node.state.phase == Phase::quarantined ||
           (artifact_reasons(enrolment.id).empty() && object_reasons(node).empty());
  };
  if (is_whole && is_in_order()) {
    // With the Hello as its cause: one that comes again after a restart must not count for a new one.
    believe(node, EventType::replay_not_needed, "marks and heads are equal", now, VerdictKind::clean,
            cause_of_hello(hello.nonce));
    node.settled_nonce = hello.nonce;
    Reconciled reconciled = reconcile_node(node, 0, true, now);
    note_reconciled(node);
    to_node(node,
            std::make_shared<const Verdict>(Verdict{
                0, hello.nonce, VerdictKind::clean, node.stored->marks, *node.epoch, 0, reconciled.bundle,
                std::move(reconciled.decisions), std::move(reconciled.constraints)}),
            out);
    dispatch_open(node, now, out);
    order_again(node, now, out);
    return;
  }
  const ReturnGate::Answer answer = gate_.ask(enrolment.id, bytes_in(hello), urgency_of(node, hello), now);
  if (!answer.admitted) {
    ++counters_.deferred;
    to_node(node, Defer{hello.nonce, answer.retry_after, answer.spread, answer.reason}, out);
    return;
  }
  grant(node, hello, now, out);
  if (is_whole)
    give_verdict(node, VerdictKind::clean, {}, now, out);
  else if (has_hole(hello, *node.stored))
    give_verdict(node, VerdictKind::violation, {"events missing without a gap"}, now, out);
}

// Identity, lock and session are an event before the node hears of them.
void Master::grant(NodeRecord& node, const Hello& hello, Instant now, Outbox& out) {
  const Arrow* arrow = take_arrow(node, EventType::replay_granted, VerdictKind::clean);
  check(arrow != nullptr, "a replay is granted to a node that is RETURNING");
  // Sessions of different masters, and of different lives of one, never share a number.
  const std::uint64_t session = static_cast<std::uint64_t>(identity_.index + 1) << 40 |
                                std::uint64_t{identity_.incarnation - 1} << 24 | ++sessions_;
  node.lock = ReplayLock{session, ++node.fencing_token, hello.nonce, heads_of(hello), now};
  node.parked_in_session = 0;
  ++open_replays_;
  ++counters_.replays_granted;
  append_own(EventType::replay_granted, any(node.enrolment.id),
             encode(ReplayGranted{std::string(arrow->id), session, node.fencing_token, hello.nonce,
                                  node.stored->marks, node.lock->heads, bytes_in(hello)}),
             {}, Priority::authority, now);
  // What was queued for the node while it was away waits for the verdict.
  dispatch_open(node, now, out);
  send_grant(node, out);
}

void Master::send_grant(const NodeRecord& node, Outbox& out) const {
  to_node(node,
          std::make_shared<const Grant>(Grant{.session = node.lock->session,
                                              .nonce = node.lock->nonce,
                                              .fencing_token = node.lock->fencing_token,
                                              .marks = resume_points(*node.stored),
                                              .credit_bytes = settings_->replay_credit_bytes,
                                              .chunk_bytes = settings_->chunk_bytes,
                                              .epoch = *node.epoch}),
          out);
}

void Master::on_chunk(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out) {
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
  // Its node follows a newer lock, of another master of it: ours is over (protocols page).
  if (!live && node.lock && chunk.fencing_token > node.lock->fencing_token) {
    node.fencing_token = std::max(node.fencing_token, chunk.fencing_token);
    break_lock(node, "a higher fencing token", now);
  }
  // A token of an older lock: the session is over, whoever still sends in it.
  if (!live && (!node.lock || node.lock->session != chunk.session ||
                node.lock->fencing_token != chunk.fencing_token)) {
    ++counters_.refused;
    return;
  }
  if (live && node.state.phase == Phase::retired) {
    ++counters_.refused;
    return;
  }
  const bool is_news = chunk.last > node.stored->marks[index_of(chunk.stream)];
  if (is_news && sees_traffic_after_wipe(node, now)) return;
  if (live)
    store_live(node, chunk, now, out);
  else
    store_replayed(node, chunk, now, out);
}

// The next heartbeat's acknowledgement tells the node what was stored. A relay may have kept the chunk, so it
// is no sign of life. What comes before its time comes again; but what does not fit the log it comes from is
// evidence against its node, whose seal it bears.
void Master::store_live(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out) {
  const Admitted worst = store_entries(node, chunk, now, out);
  if (worst != Admitted::fresh && worst != Admitted::gap) distrust(node, chunk, worst, now, out);
}

// Where the table has no way into quarantine from here, the node's return has one.
void Master::distrust(NodeRecord& node, const Chunk& chunk, Admitted worst, Instant now, Outbox& out) {
  std::string reason(reason_of(worst));
  if (node.lock) return give_verdict(node, VerdictKind::violation, {std::move(reason)}, now, out);
  reason += " in contact, after event " + std::to_string(node.stored->marks[index_of(chunk.stream)]) +
            " of " + std::string(word_of(chunk.stream));
  if (!believe(node, EventType::trust_violation, reason, now) && node.state.phase != Phase::quarantined)
    believe(node, EventType::sync_gap_detected, reason, now);
}

// Stores a chunk, says so in the log and to the node; ends the replay where the chunk breaks the chain.
void Master::store_replayed(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out) {
  const std::uint64_t duplicates = counters_.duplicates;
  const Admitted worst = store_entries(node, chunk, now, out);
  const std::uint64_t mark = node.stored->marks[index_of(chunk.stream)];
  if (worst == Admitted::gap) {
    to_node(node, Nack{chunk.session, chunk.stream, mark + 1}, out);
    return;
  }
  if (worst != Admitted::fresh) {
    distrust(node, chunk, worst, now, out);
    return;
  }
  if (counters_.duplicates - duplicates < chunk.entries.size()) {
    node.last_seen = node.lock->progress = now;
    const Arrow* arrow = take_arrow(node, EventType::replay_chunk_acked, VerdictKind::clean);
    check(arrow != nullptr, "a lock is held exactly while REPLAYING");
    std::uint64_t bytes = 0;
    for (const LogEntry& entry : chunk.entries) bytes += entry.packed.size() + entry.body_bytes;
    append_own(EventType::replay_chunk_acked, any(node.enrolment.id),
               encode(ReplayChunkAcked{std::string(arrow->id), chunk.session, chunk.stream, chunk.first,
                                       chunk.last, bytes}),
               {}, Priority::health, now);
    gate_.stored(node.enrolment.id, bytes, now);
  }
  to_node(node, ChunkAck{chunk.session, chunk.stream, chunk.last, mark, settings_->replay_credit_bytes}, out);
  if (is_planted(Defect::lock_before_verdict) && node.stored->marks == node.lock->heads) node.lock.reset();
}

// Stores what is new of a chunk, in order, up to the first entry that does not fit; says what was wrong with
// that one. What cannot be read is parked in its place.
Admitted Master::store_entries(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out) {
  std::vector<ByteView> fresh;
  std::vector<Event> events;
  std::vector<const Bytes*> bodies;
  bool shows_itself = false;
  const auto store_them = [&] {
    const std::uint64_t position = store_->size();
    append(fresh, events, now);
    for (std::size_t i = 0; i < bodies.size(); ++i)
      if (!bodies[i]->empty()) keep_body(events[i], *bodies[i], position + i, now);
    for (const Event& event : events) {
      learn(node, event, now, out);
      shows_itself = shows_itself || event.priority == Priority::snapshot;
    }
    fresh.clear();
    events.clear();
    bodies.clear();
  };
  Admitted worst = Admitted::fresh;
  for (const LogEntry& entry : chunk.entries) {
    // Asked before it is admitted: a node must not move the marks of another one.
    std::optional<Event> event = decode<Event>(entry.packed);
    const bool is_anothers = event && event->origin != any(node.enrolment.id);
    auto objection = event ? settings_->objection(*event) : std::optional<std::string>("it is no event");
    Admitted admitted = Admitted::malformed;
    if (objection && !is_anothers) {
      store_them();
      admitted = park(node, chunk, entry, event, std::move(*objection), now);
      if (admitted == Admitted::fresh) continue;
    } else if (!is_anothers) {
      admitted = admission_.admit(entry.packed, event);
    }
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
    bodies.push_back(&entry.body);
  }
  store_them();
  node.stored_until = store_->size();
  judge_installed(node, now);
  if (shows_itself) judge_objects(node, now);
  return worst;
}

void Master::on_fin(NodeRecord& node, const Fin& fin, Instant now, Outbox& out) {
  if (!node.lock || node.lock->session != fin.session || node.lock->fencing_token != fin.fencing_token) {
    // The verdict was given and lost on its way.
    if (node.last_verdict && node.last_verdict->session == fin.session) to_node(node, node.last_verdict, out);
    return;
  }
  const Admission::Origin& stored = *node.stored;
  for (const StreamClass stream : all_streams)
    if (stored.marks[index_of(stream)] > fin.heads[index_of(stream)]) return;  // late: more has come since
  node.last_seen = now;
  node.lock->progress = now;
  for (const StreamClass stream : all_streams) {
    const std::uint64_t mark = stored.marks[index_of(stream)];
    if (mark == fin.heads[index_of(stream)]) continue;
    to_node(node, Nack{fin.session, stream, mark + 1}, out);
    return;
  }
  // I-44: clean means the marks are those of the Hello at least, and each chain ends in the value the node
  // ends in.
  bool is_same = true;
  for (std::size_t i = 0; i < all_streams.size(); ++i)
    is_same = is_same && stored.streams[i].value == fin.values[i] && stored.marks[i] >= node.lock->heads[i];
  const bool is_whole = node.parked_in_session == 0 || is_planted(Defect::clean_with_gap);
  if (is_same && is_whole)
    give_verdict(node, VerdictKind::clean, {}, now, out);
  else if (is_same)
    give_verdict(node, VerdictKind::partial,
                 {"poison: parked " + std::to_string(node.parked_in_session) + " of its events"}, now, out);
  else
    give_verdict(node, VerdictKind::violation, {"heads differ"}, now, out);
}

// Verdict and release of the lock are one event (I-43); commands wait until after it.
void Master::give_verdict(NodeRecord& node, VerdictKind kind, std::vector<std::string> reasons, Instant now,
                          Outbox& out) {
  const std::uint64_t session = node.lock->session;
  const std::uint64_t nonce = node.lock->nonce;
  const StreamSeqs marks = node.stored->marks;
  const std::uint64_t epoch = *node.epoch;
  const std::uint32_t held = commands_.held_of(node.enrolment.id);
  Reconciled reconciled;
  if (kind != VerdictKind::violation)
    reconciled = reconcile_node(node, session, kind == VerdictKind::clean, now);
  for (std::string& reason : artifact_reasons(node.enrolment.id))
    reconciled.reasons.push_back(std::move(reason));
  if (!reconciled.reasons.empty()) {
    kind = VerdictKind::violation;
    reasons.insert(reasons.end(), reconciled.reasons.begin(), reconciled.reasons.end());
    reconciled.decisions.clear();  // nothing is changed on a node that is not trusted
  }
  const std::string reason = reasons.empty() ? "" : reasons.front();
  if (kind == VerdictKind::violation && is_braked(node, EventType::replay_verdict, kind, reason, now))
    return break_lock(node, "the quarantine brake holds: " + reason, now);

  const std::optional<Phase> before = node.state.phase;
  const Arrow* arrow = take_arrow(node, EventType::replay_verdict, kind);
  check(arrow != nullptr, "a lock is held exactly while REPLAYING");
  append_own(EventType::replay_verdict, any(node.enrolment.id),
             encode(ReplayVerdict{std::string(arrow->id), session, kind, node.link_class.current(),
                                  std::move(reasons), marks, epoch, held}),
             {}, Priority::trust, now);
  if (!is_planted(Defect::keep_lock)) node.lock.reset();
  --open_replays_;
  gate_.ended(node.enrolment.id, now);
  if (kind == VerdictKind::violation) note_distrust(node, before, reason, now);
  if (kind == VerdictKind::clean) note_reconciled(node);
  ++(kind == VerdictKind::clean ? counters_.verdicts_clean : counters_.verdicts_not_clean);
  node.settled_nonce = nonce;
  node.may_return = false;
  node.last_verdict = std::make_shared<const Verdict>(
      Verdict{session, nonce, kind, marks, epoch, held, reconciled.bundle, std::move(reconciled.decisions),
              std::move(reconciled.constraints)});
  to_node(node, node.last_verdict, out);
  dispatch_open(node, now, out);
  if (kind == VerdictKind::clean) order_again(node, now, out);
}

void Master::break_lock(NodeRecord& node, std::string why, Instant now) {
  node.lock.reset();
  --open_replays_;
  gate_.ended(node.enrolment.id, now);
  ++counters_.sessions_lost;
  believe(node, EventType::replay_session_lost, std::move(why), now);
}

// What a stored event of a node tells its master.
void Master::learn(NodeRecord& node, const Event& event, Instant now, Outbox& out) {
  // What it runs, by its newest word: an older snapshot may come after a newer one.
  const auto runs = [&](BundleId bundle) {
    if (event.hlc < node.bundle_hlc) return;
    node.bundle = bundle;
    node.bundle_hlc = event.hlc;
  };
  CommandBook::Todo todo;
  if (event.type == EventType::observation_recorded) {
    if (const auto observation = payload_of<Observation>(event)) runs(observation->policy_bundle_id);
  } else if (event.type == EventType::command_result) {
    const auto result = payload_of<CommandResult>(event);
    if (!result) return;
    runs(result->bundle_id);
    commands_.answered(node.enrolment.id, *result, todo);
    on_remedy(node, *result, now);
    end_update(node, *result, now);
  } else if (event.type == EventType::command_intent) {
    if (const auto intent = payload_of<CommandIntent>(event))
      commands_.progressed(node.enrolment.id, intent->command_id, CommandState::executing, todo);
  } else {
    if (event.type != EventType::node_rebooted) return;
    resume_update(node, now);
    node.revocations_held = 0;  // it may have come up from a backup
    return;
  }
  rollouts_.apply(event);
  do_it(todo, now, out);
}

}  // namespace ibcf
