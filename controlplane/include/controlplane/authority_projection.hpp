#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "controlplane/desired_heads.hpp"
#include "controlplane/fleet_roster.hpp"
#include "controlplane/local_grant.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// Who may declare "desired" for a scope, and how it came to that.
struct ScopeAuthority {
  DomainId scope;
  /// The grant of the highest epoch; of several of one epoch the newest.
  AuthorityGrant newest;
  /// All grants, renewals included, oldest first.
  std::vector<AuthorityGrant> history;

  [[nodiscard]] Instant lease_end() const { return newest.granted_ts + newest.lease; }
};

enum class AuthorityAnomalyKind : std::uint8_t {
  epoch_not_rising,  ///< a term not above all that its grantor had begun, or one that another began too
                     ///< (I-20)
  stale_renewal,     ///< a renewal below an epoch granted before it: its holder has not heard of the new term
  two_holders,       ///< a second holder of one epoch (I-21)
  fenced_execution,  ///< a node refused a command of an old epoch: the fence held
  stale_execution,   ///< a node carried out a command below an epoch it had seen (I-23)
  unfounded_claim,   ///< a node says it decided under a LOCAL grant that it did not have (I-26)
  break_glass,       ///< an operator began a term over the head of the holder before
  desired_conflict,  ///< what lost against another master's word, and nobody has declared over both since
};
constexpr auto words_of(AuthorityAnomalyKind) {
  return std::array<std::string_view, 8>{"EPOCH_NOT_RISING", "STALE_RENEWAL",   "TWO_HOLDERS",
                                         "FENCED_EXECUTION", "STALE_EXECUTION", "UNFOUNDED_CLAIM",
                                         "BREAK_GLASS",      "DESIRED_CONFLICT"};
}

struct AuthorityAnomaly {
  AuthorityAnomalyKind kind = AuthorityAnomalyKind::epoch_not_rising;
  DomainId scope;             ///< of a grant; of an execution: the node's domain
  NodeId node;                ///< nil for a grant
  CommandId command;          ///< nil for a grant
  std::uint64_t epoch = 0;    ///< of the grant or the command, or claimed
  std::uint64_t highest = 0;  ///< the highest epoch known where it happened
  Instant when;               ///< by the clock of who wrote it
  IBCF_FIELDS(AuthorityAnomaly, kind, scope, node, command, epoch, highest, when)
};

/// Authority over scopes, and everything that shows two masters at odds (seed: "AuthorityProjection prevents
/// split-brain"; I-25: every fenced or stale execution is visible here).
class AuthorityProjection {
 public:
  /// `roster` must outlive this and see each event first.
  explicit AuthorityProjection(const FleetRoster& roster) : roster_(&roster) {}

  /// False where the payload is not what the type says; nothing is changed then. Requires an event not taken
  /// before.
  bool apply(const Stored& stored, const Event& event);

  [[nodiscard]] const AsOf& as_of() const { return roster_->as_of(); }
  /// Nothing where the scope was never granted.
  [[nodiscard]] std::optional<ScopeAuthority> find(DomainId scope) const;
  /// The newest grant over a domain: its own, or that of the nearest domain above it. Nothing where there is
  /// none.
  [[nodiscard]] std::optional<AuthorityGrant> in_force(DomainId domain) const;
  /// The LOCAL grants of a node, by rising term. They stand beside the scopes: a node holds its own only
  /// while nobody reaches it.
  [[nodiscard]] const std::vector<LocalGrant>& local_grants(NodeId node) const;
  /// What was declared for a scope itself, whatever holds for the domains around it.
  [[nodiscard]] const DesiredHeads& desired(DomainId scope) const;
  /// Scopes within the query's domain, by id; with a window those granted within it. A scope that is a node
  /// counts to the node's domain. Tags and bundle narrow scopes that are nodes, and leave out no domain.
  [[nodiscard]] std::vector<ScopeAuthority> scopes(const Query& query = {}) const;
  /// Oldest first within a kind; grants by scope first. Tags and bundle narrow what concerns a node.
  [[nodiscard]] std::vector<AuthorityAnomaly> anomalies(const Query& query = {}) const;

  /// Canonical: the same events are the same bytes, whatever their order over origins.
  [[nodiscard]] Bytes snapshot() const;
  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  struct Granted {
    EventKey key;
    AuthorityGrant grant;
    IBCF_FIELDS(Granted, key, grant)
  };
  struct Executed {
    EventKey key;
    NodeId node;
    CommandResult result;
    IBCF_FIELDS(Executed, key, node, result)
  };
  struct Scope {
    std::vector<Granted> grants;  // by key
    std::size_t newest = 0;
  };

  /// What a node claims for itself: of its decisions in one term that with the longest time alone.
  struct Claimed {
    std::uint64_t epoch = 0;
    Duration alone{};
    EventKey key;
    friend auto operator<=>(const Claimed&, const Claimed&) = default;
    IBCF_FIELDS(Claimed, epoch, alone, key)
  };
  struct Local {
    std::vector<LocalGrant> granted;
    std::vector<Claimed> claimed;  // by term
    IBCF_FIELDS(Local, granted, claimed)
  };

  void take(Granted granted);
  void take(Executed executed);
  void take(NodeId node, const Claimed& claimed);
  void add_conflicts(const Query& query, std::vector<AuthorityAnomaly>& all) const;
  void add_claims(const Query& query, std::vector<AuthorityAnomaly>& all) const;
  [[nodiscard]] DomainId domain_of(NodeId node) const;
  [[nodiscard]] bool is_asked_for(DomainId scope, const Query& query) const;
  [[nodiscard]] bool is_asked_for(NodeId node, const Query& query) const;
  [[nodiscard]] static std::vector<bool> not_rising(const std::vector<Granted>& grants);
  void add_grant_anomalies(DomainId id, const Scope& scope, const Query& query,
                           std::vector<AuthorityAnomaly>& all) const;

  const FleetRoster* roster_;
  std::map<DomainId, Scope> scopes_;
  std::map<NodeId, Local> local_;
  std::map<DomainId, DesiredHeads> desired_;
  std::vector<Executed> executed_;  // fenced or stale only, by key
};

}  // namespace ibcf
