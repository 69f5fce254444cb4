#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/rollout_advice.hpp"
#include "model/event.hpp"
#include "model/rollout.hpp"

namespace ibcf {

/// "Upgrade rollout status by policy bundle" and "which policy bundles are safe to advance" (seed, Layers 0
/// and 1), over all masters: each rolls a bundle out to the nodes it is home to, and says how far it is.
class RolloutProjection {
 public:
  /// Events about other things change nothing. False where the payload is not what its type says.
  bool apply(const Event& event);

  /// All parts of the bundle's rollout together: counts are summed, state and reason are those of the part
  /// that is worst off, the wave is that of the part that is furthest behind. Nothing where nobody began it.
  [[nodiscard]] std::optional<Rollout> status(BundleId id) const;
  /// Every bundle that any master began to roll out, by id.
  [[nodiscard]] std::vector<Rollout> all() const;
  /// As of the counts in the log; each master decides by its own, newer ones.
  [[nodiscard]] RolloutAdvice safe_to_advance(BundleId id) const;

  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  struct Part {
    BundleId bundle;
    AnyId master;
    std::string refused;  ///< the first problem, where it was refused
    std::optional<Rollout> rollout;
    IBCF_FIELDS(Part, bundle, master, refused, rollout)
  };
  Part& part_of(BundleId id, const Event& event);

  std::map<std::pair<BundleId, AnyId>, Part> parts_;
};

}  // namespace ibcf
