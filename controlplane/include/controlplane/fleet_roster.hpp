#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/domain_tree.hpp"
#include "controlplane/event_key.hpp"
#include "controlplane/eventstore.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// What a view is asked for; every part narrows it (seed, section 2 "Each projection is queryable by").
struct Query {
  DomainId domain = {};                ///< this domain and all below it; nil: the whole fleet
  std::vector<std::string> tags = {};  ///< all of them
  BundleId bundle = {};                ///< what the node last said it runs; nil: any
  /// Half open. Anything but the defaults asks for nodes that moved, or scopes that were granted, within it.
  Instant from = Instant::min();
  Instant until = never;

  [[nodiscard]] bool has_window() const { return from != Instant::min() || until != never; }
  [[nodiscard]] bool is_within(Instant when) const {
    return from <= when && (when < until || until == never);
  }
};

/// How far a view has read its log (I-67).
struct AsOf {
  std::uint64_t position = 0;  ///< the next position to read
  Instant ingested;            ///< of the newest entry read
  IBCF_FIELDS(AsOf, position, ingested)
};

/// A node's place in the columns of the projections. Slots are given in the order in which nodes are first
/// mentioned; they never leave this process.
using Slot = std::uint32_t;

/// Who is in the fleet, as node.registered says, and what bundle each node last said it runs. The other
/// projections find their nodes through it.
class FleetRoster {
 public:
  struct Member {
    NodeId id;
    bool registered = false;  ///< mentioned only, otherwise: not part of the fleet yet, and not counted
    NodeRegistered as;
    EventKey registered_by;
    BundleId bundle;  ///< nil until the node named one
    /// Incarnation and stamp of the node's own event that named the bundle: the stamps of one origin rise
    /// over all its streams.
    std::uint32_t bundle_incarnation = 0;
    std::uint64_t bundle_hlc = 0;
    IBCF_FIELDS(Member, id, registered, as, registered_by, bundle, bundle_incarnation, bundle_hlc)
  };

  explicit FleetRoster(std::vector<Domain> domains) : domains_(std::move(domains)) {}

  /// False where the payload is not what the type says; nothing is changed then. Requires an event not taken
  /// before.
  bool apply(const Stored& stored, const Event& event);

  [[nodiscard]] const AsOf& as_of() const { return as_of_; }
  /// An entry was read, whether or not it told anything new.
  void pass(const Stored& stored);
  /// Goes on where a snapshot was taken.
  void resume(const AsOf& as_of) { as_of_ = as_of; }

  [[nodiscard]] const DomainTree& domains() const { return domains_; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] const Member& at(Slot slot) const { return members_[slot]; }
  [[nodiscard]] std::optional<Slot> find(NodeId id) const;
  [[nodiscard]] std::optional<Slot> find_ordinal(std::uint32_t ordinal) const;
  /// The slot of `id`, given now where it had none.
  Slot mention(NodeId id);

  /// Registered members by domain, tags and bundle (the window is for who knows of moves), by ordinal.
  [[nodiscard]] std::vector<Slot> select(const Query& query) const;
  /// Whether a registered member is one of them.
  [[nodiscard]] bool matches(Slot slot, const Query& query) const;
  /// All members, registered or mentioned, by id: the canonical order.
  [[nodiscard]] std::vector<Slot> by_id() const;

  [[nodiscard]] Bytes snapshot() const;
  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  bool enlist(const Event& event);
  void learn_bundle(const Event& event, BundleId bundle);
  void index_ordinal(Slot slot);

  DomainTree domains_;
  AsOf as_of_;
  std::vector<Member> members_;
  std::unordered_map<NodeId, Slot> slots_;
  std::vector<Slot> by_ordinal_;
};

}  // namespace ibcf
