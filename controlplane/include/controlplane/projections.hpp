#pragma once

#include <cstdint>
#include <vector>

#include "controlplane/alarms.hpp"
#include "controlplane/authority_projection.hpp"
#include "controlplane/connectivity_projection.hpp"
#include "controlplane/drift_projection.hpp"
#include "controlplane/fleet_roster.hpp"
#include "controlplane/lifecycle_projection.hpp"
#include "controlplane/rollout_projection.hpp"
#include "controlplane/seen_events.hpp"
#include "controlplane/supply_chain_projection.hpp"

namespace ibcf {

/// The views that reports and screens read, folded from one log or from several merged: connectivity,
/// lifecycle, authority, drift and supply chain, over one roster, rollouts, and the alarms that masters
/// raised. Nothing else goes in, so they can be rebuilt from nothing (I-11), or from a snapshot and the tail
/// (I-12). An event that comes twice changes nothing (I-13). Per-origin order is all that is asked of a
/// merged log (I-14).
class Projections {
 public:
  /// The domains are the fleet's, parents and children in any order. `bodies` finds what snapshots hold;
  /// without it drift is folded and not evaluated, and what is installed is known from verdicts alone.
  explicit Projections(std::vector<Domain> domains, BodySource bodies = {});
  Projections(const Projections&) = delete;  // the views hold on to the roster
  Projections& operator=(const Projections&) = delete;

  /// Reads one entry. Bytes that are no event, or whose payload is not what its type says, change nothing but
  /// unreadable(), and the answer is false.
  bool apply(const Stored& stored);
  /// The same for a caller that has decoded the entry already.
  bool apply(const Stored& stored, const Event& event);
  /// Reads everything that `store` holds from as_of().position on, and says how far that was: what a store
  /// has dropped or cannot read is not passed over.
  Scanned catch_up(const EventStore& store);

  [[nodiscard]] const AsOf& as_of() const { return roster_.as_of(); }
  [[nodiscard]] const FleetRoster& roster() const { return roster_; }
  [[nodiscard]] const LifecycleProjection& lifecycle() const { return lifecycle_; }
  [[nodiscard]] const ConnectivityProjection& connectivity() const { return connectivity_; }
  [[nodiscard]] const AuthorityProjection& authority() const { return authority_; }
  [[nodiscard]] const DriftProjection& drift() const { return drift_; }
  [[nodiscard]] const Alarms& alarms() const { return alarms_; }
  [[nodiscard]] const SupplyChainProjection& supply_chain() const { return supply_chain_; }
  [[nodiscard]] const RolloutProjection& rollouts() const { return rollouts_; }
  [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }

  /// All views and what is needed to go on, position included.
  [[nodiscard]] Bytes snapshot() const;
  /// The views alone, without position and ingestion time: equal for two masters that hold the same events.
  [[nodiscard]] Bytes view_bytes() const;
  /// Goes on from a snapshot taken with the same domains. Requires that nothing was applied yet. False where
  /// the bytes are no snapshot; this object is of no use then.
  [[nodiscard]] bool restore(ByteView snapshot);

 private:
  FleetRoster roster_;
  LifecycleProjection lifecycle_;
  ConnectivityProjection connectivity_;
  AuthorityProjection authority_;
  DriftProjection drift_;
  Alarms alarms_;
  SupplyChainProjection supply_chain_;
  RolloutProjection rollouts_;
  SeenEvents seen_;
  Event event_;  // kept for its memory
  std::uint64_t unreadable_ = 0;
};

}  // namespace ibcf
