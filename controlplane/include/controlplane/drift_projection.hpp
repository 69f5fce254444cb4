#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/body_source.hpp"
#include "controlplane/drift_inputs.hpp"

namespace ibcf {

/// A snapshot older by this counts half (see confidence).
inline constexpr Duration drift_half_life = std::chrono::hours{1};

/// One node's drift in figures; the objects are in DriftProjection::details_of.
struct NodeDrift {
  NodeId id;
  DomainId domain;
  BundleId desired;   ///< nil: nobody declared anything
  BundleId in_force;  ///< by the snapshot
  /// A bundle is desired and known, and the body of a snapshot is at hand. All below is 0 otherwise.
  bool evaluated = false;
  double raw = 0;
  double score = 0;
  std::uint32_t objects = 0;
  std::uint32_t out_of_spec = 0;
  std::uint32_t expected = 0;
  std::uint32_t unknown = 0;
  Instant observed;  ///< as of when (I-67), by the node's clock
  friend bool operator==(const NodeDrift&, const NodeDrift&) = default;
};

/// Drift over many nodes, one tile of the heat map. Counts and sums of domains add up to those of the fleet
/// (I-64).
struct DriftSummary {
  std::uint64_t nodes = 0;
  std::uint64_t evaluated = 0;
  std::uint64_t out_of_spec_nodes = 0;
  std::uint64_t out_of_spec_objects = 0;
  std::uint64_t expected_objects = 0;
  double mean = 0;  ///< over evaluated nodes, as the rest
  double p95 = 0;   ///< nearest rank
  double max = 0;
  Instant oldest = never;  ///< observation that went in
  friend bool operator==(const DriftSummary&, const DriftSummary&) = default;
};

/// How far every node is from what it should be. Folds inputs and stores only them; scores are computed when
/// somebody asks, and kept until an input changes (seed, "Drift is a computed projection").
class DriftProjection {
 public:
  /// `roster` must outlive this and see each event first. Without a body nothing is evaluated.
  DriftProjection(FleetRoster& roster, BodySource bodies)
      : roster_(&roster), inputs_(roster), bodies_(std::move(bodies)) {}

  /// False where the payload is not what the type says; nothing is changed then. Requires an event not taken
  /// before.
  bool apply(const Stored& stored, const Event& event);

  [[nodiscard]] const AsOf& as_of() const { return roster_->as_of(); }
  [[nodiscard]] const DriftInputs& inputs() const { return inputs_; }

  /// Nothing where nobody has registered the node.
  [[nodiscard]] std::optional<NodeDrift> find(NodeId node) const;
  [[nodiscard]] const NodeDrift& at(Slot slot) const;
  /// Rises whenever at(slot) may have changed; 0 before the first input.
  [[nodiscard]] std::uint64_t revision_of(Slot slot) const {
    return slot < node_revisions_.size() ? node_revisions_[slot] : 0;
  }
  /// The highest of all revision_of.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// As the seed's Node shows it.
  [[nodiscard]] Drift drift_of(NodeId node) const;
  /// What the node is by its newest snapshot; nothing where there is none, or its body is not at hand.
  [[nodiscard]] std::optional<Snapshot> actual_of(NodeId node) const;
  /// Desired against actual, object by object (seed, "Layer 2"). Nothing where the node is not evaluated.
  [[nodiscard]] std::optional<DriftScore> details_of(NodeId node) const;
  /// What is still believed of the node's score at the view's time: 2^(-age / half-life).
  [[nodiscard]] double confidence_of(const NodeDrift& drift) const;

  /// Registered nodes that match, in order of their ordinals; with a window those observed within it.
  [[nodiscard]] std::vector<NodeDrift> nodes(const Query& query = {}) const;
  [[nodiscard]] DriftSummary summary(const Query& query = {}) const;
  /// Per domain, its own nodes only.
  [[nodiscard]] std::map<DomainId, DriftSummary> by_domain(const Query& query = {}) const;

  /// Canonical: the same events are the same bytes, whatever their order over origins.
  [[nodiscard]] Bytes snapshot() const;
  void write(Encoder& encoder) const { inputs_.write(encoder); }
  void read(Decoder& decoder);

 private:
  /// A computed value and whether it still holds. No part of any snapshot.
  struct Cell {
    bool is_current = false;
    NodeDrift drift;
  };
  void touch(Slot slot);
  void touch(const DriftInputs::Touched& touched);
  [[nodiscard]] std::vector<Slot> select(const Query& query) const;
  [[nodiscard]] std::optional<Snapshot> actual_at(Slot slot) const;
  [[nodiscard]] std::optional<DriftScore> evaluate(Slot slot, NodeDrift& drift) const;

  FleetRoster* roster_;
  DriftInputs inputs_;
  BodySource bodies_;
  mutable std::vector<Cell> cells_;            // by slot
  std::vector<std::uint64_t> node_revisions_;  // by slot
  std::uint64_t revision_ = 0;
};

/// What the drift of a node is made of; null where there is none.
struct ExcuseInputs {
  const PolicyBundle* desired = nullptr;
  const PolicyBundle* in_force = nullptr;
  const Snapshot* actual = nullptr;
  bool is_rolling_out = false;  ///< the desired bundle is on its way to this node
  const NodeDriftInputs* node = nullptr;
  const std::map<std::string, ObjectValue>* settled = nullptr;  ///< against the desired bundle
};
/// The objects whose difference is to be expected, each with the reason.
std::map<std::string, Excuse> excuses(const ExcuseInputs& inputs);

}  // namespace ibcf
