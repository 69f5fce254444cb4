#pragma once

#include <cstdint>
#include <filesystem>

namespace ibcf::analysis {

/// What stands in a write-ahead log behind its last whole commit. SQLite passes over all of it without a word
/// when it recovers (https://www.sqlite.org/walformat.html), so it is looked at before SQLite is.
struct WalTail {
  /// Frames of a change that a crash left unfinished: never acknowledged, rightly gone.
  std::uint64_t torn_frames = 0;
  /// Changes that were finished and acknowledged, and of which a frame is damaged: they and all after them
  /// are gone.
  std::uint64_t lost_commits = 0;
};

/// Of the log at `file`, which need not exist.
WalTail inspect_wal(const std::filesystem::path& file);

}  // namespace ibcf::analysis
