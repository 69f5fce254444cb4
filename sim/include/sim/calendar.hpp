#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/check.hpp"
#include "model/fetch_ahead.hpp"
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
///
/// A heap holds only what is due within the present slot of a timing wheel (Varghese and Lauck, 1987); what
/// comes later waits unsorted in the slots ahead, and what comes after a whole turn of the wheel in a second
/// heap. Most entries are timers 30 s ahead, which a single heap would sift past one another at every
/// message.
class Calendar {
 public:
  /// 0: no permutation.
  explicit Calendar(std::uint64_t tie_seed = 0) : wheel_(slots, nobody), tie_seed_(tie_seed) {}

  /// Any time may be pushed; `entry.at` earlier than what was popped last is popped next.
  void push(const Entry& entry);
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return pushed_ - popped_; }
  /// When the next entry is due; `never` if there is none.
  [[nodiscard]] Instant next();
  /// Which slot of the wheel is the present one: a number that rises.
  [[nodiscard]] std::uint64_t present() const { return ahead_; }
  /// Shows, in no order, the entries that are due within the present slot.
  template <class See>
  void show_present(See&& see) const {
    for (const Keyed& keyed : near_.items()) see(keyed.entry());
  }
  /// Requires !empty().
  Entry pop();
  /// Entries popped so far.
  [[nodiscard]] std::uint64_t popped() const { return popped_; }

 private:
  static constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
  static constexpr unsigned kind_shift = 56;
  static constexpr std::size_t children = 4;

  /// 32 bytes, four children in two cache lines.
  struct Keyed {
    std::uint64_t time;      // nanoseconds, sign bit flipped: compares as unsigned
    std::uint64_t tie;       // kind in the top byte; below it the entity, or a permuted number
    std::uint64_t sequence;  // of pushing
    std::uint32_t entity;
    std::uint32_t slot;

    [[nodiscard]] Entry entry() const {
      return {instant(), static_cast<EntryKind>(tie >> kind_shift), entity, slot};
    }
    [[nodiscard]] Instant instant() const { return at(Duration{static_cast<std::int64_t>(time ^ sign_bit)}); }
    /// The number of its wheel slot, counted from the beginning of time.
    [[nodiscard]] std::uint64_t turn() const { return time >> slot_shift; }
  };
  /// A 4-ary heap, the earliest in front.
  class Heap {
   public:
    [[nodiscard]] bool empty() const { return items_.empty(); }
    [[nodiscard]] const Keyed& front() const { return items_.front(); }
    [[nodiscard]] const std::vector<Keyed>& items() const { return items_; }
    void push(const Keyed& keyed);
    void pop();

   private:
    void rise(std::size_t hole, const Keyed& keyed);
    std::vector<Keyed> items_;
  };
  static constexpr unsigned slot_shift = 24;  // a slot is 16.8 ms wide,
  static constexpr std::size_t slots = 4096;  // a turn of the wheel 69 s: two heartbeats
  static constexpr std::size_t word_bits = 64;

  /// An entry in the wheel, threaded to the next one of its slot, or a free place, threaded to the next.
  struct Waiting {
    Keyed keyed;
    std::uint32_t after;
  };
  static constexpr std::uint32_t nobody = 0xffffffff;

  static bool before(const Keyed& a, const Keyed& b);
  [[nodiscard]] std::uint64_t tie_of(const Entry& entry, std::uint64_t sequence) const;
  void put(const Keyed& keyed);
  void turn_wheel();
  void send_scout(std::uint32_t place);
  [[nodiscard]] std::uint64_t next_used_turn() const;

  Heap near_;                                     // what is due before slot `ahead_`
  std::uint64_t ahead_ = sign_bit >> slot_shift;  // the first slot still in the wheel
  std::vector<std::uint32_t> wheel_;  // first entries of slots ahead_ to ahead_ + slots, modulo slots
  std::array<std::uint64_t, slots / word_bits> used_{};  // a bit for each slot that holds something
  std::vector<Waiting> waiting_;
  std::uint32_t free_ = nobody;
  std::size_t in_wheel_ = 0;
  std::uint32_t scout_ = nobody;  // goes through the next slot, a place per pop, and has it fetched
  Heap far_;                      // after them
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

inline void Calendar::Heap::rise(std::size_t hole, const Keyed& keyed) {
  while (hole > 0) {
    const std::size_t parent = (hole - 1) / children;
    if (!before(keyed, items_[parent])) break;
    items_[hole] = items_[parent];
    hole = parent;
  }
  items_[hole] = keyed;
}

inline void Calendar::Heap::push(const Keyed& keyed) {
  items_.push_back(keyed);
  rise(items_.size() - 1, keyed);
}

inline void Calendar::Heap::pop() {
  const Keyed last = items_.back();
  items_.pop_back();
  const std::size_t size = items_.size();
  if (size == 0) return;
  // The hole sinks all the way and the last entry rises from there: it is nearly always a late one.
  std::size_t hole = 0;
  for (std::size_t child = 1; child < size; child = hole * children + 1) {
    std::size_t best = child;
    const std::size_t end = child + children < size ? child + children : size;
    for (std::size_t i = child + 1; i < end; ++i) best = before(items_[i], items_[best]) ? i : best;
    items_[hole] = items_[best];
    hole = best;
  }
  rise(hole, last);
}

inline void Calendar::put(const Keyed& keyed) {
  const std::uint64_t turn = keyed.turn();
  if (turn < ahead_) return near_.push(keyed);
  if (turn - ahead_ >= slots) return far_.push(keyed);
  const std::size_t slot = turn % slots;
  // The place that was left last is still in the cache; the end of a slot's own vector would not be.
  std::uint32_t place = free_;
  if (place == nobody) {
    place = static_cast<std::uint32_t>(waiting_.size());
    waiting_.push_back({keyed, wheel_[slot]});
  } else {
    free_ = waiting_[place].after;
    waiting_[place] = {keyed, wheel_[slot]};
  }
  wheel_[slot] = place;
  used_[slot / word_bits] |= std::uint64_t{1} << slot % word_bits;
  ++in_wheel_;
}

inline void Calendar::push(const Entry& entry) {
  const std::uint64_t sequence = pushed_++;
  put({.time = static_cast<std::uint64_t>(nanoseconds_of(entry.at)) ^ sign_bit,
       .tie = tie_of(entry, sequence),
       .sequence = sequence,
       .entity = entry.entity,
       .slot = entry.slot});
}

inline Instant Calendar::next() {
  if (near_.empty()) {
    if (empty()) return never;
    turn_wheel();
  }
  return near_.front().instant();
}

inline void Calendar::send_scout(std::uint32_t place) {
  scout_ = place;
  if (place != nobody) fetch_ahead(&waiting_[place], sizeof(Waiting));
}

inline Entry Calendar::pop() {
  check(!empty(), "only a calendar that holds something is popped");
  if (near_.empty()) turn_wheel();
  const Entry first = near_.front().entry();
  near_.pop();
  ++popped_;
  if (scout_ != nobody) send_scout(waiting_[scout_].after);
  return first;
}

}  // namespace ibcf::sim
