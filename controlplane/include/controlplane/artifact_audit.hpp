#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "controlplane/trust.hpp"

namespace ibcf {

struct AuditProblem {
  std::uint64_t position = 0;
  std::string what;
};

/// Goes through a whole log and reaches every stored verdict again (I-51), by keys that are among `trusted`;
/// holds that what was installed as APPLIED was found verified by the node before, under the same command
/// (I-50). Orders of origins do not matter: what a verdict names may be stored behind it. Empty where all is
/// well.
std::vector<AuditProblem> audit_verdicts(const EventStore& log, std::span<const PublicKey> trusted,
                                         const Verifier& verifier);

}  // namespace ibcf
