#include "controlplane/admission.hpp"

#include "controlplane/planted.hpp"

namespace ibcf {

Admitted Admission::admit(ByteView packed, std::optional<Event>& event) {
  event = decode<Event>(packed);
  if (!event || event->seq == 0) return Admitted::malformed;
  Mark& mark = marks_[event->origin];
  if (event->incarnation != mark.incarnation) return Admitted::other_incarnation;
  if (event->seq <= mark.seq) return is_planted(Defect::dedupe_off) ? Admitted::fresh : Admitted::duplicate;

  std::uint64_t first = event->seq;
  Digest value = chain_value_of(packed);
  if (event->type == EventType::stream_gap) {
    const auto gap = payload_of<StreamGap>(*event);
    if (!gap || gap->last != event->seq || gap->first > gap->last) return Admitted::malformed;
    first = gap->first;
    value = gap->last_value;
  }
  if (first > mark.seq + 1) return Admitted::gap;
  // A gap may begin before the mark: its start was stored before the node had to drop the rest.
  if (first == mark.seq + 1 && event->prev != mark.value) return Admitted::broken_chain;
  mark.seq = event->seq;
  mark.value = value;
  return Admitted::fresh;
}

}  // namespace ibcf
