#include "controlplane/domain_tree.hpp"

#include "model/check.hpp"

namespace ibcf {

DomainTree::DomainTree(std::vector<Domain> domains) : domains_(std::move(domains)) {
  for (const Domain& domain : domains_) {
    check(!domain.id.is_nil(), "a domain has an id");
    check(parents_.emplace(domain.id, domain.parent_id).second, "each domain is named once");
  }
  for (const Domain& domain : domains_) {
    DomainId above = domain.id;
    for (std::size_t steps = 0; !above.is_nil(); ++steps) {
      check(steps < domains_.size(), "no domain lies within itself");
      above = parents_.count(above) > 0 ? parents_.at(above) : DomainId{};
    }
  }
}

DomainId DomainTree::parent_of(DomainId id) const {
  const auto found = parents_.find(id);
  return found == parents_.end() ? DomainId{} : found->second;
}

bool DomainTree::is_within(DomainId id, DomainId ancestor) const {
  if (ancestor.is_nil()) return true;
  for (; !id.is_nil(); id = parent_of(id))
    if (id == ancestor) return true;
  return false;
}

}  // namespace ibcf
