#pragma once

#include <compare>
#include <cstdint>

#include "model/event.hpp"

namespace ibcf {

/// The order in which projections believe things happened, over all origins: the hybrid logical clock to the
/// millisecond, then the origin's own clock, then the event's identity. It depends on the event alone, so
/// that logs merged in any order give one result (I-14). It orders a view; it decides neither authority nor
/// dedupe.
struct EventKey {
  /// Without the clock's counter: it has 16 bits, and a fleet's first millisecond holds more events than
  /// that; an origin's events of one millisecond are told apart by their seq.
  std::uint64_t hlc_ms = 0;
  Instant occurred;
  AnyId origin;
  std::uint32_t incarnation = 0;
  StreamClass stream = StreamClass::control;
  std::uint64_t seq = 0;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
  IBCF_FIELDS(EventKey, hlc_ms, occurred, origin, incarnation, stream, seq)
};

inline EventKey key_of(const Event& event) {
  return {event.hlc >> 16, event.occurred, event.origin, event.incarnation, event.stream, event.seq};
}

}  // namespace ibcf
