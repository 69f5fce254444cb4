#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/master.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// What the log says that can be used only at the end of it, or once the peers are known.
struct Master::Recalled {
  std::map<CommandId, CommandState> told;      ///< of commands it delivers: the newest state in the log
  std::map<CommandId, Command> forwarded;      ///< issued here for another home, and not seen in its log
  std::vector<RolloutOrdered> rollouts;        ///< ordered here, oldest first
  std::set<std::pair<BundleId, AnyId>> begun;  ///< by which other master the bundle was taken up, or refused
  std::set<std::string> halted;                ///< peers
  std::map<NodeId, NodeReconciled> decided;    ///< at the newest return, told with its verdict
  std::map<NodeId, CommandResult> remedies;    ///< of updates that nothing followed from yet
  std::map<NodeId, std::uint64_t> newest;      ///< stamp of the newest word of a node
  std::set<NodeId> own;                        ///< nodes of whose steps this master wrote one
  std::optional<NodeId> judged_last;           ///< what was found on it is the last that this master wrote
};

}  // namespace ibcf
