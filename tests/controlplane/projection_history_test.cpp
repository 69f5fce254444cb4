#include "controlplane/projection_history.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "random_log.hpp"

using namespace ibcf;
using namespace ibcf::test;
using namespace std::chrono_literals;

namespace {

/// Entry i is stored at second i.
struct Log {
  MemoryStore entries;
  explicit Log(const std::vector<Event>& events) {
    for (const Event& event : events) store(entries, event);
  }
};

void store_noise(MemoryStore& log, std::uint8_t byte) {
  const Bytes noise{byte, 1, 2};
  const ByteView view = noise;
  REQUIRE(log.append(log.size(), at(std::chrono::seconds{log.size()}), {&view, 1}) == AppendResult::appended);
}

/// What a fold of the whole log by hand says, with a filter on each entry.
Bytes folded(const MemoryStore& log, const std::function<bool(const Stored&, const Event&)>& counts) {
  Projections views(domains());
  log.scan(0, [&](const Stored& stored) {
    const auto event = decode<Event>(stored.packed);
    if (event && counts(stored, *event)) views.apply(stored, *event);
    return true;
  });
  return views.view_bytes();
}

}  // namespace

TEST_CASE("the views as they were known are those of the log up to then, from whatever checkpoint",
          "[projection][history][property]") {
  rc::prop("for any log, instant and distance of checkpoints", [](std::uint64_t seed) {
    Dice dice(seed);
    const Log holder(random_history(seed, 200).events);
    const MemoryStore& log = holder.entries;
    ProjectionHistory history(domains(), 1 + dice.below(60));
    history.catch_up(log);
    if (dice.below(2) == 0) history.forget_checkpoints(1 + dice.below(3));
    const Instant when = at(std::chrono::seconds{dice.below(log.size() + 2)});

    const auto views = history.as_of(log, when, TimeAxis::known);

    RC_ASSERT(views != nullptr);
    RC_ASSERT(views->view_bytes() ==
              folded(log, [&](const Stored& stored, const Event&) { return stored.ingested <= when; }));
  });
}

TEST_CASE("the views as it happened take in what was heard of late", "[projection][history][property]") {
  rc::prop("for any log merged in any order, and any instant", [](std::uint64_t seed) {
    Dice dice(seed);
    std::vector<Event> events = random_history(seed, 200).events;
    for (std::size_t i = 0; i + 1 < events.size(); ++i)  // neighbours of different origins change places
      if (dice.below(2) == 0 && events[i].origin != events[i + 1].origin) std::swap(events[i], events[i + 1]);
    const Log holder(events);
    const MemoryStore& log = holder.entries;
    ProjectionHistory history(domains(), 50);
    history.catch_up(log);
    const Instant when = at(std::chrono::seconds{dice.below(220)});

    const auto views = history.as_of(log, when, TimeAxis::happened);

    RC_ASSERT(views != nullptr);
    RC_ASSERT(views->view_bytes() ==
              folded(log, [&](const Stored&, const Event& event) { return event.occurred <= when; }));
  });
}

TEST_CASE("an event that came late is part of what happened and not of what was known",
          "[projection][history]") {
  Scribe scribe;
  scribe.enlist(master_named(0), node_named(0), 0, north);
  scribe.activate(master_named(0), node_named(0));
  const Log holder(scribe.events);
  const MemoryStore& log = holder.entries;
  const Instant before = scribe.events.back().occurred;
  const Bytes packed = encode(scribe.events.back());
  MemoryStore late;
  log.scan(0, [&](const Stored& stored) {
    const bool last = stored.position + 1 == log.size();
    const ByteView view = stored.packed;
    REQUIRE(late.append(late.size(), last ? at(1h) : stored.ingested, {&view, 1}) == AppendResult::appended);
    return true;
  });
  ProjectionHistory history(domains(), 2);
  history.catch_up(late);

  const auto known = history.as_of(late, before, TimeAxis::known);
  const auto happened = history.as_of(late, before, TimeAxis::happened);

  CHECK(known->lifecycle().label_of(node_named(0)) == "ACTIVE");
  CHECK(happened->lifecycle().label_of(node_named(0)) == "ACTIVE/LIVE_OK");
}

TEST_CASE("I-15: a checkpoint never passes a failed event that is not parked", "[projection][history]") {
  const auto events = random_history(7, 60).events;
  MemoryStore log;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i == 10 || i == 20 || i == 30) store_noise(log, static_cast<std::uint8_t>(i));
    store(log, events[i]);
  }
  ProjectionHistory history(domains(), 1, 2);

  history.catch_up(log);

  CHECK(history.is_stuck());
  REQUIRE(history.parked().size() == 2);
  CHECK(history.parked()[0].position == 10);
  CHECK(history.parked()[1].position == 21);
  CHECK(history.checkpoints().back().position == 32);  // the third lies there

  history.catch_up(log);
  CHECK(history.checkpoints().back().position == 32);

  history.resume(3);
  history.catch_up(log);
  CHECK_FALSE(history.is_stuck());
  CHECK(history.parked()[2].position == 32);
  CHECK(history.live().as_of().position == log.size());
  CHECK(history.live().unreadable() == 3);
}

TEST_CASE("new views take over when they have caught up, byte for byte those that served",
          "[projection][switch][property]") {
  rc::prop("for any log, growing while they are built", [](std::uint64_t seed) {
    Dice dice(seed);
    const auto events = random_history(seed, 200).events;
    MemoryStore log;
    ProjectionSwitch views(domains());
    std::size_t stored = 0;
    const auto grow = [&](std::size_t by) {
      for (; by > 0 && stored < events.size(); --by) store(log, events[stored++]);
    };
    grow(events.size() / 2);
    views.begin_rebuild();
    bool same = false;
    Rebuild how = Rebuild::under_way;
    while (how == Rebuild::under_way) {
      grow(dice.below(5));
      how = views.step(log, 1 + dice.below(20), &same);
      RC_ASSERT(views.serving().as_of().position == log.size());
      RC_ASSERT((how == Rebuild::under_way) == views.is_rebuilding());
    }
    RC_ASSERT(how == Rebuild::taken_over);
    RC_ASSERT(same);
    RC_ASSERT(views.serving().view_bytes() == folded(log, [](const Stored&, const Event&) { return true; }));
  });
}

TEST_CASE("a log whose start was dropped cannot be folded anew: the views that serve go on",
          "[projection][switch]") {
  MemoryStore log({.entries = 4});
  ProjectionSwitch views(domains());
  for (const Event& event : random_history(3, 40).events) store(log, event);
  CHECK(views.step(log, 1) == Rebuild::none);
  views.begin_rebuild();
  CHECK(views.step(log, 1) == Rebuild::under_way);
  REQUIRE(log.retain(20) > 1);

  CHECK(views.step(log, 1) == Rebuild::impossible);

  CHECK_FALSE(views.is_rebuilding());
  CHECK(views.serving().as_of().position == log.size());
  CHECK(views.step(log, 1) == Rebuild::none);
}
