#include "controlplane/projections.hpp"

#include "controlplane/parked_ranges.hpp"

namespace ibcf {

Projections::Projections(std::vector<Domain> domains, BodySource bodies)
    : roster_(std::move(domains)),
      lifecycle_(roster_),
      connectivity_(roster_, lifecycle_),
      authority_(roster_),
      drift_(roster_, bodies),
      supply_chain_(roster_, std::move(bodies)) {}

bool Projections::apply(const Stored& stored) {
  Decoder decoder(stored.packed);
  decoder.get(event_);
  if (decoder.finished()) return apply(stored, event_);
  // Read twice it must count once: only what lies ahead is news.
  if (stored.position >= as_of().position) ++unreadable_;
  roster_.pass(stored);
  return false;
}

bool Projections::apply(const Stored& stored, const Event& event) {
  if (!seen_.insert(event.origin, event.incarnation, event.stream, event.seq)) {
    roster_.pass(stored);
    return true;
  }
  // What was parked and let in late stands in the word of the master that let it in.
  if (const auto late = let_in_by(event)) return apply(stored, *late);
  const bool readable = roster_.apply(stored, event) && lifecycle_.apply(stored, event) &&
                        connectivity_.apply(stored, event) && authority_.apply(stored, event) &&
                        drift_.apply(stored, event) && alarms_.apply(event) &&
                        supply_chain_.apply(stored, event) && rollouts_.apply(event);
  if (!readable) ++unreadable_;
  return readable;
}

Scanned Projections::catch_up(const EventStore& store) {
  return store.scan(as_of().position, [this](const Stored& stored) {
    apply(stored);
    return true;
  });
}

Bytes Projections::view_bytes() const {
  Bytes bytes;
  Encoder encoder(bytes);
  roster_.write(encoder);
  lifecycle_.write(encoder);
  connectivity_.write(encoder);
  authority_.write(encoder);
  drift_.write(encoder);
  alarms_.write(encoder);
  supply_chain_.write(encoder);
  rollouts_.write(encoder);
  return bytes;
}

Bytes Projections::snapshot() const {
  Bytes bytes = view_bytes();
  Encoder encoder(bytes);
  seen_.write(encoder);
  encoder.put(as_of());
  encoder.put(unreadable_);
  return bytes;
}

bool Projections::restore(ByteView snapshot) {
  Decoder decoder(snapshot);
  roster_.read(decoder);
  lifecycle_.read(decoder);
  connectivity_.read(decoder);
  authority_.read(decoder);
  drift_.read(decoder);
  alarms_.read(decoder);
  supply_chain_.read(decoder);
  rollouts_.read(decoder);
  seen_.read(decoder);
  AsOf as_of;
  decoder.get(as_of);
  decoder.get(unreadable_);
  roster_.resume(as_of);
  return decoder.finished();
}

}  // namespace ibcf
