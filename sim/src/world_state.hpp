#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controlplane/agent.hpp"
#include "controlplane/artifact_release.hpp"
#include "controlplane/master.hpp"
#include "controlplane/memory_snapshots.hpp"
#include "controlplane/memory_store.hpp"
#include "controlplane/projections.hpp"
#include "controlplane/relay.hpp"
#include "layout.hpp"
#include "master_seats.hpp"
#include "node_machine.hpp"
#include "sim/checkers.hpp"
#include "sim/ledger.hpp"
#include "sim/world.hpp"

namespace ibcf::sim {

/// The slot of a sample entry that is the periodic look, and not the check of one expectation.
inline constexpr std::uint32_t periodic = none;

/// A master's store with a witness: whatever is appended is shown to the ledger and the observer.
class WitnessedStore final : public MemoryStore {
 public:
  using Witness = std::function<void(const Stored&)>;
  explicit WitnessedStore(Witness witness) : witness_(std::move(witness)) {}

  AppendResult append(std::uint64_t expected_size, Instant ingested,
                      std::span<const ByteView> packed) override {
    const std::uint64_t first = size();
    const AppendResult result = MemoryStore::append(expected_size, ingested, packed);
    for (std::uint64_t i = first; i < size(); ++i) witness_(at(i));
    return result;
  }

 private:
  Witness witness_;
};

/// A master's bodies with a witness: whatever is put is shown to the observer.
class WitnessedSnapshots final : public MemorySnapshots {
 public:
  using Witness = std::function<void(const Digest&, ByteView)>;
  explicit WitnessedSnapshots(Witness witness) : witness_(std::move(witness)) {}

  Digest put(ByteView body, std::uint64_t position) override {
    const std::uint64_t before = size();
    const Digest digest = MemorySnapshots::put(body, position);
    if (size() > before) witness_(digest, body);
    return digest;
  }

 private:
  Witness witness_;
};

/// Bytes that follow from the scenario's name and seed.
Digest secret_of(const Scenario& scenario, std::string_view purpose, std::uint32_t number);

/// An artifact as it is handed in, and the truth about it.
struct Release {
  ArtifactPublished submitted;
  Digest payload;  ///< of what is handed in
  bool is_genuine = false;
  bool is_revoked = false;
};

struct World::State final : NetworkClient {
  explicit State(const Scenario& scenario);

  // building
  void build_network();
  void build_masters();
  void build_nodes();
  void schedule();
  void tell_observer();

  // running
  [[nodiscard]] Instant run_end() const { return std::min(options.until, scenario.horizon); }
  bool handle(const Entry& entry);
  void delivered(std::uint32_t parcel, VertexIndex at, Instant now) override;
  void dropped(std::uint32_t parcel, DropReason reason, LinkIndex where, Instant now) override;
  void link_changed(LinkIndex link, bool up, Instant now) override;
  void give(const Endpoint& to, const Packet& packet, Instant now);
  void drain(Endpoint self, Instant now);
  void foresee_timers();
  void foresee_hop(const Outgoing& outgoing) const;
  void wake_node(std::uint32_t node, Timer timer, Instant now);
  void wake_master(std::uint32_t master, std::uint32_t slot, Instant now);
  void edit(const Scenario::Edit& edit, Instant now);
  void plan_contacts(std::uint32_t plan, bool begins, Instant now);
  void tell_plan(std::uint32_t node, bool begins, Instant now);
  void work(std::uint32_t slot, Instant now);
  void send_commands(const Scenario::CommandLoad& load, std::uint32_t number, Instant now);
  [[nodiscard]] std::vector<std::uint32_t> draw_nodes(std::uint32_t domain, std::uint32_t most,
                                                      const std::string& name, std::uint32_t& drawn) const;
  [[nodiscard]] PolicyBundle bundle_of(const std::string& name, const std::string& version, Instant at,
                                       const std::map<std::string, std::string>& config,
                                       const std::map<std::string, DesiredObject>& objects) const;
  void declare(const Scenario::Declaration& declared, Instant now);
  void settle(const Scenario::Settlement& settled, Instant now);
  std::optional<CommandId> order(const CommandOrder& what, Instant now);
  void roll_out(const Scenario::Rollout& rollout, Instant now);
  void sample(Instant now);
  void note_mode(std::uint32_t node);
  void note_mark(std::uint32_t node);
  void witness(std::uint32_t master, const Stored& stored);
  void witness(const Digest& digest, ByteView body);
  [[nodiscard]] LinkIndex access_up_of(std::uint32_t node) const;
  [[nodiscard]] VertexIndex vertex_of(const Endpoint& endpoint) const;
  [[nodiscard]] LinkSecret link_secret_of(std::uint32_t node) const;

  // masters (world_masters.cpp)
  [[nodiscard]] Peer peer_of(std::uint32_t master) const;
  Master& make_master(std::uint32_t master);
  void start_master(std::uint32_t master, Instant now);
  [[nodiscard]] Enrolment enrolment_of(std::uint32_t node) const;
  [[nodiscard]] std::vector<Enrolment> inventory_of(std::uint32_t master) const;
  void put_master_down(std::uint32_t master);
  void bring_master_up(std::uint32_t master, Instant now);
  void lose_master(std::uint32_t master);
  /// False, and nothing is done, while `by` is down or does not hold the scopes: to be asked again later.
  bool adopt(std::uint32_t lost, std::uint32_t by, Instant now);
  /// Over all lives of the master.
  [[nodiscard]] Master::Counters counts_of(std::uint32_t master) const;

  // artifacts (world_artifacts.cpp)
  void build_releases();
  [[nodiscard]] Release release_of(const Scenario::Artifact& artifact) const;
  void hand_in(std::uint32_t artifact, Instant now);
  void revoke(const Scenario::Revocation& revocation, Instant now);
  [[nodiscard]] const Release* find_release(ArtifactId id) const;
  [[nodiscard]] bool runs_revoked(std::uint32_t node) const;
  void check_installed(std::uint32_t node, Instant now);
  void count_trust(const Event& event);

  // faults (world_faults.cpp)
  void apply_fault(std::uint32_t slot, Instant now);
  void begin_restart(std::uint32_t fault, Instant now);
  void end_restart(std::uint32_t fault, Instant now);
  void put_down(std::uint32_t node, Instant now);
  void bring_up(std::uint32_t node, Instant now);
  void bring_relay_up(std::uint32_t relay, Instant now);
  void poison(const Scenario::Fault& fault, Instant now);
  void refresh_routes(Instant now);
  void note_components(Instant now);

  // safety (world_safety.cpp)
  void check_touched(Instant now);
  void note_grant(std::uint32_t master, const Event& event);
  void check_holders(Instant now);
  void check_verdict(std::uint32_t master, const Event& event, Instant now);
  void check_fleet(bool whole, Instant now);
  [[nodiscard]] std::string name_of(AnyId origin) const;

  // judging (world_metrics.cpp)
  [[nodiscard]] double metric(std::string_view name, std::uint32_t domain, Instant now) const;
  [[nodiscard]] NodeDrift drift_of(std::uint32_t node) const;
  /// What the node's home master believes of it; null where it knows no such node.
  [[nodiscard]] const NodeRecord* record_of(std::uint32_t node) const;
  [[nodiscard]] double attention_items(std::uint32_t domain) const;
  void check_expectation(std::size_t index, Instant now);
  void check_what_is_decided();
  void judge(Instant end, Outcome& outcome);
  void find_waiting(Instant end, Outcome& outcome) const;

  const Scenario& scenario;
  Layout layout;
  Calendar calendar;
  Network network;
  Ledger ledger;
  Checkers checkers;
  Ed25519Verifier verifier;

  std::vector<DomainId> domain_ids;
  std::vector<Domain> domains;
  AgentSettings agent_settings;
  std::vector<std::unique_ptr<Ed25519Signer>> signers;
  RollsBack rolls_back;
  Damage damage;
  std::deque<Ed25519Signer> release_signers;                           ///< by key
  ReleaseKeys release_keys;                                            ///< the trusted ones
  std::vector<Release> releases;                                       ///< by artifact
  std::vector<std::map<std::string, std::uint64_t>> newest_installed;  ///< by node; empty without artifacts
  std::uint64_t artifacts_refused = 0;
  std::uint64_t bundles_refused = 0;
  std::vector<std::uint32_t> installs_refused;      ///< by node
  std::vector<std::uint32_t> artifact_quarantines;  ///< by node
  std::deque<NodeMachine> machines;
  std::vector<Agent> agents;
  std::vector<std::uint32_t> home_of_node;  ///< master; as in the layout, whose rows are long
  std::vector<RelayCore> relays;
  std::vector<bool> relay_open;
  std::deque<MasterSettings> master_settings;
  std::deque<WitnessedStore> stores;
  std::deque<WitnessedSnapshots> bodies;  ///< by master, like the stores
  std::set<Digest> bodies_told;
  MasterSeats masters;
  std::uint32_t global_master = none;

  struct Parcel {
    Packet packet;
    Endpoint via;
    std::uint32_t next_free = none;
  };
  std::vector<Parcel> parcels;
  std::uint32_t free_parcel = none;
  Outbox outbox;
  std::uint64_t foreseen = 0;  ///< the calendar's present slot when its timers were last looked at

  struct Work {
    enum class Kind : std::uint8_t {
      commands,
      rollout,
      handover,
      cancel,
      edit,
      plan,
      unplan,
      artifact,
      revocation,
      successor,
      break_glass,
      declaration,
      settlement,
      adoption
    } kind;
    std::uint32_t index;
  };
  static bool is_for_global(Work::Kind kind);
  std::vector<Work> works;
  std::vector<CommandOrder> cancels;  ///< that operators will order
  std::vector<std::uint32_t> draws;   ///< per command load, draws so far
  std::vector<BundleId> rolled_out;   ///< newest bundle per node's leaf domain; nil where none
  std::uint64_t orders_refused = 0;

  std::vector<std::uint8_t> node_down;  ///< by node: a fault holds it down
  std::vector<std::uint8_t> relay_down;
  std::vector<std::uint8_t> master_down;
  std::vector<std::uint8_t> master_gone;         ///< down for good
  std::vector<std::uint32_t> master_life;        ///< which life each master is in, or begins next; from 1
  std::vector<Master::Counters> earlier_counts;  ///< by master, of the lives that are over
  std::uint64_t master_restarts = 0;
  std::map<std::uint32_t, Bytes> asleep;  ///< what is on the stable storage of nodes that are down
  std::vector<std::vector<std::uint32_t>> taken_down;  ///< nodes, by fault
  std::vector<std::uint32_t> restarts;                 ///< by node
  std::vector<std::uint32_t> adoptions;                ///< by node
  std::uint64_t sent_to_the_down = 0;

  std::vector<ConnectivityMode> mode;
  std::vector<bool> ever_lost;
  std::vector<Instant> mode_since;
  std::vector<std::uint64_t> link_bytes;  ///< carried by each backbone link at the last sample
  std::vector<std::uint32_t> components;
  Instant components_since;
  std::vector<Checked> checked;
  std::set<std::pair<DomainId, std::uint64_t>> begun_alone;   ///< terms begun without their grantor
  std::vector<std::map<DomainId, std::uint64_t>> told_epoch;  ///< by master: the newest in its log
  std::uint64_t desired_conflicts = 0;
  bool grant_stored = false;  ///< since holders were last looked at
  /// Nodes whose master wrote something about them since locks were last looked at.
  std::vector<std::pair<std::uint32_t, NodeId>> touched;
  Instant next_checkpoint;
  std::uint64_t rebuilt_at = 0;  ///< size of the GLOBAL log when projections were last rebuilt
  std::vector<std::uint64_t> dropped_by_reason = std::vector<std::uint64_t>(4, 0);
  RunOptions options;
  bool stopped = false;  ///< by whoever watches the progress
  RunObserver* observer = nullptr;
  Instant now;
};

}  // namespace ibcf::sim
