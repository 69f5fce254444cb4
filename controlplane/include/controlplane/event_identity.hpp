#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "model/event.hpp"

namespace ibcf {

/// What an event is known by in every log that holds it (protocols page, "Identity, order, dedupe").
struct EventIdentity {
  AnyId origin;
  std::uint32_t incarnation = 0;
  StreamClass stream = StreamClass::control;
  std::uint64_t seq = 0;
  friend auto operator<=>(const EventIdentity&, const EventIdentity&) = default;
  IBCF_FIELDS(EventIdentity, origin, incarnation, stream, seq)
};

/// The identity in the first 29 bytes of a packed event; nothing where the bytes are too few to be one.
inline std::optional<EventIdentity> identity_of(ByteView packed) {
  Decoder decoder(packed);
  EventIdentity identity;
  decoder.get(identity);
  if (!decoder.ok()) return std::nullopt;
  return identity;
}

}  // namespace ibcf
