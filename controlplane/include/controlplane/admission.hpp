#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/event.hpp"

namespace ibcf {

enum class Admitted : std::uint8_t {
  fresh,
  duplicate,
  gap,  ///< beyond a hole, and there are too many holes already
  broken_chain,
  fork,  ///< another event under an identity that is taken
  other_incarnation,
  malformed,
  too_much_parked  ///< so much of its log could not be read already that it is no accident
};

/// Decides once, at the door of a log, whether an event is new (protocols page, "Identity, order, dedupe"):
/// per origin and stream a contiguous high-water mark with the chain value there, and above it a bounded set
/// of intervals that came ahead of what belongs before them. No time window.
class Admission {
 public:
  /// Seqs that came ahead: chained among themselves, and checked against their neighbours when these come.
  struct Island {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    Digest prev;
    Digest value;
  };
  struct Stream {
    Digest value;  ///< the chain at the mark
    std::vector<Island> islands;
  };
  /// What is stored of one origin; the marks, which every heartbeat asks for, first.
  struct Origin {
    std::uint32_t incarnation = 1;
    StreamSeqs marks{};
    PerStream<Stream> streams;

    [[nodiscard]] bool has_islands() const;
  };
  static constexpr std::size_t most_islands = 16;  ///< per stream

  /// Judges the packed event and, when it is fresh, takes it for stored. `event` is its decoded form, if it
  /// has one.
  Admitted admit(ByteView packed, std::optional<Event>& event);

  /// Takes a seq that could not be read for dealt with, so that what follows it is admitted: `prev` as it
  /// said where that could be read, and the chain value after it.
  Admitted park(const AnyId& origin, StreamClass stream, std::uint64_t seq, const std::optional<Digest>& prev,
                const Digest& value);
  /// A new life of a node: its streams begin again, and those of earlier lives are closed (I-48).
  void replace_life(const AnyId& origin, std::uint32_t incarnation);
  /// This life of a master is admitted too, beside its others: it begins one with each start, and the logs of
  /// all of them count.
  void add_life(const AnyId& origin, std::uint32_t incarnation) {
    if (incarnation > 1) later_lives_[{origin, incarnation}].incarnation = incarnation;
  }

  /// What is stored of the origin from now on, nothing before its first event. Stays where it is as long as
  /// this object lives, so that a heartbeat need not look it up.
  [[nodiscard]] const Origin& follow(const AnyId& origin) { return origins_[origin]; }

 private:
  Origin* find_life(const AnyId& origin, std::uint32_t incarnation);

  std::unordered_map<AnyId, Origin> origins_;
  std::map<std::pair<AnyId, std::uint32_t>, Origin> later_lives_;
};

}  // namespace ibcf
