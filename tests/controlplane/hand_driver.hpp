#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "controlplane/agent.hpp"
#include "controlplane/master.hpp"
#include "controlplane/memory_store.hpp"
#include "controlplane/relay.hpp"
#include "controlplane/seal.hpp"
#include "model/payloads.hpp"

/// A master, a relay and a few nodes driven by hand: a queue of packets and timers in order of time, and no
/// simulator. Times on the way are fixed; what is lost, doubled or forged is up to the test.
namespace ibcf {

struct HandDriver {
  using Windows = std::shared_ptr<const std::vector<PlannedContact>>;
  struct Hop {
    Endpoint from;
    Endpoint to;
    bool upwards;
  };

  AgentSettings agent_settings;
  MasterSettings master_settings;
  Duration hop_time = std::chrono::milliseconds{10};
  /// How long every command takes on every node.
  struct SlowMachine final : Machine {
    Duration takes{};
    std::string failure;
    Digest payload;  ///< of whatever it fetches; all zero: as published
    [[nodiscard]] Execution plan(const CommandDelivery&) const override { return {takes, failure}; }
    [[nodiscard]] Digest payload_of(const ArtifactPublished& delivered) const override {
      return payload == Digest{} ? delivered.artifact.digest : payload;
    }
  } machine;
  /// Asked for every packet on every hop: how many copies arrive. It may change the packet.
  std::function<int(const Hop&, Packet&)> on_the_way = [](const Hop&, Packet&) { return 1; };
  /// Called before a node is enrolled: it may change what the inventory knows of it.
  std::function<void(Enrolment&)> enrolling = [](Enrolment&) {};
  /// Called before whoever it is handles a packet.
  std::function<void(Endpoint, const Packet&)> receiving = [](Endpoint, const Packet&) {};
  /// Asked after whoever it is has handled a packet or a timer: whether it dies before it sends what came of
  /// that. What is durable by then is.
  std::function<bool(Endpoint)> dies_unheard = [](Endpoint) { return false; };
  /// Called after whoever it is has handled a packet or a timer, and has sent what came of it.
  std::function<void(Endpoint)> handled = [](Endpoint) {};
  /// What a store throws that dies with its master.
  struct Killed {};

  Instant now;
  DomainId domain = derive_id<DomainTag>("hand", 1, "domain");
  MemoryStore store;
  MemorySnapshots bodies;
  bool is_master_at_work = false;   ///< it handles a packet or a timer: an operator's order is neither
  EventStore* master_log = &store;  ///< what the master writes to; whatever it is, it ends in `store`
  Ed25519Verifier verifier;
  ReleaseKeys release_keys;  ///< that nodes trust
  MasterIdentity master_identity{.id = derive_id<MasterTag>("hand", 1, "master"),
                                 .index = 0,
                                 .name = "master",
                                 .level = AuthorityLevel::global,
                                 .upstream = {}};
  std::vector<Enrolment> inventory;
  std::unique_ptr<Master> master;
  std::unique_ptr<RelayCore> relay;
  std::deque<Ed25519Signer> signers;
  std::deque<Agent> agents;
  std::vector<PerStream<std::vector<Digest>>> written;  ///< per node and stream, by seq - 1
  std::vector<std::vector<Executed>> executed;
  bool upstream_cut = false;

  static NodeId id_of(std::uint32_t node) { return derive_id<NodeTag>("hand", 1, "node", node); }
  static LinkSecret secret_of(std::uint32_t node) {
    LinkKey key{};
    key[0] = static_cast<std::uint8_t>(node + 1);
    return LinkSecret(key);
  }

  /// Snapshots often, and small ones, so that nodes have something to say.
  HandDriver() {
    agent_settings.snapshot = std::chrono::minutes{1};
    agent_settings.snapshot_body_bytes = 100;
  }

  /// Call once, after the settings are made.
  void start(std::uint32_t nodes, const Windows& windows = nullptr, std::uint64_t relay_bytes = 1 << 20) {
    master = std::make_unique<Master>(master_settings, master_identity, *master_log, verifier,
                                      std::vector<Domain>{}, &bodies);
    relay = std::make_unique<RelayCore>(0, relay_bytes);
    written.resize(nodes);
    executed.resize(nodes);
    for (std::uint32_t i = 0; i < nodes; ++i) enrol(i, windows);
    start_master();
    for (std::uint32_t i = 0; i < nodes; ++i) {
      agents[i].start(now, out_);
      drain({Role::node, i});
    }
    for (std::uint32_t i = 0; windows && i < nodes; ++i) follow_windows(i, *windows);
  }

  /// The master's process dies, whatever it had in hand with it, and a new one goes on from its log.
  void restart_master() {
    out_ = {};
    ++master_identity.incarnation;
    master = std::make_unique<Master>(master_settings, master_identity, *master_log, verifier,
                                      std::vector<Domain>{}, &bodies);
    master->recover(inventory, now);
    start_master();
  }
  /// The masters of the fleet: this one alone.
  [[nodiscard]] std::vector<Peer> peers() const {
    return {{.endpoint = {Role::master, 0},
             .id = master_identity.id,
             .name = "master",
             .level = AuthorityLevel::global,
             .scopes = {domain},
             .lease = std::chrono::hours{2}}};
  }

  // the world around them
  void cut(std::uint32_t node) { set_link(node, false); }
  void heal(std::uint32_t node) { set_link(node, true); }
  void set_link(std::uint32_t node, bool open) {
    node_cut_[node] = !open;
    relay->on_node_link(node, open, now, out_);
    drain({Role::relay, 0});
    agents[node].on_carrier(open, now, out_);
    drain({Role::node, node});
  }
  void set_upstream(bool open) {
    upstream_cut = !open;
    relay->on_upstream(open, now, out_);
    drain({Role::relay, 0});
  }

  /// Hands a packet over at once, whoever may have made it.
  void give(Endpoint to, const Packet& packet) {
    receiving(to, packet);
    if (to.role == Role::node) agents[to.index].on_message(packet, now, out_);
    if (to.role == Role::relay) relay->on_message(packet, now, out_);
    if (to.role == Role::master) on_master([&] { master->on_message(packet, now, out_); });
    finish(to);
  }
  /// As if the node, or the master, had sent it: sealed.
  void to_master(std::uint32_t node, Message message) {
    const Seal seal = seal_of(secret_of(node), message);
    give({Role::master, 0}, {{Role::node, node}, {Role::master, 0}, std::move(message), seal});
  }
  void to_node(std::uint32_t node, Message message) {
    const Seal seal = seal_of(secret_of(node), message);
    give({Role::node, node}, {{Role::master, 0}, {Role::node, node}, std::move(message), seal});
  }

  std::optional<CommandId> order(std::uint32_t node, Duration valid_for = std::chrono::hours{1}) {
    return order({.node = id_of(node), .home = {}, .scope = {}, .valid_for = valid_for});
  }
  std::optional<CommandId> order(CommandOrder what) {
    what.home = {Role::master, 0};
    what.scope = domain;
    const auto id = master->issue(what, now, out_);
    drain({Role::master, 0});
    return id;
  }
  void roll_out(const RolloutOrder& what) {
    master->order_rollout(what, now, out_);
    drain({Role::master, 0});
  }
  void set_battery(std::uint32_t node, std::uint8_t pct) {
    agents[node].on_battery(pct, now, out_);
    drain({Role::node, node});
  }

  /// Rolls a bundle out to all nodes at once; its orders go out with the master's next sweep.
  void roll_out(BundleId id) {
    RolloutOrder order;
    order.bundle.id = id;
    order.bundle.name = "bundle";
    order.bundle.version = "1.0.0";
    order.bundle.release = 1;
    order.bundle.objects["service"].value = exact_value("on");
    order.waves = {1};
    master->order_rollout(order, now, out_);
    drain({Role::master, 0});
  }

  // what is ordered for nodes that are not trusted
  std::optional<CommandId> remediate(std::uint32_t node, bool update = false) {
    const auto order = master->remediate(id_of(node), "alice", "cleaned", update, now, out_);
    drain({Role::master, 0});
    return order;
  }
  bool decommission(std::uint32_t node) {
    const bool begun = master->decommission(id_of(node), "alice", now, out_);
    drain({Role::master, 0});
    return begun;
  }
  bool cancel_decommission(std::uint32_t node) {
    const bool cancelled = master->cancel_decommission(id_of(node), "alice", now, out_);
    drain({Role::master, 0});
    return cancelled;
  }
  std::size_t redrive(std::uint32_t node, const std::string& why) {
    const std::size_t let_in = master->redrive(id_of(node), why, now, out_);
    drain({Role::master, 0});
    return let_in;
  }

  /// The node gives one of its objects another value; `decided`: and says so.
  void change(std::uint32_t node, const std::string& object, ObjectValue value, bool decided = true) {
    agents[node].change(object, std::move(value), decided, now, out_);
    drain({Role::node, node});
  }

  void reboot(std::uint32_t node) {
    agents[node].reboot(now, out_);
    drain({Role::node, node});
  }

  /// From a backup. The truth about what it wrote goes with the node's new history; see `written`.
  void restore(std::uint32_t node, const AgentState& backup) {
    for (const StreamClass stream : all_streams) {
      auto& values = written[node][index_of(stream)];
      values.resize(backup.log.streams[index_of(stream)].head);
    }
    agents[node].wake_up(backup, !node_cut_[node], now, out_);
    drain({Role::node, node});
  }

  /// The node notes telemetry.
  void observe(std::uint32_t node, Priority priority) {
    agents[node].observe(Observation{}, priority, now, out_);
    drain({Role::node, node});
  }

  // time
  void run_until(Instant end) {
    while (!queue_.empty() && queue_.begin()->first <= end) step();
    now = end;
  }
  void run_for(Duration duration) { run_until(now + duration); }
  /// Steps until `reached` holds; false if it does not within `limit`.
  bool run_to(const std::function<bool()>& reached, Duration limit = std::chrono::minutes{30}) {
    const Instant end = now + limit;
    while (!reached()) {
      if (queue_.empty() || queue_.begin()->first > end) return false;
      step();
    }
    return true;
  }
  void at(Instant time, std::function<void()> job) { queue_.emplace(time, std::move(job)); }

  // what is asked of them
  [[nodiscard]] const NodeRecord& record(std::uint32_t node = 0) const {
    return *master->find_node(id_of(node));
  }
  /// How many of the node's events its master holds, as its marks say.
  [[nodiscard]] std::uint64_t stored(std::uint32_t node = 0) const { return sum_of(marks(node)); }
  [[nodiscard]] const StreamSeqs& marks(std::uint32_t node = 0) const { return record(node).stored->marks; }
  [[nodiscard]] std::uint64_t mark(StreamClass stream, std::uint32_t node = 0) const {
    return marks(node)[index_of(stream)];
  }
  [[nodiscard]] const Agent& agent(std::uint32_t node = 0) const { return agents[node]; }
  /// In contact on both sides, nothing left to say, and both hold the same log.
  [[nodiscard]] bool is_settled(std::uint32_t node = 0) const {
    const NodeLog& log = agent(node).log();
    if (!is_in_contact(agent(node).mode()) || !record(node).is_in_contact()) return false;
    if (log.marks() != log.heads() || marks(node) != log.heads()) return false;
    for (const StreamClass stream : all_streams) {
      const auto& values = written[node][index_of(stream)];
      if (record(node).stored->streams[index_of(stream)].value != (values.empty() ? Digest{} : values.back()))
        return false;
    }
    return true;
  }
  bool settle(std::uint32_t node = 0, Duration limit = std::chrono::minutes{30}) {
    return run_to([&] { return is_settled(node); }, limit);
  }

  [[nodiscard]] std::vector<Event> events() const {
    std::vector<Event> all;
    store.scan(0, [&](const Stored& stored) {
      all.push_back(*decode<Event>(stored.packed));
      return true;
    });
    return all;
  }
  /// The words of the stored events' types in order, of those `wanted` asks for.
  [[nodiscard]] std::vector<std::string> story(const std::function<bool(const Event&)>& wanted) const {
    std::vector<std::string> words;
    for (const Event& event : events())
      if (wanted(event)) words.emplace_back(word_of(event.type));
    return words;
  }
  [[nodiscard]] std::size_t count(EventType type) const {
    return story([&](const Event& event) { return event.type == type; }).size();
  }
  /// Of every stream the node's seqs 1 to its mark stand in the log once each, by themselves with the bytes
  /// the node wrote, parked, or within a gap. A gap may begin before what it adds.
  [[nodiscard]] bool is_stored_exactly_once(std::uint32_t node = 0) const {
    PerStream<std::set<std::uint64_t>> stored;
    for (const Event& event : events()) {
      if (event.type == EventType::range_parked && event.subject == any(id_of(node))) {
        const auto parked = payload_of<RangeParked>(event);
        if (!stored[index_of(parked->stream)].insert(parked->first).second) return false;
      }
      if (event.origin != any(id_of(node))) continue;
      auto& seqs = stored[index_of(event.stream)];
      const bool is_gap = event.type == EventType::stream_gap;
      const auto& values = written[node][index_of(event.stream)];
      if (!is_gap && chain_value_of(encode(event)) != values[event.seq - 1]) return false;
      if (seqs.contains(event.seq)) return false;
      for (auto seq = is_gap ? payload_of<StreamGap>(event)->first : event.seq; seq <= event.seq; ++seq)
        seqs.insert(seq);
    }
    for (const StreamClass stream : all_streams) {
      const auto& seqs = stored[index_of(stream)];
      if (!seqs.empty() && *seqs.rbegin() != seqs.size()) return false;
      if (seqs.size() < agent(node).log().marks()[index_of(stream)]) return false;
    }
    return true;
  }
  /// The states a command went through, as its master wrote them.
  [[nodiscard]] std::vector<CommandState> steps_of(CommandId id) const {
    std::vector<CommandState> states;
    for (const Event& event : events())
      if (event.type == EventType::command_moved)
        if (const auto moved = payload_of<CommandMoved>(event); moved->command_id == id)
          states.push_back(moved->state);
    return states;
  }

 private:
  void start_master() {
    master->start(peers(), now, out_);
    drain({Role::master, 0});
  }
  template <class Work>
  void on_master(Work&& work) {
    is_master_at_work = true;
    try {
      work();
    } catch (const Killed&) {
      restart_master();
    }
    is_master_at_work = false;
  }

  void enrol(std::uint32_t node, const Windows& windows) {
    Digest secret;
    secret.bytes[0] = static_cast<std::uint8_t>(node + 1);
    const Ed25519Signer& signer = signers.emplace_back(secret);
    AgentIdentity identity;
    identity.id = id_of(node);
    identity.index = node;
    identity.domain = domain;
    identity.relay = {Role::relay, 0};
    identity.master = {Role::master, 0};
    identity.signer = &signer;
    identity.secret = secret_of(node);
    identity.windowed = windows != nullptr;
    identity.version = "1.0.0";
    identity.machine = &machine;
    identity.trust = {&release_keys, &verifier};
    agents.emplace_back(agent_settings, std::move(identity));
    Enrolment enrolment;
    enrolment.id = id_of(node);
    enrolment.index = node;
    enrolment.facts.name = "node";
    enrolment.facts.domain_id = domain;
    enrolment.facts.ordinal = node;
    enrolment.public_key = signer.public_key();
    enrolment.secret = secret_of(node);
    enrolment.relay = {Role::relay, 0};
    enrolment.contacts = windows;
    enrolling(enrolment);
    inventory.push_back(enrolment);
    master->enrol(std::move(enrolment), now);
  }

  void follow_windows(std::uint32_t node, const std::vector<PlannedContact>& windows) {
    cut(node);
    for (const PlannedContact& window : windows) {
      at(window.opens, [this, node] { heal(node); });
      at(window.closes, [this, node] { cut(node); });
    }
  }

  void step() {
    auto job = queue_.extract(queue_.begin());
    now = job.key();
    job.mapped()();
  }

  void drain(Endpoint self) {
    Outbox box;
    std::swap(box, out_);
    for (const Written& entry : box.written) {
      auto& values = written[self.index][index_of(entry.stream)];
      REQUIRE(entry.seq == values.size() + 1);
      values.push_back(entry.value);
    }
    for (const Executed& one : box.executed) executed[self.index].push_back(one);
    for (const TimerRequest& request : box.timers)
      at(request.at, [this, self, timer = request.timer, life = master_identity.incarnation] {
        if (self.role != Role::master || life == master_identity.incarnation) wake(self, timer);
      });
    for (Outgoing& outgoing : box.sends)
      send({self, outgoing.via, outgoing.packet.to.role == Role::master}, std::move(outgoing.packet));
    // I-41: a lock is held exactly while REPLAYING.
    for (const NodeRecord& node : master->nodes())
      REQUIRE(node.lock.has_value() == (node.state.mode == ConnectivityMode::replaying));
  }

  void wake(Endpoint self, Timer timer) {
    if (self.role == Role::node) agents[self.index].on_timer(timer, now, out_);
    if (self.role == Role::master) on_master([&] { master->on_timer(timer, now, out_); });
    finish(self);
  }
  void finish(Endpoint self) {
    if (dies_unheard(self)) {
      out_.sends.clear();
      out_.timers.clear();
      if (self.role == Role::master) restart_master();
      if (self.role == Role::node) agents[self.index].reboot(now, out_);
    }
    drain(self);
    handled(self);
  }

  void send(const Hop& hop, Packet packet) {
    int copies = is_cut(hop) ? 0 : on_the_way(hop, packet);
    for (; copies > 0; --copies)
      at(now + hop_time, [this, hop, packet] {
        if (!is_cut(hop)) give(hop.to, packet);
      });
  }

  [[nodiscard]] bool is_cut(const Hop& hop) const {
    if (hop.from.role == Role::master || hop.to.role == Role::master) return upstream_cut;
    const std::uint32_t node = hop.from.role == Role::node ? hop.from.index : hop.to.index;
    const auto found = node_cut_.find(node);
    return found != node_cut_.end() && found->second;
  }

  std::multimap<Instant, std::function<void()>> queue_;
  std::map<std::uint32_t, bool> node_cut_;
  Outbox out_;
};

}  // namespace ibcf
