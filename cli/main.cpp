#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "analysis/question.hpp"
#include "analysis/run_folder.hpp"
#include "ask_command.hpp"
#include "exit_codes.hpp"
#include "model/nearest.hpp"
#include "run_command.hpp"
#include "sim/scenario.hpp"
#include "sim/world.hpp"

namespace {

using namespace ibcf;
using namespace ibcf::cli;

constexpr const char* examples = R"(
Examples:
  ibcf run scenarios/first-partition.json
  ibcf run scenarios/first-partition.json --seed 7 --out out/seven
  ibcf run scenarios/first-partition.json --until 8h --json | jq .verdict
  ibcf run scenarios/small-partition.json --check-determinism
  ibcf ask out/seven --at 2h
  ibcf ask out/seven --at 2h --as happened --domain europe --list
  ibcf validate my-scenario.json
  ibcf schema > scenario.schema.json

Exit codes:
  0 pass   1 an expectation failed   2 bad input   3 an invariant was violated   4 did not converge
  5 not deterministic   70 internal error   74 the disk or another device failed   130 interrupted
)";

int complain(const std::string& what) {
  fmt::print(stderr, "ibcf: {}\n", what);
  return bad_input;
}

// `no command "rnu"; did you mean run?`
std::string with_guess(std::string what, const std::string& given, const std::vector<std::string>& known) {
  const std::string guess = nearest_name(given, known);
  return what + (guess.empty() ? "; see ibcf --help" : fmt::format("; did you mean {}?", guess));
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// What was given and fits nowhere: an option of no such name, or one argument too many.
int complain_of(const std::string& given, const CLI::App& app) {
  if (given.empty() || given[0] != '-')
    return complain(fmt::format("\"{}\" is one argument too many; see ibcf --help", given));
  const std::string name = given.substr(0, given.find('='));
  return complain(with_guess(fmt::format("no option \"{}\"", name), name, options_of(app)));
}

std::string until_error(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) return fmt::format("must be a duration such as 8h or 90min, is \"{}\"", text);
  return *duration > Duration::zero() ? "" : fmt::format("must be more than 0s, is \"{}\"", text);
}

std::string time_error(const std::string& text) {
  return parse_duration(text) ? ""
                              : fmt::format("must be a time of the run such as 8h or 90min, is \"{}\"", text);
}

std::string seed_error(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size()
             ? ""
             : fmt::format("must be a whole number from 0 to 2^64 - 1, is \"{}\"", text);
}

/// A question as it was typed.
struct AskArguments {
  std::string run;
  std::string at, from, until;
  std::string axis = "known";
  analysis::Question question;
  bool json = false;
};

CLI::App* add_ask(CLI::App& app, AskArguments& ask) {
  CLI::App* ask_app =
      app.add_subcommand("ask", "ask a finished run how its fleet was, at the end or at any time");
  ask_app->add_option("run", ask.run, "the run folder")->required();
  ask_app->add_option("--at", ask.at, "how it was at this simulated time, say 2h")->check(time_error);
  ask_app
      ->add_option("--as", ask.axis,
                   "known: what was stored by then; happened: what had happened by then, however "
                   "late it came in")
      ->check([](const std::string& text) {
        return text == "known" || text == "happened"
                   ? ""
                   : fmt::format("must be known or happened, is \"{}\"", text);
      });
  ask_app->add_option("--master", ask.question.master, "what the log of this master alone says");
  ask_app->add_option("--domain", ask.question.domain, "only this domain and all below it");
  ask_app->add_option("--tag", ask.question.tags, "only nodes with this tag; may be given again");
  ask_app->add_option("--bundle", ask.question.bundle,
                      "only nodes that run this policy bundle, NAME or NAME@RELEASE");
  ask_app->add_option("--from", ask.from, "only nodes that moved from this time on")->check(time_error);
  ask_app->add_option("--until", ask.until, "and before this one")->check(time_error);
  ask_app->add_flag("--list", ask.question.list, "the nodes themselves, too");
  CLI::Option* node = ask_app->add_option("--node", ask.question.node, "all that is known of this node");
  for (const auto* narrowing : {"--domain", "--tag", "--bundle", "--from", "--until", "--list"})
    node->excludes(ask_app->get_option(narrowing));  // there is one node, and nothing to narrow
  ask_app->add_flag("--json", ask.json, "the answer as JSON on standard output");
  ask_app->footer(examples);
  return ask_app;
}

int ask_command(AskArguments& ask) {
  analysis::Question& question = ask.question;
  question.run = ask.run;
  question.axis = ask.axis == "known" ? TimeAxis::known : TimeAxis::happened;
  if (!ask.at.empty()) question.at = at(*parse_duration(ask.at));
  if (!ask.from.empty()) question.from = at(*parse_duration(ask.from));
  if (!ask.until.empty()) question.until = at(*parse_duration(ask.until));
  return cli::ask_command(question, ask.json);
}

int dispatch(int argc, char** argv) {
  CLI::App app{
      "IBCF Twin: drives the real fleet control-plane core through partitions, autonomy and replay, and "
      "proves what came of it."};
  app.footer(examples);
  app.set_version_flag("--version", IBCF_VERSION);
  app.require_subcommand(1);

  RunArguments run;
  std::string seed_text;
  std::string until_text;
  CLI::App* run_app = app.add_subcommand("run", "run a scenario and write its run folder");
  run_app->add_option("scenario", run.scenario, "the scenario file")->required();
  run_app->add_option("--seed", seed_text, "instead of the scenario's own seed")->check(seed_error);
  run_app->add_option("--out", run.out, "the run folder; without it the first free out/NAME-SEED");
  run_app->add_option("--until", until_text, "stop at this simulated time, say 8h")->check(until_error);
  run_app->add_flag("--json", run.json, "the result as JSON on standard output");
  run_app->add_flag("--quiet", run.quiet, "no progress and no result, just the exit code and the run folder");
  run_app->add_flag("--check-determinism", run.check_determinism,
                    "run it in two processes and compare event by event; 5 where they differ");
  run_app->footer(examples);

  AskArguments ask;
  CLI::App* ask_app = add_ask(app, ask);

  std::string to_validate;
  bool validate_json = false;
  CLI::App* validate_app =
      app.add_subcommand("validate", "check a scenario without running it; all problems at once");
  validate_app->add_option("scenario", to_validate, "the scenario file")->required();
  validate_app->add_flag("--json", validate_json, "problems as JSON on standard output");

  bool reference = false;
  CLI::App* schema_app = app.add_subcommand("schema", "print the JSON Schema of scenario files");
  schema_app->add_flag("--reference", reference, "the scenario reference as Markdown instead");

  const std::vector<std::string> commands{"run", "ask", "validate", "schema"};
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "help") {
    fmt::print("{}", app.help());
    return passed;
  }
  const std::vector<std::string> of_program = options_of(app);
  const bool is_option = first.starts_with('-');
  if (is_option && first != "-h" &&
      std::find(of_program.begin(), of_program.end(), first) == of_program.end()) {
    const std::vector<std::string> of_run = options_of(*run_app);
    if (std::find(of_run.begin(), of_run.end(), first.substr(0, first.find('='))) != of_run.end())
      return complain(fmt::format("{} comes after the command: ibcf run SCENARIO {}", first, first));
    return complain_of(first, app);
  }
  if (!first.empty() && !is_option && std::find(commands.begin(), commands.end(), first) == commands.end())
    return complain(with_guess(
        fmt::format("no command \"{}\"; there are run, ask, validate and schema", first), first, commands));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ExtrasError&) {
    for (const CLI::App* sub : app.get_subcommands())
      if (const auto rest = sub->remaining(); !rest.empty()) return complain_of(rest.front(), *sub);
    return complain_of(app.remaining().front(), app);
  } catch (const CLI::ParseError& error) {
    return complain(first.empty() ? "needs a command: run, ask, validate or schema; see ibcf --help"
                                  : fmt::format("{}; see ibcf --help", error.what()));
  }

  if (schema_app->parsed()) {
    fmt::print("{}\n", reference ? sim::scenario_reference() : sim::scenario_schema());
    return passed;
  }
  if (ask_app->parsed()) return ask_command(ask);
  if (validate_app->parsed()) return validate_command(to_validate, validate_json);
  if (!seed_text.empty()) {
    std::uint64_t seed = 0;
    std::from_chars(seed_text.data(), seed_text.data() + seed_text.size(), seed);
    run.seed = seed;
  }
  if (!until_text.empty()) run.until = at(*parse_duration(until_text));
  return run_command(run);
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a full disk like any other: told, not died of
  try {
    const int code = dispatch(argc, argv);
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    fmt::print(stderr, "ibcf: cannot write to standard output: {}\n", std::strerror(errno));
    return io_failed;
  } catch (const ibcf::sim::BadWorld& bad) {
    return complain(bad.what());
  } catch (const ibcf::analysis::FolderTaken& taken) {
    return complain(taken.what());
  } catch (const ibcf::analysis::BadQuestion& bad) {
    return complain(bad.what());
  } catch (const std::logic_error& bug) {
    fmt::print(stderr, "ibcf: internal error, please report it: {}\n", bug.what());
    return internal_error;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "ibcf: {}\n", failure.what());
    return io_failed;
  }
}
