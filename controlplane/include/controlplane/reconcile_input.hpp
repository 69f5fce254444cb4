#pragma once

#include <optional>
#include <string_view>

#include "controlplane/drift_inputs.hpp"
#include "controlplane/reconcile.hpp"

namespace ibcf {

/// A node that shows this object with the EXACT value "true" asks not to be disturbed (policy DEFER).
inline constexpr std::string_view critical_work_object = "node/critical_work";

/// What a log says of a node that comes back, as reconcile() wants it. Decisions that an earlier verdict has
/// covered do not count again; one counts as taken under a LOCAL grant if the log holds that grant, and it
/// had not run out (I-26). Nothing where no bundle that we know is desired of it.
/// `actual` is the body of its newest snapshot; null: none is at hand, so only decisions tell what it has.
/// The result refers to bundles of `inputs`.
std::optional<ReconcileInput> reconcile_input(const DriftInputs& inputs, Slot slot, const Snapshot* actual,
                                              bool resynced);

}  // namespace ibcf
