#include "analysis/question.hpp"

#include <catch2/catch.hpp>

#include "synthetic_run.hpp"

using namespace ibcf;
using namespace ibcf::analysis;
using namespace std::chrono_literals;

namespace {

struct Asked {
  TemporaryFolder folder;
  std::filesystem::path run = folder.path() / "run";
  Asked() { write_synthetic(run); }

  [[nodiscard]] Json operator()(Question question) const {
    question.run = run;
    return answer(question);
  }
};

std::uint64_t count(const Json& summary, const char* part, const char* word) {
  return summary[part].value(word, std::uint64_t{0});
}

const Json& domain(const Json& answered, const std::string& name) {
  for (const Json& row : answered["domains"])
    if (row["domain"] == name) return row;
  FAIL("no domain " << name);
  return answered;
}

}  // namespace

TEST_CASE("a finished run is asked how its fleet was at any time", "[question]") {
  const Asked ask;
  const Json at_the_end = ask({});
  const Json cut_off = ask({.at = at(2h)});

  CHECK(at_the_end["fleet"]["nodes"] == 36);
  CHECK(count(at_the_end["fleet"], "connectivity", "AUTONOMOUS") == 0);
  CHECK(domain(cut_off, "europe")["nodes"] == 24);
  CHECK(count(domain(cut_off, "europe"), "connectivity", "AUTONOMOUS") == 24);
  CHECK(count(domain(cut_off, "asia"), "connectivity", "AUTONOMOUS") == 0);
  CHECK(count(cut_off["fleet"], "connectivity", "AUTONOMOUS") == 24);
  CHECK(cut_off["as_of"]["at_s"] == 7200.0);
  CHECK(cut_off["as_of"]["entries"] < at_the_end["as_of"]["entries"]);
}

TEST_CASE("a question narrows by domain, master, window and node", "[question]") {
  const Asked ask;

  CHECK(ask({.domain = "asia"})["fleet"]["nodes"] == 12);
  CHECK(ask({.tags = {"no such tag"}})["fleet"]["nodes"] == 0);
  const Json all = ask({});
  const Json one = ask({.master = "europe-1"});
  CHECK(one["as_of"]["master"] == "europe-1");
  CHECK(one["as_of"]["entries"] < all["as_of"]["entries"]);
  const Json listed = ask({.domain = "asia", .list = true});
  CHECK(listed["nodes"].size() == 12);
  CHECK(listed["names"][listed["nodes"][0]["domain_id"].get<std::string>()] == "asia");
}

TEST_CASE("a question about what the run does not have is answered with all that is wrong", "[question]") {
  const Asked ask;
  try {
    (void)ask({.at = at(400h), .master = "eurpe-1", .node = "nobody at all"});
    FAIL("an answer");
  } catch (const BadQuestion& bad) {
    const std::string what = bad.what();
    CHECK(what.find("no master \"eurpe-1\" in this run; did you mean europe-1?") != std::string::npos);
    CHECK(what.find("no node \"nobody at all\" in this run") != std::string::npos);
    CHECK(what.find("before 400:00:00") != std::string::npos);
  }
  CHECK_THROWS_AS(answer({.run = ask.folder.path()}), BadQuestion);
  CHECK_THROWS_AS(answer({.run = ask.folder.path() / "nowhere"}), BadQuestion);
}
