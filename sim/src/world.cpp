#include "sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/check.hpp"
#include "world_state.hpp"

namespace ibcf::sim {
namespace {

// Between two looks at the whole fleet.
constexpr Duration checkpoint_every = std::chrono::hours{1};

}  // namespace

World::World(const Scenario& scenario) : state_(std::make_unique<State>(scenario)) {}
World::~World() = default;

Outcome World::run(const RunOptions& options) {
  begin(options);
  go_on();
  return judge();
}

void World::begin(const RunOptions& options) {
  State& world = *state_;
  world.options = options;
  world.observer = options.observer;
  if (world.observer != nullptr) world.tell_observer();
  world.build_masters();
  world.build_nodes();
  world.schedule();
}

void World::go_on() {
  State& world = *state_;
  const auto& progress = world.options.progress;
  std::uint64_t next_report = 0;
  sim::run(world.calendar, world.network, world.run_end(), [&](const Entry& entry) {
    if (progress && world.calendar.popped() >= next_report) {
      next_report = world.calendar.popped() + 65536;
      if (!progress(entry.at, world.calendar.popped())) {
        world.stopped = true;
        return false;
      }
    }
    return world.handle(entry);
  });
}

Outcome World::judge() {
  State& world = *state_;
  const bool stopped = world.stopped || world.checkers.have_found();
  Outcome outcome;
  outcome.cut_short = stopped || world.run_end() < world.scenario.horizon;
  world.judge(stopped ? world.now : world.run_end(), outcome);
  return outcome;
}

// ---- running ----------------------------------------------------------------------------------------------

// A fleet's state is larger than the cache, and a heartbeat comes to cold lines at every stop. Which ones is
// known some entries ahead: fetched then, they cost little.
void World::State::foresee_timers() {
  if (std::exchange(foreseen, calendar.present()) == calendar.present()) return;
  calendar.show_present([this](const Entry& entry) {
    if (entry.kind != EntryKind::node_timer) return;
    agents[entry.entity].fetch_ahead();
    network.fetch_ahead(access_up_of(entry.entity));
    masters[home_of_node[entry.entity]].fetch_ahead(entry.entity);
  });
}

void World::State::foresee_hop(const Outgoing& outgoing) const {
  const auto& [from, to, message, seal] = outgoing.packet;
  if (outgoing.via.role == Role::master && from.role == Role::node)
    masters[to.index].fetch_ahead_mark(from.index);
  else if (outgoing.via.role == Role::relay && to.role == Role::node)
    network.fetch_ahead(access_up_of(to.index) + 1);
}

bool World::State::handle(const Entry& entry) {
  now = entry.at;
  foresee_timers();
  switch (entry.kind) {
    case EntryKind::fault:
      apply_fault(entry.entity << 1 | entry.slot, now);
      break;
    case EntryKind::link_window:
    case EntryKind::link_delivery:
    case EntryKind::flow_finished:
      network.handle(entry, now);
      break;
    case EntryKind::node_timer:
      wake_node(entry.entity, static_cast<Timer>(entry.slot), now);
      break;
    case EntryKind::relay_timer:
      check(false, "relays ask for no timers");
      break;
    case EntryKind::master_timer:
      wake_master(entry.entity, entry.slot, now);
      break;
    case EntryKind::workload:
      work(entry.slot, now);
      break;
    case EntryKind::sample:
      if (entry.slot == periodic)
        sample(now);
      else
        check_expectation(entry.slot, now);
      break;
  }
  return !checkers.have_found();  // what comes after a broken invariant proves nothing
}

void World::State::wake_node(std::uint32_t node, Timer timer, Instant at) {
  if (node_down[node] != 0) return;
  agents[node].on_timer(timer, at, outbox);
  drain({Role::node, node}, at);
  note_mode(node);
}

// The life that asked for it stands above the timer; the first one is 0, for most never have another.
static std::uint32_t timer_slot(Timer timer, std::uint32_t life) {
  return (life - 1) << 8 | static_cast<std::uint32_t>(timer);
}

void World::State::wake_master(std::uint32_t master, std::uint32_t slot, Instant at) {
  const auto timer = static_cast<Timer>(slot & 0xff);
  if (master_down[master] != 0 || slot != timer_slot(timer, master_life[master])) return;
  masters[master].on_timer(timer, at, outbox);
  drain({Role::master, master}, at);
}

// As in Layout; read off the rows of the layout it would cost a cold line.
LinkIndex World::State::access_up_of(std::uint32_t node) const {
  return static_cast<LinkIndex>(2 * scenario.backbone.size() + 2 * node);
}

VertexIndex World::State::vertex_of(const Endpoint& endpoint) const {
  switch (endpoint.role) {
    case Role::node:
      return static_cast<VertexIndex>(scenario.sites.size()) + endpoint.index;  // as in Layout
    case Role::relay:
      return scenario.relays[endpoint.index].site;
    case Role::master:
      return scenario.controllers[endpoint.index].site;
  }
  return none;
}

// Does what a state machine wants done. Machines are never entered from within: all that leaves goes through
// the calendar.
void World::State::drain(Endpoint self, Instant at) {
  if (self.role == Role::node && !releases.empty()) check_installed(self.index, at);
  for (const Written& written : outbox.written) ledger.wrote(self.index, written);
  for (const Executed& executed : outbox.executed)
    checkers.executed(layout.nodes[self.index].name, ledger.executed(self.index, executed, at));
  const EntryKind kind = self.role == Role::node    ? EntryKind::node_timer
                         : self.role == Role::relay ? EntryKind::relay_timer
                                                    : EntryKind::master_timer;
  const std::uint32_t life = self.role == Role::master ? master_life[self.index] : 1;
  for (const TimerRequest& timer : outbox.timers)
    calendar.push({timer.at, kind, self.index, timer_slot(timer.timer, life)});
  for (Outgoing& outgoing : outbox.sends) {
    foresee_hop(outgoing);
    const std::uint32_t bytes = wire_bytes(outgoing.packet.message);
    std::uint32_t slot = free_parcel;
    if (slot == none) {
      slot = static_cast<std::uint32_t>(parcels.size());
      parcels.emplace_back();
    } else {
      free_parcel = parcels[slot].next_free;
    }
    parcels[slot].packet = std::move(outgoing.packet);
    parcels[slot].via = outgoing.via;
    network.send(slot, vertex_of(self), vertex_of(outgoing.via), bytes, at);
  }
  outbox.clear();
  // Only now does the new holder hold it; a moment later word of it may have stopped the old one.
  if (std::exchange(grant_stored, false)) check_holders(at);
  if (!touched.empty()) check_touched(at);
}

void World::State::delivered(std::uint32_t parcel, VertexIndex, Instant at) {
  const Packet packet = std::move(parcels[parcel].packet);
  const Endpoint via = parcels[parcel].via;
  parcels[parcel].next_free = free_parcel;
  free_parcel = parcel;
  give(via, packet, at);
}

void World::State::dropped(std::uint32_t parcel, DropReason reason, LinkIndex, Instant) {
  ++dropped_by_reason[static_cast<std::size_t>(reason)];
  parcels[parcel].packet.message = Heartbeat{};  // lets go of what it shared
  parcels[parcel].next_free = free_parcel;
  free_parcel = parcel;
}

void World::State::give(const Endpoint& to, const Packet& packet, Instant at) {
  const bool is_down = (to.role == Role::node && node_down[to.index] != 0) ||
                       (to.role == Role::relay && relay_down[to.index] != 0) ||
                       (to.role == Role::master && master_down[to.index] != 0);
  if (is_down) {
    ++sent_to_the_down;
    return;
  }
  switch (to.role) {
    case Role::node: {
      const std::uint64_t acknowledged = agents[to.index].log().acknowledged();
      agents[to.index].on_message(packet, at, outbox);
      drain(to, at);
      note_mode(to.index);
      if (agents[to.index].log().acknowledged() != acknowledged) note_mark(to.index);
      break;
    }
    case Role::relay:
      relays[to.index].on_message(packet, at, outbox);
      drain(to, at);
      break;
    case Role::master:
      masters[to.index].on_message(packet, at, outbox);
      drain(to, at);
      break;
  }
}

void World::State::link_changed(LinkIndex link, bool up, Instant at) {
  if (link < 2 * scenario.backbone.size()) return;  // refresh_routes looks at them all together
  const std::uint32_t node = (link - access_up_of(0)) / 2;
  const Layout::Node& place = layout.nodes[node];
  if (link == place.down) {
    if (relay_down[place.relay] != 0) return;  // it looks when it comes up, like a node
    relays[place.relay].on_node_link(node, up, at, outbox);
    drain({Role::relay, place.relay}, at);
  } else if (node_down[node] == 0) {
    agents[node].on_carrier(up, at, outbox);
    drain({Role::node, node}, at);
    note_mode(node);
  }
}

void World::State::note_mode(std::uint32_t node) {
  const ConnectivityMode present = agents[node].mode();
  if (present == mode[node]) return;
  mode[node] = present;
  mode_since[node] = now;
  if (present == ConnectivityMode::autonomous || present == ConnectivityMode::disconnected)
    ever_lost[node] = true;
}

// A mark that moved says that a master promised something.
void World::State::note_mark(std::uint32_t node) {
  checkers.acknowledged(layout.nodes[node].name, ledger.acknowledged(node, agents[node].log().marks()), now);
}

void World::State::witness(std::uint32_t master, const Stored& stored) {
  const auto event = decode<Event>(stored.packed);
  check(event.has_value(), "masters store only what decodes");
  const Ledger::Taken taken = ledger.stored(master, stored, *event);
  if (taken > Ledger::Taken::ahead)
    checkers.stored(masters[master].identity().name, name_of(event->origin), taken, *event, stored.ingested);
  if (event->type == EventType::authority_granted) note_grant(master, *event);
  if (event->origin == any(masters[master].identity().id))
    touched.emplace_back(master, id_cast<NodeTag>(event->subject));
  check_verdict(master, *event, stored.ingested);
  const bool is_told = taken == Ledger::Taken::copy || taken == Ledger::Taken::again;
  if (!is_told) count_trust(*event);
  if (!is_told && event->type == EventType::desired_conflict) ++desired_conflicts;
  if (!is_told && observer != nullptr) observer->stored(master, stored, *event);
}

void World::State::witness(const Digest& digest, ByteView body) {
  if (observer != nullptr && bodies_told.insert(digest).second) observer->body(digest, body);
}

// ---- looking ----------------------------------------------------------------------------------------------

void World::State::sample(Instant at) {
  calendar.push({at + scenario.sample_every, EntryKind::sample, 0, periodic});
  check_holders(at);
  if (at >= next_checkpoint) {
    next_checkpoint = at + checkpoint_every;
    check_fleet(false, at);
  }
  if (observer == nullptr) return;
  constexpr std::array<std::string_view, 8> looked_at{
      "nodes_live",         "nodes_delayed",   "nodes_edge_cached", "nodes_autonomous",
      "nodes_disconnected", "nodes_returning", "backlog_events",    "unreachable_nodes"};
  for (const std::string_view name : looked_at)
    for (std::uint32_t domain = 0; domain < domains.size(); ++domain)
      observer->sample(at, name, domain, metric(name, domain, at));
  for (LinkIndex link = 0; link < link_bytes.size(); ++link) {
    const std::uint64_t carried = network.count(link).carried_bytes;
    observer->link_use(at, link, carried - link_bytes[link], scenario.sample_every);
    link_bytes[link] = carried;
  }
}

}  // namespace ibcf::sim
