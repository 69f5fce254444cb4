#include <algorithm>

#include "hand_driver.hpp"

/// Several logs per node: what is urgent goes first, and none waits for another.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// Cut off for fifteen minutes, with results, snapshots, health and history to tell of.
void fill_all_streams(HandDriver& twin) {
  twin.master_settings.chunk_bytes = 1000;
  twin.master_settings.replay_credit_bytes = 2000;
  twin.start(1);
  twin.run_until(at(5min));
  REQUIRE(twin.settle(0, 1min));
  // A command is carried out, but its result does not get through before the cut.
  twin.on_the_way = [](const HandDriver::Hop&, Packet& packet) {
    return std::holds_alternative<Shared<Chunk>>(packet.message) ? 0 : 1;
  };
  REQUIRE(twin.order(0));
  twin.run_for(1s);
  twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
  twin.cut(0);
  while (twin.now < at(20min)) {
    twin.observe(0, Priority::health);
    twin.observe(0, Priority::history);
    twin.observe(0, Priority::history);
    twin.run_for(1min);
  }
}

struct Place {
  StreamClass stream;
  std::uint64_t seq;
};

/// What the master stored of node 0 from a position of its log on, in order.
std::vector<Place> stored_since(const HandDriver& twin, std::size_t position) {
  std::vector<Place> all;
  const auto events = twin.events();
  for (std::size_t i = position; i < events.size(); ++i)
    if (events[i].origin == any(HandDriver::id_of(0))) all.push_back({events[i].stream, events[i].seq});
  return all;
}

}  // namespace

TEST_CASE("each stream counts its own events from 1 and chains them", "[streams]") {
  HandDriver twin;
  fill_all_streams(twin);
  twin.heal(0);
  REQUIRE(twin.settle());

  PerStream<std::uint64_t> stored{};
  for (const Event& event : twin.events()) {
    if (event.origin != any(HandDriver::id_of(0))) continue;
    ++stored[index_of(event.stream)];
    CHECK(event.stream == stream_of(event.priority));
  }
  CHECK(stored == twin.agent().log().heads());
  for (const std::uint64_t events : stored) CHECK(events > 0);
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE(
    "a replay tells results and decisions first, then the newest snapshot, then health, then the past "
    "oldest first",
    "[streams][return]") {
  HandDriver twin;
  fill_all_streams(twin);
  const std::size_t position = twin.store.size();
  const std::uint64_t newest = twin.agent().log().heads()[index_of(StreamClass::snapshot)];
  twin.heal(0);
  REQUIRE(twin.settle());

  // What was written while the replay lasted comes after; only what was there at its start is looked at.
  auto stored = stored_since(twin, position);
  const auto rank = [&](const Place& one) {
    if (one.stream == StreamClass::control) return 0;
    if (one.stream == StreamClass::snapshot) return one.seq == newest ? 1 : one.seq < newest ? 3 : 5;
    return one.stream == StreamClass::health ? 2 : 4;
  };
  std::erase_if(stored, [&](const Place& one) { return rank(one) == 5; });
  CHECK(std::is_sorted(stored.begin(), stored.end(), [&](const Place& a, const Place& b) {
    return std::pair(rank(a), a.seq) < std::pair(rank(b), b.seq);
  }));
  for (int wanted = 0; wanted < 5; ++wanted)
    CHECK(std::any_of(stored.begin(), stored.end(), [&](const Place& one) { return rank(one) == wanted; }));
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("a master knows the results of commands and the newest snapshot before the first chunk of history",
          "[streams][return]") {
  HandDriver twin;
  fill_all_streams(twin);
  const StreamSeqs heads = twin.agent().log().heads();
  bool history_came = false;
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
    const bool is_history = chunk != nullptr && (*chunk)->stream == StreamClass::history;
    history_came = history_came || (is_history && hop.to.role == Role::master);
    return is_history && hop.to.role == Role::master ? 0 : 1;
  };
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return history_came; }));

  CHECK(twin.count(EventType::command_result) == 1);
  const auto stored = stored_since(twin, 0);
  const auto has = [&](StreamClass stream, std::uint64_t seq) {
    return std::any_of(stored.begin(), stored.end(),
                       [&](const Place& one) { return one.stream == stream && one.seq == seq; });
  };
  CHECK(has(StreamClass::control, heads[index_of(StreamClass::control)]));
  CHECK(has(StreamClass::snapshot, heads[index_of(StreamClass::snapshot)]));
}

TEST_CASE("an older snapshot that comes later does not change what the master thinks the node runs",
          "[streams][return]") {
  HandDriver twin;
  twin.master_settings.chunk_bytes = 1000;
  twin.start(1);
  twin.run_until(at(5min));
  const BundleId bundle = derive_id<BundleTag>("hand", 1, "bundle");
  // It gets the bundle, and nobody hears of that before it is back.
  twin.on_the_way = [](const HandDriver::Hop&, Packet& packet) {
    return std::holds_alternative<Shared<Chunk>>(packet.message) ? 0 : 1;
  };
  twin.run_until(at(10min));
  twin.roll_out(bundle);
  twin.run_for(20s);
  REQUIRE(twin.agent().bundle() == bundle);
  twin.cut(0);
  twin.run_until(at(20min));
  twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
  twin.heal(0);
  std::set<BundleId> believed;
  REQUIRE(twin.run_to([&] {
    if (twin.mark(StreamClass::control) > 0) believed.insert(twin.record().bundle);
    return twin.is_settled();
  }));

  CHECK(believed == std::set<BundleId>{bundle});
}

TEST_CASE("a session that breaks after the newest snapshot goes on, and stores everything once",
          "[streams][return]") {
  HandDriver twin;
  fill_all_streams(twin);
  bool broke = false;
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
    if (!broke && chunk != nullptr && (*chunk)->stream == StreamClass::health &&
        hop.to.role == Role::master) {
      broke = true;
      twin.at(twin.now, [&] { twin.cut(0); });
      twin.at(twin.now + 10min, [&] { twin.heal(0); });
    }
    return 1;
  };
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return broke; }));
  REQUIRE(twin.settle());

  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.master->counters().verdicts_not_clean == 0);
}
