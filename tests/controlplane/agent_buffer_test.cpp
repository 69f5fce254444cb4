#include <algorithm>

#include "hand_driver.hpp"
#include "model/payloads.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t small_buffer = 20'000;

/// Five minutes live, in which a command is carried out whose result does not get through; then cut off for
/// longer than the buffer lasts.
void fill_buffer(HandDriver& twin) {
  twin.agent_settings.snapshot = 1min;
  twin.agent_settings.snapshot_body_bytes = 500;
  twin.agent_settings.buffer_bytes = small_buffer;
  twin.master_settings.chunk_bytes = 4000;
  twin.start(1);
  twin.run_until(at(5min));
  twin.on_the_way = [](const HandDriver::Hop&, Packet& packet) {
    return std::holds_alternative<Shared<Chunk>>(packet.message) ? 0 : 1;
  };
  REQUIRE(twin.order(0));
  twin.run_until(at(6min));
  REQUIRE(twin.executed[0].size() == 1);
  twin.cut(0);
  twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
  while (twin.now < at(3h)) {
    twin.run_for(1min);
    REQUIRE(twin.agent().log().backlog_bytes() <= small_buffer);
  }
}

std::vector<StreamGap> gaps_in(const HandDriver& twin) {
  std::vector<StreamGap> gaps;
  for (const Event& event : twin.events())
    if (event.type == EventType::stream_gap) gaps.push_back(*payload_of<StreamGap>(event));
  return gaps;
}

}  // namespace

TEST_CASE("a full buffer drops the oldest snapshots as signed gaps, and the stored log has no hole",
          "[buffer]") {
  HandDriver twin;
  fill_buffer(twin);
  const std::uint64_t written = twin.agent().log().written();

  twin.heal(0);
  REQUIRE(twin.settle());

  const auto gaps = gaps_in(twin);
  REQUIRE_FALSE(gaps.empty());
  std::uint64_t dropped = 0;
  for (const StreamGap& gap : gaps) dropped += gap.last - gap.first + 1;
  CHECK(dropped > written / 2);
  CHECK(gaps.size() <= 3);  // neighbours are one gap
  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.master->counters().verdicts_not_clean == 0);
}

TEST_CASE("a full buffer never drops a command's result or a decision", "[buffer]") {
  HandDriver twin;
  fill_buffer(twin);
  twin.heal(0);
  REQUIRE(twin.settle());

  CHECK(twin.count(EventType::command_result) == 1);
  CHECK(twin.count(EventType::local_decision) == 2);
}

TEST_CASE("what a buffer drops in the middle of a replay does not break the replay", "[buffer][return]") {
  HandDriver twin;
  twin.agent_settings.snapshot = 1s;
  twin.agent_settings.snapshot_body_bytes = 500;
  twin.agent_settings.buffer_bytes = small_buffer;
  twin.master_settings.chunk_bytes = 1000;
  twin.master_settings.replay_credit_bytes = 1000;
  twin.hop_time = 400ms;  // slower than the node writes, so that the buffer is full all the way
  twin.start(1);
  twin.run_until(at(5min));
  twin.cut(0);
  twin.run_until(at(20min));

  twin.heal(0);
  twin.run_until(at(40min));

  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.master->counters().verdicts_not_clean == 0);
  CHECK(twin.store.verify() == twin.store.size());
}
