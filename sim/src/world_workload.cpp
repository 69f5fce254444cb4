#include <algorithm>
#include <utility>

#include "world_state.hpp"

/// What is asked of the fleet: operators' orders, and what the nodes' own software does to them.
namespace ibcf::sim {

bool World::State::is_for_global(Work::Kind kind) {
  return kind == Work::Kind::rollout || kind == Work::Kind::handover || kind == Work::Kind::artifact ||
         kind == Work::Kind::revocation || kind == Work::Kind::successor;
}

void World::State::work(std::uint32_t slot, Instant at) {
  const Work item = works[slot];  // more may be added meanwhile
  if (is_for_global(item.kind) && master_down[global_master] != 0) {
    ++orders_refused;  // nobody answers
    return;
  }
  switch (item.kind) {
    case Work::Kind::commands: {
      const auto& load = scenario.commands[item.index];
      send_commands(load, item.index, at);
      if (load.every > Duration::zero() && at + load.every < load.until)
        calendar.push({at + load.every, EntryKind::workload, 0, slot});
      break;
    }
    case Work::Kind::rollout:
      roll_out(scenario.rollouts[item.index], at);
      break;
    case Work::Kind::edit:
      edit(scenario.edits[item.index], at);
      break;
    case Work::Kind::plan:
    case Work::Kind::unplan:
      plan_contacts(item.index, item.kind == Work::Kind::plan, at);
      break;
    case Work::Kind::artifact:
      hand_in(item.index, at);
      break;
    case Work::Kind::revocation:
      revoke(scenario.revocations[item.index], at);
      break;
    case Work::Kind::successor: {
      const auto& named = scenario.successors[item.index];
      const bool is_named =
          masters[global_master].name_successor(domain_ids[named.domain], peer_of(named.to), at);
      orders_refused += is_named ? 0 : 1;
      drain({Role::master, global_master}, at);
      break;
    }
    case Work::Kind::break_glass: {
      const auto& broken = scenario.break_glass[item.index];
      const bool is_taken =
          master_down[broken.by] == 0 &&
          masters[broken.by].break_glass(domain_ids[broken.domain], broken.reason, at, outbox);
      orders_refused += is_taken ? 0 : 1;
      drain({Role::master, broken.by}, at);
      break;
    }
    case Work::Kind::declaration:
      declare(scenario.declarations[item.index], at);
      break;
    case Work::Kind::settlement:
      settle(scenario.settlements[item.index], at);
      break;
    case Work::Kind::adoption: {
      const auto& fault = scenario.faults[item.index];
      if (!adopt(fault.target, fault.adopt_by, at))
        calendar.push({at + std::chrono::minutes{1}, EntryKind::workload, 0, slot});
      break;
    }
    case Work::Kind::cancel: {
      const CommandOrder what = cancels[item.index];
      orders_refused += order(what, at) ? 0 : 1;
      break;
    }
    case Work::Kind::handover: {
      const auto& handover = scenario.handovers[item.index];
      masters[global_master].order_handover(domain_ids[handover.domain], peer_of(handover.to), at, outbox);
      drain({Role::master, global_master}, at);
      check_holders(at);
      break;
    }
  }
}

// So many nodes of the domain, drawn at random from the stream of this name.
std::vector<std::uint32_t> World::State::draw_nodes(std::uint32_t domain, std::uint32_t most,
                                                    const std::string& name, std::uint32_t& drawn) const {
  std::vector<std::uint32_t> nodes;
  for (std::uint32_t i = 0; i < layout.nodes.size(); ++i)
    if (layout.is_within(layout.nodes[i].domain, domain)) nodes.push_back(i);
  if (most >= nodes.size()) return nodes;  // none is all
  const RandomStream stream(scenario.seed, name);
  for (std::uint32_t i = 0; i < most; ++i)  // a partial Fisher-Yates shuffle
    std::swap(nodes[i], nodes[i + stream.below(nodes.size() - i, 0, drawn++)]);
  nodes.resize(most);
  return nodes;
}

// What the nodes' own software, or a hand, does to them.
void World::State::edit(const Scenario::Edit& edit, Instant at) {
  std::uint32_t drawn = 0;
  for (const std::uint32_t node : draw_nodes(edit.domain, edit.nodes, "workload.edits/" + edit.name, drawn)) {
    if (node_down[node] != 0) continue;  // there is no software that could
    agents[node].change(edit.object, edit.value, edit.decided, at, outbox);
    drain({Role::node, node}, at);
  }
}

// Both ends of a link learn of it when it begins, from whoever made the plan; who is down, when it comes up.
void World::State::plan_contacts(std::uint32_t plan, bool begins, Instant at) {
  for (std::uint32_t i = 0; i < layout.nodes.size(); ++i) {
    const Layout::Node& node = layout.nodes[i];
    if (node.plan != plan) continue;
    if (master_down[node.master] == 0) tell_plan(i, begins, at);
    if (node_down[i] != 0) continue;
    agents[i].on_contact_plan(begins, at);
    note_mode(i);
  }
}

void World::State::tell_plan(std::uint32_t node, bool begins, Instant at) {
  const Layout::Node& place = layout.nodes[node];
  masters[place.master].plan_contacts(agents[node].identity().id, begins ? place.planned : nullptr,
                                      scenario.contact_plans[place.plan].name, at);
}

// An operator's orders go to whoever holds the authority over the node's domain at that time.
void World::State::send_commands(const Scenario::CommandLoad& load, std::uint32_t number, Instant at) {
  for (const std::uint32_t node :
       draw_nodes(load.domain, load.nodes, "workload.commands/" + load.name, draws[number])) {
    const DomainId scope = domain_ids[layout.nodes[node].domain];
    CommandOrder what{.node = agents[node].identity().id,
                      .home = {Role::master, layout.nodes[node].master},
                      .scope = scope,
                      .kind = load.kind,
                      .valid_for = load.valid_for,
                      .argument = load.name,
                      .delivery = load.delivery,
                      .coalesce_key = load.coalesce_key};
    if (load.artifact != none) what.artifact_id = releases[load.artifact].submitted.artifact.id;
    const auto issued = order(what, at);
    orders_refused += issued ? 0 : 1;
    if (!issued || load.cancel_after == Duration::zero()) continue;
    cancels.push_back(what);
    cancels.back().kind = CommandKind::cancel;
    cancels.back().argument = text_of(*issued);
    cancels.back().coalesce_key.clear();
    works.push_back({Work::Kind::cancel, static_cast<std::uint32_t>(cancels.size() - 1)});
    calendar.push(
        {at + load.cancel_after, EntryKind::workload, 0, static_cast<std::uint32_t>(works.size() - 1)});
  }
}

// To whichever master holds the authority right now.
std::optional<CommandId> World::State::order(const CommandOrder& what, Instant at) {
  for (std::uint32_t i = 0; i < masters.size(); ++i) {
    if (master_down[i] != 0) continue;
    const auto id = masters[i].issue(what, at, outbox);
    drain({Role::master, i}, at);
    if (id) return id;
  }
  return std::nullopt;
}

PolicyBundle World::State::bundle_of(const std::string& name, const std::string& version, Instant at,
                                     const std::map<std::string, std::string>& config,
                                     const std::map<std::string, DesiredObject>& objects) const {
  PolicyBundle bundle;
  bundle.id = derive_id<BundleTag>(scenario.name, scenario.seed, "bundle/" + name + "/" + version);
  bundle.name = name;
  bundle.version = version;
  // Releases of a name count in the order in which they come.
  const auto is_before = [&](const auto& other) { return other.bundle == name && other.at <= at; };
  bundle.release = static_cast<std::uint64_t>(
      std::count_if(scenario.rollouts.begin(), scenario.rollouts.end(), is_before) +
      std::count_if(scenario.declarations.begin(), scenario.declarations.end(), is_before));
  bundle.objects = objects;
  for (const auto& [object, value] : config) bundle.objects[object].value = exact_value(value);
  return bundle;
}

void World::State::declare(const Scenario::Declaration& declared, Instant at) {
  const PolicyBundle bundle =
      bundle_of(declared.bundle, declared.version, declared.at, declared.config, declared.objects);
  const bool is_declared = master_down[declared.by] == 0 &&
                           masters[declared.by].set_desired(domain_ids[declared.domain], bundle, at);
  orders_refused += is_declared ? 0 : 1;
  drain({Role::master, declared.by}, at);
}

void World::State::settle(const Scenario::Settlement& settled, Instant at) {
  const bool is_settled =
      master_down[settled.by] == 0 && masters[settled.by].settle_desired(domain_ids[settled.domain], at);
  orders_refused += is_settled ? 0 : 1;
  drain({Role::master, settled.by}, at);
}

void World::State::roll_out(const Scenario::Rollout& rollout, Instant at) {
  RolloutOrder order;
  order.bundle = bundle_of(rollout.bundle, rollout.version, rollout.at, rollout.config, rollout.objects);
  order.bundle.constraints = rollout.constraints;
  for (const std::uint32_t artifact : rollout.artifacts)
    order.bundle.artifacts.push_back(releases[artifact].submitted.artifact.id);
  rolls_back[order.bundle.id] = rollout.rolls_back;
  order.waves = rollout.waves;
  order.wave_every = rollout.wave_every;
  order.threshold = rollout.threshold;
  for (std::uint32_t domain = 0; domain < scenario.domains.size(); ++domain) {
    if (!layout.is_within(domain, rollout.domain)) continue;
    order.scopes.push_back(domain_ids[domain]);
    rolled_out[domain] = order.bundle.id;
  }
  masters[global_master].order_rollout(order, at, outbox);
  drain({Role::master, global_master}, at);
}

}  // namespace ibcf::sim
