#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/event.hpp"

namespace ibcf {

/// Which events were taken already, by identity: per origin, incarnation and stream the runs of seqs, usually
/// one. Replays upload by priority, so a seq may come after a higher one.
class SeenEvents {
 public:
  /// True where it is new; from then on it is known.
  bool insert(AnyId origin, std::uint32_t incarnation, StreamClass stream, std::uint64_t seq);

  /// Canonical: the same set is the same bytes.
  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  using Run = std::pair<std::uint64_t, std::uint64_t>;  // first and last seq
  struct Stream {
    std::uint32_t incarnation = 0;
    StreamClass stream = StreamClass::control;
    std::vector<Run> runs;  // sorted, no two touch
  };
  std::unordered_map<AnyId, std::vector<Stream>> streams_;
};

}  // namespace ibcf
