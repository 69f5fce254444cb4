#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/time.hpp"

namespace ibcf {

/// Words, fields and their order are the seed's (section 1, "Minimal JSON-style schema").

enum class NodeKind : std::uint8_t { edge, dc, gateway, relay, virtual_node };
constexpr auto words_of(NodeKind) {
  return std::array<std::string_view, 5>{"EDGE", "DC", "GATEWAY", "RELAY", "VIRTUAL"};
}

enum class AuthorityLevel : std::uint8_t { global, region, local };
constexpr auto words_of(AuthorityLevel) {
  return std::array<std::string_view, 3>{"GLOBAL", "REGION", "LOCAL"};
}

/// A spectrum, not binary (seed, "Key invariants").
enum class ConnectivityMode : std::uint8_t {
  live,
  delayed,
  edge_cached,
  autonomous,
  disconnected,
  returning,
  replaying
};
constexpr auto words_of(ConnectivityMode) {
  return std::array<std::string_view, 7>{"LIVE",         "DELAYED",   "EDGE_CACHED", "AUTONOMOUS",
                                         "DISCONNECTED", "RETURNING", "REPLAYING"};
}

enum class Health : std::uint8_t { ok, degraded, failed, unknown };
constexpr auto words_of(Health) {
  return std::array<std::string_view, 4>{"OK", "DEGRADED", "FAILED", "UNKNOWN"};
}

enum class Phase : std::uint8_t {
  provisioning,
  enrolled,
  active,
  updating,
  degraded,
  quarantined,
  decommissioning,
  retired
};
constexpr auto words_of(Phase) {
  return std::array<std::string_view, 8>{"PROVISIONING", "ENROLLED",    "ACTIVE",          "UPDATING",
                                         "DEGRADED",     "QUARANTINED", "DECOMMISSIONING", "RETIRED"};
}

struct NodeAuthority {
  AuthorityLevel master_of_record = AuthorityLevel::global;
  std::vector<std::string> controller_ids;
  Instant last_authoritative_update_ts;
  IBCF_FIELDS(NodeAuthority, master_of_record, controller_ids, last_authoritative_update_ts)
};

struct LinkQuality {
  double rtt_ms = 0;
  double loss_pct = 0;
  double bandwidth_kbps = 0;
  IBCF_FIELDS(LinkQuality, rtt_ms, loss_pct, bandwidth_kbps)
};

struct SyncDebt {
  double seconds_behind = 0;
  std::uint64_t backlog_messages = 0;
  bool replay_required = false;
  IBCF_FIELDS(SyncDebt, seconds_behind, backlog_messages, replay_required)
};

struct Connectivity {
  ConnectivityMode mode = ConnectivityMode::disconnected;
  Instant last_seen_ts;
  LinkQuality link_quality;
  SyncDebt sync_debt;
  IBCF_FIELDS(Connectivity, mode, last_seen_ts, link_quality, sync_debt)
};

struct Constraints {
  std::string maintenance_window;
  bool requires_online = false;
  double min_battery_pct = 0;
  IBCF_FIELDS(Constraints, maintenance_window, requires_online, min_battery_pct)
};

struct DesiredState {
  BundleId policy_bundle_id;
  std::string target_version;
  Constraints constraints;
  IBCF_FIELDS(DesiredState, policy_bundle_id, target_version, constraints)
};

struct Runtime {
  Health health = Health::unknown;
  Instant last_heartbeat_ts;
  double uptime_s = 0;
  IBCF_FIELDS(Runtime, health, last_heartbeat_ts, uptime_s)
};

struct Inventory {
  std::string cpu;
  double ram_gb = 0;
  double storage_gb = 0;
  std::vector<std::string> gpus;
  IBCF_FIELDS(Inventory, cpu, ram_gb, storage_gb, gpus)
};

struct ActualState {
  std::string reported_version;
  Runtime runtime;
  Inventory inventory;
  IBCF_FIELDS(ActualState, reported_version, runtime, inventory)
};

/// A computed projection: shown, never the primary truth.
struct Drift {
  double score = 0;
  std::uint64_t objects_out_of_spec = 0;
  std::string details_ref;
  Instant last_evaluated_ts;
  IBCF_FIELDS(Drift, score, objects_out_of_spec, details_ref, last_evaluated_ts)
};

struct Hardware {
  std::string serial;
  std::string manufacturer;
  std::string model;
  std::string bom_ref;
  IBCF_FIELDS(Hardware, serial, manufacturer, model, bom_ref)
};

struct Firmware {
  std::string version;
  std::string signature;
  std::string provenance_ref;
  IBCF_FIELDS(Firmware, version, signature, provenance_ref)
};

struct Software {
  ArtifactId artifact_id;
  std::string sbom_ref;
  std::vector<std::string> attestations;
  std::string signature;
  IBCF_FIELDS(Software, artifact_id, sbom_ref, attestations, signature)
};

struct SupplyChain {
  Hardware hardware;
  Firmware firmware;
  Software software;
  IBCF_FIELDS(SupplyChain, hardware, firmware, software)
};

struct Lifecycle {
  Phase phase = Phase::provisioning;
  std::string state;
  Instant last_transition_ts;
  std::string reason;
  IBCF_FIELDS(Lifecycle, phase, state, last_transition_ts, reason)
};

struct ObservationRefs {
  std::string last_snapshot_ref;
  std::string last_event_ref;
  IBCF_FIELDS(ObservationRefs, last_snapshot_ref, last_event_ref)
};

/// A physical or virtual compute element. `id` never changes, over all its lifetimes.
struct Node {
  NodeId id;
  std::string name;
  NodeKind kind = NodeKind::edge;
  std::vector<std::string> tags;
  DomainId domain_id;
  NodeAuthority authority;
  Connectivity connectivity;
  DesiredState desired_state;
  ActualState actual_state;
  Drift drift;
  SupplyChain supply_chain;
  Lifecycle lifecycle;
  ObservationRefs observations;
  IBCF_FIELDS(Node, id, name, kind, tags, domain_id, authority, connectivity, desired_state, actual_state,
              drift, supply_chain, lifecycle, observations)
};

}  // namespace ibcf
