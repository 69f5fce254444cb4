#pragma once

#include <string>
#include <vector>

#include "model/objects.hpp"

namespace ibcf {

/// The objects of a fleet side by side, as an inventory or an export holds them.
struct FleetObjects {
  std::vector<Domain> domains;
  std::vector<Relay> relays;
  std::vector<MasterId> controllers;
  std::vector<Artifact> artifacts;
  std::vector<PolicyBundle> bundles;
  std::vector<Node> nodes;
  std::vector<Observation> observations;
  std::vector<Command> commands;
  std::vector<AuthorityGrant> grants;
  std::vector<Rollout> rollouts;
  IBCF_FIELDS(FleetObjects, domains, relays, controllers, artifacts, bundles, nodes, observations, commands,
              grants, rollouts)
};

struct RelationProblem {
  std::string path;  ///< "/nodes/3/domain_id"
  std::string what;
  friend bool operator==(const RelationProblem&, const RelationProblem&) = default;
};

/// Holds a fleet to the relations of the seed's diagram 1A: a domain contains nodes and relays, a bundle
/// and an artifact apply to a node, a node emits observations, a controller issues commands, and a command
/// applies to a node. A reference to something that is not there, an id that stands for two objects, and a
/// domain that lies within itself are problems, all of them told, in the order of the fields. References that
/// are optional by the seed's schema may be nil.
std::vector<RelationProblem> problems_of(const FleetObjects& fleet);

}  // namespace ibcf
