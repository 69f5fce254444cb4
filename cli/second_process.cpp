#include "second_process.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "analysis/difference.hpp"
#include "exit_codes.hpp"

namespace ibcf::cli {
namespace {

namespace fs = std::filesystem;

fs::path new_folder_beside(const fs::path& folder) {
  std::string name = fs::absolute(folder).lexically_normal().string();
  if (name.ends_with('/')) name.pop_back();
  name += ".again-XXXXXX";
  if (mkdtemp(name.data()) == nullptr)
    throw std::runtime_error(fmt::format("{}: {}", name, std::strerror(errno)));
  return name;
}

bool is_verdict(int exit_code) {
  return exit_code == passed || exit_code == expectation_failed || exit_code == invariant_violated ||
         exit_code == did_not_converge;
}

}  // namespace

SecondProcess::SecondProcess(const RunArguments& arguments, const fs::path& folder)
    : folder_(new_folder_beside(folder)) {
  std::vector<std::string> words{"ibcf", "run", arguments.scenario, "--quiet", "--out", folder_.string()};
  if (arguments.seed) words.insert(words.end(), {"--seed", std::to_string(*arguments.seed)});
  if (arguments.until != never)
    words.insert(words.end(), {"--until", text_of(arguments.until.time_since_epoch())});
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int error = posix_spawn(&child_, arguments.program.c_str(), nullptr, nullptr, argv.data(), environ);
  if (error != 0) {
    child_ = 0;
    fs::remove_all(folder_);
    throw std::runtime_error(
        fmt::format("{}: cannot start a second process: {}", arguments.program, std::strerror(error)));
  }
}

SecondProcess::~SecondProcess() {
  if (child_ != 0) {
    kill(child_, SIGTERM);
    wait();
  }
  std::error_code ignored;  // a folder left behind is no reason to fail
  if (!is_kept_) fs::remove_all(folder_, ignored);
}

int SecondProcess::wait() {
  int status = 0;
  while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(internal_error);
}

Determinism compare_with(SecondProcess& second, const fs::path& folder) {
  Determinism result;
  if (const int code = second.wait(); !is_verdict(code)) {
    result.exit_code = code;
    result.lines.push_back(fmt::format("the second process came to no verdict and ended with {}", code));
    return result;
  }
  if (const auto difference = analysis::first_difference(folder, second.folder())) {
    result.lines.push_back(fmt::format("two processes part at event {}", difference->event));
    result.lines.push_back(fmt::format("  one    {}", difference->first.value_or("nothing more")));
    result.lines.push_back(fmt::format("  other  {}", difference->second.value_or("nothing more")));
  } else if (const auto figure = analysis::figure_difference(folder, second.folder()); !figure.empty()) {
    result.lines.push_back(
        fmt::format("two processes have the same events and other figures in run.json: {}", figure));
  }
  if (result.lines.empty()) {
    result.holds = true;
    return result;
  }
  second.keep();
  result.exit_code = not_deterministic;
  result.lines.push_back(fmt::format("  kept   {} and {}", folder.string(), second.folder().string()));
  return result;
}

}  // namespace ibcf::cli
