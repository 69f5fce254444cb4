#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace ibcf::cli {

Progress::Progress(Instant end, bool wanted)
    : end_(end), visible_(wanted && isatty(STDERR_FILENO) == 1), start_(Clock::now()), shown_(start_) {}

Progress::~Progress() {
  if (visible_) fmt::print(stderr, "\r\x1b[K");
}

double Progress::elapsed_s() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void Progress::show(Instant simulated, std::uint64_t events) {
  if (!visible_) return;
  const auto now = Clock::now();
  if (now - shown_ < std::chrono::milliseconds{200}) return;
  shown_ = now;
  const double elapsed = elapsed_s();
  const double share = seconds_of(simulated) / seconds_of(end_);
  const double left = share > 0 ? elapsed / share - elapsed : 0;
  fmt::print(stderr, "\r\x1b[K{} of {}  {:3.0f} %  {:.2f}M events/s  {:.0f} s left",
             clock_text_of(at(std::chrono::floor<std::chrono::seconds>(simulated.time_since_epoch()))),
             clock_text_of(end_), 100 * share, static_cast<double>(events) / elapsed / 1e6, left);
  std::fflush(stderr);
}

}  // namespace ibcf::cli
