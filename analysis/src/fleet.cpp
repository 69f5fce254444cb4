#include "fleet.hpp"

#include <algorithm>
#include <utility>

#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

/// Ordinals come from a file: what is out of every proportion is not an ordinal of ours.
constexpr std::uint32_t most_nodes = 16'000'000;

}  // namespace

void Fleet::add_domain(std::uint32_t index, Domain domain) {
  if (index >= most_nodes) return;
  if (index >= domains_.size()) domains_.resize(index + 1);
  domain_by_id_[domain.id] = index;
  domains_[index] = std::move(domain);
}

void Fleet::add_node(std::uint32_t ordinal, Node node) {
  if (ordinal >= most_nodes) return;
  if (ordinal >= nodes_.size()) nodes_.resize(ordinal + 1);
  node_by_id_[node.id] = ordinal;
  nodes_[ordinal] = std::move(node);
}

void Fleet::add_master(Master master) {
  masters_.push_back(std::move(master));
}

void Fleet::learn(const Event& event) {
  if (event.type != EventType::node_registered || node_by_id_.contains(event.subject)) return;
  const auto registered = payload_of<NodeRegistered>(event);
  if (!registered) return;
  add_node(registered->ordinal, {event.subject, registered->name, domain_index(any(registered->domain_id))});
}

std::uint32_t Fleet::domain_index(AnyId id) {
  if (const auto known = find_domain(id)) return *known;
  const auto index = static_cast<std::uint32_t>(domains_.size());
  add_domain(index, {id, text_of(id), std::nullopt});
  return index;
}

std::optional<std::uint32_t> Fleet::find_node(AnyId id) const {
  const auto found = node_by_id_.find(id);
  if (found == node_by_id_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> Fleet::find_domain(AnyId id) const {
  const auto found = domain_by_id_.find(id);
  if (found == domain_by_id_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::uint32_t> Fleet::upwards(std::uint32_t domain) const {
  std::vector<std::uint32_t> chain;
  // A file may hold a ring of parents; nobody is above himself.
  while (domain < domains_.size() && std::find(chain.begin(), chain.end(), domain) == chain.end()) {
    chain.push_back(domain);
    if (!domains_[domain].parent) break;
    domain = *domains_[domain].parent;
  }
  return chain;
}

std::string Fleet::name_of(AnyId id) const {
  if (const auto domain = find_domain(id)) return domains_[*domain].name;
  if (const auto node = find_node(id)) return nodes_[*node].name;
  for (const auto& master : masters_)
    if (master.id == id) return master.name;
  return id.is_nil() ? "" : text_of(id);
}

std::vector<ibcf::Domain> domains_of(const Fleet& fleet) {
  std::vector<ibcf::Domain> domains;
  for (const auto& domain : fleet.domains()) {
    if (domain.id.is_nil()) continue;
    const bool has_parent = domain.parent && *domain.parent < fleet.domains().size();
    domains.push_back({id_cast<DomainTag>(domain.id), domain.name,
                       has_parent ? id_cast<DomainTag>(fleet.domains()[*domain.parent].id) : DomainId{}});
  }
  return domains;
}

}  // namespace ibcf::analysis
