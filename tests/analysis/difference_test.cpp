#include "analysis/difference.hpp"

#include <catch2/catch.hpp>

#include "model/payloads.hpp"
#include "synthetic_run.hpp"

using namespace ibcf;
using namespace ibcf::analysis;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

struct Written {
  std::uint64_t events = 3000;
  std::uint64_t changed = 0;  ///< the event that is another one; 0: none
  std::uint64_t late = 0;     ///< the event that is stored a nanosecond later
  std::string event_hash = "same";
};

void write(const fs::path& folder, const Written& what) {
  RunFacts facts = facts_of("difference");
  facts.pictures = false;
  RunFolder run(folder, facts);
  run.add_master(0, derive_id<MasterTag>("difference", 1, "master"), "europe-1", AuthorityLevel::region, 0,
                 "x");
  const NodeId node = derive_id<NodeTag>("difference", 1, "node");
  run.add_node(0, node, "pump-3", 0, "group", "lte", whole_fleet, 0, 0);
  for (std::uint64_t i = 1; i <= what.events; ++i) {
    Event event;
    event.origin = event.subject = any(node);
    event.seq = i;
    event.type = EventType::local_decision;
    event.payload =
        encode(LocalDecision{.what = i == what.changed ? "stop" : "go on", .object = {}, .value = {}});
    run.add_event(0, i - 1, at(1s) + Duration{i == what.late ? 1 : 0}, encode(event), event);
  }
  RunResult result;
  result.event_hash = what.event_hash;
  run.finish(result);
}

std::optional<LogDifference> difference(const Written& one, const Written& other) {
  const TemporaryFolder temporary;
  write(temporary.path() / "one", one);
  write(temporary.path() / "other", other);
  return first_difference(temporary.path() / "one", temporary.path() / "other");
}

}  // namespace

TEST_CASE("two logs that are the same have no difference, wherever their last checkpoint lies") {
  for (const std::uint64_t events : {0, 1, 1023, 1024, 1025, 3000})
    CHECK_FALSE(difference({.events = events}, {.events = events}));
}

TEST_CASE("the first event that differs is found and told from both sides, wherever it is") {
  for (const std::uint64_t event : {1, 2, 1023, 1024, 1025, 2048, 2049, 2999, 3000}) {
    INFO("event " << event);
    const auto found = difference({}, {.changed = event});
    REQUIRE(found);
    CHECK(found->event == event);
    CHECK_THAT(found->first.value(),
               Catch::StartsWith("00:00:01 europe-1 stored local.decision about pump-3, seq " +
                                 std::to_string(event) + " of pump-3") &&
                   Catch::Contains("go on"));
    CHECK_THAT(found->second.value(), Catch::Contains("stop"));
  }
}

TEST_CASE("where one log goes on longer, that is where they part") {
  const auto found = difference({.events = 2048}, {.events = 2050});

  REQUIRE(found);
  CHECK(found->event == 2049);
  CHECK_FALSE(found->first);
  CHECK(found->second);
}

TEST_CASE("of several differences the first counts") {
  const auto found = difference({.changed = 1500}, {.changed = 2500});

  REQUIRE(found);
  CHECK(found->event == 1500);
}

TEST_CASE("figures that differ are told by their key, and what belongs to the machine is not one") {
  const TemporaryFolder temporary;
  write(temporary.path() / "one", {});
  write(temporary.path() / "same", {});
  write(temporary.path() / "other", {.event_hash = "other"});

  CHECK(figure_difference(temporary.path() / "one", temporary.path() / "same").empty());
  CHECK(figure_difference(temporary.path() / "one", temporary.path() / "other") ==
        "event_hash: \"same\" and \"other\"");
}

TEST_CASE("a folder without a log cannot be compared, and is told by its name") {
  const TemporaryFolder temporary;
  write(temporary.path() / "one", {});

  CHECK_THROWS_WITH(first_difference(temporary.path() / "one", temporary.path() / "none"),
                    Catch::Contains("none"));
}
