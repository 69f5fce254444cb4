#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "world_state.hpp"

/// Masters as processes: who they are, what they know when they start, how they go down and come up.
namespace ibcf::sim {
namespace {

// All of them are counts.
Master::Counters sum_of(const Master::Counters& a, const Master::Counters& b) {
  using Counts = std::array<std::uint64_t, sizeof(Master::Counters) / sizeof(std::uint64_t)>;
  auto sum = std::bit_cast<Counts>(a);
  const auto more = std::bit_cast<Counts>(b);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
  return std::bit_cast<Master::Counters>(sum);
}

}  // namespace

Peer World::State::peer_of(std::uint32_t master) const {
  const auto& controller = scenario.controllers[master];
  Peer peer{.endpoint = {Role::master, master},
            .id = derive_id<MasterTag>(scenario.name, scenario.seed, "master/" + controller.name),
            .name = controller.name,
            .level = controller.level,
            .scopes = {},
            .lease = controller.lease};
  for (std::uint32_t domain = 0; domain < scenario.domains.size(); ++domain)
    if (layout.home_of_domain[domain] == master) peer.scopes.push_back(domain_ids[domain]);
  return peer;
}

Master& World::State::make_master(std::uint32_t i) {
  const auto& controller = scenario.controllers[i];
  MasterIdentity identity{.id = peer_of(i).id,
                          .index = i,
                          .name = controller.name,
                          .level = controller.level,
                          .upstream = {},
                          .fleet = derive_id<FleetTag>(scenario.name, scenario.seed, "fleet"),
                          .incarnation = master_life[i]};
  if (i != global_master) identity.upstream = Endpoint{Role::master, global_master};
  return masters.build(i, master_settings[i], std::move(identity), stores[i], verifier, domains, &bodies[i]);
}

// A star: every region exchanges its log with the GLOBAL master, which passes the others' on.
void World::State::start_master(std::uint32_t i, Instant at) {
  std::vector<Peer> peers;
  if (i == global_master)
    for (std::uint32_t other = 0; other < masters.size(); ++other) peers.push_back(peer_of(other));
  else
    peers.push_back(peer_of(global_master));
  masters[i].start(peers, at, outbox);
  drain({Role::master, i}, at);
}

Enrolment World::State::enrolment_of(std::uint32_t node) const {
  const Layout::Node& place = layout.nodes[node];
  const auto& group = scenario.groups[place.group];
  return {.index = node,
          .incarnation = 1,
          .relay = {Role::relay, place.relay},
          .secret = link_secret_of(node),
          .id = derive_id<NodeTag>(scenario.name, scenario.seed, "node/" + place.name),
          .facts = {.name = place.name,
                    .kind = group.kind,
                    .domain_id = domain_ids[place.domain],
                    .tags = group.tags,
                    .access = scenario.access[group.access].name,
                    .relay = scenario.relays[place.relay].name,
                    .site = scenario.sites[scenario.relays[place.relay].site].name,
                    .serial = fmt::format("{}-{:06}", scenario.name, node),
                    .ordinal = node,
                    .manufacturer = {},
                    .model = {},
                    .bom_ref = {}},
          .public_key = signers[node]->public_key(),
          .contacts = place.contacts,
          .attestation = {}};
}

std::vector<Enrolment> World::State::inventory_of(std::uint32_t master) const {
  std::vector<Enrolment> inventory;
  for (std::uint32_t node = 0; node < layout.nodes.size(); ++node)
    if (home_of_node[node] == master) inventory.push_back(enrolment_of(node));
  return inventory;
}

// Timers of this life are dead with it.
void World::State::put_master_down(std::uint32_t i) {
  earlier_counts[i] = counts_of(i);
  master_down[i] = 1;
  ++master_life[i];
}

// What it counts by itself begins anew; what its log adds up to is there again.
void World::State::bring_master_up(std::uint32_t i, Instant at) {
  master_down[i] = 0;
  ++master_restarts;
  make_master(i).recover(inventory_of(i), at);
  start_master(i, at);
  for (std::uint32_t node = 0; node < layout.nodes.size(); ++node) {
    if (home_of_node[node] != i || layout.nodes[node].plan == none) continue;
    const auto& plan = scenario.contact_plans[layout.nodes[node].plan];
    if (at >= plan.at) tell_plan(node, at < plan.until, at);  // it may have begun, or ended, meanwhile
  }
}

void World::State::lose_master(std::uint32_t i) {
  if (master_down[i] == 0) put_master_down(i);
  master_gone[i] = 1;
  ledger.lose_store(i);
}

// The scopes, the nodes and the relays' way up are another master's from now on.
bool World::State::adopt(std::uint32_t lost, std::uint32_t by, Instant at) {
  if (master_down[by] != 0 || !masters[by].adopt(inventory_of(lost), at, outbox)) return false;
  for (std::uint32_t node = 0; node < layout.nodes.size(); ++node) {
    if (home_of_node[node] != lost) continue;
    home_of_node[node] = layout.nodes[node].master = by;
    ++adoptions[node];
  }
  std::replace(layout.home_of_domain.begin(), layout.home_of_domain.end(), lost, by);
  std::replace(layout.home_of_relay.begin(), layout.home_of_relay.end(), lost, by);
  drain({Role::master, by}, at);
  refresh_routes(at);
  return true;
}

Master::Counters World::State::counts_of(std::uint32_t master) const {
  // Of one that is down, all that it counted is among the earlier ones.
  return master_down[master] != 0 ? earlier_counts[master]
                                  : sum_of(earlier_counts[master], masters[master].counters());
}

}  // namespace ibcf::sim
