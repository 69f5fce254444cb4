#include "controlplane/admission.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <set>

using namespace ibcf;

namespace {

AnyId origin_of(std::uint64_t number) {
  return any(derive_id<NodeTag>("admission", 1, "node", number));
}

/// An honest log of one origin: `length` events, and the gap event over any range of it.
struct Log {
  AnyId origin;
  std::vector<Bytes> packed;
  std::vector<Digest> value{Digest{}};  // value[seq]: the chain after seq

  Log(AnyId of, std::uint64_t length) : origin(of) {
    for (std::uint64_t seq = 1; seq <= length; ++seq) {
      packed.push_back(encode(event(seq)));
      value.push_back(chain_value_of(packed.back()));
    }
  }
  [[nodiscard]] Event event(std::uint64_t seq) const {
    Event event;
    event.origin = origin;
    event.seq = seq;
    event.prev = value[seq - 1];
    event.subject = origin;
    return event;
  }
  [[nodiscard]] const Bytes& at(std::uint64_t seq) const { return packed[seq - 1]; }
  [[nodiscard]] Bytes gap(std::uint64_t first, std::uint64_t last) const {
    Event gap = event(last);
    gap.type = EventType::stream_gap;
    gap.prev = value[first - 1];
    gap.payload = encode(StreamGap{first, last, "buffer full", value[last]});
    return encode(gap);
  }
};

Admitted admit(Admission& admission, ByteView packed) {
  std::optional<Event> event;
  return admission.admit(packed, event);
}

}  // namespace

TEST_CASE("events of an origin are fresh once each, in order, and their mark follows", "[admission]") {
  const Log log(origin_of(1), 3);
  Admission admission;
  const auto& mark = admission.follow(log.origin);

  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    CHECK(admit(admission, log.at(seq)) == Admitted::fresh);
    CHECK(mark.seq == seq);
    CHECK(mark.value == log.value[seq]);
    CHECK(admit(admission, log.at(seq)) == Admitted::duplicate);
  }
}

TEST_CASE("an event that leaves out another is a gap and moves nothing", "[admission]") {
  const Log log(origin_of(1), 3);
  Admission admission;
  admit(admission, log.at(1));

  CHECK(admit(admission, log.at(3)) == Admitted::gap);
  CHECK(admission.follow(log.origin).seq == 1);
  CHECK(admit(admission, log.at(2)) == Admitted::fresh);
}

TEST_CASE("an event that follows another one than was stored breaks the chain", "[admission]") {
  const Log log(origin_of(1), 2);
  Admission admission;
  admit(admission, log.at(1));
  Event other = log.event(2);
  other.prev.bytes[31] ^= 1;

  CHECK(admit(admission, encode(other)) == Admitted::broken_chain);
  CHECK(admission.follow(log.origin).value == log.value[1]);
}

TEST_CASE("bytes that are no event, seq 0 and gaps that contradict themselves are malformed", "[admission]") {
  const Log log(origin_of(1), 5);
  Admission admission;
  Event zero = log.event(1);
  zero.seq = 0;
  Event gap = *decode<Event>(log.gap(1, 3));

  CHECK(admit(admission, Bytes{1, 2, 3}) == Admitted::malformed);
  CHECK(admit(admission, Bytes{}) == Admitted::malformed);
  CHECK(admit(admission, encode(zero)) == Admitted::malformed);
  gap.payload = encode(StreamGap{1, 4, "", log.value[4]});
  CHECK(admit(admission, encode(gap)) == Admitted::malformed);  // says another end than its seq
  gap.payload = encode(StreamGap{4, 3, "", log.value[3]});
  CHECK(admit(admission, encode(gap)) == Admitted::malformed);  // ends before it begins
  gap.payload = {9};
  CHECK(admit(admission, encode(gap)) == Admitted::malformed);
  CHECK(admission.follow(log.origin).seq == 0);
}

TEST_CASE("another incarnation of an origin is told apart", "[admission]") {
  const Log log(origin_of(1), 1);
  Event reborn = log.event(1);
  reborn.incarnation = 2;
  Admission admission;

  CHECK(admit(admission, encode(reborn)) == Admitted::other_incarnation);
}

TEST_CASE("a gap carries the mark over what was dropped, and the chain goes on after it", "[admission]") {
  const Log log(origin_of(1), 6);
  Admission admission;
  admit(admission, log.at(1));

  CHECK(admit(admission, log.gap(2, 4)) == Admitted::fresh);
  CHECK(admission.follow(log.origin).seq == 4);
  CHECK(admit(admission, log.gap(2, 4)) == Admitted::duplicate);
  CHECK(admit(admission, log.at(3)) == Admitted::duplicate);
  CHECK(admit(admission, log.at(5)) == Admitted::fresh);
  CHECK(admit(admission, log.gap(4, 6)) ==
        Admitted::fresh);  // its start was stored before the rest was dropped
}

TEST_CASE("admission agrees with a set of everything seen, gaps included", "[admission][property]") {
  rc::prop("for any order of events, repeats and gaps of several origins", [] {
    constexpr std::uint64_t length = 12;
    const std::vector<Log> logs{Log(origin_of(1), length), Log(origin_of(2), length),
                                Log(origin_of(3), length)};
    Admission admission;
    std::vector<std::set<std::uint64_t>> seen(logs.size());

    for (int i = 0; i < 80; ++i) {
      const auto which = *rc::gen::inRange<std::size_t>(0, logs.size());
      const auto first =
          *rc::gen::inRange<std::uint64_t>(1, std::min<std::uint64_t>(length, seen[which].size() + 3) + 1);
      const auto last = *rc::gen::inRange<std::uint64_t>(first, std::min(length, first + 3) + 1);
      const bool as_gap = *rc::gen::arbitrary<bool>();
      const std::uint64_t end = as_gap ? last : first;

      // The dumb model: a set of seqs, asked one by one.
      auto& known = seen[which];
      bool whole = true;
      for (std::uint64_t seq = 1; seq < first; ++seq) whole = whole && known.contains(seq);
      const Admitted expected = known.contains(end) ? Admitted::duplicate
                                : whole             ? Admitted::fresh
                                                    : Admitted::gap;
      if (expected == Admitted::fresh)
        for (std::uint64_t seq = first; seq <= end; ++seq) known.insert(seq);

      const Admitted got = admit(admission, as_gap ? logs[which].gap(first, last) : logs[which].at(first));
      RC_ASSERT(got == expected);
      RC_ASSERT(admission.follow(logs[which].origin).seq == (known.empty() ? 0u : *known.rbegin()));
      RC_ASSERT(admission.follow(logs[which].origin).value == logs[which].value[known.size()]);
    }
  });
}
