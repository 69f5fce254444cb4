#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/attention.hpp"
#include "model/node.hpp"

/// What an operator's inbox is computed from (seed 2B; protocols page, "Attention").
namespace ibcf {

/// Starting values, to be tuned in the simulator.
struct AttentionSettings {
  /// w_k: how much of a signal counts.
  AttentionSignals weights{
      .drift = 0.5, .sync_debt = 0.4, .authority_mismatch = 0.9, .health = 0.6, .supply_chain = 0.95};
  Duration behind = std::chrono::hours{1};  ///< T of the sync debt
  double backlog = 1000;                    ///< B of the sync debt, in messages
  /// Relay or domain: this share of its nodes, and at least so many, out of contact are one trouble.
  double outage_share = 0.8;
  std::uint32_t outage_nodes = 3;
  /// Bundle: this share of the nodes that should run it, and at least so many, out of spec are one trouble.
  double drift_share = 0.25;
  std::uint32_t drift_nodes = 3;
  std::uint32_t artifact_nodes = 2;  ///< artifact: so many nodes with it under suspicion are one trouble
  /// An item appears at this score and goes below that one.
  double appears_at = 0.1;
  double goes_below = 0.05;
  /// An item keeps its place while its score moves no further than this.
  double dead_band = 0.05;
  /// A refusal, or an execution under a stale or fenced term, is news for so long.
  Duration news = std::chrono::hours{1};
  /// In [0, 1]. A tag that is named here counts instead of the kind; of several the most important.
  std::map<std::string, double> importance_of_tag;
  /// Scores of what no node's signals tell.
  double of_brake = 0.9;
  double of_projection = 0.95;
  double of_refused_peer = 0.6;
  double of_halted_peer = 0.9;
};

/// s = 1 - exp(-(behind / T + backlog / B)).
double sync_debt_signal(Duration behind, std::uint64_t backlog, const AttentionSettings& settings);
/// OK 0, UNKNOWN 0.4, DEGRADED 0.6, FAILED 1.
double health_signal(Health health);
/// In [0, 1]: RELAY and DC 1, GATEWAY 0.9, EDGE 0.8, VIRTUAL 0.6, unless a tag says otherwise.
double importance_of(NodeKind kind, const std::vector<std::string>& tags, const AttentionSettings& settings);
/// Of `nodes` of this importance together: that any one of them matters. 1 - (1 - importance)^nodes.
double importance_of_group(double importance, std::uint32_t nodes);

/// A = importance * (1 - product over k of (1 - w_k s_k)), in millionths.
double attention(double importance, const AttentionSignals& signals, const AttentionSettings& settings);

/// The higher of each.
AttentionSignals highest(const AttentionSignals& a, const AttentionSignals& b);
bool is_silent(const AttentionSignals& signals);

/// A node's standing in the supply chain, from whoever keeps that view: 0 clean, 0.5 in doubt, 1 violated,
/// and the artifact it is about.
struct SupplyStanding {
  double signal = 0;
  ArtifactId artifact;
};
using SupplySource = std::function<SupplyStanding(NodeId)>;

/// A projection that does not keep up with its log: what is shown may be wrong (L-7).
struct ProjectionFault {
  std::string projection;
  std::string why;
};

}  // namespace ibcf
