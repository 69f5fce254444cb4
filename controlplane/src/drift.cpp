#include "controlplane/drift.hpp"

#include <algorithm>
#include <cmath>

#include "model/check.hpp"

namespace ibcf {
namespace {

constexpr double one_millionth = 1e-6;

double version_distance(const std::string& object, const std::string& desired, const std::string& actual,
                        const ReleaseList* releases) {
  const auto wanted = parse_version(desired);
  const auto found = parse_version(actual);
  if (!wanted || !found) return desired == actual ? 0 : 1;
  if (*wanted == *found) return 0;
  static const ReleaseList nothing_listed;
  const auto apart = (releases != nullptr ? *releases : nothing_listed).between(object, *wanted, *found);
  return static_cast<double>(std::min(apart, releases_to_full_distance)) /
         static_cast<double>(releases_to_full_distance);
}

double jaccard_distance(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::size_t common = 0;
  for (auto left = a.begin(), right = b.begin(); left != a.end() && right != b.end();) {
    common += *left == *right ? 1 : 0;
    const bool step_left = *left <= *right;
    const bool step_right = *right <= *left;
    left += step_left ? 1 : 0;
    right += step_right ? 1 : 0;
  }
  const std::size_t all = a.size() + b.size() - common;
  return all == 0 ? 0 : 1 - static_cast<double>(common) / static_cast<double>(all);
}

double number_distance(double desired, double actual, double tolerance) {
  if (desired == actual || (std::isnan(desired) && std::isnan(actual))) return 0;
  const double apart = std::abs(desired - actual);
  if (!std::isfinite(apart) || !(tolerance > 0)) return 1;
  return std::min(1.0, apart / tolerance);
}

const ObjectValue* find(const std::map<std::string, ObjectValue>* values, const std::string& object) {
  if (values == nullptr) return nullptr;
  const auto found = values->find(object);
  return found == values->end() ? nullptr : &found->second;
}

}  // namespace

void ReleaseList::add(const PolicyBundle& bundle) {
  for (const auto& [name, object] : bundle.objects) {
    if (object.value.kind != ObjectKind::version) continue;
    const auto version = parse_version(object.value.text);
    if (!version) continue;
    auto& versions = of_object_[name];
    const auto place = std::lower_bound(versions.begin(), versions.end(), *version);
    if (place == versions.end() || *place != *version) versions.insert(place, *version);
  }
}

std::uint64_t ReleaseList::between(const std::string& object, const Version& a, const Version& b) const {
  if (const auto listed = of_object_.find(object); listed != of_object_.end()) {
    const auto& versions = listed->second;
    const auto place = [&](const Version& version) {
      return std::lower_bound(versions.begin(), versions.end(), version);
    };
    const auto at_a = place(a);
    const auto at_b = place(b);
    if (at_a != versions.end() && *at_a == a && at_b != versions.end() && *at_b == b)
      return static_cast<std::uint64_t>(std::abs(at_b - at_a));
  }
  return steps_between(a, b);
}

double distance(const std::string& object, const DesiredObject& desired, const ObjectValue& actual,
                const ReleaseList* releases) {
  if (desired.value.kind != actual.kind) return 1;
  switch (actual.kind) {
    case ObjectKind::exact:
      return desired.value.text == actual.text ? 0 : 1;
    case ObjectKind::version:
      return version_distance(object, desired.value.text, actual.text, releases);
    case ObjectKind::set:
      return jaccard_distance(desired.value.items, actual.items);
    case ObjectKind::number:
      return number_distance(desired.value.number, actual.number, desired.tolerance);
  }
  return 1;
}

DriftScore score(const PolicyBundle& desired, const Snapshot& actual, const DriftContext& context) {
  DriftScore result;
  result.objects = static_cast<std::uint32_t>(desired.objects.size());
  double weights = 0;
  double weighted = 0;
  double kept = 1;  // the product over critical objects
  for (const auto& [name, object] : desired.objects) {
    const ObjectValue* found = find(&actual.objects, name);
    if (found == nullptr) {
      result.unknown.push_back(name);
      continue;
    }
    const double weight = object.weight > 0 && std::isfinite(object.weight) ? object.weight : 0;
    weights += weight;
    DesiredObject wanted = object;
    if (const ObjectValue* settled = find(context.settled, name)) wanted.value = *settled;
    const double d = distance(name, wanted, *found, context.releases);
    if (d == 0) continue;
    ObjectDrift drift{name, std::move(wanted.value), *found, quantised(d), object.weight, object.critical};
    if (context.expected != nullptr) {
      if (const auto excuse = context.expected->find(name); excuse != context.expected->end()) {
        result.expected.push_back({std::move(drift), excuse->second});
        continue;
      }
    }
    result.out_of_spec.push_back(std::move(drift));
    weighted += weight * d;
    if (object.critical) kept *= 1 - d;
  }
  double raw = weights > 0 ? std::clamp(weighted / weights, 0.0, 1.0) : 0;
  // I-61: 0 is for what is in spec, however little the difference weighs.
  if (!result.out_of_spec.empty()) raw = std::max(raw, one_millionth);
  result.raw = quantised(raw);
  result.score = quantised(std::clamp(1 - (1 - raw) * kept, 0.0, 1.0));
  return result;
}

double confidence(Duration age, Duration half_life) {
  check(half_life > Duration::zero(), "a half-life is above 0");
  return quantised(std::exp2(-std::max(0.0, seconds_of(age)) / seconds_of(half_life)));
}

double quantised(double share) {
  check(share >= 0 && share <= 1, "a share lies in [0, 1]");
  if (share == 0 || share == 1) return share;
  return std::clamp(std::round(share * 1e6), 1.0, 1e6 - 1) / 1e6;
}

}  // namespace ibcf
