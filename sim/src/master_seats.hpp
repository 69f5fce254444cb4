#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "controlplane/master.hpp"

namespace ibcf::sim {

/// The masters of a run, each in its seat, where it is built anew when it restarts. What is down stays to be
/// looked at, as it was, by whoever measures; it is given nothing.
class MasterSeats {
 public:
  template <class... Args>
  Master& build(std::size_t seat, Args&&... args) {
    if (seat == seats_.size()) seats_.emplace_back();
    return seats_[seat].emplace(std::forward<Args>(args)...);
  }
  Master& operator[](std::size_t seat) { return *seats_[seat]; }
  const Master& operator[](std::size_t seat) const { return *seats_[seat]; }
  [[nodiscard]] std::size_t size() const { return seats_.size(); }

 private:
  std::deque<std::optional<Master>> seats_;
};

}  // namespace ibcf::sim
