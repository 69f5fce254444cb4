#include <catch2/catch.hpp>
#include <functional>

#include "controlplane/memory_store.hpp"
#include "controlplane/parked_ranges.hpp"
#include "model/payloads.hpp"

using namespace ibcf;

namespace {

const NodeId node = derive_id<NodeTag>("parked", 1, "node");

}  // namespace

TEST_CASE("what is let in frees its own range and no other", "[poison]") {
  RangeParked said;
  said.incarnation = 2;
  said.stream = StreamClass::history;
  said.first = said.last = 5;
  Event event;
  event.subject = any(node);
  const auto tell = [&](ParkedRanges& ranges, EventType type, const RangeParked& what) {
    event.type = type;
    event.payload = encode(what);
    ranges.apply(event, 0);
  };
  ParkedRanges ranges;
  tell(ranges, EventType::range_parked, said);
  for (const auto& change : std::vector<std::function<void(RangeParked&)>>{
           [](RangeParked& r) { r.incarnation = 1; }, [](RangeParked& r) { r.stream = StreamClass::control; },
           [](RangeParked& r) { r.first = 4; }, [](RangeParked& r) { r.last = 6; }}) {
    RangeParked other = said;
    change(other);
    tell(ranges, EventType::range_redriven, other);
    CHECK(ranges.of(node).size() == 1);
  }
  event.payload = {1};  // evidence that cannot be read is none
  for (const EventType type : {EventType::range_parked, EventType::range_redriven}) {
    event.type = type;
    ranges.apply(event, 0);
    CHECK(ranges.of(node).size() == 1);
  }
  CHECK_FALSE(let_in_by(event));
  tell(ranges, EventType::range_redriven, said);
  CHECK(ranges.nodes() == 0);
}

TEST_CASE("only the evidence of a parked range gives back what was parked", "[poison]") {
  MemoryStore store;
  RangeParked said;
  said.packed = {1, 2, 3};
  Event event;
  event.seq = 1;
  event.type = EventType::range_parked;
  event.payload = encode(said);
  const auto append = [&](const Bytes& packed) {
    const ByteView view = packed;
    REQUIRE(store.append(store.size(), {}, {&view, 1}) == AppendResult::appended);
  };
  append(encode(event));
  event.type = EventType::range_redriven;
  append(encode(event));
  append({7});

  CHECK(parked_at(store, 0) == said);
  CHECK_FALSE(parked_at(store, 1));
  CHECK_FALSE(parked_at(store, 2));
}
