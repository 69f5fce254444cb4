#include "controlplane/master.hpp"
#include "controlplane/planted.hpp"
#include "model/payloads.hpp"

/// What a node sends that nobody here can read (protocols page: "A poison range is parked and reported; it
/// does not block the rest").
namespace ibcf {
namespace {

/// So much may wait of one node; a log with more is no accident.
constexpr std::size_t most_parked = 32;

}  // namespace

// Only single events: of a gap that cannot be read nobody knows what it covers.
Admitted Master::park(NodeRecord& node, const Chunk& chunk, const LogEntry& entry,
                      const std::optional<Event>& event, std::string reason, Instant now) {
  const bool is_out_of_place = entry.first != entry.last || entry.first == 0;
  if (is_out_of_place || (event && (event->seq != entry.last || event->type == EventType::stream_gap ||
                                    event->incarnation != chunk.incarnation)))
    return Admitted::malformed;
  const NodeId id = node.enrolment.id;
  if (parked_.of(id).size() >= most_parked) return Admitted::too_much_parked;
  const StreamClass stream = event ? event->stream : chunk.stream;
  const auto prev = event ? std::optional{event->prev} : std::nullopt;
  const Admitted admitted = admission_.park(any(id), stream, entry.last, prev, chain_value_of(entry.packed));
  if (admitted != Admitted::fresh || is_planted(Defect::skip_poison)) return admitted;
  ++node.parked_in_session;
  append_own(EventType::range_parked, any(id),
             encode(RangeParked{chunk.session, chunk.incarnation, stream, entry.first, entry.last,
                                std::move(reason), digest_of(entry.packed), entry.packed}),
             {}, Priority::trust, now);
  return admitted;
}

void Master::note_parked(const Event& event, std::uint64_t position) {
  parked_.apply(event, position);
  if (event.type != EventType::range_parked) return;
  if (const auto said = payload_of<RangeParked>(event))
    replication_.covered({event.subject, said->incarnation, said->stream}, said->first, said->last);
}

// The event stays where it was parked: its own log has gone on. It travels in this master's word, so that
// every copy of the log gets it.
std::size_t Master::redrive(NodeId id, const std::string& why, Instant now, Outbox& out) {
  NodeRecord* node = find_record(id);
  if (node == nullptr) return 0;
  std::size_t let_in = 0;
  for (const ParkedRanges::Range& range : std::vector(parked_.of(id))) {
    auto parked = parked_at(*store_, range.position);
    const auto event = parked ? decode<Event>(parked->packed) : std::nullopt;
    if (!event || settings_->objection(*event)) continue;
    parked->reason = why;
    append_own(EventType::range_redriven, any(id), encode(*parked), {}, Priority::trust, now);
    learn(*node, *event, now, out);
    ++let_in;
  }
  // Parking alone had degraded it (A27), so that nothing is left of that (S19).
  if (let_in > 0 && parked_.of(id).empty() && node->newest.health == Health::ok)
    believe(*node, EventType::health_changed, "nothing of its log is parked any more", now);
  return let_in;
}

}  // namespace ibcf
