#include "controlplane/agent.hpp"

#include <algorithm>

#include "controlplane/planted.hpp"
#include "controlplane/seal.hpp"
#include "controlplane/spread.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {

Agent::Agent(const AgentSettings& settings, AgentIdentity identity)
    : settings_(&settings),
      identity_(std::move(identity)),
      desk_({.keep = settings.autonomy, .machine = identity_.machine, .trust = identity_.trust}) {
  battery_pct_ = identity_.battery_pct;
  state_.phase = Phase::active;
  state_.incarnation = identity_.incarnation;
}

void Agent::start(Instant now, Outbox& out) {
  last_heard_ = now;
  echoed_ = now - Duration{1};  // what answers an earlier boot tells nothing of the link
  if (identity_.windowed) {
    link_class_.measure(Duration::zero(), true, settings_->thresholds, now);
    carrier_ = false;  // until the first window opens
    classify();
  }
  wake(Timer::beat, now + spread_over(settings_->heartbeat, identity_.id, 0), out);
  wake(Timer::snapshot, now + spread_over(settings_->snapshot, identity_.id, 1), out);
}

AgentState Agent::durable() const {
  return {.incarnation = identity_.incarnation,
          .boot = boot_,
          .nonce = nonce_,
          .hlc = hlc_,
          .max_epoch_seen = is_planted(Defect::epoch_not_durable) ? 0 : max_epoch_seen_,
          .bundle = bundle_,
          .is_quarantined = state_.phase == Phase::quarantined,
          .is_wiped = is_wiped_,
          .log = log_.memory(),
          .desk = desk_.memory(),
          .objects = objects_,
          .local = local_,
          .heard = last_heard_ - alone_before_,
          .windowed = identity_.windowed,
          .home = identity_.master.index,
          .home_epoch = home_epoch_,
          .revoked = is_planted(Defect::revocation_not_durable) ? Revocations{} : revoked_,
          .revocations = revocations_};
}

void Agent::wake_up(const AgentState& state, bool carrier, Instant now, Outbox& out) {
  check(state.incarnation == identity_.incarnation, "a node wakes up with a memory of its own life");
  std::fill(std::begin(due_), std::end(due_), never);
  work_due_ = never;
  state_ = {};
  state_.phase = state.is_quarantined ? Phase::quarantined : Phase::active;
  state_.incarnation = identity_.incarnation;
  link_class_ = {};
  session_.reset();
  is_wiped_ = state.is_wiped;
  log_ = NodeLog(state.log);
  publish_again();
  custody_ = {};
  stalled_acks_ = {};
  rtt_us_ = 0;
  silent_windows_ = 0;
  local_ = state.local;
  // A clock that was set back cannot tell how long the node was off: long enough, then.
  alone_before_ = state.heard <= now ? now - state.heard : local_.lease;
  max_epoch_seen_ = state.max_epoch_seen;
  hlc_ = state.hlc;
  // What answers an older Hello is worth nothing, and what this life says of its commands is no old word.
  nonce_ = answered_nonce_ = state.nonce + 1;
  bundle_ = state.bundle;
  objects_ = state.objects;
  identity_.windowed = state.windowed;
  identity_.master.index = state.home;
  home_epoch_ = state.home_epoch;
  revoked_ = state.revoked;
  revocations_ = state.revocations;
  boot_ = state.boot + 1;
  heard_in_window_ = false;
  start(now, out);
  carrier_ = carrier;
  write(EventType::node_rebooted, Priority::trust, encode(NodeRebooted{boot_, max_epoch_seen_}), {}, 0, now,
        out);
  std::vector<DeskStep> steps;
  desk_ = CommandDesk({.keep = settings_->autonomy, .machine = identity_.machine, .trust = identity_.trust});
  desk_.recall(state.desk, steps);
  do_steps(steps, now, out);
  has_work_ = true;
  tend_desk(now, out);
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
      if (mode() != ConnectivityMode::returning) return;
      if (carrier_)
        send_hello(now, out);
      else if (!identity_.windowed)  // nobody tells when a standing link is back
        wake(Timer::hello, now + settings_->heartbeat, out);
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
  const bool can_lose = state_.mode ? is_in_contact(mode()) || is_coming_back(mode())
                                    : has_autonomy(now) && state_.phase == Phase::active;
  if (!identity_.windowed && can_lose && is_silent_since(last_heard_, now))
    lose_contact("no word from the master", now, out);
  if (mode() == ConnectivityMode::autonomous && !has_autonomy(now)) {
    decide({.what = "LOCAL authority ran out", .object = {}, .value = {}, .alone = alone(now)}, now, out);
    step(EventType::conn_autonomy_expired);
  }
  if (!carrier_) return;
  if (state_.mode && (mode() == ConnectivityMode::autonomous || mode() == ConnectivityMode::disconnected))
    send_hello(now, out);
  else
    send_heartbeat(now, out);
}

void Agent::send_heartbeat(Instant now, Outbox& out) {
  send(Heartbeat{.sent = now,
                 .written = log_.written(),
                 .backlog_bytes = log_.backlog_bytes(),
                 .max_epoch_seen = max_epoch_seen_,
                 .incarnation = identity_.incarnation,
                 .backlog_events = static_cast<std::uint32_t>(backlog_events()),
                 .rtt_us = rtt_us_,
                 .mode = mode(),
                 .health = health_,
                 .battery_pct = battery_pct_},
       out);
}

// Without contact, and so by the right of a LOCAL grant. A reboot in between does not make it shorter.
Duration Agent::alone(Instant now) const {
  return now - last_heard_ + alone_before_;
}

// A decision names the term that the node had its right from, or that it knew where it had none.
void Agent::decide(LocalDecision decision, Instant now, Outbox& out) {
  decision.local_epoch = decision.under_grant ? local_.epoch : max_epoch_seen_;
  write(EventType::local_decision, Priority::authority, encode(decision), {}, 0, now, out);
}

void Agent::hear(Instant now) {
  last_heard_ = now;
  alone_before_ = Duration::zero();
  heard_in_window_ = true;
  silent_windows_ = 0;
}

void Agent::on_carrier(bool up, Instant now, Outbox& out) {
  carrier_ = up;
  if (!identity_.windowed) return;  // a standing link is judged by its heartbeats alone
  if (up) {
    heard_in_window_ = false;
    if (is_in_contact(mode())) {
      publish_again();
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

// Scheduled contact is no fault. What the plan takes away and what it gives back begins with this moment.
void Agent::on_contact_plan(bool windowed, Instant now) {
  if (windowed == identity_.windowed) return;
  identity_.windowed = windowed;
  heard_in_window_ = is_in_contact(mode());
  silent_windows_ = 0;
  if (!windowed) {
    alone_before_ = alone(now);
    last_heard_ = now;
    link_class_.stand();
    return;
  }
  link_class_.measure(Duration::zero(), true, settings_->thresholds, now);
  if (!state_.mode) classify();  // since its reboot nobody has answered
  if (state_.mode == ConnectivityMode::live) step(EventType::conn_contact_plan);
  if (state_.mode == ConnectivityMode::delayed) step(EventType::conn_sync_interval_long);
}

void Agent::lose_contact(std::string_view why, Instant now, Outbox& out) {
  session_.reset();
  step(EventType::conn_lost, VerdictKind::clean, has_autonomy(now));
  custody_ = {};
  if (mode() == ConnectivityMode::autonomous)
    decide({.what = "took LOCAL authority: " + std::string(why),
            .object = {},
            .value = {},
            .under_grant = true,
            .alone = alone(now)},
           now, out);
}

// The table classifies who is ACTIVE; who comes up QUARANTINED has been classified before.
void Agent::classify() {
  if (state_.phase == Phase::active)
    step(EventType::conn_classified);
  else
    state_.mode = link_class_.current();
}

void Agent::step(EventType trigger, VerdictKind verdict, bool has_autonomy) {
  const LifecycleFacts facts{.link_class = link_class_.current(),
                             .autonomy_granted = has_autonomy,
                             .verdict = verdict,
                             .health = health_};
  const Arrow* arrow = find_arrow(state_, trigger, facts);
  check(arrow != nullptr, "an agent takes only steps of the lifecycle table");
  state_ = evolve(state_, *arrow, facts);
}

// ---- what else comes in -----------------------------------------------------------------------------------

// A node listens to its own master, which seals what it says, and to its relay about custody alone.
bool Agent::is_genuine(const Packet& packet) const {
  if (std::holds_alternative<Custody>(packet.message)) return packet.from == identity_.relay;
  const bool is_new_home =
      std::holds_alternative<NewHome>(packet.message) && packet.from.role == Role::master;
  return (packet.from == identity_.master || is_new_home) && fits(identity_.secret, packet);
}

// Not every word is a sign of contact: commands and notices may have waited at the relay for long.
void Agent::on_message(const Packet& packet, Instant now, Outbox& out) {
  if (!is_genuine(packet)) {
    ++refused_;
    return;
  }
  std::visit(
      Match{[&](const HeartbeatAck& ack) { on(ack, now, out); },
            [&](const Shared<Grant>& grant) { on(*grant, now, out); },
            [&](const Defer& defer) { on(defer, now, out); }, [&](const ChunkAck& ack) { on(ack, now, out); },
            [&](const Nack& nack) { on(nack, now, out); },
            [&](const Shared<Verdict>& verdict) { on(*verdict, now, out); },
            [&](const Custody& custody) { on(custody); }, [&](const EpochNotice& notice) { on(notice); },
            [&](const NewHome& home) { follow(home, packet.from, now, out); },
            [&](const Shared<RevocationNotice>& notice) { on(*notice, out); },
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
    classify();
  } else if (before != after && is_in_contact(mode())) {
    step(change_of_class(before, after));
  }
  if (!is_in_contact(mode())) return;
  if (ack.autonomy > Duration::zero() && ack.epoch >= local_.epoch) local_ = {ack.epoch, ack.autonomy};
  const bool is_all_stored = published_ == log_.acknowledged();
  const StreamSeqs before_ack = is_all_stored ? StreamSeqs{} : log_.marks();
  const bool is_ours = acknowledge(ack.marks);
  // Marks beyond our heads: this log is an older one than the master was told from.
  if (ack.note == AckNote::say_hello || !is_ours) {
    start_return(now, out);
    return;
  }
  if (ack.note == AckNote::copied) log_.forget(ack.marks);
  if (is_all_stored)
    stalled_acks_ = {};
  else
    look_for_losses(before_ack);
  publish(now, out);
}

void Agent::on(const EpochNotice& notice) {
  if (notice.scope == identity_.domain) see_epoch(notice.epoch);
}

// What it was told by its former master it keeps; what that did not pass on, the new one asks for again.
void Agent::follow(const NewHome& home, Endpoint from, Instant now, Outbox& out) {
  if (home.scope != identity_.domain || from == identity_.master) return;
  if (home.epoch <= home_epoch_ || home.epoch < max_epoch_seen_) return;  // an older term's
  identity_.master = from;
  home_epoch_ = home.epoch;
  revocations_ = 0;  // what is revoked stays so, but this one has not told it anything yet
  see_epoch(home.epoch);
  session_.reset();
  if (mode() == ConnectivityMode::replaying) step(EventType::replay_session_lost);
  if (is_in_contact(mode())) step(EventType::sync_gap_detected);
  if (carrier_ && state_.mode) send_hello(now, out);
}

// Whatever comes late, or again, is on the list already.
void Agent::on(const RevocationNotice& notice, Outbox& out) {
  revoked_.add(notice.revoked);
  revocations_ = std::max(revocations_, notice.generation);
  send(RevocationsHeld{revocations_, nonce_}, out);
}

void Agent::see_epoch(std::uint64_t epoch) {
  max_epoch_seen_ = std::max(max_epoch_seen_, epoch);
}

// ---- the desk ---------------------------------------------------------------------------------------------

void Agent::on(const Shared<CommandDelivery>& delivery, Instant now, Outbox& out) {
  see_epoch(delivery->command.epoch);  // before acting (protocols page, "Masters")
  if (delivery->revocations != nullptr) on(*delivery->revocations, out);
  std::vector<DeskStep> steps;
  desk_.take(delivery, desk_facts(now), steps);
  has_work_ = has_open_work();
  do_steps(steps, now, out);
}

DeskFacts Agent::desk_facts(Instant now) const {
  return {.now = now,
          .max_epoch_seen = max_epoch_seen_,
          .in_contact = is_in_contact(mode()),
          .barred = is_coming_back(mode()) || state_.phase == Phase::quarantined,
          .battery_pct = static_cast<double>(battery_pct_),
          .revoked = &revoked_};
}

// After every input: what waits may now begin, or have waited too long.
void Agent::tend_desk(Instant now, Outbox& out) {
  if (!has_work_) return;
  std::vector<DeskStep> steps;
  desk_.look(desk_facts(now), steps);
  do_steps(steps, now, out);
  tend_objects(now, out);
  Instant due = desk_.due(desk_facts(now));
  if (!objects_.waiting.decisions.empty())
    if (const Instant opens = next_opening(objects_.waiting.constraints, now); opens > now)
      due = std::min(due, opens);
  if (due != never && due != work_due_) wake(Timer::work, due, out);
  has_work_ = has_open_work();
}

bool Agent::has_open_work() const {
  return !desk_.is_idle() || !objects_.waiting.decisions.empty();
}

// What was decided for its objects at a return. It shows at once what waits, or else it would seem to drift.
void Agent::take_up(const Verdict& verdict, Instant now, Outbox& out) {
  const auto awaited = objects_.awaited();
  bool shows = objects_.take_up({verdict.bundle_id, verdict.constraints, max_epoch_seen_, verdict.decisions});
  if (!objects_.waiting.decisions.empty() && allow(objects_.waiting.constraints, desk_facts(now))) {
    objects_.carry_out_waiting();
    shows = true;
  }
  if (shows || objects_.awaited() != awaited) write_snapshot(now, out);
  has_work_ = has_open_work();
}

// Under a term that is over nothing is done any more (I-23): the master of the new one is shown so, and asked
// anew.
void Agent::tend_objects(Instant now, Outbox& out) {
  if (objects_.waiting.decisions.empty()) return;
  if (objects_.waiting.epoch < max_epoch_seen_) {
    objects_.waiting = {};
    write_snapshot(now, out);
    if (is_in_contact(mode())) start_return(now, out);
    return;
  }
  const DeskFacts facts = desk_facts(now);
  if (facts.barred || !allow(objects_.waiting.constraints, facts)) return;
  objects_.carry_out_waiting();
  take_snapshot(now, out);
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
        if (step.takes_bundle) {
          objects_.take(*desk_.policy());
          write_snapshot(now, out);  // what it was told to be, it shows that it is
        } else if (step.command_kind == CommandKind::install_artifact &&
                   step.state == CommandState::applied) {
          write_snapshot(now, out);
        }
        if (step.command_kind == CommandKind::remediate && step.state == CommandState::applied &&
            state_.phase == Phase::quarantined)
          this->step(EventType::remediation_completed);  // its master asks for what is left to reconcile
        break;
      case DeskStep::Kind::say:
        if (carrier_) send(CommandProgress{step.command, step.state, nonce_}, out);
        break;
    }
  }
  if (!steps.empty()) publish(now, out);
  is_wiped_ = is_wiped_ || std::any_of(steps.begin(), steps.end(), [](const DeskStep& step) {
                return step.kind == DeskStep::Kind::result && step.command_kind == CommandKind::wipe &&
                       step.state == CommandState::applied;
              });
}

void Agent::on_battery(std::uint8_t pct, Instant now, Outbox& out) {
  battery_pct_ = pct;
  tend_desk(now, out);
}

}  // namespace ibcf
