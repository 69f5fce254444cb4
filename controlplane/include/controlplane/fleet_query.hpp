#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "controlplane/projections.hpp"
#include "model/node.hpp"
#include "model/rollout.hpp"

namespace ibcf {

/// Scopes by who may declare "desired" for them (seed, Layer 0: "Where is the control plane authoritative vs
/// degraded?").
struct AuthorityCounts {
  std::uint64_t in_force = 0;   ///< scopes with a lease that runs, as of the view's time
  std::uint64_t lapsed = 0;     ///< scopes whose newest lease is over
  std::uint64_t anomalies = 0;  ///< everything that shows two masters at odds
  AuthorityCounts& operator+=(const AuthorityCounts& other);
  friend bool operator==(const AuthorityCounts&, const AuthorityCounts&) = default;
};

/// What all five views say to one question.
struct FleetSummary {
  std::uint64_t nodes = 0;  ///< registered, by domain, tags and bundle, whatever the window
  ModeCounts connectivity;
  PhaseCounts lifecycle;
  AuthorityCounts authority;
  DriftSummary drift;
  SupplyChainCounts supply_chain;
  friend bool operator==(const FleetSummary&, const FleetSummary&) = default;
};

/// The one way to ask: by domain with all below it, tags, policy bundle and time window, of all five views at
/// once (seed, section 2, "Each projection is queryable by" and "Query API"). Of the past too: over the views
/// that ProjectionHistory::as_of rebuilds, as known or as happened. Reads only; the views must outlive it.
class FleetQuery {
 public:
  /// `when`: the instant that leases and silence are judged at; never: that of the newest entry read.
  explicit FleetQuery(const Projections& views, Instant when = never) : views_(&views), when_(when) {}

  /// As of when every answer holds (I-67).
  [[nodiscard]] const AsOf& as_of() const { return views_->as_of(); }
  [[nodiscard]] FleetSummary summary(const Query& query = {}) const;
  /// Per domain, its own nodes and scopes only: counts add up to summary(query) (I-64). A domain without any
  /// is left out.
  [[nodiscard]] std::map<DomainId, FleetSummary> by_domain(const Query& query = {}) const;

  /// The seed's Node, put together from all views; nothing where nobody has registered it. What no view knows
  /// is as in a Node that was just made: loss and bandwidth of the link, and everything actual before the
  /// first snapshot whose body is at hand.
  [[nodiscard]] std::optional<Node> node(NodeId id) const;
  /// At most `most` nodes that match, in order of their ordinals, from the `first`th on; with a window those
  /// that moved within it.
  [[nodiscard]] std::vector<Node> nodes(const Query& query, std::size_t first, std::size_t most) const;

  /// The rollouts of the query's bundle, or all (seed, Layer 0, "Upgrade rollout status by policy bundle"); a
  /// domain narrows them to scopes within it, a window to those begun in it.
  [[nodiscard]] std::vector<Rollout> rollouts(const Query& query = {}) const;

 private:
  [[nodiscard]] Instant now() const { return when_ == never ? as_of().ingested : when_; }
  [[nodiscard]] AuthorityCounts authority(const Query& query) const;
  void add_authority(const Query& query, std::map<DomainId, FleetSummary>& summaries) const;
  [[nodiscard]] DomainId domain_of(DomainId scope) const;
  [[nodiscard]] Node node_at(Slot slot) const;

  const Projections* views_;
  Instant when_;
};

}  // namespace ibcf
