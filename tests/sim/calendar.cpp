#include "sim/calendar.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <tuple>

using namespace ibcf;
using namespace ibcf::sim;

namespace {

/// Instants that meet, and instants anywhere within one slot of the wheel, within a turn and after it.
Instant any_instant() {
  const auto unit = *rc::gen::element<std::int64_t>(1, 1'000'000, 1'000'000'000, 60'000'000'000);
  return at(Duration{unit * *rc::gen::inRange<std::int64_t>(-3, 10)});
}

/// slot: the sequence of pushing.
std::vector<Entry> any_entries() {
  std::vector<Entry> entries;
  const auto size = *rc::gen::inRange<std::uint32_t>(0, 200);
  for (std::uint32_t i = 0; i < size; ++i)
    entries.push_back({any_instant(), static_cast<EntryKind>(*rc::gen::inRange(0, 9)),
                       *rc::gen::inRange<std::uint32_t>(0, 3), i});
  return entries;
}

std::vector<Entry> popped_from(Calendar& calendar) {
  std::vector<Entry> popped;
  while (!calendar.empty()) popped.push_back(calendar.pop());
  return popped;
}

auto whole(const Entry& e) {
  return std::tuple{e.at, e.kind, e.entity, e.slot};
}
auto time_and_kind(const Entry& e) {
  return std::tuple{e.at, e.kind};
}
bool same(const Entry& a, const Entry& b) {
  return whole(a) == whole(b);
}

}  // namespace

TEST_CASE("the calendar pops in the order of a plain sort by time, kind, entity and sequence", "[property]") {
  REQUIRE(rc::check([] {
    auto entries = any_entries();
    Calendar calendar;
    for (const auto& entry : entries) calendar.push(entry);

    const auto popped = popped_from(calendar);

    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return whole(a) < whole(b); });
    RC_ASSERT(std::equal(popped.begin(), popped.end(), entries.begin(), entries.end(), same));
    RC_ASSERT(calendar.popped() == entries.size());
  }));
}

TEST_CASE("pushes between pops find their place", "[property]") {
  REQUIRE(rc::check([] {
    Calendar calendar;
    std::vector<Entry> model;
    for (const auto& entry : any_entries()) {
      calendar.push(entry);
      model.push_back(entry);
      if (*rc::gen::arbitrary<bool>()) continue;
      const auto first = std::min_element(model.begin(), model.end(),
                                          [](const auto& a, const auto& b) { return whole(a) < whole(b); });
      RC_ASSERT(calendar.next() == first->at);
      RC_ASSERT(same(calendar.pop(), *first));
      model.erase(first);
    }
    RC_ASSERT(calendar.size() == model.size());
  }));
}

TEST_CASE("a tie seed permutes entries of one instant and kind, and nothing else", "[property]") {
  REQUIRE(rc::check([] {
    const auto entries = any_entries();
    Calendar plain;
    Calendar permuted(*rc::gen::inRange<std::uint64_t>(1, 1000));
    for (const auto& entry : entries) {
      plain.push(entry);
      permuted.push(entry);
    }

    auto a = popped_from(plain);
    auto b = popped_from(permuted);

    RC_ASSERT(std::equal(a.begin(), a.end(), b.begin(), b.end(),
                         [](const auto& x, const auto& y) { return time_and_kind(x) == time_and_kind(y); }));
    RC_ASSERT(std::is_permutation(a.begin(), a.end(), b.begin(), b.end(), same));
  }));
}

TEST_CASE("different tie seeds give different orders of ties, the same one the same order") {
  const auto order = [](std::uint64_t tie_seed) {
    Calendar calendar(tie_seed);
    for (std::uint32_t i = 0; i < 20; ++i) calendar.push({Instant{}, EntryKind::node_timer, i, i});
    std::vector<std::uint32_t> slots;
    while (!calendar.empty()) slots.push_back(calendar.pop().slot);
    return slots;
  };

  CHECK(order(1) == order(1));
  CHECK(order(1) != order(2));
  CHECK(order(1) != order(0));
}

TEST_CASE("an empty calendar is next due never, and popping it is a bug") {
  Calendar calendar;

  CHECK(calendar.next() == never);
  CHECK_THROWS_AS(calendar.pop(), std::logic_error);
}
