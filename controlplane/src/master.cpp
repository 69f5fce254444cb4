#include "controlplane/master.hpp"

#include <algorithm>
#include <utility>

#include "controlplane/master_views.hpp"
#include "controlplane/planted.hpp"
#include "controlplane/seal.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

constexpr Duration sweep_every = std::chrono::seconds{10};
constexpr Duration confirm_within = std::chrono::seconds{10};

}  // namespace

Master::Master(const MasterSettings& settings, MasterIdentity identity, EventStore& store,
               const Verifier& verifier, std::vector<Domain> domains, SnapshotStore* bodies)
    : settings_(&settings),
      identity_(std::move(identity)),
      store_(&store),
      verifier_(&verifier),
      bodies_(bodies != nullptr ? bodies : &own_bodies_),
      views_(std::make_unique<MasterViews>(std::move(domains), *bodies_)),
      gate_({.sessions = settings.replay_sessions,
             .least_bytes = settings.replay_sessions * settings.replay_credit_bytes}),
      brake_(settings.brake),
      commands_({.retry = settings.command_retry, .keep = settings.autonomy}),
      artifacts_(settings.release_keys, verifier),
      held_(settings.bounds),
      chain_(settings.bounds),
      replication_(settings.replication,
                   {identity_.fleet, identity_.id, identity_.incarnation, {Role::master, identity_.index}},
                   store, bodies_) {
  views_->catch_up(store);
}

Master::~Master() = default;

NodeRecord& Master::add_record(Enrolment enrolment) {
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  if (record_by_index_.size() <= enrolment.index) record_by_index_.resize(enrolment.index + 1, nobody);
  record_by_index_[enrolment.index] = number;
  record_by_id_[enrolment.id] = number;
  NodeRecord& node = nodes_.emplace_back();
  node.enrolment = std::move(enrolment);
  node.stored = &admission_.follow(any(node.enrolment.id));
  node.epoch = &epochs_[node.enrolment.facts.domain_id];
  node.follow(node.enrolment.contacts);
  ++domain_sizes_[node.enrolment.facts.domain_id];
  return node;
}

void Master::start(const std::vector<Peer>& peers, Instant now, Outbox& out) {
  flushed_ = now;
  out.wake(Timer::sweep, now + sweep_every);
  out.wake(Timer::flush, now + settings_->flush);
  peers_ = peers;
  for (const Peer& peer : peers_)
    if (peer.id != identity_.id) replication_.add_peer(peer.endpoint, peer.id, peer.name);
  out.wake(Timer::replicate, now + settings_->replication.forward);
  replication_.tend(now, out);  // before anything else: a peer listens only to whom it knows
  if (recalled_) go_on(now, out);
  if (identity_.level != AuthorityLevel::global) return;
  for (const Peer& peer : peers_)
    for (const DomainId scope : peer.scopes)
      if (chain_.current(scope) == nullptr)
        announce(chain_.begin(scope, peer.level, peer.id, peer.name, peer.lease, now), now, out);
}

void Master::on_timer(Timer timer, Instant now, Outbox& out) {
  switch (timer) {
    case Timer::sweep:
      out.wake(Timer::sweep, now + sweep_every);
      sweep(now, out);
      return;
    case Timer::flush:
      out.wake(Timer::flush, now + settings_->flush);
      flush(now);
      return;
    case Timer::replicate:
      out.wake(Timer::replicate, now + settings_->replication.forward);
      replication_.tend(now, out);
      return;
    default:
      check(false, "a master is woken only by its own timers");
  }
}

void Master::on_message(const Packet& packet, Instant now, Outbox& out) {
  if (packet.from.role != Role::node)
    return packet.from.role == Role::master ? on_master(packet, now, out) : on_relay(packet, now);
  NodeRecord* node = find_record(packet.from);
  if (node == nullptr || !fits(node->enrolment.secret, packet)) {
    ++counters_.refused;  // not one of ours, or not as it was sent
    return;
  }
  std::visit(Match{[&](const Heartbeat& beat) { on_heartbeat(*node, beat, now, out); },
                   [&](const Shared<Hello>& hello) { on_hello(*node, *hello, now, out); },
                   [&](const Shared<Chunk>& chunk) { on_chunk(*node, *chunk, now, out); },
                   [&](const Shared<Fin>& fin) { on_fin(*node, *fin, now, out); },
                   [&](const CommandProgress& progress) { on_progress(*node, progress, now, out); },
                   [&](const RevocationsHeld& held) { on_revocations_held(*node, held); },
                   [&](const auto&) { ++counters_.refused; }},  // no word of a node
             packet.message);
}

// ---- belief -----------------------------------------------------------------------------------------------

NodeRecord* Master::find_record(Endpoint from) {
  if (from.index >= record_by_index_.size() || record_by_index_[from.index] == nobody) return nullptr;
  return &nodes_[record_by_index_[from.index]];
}

void Master::fetch_ahead(std::uint32_t node) const {
  if (node < record_by_index_.size() && record_by_index_[node] != nobody)
    nodes_[record_by_index_[node]].fetch_ahead();
}

void Master::fetch_ahead_mark(std::uint32_t node) const {
  if (node < record_by_index_.size() && record_by_index_[node] != nobody)
    nodes_[record_by_index_[node]].fetch_ahead_marks();
}

const NodeRecord* Master::find_node(NodeId id) const {
  const auto found = record_by_id_.find(id);
  return found == record_by_id_.end() ? nullptr : &nodes_[found->second];
}

NodeRecord* Master::find_record(NodeId id) {
  const auto found = record_by_id_.find(id);
  return found == record_by_id_.end() ? nullptr : &nodes_[found->second];
}

LifecycleFacts Master::facts_of(const NodeRecord& node, VerdictKind verdict) const {
  return {.link_class = node.link_class.current(),
          .autonomy_granted = node.local.lease > Duration::zero(),
          .verdict = verdict,
          .health = node.newest.health};
}

// In the present term of its domain, for the present life of the node.
bool Master::lacks_local_grant(const NodeRecord& node) const {
  const bool has_it = node.local.epoch >= *node.epoch && node.local.lease > Duration::zero();
  return !has_it && *node.epoch > 0 && settings_->autonomy > Duration::zero();
}

// Takes the table's arrow, if it has one here. Every change of a node's state goes through this.
const Arrow* Master::take_arrow(NodeRecord& node, EventType trigger, VerdictKind verdict) {
  const LifecycleFacts facts = facts_of(node, verdict);
  const Arrow* arrow = find_arrow(node.state, trigger, facts);
  if (arrow != nullptr) node.state = evolve(node.state, *arrow, facts);
  return arrow;
}

bool Master::believe(NodeRecord& node, EventType trigger, std::string reason, Instant now,
                     VerdictKind verdict, AnyId cause) {
  const bool is_grave = brings_quarantine(trigger);
  if (is_grave && is_braked(node, trigger, verdict, reason, now)) return false;
  const std::optional<Phase> before = node.state.phase;
  const Arrow* arrow = take_arrow(node, trigger, verdict);
  if (arrow == nullptr) return false;
  if (is_grave) note_distrust(node, before, reason, now);
  append_own(trigger, any(node.enrolment.id),
             encode(LifecycleStep{std::string(arrow->id), node.link_class.current(), node.newest.health,
                                  std::move(reason)}),
             cause, Priority::health, now);
  return true;
}

void Master::on_heartbeat(NodeRecord& node, const Heartbeat& beat, Instant now, Outbox& out) {
  if (beat.incarnation != node.enrolment.incarnation) {
    ++counters_.refused;
    return;
  }
  if (beat.sent <= node.newest_sent) {
    ++counters_.stale;
    return;
  }
  node.newest_sent = beat.sent;
  if (!claimed_.empty()) claimed_.erase(node.enrolment.id);
  ++counters_.heartbeats;
  ++node.beats;
  node.last_seen = now;
  const Health before = std::exchange(node.newest, beat).health;
  classify(node, beat, now);
  if (beat.health != Health::ok || before != Health::ok || node.state.phase == Phase::degraded)
    watch_health(node, beat.health, now);
  const bool came_unannounced =
      is_in_contact(beat.mode) && (node.is_lost() || node.state.mode == ConnectivityMode::returning);
  StreamSeqs marks = node.stored->marks;
  const std::uint64_t stored = sum_of(marks);
  bool behind = false;
  if (node.is_in_contact() && is_in_contact(beat.mode) &&
      beat.written - std::min(beat.written, stored) > settings_->gap_events)
    behind = believe(node, EventType::sync_gap_detected, "too far behind for a silent catch-up", now);
  if (lacks_local_grant(node) && !is_coming_back(beat.mode) && !node.is_barred()) grant_local(node, now);
  if (is_planted(Defect::acknowledge_unstored) && stored < beat.written)
    ++marks[index_of(StreamClass::snapshot)];
  to_node(node,
          HeartbeatAck{.echo = beat.sent,
                       .marks = marks,
                       .epoch = *node.epoch,
                       .autonomy = node.local.epoch == *node.epoch ? node.local.lease : Duration::zero(),
                       .incarnation = beat.incarnation,
                       .note = came_unannounced || behind                         ? AckNote::say_hello
                               : node.stored_until <= replication_.copied_until() ? AckNote::copied
                                                                                  : AckNote::none},
          out);
  if (node.open_commands > 0 && (node.is_barred() || (node.is_in_contact() && is_in_contact(beat.mode))))
    dispatch_open(node, now, out);
}

void Master::classify(NodeRecord& node, const Heartbeat& beat, Instant now) {
  if (beat.rtt_us == 0) return;
  const ConnectivityMode before = node.link_class.current();
  const ConnectivityMode after = node.link_class.measure(std::chrono::microseconds{beat.rtt_us},
                                                         node.is_windowed(), settings_->thresholds, now);
  if (!node.state.mode)
    believe(node, EventType::conn_classified, "first round trip measured", now);
  else if (before != after && node.is_in_contact())
    believe(node, change_of_class(before, after),
            before == ConnectivityMode::edge_cached && after == ConnectivityMode::live
                ? "it has no windows any more"
            : before == ConnectivityMode::edge_cached || after == ConnectivityMode::edge_cached
                ? "time between round trips beyond its mark for the dwell time"
                : "round trip beyond its mark for the dwell time",
            now);
}

void Master::watch_health(NodeRecord& node, Health reported, Instant now) {
  const auto due = node.health_watch.report(reported, node.state.health, now, settings_->health);
  if (!due) return;
  const bool is_critical = *due == EventType::health_critical;
  believe(node, *due,
          is_critical ? "failed for longer than a node may" : "reported for as long as it takes to count",
          now);
}

void Master::sweep(Instant now, Outbox& out) {
  constexpr std::size_t ahead = 6;  // records are further apart than the processor looks by itself
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (i + ahead < nodes_.size()) nodes_[i + ahead].fetch_ahead_of_sweep();
    watch(nodes_[i], now);
  }
  claim(out);
  tend_revocations(now, out);
  tend_distrusted(now, out);
  tend_updates(now);
  tend_put_off(now);
  tend_commands(now, out);
  tend_rollouts(now, out);
  tend_authority(now, out);
  repeat_unconfirmed(now, out);
}

// Silence is judged by the contact plan where there is one, by missed heartbeats elsewhere.
void Master::watch(NodeRecord& node, Instant now) {
  bool lost = false;
  if (node.is_windowed()) {
    const auto& contacts = *node.contacts;
    for (; node.next_contact < contacts.size() && contacts[node.next_contact].closes <= now;
         ++node.next_contact)
      node.silent_contacts =
          static_cast<std::uint16_t>(node.last_seen < contacts[node.next_contact].opens
                                         ? std::min(node.silent_contacts + 1u, settings_->missed_windows)
                                         : 0);
    lost = node.silent_contacts >= settings_->missed_windows;
  } else {
    // Where it had windows until now, nothing was expected in between.
    const Duration limit = settings_->missed_heartbeats * settings_->heartbeat;
    lost = now - node.last_seen >= limit && now - std::max(node.last_seen, node.planned) >= limit;
  }
  if (node.lock && now - node.lock->progress >= settings_->session_patience)
    break_lock(node, "no progress", now);
  if (lost && !node.is_lost()) {
    if (node.lock) break_lock(node, "the node fell silent", now);
    if (believe(node, EventType::conn_lost,
                node.is_windowed() ? "missed contact windows" : "missed heartbeats", now))
      node.lost_since = now;
  }
  if (node.state.mode == ConnectivityMode::autonomous &&
      !node.local.covers(now - std::max(node.last_seen, node.alive)))
    believe(node, EventType::conn_autonomy_expired, "silent for longer than its LOCAL grant", now);
}

// Heartbeats since the last flush become one columnar event: liveness is rebuildable and the log stays small.
void Master::flush(Instant now) {
  HeartbeatBatch batch;
  batch.from = flushed_;
  batch.until = now;
  for (NodeRecord& node : nodes_) {
    if (node.beats == 0) continue;
    batch.ordinal.push_back(node.enrolment.index);
    batch.beats.push_back(node.beats);
    batch.last_seen_ms.push_back(static_cast<std::uint32_t>((node.last_seen - flushed_).count() / 1'000'000));
    batch.rtt_us.push_back(node.newest.rtt_us);
    batch.head.push_back(node.newest.written);
    batch.backlog_events.push_back(node.newest.backlog_events);
    batch.backlog_bytes.push_back(node.newest.backlog_bytes);
    batch.mode.push_back(node.newest.mode);
    batch.health.push_back(node.newest.health);
    node.beats = 0;
  }
  flushed_ = now;
  if (!batch.ordinal.empty())
    append_own(EventType::heartbeat_batch, any(identity_.id), encode(batch), {}, Priority::health, now);
}

// ---- the log and its copies -------------------------------------------------------------------------------

void Master::append_own(EventType type, AnyId subject, Bytes payload, AnyId cause, Priority priority,
                        Instant now) {
  Event event{.origin = any(identity_.id),
              .incarnation = identity_.incarnation,
              .seq = ++own_seq_,
              .type = type,
              .subject = subject,
              .occurred = now,
              .clock_quality = ClockQuality::synchronised,
              .boot = 1,
              .uptime = now.time_since_epoch(),
              .hlc = hlc_ = next_hlc(hlc_, now),
              .epoch = 0,
              .desired_bundle = {},
              .prev = own_value_,
              .cause = cause,
              .priority = priority,
              .payload = std::move(payload)};
  const Bytes packed = encode(event);
  own_value_ = chain_value_of(packed);
  append({packed}, {std::move(event)}, now);
}

// ---- sending ----------------------------------------------------------------------------------------------

void Master::to_node(const NodeRecord& node, Message message, Outbox& out) const {
  const Seal seal = seal_of(node.enrolment.secret, message);
  out.send(node.enrolment.relay, {Role::master, identity_.index}, {Role::node, node.enrolment.index},
           std::move(message), seal);
}

void Master::to_master(Endpoint to, Message message, Outbox& out) const {
  out.send(to, {Role::master, identity_.index}, to, std::move(message));
}

void Master::to_master_surely(Endpoint to, AnyId id, Message message, Instant now, Outbox& out) {
  to_master(to, message, out);
  unconfirmed_.push_back({to, id, std::move(message), now});
}

void Master::repeat_unconfirmed(Instant now, Outbox& out) {
  for (Unconfirmed& sent : unconfirmed_) {
    if (now - sent.sent < confirm_within) continue;
    sent.sent = now;
    to_master(sent.to, sent.message, out);
  }
}

}  // namespace ibcf
