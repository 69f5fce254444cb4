#include "controlplane/admission.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <set>

#include "model/payloads.hpp"

using namespace ibcf;

namespace {

AnyId origin_of(std::uint64_t number) {
  return any(derive_id<NodeTag>("admission", 1, "node", number));
}

/// An honest log of one origin: `length` events, and the gap event over any range of it.
struct Log {
  AnyId origin;
  StreamClass stream;
  std::vector<Bytes> packed{};
  std::vector<Digest> value{Digest{}};  // value[seq]: the chain after seq

  Log(AnyId of, std::uint64_t length, StreamClass in = StreamClass::control) : origin(of), stream(in) {
    for (std::uint64_t seq = 1; seq <= length; ++seq) {
      packed.push_back(encode(event(seq)));
      value.push_back(chain_value_of(packed.back()));
    }
  }
  [[nodiscard]] Event event(std::uint64_t seq) const {
    Event event;
    event.origin = origin;
    event.stream = stream;
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

std::uint64_t mark_of(Admission& admission, const Log& log, StreamClass stream = StreamClass::control) {
  return admission.follow(log.origin).marks[index_of(stream)];
}
Digest value_of(Admission& admission, const Log& log, StreamClass stream = StreamClass::control) {
  return admission.follow(log.origin).streams[index_of(stream)].value;
}

Admitted admit(Admission& admission, ByteView packed) {
  std::optional<Event> event;
  return admission.admit(packed, event);
}

}  // namespace

TEST_CASE("events of an origin are fresh once each, in order, and their mark follows", "[admission]") {
  const Log log(origin_of(1), 3);
  Admission admission;

  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    CHECK(admit(admission, log.at(seq)) == Admitted::fresh);
    CHECK(mark_of(admission, log) == seq);
    CHECK(value_of(admission, log) == log.value[seq]);
    CHECK(admit(admission, log.at(seq)) == Admitted::duplicate);
  }
}

TEST_CASE("what comes ahead of a hole is taken once, and the mark passes it when the hole is closed",
          "[admission]") {
  const Log log(origin_of(1), 6);
  Admission admission;
  admit(admission, log.at(1));

  CHECK(admit(admission, log.at(6)) == Admitted::fresh);
  CHECK(admit(admission, log.at(4)) == Admitted::fresh);
  CHECK(admit(admission, log.at(5)) == Admitted::fresh);
  CHECK(admit(admission, log.at(3)) == Admitted::fresh);
  for (std::uint64_t seq = 3; seq <= 6; ++seq) CHECK(admit(admission, log.at(seq)) == Admitted::duplicate);
  CHECK(mark_of(admission, log) == 1);
  CHECK(admission.follow(log.origin).has_islands());

  CHECK(admit(admission, log.at(2)) == Admitted::fresh);
  CHECK(mark_of(admission, log) == 6);
  CHECK(value_of(admission, log) == log.value[6]);
  CHECK_FALSE(admission.follow(log.origin).has_islands());
}

TEST_CASE("what does not chain to a neighbour that came ahead is refused, whichever side it is on",
          "[admission]") {
  const Log log(origin_of(1), 6);
  Event other = log.event(3);
  other.uptime += Duration{1};
  Event after = log.event(5);
  after.prev.bytes[0] ^= 1;
  Admission admission;
  admit(admission, log.at(1));
  admit(admission, log.at(4));

  CHECK(admit(admission, encode(other)) == Admitted::broken_chain);
  CHECK(admit(admission, encode(after)) == Admitted::broken_chain);
  CHECK(admit(admission, log.at(2)) == Admitted::fresh);
  CHECK(admit(admission, encode(other)) == Admitted::broken_chain);
  CHECK(admit(admission, log.at(3)) == Admitted::fresh);
  CHECK(mark_of(admission, log) == 4);
}

TEST_CASE("no more than so many holes are kept in mind", "[admission]") {
  const Log log(origin_of(1), 2 * Admission::most_islands + 4);
  Admission admission;

  for (std::size_t i = 0; i < Admission::most_islands; ++i)
    CHECK(admit(admission, log.at(2 * i + 2)) == Admitted::fresh);
  CHECK(admit(admission, log.at(2 * Admission::most_islands + 2)) == Admitted::gap);
  CHECK(admit(admission, log.at(1)) == Admitted::fresh);
  CHECK(admit(admission, log.at(2 * Admission::most_islands + 2)) == Admitted::fresh);
}

TEST_CASE("I-4: another event under the identity of one at hand is a fork, and changes nothing",
          "[admission]") {
  const Log log(origin_of(1), 5);
  const auto forked = [&](std::uint64_t seq) {
    Event event = log.event(seq);
    event.uptime += Duration{1};
    return encode(event);
  };
  Admission admission;
  admit(admission, log.at(1));
  admit(admission, log.at(2));
  admit(admission, log.at(5));

  CHECK(admit(admission, forked(2)) == Admitted::fork);
  CHECK(admit(admission, forked(5)) == Admitted::fork);
  CHECK(value_of(admission, log) == log.value[2]);
}

TEST_CASE("each stream of an origin has its own seqs and its own chain", "[admission]") {
  const Log control(origin_of(1), 3);
  const Log history(origin_of(1), 2, StreamClass::history);
  Admission admission;

  CHECK(admit(admission, control.at(1)) == Admitted::fresh);
  CHECK(admit(admission, history.at(1)) == Admitted::fresh);
  CHECK(admit(admission, history.at(2)) == Admitted::fresh);
  CHECK(admit(admission, history.at(1)) == Admitted::duplicate);
  CHECK(mark_of(admission, control) == 1);
  CHECK(mark_of(admission, history, StreamClass::history) == 2);
}

TEST_CASE("a gap over seqs that came ahead in part closes the hole and takes them in", "[admission]") {
  const Log log(origin_of(1), 8);
  Admission admission;
  admit(admission, log.at(1));
  admit(admission, log.at(5));
  admit(admission, log.at(6));

  CHECK(admit(admission, log.gap(4, 7)) == Admitted::gap);  // ahead itself, and over what is there
  CHECK(admit(admission, log.gap(2, 5)) == Admitted::fresh);
  CHECK(mark_of(admission, log) == 6);
  CHECK(value_of(admission, log) == log.value[6]);
  CHECK(admit(admission, log.at(7)) == Admitted::fresh);
}

TEST_CASE("I-4: a gap that ends where another event came ahead is a fork", "[admission]") {
  const Log log(origin_of(1), 6);
  Admission admission;
  for (const std::uint64_t seq : {1, 2, 3, 5}) CHECK(admit(admission, log.at(seq)) == Admitted::fresh);
  Event gap = *decode<Event>(log.gap(4, 5));
  gap.payload = encode(StreamGap{4, 5, "buffer full", log.value[4]});  // not the end of what is there
  CHECK(admit(admission, encode(gap)) == Admitted::fork);
  CHECK(admit(admission, log.gap(4, 5)) == Admitted::fresh);
  CHECK(admit(admission, log.at(6)) == Admitted::fresh);
}

TEST_CASE("an event that follows another one than was stored breaks the chain", "[admission]") {
  const Log log(origin_of(1), 2);
  Admission admission;
  admit(admission, log.at(1));
  Event other = log.event(2);
  other.prev.bytes[31] ^= 1;

  CHECK(admit(admission, encode(other)) == Admitted::broken_chain);
  CHECK(value_of(admission, log) == log.value[1]);
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
  CHECK(mark_of(admission, log) == 0);
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
  CHECK(mark_of(admission, log) == 4);
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
      const auto first = *rc::gen::inRange<std::uint64_t>(1, length + 1);
      const auto last = *rc::gen::inRange<std::uint64_t>(first, std::min(length, first + 3) + 1);
      const bool as_gap = *rc::gen::arbitrary<bool>();
      const std::uint64_t end = as_gap ? last : first;

      // The dumb model: a set of seqs, asked one by one. Only a gap that lies ahead over what is there waits.
      auto& known = seen[which];
      std::uint64_t mark = 0;
      while (known.contains(mark + 1)) ++mark;
      std::uint64_t missing = 0;
      for (std::uint64_t seq = first; seq <= end; ++seq) missing += known.contains(seq) ? 0 : 1;
      const bool is_whole = missing == end - first + 1;
      const Admitted expected = missing == 0 || end <= mark     ? Admitted::duplicate
                                : first <= mark + 1 || is_whole ? Admitted::fresh
                                                                : Admitted::gap;
      if (expected == Admitted::fresh)
        for (std::uint64_t seq = first; seq <= end; ++seq) known.insert(seq);

      const Admitted got = admit(admission, as_gap ? logs[which].gap(first, last) : logs[which].at(first));
      while (known.contains(mark + 1)) ++mark;
      RC_ASSERT(got == expected);
      RC_ASSERT(mark_of(admission, logs[which]) == mark);
      RC_ASSERT(value_of(admission, logs[which]) == logs[which].value[mark]);
    }
  });
}
