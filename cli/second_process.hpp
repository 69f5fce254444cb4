#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "run_command.hpp"

namespace ibcf::cli {

/// The same run once more, in a process of its own beside this one: what depends on addresses, on the
/// environment or on luck comes out differently there.
class SecondProcess {
 public:
  /// Starts it, into a new folder beside `folder`.
  SecondProcess(const RunArguments& arguments, const std::filesystem::path& folder);
  /// Stops it if it still runs, and removes its folder unless it was kept.
  ~SecondProcess();
  SecondProcess(const SecondProcess&) = delete;

  /// Its exit code; internal_error where it did not come to one.
  int wait();
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// Leaves the folder to whoever wants to know why.
  void keep() { is_kept_ = true; }

 private:
  std::filesystem::path folder_;
  pid_t child_ = 0;
  bool is_kept_ = false;
};

/// What came of holding two runs against each other.
struct Determinism {
  bool holds = false;
  /// Where they part and what either has there, a line each; or what kept them from being compared.
  std::vector<std::string> lines;
  int exit_code = 0;  ///< of the command, where it does not hold
};

/// Waits for the second process and compares its run with the finished one in `folder`.
Determinism compare_with(SecondProcess& second, const std::filesystem::path& folder);

}  // namespace ibcf::cli
