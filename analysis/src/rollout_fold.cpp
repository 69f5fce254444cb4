#include "rollout_fold.hpp"

#include "model/payloads.hpp"

namespace ibcf::analysis {

std::string RolloutFold::bundle_name(AnyId bundle) const {
  const auto found = names_.find(bundle);
  return found == names_.end() ? text_of(bundle) : found->second;
}

void RolloutFold::see(const KnownEvent& entry) {
  if (entry.event.type == EventType::bundle_published) {
    if (const auto published = payload_of<BundlePublished>(entry.event))
      names_[any(published->bundle.id)] = published->bundle.name + " " + published->bundle.version;
  } else if (entry.event.type == EventType::rollout_started) {
    const auto started = payload_of<RolloutStarted>(entry.event);
    if (!started) return;
    auto& rollout = rollouts_[{any(started->bundle_id), any(started->scope)}];
    rollout.scope = fleet_->name_of(any(started->scope));
    rollout.targets = started->targets;
    rollout.waves = started->waves;
    rollout.started = entry.known;
  } else if (entry.event.type == EventType::rollout_advanced) {
    const auto advanced = payload_of<RolloutAdvanced>(entry.event);
    if (!advanced) return;
    auto& rollout = rollouts_[{any(advanced->bundle_id), any(advanced->scope)}];
    if (rollout.scope.empty()) rollout.scope = fleet_->name_of(any(advanced->scope));
    rollout.advances.push_back({entry.known, *advanced});
  }
}

Json RolloutFold::table() const {
  Json table = Json::object();
  table["title"] = "Rollouts";
  table["unit"] = "nodes; time in seconds of run time, as known to the first master that stored it";
  table["as_of_s"] = seconds_of(grid_->end());
  table["rollouts"] = Json::array();
  for (const auto& [key, rollout] : rollouts_) {
    Json row = {{"bundle", bundle_name(key.first)},
                {"scope", rollout.scope},
                {"targets", rollout.targets},
                {"waves", rollout.waves},
                {"started_s", rounded(seconds_of(rollout.started), 3)}};
    for (const auto* column : {"time_s", "wave", "applied", "failed", "unreached", "waiting"})
      row[column] = Json::array();
    for (const auto& [at, counts] : rollout.advances) {
      row["time_s"].push_back(rounded(seconds_of(at), 3));
      row["wave"].push_back(counts.wave);
      row["applied"].push_back(counts.applied);
      row["failed"].push_back(counts.failed);
      row["unreached"].push_back(counts.unreached);
      row["waiting"].push_back(counts.waiting);
    }
    table["rollouts"].push_back(std::move(row));
  }
  return table;
}

}  // namespace ibcf::analysis
