#pragma once

#include <compare>
#include <cstdint>

#include "model/event.hpp"

namespace ibcf {

/// The order in which projections believe things happened, over all origins: the hybrid logical clock first,
/// then the origin's own clock, then the event's identity. It depends on the event alone, so that logs merged
/// in any order give one result (I-14). It orders a view; it decides neither authority nor dedupe.
struct EventKey {
  std::uint64_t hlc = 0;
  Instant occurred;
  AnyId origin;
  std::uint32_t incarnation = 0;
  std::uint64_t seq = 0;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
  IBCF_FIELDS(EventKey, hlc, occurred, origin, incarnation, seq)
};

inline EventKey key_of(const Event& event) {
  return {event.hlc, event.occurred, event.origin, event.incarnation, event.seq};
}

}  // namespace ibcf
