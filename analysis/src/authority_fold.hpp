#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/objects.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// Who may say "desired" for a scope, and when. A term runs from its first grant to the end of its newest
/// lease or to the next term, whichever is first; what is left of the lease after that is shown, since the
/// old holder may not know.
class AuthorityFold {
 public:
  struct Term {
    AnyId scope;
    std::uint64_t epoch = 0;
    std::string holder;
    AuthorityLevel level = AuthorityLevel::global;
    GrantReason reason = GrantReason::initial;
    Instant from;
    Instant lease_until = never;  ///< never: the grant has no lease
    std::uint32_t renewals = 0;
  };
  /// A command executed under a term that was over, or refused for it.
  struct Stale {
    Instant at;  ///< by the node's clock
    std::string node;
    AnyId scope;
    std::uint64_t command_epoch = 0;
    std::uint64_t newer_epoch = 0;
    std::string what;  ///< "fenced", "stale", "late"
  };

  AuthorityFold(const Grid& grid, const Fleet& fleet) : grid_(&grid), fleet_(&fleet) {}

  void see(const KnownEvent& entry);
  [[nodiscard]] Json table() const;
  /// Terms of domains by scope and epoch; terms of single nodes are only counted.
  [[nodiscard]] std::vector<Term> terms() const;
  [[nodiscard]] std::vector<Stale> stale() const;

 private:
  struct Executed {
    Instant at;
    AnyId node;
    AnyId command;
    CommandState state = CommandState::applied;
    std::uint64_t command_epoch = 0;
    std::uint64_t seen_epoch = 0;
  };

  void take(const AuthorityGrant& grant);
  [[nodiscard]] std::uint64_t granted_by(AnyId scope, Instant at) const;
  /// When the next term of the scope begins, or never; and whether the holder of this one gave it up for
  /// that.
  [[nodiscard]] Instant superseded(const Term& term, bool* given_up) const;

  const Grid* grid_;
  const Fleet* fleet_;
  std::map<AnyId, std::map<std::uint64_t, Term>> terms_;
  std::map<AnyId, AnyId> scope_of_command_;
  std::vector<Executed> executed_;
  std::uint64_t node_grants_ = 0;
};

}  // namespace ibcf::analysis
