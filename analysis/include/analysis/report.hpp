#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/run_folder.hpp"
#include "model/json.hpp"

/// Reports are folds over a log: they read events.db and nothing else, so a log exported from a real fleet
/// does as well as a simulated one. Tables that a log does not have (samples, link_use, reach, faults, ...)
/// are left out of the report.
namespace ibcf::analysis {

struct Report {
  /// Every table with its unit and the time it is as of. The same log gives the same bytes.
  Json tables;
  std::string timeline_csv;
  std::vector<std::string> story;  ///< three sentences: contact, replay, authority
};

/// Folds `events_db`. Throws std::runtime_error where it cannot be read or is not a log.
Report fold_report(const std::filesystem::path& events_db);

/// Folds `folder`/events.db and writes report.json, timeline.csv, plots/*.png and report.html beside it.
/// Without Python or matplotlib there are no pictures, and a warning says so. Throws std::runtime_error for a
/// disk that fails.
RunOutcome write_report(const std::filesystem::path& folder, bool pictures = true);

}  // namespace ibcf::analysis
