#include "controlplane/master.hpp"
#include "controlplane/master_views.hpp"
#include "controlplane/planted.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

/// What masters say to each other, and the copies of their logs (protocols page, "Masters").
namespace ibcf {

void Master::on_master(const Packet& packet, Instant now, Outbox& out) {
  if (!is_listened_to(packet)) {
    ++counters_.refused;
    return;
  }
  std::visit(
      Match{[&](const Shared<LeaseGranted>& granted) {
              take_grant(*granted, now, out);
              to_master(packet.from, Received{any(granted->grant.scope)}, out);
              see_epoch(granted->grant.scope, granted->grant.epoch, now, out);
            },
            [&](const LeaseRequest& request) { on_lease_request(packet.from, request, now, out); },
            [&](const LeaseRevoked& revoked) {
              if (!is_planted(Defect::never_hand_over_lease)) held_.give_up(revoked.scope, revoked.epoch);
              to_master(packet.from, LeaseReleased{revoked.scope, revoked.epoch}, out);
            },
            [&](const LeaseReleased& released) {
              chain_.released(released.scope, released.epoch);
              tend_authority(now, out);
            },
            [&](const EpochNotice& notice) {
              to_master(packet.from, Received{any(notice.scope)}, out);
              see_epoch(notice.scope, notice.epoch, now, out);
            },
            [&](const Received& received) {
              std::erase_if(unconfirmed_, [&](const Unconfirmed& sent) {
                return sent.to == packet.from && sent.id == received.id;
              });
            },
            [&](const Shared<CommandForward>& forward) {
              to_master(packet.from, Received{any(forward->command.id)}, out);
              accept(forward->command, now, out);
            },
            [&](const Shared<RolloutOrder>& order) {
              to_master(packet.from, Received{any(order->bundle.id)}, out);
              begin_rollout(*order, now, out);
            },
            [&](const Shared<Sync>& sync) {
              note_refusal(replication_.on(packet.from, *sync, now, out), now);
              note_forks(now);
            },
            [&](const Shared<Replicate>& replicate) { on_replicate(packet.from, *replicate, now, out); },
            [&](const Shared<Replicated>& replicated) {
              note_refusal(replication_.on(packet.from, *replicated, now, out), now);
            },
            [&](const auto&) { check(false, "a master gets only what is meant for masters"); }},
      packet.message);
}

// Everything that is stored goes through here, so that the index knows each entry.
void Master::append(const std::vector<ByteView>& packed, const std::vector<Event>& events, Instant now) {
  if (packed.empty()) return;
  std::uint64_t position = store_->size();
  check(store_->append(position, now, packed) == AppendResult::appended,
        "a master is the only writer of its log");
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    index(event, position);
    views_->note({position++, now, packed[i]}, event);
  }
}

void Master::index(const Event& event, std::uint64_t position) {
  replication_.stored(stream_key_of(event), first_seq_of(event), event.seq);
  note_parked(event, position);
  artifacts_.apply(event);
}

// Who has not shown yet that it is of this fleet may say nothing else.
bool Master::is_listened_to(const Packet& packet) const {
  const bool shows_its_fleet = std::holds_alternative<Shared<Sync>>(packet.message) ||
                               std::holds_alternative<Shared<Replicate>>(packet.message) ||
                               std::holds_alternative<Shared<Replicated>>(packet.message);
  return shows_its_fleet || replication_.listens_to(packet.from);
}

// What this master writes itself never passes the door; it knows how far it has come.
Admitted Master::admit_copy(ByteView packed, std::optional<Event>& event) {
  event = decode<Event>(packed);
  if (!event) return Admitted::malformed;
  if (event->origin != any(identity_.id) || event->incarnation != identity_.incarnation) {
    const auto node = id_cast<NodeTag>(event->origin);
    const bool is_masters = !record_by_id_.contains(node) && !views().roster().find(node);
    if (is_masters) admission_.add_life(event->origin, event->incarnation);
    return admission_.admit(packed, event);
  }
  return event->seq <= own_seq_ ? Admitted::duplicate : Admitted::fork;
}

void Master::on_replicate(Endpoint from, const Replicate& replicate, Instant now, Outbox& out) {
  if (const auto refused = replication_.on(from, replicate)) return note_refusal(refused, now);
  if (!replication_.takes_from(from)) return;
  std::vector<ByteView> fresh;
  std::vector<Event> events;
  std::vector<Replication::Offered> offered;
  std::set<StreamKey> refused;
  for (const Bytes& packed : replicate.entries) {
    std::optional<Event> event;
    const Admitted admitted = admit_copy(packed, event);
    if (!event) {
      ++counters_.refused;
      reject_copy("a piece", "malformed", packed, now);
      continue;
    }
    const StreamKey stream = stream_key_of(*event);
    switch (admitted) {
      case Admitted::duplicate:
        ++counters_.duplicates;
        break;
      case Admitted::fresh:
        fresh.emplace_back(packed);
        events.push_back(*event);
        see_copy(*event);
        break;
      case Admitted::gap:
        continue;  // too far ahead of what belongs before it; it comes again in its turn
      default:
        ++counters_.refused;
        refused.insert(stream);
        if (misfits_.insert(stream).second)
          reject_copy("event " + std::to_string(event->seq) + " of " + text_of(event->origin),
                      "it does not continue the log that is stored here", packed, now);
        continue;
    }
    offered.push_back({stream, first_seq_of(*event), event->seq});
  }
  append(fresh, events, now);
  keep_bodies(replicate.bodies);
  for (const Event& event : events) heed_copy(event, now, out);
  replication_.took(from, replicate.piece, offered, refused, out);
}

// What another master's word means for what may follow it.
void Master::see_copy(const Event& event) {
  if (event.type == EventType::range_parked) {
    if (const auto said = payload_of<RangeParked>(event))
      admission_.park(event.subject, said->stream, said->first, std::nullopt, said->digest);
  } else if (event.type == EventType::node_reincarnated) {
    admission_.replace_life(event.subject, admission_.follow(event.subject).incarnation + 1);
  }
}

// What it means for this master, now that it is stored: what follows from it stands behind it.
void Master::heed_copy(const Event& event, Instant now, Outbox& out) {
  if (event.type == EventType::replay_granted) {
    see_other_lock(event, now);
  } else if (event.type == EventType::authority_granted) {
    see_grant(event, now, out);
  } else if (event.type == EventType::authority_successor_named) {
    see_successor(event, now);
  } else if (event.type == EventType::desired_set) {
    see_desired(event, now);
  }
}

// Of two locks of one node that with the higher token counts (protocols page).
void Master::see_other_lock(const Event& event, Instant now) {
  NodeRecord* node = find_record(id_cast<NodeTag>(event.subject));
  const auto said = payload_of<ReplayGranted>(event);
  if (node == nullptr || !said || said->fencing_token <= node->fencing_token) return;
  node->fencing_token = said->fencing_token;
  if (node->lock) break_lock(*node, "a higher fencing token", now);
}

void Master::note_refusal(const std::optional<PeerRefused>& refused, Instant now) {
  if (!refused) return;
  append_own(EventType::peer_refused, any(identity_.id), encode(*refused), {}, Priority::trust, now);
}

void Master::note_forks(Instant now) {
  for (const Replication::Fork& fork : replication_.take_forks())
    reject_copy("event " + std::to_string(fork.seq) + " of " + text_of(fork.stream.origin),
                fork.peer + " holds another event under this identity", {}, now);
}

// What was not taken leaves evidence, once per stream.
void Master::reject_copy(const std::string& what, std::string reason, ByteView packed, Instant now) {
  append_own(EventType::input_rejected, any(identity_.id),
             encode(InputRejected{"replication", what, std::move(reason), digest_of(packed), packed.size()}),
             {}, Priority::trust, now);
}

bool Master::resume_peer(MasterId id, std::string why, Instant now, Outbox& out) {
  const Peer* peer = find_peer(id);
  if (peer == nullptr || !replication_.is_halted(id)) return false;
  append_own(EventType::peer_resumed, any(identity_.id), encode(PeerResumed{peer->name, std::move(why)}), {},
             Priority::trust, now);
  replication_.resume(peer->name);
  replication_.tend(now, out);
  return true;
}

}  // namespace ibcf
