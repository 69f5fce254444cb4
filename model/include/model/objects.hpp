#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/digest.hpp"
#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/node.hpp"
#include "model/time.hpp"

/// The canonical objects of the seed beside Node, in their first form.
namespace ibcf {

/// A communication intermediary that stores and forwards.
struct Relay {
  RelayId id;
  std::string name;
  DomainId domain_id;
  std::string site;
  std::uint64_t queue_bytes = 0;
  IBCF_FIELDS(Relay, id, name, domain_id, site, queue_bytes)
};

/// A scope of trust and authority. The root has a nil parent.
struct Domain {
  DomainId id;
  std::string name;
  DomainId parent_id;
  IBCF_FIELDS(Domain, id, name, parent_id)
};

/// What nodes should be: configuration, version and constraints.
struct PolicyBundle {
  BundleId id;
  std::string name;
  std::string version;
  std::map<std::string, std::string> config;
  Constraints constraints;
  IBCF_FIELDS(PolicyBundle, id, name, version, config, constraints)
};

enum class DeliverySemantics : std::uint8_t { at_least_once, at_most_once };
constexpr auto words_of(DeliverySemantics) {
  return std::array<std::string_view, 2>{"at-least-once", "at-most-once"};
}

enum class CommandKind : std::uint8_t { assign_bundle, restart_service, collect_logs, set_parameter };
constexpr auto words_of(CommandKind) {
  return std::array<std::string_view, 4>{"ASSIGN_BUNDLE", "RESTART_SERVICE", "COLLECT_LOGS", "SET_PARAMETER"};
}

/// States of a command (protocols page, "Commands").
enum class CommandState : std::uint8_t {
  queued,
  held,
  sent,
  delivered,
  accepted,
  executing,
  applied,
  failed,
  rejected,
  fenced,
  expired,
  superseded,
  cancelled,
  indeterminate,
  applied_late,
  failed_late
};
constexpr auto words_of(CommandState) {
  return std::array<std::string_view, 16>{"QUEUED",    "HELD",          "SENT",         "DELIVERED",
                                          "ACCEPTED",  "EXECUTING",     "APPLIED",      "FAILED",
                                          "REJECTED",  "FENCED",        "EXPIRED",      "SUPERSEDED",
                                          "CANCELLED", "INDETERMINATE", "APPLIED_LATE", "FAILED_LATE"};
}

/// Control intent. `id` is the idempotency key.
struct Command {
  CommandId id;
  NodeId node_id;
  CommandKind kind = CommandKind::restart_service;
  DeliverySemantics delivery = DeliverySemantics::at_least_once;
  /// The scope whose authority the command is issued under, and the term it was issued in.
  DomainId scope;
  std::uint64_t epoch = 0;
  MasterId issued_by;
  Instant issued_ts;
  /// No effect after this.
  Instant execute_before;
  /// For assign_bundle: what to run from now on.
  BundleId bundle_id;
  std::string argument;
  IBCF_FIELDS(Command, id, node_id, kind, delivery, scope, epoch, issued_by, issued_ts, execute_before,
              bundle_id, argument)
};

enum class GrantReason : std::uint8_t { initial, renewal, handover, expiry, predelegated, breakglass };
constexpr auto words_of(GrantReason) {
  return std::array<std::string_view, 6>{"INITIAL", "RENEWAL",      "HANDOVER",
                                         "EXPIRY",  "PREDELEGATED", "BREAKGLASS"};
}

/// Who may declare "desired" for a scope right now. Epochs of a scope only rise; a renewal keeps the epoch.
struct AuthorityGrant {
  DomainId scope;
  AuthorityLevel level = AuthorityLevel::global;
  MasterId holder;
  std::string holder_name;
  std::uint64_t epoch = 0;
  Instant granted_ts;
  Duration lease{};
  GrantReason reason = GrantReason::initial;
  IBCF_FIELDS(AuthorityGrant, scope, level, holder, holder_name, epoch, granted_ts, lease, reason)
};

/// A signed payload of software or firmware.
struct Artifact {
  ArtifactId id;
  std::string name;
  std::string version;
  Digest digest;
  std::string sbom_ref;
  std::string provenance_ref;
  std::string signature;
  IBCF_FIELDS(Artifact, id, name, version, digest, sbom_ref, provenance_ref, signature)
};

enum class ObservationKind : std::uint8_t { event, snapshot };
constexpr auto words_of(ObservationKind) {
  return std::array<std::string_view, 2>{"event", "snapshot"};
}

/// What a node saw: a telemetry event, or a snapshot whose body lies in a snapshot store under `ref`.
/// `body_bytes` is the size that travels with it; its content is not simulated.
struct Observation {
  NodeId node_id;
  ObservationKind kind = ObservationKind::event;
  Instant observed_ts;
  Health health = Health::unknown;
  std::string reported_version;
  BundleId policy_bundle_id;
  double battery_pct = 100;
  std::string ref;
  std::uint32_t body_bytes = 0;
  IBCF_FIELDS(Observation, node_id, kind, observed_ts, health, reported_version, policy_bundle_id,
              battery_pct, ref, body_bytes)
};

/// One step in a node's life: the arrow of the lifecycle table that was taken, and why.
struct Transition {
  std::string arrow;
  std::string from;
  std::string to;
  Instant at_ts;
  std::string reason;
  IBCF_FIELDS(Transition, arrow, from, to, at_ts, reason)
};

/// The lifecycle phases and transitions of one node, oldest first.
struct Timeline {
  NodeId node_id;
  std::vector<Transition> transitions;
  IBCF_FIELDS(Timeline, node_id, transitions)
};

}  // namespace ibcf
