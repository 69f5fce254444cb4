#pragma once

#include <map>
#include <vector>

#include "model/objects.hpp"

namespace ibcf {

/// The domains of a fleet and which lies in which.
class DomainTree {
 public:
  /// Requires that each id comes once and no domain lies within itself.
  explicit DomainTree(std::vector<Domain> domains);

  /// In the order given at construction.
  [[nodiscard]] const std::vector<Domain>& domains() const { return domains_; }
  [[nodiscard]] bool knows(DomainId id) const { return parents_.count(id) > 0; }
  /// `id` is `ancestor` or lies below it. Everything lies within the nil domain, which stands for the fleet.
  [[nodiscard]] bool is_within(DomainId id, DomainId ancestor) const;
  /// Nil for a root and for a stranger.
  [[nodiscard]] DomainId parent_of(DomainId id) const;

 private:
  std::vector<Domain> domains_;
  std::map<DomainId, DomainId> parents_;
};

}  // namespace ibcf
