#include "controlplane/local_grant.hpp"

#include <algorithm>

#include "model/payloads.hpp"

namespace ibcf {
namespace {

auto place_of(const std::vector<LocalGrant>& granted, std::uint64_t epoch) {
  return std::lower_bound(granted.begin(), granted.end(), epoch,
                          [](const LocalGrant& one, std::uint64_t wanted) { return one.epoch < wanted; });
}

}  // namespace

void add(std::vector<LocalGrant>& granted, const LocalGrant& grant) {
  const auto place = granted.begin() + (place_of(granted, grant.epoch) - granted.cbegin());
  if (place == granted.end() || place->epoch != grant.epoch)
    granted.insert(place, grant);
  else
    place->lease = std::max(place->lease, grant.lease);
}

bool is_founded(const LocalDecision& said, const std::vector<LocalGrant>& granted) {
  if (!said.under_grant) return false;
  const auto place = place_of(granted, said.local_epoch);
  return place != granted.end() && place->epoch == said.local_epoch && place->covers(said.alone);
}

AuthorityGrant local_authority(NodeId node, std::string name, const LocalGrant& grant, Instant now) {
  return {.scope = id_cast<DomainTag>(node),
          .level = AuthorityLevel::local,
          .holder = id_cast<MasterTag>(node),
          .holder_name = std::move(name),
          .epoch = grant.epoch,
          .granted_ts = now,
          .lease = grant.lease,
          .reason = GrantReason::predelegated};
}

}  // namespace ibcf
