#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "../place.hpp"
#include "controlplane/planted.hpp"
#include "model/json.hpp"
#include "sim/world.hpp"

namespace ibcf::sim {

/// Runs `work` in a process of its own and returns its text; SimGrid allows one world per process.
inline std::string text_from_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::fflush(nullptr);  // or the child would print what we have not printed yet
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    int code = 1;
    try {
      const std::string text = work();
      auto* out = fdopen(ends[1], "w");
      std::fwrite(text.data(), 1, text.size(), out);
      code = std::fclose(out) == 0 ? 0 : 1;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in a child: %s\n", error.what());
    }
    _exit(code);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return text;
}

/// A scenario of the repository; without a problem, or the test ends here.
inline Scenario scenario_from(const std::string& file) {
  REQUIRE(chdir(project_folder().c_str()) == 0);
  LoadedScenario loaded = load_scenario(file);
  for (const Problem& problem : loaded.problems) FAIL(text_of(problem));
  return loaded.scenario;
}

/// What a test asks of a run that took place in another process.
struct RunResult {
  RunVerdict verdict = RunVerdict::pass;
  std::string event_hash;
  std::vector<std::string> failed;  ///< metrics of expectations that failed
  std::vector<std::string> violations;
  std::vector<std::string> waiting;
  std::map<std::string, double> metrics;
  std::string ended;          ///< the clock when it ended
  std::uint64_t events = 0;   ///< in the log
  double last_verdict_s = 0;  ///< when the last replay ended
  std::uint64_t verdicts = 0;

  [[nodiscard]] bool has_failed(const std::string& metric) const {
    return std::find(failed.begin(), failed.end(), metric) != failed.end();
  }
  /// An invariant is named by the start of its line: "I-23".
  [[nodiscard]] bool violates(const std::string& invariant) const {
    return std::any_of(violations.begin(), violations.end(), [&](const auto& line) {
      return line.rfind(invariant + " ", 0) == 0 || line.rfind(invariant + ":", 0) == 0;
    });
  }
  /// The run ended at the event that broke the invariant, and its one line says where that is.
  [[nodiscard]] bool stopped_at(const std::string& invariant) const {
    if (violations.empty()) return false;
    const std::string start = invariant + " at " + ended + ", event ";
    if (violations[0].rfind(start, 0) != 0) return false;
    const std::uint64_t event = std::stoull(violations[0].substr(start.size()));
    // The rest of what one calendar entry stored may follow it.
    return event > 0 && event <= events && events < event + 50;
  }
  [[nodiscard]] std::string text() const {
    std::string text = "ended at " + ended + " after " + std::to_string(events) + " events\n";
    for (const auto& one : failed) text += "failed: " + one + "\n";
    for (const auto& one : violations) text += "violated: " + one + "\n";
    for (const auto& one : waiting) text += "waiting: " + one + "\n";
    return text;
  }
};

/// An observer that sees nothing; tests override what they look at.
struct BlindObserver : RunObserver {
  void domain(std::uint32_t, const Domain&, std::uint32_t) override {}
  void master(std::uint32_t, MasterId, const std::string&, AuthorityLevel, std::uint32_t,
              const std::string&) override {}
  void relay(std::uint32_t, const Relay&, std::uint32_t) override {}
  void node(std::uint32_t, NodeId, const std::string&, std::uint32_t, const std::string&, const std::string&,
            std::uint32_t, Place) override {}
  void link(LinkIndex, const LinkSpec&, const std::string&, const std::string&) override {}
  void fault(const std::string&, const std::string&, Instant, Instant) override {}
  void stored(std::uint32_t, const Stored&, const Event&) override {}
  void body(const Digest&, ByteView) override {}
  void sample(Instant, std::string_view, std::uint32_t, double) override {}
  void link_use(Instant, LinkIndex, std::uint64_t, Duration) override {}
  void reach(Instant, Instant, const std::string&, std::uint32_t) override {}
  void link_total(LinkIndex, const LinkCount&) override {}
};

struct VerdictWatch final : BlindObserver {
  double last_s = 0;
  std::uint64_t count = 0;
  std::uint64_t events = 0;
  void stored(std::uint32_t, const Stored& stored, const Event& event) override {
    ++events;
    if (event.type != EventType::replay_verdict) return;
    last_s = seconds_of(stored.ingested);
    ++count;
  }
};

/// Runs the scenario, with this defect planted, in a process of its own.
inline RunResult run_apart(const Scenario& scenario, Defect defect = Defect::none) {
  const Json json = Json::parse(text_from_child([&] {
    planted_defect = defect;
    VerdictWatch watch;
    World world(scenario);
    const Outcome outcome = world.run({.until = never, .observer = &watch, .progress = {}});
    Json told{{"verdict", static_cast<int>(outcome.verdict)},
              {"hash", outcome.event_hash},
              {"violations", outcome.violations},
              {"waiting", outcome.waiting},
              {"ended", clock_text_of(outcome.ended)},
              {"events", watch.events},
              {"last_verdict_s", watch.last_s},
              {"verdicts", watch.count},
              {"failed", Json::array()},
              {"metrics", Json::object()}};
    for (const Checked& one : outcome.expectations)
      if (one.evaluated && !one.pass) told["failed"].push_back(one.expectation->metric);
    for (const auto& [name, value] : outcome.metrics) told["metrics"][name] = value;
    return told.dump();
  }));
  return {.verdict = static_cast<RunVerdict>(json["verdict"].get<int>()),
          .event_hash = json["hash"],
          .failed = json["failed"],
          .violations = json["violations"],
          .waiting = json["waiting"],
          .metrics = json["metrics"],
          .ended = json["ended"],
          .events = json["events"],
          .last_verdict_s = json["last_verdict_s"],
          .verdicts = json["verdicts"]};
}

}  // namespace ibcf::sim
