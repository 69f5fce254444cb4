#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/check.hpp"
#include "world_state.hpp"

/// Building the world that a scenario describes: network, masters, nodes, and what is scheduled from the
/// start.

namespace ibcf::sim {
namespace {

std::string_view word_of(Scenario::FaultKind kind) {
  switch (kind) {
    case Scenario::FaultKind::isolate_domain:
      return "isolate_domain";
    case Scenario::FaultKind::split_domain:
      return "split_domain";
    case Scenario::FaultKind::cut_site:
      return "cut_site";
    case Scenario::FaultKind::cut_link:
      return "cut_link";
    case Scenario::FaultKind::restart_nodes:
      return "restart_nodes";
    case Scenario::FaultKind::restart_relay:
      return "restart_relay";
    case Scenario::FaultKind::restart_master:
      return "restart_master";
    case Scenario::FaultKind::lose_master:
      return "lose_master";
    case Scenario::FaultKind::poison:
      return "poison";
  }
  return "";
}

}  // namespace

Digest secret_of(const Scenario& scenario, std::string_view purpose, std::uint32_t number) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.put(std::string(purpose));
  encoder.put(scenario.name);
  encoder.put(scenario.seed);
  encoder.put(number);
  return digest_of(bytes);
}

World::State::State(const Scenario& from)
    : scenario(from),
      layout(lay_out(from)),
      calendar(from.tie_seed),
      network(from.network, from.seed, calendar, *this),
      ledger(layout.nodes.size(), from.controllers.size()),
      checkers(from.seed, from.controllers.size(), ledger),
      node_down(layout.nodes.size(), 0),
      relay_down(from.relays.size(), 0),
      master_down(from.controllers.size(), 0),
      master_gone(from.controllers.size(), 0),
      master_life(from.controllers.size(), 1),
      earlier_counts(from.controllers.size()),
      taken_down(from.faults.size()),
      restarts(layout.nodes.size(), 0),
      adoptions(layout.nodes.size(), 0),
      mode(layout.nodes.size(), ConnectivityMode::disconnected),
      ever_lost(layout.nodes.size(), false),
      mode_since(layout.nodes.size()),
      checked(from.expect.size()) {
  for (std::uint32_t i = 0; i < scenario.domains.size(); ++i)
    domain_ids.push_back(
        derive_id<DomainTag>(scenario.name, scenario.seed, "domain/" + scenario.domains[i].name));
  for (std::uint32_t i = 0; i < scenario.domains.size(); ++i) {
    const std::uint32_t parent = scenario.domains[i].parent;
    domains.push_back(
        {domain_ids[i], scenario.domains[i].name, parent == none ? DomainId{} : domain_ids[parent]});
  }
  rolled_out.resize(scenario.domains.size());
  draws.resize(scenario.commands.size());
  for (std::size_t i = 0; i < checked.size(); ++i) checked[i].expectation = &scenario.expect[i];
  installs_refused.resize(layout.nodes.size());
  artifact_quarantines.resize(layout.nodes.size());
  told_epoch.resize(scenario.controllers.size());
  build_releases();
  build_network();
}

void World::State::build_network() {
  for (const auto& site : scenario.sites) network.add_vertex(site.name);
  for (const auto& node : layout.nodes) network.add_vertex(node.name);
  for (const LinkSpec& link : layout.links) network.add_link(link);
  network.start();
  link_bytes.resize(2 * scenario.backbone.size());
  components = network.components();
}

static LinkThresholds thresholds_of(const Scenario::Behaviour& behaviour) {
  return {.rtt_delayed_above = behaviour.rtt_delayed_above,
          .rtt_live_below = behaviour.rtt_live_below,
          .dwell = behaviour.dwell,
          .sync_cached_above = behaviour.sync_cached_above,
          .sync_delayed_below = behaviour.sync_delayed_below};
}

void World::State::build_masters() {
  const Scenario::Behaviour& behaviour = scenario.behaviour;
  for (std::uint32_t i = 0; i < scenario.controllers.size(); ++i)
    if (scenario.controllers[i].level == AuthorityLevel::global) global_master = i;
  check(global_master != none, "the loader lets only scenarios with a GLOBAL master pass");
  for (std::uint32_t i = 0; i < scenario.controllers.size(); ++i) {
    const auto& controller = scenario.controllers[i];
    MasterSettings& settings = master_settings.emplace_back();
    settings.heartbeat = behaviour.heartbeat;
    settings.missed_heartbeats = behaviour.missed_heartbeats;
    settings.autonomy = behaviour.autonomy;
    settings.gap_events = behaviour.gap_events;
    settings.flush = behaviour.flush;
    settings.thresholds = thresholds_of(behaviour);
    settings.replay_sessions = controller.replay_sessions;
    settings.replay_credit_bytes = controller.replay_credit_bytes;
    settings.chunk_bytes = controller.chunk_bytes;
    settings.bounds.drift = controller.clock_drift_bound;
    settings.release_keys = release_keys.trusted;
    stores.emplace_back([this, i](const Stored& stored) { witness(i, stored); });
    bodies.emplace_back([this](const Digest& digest, ByteView body) { witness(digest, body); });
    make_master(i);
  }
  for (std::uint32_t i = 0; i < scenario.relays.size(); ++i) {
    relays.emplace_back(i, scenario.relays[i].queue_bytes);
    relay_open.push_back(true);
  }
}

void World::State::build_nodes() {
  const Scenario::Behaviour& behaviour = scenario.behaviour;
  agents.reserve(layout.nodes.size());
  agent_settings.heartbeat = behaviour.heartbeat;
  agent_settings.missed_heartbeats = behaviour.missed_heartbeats;
  agent_settings.snapshot = behaviour.snapshot;
  agent_settings.snapshot_body_bytes = behaviour.snapshot_body_bytes;
  agent_settings.autonomy = behaviour.autonomy;
  agent_settings.buffer_bytes = behaviour.buffer_bytes;
  agent_settings.thresholds = thresholds_of(behaviour);
  for (std::uint32_t i = 0; i < layout.nodes.size(); ++i) {
    const Layout::Node& place = layout.nodes[i];
    const auto& group = scenario.groups[place.group];
    const auto id = derive_id<NodeTag>(scenario.name, scenario.seed, "node/" + place.name);
    const auto& signer =
        signers.emplace_back(std::make_unique<Ed25519Signer>(secret_of(scenario, "node.identity", i)));
    ledger.add_node(i, any(id));
    home_of_node.push_back(place.master);
    agents.emplace_back(agent_settings, AgentIdentity{.relay = {Role::relay, place.relay},
                                                      .master = {Role::master, place.master},
                                                      .index = i,
                                                      .incarnation = 1,
                                                      .windowed = place.contacts != nullptr,
                                                      .secret = link_secret_of(i),
                                                      .id = id,
                                                      .domain = domain_ids[place.domain],
                                                      .signer = signer.get(),
                                                      .version = "1.0.0",
                                                      .battery_pct = group.battery_pct,
                                                      .machine = &machines.emplace_back(
                                                          scenario.seed, place.name, behaviour.commands_take,
                                                          behaviour.commands_fail, rolls_back, damage),
                                                      .trust = {&release_keys, &verifier}});
    masters[place.master].enrol(enrolment_of(i), Instant{});
  }
}

LinkSecret World::State::link_secret_of(std::uint32_t node) const {
  return LinkSecret(secret_of(scenario, "node.link_key", node).bytes);
}

void World::State::schedule() {
  for (std::uint32_t i = 0; i < masters.size(); ++i) start_master(i, Instant{});
  for (std::uint32_t i = 0; i < agents.size(); ++i) {
    const bool open = network.is_up(layout.nodes[i].down);
    relays[layout.nodes[i].relay].on_node_link(i, open, Instant{}, outbox);
    drain({Role::relay, layout.nodes[i].relay}, Instant{});
    agents[i].start(Instant{}, outbox);
    // The network tells changes only; a window that is open from the start is none.
    if (layout.nodes[i].contacts && network.is_up(layout.nodes[i].up))
      agents[i].on_carrier(true, Instant{}, outbox);
    drain({Role::node, i}, Instant{});
    note_mode(i);
  }
  for (std::uint32_t i = 0; i < scenario.faults.size(); ++i) {
    calendar.push({scenario.faults[i].at, EntryKind::fault, i, 1});
    if (scenario.faults[i].until != never) calendar.push({scenario.faults[i].until, EntryKind::fault, i, 0});
  }
  const auto add_work = [&](Work::Kind kind, std::uint32_t index, Instant at) {
    calendar.push({at, EntryKind::workload, 0, static_cast<std::uint32_t>(works.size())});
    works.push_back({kind, index});
  };
  const auto add_all = [&](Work::Kind kind, const auto& items) {
    for (std::uint32_t i = 0; i < items.size(); ++i) add_work(kind, i, items[i].at);
  };
  add_all(Work::Kind::artifact, scenario.artifacts);
  add_all(Work::Kind::revocation, scenario.revocations);
  for (std::uint32_t i = 0; i < scenario.commands.size(); ++i)
    add_work(Work::Kind::commands, i, scenario.commands[i].from);
  add_all(Work::Kind::rollout, scenario.rollouts);
  add_all(Work::Kind::edit, scenario.edits);
  for (std::uint32_t i = 0; i < scenario.contact_plans.size(); ++i) {
    add_work(Work::Kind::plan, i, scenario.contact_plans[i].at);
    if (scenario.contact_plans[i].until < scenario.horizon)
      add_work(Work::Kind::unplan, i, scenario.contact_plans[i].until);
  }
  add_all(Work::Kind::handover, scenario.handovers);
  add_all(Work::Kind::successor, scenario.successors);
  add_all(Work::Kind::break_glass, scenario.break_glass);
  add_all(Work::Kind::declaration, scenario.declarations);
  add_all(Work::Kind::settlement, scenario.settlements);
  for (std::uint32_t i = 0; i < scenario.faults.size(); ++i)
    if (scenario.faults[i].adopt_by != none) add_work(Work::Kind::adoption, i, scenario.faults[i].adopt_at);
  for (std::uint32_t i = 0; i < scenario.expect.size(); ++i)
    if (scenario.expect[i].at != never) calendar.push({scenario.expect[i].at, EntryKind::sample, i + 1, i});
  calendar.push({Instant{} + scenario.sample_every, EntryKind::sample, 0, periodic});
}

void World::State::tell_observer() {
  for (std::uint32_t i = 0; i < domains.size(); ++i)
    observer->domain(i, domains[i], scenario.domains[i].parent);
  for (std::uint32_t i = 0; i < scenario.controllers.size(); ++i) {
    const auto& controller = scenario.controllers[i];
    observer->master(i, peer_of(i).id, controller.name, controller.level, controller.domain,
                     scenario.sites[controller.site].name);
  }
  for (std::uint32_t i = 0; i < scenario.relays.size(); ++i) {
    const auto& relay = scenario.relays[i];
    observer->relay(
        i,
        Relay{derive_id<RelayTag>(scenario.name, scenario.seed, "relay/" + relay.name), relay.name,
              domain_ids[relay.domain], scenario.sites[relay.site].name, relay.queue_bytes},
        relay.domain);
  }
  for (std::uint32_t i = 0; i < layout.nodes.size(); ++i) {
    const Layout::Node& node = layout.nodes[i];
    const auto& group = scenario.groups[node.group];
    observer->node(i, derive_id<NodeTag>(scenario.name, scenario.seed, "node/" + node.name), node.name,
                   node.domain, group.name, scenario.access[group.access].name, node.relay, node.place);
  }
  for (LinkIndex i = 0; i < layout.links.size(); ++i)
    observer->link(i, layout.links[i], network.vertex_name(layout.links[i].from),
                   network.vertex_name(layout.links[i].to));
  for (const auto& fault : scenario.faults)
    observer->fault(fault.name, std::string(word_of(fault.kind)), fault.at, fault.until);
}

}  // namespace ibcf::sim
