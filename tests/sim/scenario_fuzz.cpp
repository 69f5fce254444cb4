#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "../place.hpp"
#include "scenario_support.hpp"

namespace ibcf::sim {
namespace {

// Whatever stands in the file: either a whole scenario or problems that each name their place or file.
void require_answer(const std::string& text) {
  const TemporaryFile file("mutated.json", text);
  const auto loaded = load_scenario(file.name());
  RC_ASSERT(loaded.problems.empty() != loaded.resolved.empty());
  RC_ASSERT(loaded.problems.empty() == (loaded.scenario.text_hash.size() == 64));
  for (const Problem& problem : loaded.problems)
    RC_ASSERT(!problem.what.empty() && problem.file == file.name());
}

const std::string& shipped() {
  static const std::string text = text_in(project_folder() + "/scenarios/small-partition.json");
  return text;
}

TEST_CASE("no flipped bytes of a scenario crash the loader", "[scenario][property]") {
  CHECK(rc::check("for any few bytes at any places", [] {
    std::string text = shipped();
    const auto flips = *rc::gen::inRange(1, 5);
    for (int i = 0; i < flips; ++i)
      text[*rc::gen::inRange<std::size_t>(0, text.size())] = static_cast<char>(*rc::gen::inRange(0, 256));
    require_answer(text);
  }));
}

TEST_CASE("no truncated scenario crashes the loader or passes for a whole one", "[scenario][property]") {
  CHECK(rc::check("for any length", [] {
    // The last two bytes are the closing brace and its line's end.
    const auto text = shipped().substr(0, *rc::gen::inRange<std::size_t>(0, shipped().size() - 1));
    require_answer(text);
    const TemporaryFile file("truncated.json", text);
    RC_ASSERT(!load_scenario(file.name()).problems.empty());
  }));
}

// Flipped bytes rarely get past the syntax; this one replaces whole values.
TEST_CASE("no value in another's place crashes the loader", "[scenario][property]") {
  CHECK(rc::check("for any token replaced by another", [] {
    static const std::vector<std::string> values{"null",
                                                 "0",
                                                 "-1",
                                                 "1e300",
                                                 "18446744073709551615",
                                                 "\"\"",
                                                 "true",
                                                 "[]",
                                                 "{}",
                                                 "[{}]",
                                                 "[null]",
                                                 "\"europe\"",
                                                 "\"0s\"",
                                                 "0.5",
                                                 "\"9999999h\"",
                                                 "{\"kind\": \"geo\"}",
                                                 "{\"name\": \"earth\"}"};
    std::string text = shipped();
    const auto from = text.find(": ", *rc::gen::inRange<std::size_t>(0, text.size() - 200)) + 2;
    const auto to = text.find_first_of(",]}\n", from);
    text.replace(from, to - from, *rc::gen::elementOf(values));
    require_answer(text);
  }));
}

}  // namespace
}  // namespace ibcf::sim
