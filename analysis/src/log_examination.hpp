#pragma once

#include <string>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "log_file.hpp"

namespace ibcf::analysis {

/// A range of the log between two values of its chain that the file vouches for.
struct Stretch {
  std::uint64_t first = 0;
  std::uint64_t until = 0;
  Digest before;
  std::optional<Digest> after;     ///< nothing where the extent is lost
  std::optional<Segment> segment;  ///< the closed segment that it is, exactly
  bool is_whole = true;            ///< every entry is what was stored
};

/// What a look at every byte of a log found.
struct Examination {
  std::vector<Damage> damaged;
  /// Wrong, but nothing that the entries do not tell: pages of the file, indexes, columns, rows of segments.
  std::vector<std::string> misshapen;
  std::vector<Stretch> stretches;
  Extent extent;  ///< as the file says, or as far as entries are found where it does not
  Segment open;   ///< the tally of what lies behind the last closed segment
};

/// Changes nothing.
Examination examine(LogFile& log);

}  // namespace ibcf::analysis
