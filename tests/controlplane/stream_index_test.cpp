#include "controlplane/stream_index.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <numeric>

#include "dice.hpp"

using namespace ibcf;

namespace {

StreamKey stream_named(std::uint64_t number) {
  return {derive_id<AnyTag>("index", 1, "origin", number), 1, StreamClass::control};
}
const StreamKey stream = stream_named(1);

HeldMark held(const StreamIndex& index) {
  return index.held(*index.find(stream));
}

}  // namespace

TEST_CASE("a gap that covers what lay ahead of a hole swallows it", "[replication][index]") {
  StreamIndex index;
  index.add(stream, 1, 1);
  index.add(stream, 3, 3);
  index.add(stream, 7, 7);
  CHECK(held(index).seq == 1);
  CHECK(held(index).ahead == 2);

  index.add(stream, 2, 5);

  CHECK(held(index).seq == 5);
  CHECK(held(index).ahead == 1);
}

TEST_CASE("evidence for what is held already changes nothing", "[replication][index]") {
  StreamIndex index;
  index.add(stream, 1, 3);
  index.cover(stream, 2, 2);
  CHECK(held(index).seq == 3);
  CHECK(held(index).ahead == 0);
}

TEST_CASE("the version vector names a stream held only beyond a hole, and none of which nothing is held",
          "[replication][index]") {
  StreamIndex index;
  index.mention(stream_named(2));
  index.add(stream, 2, 2);

  const auto marks = index.vector();

  REQUIRE(marks.size() == 1);
  CHECK(marks[0].stream == stream);
  CHECK(marks[0].held.seq == 0);
  CHECK(marks[0].held.ahead == 1);
  CHECK(index.find(stream_named(2)));
  CHECK_FALSE(index.find(stream_named(3)));
}

TEST_CASE("the vectors of a held and of an empty stream differ in their digests", "[replication][index]") {
  CHECK(digest_term(stream, {}) == 0);
  CHECK(digest_term(stream, {.seq = 0, .ahead = 1}) != 0);
  CHECK(digest_term(stream, {.seq = 1}) != digest_term(stream, {.seq = 1, .ahead = 1}));
}

TEST_CASE("where an entry beyond a seq lies is what a look at each entry finds",
          "[replication][index][property]") {
  rc::prop("for entries of two streams in any order", [](std::uint64_t seed) {
    Dice dice(seed);
    std::vector<std::uint64_t> seqs(1 + dice.below(12));
    std::iota(seqs.begin(), seqs.end(), 1);
    for (std::size_t i = 1; i < seqs.size() && dice.one_in(2); ++i)
      std::swap(seqs[i], seqs[dice.below(i + 1)]);
    StreamIndex index;
    std::vector<std::uint64_t> at_position;  // 0: of the other stream
    for (const std::uint64_t seq : seqs) {
      if (dice.one_in(3)) {
        index.add(stream_named(2), at_position.size() + 1, at_position.size() + 1);
        at_position.push_back(0);
      }
      index.add(stream, seq, seq);
      at_position.push_back(seq);
    }
    const auto number = *index.find(stream);
    for (std::uint64_t seq = 0; seq <= seqs.size(); ++seq) {
      std::uint64_t found = 0;
      while (found < at_position.size() && at_position[found] <= seq) ++found;
      RC_ASSERT(index.first_beyond(number, seq) == found);
    }
    RC_ASSERT(index.held(number).seq == seqs.size());
  });
}
