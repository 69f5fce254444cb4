#pragma once

#include <filesystem>
#include <string>

#include "analysis/run_folder.hpp"

namespace ibcf::analysis {

/// A small fleet, written by hand: earth over europe (24 nodes) and asia (12). Europe is cut off from 01:00
/// to 03:00; its nodes go AUTONOMOUS, return from 03:00 on and replay; authority over europe goes to "global"
/// at 01:10 and back at 04:00; one command is fenced, one runs late.
struct SyntheticRun {
  std::uint32_t europe = 24;
  std::uint32_t asia = 12;
  std::string scenario = "synthetic";
  bool with_tables = true;  ///< false: events only, as from a real fleet
  bool pictures = false;
};

/// Writes it through a RunFolder and finishes.
RunOutcome write_synthetic(const std::filesystem::path& folder, const SyntheticRun& run = {});

/// A folder below the system's temporary one, removed with its content at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What RunFolder wants to know first.
RunFacts facts_of(const std::string& scenario);

std::string text_of_file(const std::filesystem::path& file);

}  // namespace ibcf::analysis
