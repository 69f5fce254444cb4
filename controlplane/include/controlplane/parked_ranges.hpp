#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// What was set apart of nodes' logs because nobody here could make sense of it, and where in the log the
/// evidence stands with the bytes (protocols page: "a poison range is parked and reported"). A fold of the
/// log: range.parked adds, range.redriven takes away.
class ParkedRanges {
 public:
  struct Range {
    std::uint32_t incarnation = 1;
    StreamClass stream = StreamClass::control;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t position = 0;  ///< of its range.parked
  };

  /// Folds an event that is stored at `position`; others than the two change nothing.
  void apply(const Event& event, std::uint64_t position);

  /// Oldest evidence first.
  [[nodiscard]] const std::vector<Range>& of(NodeId node) const;
  [[nodiscard]] std::size_t nodes() const { return by_node_.size(); }

 private:
  std::map<NodeId, std::vector<Range>> by_node_;
};

/// The evidence at `position` of the log, with the bytes as they came; nothing where there is none.
std::optional<RangeParked> parked_at(const EventStore& store, std::uint64_t position);

/// The event that a range.redriven lets in at last; nothing where it is none.
std::optional<Event> let_in_by(const Event& redriven);

}  // namespace ibcf
