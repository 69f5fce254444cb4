#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sim/network.hpp"

namespace ibcf::sim {

using HopIndex = std::uint32_t;

/// A parcel on its present link.
///
///   waiting --> active --> finished --> under_way --> (the next link, or its end)
///                                       ^
///   (a datagram without SimGrid) -------+      refused: dropped as it came, not told yet
///
/// dropped: it went down with its link and was told; the calendar still holds an entry for it.
enum class HopStage : std::uint8_t { waiting, active, finished, under_way, refused, dropped };

struct Hop {
  std::uint32_t parcel = none;
  std::uint32_t bytes = 0;
  VertexIndex destination = none;
  LinkIndex link = none;
  HopStage stage = HopStage::waiting;
  DropReason reason{};  // refused
  bool datagram = false;
  bool lost = false;       // will be found missing where it should arrive
  bool filler = false;     // no parcel: link time that datagrams outside of SimGrid still need
  std::uint32_t flow = 0;  // active
  HopIndex before = none;  // on the same link, by order of coming
  HopIndex after = none;
  HopIndex next_waiting = none;
  std::uint64_t wire_bytes = 0;  // still to be counted as carried
  Duration work{};               // time the link needs for it alone
  Duration delay{};
  Instant leaves;  // under way: when its last bit leaves the sender
};

/// All parcels under way, in one vector that grows and never shrinks: no allocation per message.
class HopSlab {
 public:
  Hop& operator[](HopIndex hop) { return hops_[hop]; }

  HopIndex allocate() {
    if (free_ == none) {
      hops_.emplace_back();
      return static_cast<HopIndex>(hops_.size() - 1);
    }
    const HopIndex hop = free_;
    free_ = hops_[hop].after;
    hops_[hop] = Hop{};
    return hop;
  }
  void release(HopIndex hop) {
    hops_[hop].after = free_;
    free_ = hop;
  }

 private:
  std::vector<Hop> hops_;
  HopIndex free_ = none;
};

/// First in, first out, threaded through Hop::next_waiting.
class HopQueue {
 public:
  [[nodiscard]] bool empty() const { return first_ == none; }
  [[nodiscard]] HopIndex front() const { return first_; }

  void push(HopSlab& hops, HopIndex hop) {
    hops[hop].next_waiting = none;
    (first_ == none ? first_ : hops[last_].next_waiting) = hop;
    last_ = hop;
  }
  void pop(HopSlab& hops) { first_ = hops[first_].next_waiting; }
  void clear() { first_ = none; }

 private:
  HopIndex first_ = none;
  HopIndex last_ = none;
};

/// Everything on one link, threaded through Hop::before and Hop::after.
class HopList {
 public:
  [[nodiscard]] HopIndex front() const { return first_; }

  void append(HopSlab& hops, HopIndex hop) {
    hops[hop].before = last_;
    hops[hop].after = none;
    (first_ == none ? first_ : hops[last_].after) = hop;
    last_ = hop;
  }
  void remove(HopSlab& hops, HopIndex hop) {
    const auto [before, after] = std::pair{hops[hop].before, hops[hop].after};
    (before == none ? first_ : hops[before].after) = after;
    (after == none ? last_ : hops[after].before) = before;
  }
  void clear() { first_ = last_ = none; }

 private:
  HopIndex first_ = none;
  HopIndex last_ = none;
};

}  // namespace ibcf::sim
