#include "controlplane/node_objects.hpp"

#include "controlplane/reconcile.hpp"
#include "model/payloads.hpp"

namespace ibcf {

void NodeObjects::take(const PolicyBundle& bundle) {
  for (const auto& [name, object] : bundle.objects) {
    const auto other = settled_for == bundle.id ? settled.find(name) : settled.end();
    present[name] = other != settled.end() ? other->second : object.value;
  }
}

bool NodeObjects::carry_out(BundleId bundle, const std::vector<ObjectDecision>& decisions) {
  if (decisions.empty()) return false;
  if (settled_for != bundle) settled.clear();
  settled_for = bundle;
  settle(decisions, settled);
  const auto before = present;
  ibcf::carry_out(decisions, present);
  return present != before;
}

}  // namespace ibcf
