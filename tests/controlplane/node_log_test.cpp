#include "controlplane/node_log.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

/// What a node keeps of its own log, and for how long.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr auto health = StreamClass::health;

Event health_event() {
  Event event;
  event.type = EventType::observation_recorded;
  event.priority = Priority::health;
  event.payload = encode(Observation{});
  return event;
}

StreamSeqs up_to(std::uint64_t seq) {
  StreamSeqs marks{};
  marks[index_of(health)] = seq;
  return marks;
}

/// Ten events of one stream, of which six are acknowledged.
struct Ten {
  NodeLog log;
  std::vector<Digest> values;

  Ten() {
    for (int i = 0; i < 10; ++i) values.push_back(log.write(health_event(), 0).value);
    REQUIRE(log.acknowledge(up_to(6)));
  }
  [[nodiscard]] StreamHolding holding() const { return log.holdings()[index_of(health)]; }
  [[nodiscard]] std::size_t left() const { return log.cut(health, log.mark(health) + 1, 10, 1 << 20).size(); }
};

}  // namespace

TEST_CASE("what is acknowledged and not copied is given again to a master that lacks it", "[node_log]") {
  Ten ten;
  const std::uint64_t four_left = ten.log.backlog_bytes();
  const std::uint64_t held = ten.log.held_bytes();
  CHECK(ten.left() == 4);

  REQUIRE(ten.log.resume_at(up_to(3)));

  CHECK(ten.log.mark(health) == 3);
  CHECK(ten.log.acknowledged() == 3);
  CHECK(ten.left() == 7);
  CHECK(ten.log.cut(health, 4, 4, 1 << 20).front().first == 4);
  CHECK(ten.log.backlog_bytes() > four_left);
  CHECK(ten.log.held_bytes() == held);
  CHECK(ten.holding().first == 1);
  REQUIRE(ten.log.acknowledge(up_to(6)));
  CHECK(ten.log.backlog_bytes() == four_left);
}

TEST_CASE("what two masters hold is forgotten, and nobody can go back behind it", "[node_log]") {
  Ten ten;
  ten.log.forget(up_to(4));

  CHECK(ten.holding().first == 5);
  CHECK(ten.holding().before == ten.values[3]);
  CHECK(ten.log.resume_at(up_to(3)));  // its master will find the hole in the Hello
  CHECK(ten.log.mark(health) == 6);
  CHECK(ten.log.resume_at(up_to(4)));
  CHECK(ten.log.mark(health) == 4);
  CHECK_FALSE(ten.log.resume_at(up_to(11)));
  CHECK(ten.log.mark(health) == 4);
}

TEST_CASE("what is not acknowledged is never forgotten, whatever is said to be copied", "[node_log]") {
  Ten ten;
  ten.log.forget(up_to(10));

  CHECK(ten.left() == 4);
  CHECK(ten.log.held_bytes() == ten.log.backlog_bytes());
}

TEST_CASE("a full log makes room first by forgetting what is acknowledged, which needs no gap",
          "[node_log]") {
  Ten ten;
  ten.log.shed(ten.log.backlog_bytes(), Instant{});

  CHECK(ten.left() == 4);
  CHECK(ten.log.held_bytes() == ten.log.backlog_bytes());
  CHECK(ten.log.cut(health, 7, 7, 1 << 20).front().first == ten.log.cut(health, 7, 7, 1 << 20).front().last);
}

TEST_CASE("for any course of words from masters a log is what a plain model of it is, over reboots too",
          "[node_log][property]") {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::minstd_rand dice(seed);
    NodeLog log;
    std::uint64_t head = 0, mark = 0, first = 1;  // the model: held are first..head
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t said = dice() % (head + 2);
      switch (dice() % 5) {
        case 0:
        case 1:
          log.write(health_event(), 0);
          ++head;
          break;
        case 2:
          CHECK(log.acknowledge(up_to(said)) == (said <= head));
          if (said <= head) mark = std::max(mark, said);
          break;
        case 3:
          CHECK(log.resume_at(up_to(said)) == (said <= head));
          if (said <= head && (said >= mark || first <= said + 1)) mark = said;
          break;
        default:
          log.forget(up_to(said));
          first = std::max(first, std::min(said, mark) + 1);
          log = NodeLog(log.memory());
      }
      INFO("seed " << seed << " step " << step);
      REQUIRE(log.head(health) == head);
      REQUIRE(log.mark(health) == mark);
      REQUIRE(log.acknowledged() == mark);
      REQUIRE(log.holdings()[index_of(health)].first == first);
      if (mark < head) REQUIRE(log.cut(health, mark + 1, head, 1 << 20).size() == head - mark);
    }
  }
}
