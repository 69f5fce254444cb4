#include "controlplane/admission.hpp"

#include <algorithm>

#include "controlplane/planted.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

using Island = Admission::Island;
using Stream = Admission::Stream;

// What is to be admitted: one event, or a gap that stands for a range.
Island range_of(const Event& event, ByteView packed) {
  Island range{event.seq, event.seq, event.prev, chain_value_of(packed)};
  if (event.type != EventType::stream_gap) return range;
  const auto gap = payload_of<StreamGap>(event);
  if (!gap || gap->first == 0 || gap->last != event.seq || gap->first > gap->last) return {};
  range.first = gap->first;
  range.value = gap->last_value;
  return range;
}

// Right after the mark or, as a gap may, from before it: its start was stored before the rest was dropped.
Admitted extend(std::uint64_t& mark, Stream& stream, const Island& range) {
  if (range.first == mark + 1 && range.prev != stream.value) return Admitted::broken_chain;
  auto& islands = stream.islands;
  const auto next = std::find_if(islands.begin(), islands.end(),
                                 [&](const Island& island) { return island.last > range.last; });
  const bool joins = next != islands.end() && next->first <= range.last + 1;
  if (joins && next->first == range.last + 1 && next->prev != range.value) return Admitted::broken_chain;
  mark = joins ? next->last : range.last;
  stream.value = joins ? next->value : range.value;
  islands.erase(islands.begin(), joins ? next + 1 : next);
  return Admitted::fresh;
}

// Ahead of a hole: joins the islands it touches, or becomes one.
Admitted keep_ahead(Stream& stream, const Island& range) {
  auto& islands = stream.islands;
  auto after = std::find_if(islands.begin(), islands.end(),
                            [&](const Island& island) { return island.first > range.last; });
  const auto before = after == islands.begin() ? islands.end() : after - 1;
  const bool touches_before = before != islands.end() && before->last + 1 == range.first;
  const bool touches_after = after != islands.end() && after->first == range.last + 1;
  // A gap over what came ahead already: when the mark reaches it, extend() takes it in.
  if (before != islands.end() && before->last >= range.first) return Admitted::gap;
  if (touches_before && before->value != range.prev) return Admitted::broken_chain;
  if (touches_after && after->prev != range.value) return Admitted::broken_chain;
  if (touches_before) {
    before->last = touches_after ? after->last : range.last;
    before->value = touches_after ? after->value : range.value;
    if (touches_after) islands.erase(after);
  } else if (touches_after) {
    after->first = range.first;
    after->prev = range.prev;
  } else {
    if (islands.size() >= Admission::most_islands) return Admitted::gap;
    islands.insert(after, range);
  }
  return Admitted::fresh;
}

// Known already; where the chain value is still at hand, the same event, or another one under its identity.
std::optional<Admitted> known(std::uint64_t mark, const Stream& stream, const Island& range) {
  const auto same = [&](const Digest& value) {
    return value == range.value ? Admitted::duplicate : Admitted::fork;
  };
  if (range.last == mark) return same(stream.value);
  if (range.last < mark) return Admitted::duplicate;
  for (const Island& island : stream.islands) {
    if (range.last == island.last && range.value != island.value) return Admitted::fork;
    if (range.first < island.first || range.last > island.last) continue;
    return Admitted::duplicate;
  }
  return std::nullopt;
}

}  // namespace

bool Admission::Origin::has_islands() const {
  return std::any_of(streams.begin(), streams.end(), [](const Stream& of) { return !of.islands.empty(); });
}

Admitted Admission::park(const AnyId& from, StreamClass kind, std::uint64_t seq,
                         const std::optional<Digest>& prev, const Digest& value) {
  Origin& origin = origins_[from];
  std::uint64_t& mark = origin.marks[index_of(kind)];
  Stream& stream = origin.streams[index_of(kind)];
  Island range{seq, seq, prev.value_or(Digest{}), value};
  if (const auto what = known(mark, stream, range)) return *what;
  if (prev) return seq == mark + 1 ? extend(mark, stream, range) : keep_ahead(stream, range);
  // What it followed cannot be read, so it follows whatever is there.
  if (seq == mark + 1) range.prev = stream.value;
  for (const Island& island : stream.islands)
    if (island.last + 1 == seq) range.prev = island.value;
  return seq == mark + 1 ? extend(mark, stream, range) : keep_ahead(stream, range);
}

void Admission::replace_life(const AnyId& from, std::uint32_t incarnation) {
  Origin& origin = origins_[from];
  origin.incarnation = incarnation;
  origin.marks = {};
  origin.streams = {};
}

Admission::Origin* Admission::find_life(const AnyId& origin, std::uint32_t incarnation) {
  Origin& first = origins_[origin];
  if (first.incarnation == incarnation) return &first;
  const auto later = later_lives_.find({origin, incarnation});
  return later == later_lives_.end() ? nullptr : &later->second;
}

Admitted Admission::admit(ByteView packed, std::optional<Event>& event) {
  event = decode<Event>(packed);
  if (!event || event->seq == 0) return Admitted::malformed;
  Origin* life = find_life(event->origin, event->incarnation);
  if (life == nullptr) return Admitted::other_incarnation;
  const Island range = range_of(*event, packed);
  if (range.first == 0) return Admitted::malformed;
  std::uint64_t& mark = life->marks[index_of(event->stream)];
  Stream& stream = life->streams[index_of(event->stream)];
  if (const auto what = known(mark, stream, range)) {
    const bool again = *what == Admitted::duplicate && is_planted(Defect::dedupe_off);
    return again ? Admitted::fresh : *what;
  }
  return range.first <= mark + 1 ? extend(mark, stream, range) : keep_ahead(stream, range);
}

}  // namespace ibcf
