#pragma once

#include <string>
#include <vector>

#include "authority_fold.hpp"
#include "connectivity_fold.hpp"
#include "replay_fold.hpp"
#include "rollout_fold.hpp"

namespace ibcf::analysis {

/// What happened, in order, as CSV (RFC 4180): time, kind, subject, what. Faults, authority and rollouts one
/// by one; mode changes and verdicts counted per minute and domain, and given at the begin of their minute.
std::string timeline_csv(const Fleet& fleet, const std::vector<RunLog::Fault>& faults, const Grid& grid,
                         const ConnectivityFold& connectivity, const ReplayFold& replay,
                         const AuthorityFold& authority, const RolloutFold& rollouts);

}  // namespace ibcf::analysis
