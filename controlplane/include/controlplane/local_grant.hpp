#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/payloads.hpp"

namespace ibcf {

/// LOCAL authority of one node, as a master grants it in advance (protocols page, "Masters"; I-26): good only
/// without contact and for `lease` since the last one, by the node's monotonic clock. Its return ends the
/// use; the next contact that is lost begins another. What a node decides under it counts in the term it was
/// granted in, so it never outranks a higher one.
struct LocalGrant {
  std::uint64_t epoch = 0;  ///< the term of its domain; 0: none
  Duration lease{};         ///< the autonomy period

  /// Whether a node that has been without contact for so long may decide by it.
  [[nodiscard]] bool covers(Duration alone) const { return epoch > 0 && alone < lease; }
  IBCF_FIELDS(LocalGrant, epoch, lease)
};

/// The LOCAL grants of one node, by rising term. Of two in one term the longer one counts: the node may act
/// by either.
void add(std::vector<LocalGrant>& granted, const LocalGrant& grant);

/// Whether the decision was the node's to take: it says so, it had been granted LOCAL authority in the term
/// that it names, and had not been alone for too long. A claim on a grant that nobody gave is not believed.
[[nodiscard]] bool is_founded(const LocalDecision& said, const std::vector<LocalGrant>& granted);

/// The grant as an event says it: the scope is the node, and so is the holder.
[[nodiscard]] AuthorityGrant local_authority(NodeId node, std::string name, const LocalGrant& grant,
                                             Instant now);
/// What such an event grants to the node it is about.
[[nodiscard]] inline LocalGrant local_grant_of(const AuthorityGrant& grant) {
  return {grant.epoch, grant.lease};
}

}  // namespace ibcf
