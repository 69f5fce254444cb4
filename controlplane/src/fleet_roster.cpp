#include "controlplane/fleet_roster.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "model/payloads.hpp"

namespace ibcf {
namespace {

constexpr Slot no_slot = UINT32_MAX;
// Ordinals index columns: one from a broken log must not allocate the machine away.
constexpr std::uint32_t most_nodes = 1U << 24;

bool has_tags(const std::vector<std::string>& tags, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const auto& tag) { return std::find(tags.begin(), tags.end(), tag) != tags.end(); });
}

}  // namespace

void FleetRoster::pass(const Stored& stored) {
  as_of_.position = std::max(as_of_.position, stored.position + 1);
  as_of_.ingested = std::max(as_of_.ingested, stored.ingested);
}

bool FleetRoster::apply(const Stored& stored, const Event& event) {
  pass(stored);
  if (event.type == EventType::node_registered) return enlist(event);
  if (event.type == EventType::observation_recorded) {
    const auto observation = payload_of<Observation>(event);
    if (!observation) return false;
    learn_bundle(event, observation->policy_bundle_id);
  } else if (event.type == EventType::command_result) {
    const auto result = payload_of<CommandResult>(event);
    if (!result) return false;
    if (result->state == CommandState::applied || result->state == CommandState::applied_late)
      learn_bundle(event, result->bundle_id);
  }
  return true;
}

bool FleetRoster::enlist(const Event& event) {
  auto registered = payload_of<NodeRegistered>(event);
  if (!registered || registered->ordinal >= most_nodes) return false;
  const Slot slot = mention(id_cast<NodeTag>(event.subject));
  Member& member = members_[slot];
  const EventKey key = key_of(event);
  if (member.registered && key < member.registered_by) return true;
  const auto before = member.registered ? std::optional(member.as.ordinal) : std::nullopt;
  member.registered = true;
  member.registered_by = key;
  member.as = std::move(*registered);
  index_ordinal(slot);
  if (!before || *before == member.as.ordinal) return true;
  by_ordinal_[*before] = no_slot;  // for whoever else is registered under it
  for (Slot other = 0; other < members_.size(); ++other)
    if (members_[other].registered && members_[other].as.ordinal == *before) index_ordinal(other);
  return true;
}

void FleetRoster::index_ordinal(Slot slot) {
  const Member& member = members_[slot];
  const std::size_t ordinal = member.as.ordinal;
  if (by_ordinal_.size() <= ordinal) by_ordinal_.resize(ordinal + 1, no_slot);
  const Slot holder = by_ordinal_[ordinal];
  // Two nodes of one ordinal are a broken log; even then the answer does not depend on the order of the
  // merge.
  if (holder == no_slot || members_[holder].registered_by <= member.registered_by)
    by_ordinal_[ordinal] = slot;
}

void FleetRoster::learn_bundle(const Event& event, BundleId bundle) {
  if (bundle.is_nil()) return;
  Member& member = members_[mention(id_cast<NodeTag>(event.origin))];
  const auto known = std::tie(member.bundle_incarnation, member.bundle_hlc);
  if (std::tie(event.incarnation, event.hlc) < known) return;
  member.bundle = bundle;
  member.bundle_incarnation = event.incarnation;
  member.bundle_hlc = event.hlc;
}

std::optional<Slot> FleetRoster::find(NodeId id) const {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return std::nullopt;
  return found->second;
}

std::optional<Slot> FleetRoster::find_ordinal(std::uint32_t ordinal) const {
  if (ordinal >= by_ordinal_.size() || by_ordinal_[ordinal] == no_slot) return std::nullopt;
  return by_ordinal_[ordinal];
}

Slot FleetRoster::mention(NodeId id) {
  const auto [found, is_new] = slots_.try_emplace(id, static_cast<Slot>(members_.size()));
  if (is_new) members_.emplace_back().id = id;
  return found->second;
}

bool FleetRoster::matches(Slot slot, const Query& query) const {
  const Member& member = members_[slot];
  return domains_.is_within(member.as.domain_id, query.domain) && has_tags(member.as.tags, query.tags) &&
         (query.bundle.is_nil() || member.bundle == query.bundle);
}

std::vector<Slot> FleetRoster::select(const Query& query) const {
  std::vector<Slot> slots;
  for (Slot slot = 0; slot < members_.size(); ++slot)
    if (members_[slot].registered && matches(slot, query)) slots.push_back(slot);
  const auto by_ordinal = [this](Slot a, Slot b) {
    return std::tie(members_[a].as.ordinal, members_[a].id) <
           std::tie(members_[b].as.ordinal, members_[b].id);
  };
  // As a rule nodes are registered in the order of their ordinals.
  if (!std::is_sorted(slots.begin(), slots.end(), by_ordinal))
    std::sort(slots.begin(), slots.end(), by_ordinal);
  return slots;
}

std::vector<Slot> FleetRoster::by_id() const {
  std::vector<Slot> slots(members_.size());
  std::iota(slots.begin(), slots.end(), Slot{0});
  std::sort(slots.begin(), slots.end(), [this](Slot a, Slot b) { return members_[a].id < members_[b].id; });
  return slots;
}

Bytes FleetRoster::snapshot() const {
  Bytes bytes;
  Encoder encoder(bytes);
  write(encoder);
  return bytes;
}

void FleetRoster::write(Encoder& encoder) const {
  encoder.put(static_cast<std::uint32_t>(members_.size()));
  for (const Slot slot : by_id()) encoder.put(members_[slot]);
}

void FleetRoster::read(Decoder& decoder) {
  members_.clear();
  slots_.clear();
  by_ordinal_.clear();
  std::uint32_t count = 0;
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    Member member;
    decoder.get(member);
    if (!decoder.ok() || member.as.ordinal >= most_nodes) return;
    const Slot slot = mention(member.id);
    members_[slot] = std::move(member);
    if (members_[slot].registered) index_ordinal(slot);
  }
}

}  // namespace ibcf
