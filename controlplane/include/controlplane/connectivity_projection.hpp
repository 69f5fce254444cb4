#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "controlplane/lifecycle_projection.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// Nodes per believed mode. `unclassified` are those whose connectivity region has not begun or is over.
struct ModeCounts {
  std::array<std::uint64_t, words_of(ConnectivityMode{}).size()> mode{};
  std::uint64_t unclassified = 0;

  [[nodiscard]] std::uint64_t operator[](ConnectivityMode which) const {
    return mode[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] std::uint64_t total() const;
  void count(std::optional<ConnectivityMode> believed);
  ModeCounts& operator+=(const ModeCounts& other);
  friend bool operator==(const ModeCounts&, const ModeCounts&) = default;
};

/// One node as the masters believe it and as it reported itself.
struct NodeConnectivity {
  NodeId id;
  std::uint32_t ordinal = 0;
  DomainId domain;
  std::optional<ConnectivityMode> believed;
  /// From here on: the newest heartbeat; nothing before the first.
  std::optional<ConnectivityMode> reported;
  Instant last_seen;
  std::uint32_t rtt_us = 0;
  std::uint64_t head = 0;  ///< newest seq the node has written
  std::uint32_t backlog_events = 0;
  std::uint64_t backlog_bytes = 0;
  Health health = Health::unknown;
};

/// How each node is connected: the believed mode is the lifecycle projection's, the rest comes from heartbeat
/// batches.
class ConnectivityProjection {
 public:
  /// Both must outlive this and see each event first.
  ConnectivityProjection(const FleetRoster& roster, const LifecycleProjection& lifecycle)
      : roster_(&roster), lifecycle_(&lifecycle) {}

  /// False where the payload is not what the type says, or its columns differ in length; nothing is changed
  /// then.
  bool apply(const Stored& stored, const Event& event);

  [[nodiscard]] const AsOf& as_of() const { return roster_->as_of(); }
  [[nodiscard]] std::optional<NodeConnectivity> find(NodeId node) const;
  [[nodiscard]] NodeConnectivity at(Slot slot) const { return view(slot); }
  /// The nodes that match, in order of their ordinals.
  [[nodiscard]] std::vector<NodeConnectivity> nodes(const Query& query = {}) const;
  [[nodiscard]] ModeCounts counts(const Query& query = {}) const;
  /// Per domain, its own nodes only; they add up to counts(query).
  [[nodiscard]] std::map<DomainId, ModeCounts> counts_by_domain(const Query& query = {}) const;

  /// Canonical, and without the believed modes: they are the lifecycle projection's.
  [[nodiscard]] Bytes snapshot() const;
  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  struct Report {
    Instant seen;
    EventKey key;  // of the batch: decides between beats of one instant
    bool any = false;
    std::uint32_t rtt_us = 0;
    std::uint64_t head = 0;
    std::uint32_t backlog_events = 0;
    std::uint64_t backlog_bytes = 0;
    ConnectivityMode mode = ConnectivityMode::disconnected;
    Health health = Health::unknown;
    IBCF_FIELDS(Report, seen, key, any, rtt_us, head, backlog_events, backlog_bytes, mode, health)
  };
  [[nodiscard]] NodeConnectivity view(Slot slot) const;

  const FleetRoster* roster_;
  const LifecycleProjection* lifecycle_;
  std::vector<Report> reports_;  // by ordinal: a batch may come before the registration it builds on
  HeartbeatBatch batch_;         // kept for its memory
};

}  // namespace ibcf
