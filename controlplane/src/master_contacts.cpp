#include <algorithm>

#include "controlplane/master.hpp"
#include "model/payloads.hpp"

/// When a node may be expected: a contact plan is no fault, and comes and goes with those who make it.
namespace ibcf {
namespace {

bool is_a_plan(const std::vector<PlannedContact>& windows, Instant now) {
  for (std::size_t i = 0; i < windows.size(); ++i)
    if (windows[i].opens >= windows[i].closes || (i > 0 && windows[i].opens < windows[i - 1].closes))
      return false;
  return !windows.empty() && windows.back().closes > now;
}

}  // namespace

bool Master::plan_contacts(NodeId id, ContactPlan windows, std::string reason, Instant now) {
  NodeRecord* node = find_record(id);
  if (node == nullptr || !node->state.phase || node->state.phase == Phase::retired) return false;
  if (windows ? !is_a_plan(*windows, now) : !node->is_windowed()) return false;
  const ContactsPlanned planned{windows ? *windows : std::vector<PlannedContact>{}, std::move(reason)};
  append_own(EventType::contacts_planned, any(id), encode(planned), {}, Priority::health, now);
  take_plan(*node, planned, now);
  heed_plan(*node, planned.reason, now);
  return true;
}

void Master::take_plan(NodeRecord& node, const ContactsPlanned& planned, Instant now) {
  node.follow(planned.windows.empty() ? nullptr
                                      : std::make_shared<const std::vector<PlannedContact>>(planned.windows));
  node.planned = now;
  if (node.is_windowed())
    node.link_class.measure(Duration::zero(), true, settings_->thresholds, now);
  else
    node.link_class.stand();
  skip_past_contacts(node, now);
}

// A link that stands again is classified by its next round trip.
void Master::heed_plan(NodeRecord& node, const std::string& reason, Instant now) {
  if (!node.is_windowed()) return;
  node.link_class.measure(Duration::zero(), true, settings_->thresholds, now);
  if (!node.state.mode)
    believe(node, EventType::conn_classified, reason, now);
  else if (!believe(node, EventType::conn_contact_plan, reason, now) &&
           node.state.mode == ConnectivityMode::delayed)
    believe(node, EventType::conn_sync_interval_long, reason, now);
}

void Master::skip_past_contacts(NodeRecord& node, Instant now) {
  if (!node.is_windowed()) return;
  const auto& contacts = *node.contacts;
  while (node.next_contact < contacts.size() && contacts[node.next_contact].closes <= now)
    ++node.next_contact;
}

}  // namespace ibcf
