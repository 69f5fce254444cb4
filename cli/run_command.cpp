#include "run_command.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "exit_codes.hpp"
#include "progress.hpp"
#include "recorder.hpp"
#include "second_process.hpp"
#include "sim/world.hpp"
#include "verdict_table.hpp"

namespace ibcf::cli {
namespace {

volatile sig_atomic_t stop_signal = 0;

void on_stop(int signal) {
  stop_signal = signal;
}

// Ctrl-C and a polite kill end the run between two entries; while the report is written they end the process,
// which leaves no run.json.
class StopSignals {
 public:
  StopSignals() {
    struct sigaction action {};
    action.sa_handler = on_stop;
    sigaction(SIGINT, &action, &old_int_);
    sigaction(SIGTERM, &action, &old_term_);
  }
  ~StopSignals() {
    sigaction(SIGINT, &old_int_, nullptr);
    sigaction(SIGTERM, &old_term_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

// What a user typed may be no UTF-8, which JSON must be.
std::string text_of_json(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::filesystem::path free_folder(const std::string& name, std::uint64_t seed) {
  const std::filesystem::path first = fmt::format("out/{}-{}", name, seed);
  std::filesystem::path folder = first;
  for (int i = 2; std::filesystem::exists(folder / "run.json"); ++i)
    folder = fmt::format("{}.{}", first.string(), i);
  return folder;
}

std::string_view word_of(sim::Scenario::Expectation::Compare compare) {
  switch (compare) {
    case sim::Scenario::Expectation::Compare::is:
      return "is";
    case sim::Scenario::Expectation::Compare::at_least:
      return "at least";
    case sim::Scenario::Expectation::Compare::at_most:
      return "at most";
  }
  return "";
}

struct VerdictWord {
  std::string_view word;
  ExitCode code;
};
VerdictWord word_of(sim::RunVerdict verdict) {
  switch (verdict) {
    case sim::RunVerdict::pass:
      return {"pass", passed};
    case sim::RunVerdict::expectation_failed:
      return {"expectation_failed", expectation_failed};
    case sim::RunVerdict::unsafe:
      return {"invariant_violated", invariant_violated};
    case sim::RunVerdict::stuck:
      return {"did_not_converge", did_not_converge};
  }
  return {"internal_error", internal_error};
}

void print_problems(const std::vector<sim::Problem>& problems, bool json) {
  if (!json) {
    for (const auto& problem : problems) fmt::print(stderr, "{}\n", text_of(problem));
    fmt::print(stderr, "{} problem{}\n", problems.size(), problems.size() == 1 ? "" : "s");
    return;
  }
  Json list = Json::array();
  for (const auto& problem : problems)
    list.push_back({{"file", problem.file},
                    {"line", problem.line},
                    {"column", problem.column},
                    {"path", problem.path},
                    {"what", problem.what}});
  fmt::print("{}\n",
             text_of_json(
                 {{"verdict", "bad_input"}, {"exit_code", static_cast<int>(bad_input)}, {"problems", list}}));
}

analysis::RunFacts facts_of(const sim::LoadedScenario& loaded, const RunArguments& arguments) {
  const sim::Scenario& scenario = loaded.scenario;
  analysis::RunFacts facts;
  facts.scenario = scenario.name;
  facts.scenario_hash = scenario.text_hash;
  facts.seed = scenario.seed;
  facts.version = IBCF_VERSION;
  facts.compiler = IBCF_COMPILER;
  facts.build_type = IBCF_BUILD_TYPE;
  facts.network = scenario.network == sim::NetworkMode::flow ? "flow" : "hybrid";
  facts.horizon = scenario.horizon.time_since_epoch();
  facts.derived = {{"seed", scenario.seed},
                   {"tie_seed", scenario.tie_seed},
                   {"until", arguments.until == never ? Json(nullptr)
                                                      : Json(text_of(arguments.until.time_since_epoch()))}};
  facts.resolved_scenario = loaded.resolved;
  return facts;
}

analysis::RunResult result_of(const sim::Scenario& scenario, const sim::Outcome& outcome, double elapsed_s) {
  analysis::RunResult result;
  result.event_hash = outcome.event_hash;
  result.end = outcome.ended.time_since_epoch();
  result.verdict = word_of(outcome.verdict).word;
  result.exit_code = word_of(outcome.verdict).code;
  for (const auto& text : outcome.violations) result.detail += text + "\n";
  for (const auto& text : outcome.waiting) result.detail += "not yet: " + text + "\n";
  for (const auto& checked : outcome.expectations) {
    if (!checked.evaluated) continue;
    const auto& expectation = *checked.expectation;
    result.expectations.push_back(
        {expectation.metric, expectation.domain == sim::none ? "" : scenario.domains[expectation.domain].name,
         expectation.at, std::string(word_of(expectation.compare)), expectation.value, checked.got,
         checked.pass, expectation.why, expectation.place});
  }
  for (const auto& [name, value] : outcome.metrics) {
    std::string meaning;
    for (const auto& known : sim::metric_names())
      if (known.name == name) meaning = known.meaning;
    result.metrics.push_back({name, "", value, meaning});
  }
  for (const auto& [name, value] : outcome.counters) result.counters[name] = value;
  result.counters["calendar_entries"] = outcome.events;
  result.events_per_second = static_cast<double>(outcome.events) / elapsed_s;
  return result;
}

void print_result(const analysis::RunResult& result, const analysis::RunOutcome& run,
                  const sim::Outcome& outcome, double elapsed_s, const RunArguments& arguments,
                  const std::optional<Determinism>& determinism) {
  const bool holds = !determinism || determinism->holds;
  const std::string verdict = holds                                         ? result.verdict
                              : determinism->exit_code == not_deterministic ? "not_deterministic"
                                                                            : "not_compared";
  if (arguments.json) {
    Json expectations = Json::array();
    for (const auto& one : result.expectations)
      expectations.push_back({{"metric", one.metric},
                              {"domain", one.domain},
                              {"compare", one.compare},
                              {"wanted", one.wanted},
                              {"got", one.got},
                              {"pass", one.pass},
                              {"why", one.why},
                              {"place", one.place}});
    Json compared;
    if (determinism) compared = {{"holds", holds}, {"difference", determinism->lines}};
    fmt::print("{}\n", Json{{"verdict", verdict},
                            {"exit_code", holds ? result.exit_code : determinism->exit_code},
                            {"cut_short", outcome.cut_short},
                            {"end_s", seconds_of(result.end)},
                            {"event_hash", result.event_hash},
                            {"expectations", expectations},
                            {"detail", result.detail},
                            {"determinism", compared},
                            {"story", run.story},
                            {"counters", result.counters},
                            {"events_per_second", result.events_per_second},
                            {"report", run.report.string()},
                            {"warnings", run.warnings}}
                           .dump(2));
    return;
  }
  const bool colour = isatty(STDOUT_FILENO) == 1;
  for (const auto& warning : run.warnings) fmt::print(stderr, "warning: {}\n", warning);
  const std::size_t due = outcome.expectations.size();
  const std::size_t asked = result.expectations.size();
  fmt::print("\n{}", verdict_table(result.expectations, colour));
  if (asked < due)
    fmt::print("  {} of {} expectations were not due yet: the run {}\n", due - asked, due,
               outcome.violations.empty() ? "was cut short" : "ended where an invariant broke");
  if (!result.detail.empty()) fmt::print("\n{}", result.detail);
  if (determinism)
    fmt::print("\n{}\n", holds ? "a second process gave the same run, event by event"
                               : fmt::format("{}", fmt::join(determinism->lines, "\n")));
  fmt::print("\nverdict  {}\nhash     {}\nspeed    {} events in {:.1f} s, {:.2f} M/s\n\n", verdict,
             result.event_hash, outcome.events, elapsed_s, result.events_per_second / 1e6);
  for (const auto& sentence : run.story) fmt::print("{}\n", sentence);
  fmt::print("\nreport   {}\n", run.report.string());
}

}  // namespace

int run_command(const RunArguments& arguments) {
  sim::LoadedScenario loaded = sim::load_scenario(arguments.scenario);
  if (!loaded.problems.empty()) {
    print_problems(loaded.problems, arguments.json);
    return bad_input;
  }
  sim::Scenario& scenario = loaded.scenario;
  if (arguments.seed) scenario.seed = *arguments.seed;
  sim::World world(scenario);

  const auto folder = arguments.out.empty() ? free_folder(scenario.name, scenario.seed)
                                            : std::filesystem::path(arguments.out);
  analysis::RunFolder run(folder, facts_of(loaded, arguments));
  Recorder recorder(run);
  std::optional<SecondProcess> second;
  if (arguments.check_determinism) second.emplace(arguments, folder);
  sim::Outcome outcome;
  double elapsed_s = 0;
  {
    const StopSignals stop_signals;
    Progress progress(std::min(arguments.until, scenario.horizon), !arguments.quiet && !arguments.json);
    sim::RunOptions options;
    options.until = arguments.until;
    options.observer = &recorder;
    options.progress = [&](Instant now, std::uint64_t events) {
      progress.show(now, events);
      return stop_signal == 0;
    };
    outcome = world.run(options);
    elapsed_s = progress.elapsed_s();
  }
  if (stop_signal != 0) {
    fmt::print(stderr,
               "ibcf: interrupted; {} holds the log so far and no run.json: it does not count as a run\n",
               folder.string());
    return interrupted;
  }
  if (!arguments.quiet && !arguments.json) fmt::print(stderr, "writing the report to {}\n", folder.string());
  const analysis::RunResult result = result_of(scenario, outcome, elapsed_s);
  const analysis::RunOutcome written = run.finish(result);
  std::optional<Determinism> determinism;
  if (second) determinism = compare_with(*second, folder);
  if (!arguments.quiet || arguments.json)
    print_result(result, written, outcome, elapsed_s, arguments, determinism);
  return determinism && !determinism->holds ? determinism->exit_code : result.exit_code;
}

int validate_command(const std::string& file, bool json) {
  const sim::LoadedScenario loaded = sim::load_scenario(file);
  if (!loaded.problems.empty()) {
    print_problems(loaded.problems, json);
    return bad_input;
  }
  const sim::Scenario& scenario = loaded.scenario;
  const sim::World world(scenario);  // some things only show on a globe
  std::uint32_t nodes = 0;
  for (const auto& group : scenario.groups) nodes += group.count;
  if (json)
    fmt::print("{}\n", Json{{"verdict", "valid"},
                            {"exit_code", 0},
                            {"scenario_hash", scenario.text_hash},
                            {"problems", Json::array()}}
                           .dump(2));
  else
    fmt::print(
        "{}: valid; {} domains, {} masters, {} relays, {} nodes, {} faults, {} expectations, {} simulated\n",
        file, scenario.domains.size(), scenario.controllers.size(), scenario.relays.size(), nodes,
        scenario.faults.size(), scenario.expect.size(), text_of(scenario.horizon.time_since_epoch()));
  return passed;
}

}  // namespace ibcf::cli
