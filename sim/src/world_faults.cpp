#include "model/check.hpp"
#include "world_state.hpp"

/// What goes wrong: links that are cut, machines that go down and come up, events that nobody can read.
namespace ibcf::sim {

void World::State::apply_fault(std::uint32_t slot, Instant at) {
  const std::uint32_t number = slot >> 1;
  const bool begins = (slot & 1) != 0;
  const auto& fault = scenario.faults[number];
  switch (fault.kind) {
    case Scenario::FaultKind::restart_nodes:
    case Scenario::FaultKind::restart_relay:
    case Scenario::FaultKind::restart_master:
      return begins ? begin_restart(number, at) : end_restart(number, at);
    case Scenario::FaultKind::lose_master:
      return lose_master(fault.target);
    case Scenario::FaultKind::poison:
      return poison(fault, at);
    default:
      break;
  }
  for (const LinkIndex link : layout.links_of(fault)) {
    if (begins)
      network.hold_down(link, at);
    else
      network.release(link, at);
  }
  refresh_routes(at);
  note_components(at);
}

void World::State::refresh_routes(Instant at) {
  for (std::uint32_t i = 0; i < relays.size(); ++i) {
    const auto& master = scenario.controllers[layout.home_of_relay[i]];
    const bool open = network.is_reachable(scenario.relays[i].site, master.site);
    if (open == relay_open[i]) continue;
    relay_open[i] = open;
    if (relay_down[i] != 0) continue;
    relays[i].on_upstream(open, at, outbox);
    drain({Role::relay, i}, at);
  }
}

void World::State::note_components(Instant at) {
  auto next = network.components();
  if (next == components) return;
  if (observer != nullptr && at > components_since)
    for (std::uint32_t i = 0; i < scenario.sites.size(); ++i)
      observer->reach(components_since, at, scenario.sites[i].name, components[i]);
  components = std::move(next);
  components_since = at;
}

// ---- machines that go down
// ----------------------------------------------------------------------------------

// Whoever is down already is another fault's, and comes up with that one.
void World::State::begin_restart(std::uint32_t number, Instant at) {
  const auto& fault = scenario.faults[number];
  if (fault.kind == Scenario::FaultKind::restart_relay) {
    if (relay_down[fault.target] != 0) return;
    relay_down[fault.target] = 1;
    taken_down[number] = {fault.target};
    relays[fault.target].restart();
    return;
  }
  if (fault.kind == Scenario::FaultKind::restart_master) {
    if (master_down[fault.target] != 0) return;
    taken_down[number] = {fault.target};
    put_master_down(fault.target);
    return;
  }
  std::uint32_t drawn = 0;
  for (const std::uint32_t node :
       draw_nodes(fault.target, fault.nodes, "faults.restart_nodes/" + fault.name, drawn)) {
    if (node_down[node] != 0) continue;
    taken_down[number].push_back(node);
    put_down(node, at);
  }
}

void World::State::end_restart(std::uint32_t number, Instant at) {
  const auto kind = scenario.faults[number].kind;
  for (const std::uint32_t one : taken_down[number]) {
    if (kind == Scenario::FaultKind::restart_relay)
      bring_relay_up(one, at);
    else if (kind != Scenario::FaultKind::restart_master)
      bring_up(one, at);
    else if (master_gone[one] == 0)
      bring_master_up(one, at);
  }
}

// Packed, as on a disk: what has no packed form does not survive.
void World::State::put_down(std::uint32_t node, Instant at) {
  asleep[node] = encode(agents[node].durable());
  node_down[node] = 1;
  ledger.went_down(node, scenario.behaviour.commands_take, at);
  mode[node] = ConnectivityMode::disconnected;
  mode_since[node] = at;
  ever_lost[node] = true;
}

void World::State::bring_up(std::uint32_t node, Instant at) {
  const auto state = decode<AgentState>(asleep.at(node));
  check(state.has_value(), "what a node packs it can unpack");
  asleep.erase(node);
  node_down[node] = 0;
  ++restarts[node];
  agents[node].wake_up(*state, network.is_up(layout.nodes[node].up), at, outbox);
  if (layout.nodes[node].plan != none) {  // it may have begun, or ended, meanwhile
    const auto& plan = scenario.contact_plans[layout.nodes[node].plan];
    agents[node].on_contact_plan(at >= plan.at && at < plan.until, at);
  }
  drain({Role::node, node}, at);
  note_mode(node);
}

void World::State::bring_relay_up(std::uint32_t relay, Instant at) {
  relay_down[relay] = 0;
  relays[relay].on_upstream(relay_open[relay], at, outbox);
  for (std::uint32_t node = 0; node < layout.nodes.size(); ++node)
    if (layout.nodes[node].relay == relay)
      relays[relay].on_node_link(node, network.is_up(layout.nodes[node].down), at, outbox);
  drain({Role::relay, relay}, at);
}

// ---- what nobody can read
// -----------------------------------------------------------------------------------

void World::State::poison(const Scenario::Fault& fault, Instant at) {
  // A kind of a later release than the masters'.
  constexpr auto unknown_kind = static_cast<ObservationKind>(words_of(ObservationKind{}).size());
  std::uint32_t drawn = 0;
  for (const std::uint32_t node :
       draw_nodes(fault.target, fault.nodes, "faults.poison/" + fault.name, drawn)) {
    if (node_down[node] != 0) continue;
    for (std::uint32_t i = 0; i < fault.events; ++i) {
      Observation seen;
      seen.kind = unknown_kind;
      agents[node].observe(std::move(seen), Priority::history, at, outbox);
    }
    drain({Role::node, node}, at);
  }
}

}  // namespace ibcf::sim
