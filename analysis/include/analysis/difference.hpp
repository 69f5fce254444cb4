#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace ibcf::analysis {

/// Where two logs part that should be one: the same up to `event` - 1.
struct LogDifference {
  std::uint64_t event = 0;  ///< its number in the log, from 1: `entry` + 1 in the table "events"
  /// That event of each log in words; nothing where the log has ended before.
  std::optional<std::string> first;
  std::optional<std::string> second;
};

/// Compares two finished run folders, event by event in the order of storing; nothing where the logs are the
/// same. The checkpoints of the chained hash in both (table "hashes") are bisected first, so that only one
/// stretch between two of them is read. Throws std::runtime_error where a folder holds no log.
std::optional<LogDifference> first_difference(const std::filesystem::path& first,
                                              const std::filesystem::path& second);

/// The first key of run.json, "host" and "files" aside, in which two finished runs differ, with both values;
/// empty where there is none.
std::string figure_difference(const std::filesystem::path& first, const std::filesystem::path& second);

}  // namespace ibcf::analysis
