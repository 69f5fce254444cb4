#include "hand_driver.hpp"

/// The core is pure: what comes out follows from what went in, and from nothing else.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

struct Seen {
  Digest log;
  PerStream<std::vector<Digest>> written;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen cut_and_return(Duration shift = 0s) {
  HandDriver twin;
  twin.now = at(shift);
  twin.start(2);
  twin.run_until(at(shift + 5min));
  twin.order(0);
  twin.cut(0);
  twin.run_until(at(shift + 20min));
  twin.heal(0);
  twin.run_until(at(shift + 40min));
  return {twin.store.head(), twin.written[0]};
}

}  // namespace

TEST_CASE("the same inputs at the same times give the same log, byte by byte", "[purity]") {
  CHECK(cut_and_return() == cut_and_return());
}

TEST_CASE("the core takes its time from its inputs alone: a run a day later is another log", "[purity]") {
  CHECK_FALSE(cut_and_return(24h) == cut_and_return());
}

TEST_CASE("a second fleet in the same process leaves the first one's log as it is", "[purity]") {
  const Seen alone = cut_and_return();
  HandDriver other;
  other.start(5);
  other.run_until(at(7min));

  CHECK(cut_and_return() == alone);
}
