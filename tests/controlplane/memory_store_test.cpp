#include "controlplane/memory_store.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "store_model.hpp"

using namespace ibcf;

namespace {

using namespace std::chrono_literals;

Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

Bytes numbered(std::uint64_t number, std::size_t size) {
  Bytes bytes(size, static_cast<std::uint8_t>(number));
  for (std::size_t i = 0; i < std::min<std::size_t>(size, 8); ++i)
    bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
  return bytes;
}

AppendResult append_one(MemoryStore& store, const Bytes& bytes, Instant ingested = {}) {
  const ByteView view = bytes;
  return store.append(store.size(), ingested, {&view, 1});
}

std::vector<Bytes> everything_from(const MemoryStore& store, std::uint64_t first) {
  std::vector<Bytes> all;
  store.scan(first, [&](const Stored& stored) {
    all.emplace_back(stored.packed.begin(), stored.packed.end());
    return true;
  });
  return all;
}

// The store lends its bytes read-only; a test may play the faulty memory.
std::uint8_t& faulty_byte(const MemoryStore& store, std::uint64_t position, std::size_t offset) {
  return const_cast<std::uint8_t&>(store.at(position).packed[offset]);
}

}  // namespace

TEST_CASE("an empty store has no entries, an all-zero head, and verifies", "[store]") {
  const MemoryStore store;

  CHECK(store.size() == 0);
  CHECK(store.head() == Digest{});
  CHECK(store.verify() == 0);
  CHECK(everything_from(store, 0).empty());
  CHECK_THROWS_AS(store.at(0), std::logic_error);
}

TEST_CASE("an append on a size that is no longer true stores nothing", "[store]") {
  MemoryStore store;
  const Bytes first = bytes_of("first");
  const Bytes late = bytes_of("late");
  const std::vector<ByteView> two = {late, late};
  REQUIRE(append_one(store, first) == AppendResult::appended);
  const Digest head = store.head();

  CHECK(store.append(0, {}, two) == AppendResult::position_taken);
  CHECK(store.append(2, {}, two) == AppendResult::position_taken);

  CHECK(store.size() == 1);
  CHECK(store.head() == head);
  CHECK(everything_from(store, 0) == std::vector<Bytes>{first});
}

TEST_CASE("entries come back in order with their position and the time they were stored", "[store]") {
  MemoryStore store;
  const Bytes a = bytes_of("a"), b = bytes_of(""), c = bytes_of("ccc");
  const std::vector<ByteView> two = {a, b};
  REQUIRE(store.append(0, at(5s), two) == AppendResult::appended);
  REQUIRE(append_one(store, c, at(9s)) == AppendResult::appended);

  std::vector<std::uint64_t> positions;
  std::vector<Instant> times;
  store.scan(1, [&](const Stored& stored) {
    positions.push_back(stored.position);
    times.push_back(stored.ingested);
    return true;
  });

  CHECK(positions == std::vector<std::uint64_t>{1, 2});
  CHECK(times == std::vector<Instant>{at(5s), at(9s)});
  CHECK(everything_from(store, 0) == std::vector<Bytes>{a, b, c});
  CHECK(everything_from(store, 3).empty());
  CHECK(everything_from(store, 99).empty());
}

TEST_CASE("a scan stops where its reader says so", "[store]") {
  MemoryStore store;
  for (std::uint64_t i = 0; i < 10; ++i) append_one(store, numbered(i, 8));

  std::uint64_t seen = 0;
  store.scan(2, [&](const Stored&) { return ++seen < 3; });

  CHECK(seen == 3);
}

TEST_CASE("the head is the chain over all entries, however they were grouped into appends", "[store]") {
  const std::vector<Bytes> entries = {bytes_of("one"), bytes_of("two"), bytes_of("three")};
  const std::vector<ByteView> views(entries.begin(), entries.end());
  MemoryStore together;
  MemoryStore apart;

  REQUIRE(together.append(0, {}, views) == AppendResult::appended);
  for (const Bytes& bytes : entries) append_one(apart, bytes);

  Digest expected;
  for (const Bytes& bytes : entries) expected = chain(expected, bytes);
  CHECK(together.head() == expected);
  CHECK(apart.head() == expected);
}

TEST_CASE("stored bytes never move, whatever is appended later", "[store]") {
  MemoryStore store;
  const Bytes first = numbered(7, 300);
  append_one(store, first);
  const std::uint8_t* const where = store.at(0).packed.data();

  // Past many segments, and with one entry bigger than a segment.
  for (std::uint64_t i = 0; i < 200; ++i) append_one(store, numbered(i, 40'000));
  append_one(store, numbered(1, 3 << 20));
  append_one(store, numbered(2, 10));

  CHECK(store.at(0).packed.data() == where);
  CHECK(everything_from(store, 0).front() == first);
  CHECK(everything_from(store, 201) == std::vector<Bytes>{numbered(1, 3 << 20), numbered(2, 10)});
  CHECK(store.verify() == store.size());
}

TEST_CASE("verify names the first entry with a flipped bit", "[store]") {
  MemoryStore store;
  for (std::uint64_t i = 0; i < 20; ++i) append_one(store, numbered(i, 100));
  REQUIRE(store.verify() == 20);

  faulty_byte(store, 13, 99) ^= 0x10;
  CHECK(store.verify() == 13);
  faulty_byte(store, 4, 0) ^= 0x01;
  CHECK(store.verify() == 4);
  faulty_byte(store, 4, 0) ^= 0x01;
  faulty_byte(store, 13, 99) ^= 0x10;
  CHECK(store.verify() == 20);
}

TEST_CASE(
    "I-6: stored bytes never change, whatever is appended, refused, held, dropped or scanned after them",
    "[store][property]") {
  rc::prop("a memory store does what a vector does", [](std::uint64_t seed) {
    const SegmentLimits limits{.entries = 1 + seed % 7, .bytes = 300 + seed % 500};
    // Memory is not reopened: the trial goes on with the same store.
    const auto open = [&](std::unique_ptr<EventStore> before) {
      return before ? std::move(before) : std::make_unique<MemoryStore>(limits);
    };
    test::StoreTrial(seed, limits, open).run(40);
  });
}
