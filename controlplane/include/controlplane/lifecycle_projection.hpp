#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/fleet_roster.hpp"
#include "controlplane/lifecycle.hpp"

namespace ibcf {

/// Nodes per phase. `none` are those archived, or with no step that fits yet.
struct PhaseCounts {
  std::array<std::uint64_t, words_of(Phase{}).size()> phase{};
  std::uint64_t none = 0;

  [[nodiscard]] std::uint64_t operator[](Phase which) const { return phase[static_cast<std::size_t>(which)]; }
  [[nodiscard]] std::uint64_t total() const;
  void count(const LifecycleState& state);
  PhaseCounts& operator+=(const PhaseCounts& other);
  friend bool operator==(const PhaseCounts&, const PhaseCounts&) = default;
};

/// Where each node stands in its life and how it came there, as its masters say: every step is an arrow of
/// the table taken by an event whose subject is the node. What a node logs about itself is its own report,
/// not the masters' belief, and is left out. Steps are kept in the order of EventKey, so that merged logs
/// agree.
class LifecycleProjection {
 public:
  /// `roster` must outlive this and see each event first.
  explicit LifecycleProjection(FleetRoster& roster) : roster_(&roster) {}

  /// False where the payload is not what the type says; nothing is changed then. Requires an event not taken
  /// before.
  bool apply(const Stored& stored, const Event& event);

  [[nodiscard]] const AsOf& as_of() const { return roster_->as_of(); }
  /// Empty for a node nobody has registered.
  [[nodiscard]] LifecycleState state_of(NodeId node) const;
  [[nodiscard]] LifecycleState state_at(Slot slot) const {
    return slot < lives_.size() ? lives_[slot].state : LifecycleState{};
  }
  [[nodiscard]] std::string label_of(NodeId node) const { return ibcf::label_of(state_of(node)); }
  /// As the seed's Node shows it: phase, label, newest transition and its reason.
  [[nodiscard]] Lifecycle lifecycle_of(NodeId node) const;
  /// The node's transitions within the query's window, oldest first.
  [[nodiscard]] Timeline timeline_of(NodeId node, const Query& window = {}) const;

  /// Registered nodes that match, in order of their ordinals.
  [[nodiscard]] std::vector<Slot> select(const Query& query) const;
  [[nodiscard]] PhaseCounts counts(const Query& query = {}) const;
  /// Per domain, its own nodes only; they add up to counts(query).
  [[nodiscard]] std::map<DomainId, PhaseCounts> counts_by_domain(const Query& query = {}) const;

  /// Events whose arrow does not lead out of the state they met (I-40 wants none). They move nothing.
  [[nodiscard]] std::uint64_t misfits() const { return misfits_; }

  /// Canonical: the same events are the same bytes, whatever their order over origins.
  [[nodiscard]] Bytes snapshot() const;
  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  struct Step {
    EventKey key;
    std::uint8_t arrow = 0;  // its place in the table; the table's size for one that is not in it
    LifecycleFacts facts;
    std::uint32_t reason = 0;  // an index into reasons_
    bool fits = false;
  };
  struct Life {
    std::vector<Step> steps;  // by key
    LifecycleState state;
  };

  void take(Slot slot, Step step);
  void believe(Life& life, Step& step);
  void fold_again(Life& life);
  std::uint32_t intern(const std::string& reason);
  [[nodiscard]] const Life* life_of(NodeId node) const;

  FleetRoster* roster_;
  std::vector<Life> lives_;  // by slot
  std::vector<std::string> reasons_;
  std::unordered_map<std::string, std::uint32_t> reason_index_;
  std::uint64_t misfits_ = 0;
};

}  // namespace ibcf
