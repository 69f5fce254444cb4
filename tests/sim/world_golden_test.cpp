#include <cstdlib>
#include <fstream>
#include <sstream>

#include "model/json.hpp"
#include "model/payloads.hpp"
#include "world_support.hpp"

using namespace ibcf;
using namespace ibcf::sim;

namespace {

/// The log as text: one line per event with the time it was stored, its type, whom it is about, and its
/// payload.
struct Scribe final : BlindObserver {
  std::map<AnyId, std::string> names;
  std::ostringstream text;

  void domain(std::uint32_t, const Domain& domain, std::uint32_t) override {
    names[any(domain.id)] = domain.name;
  }
  void master(std::uint32_t, MasterId id, const std::string& name, AuthorityLevel, std::uint32_t,
              const std::string&) override {
    names[any(id)] = name;
  }
  void node(std::uint32_t, NodeId id, const std::string& name, std::uint32_t, const std::string&,
            const std::string&, std::uint32_t, Place) override {
    names[any(id)] = name;
  }
  void stored(std::uint32_t, const Stored& stored, const Event& event) override {
    const auto name = names.find(event.subject);
    text << clock_text_of(stored.ingested) << ' ' << word_of(event.type) << ' '
         << (name == names.end() ? text_of(event.subject) : name->second) << ' '
         << payload_json(event.type, event.payload).dump() << '\n';
  }
};

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in.good());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the golden log of ten nodes in ten minutes is, line by line, the one that was reviewed",
          "[world][golden]") {
  const std::string golden = "tests/golden/ten-nodes.log";
  const Scenario scenario = scenario_from("tests/golden/ten-nodes.json");
  Scribe scribe;
  World world(scenario);

  const Outcome outcome = world.run({.until = never, .observer = &scribe, .progress = {}});

  CHECK(outcome.verdict == RunVerdict::pass);
  if (std::getenv("IBCF_WRITE_GOLDEN") != nullptr) {
    std::ofstream(golden, std::ios::binary) << scribe.text.str();
    WARN("wrote " << golden << "; read what changed in it before you commit");
  }
  std::istringstream expected(content_of(golden));
  std::istringstream got(scribe.text.str());
  std::string expected_line;
  std::string got_line;
  int number = 0;
  while (true) {
    ++number;
    const bool more_expected = static_cast<bool>(std::getline(expected, expected_line));
    const bool more_got = static_cast<bool>(std::getline(got, got_line));
    INFO("line " << number);
    REQUIRE((more_got ? got_line : "the end") == (more_expected ? expected_line : "the end"));
    if (!more_got) break;
  }
  CHECK(number > 50);
}
