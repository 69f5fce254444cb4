#include "controlplane/parked_ranges.hpp"

#include "controlplane/projections.hpp"
#include "controlplane/stream_index.hpp"
#include "hand_driver.hpp"
#include "model/payloads.hpp"
#include "planted_defect.hpp"

/// What a master cannot read of a node's log.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// A master that is older than its node: what is history it does not know yet.
std::optional<std::string> no_history(const Event& event) {
  if (event.priority == Priority::history) return "history is not known here";
  return objection_to_node(event);
}
std::optional<std::string> no_results(const Event& event) {
  if (event.type == EventType::command_result) return "results are not known here";
  return objection_to_node(event);
}

void live_for_five_minutes(HandDriver& twin) {
  twin.start(1);
  twin.run_until(at(5min));
  REQUIRE(twin.settle(0, 1min));
}

/// Cut off for fifteen minutes, in which it notes so much history, and back.
void return_with_history(HandDriver& twin, std::size_t events) {
  live_for_five_minutes(twin);
  twin.cut(0);
  for (std::size_t i = 0; i < events; ++i) twin.observe(0, Priority::history);
  twin.observe(0, Priority::health);
  twin.run_until(at(20min));
  twin.heal(0);
}

std::vector<RangeParked> parked(const HandDriver& twin, EventType type = EventType::range_parked) {
  std::vector<RangeParked> all;
  for (const Event& event : twin.events())
    if (event.type == type) all.push_back(*payload_of<RangeParked>(event));
  return all;
}

std::vector<VerdictKind> verdicts(const HandDriver& twin) {
  std::vector<VerdictKind> all;
  for (const Event& event : twin.events())
    if (event.type == EventType::replay_verdict) all.push_back(payload_of<ReplayVerdict>(event)->kind);
  return all;
}

}  // namespace

TEST_CASE(
    "I-3: what cannot be read is parked with range, reason, digest and bytes, and the rest goes on (A27)",
    "[return][poison]") {
  HandDriver twin;
  twin.master_settings.objection = no_history;
  return_with_history(twin, 3);
  REQUIRE(twin.settle());

  const auto evidence = parked(twin);
  REQUIRE(evidence.size() == 3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    CHECK(evidence[i].stream == StreamClass::history);
    CHECK(evidence[i].first == i + 1);
    CHECK(evidence[i].last == i + 1);
    CHECK(evidence[i].reason == "history is not known here");
    CHECK(evidence[i].digest == digest_of(evidence[i].packed));
    CHECK(evidence[i].session != 0);
  }
  CHECK(verdicts(twin) == std::vector{VerdictKind::partial});
  CHECK(twin.record().state.phase == Phase::degraded);
  CHECK(twin.mark(StreamClass::health) == 1);
  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.master->parked().of(HandDriver::id_of(0)).size() == 3);
}

TEST_CASE("what was parked is let in once it can be read, counts from then, and its node is well again",
          "[return][poison]") {
  HandDriver twin;
  twin.master_settings.objection = no_history;
  return_with_history(twin, 3);
  REQUIRE(twin.settle());
  CHECK(twin.redrive(0, "too early") == 0);
  CHECK(parked(twin, EventType::range_redriven).empty());

  twin.master_settings.objection = objection_to_node;  // the master was renewed
  CHECK(twin.redrive(0, "renewed") == 3);
  CHECK(twin.redrive(0, "again") == 0);

  CHECK(parked(twin, EventType::range_redriven).size() == 3);
  CHECK(twin.master->parked().nodes() == 0);
  CHECK(twin.record().state.phase == Phase::active);
  const Event last = twin.events().back();
  CHECK(last.type == EventType::health_changed);
  CHECK(payload_of<LifecycleStep>(last)->arrow == "S19");
}

TEST_CASE("a command's result that was parked ends the command when it is let in, in the book and the views",
          "[return][poison][command]") {
  HandDriver twin;
  twin.master_settings.objection = no_results;
  live_for_five_minutes(twin);
  const auto command = twin.order(0);
  REQUIRE(command);
  twin.run_for(5min);
  REQUIRE(parked(twin).size() == 1);
  CHECK(parked(twin)[0].session == 0);  // in contact there is no verdict to be partial
  CHECK(twin.record().state.phase == Phase::active);
  CHECK(twin.master->commands().find(*command)->state != CommandState::applied);

  twin.master_settings.objection = objection_to_node;
  CHECK(twin.redrive(0, "renewed") == 1);

  CHECK(twin.master->commands().find(*command)->state == CommandState::applied);
  Projections views({});
  views.catch_up(twin.store);
  CHECK(views.unreadable() == 0);
  const Event inner = *let_in_by([&] {
    for (const Event& event : twin.events())
      if (event.type == EventType::range_redriven) return event;
    return Event{};
  }());
  CHECK(inner.type == EventType::command_result);
}

TEST_CASE("bytes that are no event are parked, and what follows in the chain is stored",
          "[return][poison][trust]") {
  HandDriver twin;
  live_for_five_minutes(twin);
  const std::uint64_t mark = twin.mark(StreamClass::control);
  const Bytes noise{1, 2, 3};
  Event next;
  next.origin = next.subject = any(HandDriver::id_of(0));
  next.seq = mark + 2;
  next.type = EventType::local_decision;
  next.prev = digest_of(noise);
  next.payload = encode(LocalDecision{});
  Chunk chunk{};
  chunk.origin = HandDriver::id_of(0);
  chunk.first = mark + 1;
  chunk.last = mark + 2;
  chunk.entries = {{mark + 1, mark + 1, noise, 0}, {mark + 2, mark + 2, encode(next), 0}};
  chunk.digest = digest_of(chunk.entries);

  twin.to_master(0, std::make_shared<const Chunk>(chunk));
  twin.to_master(0, std::make_shared<const Chunk>(chunk));

  CHECK(twin.mark(StreamClass::control) == mark + 2);
  REQUIRE(parked(twin).size() == 1);
  CHECK(parked(twin)[0].packed == noise);
  CHECK(parked(twin)[0].reason == "it is no event");
  CHECK(twin.record().state.phase == Phase::active);
}

TEST_CASE("a log of which too much cannot be read is no accident: the replay ends with a violation",
          "[return][poison][trust]") {
  HandDriver twin;
  twin.master_settings.objection = no_history;
  return_with_history(twin, 40);
  REQUIRE(twin.run_to([&] { return !verdicts(twin).empty(); }));

  CHECK(verdicts(twin) == std::vector{VerdictKind::violation});
  CHECK(parked(twin).size() == 32);
  CHECK(twin.record().state.phase == Phase::quarantined);
}

TEST_CASE("a gap that cannot be read is never parked: nobody knows what it covers", "[poison][trust]") {
  HandDriver twin;
  live_for_five_minutes(twin);
  Event gap;
  gap.origin = gap.subject = any(HandDriver::id_of(0));
  gap.seq = twin.mark(StreamClass::control) + 1;
  gap.type = EventType::stream_gap;
  gap.prev = twin.record().stored->streams[index_of(StreamClass::control)].value;
  gap.payload = {1};
  Chunk chunk{};
  chunk.origin = HandDriver::id_of(0);
  chunk.first = chunk.last = gap.seq;
  chunk.entries = {{gap.seq, gap.seq, encode(gap), 0}};
  chunk.digest = digest_of(chunk.entries);

  twin.to_master(0, std::make_shared<const Chunk>(chunk));

  CHECK(parked(twin).empty());
  CHECK(twin.record().state.phase == Phase::quarantined);
}

TEST_CASE("planted: what cannot be read is passed over without a word, and the log shows the hole",
          "[poison][planted]") {
  const Planted planted(Defect::skip_poison);
  HandDriver twin;
  twin.master_settings.objection = no_history;
  return_with_history(twin, 3);
  REQUIRE(twin.settle());

  CHECK_FALSE(twin.is_stored_exactly_once());
}

TEST_CASE("I-44: planted: a verdict that is clean with a gap is not one by the log", "[poison][planted]") {
  for (const bool is_planted_here : {false, true}) {
    const Planted planted(is_planted_here ? Defect::clean_with_gap : Defect::none);
    HandDriver twin;
    twin.master_settings.objection = no_history;
    return_with_history(twin, 3);
    REQUIRE(twin.settle());

    // What was parked within the session that a clean verdict ended.
    std::size_t lies = 0;
    for (const Event& event : twin.events()) {
      if (event.type != EventType::replay_verdict) continue;
      const auto verdict = payload_of<ReplayVerdict>(event);
      for (const RangeParked& range : parked(twin))
        lies += verdict->kind == VerdictKind::clean && range.session == verdict->session;
    }
    CHECK((lies > 0) == is_planted_here);
  }
}

TEST_CASE("I-10: a parked range closes the hole in a stream on every master that holds the evidence",
          "[poison][replication]") {
  const StreamKey node{any(HandDriver::id_of(0)), 1, StreamClass::history};
  const StreamKey master{any(derive_id<MasterTag>("parked", 1, "master")), 1, StreamClass::control};
  StreamIndex one;
  one.add(node, 1, 1);
  one.add(master, 1, 1);  // the evidence for 2
  one.cover(node, 2, 2);
  one.add(node, 3, 3);
  StreamIndex other;  // where the copies came in another order
  other.add(node, 1, 1);
  other.add(node, 3, 3);
  CHECK(other.held(*other.find(node)).seq == 1);
  other.add(master, 1, 1);
  other.cover(node, 2, 2);

  for (const StreamIndex* index : {&one, &other}) {
    CHECK(index->held(*index->find(node)).seq == 3);
    CHECK(index->held(*index->find(node)).ahead == 0);
  }
}

TEST_CASE("a copy of the evidence opens the door for what follows, before or after it came", "[poison]") {
  Event first;
  first.origin = any(HandDriver::id_of(0));
  first.seq = 1;
  const Bytes one = encode(first);
  const Bytes noise{7};
  Event third = first;
  third.seq = 3;
  third.prev = digest_of(noise);
  const Bytes three = encode(third);
  for (const bool evidence_first : {true, false}) {
    Admission door;
    std::optional<Event> event;
    REQUIRE(door.admit(one, event) == Admitted::fresh);
    const auto evidence = [&] {
      return door.park(first.origin, StreamClass::control, 2, std::nullopt, digest_of(noise));
    };
    if (evidence_first) CHECK(evidence() == Admitted::fresh);
    CHECK(door.admit(three, event) == Admitted::fresh);
    if (!evidence_first) CHECK(evidence() == Admitted::fresh);
    CHECK(evidence() == Admitted::duplicate);
    CHECK(door.follow(first.origin).marks[index_of(StreamClass::control)] == 3);
    CHECK_FALSE(door.follow(first.origin).has_islands());
  }
}
