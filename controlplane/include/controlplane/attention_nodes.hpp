#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/attention.hpp"
#include "controlplane/projections.hpp"

namespace ibcf {

/// The signals of every node, and how many nodes of each relay, domain, bundle and artifact are in trouble:
/// what the attention queue groups. Kept up to date node by node; only those that something happened to, and
/// those out of contact, whose debt grows with time, are looked at again.
class AttentionNodes {
 public:
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  struct Watched {
    bool is_member = false;   ///< in service: counts for its relay and its domains
    bool is_lost = false;     ///< AUTONOMOUS or DISCONNECTED
    bool is_waiting = false;  ///< lost or coming back: its debt grows with time
    double importance = 0;
    AttentionSignals signals;          ///< authority is looked at by scope, not here
    Health health = Health::ok;        ///< without what loss of contact adds
    std::uint32_t domain = nowhere;    ///< numbers into domains()
    std::uint32_t relay = nowhere;     ///< .. relays()
    std::uint32_t bundle = nowhere;    ///< .. bundles(): desired of it
    std::uint32_t artifact = nowhere;  ///< .. artifacts(): under suspicion on it
    std::uint64_t drift_revision = 0;
  };
  struct DomainTally {
    explicit DomainTally(DomainId of) : id(of) {}
    DomainId id;
    std::uint32_t parent = nowhere;
    std::uint32_t members = 0;  ///< its own nodes, without those of domains below
    std::uint32_t lost = 0;
  };
  struct RelayTally {
    explicit RelayTally(std::string of) : name(std::move(of)) {}
    std::string name;
    std::uint32_t members = 0;
    std::uint32_t lost = 0;
    std::map<std::uint32_t, std::uint32_t> domains;  ///< members by domain
  };
  struct BundleTally {
    explicit BundleTally(BundleId of) : id(of) {}
    BundleId id;
    std::uint32_t desired = 0;  ///< evaluated nodes that should run it
    std::uint32_t drifting = 0;
  };
  struct ArtifactTally {
    explicit ArtifactTally(ArtifactId of) : id(of) {}
    ArtifactId id;
    std::uint32_t nodes = 0;
  };

  /// All must outlive this.
  AttentionNodes(const Projections& views, const AttentionSettings& settings, SupplySource supply);

  /// The event was applied to the views: whom it is about is looked at again.
  void note(const Event& event);
  /// Everybody is.
  void note_all();
  /// Looks at whom it must. How many that were.
  std::size_t update();

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] const Watched& at(Slot slot) const { return nodes_[slot]; }
  [[nodiscard]] bool is_troubled(Slot slot) const { return (flags_[slot] & troubled) != 0; }
  [[nodiscard]] const std::vector<DomainTally>& domains() const { return domains_; }
  [[nodiscard]] const std::vector<RelayTally>& relays() const { return relays_; }
  [[nodiscard]] const std::vector<BundleTally>& bundles() const { return bundles_; }
  [[nodiscard]] const std::vector<ArtifactTally>& artifacts() const { return artifacts_; }
  [[nodiscard]] std::uint32_t domain_number(DomainId id) const;
  /// The deepest domain that holds both; nowhere where there is none.
  [[nodiscard]] std::uint32_t common_domain(std::uint32_t a, std::uint32_t b) const;

 private:
  enum Flag : std::uint8_t { dirty = 1, waiting = 2, troubled = 4 };

  void note(NodeId id);
  void look_at(Slot slot);
  [[nodiscard]] Watched watched(Slot slot);
  void tally(const Watched& node, std::int32_t sign);

  const Projections* views_;
  const AttentionSettings* settings_;
  SupplySource supply_;
  std::vector<Watched> nodes_;  // by slot
  std::vector<std::uint8_t> flags_;
  std::uint64_t drift_revision_ = 0;
  std::uint64_t supply_revision_ = 0;
  std::vector<DomainTally> domains_;
  std::map<DomainId, std::uint32_t> domain_numbers_;
  std::vector<RelayTally> relays_;
  std::unordered_map<std::string, std::uint32_t> relay_numbers_;
  std::vector<BundleTally> bundles_;
  std::map<BundleId, std::uint32_t> bundle_numbers_;
  std::vector<ArtifactTally> artifacts_;
  std::map<ArtifactId, std::uint32_t> artifact_numbers_;
};

}  // namespace ibcf
