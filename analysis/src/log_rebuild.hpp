#pragma once

#include <filesystem>
#include <map>

#include "log_examination.hpp"

namespace ibcf::analysis {

/// An entry that takes the place of a damaged one.
struct Mended {
  Instant ingested;
  Bytes packed;
};

/// Makes an empty log. Throws where there is a file of this name.
void create_log(const std::filesystem::path& file, const SegmentLimits& limits);

/// Writes a log anew, entry by entry, into a file beside its own: [first, limit) as it is, or as `mended` has
/// it, with indexes and segments that fit. What is damaged and not mended stays damaged, and known for it.
void rebuild(LogFile& log, const Examination& found, std::uint64_t limit,
             const std::map<std::uint64_t, Mended>& mended);

/// Puts what rebuild wrote in the place of `file`, which nobody may have open; the old one stays beside it
/// with
/// ".damaged" behind its name. Where there is nothing to put, nothing is done; so an opener calls this first,
/// and finishes what a crash interrupted.
void take_rebuilt(const std::filesystem::path& file);

}  // namespace ibcf::analysis
