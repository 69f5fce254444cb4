#include "controlplane/bundle_check.hpp"
#include "controlplane/desired_heads.hpp"
#include "controlplane/master.hpp"
#include "controlplane/master_views.hpp"
#include "model/payloads.hpp"

/// Desired state of whole scopes, and what becomes of it when two masters declared it apart from each other
/// (protocols page, "Masters" and "Reconciliation policy").
namespace ibcf {
namespace {

// Later than both, and named after both, so that whoever merges them again gives it the same name.
PolicyBundle merged(const PolicyBundle& winner, const PolicyBundle& loser,
                    const DesiredResolution& resolution) {
  PolicyBundle bundle = winner;
  bundle.id = derive_id<BundleTag>("merged", 0, text_of(winner.id) + "/" + text_of(loser.id));
  bundle.release = std::max(winner.release, loser.release) + 1;
  for (const auto& [object, value] : resolution.changed) bundle.objects[object].value = value;
  return bundle;
}

}  // namespace

bool Master::set_desired(DomainId scope, const PolicyBundle& bundle, Instant now) {
  const auto epoch = held_.epoch_for(scope, now);
  if (!epoch) return false;
  if (auto problems = problems_of(bundle); !problems.empty()) {
    append_own(EventType::bundle_refused, any(bundle.id),
               encode(BundleRefused{bundle.id, std::move(problems)}), {}, Priority::authority, now);
    return false;
  }
  if (views().drift().inputs().find_bundle(bundle.id) == nullptr)
    append_own(EventType::bundle_published, any(bundle.id), encode(BundlePublished{bundle}), {},
               Priority::authority, now);
  append_own(
      EventType::desired_set, any(scope),
      encode(DesiredSet{scope, bundle.id, *epoch, identity_.id, views().authority().desired(scope).refs()}),
      {}, Priority::authority, now);
  return true;
}

bool Master::settle_desired(DomainId scope, Instant now) {
  const DesiredHeads& desired = views().authority().desired(scope);
  if (desired.losers().empty()) return false;
  const PolicyBundle* in_force = views().drift().inputs().find_bundle(desired.heads().front().said.bundle_id);
  return in_force != nullptr && set_desired(scope, PolicyBundle(*in_force), now);
}

// A declaration arrives whose author did not know of what is in force here. It is for the author of that to
// say what became of it; once, for it arrives once.
void Master::see_desired(const Event& event, Instant now) {
  const auto said = payload_of<DesiredSet>(event);
  if (!said) return;
  const DesiredHeads& desired = views().authority().desired(said->scope);
  const auto losers = desired.losers();
  const bool has_lost = std::any_of(losers.begin(), losers.end(), [&](const DesiredHeads::Declared& one) {
    return one.key == key_of(event);
  });
  if (!has_lost) return;
  const DesiredSet winner = desired.heads().front().said;
  if (winner.by != identity_.id) return;
  const DriftInputs& inputs = views().drift().inputs();
  const DesiredSet* base = desired.common_base(winner, *said);
  const PolicyBundle* won = inputs.find_bundle(winner.bundle_id);
  const PolicyBundle* lost = inputs.find_bundle(said->bundle_id);
  DesiredResolution resolution;
  if (won != nullptr && lost != nullptr)
    resolution =
        resolve(*won, winner.epoch, *lost, base != nullptr ? inputs.find_bundle(base->bundle_id) : nullptr);
  std::optional<PolicyBundle> both;
  if (!resolution.changed.empty()) both = merged(*won, *lost, resolution);
  append_own(EventType::desired_conflict, any(said->scope),
             encode(DesiredConflict{said->scope, winner, *said, resolution.policy}), {}, Priority::authority,
             now);
  if (both && resolution.policy != ReconcilePolicy::keep_both) set_desired(said->scope, *both, now);
}

}  // namespace ibcf
