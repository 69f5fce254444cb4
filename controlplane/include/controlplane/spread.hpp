#pragma once

#include <cstdint>

#include "model/id.hpp"
#include "model/time.hpp"

namespace ibcf {

/// A part of `interval` that differs from node to node and from attempt to attempt, so that a herd does not
/// beat as one. The core draws no random numbers: this is a hash (splitmix64) of the id's entropy and the
/// attempt.
template <class Of>
Duration spread_over(Duration interval, const Id<Of>& id, std::uint64_t attempt) {
  std::uint64_t x = std::hash<Id<Of>>{}(id) + 0x9e3779b97f4a7c15u * (attempt + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  // A fraction of 2^20 steps keeps the product within 64 bits for intervals up to a day and more.
  return Duration{(interval.count() >> 20) * static_cast<std::int64_t>(x >> 44)};
}

}  // namespace ibcf
