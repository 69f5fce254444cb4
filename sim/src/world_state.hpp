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
#include "controlplane/master.hpp"
#include "controlplane/memory_snapshots.hpp"
#include "controlplane/memory_store.hpp"
#include "controlplane/projections.hpp"
#include "controlplane/relay.hpp"
#include "layout.hpp"
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
  void edit(const Scenario::Edit& edit, Instant now);
  void plan_contacts(std::uint32_t plan, bool begins, Instant now);
  void work(std::uint32_t slot, Instant now);
  void send_commands(const Scenario::CommandLoad& load, std::uint32_t number, Instant now);
  [[nodiscard]] std::vector<std::uint32_t> draw_nodes(std::uint32_t domain, std::uint32_t most,
                                                      const std::string& name, std::uint32_t& drawn) const;
  std::optional<CommandId> order(const CommandOrder& what, Instant now);
  void roll_out(const Scenario::Rollout& rollout, Instant now);
  void sample(Instant now);
  void note_mode(std::uint32_t node);
  void note_mark(std::uint32_t node);
  void witness(std::uint32_t master, const Stored& stored);
  void witness(const Digest& digest, ByteView body);
  [[nodiscard]] LinkIndex access_up_of(std::uint32_t node) const;
  [[nodiscard]] VertexIndex vertex_of(const Endpoint& endpoint) const;
  [[nodiscard]] Peer peer_of(std::uint32_t master) const;

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
  void check_holders(Instant now);
  void check_verdict(std::uint32_t master, const Event& event, Instant now);
  void check_fleet(bool whole, Instant now);
  [[nodiscard]] std::string name_of(AnyId origin) const;

  // judging (world_metrics.cpp)
  [[nodiscard]] double metric(std::string_view name, std::uint32_t domain, Instant now) const;
  [[nodiscard]] NodeDrift drift_of(std::uint32_t node) const;
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
  std::deque<NodeMachine> machines;
  std::vector<Agent> agents;
  std::vector<std::uint32_t> home_of_node;  ///< master; as in the layout, whose rows are long
  std::vector<RelayCore> relays;
  std::vector<bool> relay_open;
  std::deque<MasterSettings> master_settings;
  std::deque<WitnessedStore> stores;
  std::deque<WitnessedSnapshots> bodies;  ///< by master, like the stores
  std::set<Digest> bodies_told;
  std::deque<Master> masters;
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
    enum class Kind : std::uint8_t { commands, rollout, handover, cancel, edit, plan, unplan } kind;
    std::uint32_t index;
  };
  std::vector<Work> works;
  std::vector<CommandOrder> cancels;  ///< that operators will order
  std::vector<std::uint32_t> draws;   ///< per command load, draws so far
  std::vector<BundleId> rolled_out;   ///< newest bundle per node's leaf domain; nil where none
  std::uint64_t orders_refused = 0;

  std::vector<std::uint8_t> node_down;  ///< by node: a fault holds it down
  std::vector<std::uint8_t> relay_down;
  std::map<std::uint32_t, Bytes> asleep;  ///< what is on the stable storage of nodes that are down
  std::vector<std::vector<std::uint32_t>> taken_down;  ///< nodes, by fault
  std::vector<std::uint32_t> restarts;                 ///< by node
  std::uint64_t sent_to_the_down = 0;

  std::vector<ConnectivityMode> mode;
  std::vector<bool> ever_lost;
  std::vector<Instant> mode_since;
  std::vector<std::uint64_t> link_bytes;  ///< carried by each backbone link at the last sample
  std::vector<std::uint32_t> components;
  Instant components_since;
  std::vector<Checked> checked;
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
