#include "controlplane/lifecycle.hpp"

#include <array>

#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

constexpr std::size_t seed_arrows = 25;

// clang-format off: one arrow a line
constexpr std::array<Arrow, 68> table{{
    {"S1", "P", "[*]", "PROVISIONING", EventType::node_registered, Guard::none, ""},
    {"S2", "P", "PROVISIONING", "ENROLLED", EventType::node_enrolled, Guard::none, "Enrollment complete"},
    {"S3", "P", "ENROLLED", "ACTIVE", EventType::node_activated, Guard::none, "Activation"},
    {"S4", "P>C", "ACTIVE", "LIVE_OK", EventType::conn_classified, Guard::link_live, "Connectivity live"},
    {"S5", "P>C", "ACTIVE", "DELAYED", EventType::conn_classified, Guard::link_delayed, "Latency increases"},
    {"S6", "P>C", "ACTIVE", "EDGE_CACHED", EventType::conn_classified, Guard::link_cached, "Periodic sync"},
    {"S7", "P>C", "ACTIVE", "AUTONOMOUS", EventType::conn_lost, Guard::autonomy, "Connection lost"},
    {"S8", "C", "LIVE_OK", "DELAYED", EventType::conn_rtt_high, Guard::none, "Latency threshold"},
    {"S9", "C", "DELAYED", "EDGE_CACHED", EventType::conn_sync_interval_long, Guard::none,
     "Sync interval extends"},
    {"S10", "C", "EDGE_CACHED", "AUTONOMOUS", EventType::conn_lost, Guard::autonomy, "Connection lost"},
    {"S11", "C", "AUTONOMOUS", "RETURNING", EventType::conn_detected, Guard::none, "Connection detected"},
    {"S12", "C", "RETURNING", "REPLAYING", EventType::replay_granted, Guard::none, "Backlog upload"},
    {"S13", "C", "REPLAYING", "LIVE_OK", EventType::replay_verdict, Guard::clean_live, "Replay complete"},
    {"S14", "C>P", "REPLAYING", "QUARANTINED", EventType::replay_verdict, Guard::violation,
     "Drift/trust violation"},
    {"S15", "P", "ACTIVE", "UPDATING", EventType::update_started, Guard::none, "Update initiated"},
    {"S16", "P", "UPDATING", "ACTIVE", EventType::update_completed, Guard::none, "Update complete"},
    {"S17", "P", "UPDATING", "DEGRADED", EventType::update_failed, Guard::none, "Update failed"},
    {"S18", "P", "ACTIVE", "DEGRADED", EventType::health_changed, Guard::health_bad, "Health degradation"},
    {"S19", "P", "DEGRADED", "ACTIVE", EventType::health_changed, Guard::health_ok, "Recovery"},
    {"S20", "P", "DEGRADED", "QUARANTINED", EventType::health_critical, Guard::none, "Critical failure"},
    {"S21", "P", "QUARANTINED", "ACTIVE", EventType::remediation_completed, Guard::none,
     "Remediation complete"},
    {"S22", "P", "QUARANTINED", "DECOMMISSIONING", EventType::remediation_abandoned, Guard::none,
     "Unrecoverable"},
    {"S23", "P", "ACTIVE", "DECOMMISSIONING", EventType::decommission_ordered, Guard::none,
     "Planned decommission"},
    {"S24", "P", "DECOMMISSIONING", "RETIRED", EventType::decommission_completed, Guard::none,
     "Decommission complete"},
    {"S25", "P", "RETIRED", "[*]", EventType::node_archived, Guard::none, ""},
    {"A1", "C", "DELAYED", "LIVE_OK", EventType::conn_rtt_ok, Guard::none,
     "recovery edge missing (KubeEdge #6181: node stays NotReady after link restored)"},
    {"A2", "C", "EDGE_CACHED", "DELAYED", EventType::conn_sync_interval_short, Guard::none,
     "recovery edge missing"},
    {"A3", "C", "EDGE_CACHED", "LIVE_OK", EventType::conn_classified, Guard::link_live,
     "recovery edge missing"},
    {"A4", "C", "LIVE_OK", "EDGE_CACHED", EventType::conn_contact_plan, Guard::link_cached,
     "scheduled contact is not a fault and need not pass DELAYED"},
    {"A5", "C", "LIVE_OK", "AUTONOMOUS", EventType::conn_lost, Guard::autonomy,
     "sudden loss: seed only allows it from EDGE_CACHED"},
    {"A6", "C", "DELAYED", "AUTONOMOUS", EventType::conn_lost, Guard::autonomy, "sudden loss"},
    {"A7", "C", "LIVE_OK", "DISCONNECTED", EventType::conn_lost, Guard::no_autonomy,
     "DISCONNECTED is in the enum but not in the diagram"},
    {"A8", "C", "DELAYED", "DISCONNECTED", EventType::conn_lost, Guard::no_autonomy, "as A7"},
    {"A9", "C", "EDGE_CACHED", "DISCONNECTED", EventType::conn_lost, Guard::no_autonomy, "as A7"},
    {"A10", "C", "AUTONOMOUS", "DISCONNECTED", EventType::conn_autonomy_expired, Guard::none,
     "OpenYurt autonomy-duration: within it assume network; after it assume node fault"},
    {"A11", "C", "DISCONNECTED", "RETURNING", EventType::conn_detected, Guard::none, "way back"},
    {"A12", "C", "DISCONNECTED", "AUTONOMOUS", EventType::conn_proxy_evidence, Guard::none,
     "OpenYurt heartbeat delegation: alive but cut off"},
    {"A13", "C", "RETURNING", "AUTONOMOUS", EventType::conn_lost, Guard::autonomy,
     "lossy link drops during handshake"},
    {"A14", "C", "RETURNING", "DISCONNECTED", EventType::conn_lost, Guard::no_autonomy, "as A13"},
    {"A15", "C", "RETURNING", "LIVE_OK", EventType::replay_not_needed, Guard::link_live,
     "no backlog: replay_required=false in seed schema but no edge for it"},
    {"A16", "C", "RETURNING", "DELAYED", EventType::replay_not_needed, Guard::link_delayed, "as A15"},
    {"A17", "C", "RETURNING", "EDGE_CACHED", EventType::replay_not_needed, Guard::link_cached, "as A15"},
    {"A18", "C>P", "RETURNING", "QUARANTINED", EventType::conn_identity_rejected, Guard::none,
     "sequence 3B has an identity proof step but no failure edge (SPIRE #1562; tailscale #506)"},
    {"A19", "C", "REPLAYING", "RETURNING", EventType::replay_session_lost, Guard::none,
     "session must be re-granted with a higher fencing token"},
    {"A20", "C", "REPLAYING", "AUTONOMOUS", EventType::conn_lost, Guard::autonomy, "link loss mid-replay"},
    {"A21", "C", "REPLAYING", "DISCONNECTED", EventType::conn_lost, Guard::no_autonomy, "as A20"},
    {"A22", "C", "REPLAYING", "DELAYED", EventType::replay_verdict, Guard::clean_delayed,
     "a GEO-satellite node (RTT ~600 ms) can never be LIVE_OK"},
    {"A23", "C", "REPLAYING", "EDGE_CACHED", EventType::replay_verdict, Guard::clean_cached, "as A22"},
    {"A24", "C", "EDGE_CACHED", "RETURNING", EventType::sync_gap_detected, Guard::none,
     "missed windows need full reconciliation not a silent catch-up"},
    {"A25", "C", "DELAYED", "RETURNING", EventType::sync_gap_detected, Guard::none,
     "anti-entropy finds divergence while connected"},
    {"A26", "C", "LIVE_OK", "RETURNING", EventType::sync_gap_detected, Guard::none, "as A25"},
    {"A27", "C>P", "REPLAYING", "DEGRADED", EventType::replay_verdict, Guard::partial,
     "verdict is not binary: a poisoned range must not block for ever (Axon sequenced DLQ; KurrentDB "
     "parking)"},
    {"A28", "P", "PROVISIONING", "RETIRED", EventType::enrollment_rejected, Guard::none, "no failure exit"},
    {"A29", "P", "PROVISIONING", "QUARANTINED", EventType::enrollment_conflict, Guard::none,
     "cloned image (Consul #4741; tailscale #506)"},
    {"A30", "P", "ENROLLED", "DECOMMISSIONING", EventType::decommission_ordered, Guard::none,
     "enrolled but never activated"},
    {"A31", "P", "ENROLLED", "QUARANTINED", EventType::trust_violation, Guard::none, "no failure exit"},
    {"A32", "P", "ACTIVE", "QUARANTINED", EventType::trust_violation, Guard::none,
     "seed reaches QUARANTINED only by replay or critical health"},
    {"A33", "P", "UPDATING", "QUARANTINED", EventType::update_untrusted, Guard::none,
     "TUF/Uptane attacks are not a mere failed update"},
    {"A34", "P", "UPDATING", "DECOMMISSIONING", EventType::decommission_ordered, Guard::none,
     "lost device during campaign (Mender has status decommissioned)"},
    {"A35", "P", "DEGRADED", "UPDATING", EventType::update_started, Guard::none,
     "most degradations are repaired by an update"},
    {"A36", "P", "DEGRADED", "DECOMMISSIONING", EventType::decommission_ordered, Guard::none,
     "hardware fault without a trust problem"},
    {"A37", "P", "QUARANTINED", "UPDATING", EventType::remediation_update_started, Guard::none,
     "remediation needs an install; back edge is S16 or A33"},
    {"A38", "P>C", "QUARANTINED", "RETURNING", EventType::remediation_re_reconcile, Guard::none,
     "S21 must not skip reconciliation of what is still parked"},
    {"A39", "P", "DECOMMISSIONING", "ACTIVE", EventType::decommission_cancelled, Guard::none,
     "operator error"},
    {"A40", "P", "DECOMMISSIONING", "QUARANTINED", EventType::decommission_anomaly, Guard::none,
     "zombie node"},
    {"A41", "P", "RETIRED", "PROVISIONING", EventType::node_reincarnated, Guard::none,
     "seed invariant: id immutable across ALL LIFETIMES implies more than one"},
    {"A42", "P", "UPDATING", "UPDATING", EventType::update_resumed, Guard::none,
     "Mender bounds state-data stores at 28 to break update loops"},
    {"A43", "C", "REPLAYING", "REPLAYING", EventType::replay_chunk_acked, Guard::none,
     "makes progress visible and the lock progress-based"},
}};
// clang-format on

enum class Region : std::uint8_t { phase, connectivity, connectivity_to_phase, phase_to_connectivity };

// An arrow's words as values, so that the hot path compares bytes.
struct Ends {
  Region region = Region::phase;
  std::optional<Phase> from_phase;
  std::optional<Phase> to_phase;
  std::optional<ConnectivityMode> from_mode;
  std::optional<ConnectivityMode> to_mode;
};

constexpr std::string_view mode_word(ConnectivityMode mode) {
  return mode == ConnectivityMode::live ? "LIVE_OK" : word_of(mode);
}

constexpr std::optional<Phase> phase_named(std::string_view word) {
  for (std::uint8_t i = 0; i < words_of(Phase{}).size(); ++i)
    if (words_of(Phase{})[i] == word) return static_cast<Phase>(i);
  return std::nullopt;
}

constexpr std::optional<ConnectivityMode> mode_named(std::string_view word) {
  for (std::uint8_t i = 0; i < words_of(ConnectivityMode{}).size(); ++i)
    if (mode_word(static_cast<ConnectivityMode>(i)) == word) return static_cast<ConnectivityMode>(i);
  return std::nullopt;
}

constexpr Region region_named(std::string_view word) {
  if (word == "P") return Region::phase;
  if (word == "C") return Region::connectivity;
  return word == "C>P" ? Region::connectivity_to_phase : Region::phase_to_connectivity;
}

constexpr auto make_ends() {
  std::array<Ends, table.size()> ends{};
  for (std::size_t i = 0; i < table.size(); ++i)
    ends[i] = {region_named(table[i].region), phase_named(table[i].from), phase_named(table[i].to),
               mode_named(table[i].from), mode_named(table[i].to)};
  return ends;
}
constexpr auto ends_of = make_ends();

constexpr bool word_is_known(std::string_view word) {
  return word == "[*]" || phase_named(word) || mode_named(word);
}

constexpr std::size_t index_named(std::string_view id) {
  std::size_t number = 0;
  for (const char c : id.substr(id.empty() ? 0 : 1)) {
    if (c < '0' || c > '9' || number > table.size()) return table.size();
    number = 10 * number + static_cast<std::size_t>(c - '0');
  }
  if (number == 0) return table.size();
  const std::size_t index = id[0] == 'S'   ? number - 1
                            : id[0] == 'A' ? seed_arrows + number - 1
                                           : table.size();
  return index < table.size() && table[index].id == id ? index : table.size();
}

constexpr bool table_is_sound() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (index_named(table[i].id) != i || !word_is_known(table[i].from) || !word_is_known(table[i].to))
      return false;
  return true;
}
static_assert(table_is_sound(), "ids count up without a gap, and every word is a phase or a mode");

constexpr bool connectivity_runs(std::optional<Phase> phase) {
  return phase == Phase::active || phase == Phase::updating || phase == Phase::degraded ||
         phase == Phase::quarantined;
}

constexpr bool is_link_class(ConnectivityMode mode) {
  return mode == ConnectivityMode::live || mode == ConnectivityMode::delayed ||
         mode == ConnectivityMode::edge_cached;
}

constexpr bool begins_life(const Ends& ends) {
  return ends.to_phase == Phase::provisioning;
}

bool leaves(const Ends& ends, const LifecycleState& state) {
  switch (ends.region) {
    case Region::phase:
      if (state.phase != ends.from_phase) return false;
      // An archived node's tombstone is kept for ever: only the first registration starts from nothing.
      return ends.from_phase.has_value() || state.incarnation == 0;
    case Region::connectivity:
    case Region::connectivity_to_phase:
      return connectivity_runs(state.phase) && state.mode == ends.from_mode;
    case Region::phase_to_connectivity:
      if (state.phase != ends.from_phase) return false;
      if (ends.to_mode != ConnectivityMode::returning) return !state.mode;
      // A38: a second return would orphan the lock of the one under way.
      return state.mode != ConnectivityMode::returning && state.mode != ConnectivityMode::replaying;
  }
  return false;
}

bool holds(Guard guard, const LifecycleFacts& facts) {
  using enum ConnectivityMode;
  const bool clean = facts.verdict == VerdictKind::clean;
  switch (guard) {
    case Guard::none:
      return true;
    case Guard::link_live:
      return facts.link_class == live;
    case Guard::link_delayed:
      return facts.link_class == delayed;
    case Guard::link_cached:
      return facts.link_class == edge_cached;
    case Guard::autonomy:
      return facts.autonomy_granted;
    case Guard::no_autonomy:
      return !facts.autonomy_granted;
    case Guard::clean_live:
      return clean && facts.link_class == live;
    case Guard::clean_delayed:
      return clean && facts.link_class == delayed;
    case Guard::clean_cached:
      return clean && facts.link_class == edge_cached;
    case Guard::violation:
      return facts.verdict == VerdictKind::violation;
    case Guard::partial:
      return facts.verdict == VerdictKind::partial;
    case Guard::health_ok:
      return facts.health == Health::ok;
    case Guard::health_bad:
      return facts.health == Health::degraded || facts.health == Health::failed;
  }
  return false;
}

bool applies(std::size_t index, const LifecycleState& state, const LifecycleFacts& facts) {
  const Ends& ends = ends_of[index];
  const bool falls_back = ends.region == Region::connectivity_to_phase;
  return leaves(ends, state) && holds(table[index].guard, facts) &&
         (!falls_back || is_link_class(facts.link_class));
}

Health health_after(const Arrow& arrow, Health before, Health reported) {
  if (arrow.trigger == EventType::health_critical) return Health::failed;
  return arrow.trigger == EventType::health_changed ? reported : before;
}

// What the diagram can say of a guard that the trigger's parameter does not say already.
std::string_view condition_of(Guard guard) {
  switch (guard) {
    case Guard::autonomy:
      return " [autonomy grant]";
    case Guard::no_autonomy:
      return " [no autonomy grant]";
    case Guard::link_live:
    case Guard::clean_live:
      return " [link LIVE]";
    case Guard::link_delayed:
    case Guard::clean_delayed:
      return " [link DELAYED]";
    case Guard::link_cached:
    case Guard::clean_cached:
      return " [link windowed]";
    default:
      return "";
  }
}

std::string_view parameter_of(const Arrow& arrow) {
  switch (arrow.guard) {
    case Guard::clean_live:
    case Guard::clean_delayed:
    case Guard::clean_cached:
      return "(clean)";
    case Guard::violation:
      return "(violation)";
    case Guard::partial:
      return "(partial)";
    case Guard::health_ok:
      return "(OK)";
    case Guard::health_bad:
      return "(DEGRADED|FAILED)";
    default:
      break;
  }
  if (arrow.trigger == EventType::conn_contact_plan) return "(windowed)";
  if (arrow.trigger != EventType::conn_classified) return "";
  return arrow.guard == Guard::link_live      ? "(LIVE)"
         : arrow.guard == Guard::link_delayed ? "(DELAYED)"
                                              : "(EDGE_CACHED)";
}

std::string condition_text(const Arrow& arrow) {
  const bool said =
      arrow.trigger == EventType::conn_classified || arrow.trigger == EventType::conn_contact_plan;
  return trigger_text(arrow) + std::string(said ? "" : condition_of(arrow.guard));
}

}  // namespace

std::span<const Arrow> lifecycle_table() {
  return table;
}

const Arrow* find_arrow(const LifecycleState& state, EventType trigger, const LifecycleFacts& facts) {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].trigger == trigger && applies(i, state, facts)) return &table[i];
  return nullptr;
}

const Arrow* find_arrow(std::string_view id) {
  const std::size_t index = index_named(id);
  return index < table.size() ? &table[index] : nullptr;
}

LifecycleState evolve(LifecycleState state, const Arrow& arrow, const LifecycleFacts& facts) {
  const std::size_t index = index_named(arrow.id);
  check(index < table.size() && applies(index, state, facts),
        "a step is an arrow that leaves this state (I-40)");
  const Ends& ends = ends_of[index];
  switch (ends.region) {
    case Region::phase:
      state.phase = ends.to_phase;
      break;
    case Region::connectivity:
    case Region::phase_to_connectivity:
      state.mode = ends.to_mode;
      break;
    case Region::connectivity_to_phase:
      state.mode = facts.link_class;
      // A partial verdict is a way down from ACTIVE, never a way out of quarantine (I-45).
      if (state.phase != Phase::quarantined) state.phase = ends.to_phase;
      break;
  }
  if (!connectivity_runs(state.phase)) state.mode.reset();
  state.health = begins_life(ends) ? Health::unknown : health_after(arrow, state.health, facts.health);
  if (begins_life(ends)) ++state.incarnation;
  return state;
}

std::string_view state_word(ConnectivityMode mode) {
  return mode_word(mode);
}

std::string label_of(const LifecycleState& state) {
  if (!state.phase) return "";
  std::string label(word_of(*state.phase));
  if (!state.mode) return label;
  label += '/';
  label += mode_word(*state.mode);
  if (state.mode == ConnectivityMode::autonomous) label += "_BUFFERING";
  if (state.mode == ConnectivityMode::replaying) label += "_APPLYING";
  return label;
}

std::string trigger_text(const Arrow& arrow) {
  return std::string(word_of(arrow.trigger)) + std::string(parameter_of(arrow));
}

std::string lifecycle_diagram(bool seed_only) {
  std::string text = "stateDiagram-v2\n";
  for (const Arrow& arrow : std::span(table).first(seed_only ? seed_arrows : table.size())) {
    text += "    " + std::string(arrow.from) + " --> " + std::string(arrow.to);
    const std::string words =
        seed_only ? std::string(arrow.label) : std::string(arrow.id) + " " + condition_text(arrow);
    if (!words.empty()) text += ": " + words;
    text += '\n';
  }
  return text;
}

std::string lifecycle_table_text() {
  std::string text = "| id | region | from | to | trigger | reason |\n|---|---|---|---|---|---|\n";
  for (const Arrow& arrow : table) {
    std::string trigger = condition_text(arrow);
    // A bar would end the cell.
    if (const auto bar = trigger.find('|'); bar != std::string::npos) trigger.replace(bar, 1, " or ");
    const bool ours = arrow.id[0] == 'A';
    text += "| " + std::string(arrow.id) + " | " + std::string(arrow.region) + " | " +
            std::string(arrow.from) + " | " + std::string(arrow.to) + " | " + trigger + " | " +
            (ours ? "" : "seed: ") + std::string(arrow.label) + " |\n";
  }
  return text;
}

}  // namespace ibcf
