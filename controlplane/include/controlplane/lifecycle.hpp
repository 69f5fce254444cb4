#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/payloads.hpp"

namespace ibcf {

/// Where a node stands: three regions in parallel (protocols page, "Lifecycle").
///
///   phase         [*] -> PROVISIONING -> ENROLLED -> ACTIVE <-> UPDATING, DEGRADED, QUARANTINED
///                     -> DECOMMISSIONING -> RETIRED -> [*]
///   connectivity  runs while phase is ACTIVE, UPDATING, DEGRADED or QUARANTINED; empty until first
///   classified and in
///                 every other phase
///   health        as the last health arrow (S18, S19, S20) said; a health.changed that no arrow takes
///   changes nothing
struct LifecycleState {
  /// Nothing before registration and after archiving: the diagram's [*].
  std::optional<Phase> phase;
  std::optional<ConnectivityMode> mode;
  Health health = Health::unknown;
  /// 0 before the first registration; each life adds one. Kept after archiving: the tombstone that keeps S1
  /// from being taken twice.
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
  none,
  link_live,
  link_delayed,
  link_cached,
  autonomy,
  no_autonomy,
  clean_live,
  clean_delayed,
  clean_cached,
  violation,
  partial,
  health_ok,
  health_bad
};

/// One arrow of the table.
struct Arrow {
  std::string_view id;  ///< "S13"
  std::string_view
      region;  ///< what it reads and moves: "P" phase, "C" mode, "C>P" mode then both, "P>C" phase then mode
  std::string_view from;  ///< "REPLAYING": the seed's word; "[*]" where life begins
  std::string_view to;    ///< "LIVE_OK"; "[*]" where life ends
  EventType trigger;
  Guard guard;
  std::string_view
      label;  ///< the seed's words on the arrow (none on S1 and S25), or the reason for an arrow of ours
};

/// The complete table: the seed's 25 arrows (S1..S25) and ours (A1..A43), in order.
std::span<const Arrow> lifecycle_table();

/// The arrow that leads out of `state` on `trigger` under `facts`, or nothing where the table has none. At
/// most one arrow ever applies. Beyond the table's words: an arrow that falls back to the link class (S14,
/// A18, A27) needs facts.link_class to be one; A38 starts no second return while one is RETURNING or
/// REPLAYING.
const Arrow* find_arrow(const LifecycleState& state, EventType trigger, const LifecycleFacts& facts);

/// The arrow with this id, or nothing.
const Arrow* find_arrow(std::string_view id);

/// The state after `arrow`. Requires that find_arrow gave it for this state and these facts.
/// A27 leaves a QUARANTINED node quarantined: only remediation (S21, I-45) lets it out.
LifecycleState evolve(LifecycleState state, const Arrow& arrow, const LifecycleFacts& facts);

/// The word for a mode in the seed's diagram: LIVE_OK for LIVE, else the mode's own.
std::string_view state_word(ConnectivityMode mode);

/// The derived label (seed, "State is precise"): "ACTIVE/LIVE_OK", "ACTIVE/AUTONOMOUS_BUFFERING",
/// "ACTIVE/REPLAYING_APPLYING", "ENROLLED", "".
std::string label_of(const LifecycleState& state);

/// The table as a Mermaid stateDiagram-v2; `seed_only` draws just S1..S25 with the seed's own words,
/// otherwise each arrow carries its id, trigger and guard.
std::string lifecycle_diagram(bool seed_only);

/// The table as Markdown, a row per arrow.
std::string lifecycle_table_text();

/// The trigger with the guard's parameter, as the table writes it: "conn.classified(LIVE)".
std::string trigger_text(const Arrow& arrow);

}  // namespace ibcf
