#include "model/relations.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

using namespace ibcf;

namespace {

template <class Of>
Id<Of> id(const char* name) {
  return derive_id<Of>("relations", 1, name);
}

/// One of each, related as the seed's diagram 1A draws it.
FleetObjects whole() {
  FleetObjects fleet;
  fleet.domains = {{id<DomainTag>("fleet"), "fleet", {}},
                   {id<DomainTag>("north"), "north", id<DomainTag>("fleet")}};
  fleet.relays = {{id<RelayTag>("relay"), "relay", id<DomainTag>("north"), "here", 1}};
  fleet.controllers = {id<MasterTag>("master")};
  Artifact artifact;
  artifact.id = id<ArtifactTag>("artifact");
  fleet.artifacts = {artifact};
  PolicyBundle bundle;
  bundle.id = id<BundleTag>("bundle");
  bundle.artifacts = {artifact.id};
  fleet.bundles = {bundle};
  Node node;
  node.id = id<NodeTag>("node");
  node.domain_id = id<DomainTag>("north");
  node.desired_state.policy_bundle_id = bundle.id;
  node.supply_chain.software.artifact_id = artifact.id;
  fleet.nodes = {node};
  Observation observation;
  observation.node_id = node.id;
  fleet.observations = {observation};
  Command command;
  command.id = id<CommandTag>("command");
  command.node_id = node.id;
  command.kind = CommandKind::assign_bundle;
  command.bundle_id = bundle.id;
  command.scope = id<DomainTag>("north");
  command.issued_by = id<MasterTag>("master");
  fleet.commands = {command};
  AuthorityGrant grant;
  grant.scope = id<DomainTag>("north");
  grant.holder = id<MasterTag>("master");
  fleet.grants = {grant};
  Rollout rollout;
  rollout.bundle_id = bundle.id;
  rollout.scope = id<DomainTag>("fleet");
  fleet.rollouts = {rollout};
  return fleet;
}

std::vector<std::string> paths_of(const FleetObjects& fleet) {
  std::vector<std::string> paths;
  for (const RelationProblem& problem : problems_of(fleet)) paths.push_back(problem.path);
  return paths;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a fleet related as diagram 1A draws it has no problems", "[relations]") {
  CHECK(problems_of(whole()).empty());
  CHECK(problems_of({}).empty());
}

TEST_CASE("each relation of diagram 1A that leads nowhere is told with its place", "[relations]") {
  FleetObjects fleet = whole();
  fleet.domains[1].parent_id = id<DomainTag>("nowhere");
  fleet.relays[0].domain_id = {};
  fleet.bundles[0].artifacts[0] = id<ArtifactTag>("nothing");
  fleet.nodes[0].domain_id = id<DomainTag>("nowhere");
  fleet.nodes[0].desired_state.policy_bundle_id = id<BundleTag>("nothing");
  fleet.nodes[0].supply_chain.software.artifact_id = id<ArtifactTag>("nothing");
  fleet.observations[0].node_id = id<NodeTag>("nobody");
  fleet.commands[0].node_id = id<NodeTag>("nobody");
  fleet.commands[0].issued_by = id<MasterTag>("nobody");
  fleet.commands[0].scope = id<DomainTag>("nowhere");
  fleet.commands[0].bundle_id = {};
  fleet.grants[0].holder = id<MasterTag>("nobody");
  fleet.rollouts[0].bundle_id = id<BundleTag>("nothing");

  CHECK(paths_of(fleet) == Paths{"/domains/1/parent_id", "/relays/0/domain_id", "/bundles/0/artifacts/0",
                                 "/nodes/0/domain_id", "/nodes/0/desired_state/policy_bundle_id",
                                 "/nodes/0/supply_chain/software/artifact_id", "/observations/0/node_id",
                                 "/commands/0/node_id", "/commands/0/issued_by", "/commands/0/scope",
                                 "/commands/0/bundle_id", "/grants/0/holder", "/rollouts/0/bundle_id"});
}

TEST_CASE("optional references may be nil, and a scope may be a node", "[relations]") {
  FleetObjects fleet = whole();
  fleet.nodes[0].desired_state.policy_bundle_id = {};
  fleet.nodes[0].supply_chain.software.artifact_id = {};
  fleet.commands[0].kind = CommandKind::restart_service;
  fleet.commands[0].bundle_id = {};
  fleet.commands[0].scope = id_cast<DomainTag>(fleet.nodes[0].id);
  fleet.grants[0].scope = id_cast<DomainTag>(fleet.nodes[0].id);

  CHECK(problems_of(fleet).empty());
}

TEST_CASE("an id stands for one object, and every object has one", "[relations]") {
  FleetObjects fleet = whole();
  fleet.nodes.push_back(fleet.nodes[0]);
  fleet.relays[0].id = id_cast<RelayTag>(fleet.domains[0].id);
  fleet.commands[0].id = {};

  const auto problems = problems_of(fleet);

  REQUIRE(problems.size() == 3);
  CHECK(problems[0] == RelationProblem{"/relays/0/id", "stands for /domains/0/id already"});
  CHECK(problems[1] == RelationProblem{"/nodes/1/id", "stands for /nodes/0/id already"});
  CHECK(problems[2].path == "/commands/0/id");
}

TEST_CASE("domains that lie within each other are told, and those below them are not", "[relations]") {
  FleetObjects fleet;
  fleet.domains = {{id<DomainTag>("a"), "a", id<DomainTag>("b")},
                   {id<DomainTag>("b"), "b", id<DomainTag>("a")},
                   {id<DomainTag>("c"), "c", id<DomainTag>("a")}};

  CHECK(paths_of(fleet) == Paths{"/domains/0/parent_id", "/domains/1/parent_id"});
}

TEST_CASE("taking any one object out of a whole fleet leaves a dangling reference", "[relations]") {
  const auto problems_without = [](auto list) {
    FleetObjects fleet = whole();
    (fleet.*list).clear();
    return problems_of(fleet).size();
  };
  CHECK(problems_without(&FleetObjects::domains) > 0);
  CHECK(problems_without(&FleetObjects::controllers) > 0);
  CHECK(problems_without(&FleetObjects::artifacts) > 0);
  CHECK(problems_without(&FleetObjects::bundles) > 0);
  CHECK(problems_without(&FleetObjects::nodes) > 0);
  CHECK(problems_without(&FleetObjects::relays) == 0);
  CHECK(problems_without(&FleetObjects::observations) == 0);
  CHECK(problems_without(&FleetObjects::commands) == 0);
}
