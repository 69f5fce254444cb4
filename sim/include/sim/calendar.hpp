#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/check.hpp"
#include "model/time.hpp"

namespace ibcf::sim {

/// What an entry is about; at one instant, entries run in the order of these classes.
/// Faults and links come before messages, messages before timers.
enum class EntryKind : std::uint8_t {
  fault,          ///< slot: index into the world's fault list
  link_window,    ///< a contact window of link `entity` opens or closes
  link_delivery,  ///< parcel `slot` reaches the far end of link `entity`
  flow_finished,  ///< transfer `slot` on link `entity` has left the link
  node_timer,     ///< timer `slot` of node `entity`
  relay_timer,
  master_timer,
  workload,  ///< slot: index into the world's workload list
  sample,    ///< the world's own periodic look at the truth
};

/// A calendar entry is a small plain value, not a closure.
struct Entry {
  Instant at;
  EntryKind kind{};
  std::uint32_t entity = 0;
  std::uint32_t slot = 0;
};

/// The event calendar: pops entries by (time, kind, entity, sequence of pushing), so that the order of
/// simultaneous events is ours and the same on every machine. With a tie seed, entries of one instant and
/// kind are permuted by a hash of (tie seed, sequence) instead: a result that changes with the tie seed is
/// order-sensitive.
class Calendar {
 public:
  /// 0: no permutation.
  explicit Calendar(std::uint64_t tie_seed = 0) : tie_seed_(tie_seed) {}

  /// Any time may be pushed; `entry.at` earlier than what was popped last is popped next.
  void push(const Entry& entry);
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  /// When the next entry is due; `never` if there is none.
  [[nodiscard]] Instant next() const { return heap_.empty() ? never : heap_.front().instant(); }
  /// Requires !empty().
  Entry pop();
  /// Entries popped so far.
  [[nodiscard]] std::uint64_t popped() const { return popped_; }

 private:
  /// 32 bytes, four children in two cache lines.
  struct Keyed {
    std::uint64_t time;      // nanoseconds, sign bit flipped: compares as unsigned
    std::uint64_t tie;       // kind in the top byte; below it the entity, or a permuted number
    std::uint64_t sequence;  // of pushing
    std::uint32_t entity;
    std::uint32_t slot;

    [[nodiscard]] Instant instant() const { return at(Duration{static_cast<std::int64_t>(time ^ sign_bit)}); }
  };
  static constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
  static constexpr unsigned kind_shift = 56;
  static constexpr std::size_t children = 4;

  static bool before(const Keyed& a, const Keyed& b);
  [[nodiscard]] std::uint64_t tie_of(const Entry& entry, std::uint64_t sequence) const;
  void rise(std::size_t hole, const Keyed& keyed);

  std::vector<Keyed> heap_;
  std::uint64_t tie_seed_;
  std::uint64_t pushed_ = 0;
  std::uint64_t popped_ = 0;
};

// Inline from here: push and pop are the hottest lines of a run.

inline bool Calendar::before(const Keyed& a, const Keyed& b) {
  // One 128-bit comparison: two branches on (time, tie) are mispredicted at every level of the heap.
  const auto key = [](const Keyed& k) { return static_cast<unsigned __int128>(k.time) << 64 | k.tie; };
  if (key(a) != key(b)) [[likely]]
    return key(a) < key(b);
  return a.sequence < b.sequence;
}

inline std::uint64_t Calendar::tie_of(const Entry& entry, std::uint64_t sequence) const {
  const std::uint64_t kind = static_cast<std::uint64_t>(entry.kind) << kind_shift;
  if (tie_seed_ == 0) return kind | entry.entity;
  std::uint64_t mixed = tie_seed_ + (sequence + 1) * 0x9e3779b97f4a7c15;  // splitmix64 (Steele et al., 2014)
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return kind | (mixed ^ mixed >> 31) >> (64 - kind_shift);
}

inline void Calendar::rise(std::size_t hole, const Keyed& keyed) {
  while (hole > 0) {
    const std::size_t parent = (hole - 1) / children;
    if (!before(keyed, heap_[parent])) break;
    heap_[hole] = heap_[parent];
    hole = parent;
  }
  heap_[hole] = keyed;
}

inline void Calendar::push(const Entry& entry) {
  const std::uint64_t sequence = pushed_++;
  const Keyed keyed{.time = static_cast<std::uint64_t>(nanoseconds_of(entry.at)) ^ sign_bit,
                    .tie = tie_of(entry, sequence),
                    .sequence = sequence,
                    .entity = entry.entity,
                    .slot = entry.slot};
  heap_.push_back(keyed);
  rise(heap_.size() - 1, keyed);
}

inline Entry Calendar::pop() {
  check(!heap_.empty(), "only a calendar that holds something is popped");
  const Keyed first = heap_.front();
  const Keyed last = heap_.back();
  heap_.pop_back();
  ++popped_;
  if (const std::size_t size = heap_.size(); size > 0) {
    // The hole sinks all the way and the last entry rises from there: it is nearly always a late one.
    std::size_t hole = 0;
    for (std::size_t child = 1; child < size; child = hole * children + 1) {
      std::size_t best = child;
      const std::size_t end = child + children < size ? child + children : size;
      for (std::size_t i = child + 1; i < end; ++i) best = before(heap_[i], heap_[best]) ? i : best;
      heap_[hole] = heap_[best];
      hole = best;
    }
    rise(hole, last);
  }
  return {first.instant(), static_cast<EntryKind>(first.tie >> kind_shift), first.entity, first.slot};
}

}  // namespace ibcf::sim
