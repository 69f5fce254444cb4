#include <algorithm>

#include "hand_driver.hpp"
#include "model/payloads.hpp"

/// Chunks of a replay that overtake others on their way.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr StreamClass stream = StreamClass::snapshot;

/// A replay whose chunks hold one event each, all under way at once and none arrived. Those of the snapshot
/// stream are looked at, in order.
struct Overtaken {
  HandDriver twin;
  std::vector<Chunk> chunks;

  explicit Overtaken(Duration away = 30min) {
    twin.master_settings.chunk_bytes = 1;
    twin.start(1);
    twin.run_until(at(5min));
    REQUIRE(twin.settle(0, 1min));
    twin.cut(0);
    twin.run_for(away);
    std::size_t caught = 0;
    twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
      const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
      if (chunk == nullptr || (*chunk)->session == 0 || hop.to.role != Role::master) return 1;
      ++caught;
      if ((*chunk)->stream == stream) chunks.push_back(**chunk);
      return 0;
    };
    twin.heal(0);
    REQUIRE(twin.run_to([&] { return caught > 0 && caught >= twin.agent().backlog_events(); }));
    twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
    std::sort(chunks.begin(), chunks.end(), [](const Chunk& a, const Chunk& b) { return a.first < b.first; });
  }

  [[nodiscard]] std::uint64_t mark() const { return twin.mark(stream); }
  [[nodiscard]] std::size_t islands() const {
    return twin.record().stored->streams[index_of(stream)].islands.size();
  }
  [[nodiscard]] std::size_t stored() const {
    return twin.story([](const Event& event) { return event.type == EventType::observation_recorded; })
        .size();
  }
  void arrive(const Chunk& chunk) { twin.to_master(0, std::make_shared<const Chunk>(chunk)); }
  /// With this event instead, and signed as the node would.
  void arrive_with(Chunk chunk, const Event& event) {
    chunk.entries[0].packed = encode(event);
    chunk.digest = digest_of(chunk.entries);
    chunk.signature = twin.signers[0].sign(signed_bytes(chunk));
    arrive(chunk);
  }
};

}  // namespace

TEST_CASE(
    "a chunk that overtook another is kept ahead of the mark, which passes both once the other is there",
    "[return][early]") {
  Overtaken run;
  const auto mark = run.mark();
  const auto stored = run.stored();

  run.arrive(run.chunks[1]);
  CHECK(run.mark() == mark);
  CHECK(run.stored() == stored + 1);
  CHECK(run.islands() == 1);
  run.arrive(run.chunks[0]);

  CHECK(run.mark() == mark + 2);
  CHECK(run.islands() == 0);
  CHECK(run.twin.is_stored_exactly_once());
  REQUIRE(run.twin.settle());
}

TEST_CASE("chunks that all arrive in the wrong order are stored, each once, and the mark passes all",
          "[return][early]") {
  Overtaken run;
  const auto mark = run.mark();

  for (auto chunk = run.chunks.rbegin(); chunk != run.chunks.rend(); ++chunk) run.arrive(*chunk);

  CHECK(run.mark() == mark + run.chunks.size());
  CHECK(run.twin.master->counters().duplicates == 0);
  REQUIRE(run.twin.settle());
  CHECK(run.twin.is_stored_exactly_once());
}

TEST_CASE(
    "L-3: a master keeps sixteen runs of a stream ahead of its mark and no more, and the rest comes again",
    "[return][early]") {
  Overtaken run(2h);
  REQUIRE(run.chunks.size() > 60);
  const auto mark = run.mark();
  const auto stored = run.stored();

  for (std::size_t i = 1; i < run.chunks.size(); i += 2) {
    run.arrive(run.chunks[i]);
    CHECK(run.islands() == std::min<std::size_t>((i + 1) / 2, Admission::most_islands));
  }
  CHECK(run.mark() == mark);
  CHECK(run.stored() == stored + Admission::most_islands);

  REQUIRE(run.twin.settle());
  CHECK(run.twin.is_stored_exactly_once());
  CHECK(run.twin.master->counters().verdicts_clean == 1);
}

TEST_CASE("the same chunk early twice takes one place, and is stored once", "[return][early]") {
  Overtaken run;

  run.arrive(run.chunks[2]);
  run.arrive(run.chunks[2]);
  CHECK(run.islands() == 1);
  run.arrive(run.chunks[0]);
  run.arrive(run.chunks[1]);
  run.arrive(run.chunks[2]);

  CHECK(run.twin.is_stored_exactly_once());
  REQUIRE(run.twin.settle());
}

TEST_CASE("an early chunk that breaks the chain is found when its turn comes, and ends the replay",
          "[return][early][trust]") {
  Overtaken run;
  const auto mark = run.mark();
  Event event = *decode<Event>(run.chunks[1].entries[0].packed);
  event.prev.bytes[0] ^= 1;

  run.arrive_with(run.chunks[1], event);
  CHECK(run.twin.record().lock);
  run.arrive(run.chunks[0]);

  CHECK(run.mark() == mark);
  CHECK_FALSE(run.twin.record().lock);
  CHECK(run.twin.record().state.phase == Phase::quarantined);
  CHECK(payload_of<ReplayVerdict>(run.twin.events().back())->reasons ==
        std::vector<std::string>{"broken chain"});
}

TEST_CASE("what came early outlives its session: the next one goes on from the mark and stores nothing twice",
          "[return][early]") {
  Overtaken run;
  const auto mark = run.mark();
  run.arrive(run.chunks[1]);
  const std::uint64_t session = run.twin.record().lock->session;
  run.twin.cut(0);
  REQUIRE(run.twin.run_to([&] { return !run.twin.record().lock; }));

  run.arrive(run.chunks[0]);
  CHECK(run.mark() == mark);  // its token is over
  run.twin.heal(0);
  REQUIRE(run.twin.run_to([&] { return run.twin.record().lock.has_value(); }));
  CHECK(run.twin.record().lock->session != session);
  REQUIRE(run.twin.settle());

  CHECK(run.twin.is_stored_exactly_once());
}
