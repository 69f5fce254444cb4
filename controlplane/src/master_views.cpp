#include "controlplane/master_views.hpp"

#include <utility>

#include "model/check.hpp"

namespace ibcf {

MasterViews::MasterViews(std::vector<Domain> domains, const SnapshotStore& bodies,
                         AttentionSettings attention)
    : projections_(std::move(domains), [&bodies](const Digest& digest) { return bodies.get(digest); }),
      attention_(projections_, std::move(attention)) {}

void MasterViews::catch_up(const EventStore& store) {
  projections_.catch_up(store);
  attention_.note_all();
}

void MasterViews::note(const Stored& stored, const Event& event) {
  check(stored.position == projections_.as_of().position, "a master's views read its log in order");
  projections_.apply(stored, event);
  // Nobody pays for the inbox while nobody asks for it.
  if (event.type == EventType::heartbeat_batch)
    heard_all_ = true;
  else
    attention_.note(event);
}

std::size_t MasterViews::evaluate() {
  if (std::exchange(heard_all_, false)) attention_.note_all();
  std::vector<ProjectionFault> faults;
  if (const std::uint64_t unread = projections_.unreadable(); unread > 0)
    faults.push_back({"views", std::to_string(unread) + " entries unread"});
  return attention_.evaluate(faults);
}

}  // namespace ibcf
