#include "analysis/run_folder.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "model/observation.hpp"
#include "synthetic_run.hpp"

using namespace ibcf;
using namespace ibcf::analysis;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

Event some_event(std::uint64_t seq) {
  Event event;
  event.origin = derive_id<AnyTag>("test", 1, "node");
  event.subject = event.origin;
  event.seq = seq;
  event.type = EventType::observation_recorded;
  event.payload = encode(Observation{});
  return event;
}

/// Adds events until `stop(count)` or an exception.
template <class Stop>
void write_events(RunFolder& folder, Stop&& stop) {
  for (std::uint64_t i = 0; !stop(i); ++i) {
    const Event event = some_event(i + 1);
    folder.add_event(0, i, at(1s), encode(event), event);
  }
}

/// What a shell command prints.
std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) text += static_cast<char>(c);
  CHECK(pclose(pipe) == 0);
  return text;
}

/// Runs `work` in a process whose files may not grow beyond `bytes`: writes then fail the way they do on a
/// full disk. Gives its exit code, 7 for a std::runtime_error, and that error's words.
template <class Work>
std::pair<int, std::string> run_with_limit(const fs::path& folder, rlim_t bytes, Work&& work) {
  const auto said = folder / "said";
  std::ofstream{said};
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      work();
    } catch (const std::runtime_error& failure) {
      std::ofstream(said) << failure.what();
      _exit(7);
    }
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of_file(said)};
}

}  // namespace

TEST_CASE("two writes of one run give the same bytes") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "a", {.pictures = true});
  write_synthetic(temporary.path() / "b", {.pictures = true});

  for (const auto* name :
       {"report.json", "timeline.csv", "run.json", "events.db", "report.html", "scenario.json"}) {
    INFO(name);
    CHECK(text_of_file(temporary.path() / "a" / name) == text_of_file(temporary.path() / "b" / name));
  }
}

TEST_CASE("run.json names scenario, seed, build, verdict and every file of the folder") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "deep" / "er" / "run");

  const Json run = Json::parse(text_of_file(temporary.path() / "deep" / "er" / "run" / "run.json"));

  CHECK(run["scenario"] == "synthetic");
  CHECK(run["seed"] == 7);
  CHECK(run["build"] == Json{{"compiler", "GNU"}, {"type", "Release"}});
  CHECK(run["event_hash"] == std::string(64, 'b'));
  CHECK(run["verdict"] == "expectation_failed");
  CHECK(run["exit_code"] == 1);
  CHECK(run["host"] == Json{{"events_per_second", 12345.0}});
  for (const auto& file : run["files"])
    CHECK(fs::exists(temporary.path() / "deep" / "er" / "run" / file.get<std::string>()));
}

TEST_CASE("the log opens with any SQLite tool and reads by names") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");
  const auto ask = [&](const std::string& sql) {
    return output_of("/usr/bin/python3 -c \"import sqlite3,sys; print(sqlite3.connect('" +
                     (temporary.path() / "run" / "events.db").string() +
                     "').execute(sys.argv[1]).fetchall())\" \"" + sql + "\"");
  };

  CHECK(ask("PRAGMA integrity_check") == "[('ok',)]\n");
  CHECK(ask("PRAGMA application_id") == "[(1229079366,)]\n");
  CHECK(ask("SELECT count(*) FROM log WHERE type = 'replay.verdict' AND master = 'europe-1'") == "[(24,)]\n");
  CHECK(ask("SELECT ingested, type, subject, origin FROM log WHERE type = 'conn.lost' ORDER BY ingested_s "
            "LIMIT 1") == "[('01:01:30.000', 'conn.lost', 'node-0', 'europe-1')]\n");
}

TEST_CASE("a finished run is not overwritten") {
  TemporaryFolder temporary;
  write_synthetic(temporary.path() / "run");
  const auto before = text_of_file(temporary.path() / "run" / "run.json");

  CHECK_THROWS_WITH(RunFolder(temporary.path() / "run", facts_of("again")),
                    Catch::Contains("holds a finished run"));

  CHECK(text_of_file(temporary.path() / "run" / "run.json") == before);
}

TEST_CASE("a folder with what is not ours is refused and left as it is") {
  TemporaryFolder temporary;
  const auto folder = temporary.path() / "thesis";
  fs::create_directories(folder);
  std::ofstream(folder / "chapter-1.txt") << "precious";

  CHECK_THROWS_WITH(RunFolder(folder, facts_of("x")), Catch::Contains("chapter-1.txt"));

  CHECK(text_of_file(folder / "chapter-1.txt") == "precious");
}

TEST_CASE("a database of somebody else called events.db is refused") {
  TemporaryFolder temporary;
  std::ofstream(temporary.path() / "events.db") << std::string(4096, 'x');

  CHECK_THROWS_WITH(RunFolder(temporary.path(), facts_of("x")), Catch::Contains("no unfinished run of ours"));

  CHECK(fs::file_size(temporary.path() / "events.db") == 4096);
}

TEST_CASE("a run killed in the middle leaves no finished folder, and the next one overwrites it") {
  TemporaryFolder temporary;
  const auto folder = temporary.path() / "run";
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    RunFolder writer(folder, facts_of("killed"));
    write_events(writer, [&](std::uint64_t i) {
      if (i == 25'000 && write(ready[1], "x", 1) != 1) _exit(1);
      return false;
    });
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  REQUIRE(kill(child, SIGKILL) == 0);
  REQUIRE(waitpid(child, nullptr, 0) == child);

  CHECK(fs::exists(folder / "events.db"));
  CHECK(fs::file_size(folder / "events.db") > 1'000'000);
  CHECK_FALSE(fs::exists(folder / "run.json"));
  write_synthetic(folder);
  CHECK(fs::exists(folder / "run.json"));
}

TEST_CASE("a full disk is told with the file and the reason, and leaves no finished folder") {
  const auto megabytes = GENERATE(1, 2, 4);
  TemporaryFolder temporary;
  const auto folder = temporary.path() / "run";

  const auto [code, said] = run_with_limit(temporary.path(), static_cast<rlim_t>(megabytes) << 20, [&] {
    RunFolder writer(folder, facts_of("full"));
    write_events(writer, [](std::uint64_t i) { return i == 200'000; });
    writer.finish({});
  });

  CHECK(code == 7);
  CHECK_THAT(said, Catch::Contains("events.db") && Catch::Contains("File too large"));
  CHECK_FALSE(fs::exists(folder / "run.json"));
}

TEST_CASE("a disk that fills while the report is written leaves no finished folder") {
  // Escaping makes the page five times as large as the log, so that the limit lies between the two.
  TemporaryFolder temporary;
  const auto folder = temporary.path() / "run";
  RunResult result;
  result.metrics = {{"replays_clean", "", 1, std::string(400'000, '&')}};

  const auto [code, said] = run_with_limit(temporary.path(), 1 << 20, [&] {
    RunFacts facts = facts_of("full");
    facts.pictures = false;
    RunFolder(folder, facts).finish(result);
  });

  CHECK(code == 7);
  CHECK_THAT(said, Catch::Contains("report.html") && Catch::Contains("File too large"));
  CHECK(fs::exists(folder / "report.json"));
  CHECK_FALSE(fs::exists(folder / "report.html"));
  CHECK_FALSE(fs::exists(folder / "run.json"));
}

TEST_CASE("the page refers to nothing outside, and every text is escaped") {
  TemporaryFolder temporary;
  const auto outcome = write_synthetic(
      temporary.path() / "run", {.scenario = "a <script>alert('x')</script> & \"co\"", .pictures = true});

  const std::string page = text_of_file(outcome.report);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;co&quot;") !=
        std::string::npos);
  CHECK(page.find("the cut &lt;must&gt; be complete &amp; &quot;clean&quot;") != std::string::npos);
  CHECK(page.find("http://") == std::string::npos);
  CHECK(page.find("https://") == std::string::npos);
  CHECK(page.find("@import") == std::string::npos);
  CHECK(page.find("url(") == std::string::npos);
  for (const auto* attribute : {"src=\"", "href=\"", "srcset=\""})
    for (auto at = page.find(attribute); at != std::string::npos; at = page.find(attribute, at + 1))
      CHECK(page.substr(at).starts_with("src=\"data:image/png;base64,"));
}

TEST_CASE("the pictures are drawn and stand inside the page") {
  TemporaryFolder temporary;
  const auto outcome = write_synthetic(temporary.path() / "run", {.pictures = true});

  CHECK(outcome.warnings.empty());
  const std::string page = text_of_file(outcome.report);
  for (const auto* name : {"connectivity", "backlog", "replay", "links", "authority", "rollout", "reach"}) {
    INFO(name);
    CHECK(text_of_file(temporary.path() / "run" / "plots" / (std::string(name) + ".png"))
              .starts_with("\x89PNG"));
    CHECK(page.find("alt=\"" + std::string(name) + "\" src=\"data:image/png;base64,iVBOR") !=
          std::string::npos);
  }
}

TEST_CASE("without matplotlib the report is made, without pictures, and says so") {
  TemporaryFolder temporary;
  fs::create_directories(temporary.path() / "path" / "matplotlib");
  std::ofstream(temporary.path() / "path" / "matplotlib" / "__init__.py")
      << "raise ImportError('not installed')\n";
  setenv("PYTHONPATH", (temporary.path() / "path").c_str(), 1);

  const auto outcome = write_synthetic(temporary.path() / "run", {.pictures = true});

  REQUIRE(outcome.warnings.size() == 1);
  CHECK_THAT(outcome.warnings[0], Catch::StartsWith("no pictures: ") && Catch::Contains("matplotlib"));
  CHECK_THAT(text_of_file(outcome.report), Catch::Contains("no pictures: "));
  CHECK(fs::exists(temporary.path() / "run" / "run.json"));
}
