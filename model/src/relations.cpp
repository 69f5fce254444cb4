#include "model/relations.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace ibcf {
namespace {

class Relations {
 public:
  explicit Relations(const FleetObjects& fleet) : objects_(fleet) {
    register_all("domains", fleet.domains);
    register_all("relays", fleet.relays);
    for (std::size_t i = 0; i < fleet.controllers.size(); ++i)
      enlist(fmt::format("/controllers/{}", i), any(fleet.controllers[i]));
    register_all("artifacts", fleet.artifacts);
    register_all("bundles", fleet.bundles);
    register_all("nodes", fleet.nodes);
    register_all("commands", fleet.commands);
  }

  std::vector<RelationProblem> check() {
    check_domains();
    each("relays", objects_.relays, [&](const std::string& path, const Relay& relay) {
      needs(path + "/domain_id", relay.domain_id, domains_, "domain");
    });
    each("bundles", objects_.bundles, [&](const std::string& path, const PolicyBundle& bundle) {
      for (std::size_t i = 0; i < bundle.artifacts.size(); ++i)
        needs(fmt::format("{}/artifacts/{}", path, i), bundle.artifacts[i], artifacts_, "artifact");
    });
    each("nodes", objects_.nodes, [&](const std::string& path, const Node& node) {
      needs(path + "/domain_id", node.domain_id, domains_, "domain");
      may(path + "/desired_state/policy_bundle_id", node.desired_state.policy_bundle_id, bundles_, "bundle");
      may(path + "/supply_chain/software/artifact_id", node.supply_chain.software.artifact_id, artifacts_,
          "artifact");
    });
    each("observations", objects_.observations, [&](const std::string& path, const Observation& seen) {
      needs(path + "/node_id", seen.node_id, nodes_, "node");
      may(path + "/policy_bundle_id", seen.policy_bundle_id, bundles_, "bundle");
    });
    each("commands", objects_.commands,
         [&](const std::string& path, const Command& command) { check_command(path, command); });
    each("grants", objects_.grants, [&](const std::string& path, const AuthorityGrant& grant) {
      if (!is_known(grant.scope, domains_) && !is_known(grant.scope, nodes_))
        missing(path + "/scope", text_of(grant.scope), "domain or node");
      needs(path + "/holder", grant.holder, controllers_, "controller");
    });
    each("rollouts", objects_.rollouts, [&](const std::string& path, const Rollout& rollout) {
      needs(path + "/bundle_id", rollout.bundle_id, bundles_, "bundle");
      needs(path + "/scope", rollout.scope, domains_, "domain");
    });
    return std::move(problems_);
  }

 private:
  using Known = std::set<AnyId>;

  template <class T>
  void register_all(std::string_view list, const std::vector<T>& objects) {
    for (std::size_t i = 0; i < objects.size(); ++i)
      enlist(fmt::format("/{}/{}/id", list, i), any(objects[i].id));
  }

  void enlist(const std::string& path, AnyId id) {
    if (id.is_nil()) {
      problems_.push_back({path, "must not be nil: this object needs an identity"});
      return;
    }
    if (const auto [first, is_new] = first_.emplace(id, path); !is_new)
      problems_.push_back({path, fmt::format("stands for {} already", first->second)});
    known_of(path).insert(id);
  }

  Known& known_of(const std::string& path) {
    if (path.starts_with("/domains")) return domains_;
    if (path.starts_with("/controllers")) return controllers_;
    if (path.starts_with("/artifacts")) return artifacts_;
    if (path.starts_with("/bundles")) return bundles_;
    if (path.starts_with("/nodes")) return nodes_;
    return others_;
  }

  template <class T, class See>
  void each(std::string_view list, const std::vector<T>& objects, See&& see) {
    for (std::size_t i = 0; i < objects.size(); ++i) see(fmt::format("/{}/{}", list, i), objects[i]);
  }

  template <class Of>
  [[nodiscard]] static bool is_known(Id<Of> id, const Known& known) {
    return known.contains(any(id));
  }

  template <class Of>
  void needs(const std::string& path, Id<Of> id, const Known& known, std::string_view what) {
    if (!is_known(id, known)) missing(path, text_of(id), what);
  }

  template <class Of>
  void may(const std::string& path, Id<Of> id, const Known& known, std::string_view what) {
    if (!id.is_nil()) needs(path, id, known, what);
  }

  void missing(const std::string& path, const std::string& id, std::string_view what) {
    problems_.push_back(
        {path, fmt::format("must name a {} of this fleet; there is none with id {}", what, id)});
  }

  void check_command(const std::string& path, const Command& command) {
    needs(path + "/node_id", command.node_id, nodes_, "node");
    needs(path + "/issued_by", command.issued_by, controllers_, "controller");
    if (!is_known(command.scope, domains_) && !is_known(command.scope, nodes_))
      missing(path + "/scope", text_of(command.scope), "domain or node");
    if (command.kind == CommandKind::assign_bundle)
      needs(path + "/bundle_id", command.bundle_id, bundles_, "bundle");
    if (command.kind == CommandKind::install_artifact)
      needs(path + "/artifact_id", command.artifact_id, artifacts_, "artifact");
  }

  void check_domains() {
    std::map<DomainId, DomainId> parents;
    for (const Domain& domain : objects_.domains) parents[domain.id] = domain.parent_id;
    each("domains", objects_.domains, [&](const std::string& path, const Domain& domain) {
      may(path + "/parent_id", domain.parent_id, domains_, "domain");
      DomainId above = domain.parent_id;
      for (std::size_t steps = 0; !above.is_nil() && steps <= parents.size(); ++steps) {
        if (above == domain.id) {
          problems_.push_back({path + "/parent_id", "must not lead back to the domain itself"});
          return;
        }
        const auto next = parents.find(above);
        above = next == parents.end() ? DomainId{} : next->second;
      }
    });
  }

  const FleetObjects& objects_;
  std::vector<RelationProblem> problems_;
  std::map<AnyId, std::string> first_;
  Known domains_, controllers_, artifacts_, bundles_, nodes_, others_;
};

}  // namespace

std::vector<RelationProblem> problems_of(const FleetObjects& fleet) {
  return Relations(fleet).check();
}

}  // namespace ibcf
