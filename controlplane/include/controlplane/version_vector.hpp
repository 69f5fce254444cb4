#pragma once

#include <cstdint>
#include <vector>

#include "model/event.hpp"

namespace ibcf {

/// The fleet that a master belongs to: part of everything masters tell each other (I-8).
using FleetId = Id<struct FleetTag>;

/// What is contiguous in itself: one stream of one life of one origin (protocols page, "Identity, order,
/// dedupe").
struct StreamKey {
  AnyId origin;
  std::uint32_t incarnation = 1;
  StreamClass stream = StreamClass::control;
  friend auto operator<=>(const StreamKey&, const StreamKey&) = default;
  IBCF_FIELDS(StreamKey, origin, incarnation, stream)
};

inline StreamKey stream_key_of(const Event& event) {
  return {event.origin, event.incarnation, event.stream};
}

/// The first seq that the event stands for; only a gap stands for more than its own.
std::uint64_t first_seq_of(const Event& event);

/// How much of a stream a master holds. Of two masters with equal marks neither has an entry that the other
/// lacks.
struct HeldMark {
  std::uint64_t seq = 0;    ///< everything up to here
  std::uint64_t ahead = 0;  ///< entries beyond a hole above it
  std::uint64_t check = 0;  ///< the head of the chain value at `seq`: two masters that differ hold a fork
  IBCF_FIELDS(HeldMark, seq, ahead, check)
};

/// One entry of a version vector.
struct StreamMark {
  StreamKey stream;
  HeldMark held;
  IBCF_FIELDS(StreamMark, stream, held)
};

/// What one entry adds to the digest of a version vector, which is their sum modulo 2^64: it changes with
/// each mark in constant time and does not depend on their order. It finds a lost message, not a forger:
/// those are found by the chains.
std::uint64_t digest_term(const StreamKey& stream, const HeldMark& held);

}  // namespace ibcf

template <>
struct std::hash<ibcf::StreamKey> {
  std::size_t operator()(const ibcf::StreamKey& key) const noexcept {
    return std::hash<ibcf::AnyId>{}(key.origin) ^ (std::size_t{key.incarnation} << 8) ^
           ibcf::index_of(key.stream);
  }
};
