#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/time.hpp"

namespace ibcf::sim {

/// Transfers that compete for links, computed by SimGrid. This header knows nothing of SimGrid; flows.cpp is
/// the only source that does.
///
/// Every lane (one for each directed link) carries one nanosecond of work per nanosecond, shared evenly by
/// the flows that are active on it. What a link's bandwidth makes of bytes is the caller's: a flow's work is
/// the time its bytes would take alone. So all lanes are alike to SimGrid, and a bandwidth that changes under
/// way needs no care.
///
/// SimGrid has one clock per process: at most one engine may ever be made in a process.
class FlowEngine {
 public:
  using Flow = std::uint32_t;

  /// `tag` is what start() was given. `at` is exact, start + work, where the flow had its lane for itself
  /// from start to end; else it is not earlier than SimGrid's date, and less than 3 ns later.
  struct Completion {
    std::uint32_t tag = 0;
    std::uint64_t start_number = 0;
    Instant at;
  };

  explicit FlowEngine(std::size_t lanes);
  ~FlowEngine();
  FlowEngine(const FlowEngine&) = delete;

  /// Starts a flow of `work` (> 0) at `now`, which is not before the `now` of any earlier call.
  Flow start(std::uint32_t lane, Duration work, std::uint32_t tag, Instant now);
  /// Ends an active flow; it will not be among the completions.
  void cancel(Flow flow);
  /// What an active flow still has to carry at `now`, to the nanosecond.
  [[nodiscard]] Duration remaining(Flow flow, Instant now);

  /// A little before SimGrid's next completion; `never` where no flow is active. Cached.
  [[nodiscard]] Instant next();
  /// Runs SimGrid until next() is later than `until`.
  void advance(Instant until);
  /// Replaces `completions` by those since the last take, ordered by (at, order of starting).
  void take(std::vector<Completion>& completions);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibcf::sim
