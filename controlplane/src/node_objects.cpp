#include "controlplane/node_objects.hpp"

#include <algorithm>

#include "controlplane/reconcile.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

void drop(std::vector<ObjectDecision>& decisions, const std::string& object) {
  std::erase_if(decisions, [&](const ObjectDecision& one) { return one.object == object; });
}

// Security is not put off to the night; what changes nothing disturbs nobody.
bool waits(const ObjectDecision& decision, const std::map<std::string, ObjectValue>& present) {
  if (decision.policy == ReconcilePolicy::control_wins) return false;
  auto after = present;
  carry_out({decision}, after);
  return after != present;
}

}  // namespace

void NodeObjects::take(const PolicyBundle& bundle) {
  for (const auto& [name, object] : bundle.objects) {
    const auto other = settled_for == bundle.id ? settled.find(name) : settled.end();
    present[name] = other != settled.end() ? other->second : object.value;
    drop(waiting.decisions, name);
  }
}

bool NodeObjects::take_up(WaitingDecisions decided) {
  if (decided.bundle.is_nil()) return false;  // nothing is desired of the node
  std::vector<ObjectDecision> still;
  if (waiting.bundle == decided.bundle) still = std::move(waiting.decisions);
  for (const ObjectDecision& one : decided.decisions) drop(still, one.object);
  if (!decided.decisions.empty()) {
    if (settled_for != decided.bundle) settled.clear();
    settled_for = decided.bundle;
    settle(decided.decisions, settled);
  }
  const auto before = present;
  std::vector<ObjectDecision> at_once;
  for (ObjectDecision& one : decided.decisions)
    (waits(one, before) ? still : at_once).push_back(std::move(one));
  carry_out(at_once, present);
  std::sort(still.begin(), still.end(),
            [](const ObjectDecision& a, const ObjectDecision& b) { return a.object < b.object; });
  waiting = std::move(decided);
  waiting.decisions = std::move(still);
  return present != before;
}

void NodeObjects::carry_out_waiting() {
  carry_out(waiting.decisions, present);
  waiting = {};
}

void NodeObjects::decided_anew(const std::string& object) {
  drop(waiting.decisions, object);
}

std::map<std::string, ObjectValue> NodeObjects::awaited() const {
  std::map<std::string, ObjectValue> awaited;
  for (const ObjectDecision& one : waiting.decisions)
    if (one.outcome != ReconcileOutcome::removed) awaited[one.object] = one.value;
  return awaited;
}

}  // namespace ibcf
