#pragma once

#include <cstdint>
#include <vector>

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
  workload,       ///< slot: index into the world's workload list
  sample,         ///< the world's own periodic look at the truth
};

/// A calendar entry is a small plain value, not a closure.
struct Entry {
  Instant at;
  EntryKind kind{};
  std::uint32_t entity = 0;
  std::uint32_t slot = 0;
};

/// The event calendar: pops entries by (time, kind, entity, sequence of pushing), so that the order of
/// simultaneous events is ours and the same on every machine. With a tie seed, entries of one instant and kind
/// are permuted by a stream of their own instead: a result that changes with the tie seed is order-sensitive.
class Calendar {
 public:
  explicit Calendar(std::uint64_t tie_seed = 0);

  void push(const Entry& entry);
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  /// When the next entry is due; `never` if there is none.
  [[nodiscard]] Instant next() const { return heap_.empty() ? never : heap_.front().entry.at; }
  /// Requires !empty().
  Entry pop();
  /// Entries popped so far.
  [[nodiscard]] std::uint64_t popped() const { return popped_; }

 private:
  struct Keyed {
    Entry entry;
    std::uint64_t tie;  // kind, then entity (or a permuted number)
    std::uint64_t sequence;
  };
  static bool before(const Keyed& a, const Keyed& b);

  std::vector<Keyed> heap_;  // 4-ary
  std::uint64_t tie_seed_;
  std::uint64_t pushed_ = 0;
  std::uint64_t popped_ = 0;
};

}  // namespace ibcf::sim
