#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/artifact.hpp"
#include "model/attention.hpp"
#include "model/command.hpp"
#include "model/digest.hpp"
#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/node.hpp"
#include "model/observation.hpp"
#include "model/policy.hpp"
#include "model/rollout.hpp"
#include "model/time.hpp"

/// The canonical objects of the seed beside Node, and those that the design implies.
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

enum class ReplayState : std::uint8_t { granted, applying, ended };
constexpr auto words_of(ReplayState) {
  return std::array<std::string_view, 3>{"GRANTED", "APPLYING", "ENDED"};
}

/// One return of one node, as the log tells it (protocols page, "Return and replay").
struct ReplaySession {
  NodeId node_id;
  std::uint64_t session = 0;
  std::uint64_t fencing_token = 0;
  ReplayState state = ReplayState::granted;
  std::uint64_t backlog_events = 0;  ///< as the Hello said
  std::uint64_t backlog_bytes = 0;
  std::uint64_t received_events = 0;
  std::uint64_t received_bytes = 0;
  Instant granted_ts;
  Instant progress_ts;
  std::string outcome;  ///< "clean", "partial", "violation", "lost"; empty while it lasts
  IBCF_FIELDS(ReplaySession, node_id, session, fencing_token, state, backlog_events, backlog_bytes,
              received_events, received_bytes, granted_ts, progress_ts, outcome)
};

}  // namespace ibcf
