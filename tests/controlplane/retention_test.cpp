#include <catch2/catch.hpp>

#include "controlplane/memory_store.hpp"
#include "controlplane/projection_history.hpp"
#include "store_model.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

constexpr SegmentLimits four_each{.entries = 4, .bytes = 1 << 20};

/// `count` events of one origin, one a second.
void fill(EventStore& store, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const Bytes packed = packed_event(1, store.size() + 1);
    const ByteView view = packed;
    REQUIRE(store.append(store.size(), at(std::chrono::seconds{store.size()}), {&view, 1}) ==
            AppendResult::appended);
  }
}

/// Whether retention left everything that somebody still needs.
bool keeps_what_is_held() {
  MemoryStore store(four_each);
  fill(store, 40);
  REQUIRE(store.hold("projections", 21));
  REQUIRE(store.hold("peer asia", 30));
  return store.retain(40) <= 21;
}

}  // namespace

TEST_CASE("I-15: retention drops whole segments, and never one that a checkpoint or a live peer needs",
          "[store][retention]") {
  MemoryStore store(four_each);
  fill(store, 40);
  const Digest head = store.head();
  REQUIRE(store.hold("projections", 21));
  REQUIRE(store.hold("peer asia", 30));

  CHECK(store.retain(18) == 16);
  CHECK(store.retain(40) == 20);
  CHECK(store.hold("peer asia", 40));
  CHECK(store.retain(40) == 20);
  store.release("projections");
  // The open segment stays: nobody has hashed it.
  CHECK(store.retain(40) == 36);

  CHECK(store.size() == 40);
  CHECK(store.head() == head);
  CHECK(store.verify() == 40);
  CHECK(store.at(36).packed.size() == packed_event(1, 37).size());
  fill(store, 4);
  CHECK(store.segments().back().first == 36);
}

TEST_CASE("a store that drops what somebody holds is caught", "[store][retention][planted]") {
  CHECK(keeps_what_is_held());
  const Planted defect(Defect::retain_past_holds);
  CHECK_FALSE(keeps_what_is_held());
}

TEST_CASE("a reader that begins below the first entry kept is told so and shown nothing",
          "[store][retention]") {
  MemoryStore store(four_each);
  fill(store, 10);
  REQUIRE(store.retain(8) == 8);

  std::uint64_t shown = 0;
  const Scanned scanned = store.scan(7, [&](const Stored&) { return ++shown > 0; });

  CHECK(scanned.end == ScanEnd::dropped);
  CHECK(scanned.position == 8);
  CHECK(shown == 0);
  CHECK(store.scan(8, [&](const Stored&) { return ++shown > 0; }).end == ScanEnd::complete);
  CHECK(shown == 2);
}

TEST_CASE("nobody can hold what is dropped already", "[store][retention]") {
  MemoryStore store(four_each);
  fill(store, 10);
  REQUIRE(store.retain(8) == 8);

  CHECK_FALSE(store.hold("a peer back after a year", 7));
  CHECK(store.holds().by_name().empty());
  CHECK(store.hold("a peer that never left", 8));
}

TEST_CASE("views do not pass over what a store has dropped", "[store][retention][projection]") {
  MemoryStore store(four_each);
  fill(store, 10);
  Projections views({});
  REQUIRE(store.retain(8) == 8);

  const Scanned scanned = views.catch_up(store);

  CHECK(scanned.end == ScanEnd::dropped);
  CHECK(views.as_of().position == 0);
  CHECK(ProjectionHistory({}, 5).as_of(store, at(1h), TimeAxis::known) == nullptr);
  CHECK(ProjectionHistory({}, 5).as_of(store, at(1h), TimeAxis::happened) == nullptr);
}
