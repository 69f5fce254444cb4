#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/event.hpp"

namespace ibcf {

/// Where a node stands: three regions in parallel (protocols page, "Lifecycle"). Connectivity begins with activation.
struct LifecycleState {
  /// Nothing before registration and after archiving: the diagram's [*].
  std::optional<Phase> phase;
  std::optional<ConnectivityMode> mode;
  Health health = Health::unknown;
  std::uint32_t incarnation = 0;
  friend bool operator==(const LifecycleState&, const LifecycleState&) = default;
};

/// What an arrow's guard asks about, besides the state.
struct LifecycleFacts {
  /// The class of the link as measured: LIVE, DELAYED or EDGE_CACHED.
  ConnectivityMode link_class = ConnectivityMode::live;
  /// A LOCAL grant is valid: the node may act on its own.
  bool autonomy_granted = true;
  VerdictKind verdict = VerdictKind::clean;
  Health health = Health::ok;
};

enum class Guard : std::uint8_t {
  none, link_live, link_delayed, link_cached, autonomy, no_autonomy,
  clean_live, clean_delayed, clean_cached, violation, partial, health_ok, health_bad
};

/// One arrow of the table. Phase or mode is empty where the arrow does not ask for it or does not change it; `from_start` and
/// `to_end` are the diagram's [*].
struct Arrow {
  std::string_view id;       ///< "S13"
  std::string_view region;   ///< "P", "C", "C>P", "P>C" or "P>C": as in the table
  std::string_view from;     ///< "REPLAYING": as in the table
  std::string_view to;       ///< "LIVE_OK"
  EventType trigger;
  Guard guard;
  std::string_view label;    ///< the seed's words on the arrow, or the reason for an arrow of ours
};

/// The complete table: the seed's 25 arrows (S1..S25) and ours (A1..A43), in order.
std::span<const Arrow> lifecycle_table();

/// The arrow that leads out of `state` on `trigger` under `facts`, or nothing where the table has none.
const Arrow* find_arrow(const LifecycleState& state, EventType trigger, const LifecycleFacts& facts);

/// The arrow with this id, or nothing.
const Arrow* find_arrow(std::string_view id);

/// The state after `arrow`. Requires that find_arrow gave it for this state and these facts.
LifecycleState evolve(LifecycleState state, const Arrow& arrow, const LifecycleFacts& facts);

/// The word for a mode in the seed's diagram: LIVE_OK for LIVE, else the mode's own.
std::string_view state_word(ConnectivityMode mode);

/// The derived label (seed, "State is precise"): "ACTIVE/LIVE_OK", "ACTIVE/AUTONOMOUS_BUFFERING", "ACTIVE/REPLAYING_APPLYING",
/// "ENROLLED", "".
std::string label_of(const LifecycleState& state);

/// The table as a Mermaid stateDiagram-v2; `seed_only` draws just S1..S25 with the seed's own words.
std::string lifecycle_diagram(bool seed_only);

}  // namespace ibcf
