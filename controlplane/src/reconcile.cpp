#include "controlplane/reconcile.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "controlplane/drift.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

/// One object as both sides have it. What a side does not have is null.
struct Conflict {
  std::string_view object;
  const DesiredObject* desired = nullptr;  // as the bundle says
  ObjectValue wanted;  // what should hold: the bundle's value, or what was settled instead
  const ObjectValue* base = nullptr;
  const ObjectValue* actual = nullptr;
  const DecidedLocally* decided = nullptr;  // the newest under a LOCAL grant
};

ObjectDecision decision(const Conflict& conflict, ReconcileOutcome outcome, ObjectValue value,
                        std::string reason) {
  return {std::string(conflict.object), conflict.desired->policy, outcome, std::move(value),
          std::move(reason)};
}

ObjectDecision take_desired(const Conflict& conflict, std::string reason) {
  return decision(conflict, ReconcileOutcome::take_desired, conflict.wanted, std::move(reason));
}
ObjectDecision keep_node(const Conflict& conflict, std::string reason) {
  return decision(conflict, ReconcileOutcome::keep_node, conflict.decided->value, std::move(reason));
}
ObjectDecision leave(const Conflict& conflict, ReconcileOutcome outcome, std::string reason) {
  return decision(conflict, outcome, conflict.actual != nullptr ? *conflict.actual : ObjectValue{},
                  std::move(reason));
}

ObjectDecision by_epoch(const Conflict& conflict, std::uint64_t desired_epoch) {
  if (conflict.decided == nullptr)
    return take_desired(conflict, "no decision under a LOCAL grant explains it");
  const std::string terms = "term " + std::to_string(conflict.decided->local_epoch) + " at the node, " +
                            std::to_string(desired_epoch) + " desired";
  return conflict.decided->local_epoch > desired_epoch ? keep_node(conflict, terms)
                                                       : take_desired(conflict, terms);
}

ObjectDecision three_way(const Conflict& conflict, std::uint64_t desired_epoch) {
  if (conflict.decided == nullptr || conflict.base == nullptr) return by_epoch(conflict, desired_epoch);
  if (conflict.desired->value == *conflict.base) return keep_node(conflict, "only the node changed it");
  if (conflict.decided->value == *conflict.base) return take_desired(conflict, "only the master changed it");
  return by_epoch(conflict, desired_epoch);
}

// Each side's items, less those that the base had and a side has no more.
std::vector<std::string> united(const std::vector<std::string>& desired,
                                const std::vector<std::string>& actual,
                                const std::vector<std::string>& base) {
  std::vector<std::string> all;
  std::set_union(desired.begin(), desired.end(), actual.begin(), actual.end(), std::back_inserter(all));
  std::erase_if(all, [&](const std::string& item) {
    const auto has = [&](const auto& items) { return std::binary_search(items.begin(), items.end(), item); };
    return has(base) && !(has(desired) && has(actual));
  });
  return all;
}

ObjectDecision merge(const Conflict& conflict, std::uint64_t desired_epoch) {
  const ObjectValue& desired = conflict.desired->value;
  const ObjectValue& actual = *conflict.actual;
  const ObjectValue* base =
      conflict.base != nullptr && conflict.base->kind == desired.kind ? conflict.base : nullptr;
  ObjectValue merged{desired.kind, {}, {}, 0};
  if (desired.kind == ObjectKind::set && actual.kind == ObjectKind::set) {
    merged.items = united(desired.items, actual.items, base != nullptr ? base->items : merged.items);
  } else if (desired.kind == ObjectKind::number && actual.kind == ObjectKind::number) {
    merged.number = base != nullptr ? desired.number + (actual.number - base->number)
                                    : std::max(desired.number, actual.number);
    if (!std::isfinite(merged.number)) return take_desired(conflict, "the sum is no number");
  } else {
    return by_epoch(conflict, desired_epoch);
  }
  return decision(conflict, ReconcileOutcome::merged, std::move(merged),
                  base != nullptr ? "changes of both sides" : "no common base");
}

ObjectDecision distrust(const Conflict& conflict) {
  if (conflict.base != nullptr && *conflict.base == *conflict.actual)
    return take_desired(conflict, "still as the bundle in force asks");
  return decision(conflict, ReconcileOutcome::distrusted, conflict.wanted, "neither desired nor in force");
}

ObjectDecision decide(const Conflict& conflict, const ReconcileInput& input) {
  using enum ReconcilePolicy;
  const DesiredObject& desired = *conflict.desired;
  if (desired.policy == give_up) {
    const auto tried = input.tries.find(std::string(conflict.object));
    const std::uint32_t tries = tried == input.tries.end() ? 0 : tried->second;
    const std::string count =
        std::to_string(tries) + " of " + std::to_string(desired.max_tries) + " tries made";
    return tries < desired.max_tries ? take_desired(conflict, count)
                                     : leave(conflict, ReconcileOutcome::given_up, count);
  }
  if (desired.policy == defer && input.in_critical_work)
    return leave(conflict, ReconcileOutcome::deferred, "the node is in critical work");
  if (conflict.actual == nullptr) return take_desired(conflict, "the node does not have it");
  switch (desired.policy) {
    case control_wins:
      return take_desired(conflict, "the master's word");
    case node_wins:
      return conflict.decided != nullptr
                 ? keep_node(conflict, "decided under a LOCAL grant")
                 : take_desired(conflict, "no decision under a LOCAL grant explains it");
    case three_way:
      return ibcf::three_way(conflict, input.desired_epoch);
    case merge:
      return ibcf::merge(conflict, input.desired_epoch);
    case keep_both:
      return leave(conflict, ReconcileOutcome::both_kept, "an operator decides");
    case quarantine:
      return distrust(conflict);
    case epoch_wins:
    case defer:
    case give_up:
      break;
  }
  return by_epoch(conflict, input.desired_epoch);
}

using Decisions = std::map<std::string, const DecidedLocally*>;

Decisions newest(const std::vector<DecidedLocally>& decisions, auto&& counts) {
  Decisions newest;
  for (const DecidedLocally& one : decisions) {
    if (!counts(one)) continue;
    const DecidedLocally*& known = newest[one.object];
    if (known == nullptr || known->stamp < one.stamp) known = &one;
  }
  return newest;
}

// What the node has: its snapshot, and what it decided since.
std::map<std::string, ObjectValue> present_objects(const ReconcileInput& input) {
  auto objects = input.observed;
  for (const auto& [name, one] :
       newest(input.decisions, [&](const auto& decided) { return decided.stamp > input.observed_stamp; }))
    objects[name] = one->value;
  return objects;
}

template <class Map>
auto find(const Map& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

// The objects that an explicit word took away which nothing newer outranks, with its term (I-46).
std::map<std::string, std::uint64_t> gone_objects(const ReconcileInput& input, const Decisions& decided) {
  std::map<std::string, std::uint64_t> gone;
  if (!input.resynced) return gone;
  for (const Tombstone& tombstone : input.tombstones)
    gone[tombstone.object] = std::max(gone[tombstone.object], tombstone.epoch);
  std::erase_if(gone, [&](const auto& entry) {
    const auto& [name, epoch] = entry;
    const auto kept = decided.find(name);
    return epoch < input.desired_epoch ||
           (epoch == input.desired_epoch && input.desired.objects.contains(name)) ||
           (kept != decided.end() && kept->second->local_epoch > epoch);
  });
  return gone;
}

ObjectDecision remove(const std::string& object, std::uint64_t epoch, const ObjectValue& actual,
                      bool in_critical_work) {
  const std::string why = "removed in term " + std::to_string(epoch);
  if (in_critical_work) return {object, ReconcilePolicy::epoch_wins, ReconcileOutcome::deferred, actual, why};
  return {object, ReconcilePolicy::epoch_wins, ReconcileOutcome::removed, {}, why};
}

}  // namespace

std::vector<ObjectDecision> reconcile(const ReconcileInput& input) {
  const auto present = present_objects(input);
  const Decisions decided = newest(input.decisions, [](const auto& one) { return one.under_grant; });
  const auto gone = gone_objects(input, decided);
  std::vector<ObjectDecision> decisions;
  for (const auto& [name, epoch] : gone)
    if (const ObjectValue* actual = find(present, name))
      decisions.push_back(remove(name, epoch, *actual, input.in_critical_work));
  for (const auto& [name, desired] : input.desired.objects) {
    if (gone.contains(name)) continue;
    const ObjectValue* settled = find(input.settled, name);
    const DesiredObject* base = input.base != nullptr ? find(input.base->objects, name) : nullptr;
    const auto own = decided.find(name);
    const Conflict conflict{name,
                            &desired,
                            settled != nullptr ? *settled : desired.value,
                            base != nullptr ? &base->value : nullptr,
                            find(present, name),
                            own != decided.end() ? own->second : nullptr};
    const ObjectValue* waits_for = find(input.waiting, name);
    if (waits_for != nullptr && *waits_for == conflict.wanted && conflict.decided == nullptr &&
        desired.policy != ReconcilePolicy::quarantine)
      continue;
    DesiredObject wanted = desired;
    wanted.value = conflict.wanted;
    if (conflict.actual == nullptr || distance(name, wanted, *conflict.actual) > 0)
      decisions.push_back(decide(conflict, input));
  }
  std::sort(decisions.begin(), decisions.end(),
            [](const ObjectDecision& a, const ObjectDecision& b) { return a.object < b.object; });
  return decisions;
}

void carry_out(const std::vector<ObjectDecision>& decisions, std::map<std::string, ObjectValue>& objects) {
  using enum ReconcileOutcome;
  for (const ObjectDecision& one : decisions) {
    if (one.outcome == take_desired || one.outcome == keep_node || one.outcome == merged)
      objects[one.object] = one.value;
    else if (one.outcome == removed)
      objects.erase(one.object);
  }
}

void settle(const std::vector<ObjectDecision>& decisions, std::map<std::string, ObjectValue>& settled) {
  using enum ReconcileOutcome;
  for (const ObjectDecision& one : decisions)
    if (one.outcome == keep_node || one.outcome == merged) settled[one.object] = one.value;
}

std::vector<std::string> reasons_to_distrust(const std::vector<ObjectDecision>& decisions) {
  std::vector<std::string> reasons;
  for (const ObjectDecision& one : decisions)
    if (one.outcome == ReconcileOutcome::distrusted) reasons.push_back("reconcile: " + one.object);
  return reasons;
}

}  // namespace ibcf
