#pragma once

#include <chrono>
#include <cstdint>

#include "model/time.hpp"

namespace ibcf::cli {

/// One line on a terminal that is rewritten a few times a second: simulated time, events per second,
/// estimated time left. Says nothing where standard error is no terminal.
class Progress {
 public:
  /// `wanted` false: says nothing anywhere.
  Progress(Instant end, bool wanted);
  ~Progress();
  Progress(const Progress&) = delete;

  void show(Instant simulated, std::uint64_t events);
  /// Seconds of wall time so far.
  [[nodiscard]] double elapsed_s() const;

 private:
  using Clock = std::chrono::steady_clock;
  Instant end_;
  bool visible_;
  Clock::time_point start_;
  Clock::time_point shown_;
};

}  // namespace ibcf::cli
