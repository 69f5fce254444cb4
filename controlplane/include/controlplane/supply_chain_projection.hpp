#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/body_source.hpp"
#include "controlplane/fleet_roster.hpp"
#include "controlplane/trust.hpp"

namespace ibcf {

/// "Is this node trusted and supply-chain clean?" (seed, Layer 2). suspect: something is not vouched for;
/// violation: something that runs there must not.
enum class SupplyChainLevel : std::uint8_t { clean, suspect, violation };
constexpr auto words_of(SupplyChainLevel) {
  return std::array<std::string_view, 3>{"CLEAN", "SUSPECT", "VIOLATION"};
}
/// The signal of the attention queue: 0, 0.5, 1.
constexpr double attention_signal(SupplyChainLevel level) {
  return 0.5 * static_cast<double>(level);
}

struct SupplyChainCounts {
  std::array<std::uint64_t, words_of(SupplyChainLevel{}).size()> level{};

  [[nodiscard]] std::uint64_t operator[](SupplyChainLevel which) const {
    return level[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] std::uint64_t total() const { return level[0] + level[1] + level[2]; }
  SupplyChainCounts& operator+=(const SupplyChainCounts& other);
  friend bool operator==(const SupplyChainCounts&, const SupplyChainCounts&) = default;
};

/// One artifact on one node.
struct ArtifactOnNode {
  InstalledArtifact installed;
  std::optional<ArtifactVerdict> verdict;  ///< a master's, or the node's own where no master has judged yet
  bool revoked = false;                    ///< it or its key, as known now, whenever it was judged
  std::string reason;
  Instant judged_ts;  ///< of the verdict
};

/// The supply-chain panel of one node.
struct NodeSupplyChain {
  NodeId id;
  SupplyChain shown;  ///< as the seed's Node has it
  SupplyChainLevel level = SupplyChainLevel::clean;
  std::vector<std::string> reasons;  ///< why it is not clean, worst first
  std::vector<ArtifactOnNode> artifacts;
  Instant last_judged_ts;  ///< Instant{}: never
};

/// A node's level and the artifact that it is about; nil where it is about none, or all is clean.
struct SupplyChainStanding {
  SupplyChainLevel level = SupplyChainLevel::clean;
  ArtifactId artifact;
};

/// One artifact over the fleet: what a recall asks for.
struct ArtifactInFleet {
  ArtifactId id;
  std::optional<Artifact> artifact;  ///< nothing: nobody ever published it
  bool revoked = false;              ///< it or the key that signed it
  std::string reason;                ///< why it was revoked
  std::uint64_t nodes = 0;           ///< that run it
};

/// What runs where, and whether it is vouched for. Verdicts and revocations come from the log; what a node
/// has installed from the body of its newest snapshot, which lies under its digest in a store beside the log.
/// Where that store lacks a body, the artifacts that were judged on the node stand for it.
class SupplyChainProjection {
 public:
  /// `roster` must outlive this and see each event first. `bodies` is asked only when somebody looks, so that
  /// the view's own bytes do not depend on when a body came.
  SupplyChainProjection(FleetRoster& roster, BodySource bodies)
      : roster_(&roster), bodies_(std::move(bodies)) {}

  /// False where the payload is not what the type says; nothing is changed then. Requires an event not taken
  /// before.
  bool apply(const Stored& stored, const Event& event);

  [[nodiscard]] const AsOf& as_of() const { return roster_->as_of(); }
  [[nodiscard]] std::optional<NodeSupplyChain> find(NodeId node) const;
  /// Rises whenever the standing of nodes may have changed that no event named.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// The level alone, for who asks it of a whole fleet.
  [[nodiscard]] SupplyChainStanding standing_of(NodeId node) const;
  /// Nodes that match, in order of their ordinals; with a window, those on which something was judged in it.
  [[nodiscard]] std::vector<NodeSupplyChain> nodes(const Query& query = {}) const;
  [[nodiscard]] SupplyChainCounts counts(const Query& query = {}) const;
  /// Per domain, its own nodes only; they add up to counts(query).
  [[nodiscard]] std::map<DomainId, SupplyChainCounts> counts_by_domain(const Query& query = {}) const;

  /// Every artifact that was published or is said to run on a node that matches, by id.
  [[nodiscard]] std::vector<ArtifactInFleet> artifacts(const Query& query = {}) const;
  /// Recall: which nodes run it, in order of their ordinals.
  [[nodiscard]] std::vector<NodeId> nodes_running(ArtifactId artifact, const Query& query = {}) const;

  /// Canonical: the same events are the same bytes, whatever their order over origins.
  [[nodiscard]] Bytes snapshot() const;
  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  struct Finding {
    EventKey key;
    ArtifactVerdict verdict = ArtifactVerdict::verified;
    InstalledArtifact what;  // as the judge found it
    std::string reason;
    IBCF_FIELDS(Finding, key, verdict, what, reason)
  };
  struct Findings {  // by artifact, newest by EventKey
    std::map<ArtifactId, Finding> by_master;
    std::map<ArtifactId, Finding> by_node;
  };
  struct NodeState {
    std::uint32_t incarnation = 0;  // of the newest snapshot's event
    std::uint64_t seq = 0;
    Digest body;
    Findings findings;
  };
  struct Published {
    EventKey key;
    Artifact artifact;
    Digest envelope;
    IBCF_FIELDS(Published, key, artifact, envelope)
  };
  struct Revoked {
    EventKey key;
    std::string reason;
    IBCF_FIELDS(Revoked, key, reason)
  };
  struct Body {
    bool known = false;
    Firmware firmware;
    std::vector<InstalledArtifact> installed;
  };

  bool see_snapshot(const Event& event);
  bool see_verdict(const Event& event);
  NodeState& state_of(NodeId node);
  [[nodiscard]] const NodeState* find_state(Slot slot) const;
  [[nodiscard]] const Body& body_of(const Digest& digest) const;
  template <class See>
  void for_each_running(const NodeState& state, See&& see) const;
  [[nodiscard]] const Revoked* revocation_of(ArtifactId id) const;
  [[nodiscard]] const Finding* finding_of(const NodeState& state, ArtifactId id) const;
  template <class Tell>
  void find_faults(const NodeState& state, Tell&& tell) const;
  [[nodiscard]] std::set<ArtifactId> ids_on(const NodeState& state) const;
  [[nodiscard]] bool is_firmware_signed(const NodeState& state) const;
  [[nodiscard]] SupplyChainStanding standing_at(Slot slot) const;
  [[nodiscard]] NodeSupplyChain view(Slot slot) const;
  void show(const NodeState& state, NodeSupplyChain& node) const;
  [[nodiscard]] std::vector<Slot> select(const Query& query) const;

  FleetRoster* roster_;
  BodySource bodies_;
  std::vector<NodeState> nodes_;  // by slot
  std::map<ArtifactId, Published> published_;
  std::map<ArtifactId, Revoked> revoked_;
  std::map<Bytes, Revoked> revoked_keys_;
  std::map<Digest, std::set<Bytes>> signers_;   // by envelope: keys that masters found to have signed it
  std::uint64_t revision_ = 0;                  // no part of any snapshot
  mutable std::map<Digest, Body> seen_bodies_;  // bounded; a copy of what the store has
};

}  // namespace ibcf
