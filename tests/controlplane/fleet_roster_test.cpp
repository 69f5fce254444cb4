#include "controlplane/fleet_roster.hpp"

#include <catch2/catch.hpp>

#include "random_log.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

const NodeId one = node_named(1), other = node_named(2);

FleetRoster read_all(const std::vector<Event>& events) {
  FleetRoster roster(domains());
  for (std::uint64_t i = 0; i < events.size(); ++i) CHECK(roster.apply({i, {}, {}}, events[i]));
  return roster;
}

FleetRoster restored(const FleetRoster& from) {
  FleetRoster roster(domains());
  const Bytes saved = from.snapshot();
  Decoder decoder(saved);
  roster.read(decoder);
  CHECK(decoder.finished());
  return roster;
}

std::optional<NodeId> holder(const FleetRoster& roster, std::uint32_t ordinal) {
  const auto slot = roster.find_ordinal(ordinal);
  return slot ? std::optional(roster.at(*slot).id) : std::nullopt;
}

}  // namespace

TEST_CASE("of two registrations of a node the newer counts, in whatever order they are read", "[roster]") {
  Scribe scribe;
  scribe.enlist(master_named(1), one, 1, north);
  scribe.enlist(master_named(2), one, 1, south);

  for (const auto& events : {scribe.events, std::vector(scribe.events.rbegin(), scribe.events.rend())}) {
    const FleetRoster roster = read_all(events);
    CHECK(roster.at(*roster.find(one)).as.domain_id == south);
    CHECK(roster.snapshot() == read_all(scribe.events).snapshot());
  }
}

TEST_CASE("of two nodes under one ordinal the one registered last holds it, in whatever order they are read",
          "[roster]") {
  Scribe scribe;
  scribe.enlist(master_named(1), one, 4, north);
  scribe.enlist(master_named(2), other, 4, north);

  for (const auto& events : {scribe.events, std::vector(scribe.events.rbegin(), scribe.events.rend())}) {
    CHECK(holder(read_all(events), 4) == other);
    CHECK(holder(restored(read_all(events)), 4) == other);
  }
  CHECK_FALSE(holder(read_all(scribe.events), 3));
  CHECK_FALSE(holder(read_all(scribe.events), 5));
}

TEST_CASE("I-12: a node registered again under another ordinal gives its old one back", "[roster]") {
  Scribe scribe;
  scribe.enlist(master_named(1), other, 4, north);
  scribe.enlist(master_named(1), one, 4, north);
  scribe.enlist(master_named(1), one, 7, north);
  const FleetRoster live = read_all(scribe.events);

  CHECK(holder(live, 7) == one);
  CHECK(holder(live, 4) == other);
  CHECK(holder(restored(live), 4) == other);
  scribe.enlist(master_named(1), other, 5, north);
  CHECK_FALSE(holder(read_all(scribe.events), 4));
}

TEST_CASE("an ordinal that would allocate the machine away is refused, from a log and from a snapshot",
          "[roster]") {
  constexpr std::uint32_t too_many = 1U << 24;
  Scribe scribe;
  scribe.enlist(master_named(1), one, too_many, north);
  FleetRoster roster(domains());
  CHECK_FALSE(roster.apply({0, {}, {}}, scribe.events[0]));
  CHECK(roster.size() == 0);

  FleetRoster::Member member;
  member.registered = true;
  member.as.ordinal = too_many;
  Bytes saved;
  Encoder encoder(saved);
  encoder.put(std::uint32_t{1});
  encoder.put(member);
  Decoder decoder(saved);
  roster.read(decoder);
  CHECK(roster.size() == 0);
}

TEST_CASE("words that are not what their type says are not believed", "[roster]") {
  for (const EventType type :
       {EventType::node_registered, EventType::observation_recorded, EventType::command_result}) {
    Event event;
    event.origin = event.subject = any(one);
    event.type = type;
    event.payload = {1};
    FleetRoster roster(domains());
    CHECK_FALSE(roster.apply({0, {}, {}}, event));
    CHECK(roster.size() == 0);
    CHECK(roster.as_of().position == 1);  // it was read all the same
  }
}

TEST_CASE("who was heard of but never registered is found by id alone", "[roster]") {
  Scribe scribe;
  Observation seen;
  seen.node_id = one;
  seen.policy_bundle_id = bundle_named(1);
  scribe.write(any(one), EventType::observation_recorded, any(one), seen);

  for (const FleetRoster& roster : {read_all(scribe.events), restored(read_all(scribe.events))}) {
    CHECK(roster.find(one));
    CHECK(roster.select({}).empty());
    CHECK_FALSE(roster.find_ordinal(0));
  }
}
