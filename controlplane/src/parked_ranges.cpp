#include "controlplane/parked_ranges.hpp"

#include "model/payloads.hpp"

namespace ibcf {

void ParkedRanges::apply(const Event& event, std::uint64_t position) {
  if (event.type != EventType::range_parked && event.type != EventType::range_redriven) return;
  const auto said = payload_of<RangeParked>(event);
  if (!said) return;
  const NodeId node = id_cast<NodeTag>(event.subject);
  auto& ranges = by_node_[node];
  if (event.type == EventType::range_parked)
    ranges.push_back({said->incarnation, said->stream, said->first, said->last, position});
  else
    std::erase_if(ranges, [&](const Range& range) {
      return range.incarnation == said->incarnation && range.stream == said->stream &&
             range.first == said->first && range.last == said->last;
    });
  if (ranges.empty()) by_node_.erase(node);
}

const std::vector<ParkedRanges::Range>& ParkedRanges::of(NodeId node) const {
  static const std::vector<Range> none;
  const auto found = by_node_.find(node);
  return found == by_node_.end() ? none : found->second;
}

std::optional<RangeParked> parked_at(const EventStore& store, std::uint64_t position) {
  std::optional<RangeParked> found;
  store.scan(position, [&](const Stored& stored) {
    const auto event = decode<Event>(stored.packed);
    if (event && event->type == EventType::range_parked) found = payload_of<RangeParked>(*event);
    return false;
  });
  return found;
}

std::optional<Event> let_in_by(const Event& redriven) {
  if (redriven.type != EventType::range_redriven) return std::nullopt;
  const auto said = payload_of<RangeParked>(redriven);
  return said ? decode<Event>(said->packed) : std::nullopt;
}

}  // namespace ibcf
