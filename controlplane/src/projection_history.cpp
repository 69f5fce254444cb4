#include "controlplane/projection_history.hpp"

#include <algorithm>

#include "model/check.hpp"

namespace ibcf {

ProjectionHistory::ProjectionHistory(std::vector<Domain> domains, std::uint64_t every,
                                     std::size_t most_parked, BodySource bodies)
    : domains_(std::move(domains)),
      bodies_(std::move(bodies)),
      every_(every),
      most_parked_(most_parked),
      live_(std::make_unique<Projections>(domains_, bodies_)) {
  check(every > 0, "checkpoints have a distance");
}

Scanned ProjectionHistory::catch_up(const EventStore& store) {
  if (failed_) return {ScanEnd::stopped, live_->as_of().position};
  return store.scan(live_->as_of().position, [this](const Stored& stored) { return take(stored); });
}

// False where the fold has to stand still.
bool ProjectionHistory::take(const Stored& stored) {
  if (!live_->apply(stored) && !park({stored.position, digest_of(stored.packed)})) return false;
  checkpoint_if_due();
  return true;
}

bool ProjectionHistory::park(const ParkedEntry& entry) {
  if (parked_.size() < most_parked_) {
    parked_.push_back(entry);
    return true;
  }
  failed_ = entry;
  return false;
}

void ProjectionHistory::checkpoint_if_due() {
  const AsOf& as_of = live_->as_of();
  const std::uint64_t last = checkpoints_.empty() ? 0 : checkpoints_.back().position;
  if (as_of.position >= last + every_)
    checkpoints_.push_back({as_of.position, as_of.ingested, live_->snapshot()});
}

void ProjectionHistory::resume(std::size_t most_parked) {
  most_parked_ = most_parked;
  if (!failed_) return;
  const ParkedEntry waiting = *failed_;
  failed_.reset();
  if (park(waiting)) checkpoint_if_due();
}

void ProjectionHistory::forget_checkpoints(std::size_t count) {
  count = std::max<std::size_t>(count, 1);
  if (checkpoints_.size() > count)
    checkpoints_.erase(checkpoints_.begin(), checkpoints_.end() - static_cast<std::ptrdiff_t>(count));
}

std::unique_ptr<Projections> ProjectionHistory::as_of(const EventStore& store, Instant when,
                                                      TimeAxis axis) const {
  return axis == TimeAxis::known ? as_known(store, when) : as_happened(store, when);
}

// Ingestion times never go backwards within one log, so what was known is a prefix of it. Several entries of
// one instant are known together.
std::unique_ptr<Projections> ProjectionHistory::as_known(const EventStore& store, Instant when) const {
  auto views = std::make_unique<Projections>(domains_, bodies_);
  const auto after = std::upper_bound(
      checkpoints_.begin(), checkpoints_.end(), when,
      [](Instant instant, const Checkpoint& checkpoint) { return instant < checkpoint.ingested; });
  if (after != checkpoints_.begin())
    check(views->restore((after - 1)->snapshot), "a checkpoint is a snapshot of these projections");
  const Scanned scanned = store.scan(views->as_of().position, [&](const Stored& stored) {
    if (stored.ingested > when) return false;
    views->apply(stored);
    return true;
  });
  const bool is_complete = scanned.end == ScanEnd::complete || scanned.end == ScanEnd::stopped;
  return is_complete ? std::move(views) : nullptr;
}

std::unique_ptr<Projections> ProjectionHistory::as_happened(const EventStore& store, Instant when) const {
  auto views = std::make_unique<Projections>(domains_, bodies_);
  const Scanned scanned = store.scan(0, [&](const Stored& stored) {
    const auto event = decode<Event>(stored.packed);
    if (event && event->occurred <= when) views->apply(stored, *event);
    return true;
  });
  return scanned.end == ScanEnd::complete ? std::move(views) : nullptr;
}

ProjectionSwitch::ProjectionSwitch(std::vector<Domain> domains, BodySource bodies)
    : domains_(std::move(domains)),
      bodies_(std::move(bodies)),
      serving_(std::make_unique<Projections>(domains_, bodies_)) {}

void ProjectionSwitch::begin_rebuild() {
  next_ = std::make_unique<Projections>(domains_, bodies_);
}

Rebuild ProjectionSwitch::step(const EventStore& store, std::uint64_t most, bool* same) {
  serving_->catch_up(store);
  if (!next_) return Rebuild::none;
  const Scanned scanned = store.scan(next_->as_of().position, [&](const Stored& stored) {
    if (most == 0) return false;
    --most;
    next_->apply(stored);
    return true;
  });
  if (scanned.end == ScanEnd::dropped || scanned.end == ScanEnd::damaged) {
    next_.reset();
    return Rebuild::impossible;
  }
  if (next_->as_of().position < serving_->as_of().position) return Rebuild::under_way;
  if (same != nullptr) *same = next_->snapshot() == serving_->snapshot();
  serving_ = std::move(next_);
  return Rebuild::taken_over;
}

}  // namespace ibcf
