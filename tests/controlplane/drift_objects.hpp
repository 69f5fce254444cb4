#pragma once

#include <algorithm>

#include "controlplane/drift.hpp"
#include "dice.hpp"

/// Values of objects for tests, made by hand or by dice.
namespace ibcf {

inline ObjectValue version_value(std::string text) {
  return {ObjectKind::version, std::move(text), {}, 0};
}
inline ObjectValue set_value(std::vector<std::string> items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return {ObjectKind::set, {}, std::move(items), 0};
}
inline ObjectValue number_value(double number) {
  return {ObjectKind::number, {}, {}, number};
}
inline DesiredObject object_of(ObjectValue value, ReconcilePolicy policy = ReconcilePolicy::epoch_wins) {
  DesiredObject object;
  object.value = std::move(value);
  object.policy = policy;
  return object;
}

/// Few values of each kind, so that equal ones are common.
inline ObjectValue any_value(Dice& dice, ObjectKind kind) {
  switch (kind) {
    case ObjectKind::exact:
      return exact_value(std::string(1, static_cast<char>('a' + dice.below(3))));
    case ObjectKind::version:
      return version_value("1." + std::to_string(dice.below(4)) + ".0");
    case ObjectKind::set: {
      std::vector<std::string> items;
      for (char item = 'p'; item < 't'; ++item)
        if (dice.one_in(2)) items.emplace_back(1, item);
      return set_value(std::move(items));
    }
    case ObjectKind::number:
      break;
  }
  return number_value(static_cast<double>(dice.below(5)));
}
inline ObjectKind any_kind(Dice& dice) {
  return static_cast<ObjectKind>(dice.below(4));
}

inline DesiredObject any_object(Dice& dice) {
  DesiredObject object;
  object.value = any_value(dice, any_kind(dice));
  object.tolerance = static_cast<double>(dice.below(4));
  object.weight = 0.5 * static_cast<double>(1 + dice.below(4));
  object.critical = dice.one_in(3);
  object.policy = static_cast<ReconcilePolicy>(dice.below(9));
  object.max_tries = static_cast<std::uint32_t>(dice.below(3));
  return object;
}
inline std::string object_name(std::uint64_t number) {
  return "net/" + std::to_string(number);
}
inline PolicyBundle any_bundle(Dice& dice, std::uint64_t objects) {
  PolicyBundle bundle;
  bundle.id = derive_id<BundleTag>("test", 1, "bundle", dice.below(1000));
  bundle.name = "edge";
  for (std::uint64_t i = 0; i < objects; ++i)
    if (!dice.one_in(5)) bundle.objects[object_name(i)] = any_object(dice);
  return bundle;
}
/// Often what `bundle` asks for, sometimes of another kind, sometimes absent.
inline std::map<std::string, ObjectValue> any_objects(Dice& dice, const PolicyBundle& bundle,
                                                      std::uint64_t objects) {
  std::map<std::string, ObjectValue> values;
  for (std::uint64_t i = 0; i < objects; ++i) {
    if (dice.one_in(6)) continue;
    const std::string name = object_name(i);
    const auto asked = bundle.objects.find(name);
    if (asked != bundle.objects.end() && dice.one_in(3))
      values[name] = asked->second.value;
    else if (asked != bundle.objects.end() && !dice.one_in(8))
      values[name] = any_value(dice, asked->second.value.kind);
    else
      values[name] = any_value(dice, any_kind(dice));
  }
  return values;
}

}  // namespace ibcf
