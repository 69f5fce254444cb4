#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/drift.hpp"
#include "controlplane/event_key.hpp"
#include "controlplane/fleet_roster.hpp"
#include "controlplane/local_grant.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// The order of a node's own events over all its streams: its stamps rise within an incarnation.
struct OwnStamp {
  std::uint32_t incarnation = 0;
  std::uint64_t hlc = 0;
  friend auto operator<=>(const OwnStamp&, const OwnStamp&) = default;
  IBCF_FIELDS(OwnStamp, incarnation, hlc)
};

/// What a log says of one node that its drift depends on; the newest of each kind.
struct NodeDriftInputs {
  struct Seen {
    OwnStamp at;
    Instant observed;
    Digest body;
    BundleId in_force;
    IBCF_FIELDS(Seen, at, observed, body, in_force)
  };
  struct Decided {
    OwnStamp at;
    std::uint64_t seq = 0;
    LocalDecision said;
    IBCF_FIELDS(Decided, at, seq, said)
  };
  struct Settled {
    EventKey key;
    BundleId bundle;
    ObjectValue value;
    IBCF_FIELDS(Settled, key, bundle, value)
  };
  std::optional<Seen> seen;                ///< the newest snapshot
  std::map<std::string, Decided> decided;  ///< by the node itself, by object
  std::vector<LocalGrant> granted;         ///< to it, by the masters
  std::map<std::string, Settled> settled;  ///< by reconciliation, by object
  /// How often reconciliation had the desired value of a GIVE_UP object taken, by tries_key.
  std::map<std::string, std::uint32_t> tries;
  std::map<std::string, std::uint64_t> removed;  ///< by a master's word: object and the highest term
  /// The node's own log was reconciled up to this seq of its decisions.
  EventKey verdict;
  std::uint64_t reconciled_upto = 0;
  /// The newest command whose bundle the node did not get to run.
  OwnStamp failed_at;
  CommandId failed;
  IBCF_FIELDS(NodeDriftInputs, seen, decided, granted, settled, tries, removed, verdict, reconciled_upto,
              failed_at, failed)
};

std::string tries_key(BundleId bundle, const std::string& object);

/// What a scope (a node or a domain) was declared to be. Of two the higher term counts, then the later one.
struct DeclaredBundle {
  std::uint64_t epoch = 0;
  EventKey key;
  BundleId bundle;
  CommandId command;  ///< that assigned it; nil where it was declared without one
  friend auto operator<=>(const DeclaredBundle&, const DeclaredBundle&) = default;
  IBCF_FIELDS(DeclaredBundle, epoch, key, bundle, command)
};

/// The inputs of drift, as a log gives them: bundles, what is desired of whom, snapshots by digest, what
/// nodes decided and what reconciliation settled, rollouts under way. Inputs only: no score is kept (seed,
/// "Drift is a computed projection"). Any order over origins and any repetition gives the same.
class DriftInputs {
 public:
  /// What an event changed; all empty where it changed nothing.
  struct Touched {
    std::optional<Slot> node;
    std::optional<Slot> seen_again;  ///< showed the same as before: as of later, and nothing else
    BundleId bundle;                 ///< everybody of whom it is desired, or who has it in force
    DomainId scope;                  ///< everybody in it
  };

  /// `roster` must outlive this and see each event first.
  explicit DriftInputs(FleetRoster& roster) : roster_(&roster) {}

  /// False where the payload is not what the type says; nothing is changed then.
  bool apply(const Event& event, Touched& touched);

  [[nodiscard]] const NodeDriftInputs& of(Slot slot) const;
  [[nodiscard]] std::size_t slots() const { return nodes_.size(); }
  [[nodiscard]] const PolicyBundle* find_bundle(BundleId id) const;
  /// Of all bundles of one name.
  [[nodiscard]] const ReleaseList& releases_of(const std::string& bundle_name) const;
  /// Of all that was declared for the node and the domains around it, what counts. Nothing where nothing was.
  [[nodiscard]] std::optional<DeclaredBundle> desired_of(Slot slot) const;
  /// Some master is bringing this bundle to its nodes, and neither done nor stopped.
  [[nodiscard]] bool is_rolling_out(BundleId bundle) const;

  /// Canonical: the same events are the same bytes.
  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  struct Published {
    EventKey key;
    PolicyBundle bundle;
    IBCF_FIELDS(Published, key, bundle)
  };
  struct RolloutSeen {
    AnyId master;
    EventKey counted;
    bool all_answered = false;
    EventKey moved;
    bool stopped = false;
    IBCF_FIELDS(RolloutSeen, master, counted, all_answered, moved, stopped)
  };

  bool on_observation(const Event& event, Touched& touched);
  bool on_decision(const Event& event, Touched& touched);
  bool on_grant(const Event& event, Touched& touched);
  bool on_result(const Event& event, Touched& touched);
  bool on_issued(const Event& event, Touched& touched);
  bool on_reconciled(const Event& event, Touched& touched);
  bool on_removed(const Event& event, Touched& touched);
  bool on_verdict(const Event& event, Touched& touched);
  bool on_published(const Event& event, Touched& touched);
  bool on_rollout(const Event& event, Touched& touched);
  void declare(DomainId scope, DeclaredBundle declared, Touched& touched);
  NodeDriftInputs& node(NodeId id, Touched& touched);
  void put_bundle(Published published);

  FleetRoster* roster_;
  std::vector<NodeDriftInputs> nodes_;  // by slot
  std::map<DomainId, DeclaredBundle> declared_;
  std::map<BundleId, Published> bundles_;
  std::map<std::string, ReleaseList> releases_;            // by name of bundle; follows from bundles_
  std::map<BundleId, std::vector<RolloutSeen>> rollouts_;  // by master
};

}  // namespace ibcf
