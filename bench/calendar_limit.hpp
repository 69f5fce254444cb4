#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ibcf::bench {

/// The limit no calendar of ours can beat: a bare 4-ary heap of minimal entries, without kinds, ties or
/// handlers, in the hold pattern of heartbeats (pop the earliest, push it again 30 s later), measured in real
/// time on this machine. `entities` entries, spread over 30 s at the start by a hash, as the agents of a
/// fleet are; returns pops per second of real time over `events` pops.
inline double bare_heap_events_per_second(std::size_t entities, std::uint64_t events) {
  struct Item {
    std::int64_t at_ns;
    std::uint64_t sequence;
    std::uint32_t entity;
  };
  static_assert(sizeof(Item) == 24);
  constexpr std::int64_t period_ns = 30'000'000'000;
  constexpr std::size_t children = 4;
  const auto before = [](const Item& a, const Item& b) {
    return a.at_ns != b.at_ns ? a.at_ns < b.at_ns : a.sequence < b.sequence;
  };
  if (entities == 0 || events == 0) return 0;

  std::vector<Item> heap(entities);
  for (std::size_t i = 0; i < entities; ++i) {
    const std::uint64_t phase = (i + 1) * 0x9e3779b97f4a7c15;  // Fibonacci hashing
    heap[i] = {static_cast<std::int64_t>(phase % static_cast<std::uint64_t>(period_ns)), i,
               static_cast<std::uint32_t>(i)};
  }
  std::sort(heap.begin(), heap.end(), before);  // sorted is a heap already
  std::uint64_t sequence = entities;
  std::uint64_t visited = 0;

  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t event = 0; event < events; ++event) {
    Item item = heap.front();
    visited += item.entity;
    item.at_ns += period_ns;
    item.sequence = sequence++;
    // Pop and push of an entry that comes late: the hole sinks to a leaf, and the entry rises from there.
    std::size_t hole = 0;
    for (std::size_t child = 1; child < entities; child = hole * children + 1) {
      std::size_t best = child;
      const std::size_t end = child + children < entities ? child + children : entities;
      for (std::size_t i = child + 1; i < end; ++i)
        if (before(heap[i], heap[best])) best = i;
      heap[hole] = heap[best];
      hole = best;
    }
    for (; hole > 0; hole = (hole - 1) / children) {
      if (!before(item, heap[(hole - 1) / children])) break;
      heap[hole] = heap[(hole - 1) / children];
    }
    heap[hole] = item;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  // The compiler must not find out that nobody reads the heap.
  volatile std::uint64_t read_by_nobody = visited;
  (void)read_by_nobody;
  return static_cast<double>(events) / taken.count();
}

}  // namespace ibcf::bench
