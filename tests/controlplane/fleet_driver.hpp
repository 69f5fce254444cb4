#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "controlplane/agent.hpp"
#include "controlplane/master.hpp"
#include "controlplane/memory_store.hpp"
#include "controlplane/projections.hpp"
#include "controlplane/relay.hpp"

/// Several masters, each with a relay and a few nodes, driven by hand on clocks of their own: a queue of
/// packets and timers in order of true time, and no simulator. Master 0 is the GLOBAL one.
namespace ibcf {

/// A clock that nobody corrects: where it stood at the start, and how many parts per 100,000 it is fast.
struct SkewedClock {
  Duration offset{};
  std::int64_t fast = 0;
  [[nodiscard]] Instant shows(Instant truth) const {
    return truth + offset + truth.time_since_epoch() / 100'000 * fast;
  }
  /// When it will show `local`, or a moment later.
  [[nodiscard]] Instant truth_of(Instant local) const {
    const auto since = (local - offset).time_since_epoch();
    Instant truth{since * 100'000 / (100'000 + fast)};
    while (shows(truth) < local) truth += std::chrono::microseconds{1};
    return truth;
  }
};

struct FleetDriver {
  struct Seat {
    MasterSettings settings;
    MasterIdentity identity;
    SkewedClock clock;
    DomainId domain;
    MemoryStore store;
    MemorySnapshots bodies;
    std::unique_ptr<Master> master;
    std::unique_ptr<RelayCore> relay;
    std::vector<std::uint32_t> peers;  ///< whom it exchanges its log with
    std::uint32_t life = 0;            ///< of the process: timers of an earlier one are void
  };
  struct NodeSeat {
    std::unique_ptr<Ed25519Signer> signer;
    std::unique_ptr<Agent> agent;
    std::uint32_t home = 0;
    std::optional<std::uint32_t> adopted_by;  ///< once its home was lost
    std::vector<Executed> executed;
    PerStream<std::vector<Digest>> written;  ///< by seq - 1
  };

  AgentSettings agent_settings;
  Duration hop_time = std::chrono::milliseconds{10};
  /// Asked for every packet between masters: after how long copies arrive. It may change the packet.
  std::function<std::vector<Duration>(Packet&)> between_masters = [this](Packet&) {
    return std::vector<Duration>{hop_time};
  };
  /// Asked for every packet between a node and a master, at the node's end.
  std::function<bool(const Packet&)> passes = [](const Packet&) { return true; };
  /// Called after whoever it is has handled a packet or a timer, and has sent what came of it.
  std::function<void(Endpoint)> handled = [](Endpoint) {};

  Instant now;
  FleetId fleet = derive_id<FleetTag>("driven", 1, "fleet");
  Ed25519Verifier verifier;
  std::deque<Seat> seats;
  std::deque<NodeSeat> nodes;
  std::set<std::pair<std::uint32_t, std::uint32_t>> cuts;

  static MasterId master_id(std::uint32_t i) { return derive_id<MasterTag>("driven", 1, "master", i); }
  static NodeId node_id(std::uint32_t i) { return derive_id<NodeTag>("driven", 1, "node", i); }
  static DomainId domain_id(std::uint32_t i) { return derive_id<DomainTag>("driven", 1, "domain", i); }
  static LinkSecret secret_of(std::uint32_t node) {
    LinkKey key{};
    key[0] = static_cast<std::uint8_t>(node + 1);
    return LinkSecret(key);
  }

  /// A master of the domain of its number; settings and clock may be changed until start().
  Seat& add_master() {
    const auto index = static_cast<std::uint32_t>(seats.size());
    Seat& seat = seats.emplace_back();
    seat.domain = domain_id(index);
    seat.identity.id = master_id(index);
    seat.identity.index = index;
    seat.identity.name = "master-" + std::to_string(index);
    seat.identity.level = index == 0 ? AuthorityLevel::global : AuthorityLevel::region;
    seat.identity.fleet = fleet;
    if (index > 0) seat.identity.upstream = Endpoint{Role::master, 0};
    return seat;
  }
  /// A star around the GLOBAL master.
  void start(std::uint32_t masters, std::uint32_t nodes_each = 0) {
    while (seats.size() < masters) add_master();
    for (std::uint32_t i = 1; i < masters; ++i) connect(0, i);
    start_all(nodes_each);
  }
  /// The process of a master dies, and a new one goes on from its log.
  void restart(std::uint32_t i) {
    Seat& seat = seats[i];
    ++seat.life;
    ++seat.identity.incarnation;
    make_master(i);
    std::vector<Enrolment> inventory;
    for (std::uint32_t n = 0; n < nodes.size(); ++n)
      if (nodes[n].adopted_by.value_or(nodes[n].home) == i) inventory.push_back(enrolment_of(n));
    master(i).recover(std::move(inventory), local(i));
    master(i).start(peers_of(i), local(i), out_);
    drain({Role::master, i});
  }
  void connect(std::uint32_t a, std::uint32_t b) {
    seats[a].peers.push_back(b);
    seats[b].peers.push_back(a);
  }
  void start_all(std::uint32_t nodes_each) {
    for (std::uint32_t i = 0; i < seats.size(); ++i) make_master(i);
    for (std::uint32_t i = 0; i < seats.size(); ++i)
      for (std::uint32_t k = 0; k < nodes_each; ++k) add_node(i);
    for (std::uint32_t i = 0; i < seats.size(); ++i) {
      master(i).start(peers_of(i), local(i), out_);
      drain({Role::master, i});
    }
    for (std::uint32_t n = 0; n < nodes.size(); ++n) {
      agent(n).start(now, out_);
      drain({Role::node, n});
    }
  }

  [[nodiscard]] Master& master(std::uint32_t i) const { return *seats[i].master; }
  [[nodiscard]] Agent& agent(std::uint32_t n) const { return *nodes[n].agent; }
  [[nodiscard]] Instant local(std::uint32_t i) const { return seats[i].clock.shows(now); }

  // the world around them
  void cut(std::uint32_t a, std::uint32_t b) { cuts.insert(std::minmax(a, b)); }
  void heal(std::uint32_t a, std::uint32_t b) { cuts.erase(std::minmax(a, b)); }
  /// Cuts a master off from all others, or ends that.
  void isolate(std::uint32_t who, bool cut_off = true) {
    for (std::uint32_t i = 0; i < seats.size(); ++i)
      if (i != who) cut_off ? cut(who, i) : heal(who, i);
  }
  /// Lets a master do something at its own time.
  template <class Job>
  auto let(std::uint32_t i, Job job) {
    auto result = job(master(i), local(i), out_);
    drain({Role::master, i});
    return result;
  }
  std::optional<CommandId> order(std::uint32_t by, std::uint32_t node, std::optional<DomainId> scope = {}) {
    return let(by, [&](Master& master, Instant at, Outbox& out) {
      return master.issue({.node = node_id(node),
                           .home = {Role::master, nodes[node].home},
                           .scope = scope.value_or(seats[nodes[node].home].domain),
                           .bundle_id = {},
                           .argument = ""},
                          at, out);
    });
  }
  void give(const Packet& packet) {
    const Endpoint to = packet.to;
    if (to.role == Role::node) agent(to.index).on_message(packet, now, out_);
    if (to.role == Role::master && seats[to.index].master != nullptr)
      master(to.index).on_message(packet, local(to.index), out_);
    drain(to);
    handled(to);
  }
  /// A master's process ends, and its log with it; what it has sent is on its way.
  void lose_for_good(std::uint32_t i) {
    seats[i].master.reset();
    ++seats[i].life;
    isolate(i);
  }

  [[nodiscard]] Peer peer(std::uint32_t i, bool with_scopes) const {
    Peer peer{.endpoint = {Role::master, i},
              .id = master_id(i),
              .name = seats[i].identity.name,
              .level = seats[i].identity.level,
              .scopes = {},
              .lease = std::chrono::minutes{2}};
    if (with_scopes) peer.scopes = {seats[i].domain};
    return peer;
  }
  [[nodiscard]] Enrolment enrolment_of(std::uint32_t n) const {
    Enrolment enrolment;
    enrolment.id = node_id(n);
    enrolment.index = n;
    enrolment.facts.name = "node-" + std::to_string(n);
    enrolment.facts.domain_id = seats[nodes[n].home].domain;
    enrolment.facts.ordinal = n;
    enrolment.public_key = nodes[n].signer->public_key();
    enrolment.secret = secret_of(n);
    enrolment.relay = {Role::relay, nodes[n].home};
    return enrolment;
  }

  // time
  void run_until(Instant end) {
    while (!queue_.empty() && queue_.begin()->first <= end) step();
    now = end;
  }
  void run_for(Duration duration) { run_until(now + duration); }
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
  [[nodiscard]] std::vector<Event> events(std::uint32_t i) const {
    std::vector<Event> all;
    seats[i].store.scan(0, [&](const Stored& stored) {
      all.push_back(*decode<Event>(stored.packed));
      return true;
    });
    return all;
  }
  [[nodiscard]] std::vector<Event> events(std::uint32_t i, EventType type) const {
    auto all = events(i);
    std::erase_if(all, [&](const Event& event) { return event.type != type; });
    return all;
  }
  [[nodiscard]] std::vector<Domain> domains() const {
    std::vector<Domain> all;
    for (std::uint32_t i = 0; i < seats.size(); ++i)
      all.push_back({domain_id(i), "domain-" + std::to_string(i), {}});
    return all;
  }
  [[nodiscard]] std::unique_ptr<Projections> view(std::uint32_t i) const {
    auto projections = std::make_unique<Projections>(domains());
    projections->catch_up(seats[i].store);
    return projections;
  }
  /// All masters hold the same at this instant, whether or not they know.
  [[nodiscard]] bool is_converged() const {
    return std::all_of(seats.begin(), seats.end(), [&](const Seat& seat) {
      return seat.master->replication().digest() == seats[0].master->replication().digest();
    });
  }

 private:
  void make_master(std::uint32_t i) {
    Seat& seat = seats[i];
    seat.master = std::make_unique<Master>(seat.settings, seat.identity, seat.store, verifier,
                                           std::vector<Domain>{}, &seat.bodies);
    if (!seat.relay) seat.relay = std::make_unique<RelayCore>(i, 1 << 20);
  }
  [[nodiscard]] std::vector<Peer> peers_of(std::uint32_t i) const {
    std::vector<Peer> all;
    if (i == 0)
      for (std::uint32_t k = 0; k < seats.size(); ++k) all.push_back(peer(k, true));
    else
      for (const std::uint32_t k : seats[i].peers) all.push_back(peer(k, false));
    return all;
  }
  void add_node(std::uint32_t home) {
    const auto n = static_cast<std::uint32_t>(nodes.size());
    NodeSeat& seat = nodes.emplace_back();
    Digest secret;
    secret.bytes[0] = static_cast<std::uint8_t>(n + 1);
    seat.signer = std::make_unique<Ed25519Signer>(secret);
    seat.home = home;
    AgentIdentity identity;
    identity.id = node_id(n);
    identity.index = n;
    identity.domain = seats[home].domain;
    identity.relay = {Role::relay, home};
    identity.master = {Role::master, home};
    identity.signer = seat.signer.get();
    identity.secret = secret_of(n);
    identity.version = "1.0.0";
    seat.agent = std::make_unique<Agent>(agent_settings, std::move(identity));
    master(home).enrol(enrolment_of(n), local(home));
  }

  void step() {
    auto job = queue_.extract(queue_.begin());
    now = std::max(now, job.key());
    job.mapped()();
  }
  void drain(Endpoint self) {
    Outbox box;
    std::swap(box, out_);
    if (self.role == Role::node) {
      for (const Executed& one : box.executed) nodes[self.index].executed.push_back(one);
      for (const Written& entry : box.written)
        nodes[self.index].written[index_of(entry.stream)].push_back(entry.value);
    }
    for (const TimerRequest& request : box.timers) {
      if (self.role == Role::master) {
        at(seats[self.index].clock.truth_of(request.at),
           [this, self, timer = request.timer, life = seats[self.index].life] {
             if (life == seats[self.index].life) wake(self, timer);
           });
      } else {
        at(request.at, [this, self, timer = request.timer] { wake(self, timer); });
      }
    }
    for (Outgoing& outgoing : box.sends) send(self, std::move(outgoing.packet));
  }
  void wake(Endpoint self, Timer timer) {
    if (self.role == Role::node) agent(self.index).on_timer(timer, now, out_);
    if (self.role == Role::master && seats[self.index].master != nullptr)
      master(self.index).on_timer(timer, local(self.index), out_);
    drain(self);
    handled(self);
  }
  // Relays only pass on here; what they store is another test's subject.
  void send(Endpoint from, Packet packet) {
    if (from.role == Role::master && packet.to.role == Role::master) {
      for (const Duration delay : between_masters(packet))
        at(now + delay, [this, packet] {
          if (!cuts.contains(std::minmax(packet.from.index, packet.to.index))) give(packet);
        });
    } else if (passes(packet)) {
      at(now + 2 * hop_time, [this, packet] { give(packet); });
    }
  }

  std::multimap<Instant, std::function<void()>> queue_;
  Outbox out_;
};

}  // namespace ibcf
