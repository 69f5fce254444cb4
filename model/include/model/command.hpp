#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/time.hpp"

namespace ibcf {

/// at-least-once: idempotent by the command's id, may be sent again. at-most-once: the intent is stored
/// first, and never tried again after a crash.
enum class DeliverySemantics : std::uint8_t { at_least_once, at_most_once };
constexpr auto words_of(DeliverySemantics) {
  return std::array<std::string_view, 2>{"at-least-once", "at-most-once"};
}

enum class CommandKind : std::uint8_t {
  assign_bundle,
  restart_service,
  collect_logs,
  set_parameter,
  install_artifact,
  // what a barred node may get too (protocols page, "Trust and quarantine")
  re_attest,
  remediate,
  safe_stop,
  wipe,
  /// Stops another command, `argument`: its id, if that is not yet bound to be carried out.
  cancel
};
constexpr auto words_of(CommandKind) {
  return std::array<std::string_view, 10>{
      "ASSIGN_BUNDLE", "RESTART_SERVICE", "COLLECT_LOGS", "SET_PARAMETER", "INSTALL_ARTIFACT",
      "RE_ATTEST",     "REMEDIATE",       "SAFE_STOP",    "WIPE",          "CANCEL"};
}

/// States of a command (protocols page, "Commands"). EXPIRED and INDETERMINATE are provisional: evidence in a
/// later replay may turn them into APPLIED_LATE or FAILED_LATE.
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
  /// For install_artifact.
  ArtifactId artifact_id;
  /// Of two commands of one node with one key that is not empty, the newer supersedes the older.
  std::string coalesce_key;
  /// Passes the reconciliation lock and quarantine, and says so in the log.
  bool break_glass = false;
  std::string argument;
  /// Rises with every command of one issuer, so that of two of one term the newer is known.
  std::uint64_t number = 0;
  IBCF_FIELDS(Command, id, node_id, kind, delivery, scope, epoch, issued_by, issued_ts, execute_before,
              bundle_id, artifact_id, coalesce_key, break_glass, argument, number)
};

}  // namespace ibcf
