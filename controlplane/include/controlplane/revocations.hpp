#pragma once

#include <vector>

#include "controlplane/trust.hpp"
#include "model/fields.hpp"
#include "model/id.hpp"

namespace ibcf {

/// What the fleet does not trust any more: keys that signed releases, and releases themselves. It only grows,
/// so lists that come late, twice or from another master add up to the same.
struct Revocations {
  std::vector<PublicKey> keys;        ///< sorted, each once
  std::vector<ArtifactId> artifacts;  ///< likewise
  IBCF_FIELDS(Revocations, keys, artifacts)

  /// All that is on either list; `others` may be in any order.
  void add(const Revocations& others);
  [[nodiscard]] bool has(ArtifactId artifact) const;
};

}  // namespace ibcf
