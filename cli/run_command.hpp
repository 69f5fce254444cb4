#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/time.hpp"

namespace ibcf::cli {

struct RunArguments {
  std::string scenario;
  std::optional<std::uint64_t> seed;
  std::string out;  ///< empty: the first free folder out/NAME-SEED, out/NAME-SEED.2, ...
  Instant until = never;
  bool json = false;
  bool quiet = false;
  bool check_determinism = false;          ///< runs it in a second process too, and compares
  std::string program = "/proc/self/exe";  ///< for the second process; only tests name another
};

/// Runs a scenario into a run folder; the exit code tells what came of it. Throws what the disk throws.
int run_command(const RunArguments& arguments);

/// Checks a scenario without running it: problems on standard error (or as JSON on standard output), exit
/// code 0 or 2.
int validate_command(const std::string& scenario, bool json);

}  // namespace ibcf::cli
