#include "controlplane/desired_heads.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "controlplane/reconcile.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

DesiredRef ref_of(const EventKey& key) {
  return {key.origin, key.incarnation, key.seq};
}

bool counts_more(const DesiredHeads::Declared& a, const DesiredHeads::Declared& b) {
  return std::tie(b.said.epoch, b.key) < std::tie(a.said.epoch, a.key);
}

}  // namespace

void DesiredHeads::add(const EventKey& key, const DesiredSet& said) {
  const auto place =
      std::lower_bound(all_.begin(), all_.end(), key,
                       [](const Declared& one, const EventKey& wanted) { return one.key < wanted; });
  if (place == all_.end() || place->key != key) all_.insert(place, {key, said});
}

std::vector<DesiredHeads::Declared> DesiredHeads::heads() const {
  std::set<DesiredRef> covered;
  for (const Declared& one : all_) covered.insert(one.said.over.begin(), one.said.over.end());
  std::vector<Declared> heads;
  for (const Declared& one : all_)
    if (!covered.contains(ref_of(one.key))) heads.push_back(one);
  std::sort(heads.begin(), heads.end(), counts_more);
  return heads;
}

std::vector<DesiredHeads::Declared> DesiredHeads::losers() const {
  auto losers = heads();
  if (losers.empty()) return losers;
  const BundleId in_force = losers.front().said.bundle_id;
  std::erase_if(losers, [&](const Declared& one) { return one.said.bundle_id == in_force; });
  return losers;
}

std::vector<DesiredRef> DesiredHeads::refs() const {
  std::vector<DesiredRef> refs;
  for (const Declared& one : heads()) refs.push_back(ref_of(one.key));
  return refs;
}

const DesiredSet* DesiredHeads::common_base(const DesiredSet& one, const DesiredSet& other) const {
  for (auto known = all_.rbegin(); known != all_.rend(); ++known) {
    const DesiredRef ref = ref_of(known->key);
    const auto is_over = [&](const DesiredSet& said) {
      return std::find(said.over.begin(), said.over.end(), ref) != said.over.end();
    };
    if (is_over(one) && is_over(other)) return &known->said;
  }
  return nullptr;
}

DesiredResolution resolve(const PolicyBundle& winner, std::uint64_t winner_epoch, const PolicyBundle& loser,
                          const PolicyBundle* base) {
  ReconcileInput input;
  input.desired = winner;
  input.desired_epoch = winner_epoch;
  input.base = base;
  for (const auto& [name, object] : loser.objects) {
    input.observed[name] = object.value;
    // Field by field its word counts as a decision; a master is no node, and has no other right of its own.
    const auto wanted = winner.objects.find(name);
    if (wanted != winner.objects.end() && wanted->second.policy == ReconcilePolicy::three_way)
      input.decisions.push_back({name, object.value, 0, 1, true});
  }
  DesiredResolution resolution;
  for (const ObjectDecision& one : reconcile(input)) {
    if (!input.observed.contains(one.object)) continue;  // the loser says nothing of it
    if (one.outcome == ReconcileOutcome::both_kept) {
      resolution.policy = ReconcilePolicy::keep_both;
    } else if (one.outcome == ReconcileOutcome::merged || one.outcome == ReconcileOutcome::keep_node) {
      resolution.changed[one.object] = one.value;
      if (resolution.policy == ReconcilePolicy::epoch_wins) resolution.policy = one.policy;
    }
  }
  return resolution;
}

}  // namespace ibcf
