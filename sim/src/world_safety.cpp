#include "model/payloads.hpp"
#include "world_state.hpp"

/// What the world shows the checkers, and when.
namespace ibcf::sim {

std::string World::State::name_of(AnyId origin) const {
  for (std::uint32_t i = 0; i < masters.size(); ++i)
    if (any(masters[i].identity().id) == origin) return masters[i].identity().name;
  for (std::uint32_t i = 0; i < agents.size(); ++i)
    if (any(agents[i].identity().id) == origin) return layout.nodes[i].name;
  return text_of(origin);
}

void World::State::check_touched(Instant at) {
  for (const auto& [master, id] : touched)
    if (const NodeRecord* node = masters[master].find_node(id))
      checkers.lock(masters[master].identity().name, *node, at);
  touched.clear();
}

// A master says that it has the whole log of a node: all of it readable where it says clean, and what is not
// parked where it says partial.
void World::State::check_verdict(std::uint32_t master, const Event& event, Instant at) {
  const bool is_verdict = event.type == EventType::replay_verdict;
  if (!is_verdict && event.type != EventType::replay_not_needed) return;
  const std::string& by = masters[master].identity().name;
  if (is_verdict) {
    const auto verdict = payload_of<ReplayVerdict>(event);
    if (!verdict || verdict->kind == VerdictKind::violation) return;
    if (verdict->kind == VerdictKind::clean)
      checkers.clean(by, name_of(event.subject), ledger.parked_in(verdict->session), at);
  }
  checkers.complete(by, name_of(event.subject), ledger.holes(master, event.subject), at);
}

void World::State::note_grant(std::uint32_t master, const Event& event) {
  grant_stored = true;
  const auto said = payload_of<AuthorityGranted>(event);
  if (!said || said->grant.level == AuthorityLevel::local) return;
  const AuthorityGrant& grant = said->grant;
  std::uint64_t& newest = told_epoch[master][grant.scope];
  newest = std::max(newest, grant.epoch);
  if (grant.reason == GrantReason::breakglass || grant.reason == GrantReason::predelegated)
    begun_alone.emplace(grant.scope, grant.epoch);
}

// I-21, seen from outside: who would act for a scope right now, and in which term.
void World::State::check_holders(Instant at) {
  std::vector<Checkers::Holder> holders;
  for (std::uint32_t domain = 0; domain < domain_ids.size(); ++domain) {
    holders.clear();
    for (std::uint32_t i = 0; i < masters.size(); ++i) {
      if (master_down[i] != 0) continue;
      if (const auto epoch = masters[i].epoch_for(domain_ids[domain], at))
        holders.push_back({masters[i].identity().name, *epoch, told_epoch[i][domain_ids[domain]],
                           begun_alone.contains({domain_ids[domain], *epoch})});
    }
    checkers.holders(scenario.domains[domain].name, holders, at);
  }
}

// At checkpoints each look costs what is new since the last one, or grows rarer as the log grows.
void World::State::check_fleet(bool whole, Instant at) {
  for (std::uint32_t i = 0; i < stores.size(); ++i) {
    checkers.chain(i, masters[i].identity().name, stores[i], whole, at);
    for (const NodeRecord& node : masters[i].nodes()) checkers.lock(masters[i].identity().name, node, at);
  }
  for (LinkIndex link = 0; link < network.link_count(); ++link)
    checkers.link(network.link(link), network.count(link), at);
  const WitnessedStore& log = stores[global_master];
  if (!whole && log.size() < 2 * rebuilt_at) return;
  rebuilt_at = log.size();
  checkers.projections(log, masters[global_master].views(), domains, at);
}

}  // namespace ibcf::sim
