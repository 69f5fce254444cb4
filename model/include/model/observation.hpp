#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/artifact.hpp"
#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/node.hpp"
#include "model/policy.hpp"
#include "model/time.hpp"

namespace ibcf {

enum class ObservationKind : std::uint8_t { event, snapshot };
constexpr auto words_of(ObservationKind) {
  return std::array<std::string_view, 2>{"event", "snapshot"};
}

/// What a node saw: a telemetry event, or a snapshot whose body lies in a snapshot store under its digest
/// (`ref` is "snapshot/" and the digest in hex). `body_bytes` is what travels with it beside this event: at
/// least the packed Snapshot, filled up to the size that the scenario asks for.
struct Observation {
  NodeId node_id;
  ObservationKind kind = ObservationKind::event;
  Instant observed_ts;
  Health health = Health::unknown;
  std::string reported_version;
  BundleId policy_bundle_id;
  double battery_pct = 100;
  std::string ref;
  Digest body;
  std::uint32_t body_bytes = 0;
  IBCF_FIELDS(Observation, node_id, kind, observed_ts, health, reported_version, policy_bundle_id,
              battery_pct, ref, body, body_bytes)
};

/// The body of a snapshot: what a node is, object by object. It names neither node nor time, so that equal
/// states are equal bytes and are stored once.
struct Snapshot {
  std::string reported_version;
  BundleId policy_bundle_id;
  Inventory inventory;
  Firmware firmware;
  std::map<std::string, ObjectValue> objects;
  std::vector<InstalledArtifact> installed;
  /// What was decided for these objects at a return, and waits for its bundle's constraints.
  std::map<std::string, ObjectValue> waiting{};
  IBCF_FIELDS(Snapshot, reported_version, policy_bundle_id, inventory, firmware, objects, installed, waiting)
};

}  // namespace ibcf
