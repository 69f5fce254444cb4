#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "model/event.hpp"

namespace ibcf {

enum class Admitted : std::uint8_t { fresh, duplicate, gap, broken_chain, other_incarnation, malformed };

/// Decides once, at the door of a log, whether an event is new (protocols page, "Identity, order, dedupe"):
/// per origin a contiguous high-water mark and the chain value there. No time window.
class Admission {
 public:
  struct Mark {
    std::uint32_t incarnation = 1;
    std::uint64_t seq = 0;
    Digest value;
  };

  /// Judges the packed event and, when it is fresh, moves the origin's mark to it. `event` is its decoded
  /// form, if it has one.
  Admitted admit(ByteView packed, std::optional<Event>& event);

  /// The origin's mark from now on, all zero before its first event. Stays where it is as long as this object
  /// lives, so that a heartbeat need not look it up.
  [[nodiscard]] const Mark& follow(const AnyId& origin) { return marks_[origin]; }

 private:
  std::unordered_map<AnyId, Mark> marks_;
};

}  // namespace ibcf
