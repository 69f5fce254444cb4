#include "sim/calendar.hpp"

#include <bit>
#include <utility>

namespace ibcf::sim {

// Requires that something waits in the wheel.
std::uint64_t Calendar::next_used_turn() const {
  const std::size_t first = ahead_ % slots;
  std::size_t word = first / word_bits;
  // In the first word, slots before `first` are a turn later.
  std::uint64_t bits = used_[word] & ~std::uint64_t{0} << first % word_bits;
  while (bits == 0) {
    word = (word + 1) % used_.size();
    bits = used_[word];
  }
  const std::size_t slot = word * word_bits + static_cast<std::size_t>(std::countr_zero(bits));
  return ahead_ + (slot - first) % slots;
}

// Makes the earliest slot that holds anything the present one. Requires that the near heap is empty and the
// calendar is not.
void Calendar::turn_wheel() {
  const std::uint64_t turn = in_wheel_ > 0 ? next_used_turn() : far_.front().turn();
  ahead_ = turn + 1;
  for (std::uint32_t place = std::exchange(wheel_[turn % slots], nobody); place != nobody; --in_wheel_) {
    near_.push(waiting_[place].keyed);
    const std::uint32_t after = std::exchange(waiting_[place].after, free_);
    free_ = std::exchange(place, after);
  }
  send_scout(wheel_[ahead_ % slots]);
  used_[turn % slots / word_bits] &= ~(std::uint64_t{1} << turn % word_bits);
  for (; !far_.empty() && far_.front().turn() - turn <= slots; far_.pop()) put(far_.front());
}

}  // namespace ibcf::sim
