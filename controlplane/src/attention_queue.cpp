#include "controlplane/attention_queue.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "controlplane/drift.hpp"
#include "controlplane/projection_history.hpp"

namespace ibcf {
namespace {

constexpr auto nowhere = AttentionNodes::nowhere;

std::string share_text(std::uint32_t part, std::uint32_t whole, const char* what) {
  return std::to_string(part) + " of " + std::to_string(whole) + " nodes " + what;
}

AnyId subject_named(std::string_view cause, const std::string& name) {
  return derive_id<AnyTag>("attention", 0, std::string(cause) + "/" + name);
}

// Where everything is out of contact: so many, and such a share.
bool is_outage(std::uint64_t lost, std::uint64_t members, const AttentionSettings& settings) {
  return lost >= settings.outage_nodes &&
         static_cast<double>(lost) >= settings.outage_share * static_cast<double>(members);
}

SupplySource standing_in(const Projections& views) {
  return [&views](NodeId node) -> SupplyStanding {
    const SupplyChainStanding standing = views.supply_chain().standing_of(node);
    return {attention_signal(standing.level), standing.artifact};
  };
}

}  // namespace

std::vector<ProjectionFault> faults_of(const ProjectionHistory& history) {
  const std::string position = std::to_string(history.live().as_of().position);
  const std::string parked = std::to_string(history.parked().size()) + " entries unread";
  if (history.is_stuck()) return {{"views", "stand at position " + position + ", " + parked}};
  if (!history.parked().empty()) return {{"views", parked}};
  return {};
}

/// The root causes found in the tallies, by what they would explain. Numbers as in AttentionNodes.
struct AttentionQueue::Causes {
  std::vector<Group> groups;
  static constexpr std::uint32_t none = UINT32_MAX;
  std::vector<std::uint32_t> of_domain;  ///< domain -> the group that explains its nodes' outage
  std::vector<std::uint32_t> of_relay;
  std::vector<std::uint32_t> of_bundle;
  std::vector<std::uint32_t> of_artifact;

  std::uint32_t add(AttentionCause cause, AnyId subject, std::string why) {
    Group& group = groups.emplace_back();
    group.key = {cause, subject};
    group.why = std::move(why);
    return static_cast<std::uint32_t>(groups.size() - 1);
  }
};

AttentionQueue::AttentionQueue(const Projections& views, AttentionSettings settings, SupplySource supply)
    : views_(&views),
      settings_(std::move(settings)),
      nodes_(views, settings_, supply ? std::move(supply) : standing_in(views)) {}

std::size_t AttentionQueue::evaluate(const std::vector<ProjectionFault>& faults) {
  const std::size_t looked_at = nodes_.update();
  as_of_ = views_->as_of();
  entries_.clear();
  next_places_.clear();
  node_places_.resize(nodes_.size());
  next_node_places_.assign(nodes_.size(), {});

  Causes causes = find_causes();
  add_nodes(causes);
  for (Group& group : causes.groups)
    if (group.nodes > 0) add(std::move(group));
  add_authority();
  add_alarms(faults);

  places_.swap(next_places_);
  node_places_.swap(next_node_places_);
  std::sort(entries_.begin(), entries_.end(), is_before);
  of_domain_.assign(nodes_.domains().size() + 1, {});
  for (std::uint32_t i = 0; i < entries_.size(); ++i)
    of_domain_[std::min<std::size_t>(entries_[i].domain, nodes_.domains().size())].push_back(i);
  return looked_at;
}

bool AttentionQueue::is_before(const Entry& a, const Entry& b) {
  return std::tie(b.rank, b.nodes, a.key) < std::tie(a.rank, a.nodes, b.key);
}

// Into the list, where it stood before unless its score moved far (I-66).
void AttentionQueue::add(Entry entry) {
  const bool is_node = entry.key.first == AttentionCause::node;
  Place before;
  if (is_node)
    before = node_places_[entry.slot];
  else if (const auto known = places_.find(entry.key); known != places_.end())
    before = known->second;
  const bool was_there = before.rank > 0;
  if (entry.score < (was_there ? settings_.goes_below : settings_.appears_at)) return;
  entry.rank =
      was_there && std::abs(entry.score - before.rank) <= settings_.dead_band ? before.rank : entry.score;
  entry.since = was_there ? before.since : as_of_.ingested;
  (is_node ? next_node_places_[entry.slot] : next_places_[entry.key]) = {entry.rank, entry.since};
  entries_.push_back(std::move(entry));
}

void AttentionQueue::add(Group group) {
  Entry entry;
  entry.key = group.key;
  entry.domain = group.domain;
  if (group.key.first == AttentionCause::domain)
    entry.domain = nodes_.domain_number(id_cast<DomainTag>(group.key.second));
  entry.nodes = group.nodes;
  entry.signals = group.signals;
  entry.score = attention(importance_of_group(group.importance, group.nodes), group.signals, settings_);
  entry.why = std::move(group.why);
  add(std::move(entry));
}

// ---- root causes ------------------------------------------------------------------------------------------

AttentionQueue::Causes AttentionQueue::find_causes() const {
  Causes causes;
  find_outages(causes);
  causes.of_bundle.assign(nodes_.bundles().size(), Causes::none);
  for (std::size_t i = 0; i < nodes_.bundles().size(); ++i) {
    const auto& bundle = nodes_.bundles()[i];
    if (bundle.drifting < settings_.drift_nodes ||
        bundle.drifting < settings_.drift_share * static_cast<double>(bundle.desired))
      continue;
    causes.of_bundle[i] = causes.add(AttentionCause::bundle, any(bundle.id),
                                     share_text(bundle.drifting, bundle.desired, "out of spec"));
  }
  causes.of_artifact.assign(nodes_.artifacts().size(), Causes::none);
  for (std::size_t i = 0; i < nodes_.artifacts().size(); ++i) {
    const auto& artifact = nodes_.artifacts()[i];
    if (artifact.nodes < settings_.artifact_nodes) continue;
    causes.of_artifact[i] =
        causes.add(AttentionCause::artifact, any(artifact.id),
                   std::to_string(artifact.nodes) + " nodes with an artifact under suspicion");
  }
  return causes;
}

// A domain is cut off when nearly all nodes in and below it are out of contact, over more than one relay; the
// highest such domain, or what holds the same nodes below it, is the cause. Else a relay is, by itself.
void AttentionQueue::find_outages(Causes& causes) const {
  const auto& domains = nodes_.domains();
  const auto& relays = nodes_.relays();
  causes.of_domain.assign(domains.size(), Causes::none);
  causes.of_relay.assign(relays.size(), Causes::none);
  std::vector<std::uint64_t> members(domains.size()), lost(domains.size());
  for (std::size_t i = 0; i < domains.size(); ++i)
    for (auto at = static_cast<std::uint32_t>(i); at != nowhere; at = domains[at].parent) {
      members[at] += domains[i].members;
      lost[at] += domains[i].lost;
    }
  std::vector<std::set<std::uint32_t>> relays_in(domains.size());
  for (std::uint32_t relay = 0; relay < relays.size(); ++relay) {
    if (relays[relay].lost == 0) continue;
    for (const auto& [domain, count] : relays[relay].domains)
      for (auto at = count > 0 ? domain : nowhere; at != nowhere; at = domains[at].parent)
        relays_in[at].insert(relay);
  }
  std::vector<char> is_cut_off(domains.size());
  for (std::size_t i = 0; i < domains.size(); ++i)
    is_cut_off[i] = is_outage(lost[i], members[i], settings_) && relays_in[i].size() > 1;
  for (std::uint32_t i = 0; i < domains.size(); ++i) {
    if (!is_cut_off[i] || (domains[i].parent != nowhere && is_cut_off[domains[i].parent])) continue;
    std::uint32_t cause = i;
    for (bool deeper = true; deeper;) {
      deeper = false;
      for (std::uint32_t child = 0; child < domains.size() && !deeper; ++child)
        if (domains[child].parent == cause && members[child] == members[cause]) {
          cause = child;
          deeper = true;
        }
    }
    const auto group = causes.add(AttentionCause::domain, any(domains[cause].id),
                                  share_text(static_cast<std::uint32_t>(lost[cause]),
                                             static_cast<std::uint32_t>(members[cause]), "out of contact"));
    for (std::uint32_t inner = 0; inner < domains.size(); ++inner)
      for (auto at = inner; at != nowhere; at = domains[at].parent)
        if (at == i) causes.of_domain[inner] = group;
  }
  for (std::size_t i = 0; i < relays.size(); ++i) {
    const auto& relay = relays[i];
    if (!is_outage(relay.lost, relay.members, settings_)) continue;
    causes.of_relay[i] =
        causes.add(AttentionCause::relay, subject_named("relay", relay.name),
                   relay.name + ": " + share_text(relay.lost, relay.members, "out of contact"));
  }
}

// Each node gives what a cause explains to the cause, and is an item with the rest.
void AttentionQueue::add_nodes(Causes& causes) {
  const auto give = [&](std::uint32_t group, const AttentionNodes::Watched& node,
                        const AttentionSignals& part) {
    Group& to = causes.groups[group];
    to.domain = to.nodes == 0 ? node.domain : nodes_.common_domain(to.domain, node.domain);
    to.importance = std::max(to.importance, node.importance);
    to.signals = highest(to.signals, part);
    ++to.nodes;
  };
  for (Slot slot = 0; slot < nodes_.size(); ++slot) {
    if (!nodes_.is_troubled(slot)) continue;
    const AttentionNodes::Watched& node = nodes_.at(slot);
    AttentionSignals rest = node.signals;
    if (node.is_lost) {
      auto cause = node.domain != nowhere ? causes.of_domain[node.domain] : Causes::none;
      if (cause == Causes::none && node.relay != nowhere) cause = causes.of_relay[node.relay];
      if (cause != Causes::none) {
        const double unheard = health_signal(Health::unknown);
        const bool is_only_unheard = rest.health == unheard;
        give(cause, node, {.sync_debt = rest.sync_debt, .health = unheard});
        rest.sync_debt = 0;
        if (is_only_unheard) rest.health = 0;
      }
    }
    if (rest.drift > 0 && node.bundle != nowhere && causes.of_bundle[node.bundle] != Causes::none) {
      give(causes.of_bundle[node.bundle], node, {.drift = rest.drift});
      rest.drift = 0;
    }
    if (node.artifact != nowhere && causes.of_artifact[node.artifact] != Causes::none) {
      give(causes.of_artifact[node.artifact], node, {.supply_chain = rest.supply_chain});
      rest.supply_chain = 0;
    }
    Entry entry;
    entry.score = attention(node.importance, rest, settings_);
    if (entry.score < settings_.goes_below) continue;
    entry.key = {AttentionCause::node, any(views_->roster().at(slot).id)};
    entry.domain = node.domain;
    entry.nodes = 1;
    entry.signals = rest;
    entry.slot = slot;
    add(std::move(entry));
  }
}

// ---- what no node's signals tell --------------------------------------------------------------------------

// Two masters at odds over a scope, and executions under a term that was over, are one trouble of the scope.
void AttentionQueue::add_authority() {
  using enum AuthorityAnomalyKind;
  struct Odds {
    double mismatch = 0;
    std::set<NodeId> nodes;
    std::string why;
  };
  std::map<DomainId, Odds> by_scope;
  for (const AuthorityAnomaly& anomaly : views_->authority().anomalies()) {
    const bool is_news = anomaly.when + settings_.news > as_of_.ingested;
    const auto scope = views_->authority().find(anomaly.scope);
    // Two holders of the present term may both act now, however long it has been so; and a broken glass is
    // looked at until its term is over.
    const bool is_present =
        anomaly.kind == desired_conflict ||
        ((anomaly.kind == two_holders || anomaly.kind == AuthorityAnomalyKind::break_glass) && scope &&
         scope->newest.epoch == anomaly.epoch);
    if (!is_news && !is_present) continue;
    const bool is_grave = anomaly.kind != fenced_execution && anomaly.kind != stale_renewal &&
                          anomaly.kind != unfounded_claim && anomaly.kind != break_glass;
    Odds& odds = by_scope[anomaly.scope];
    const double mismatch = is_grave ? 1 : 0.6;
    if (mismatch > odds.mismatch) {
      odds.mismatch = mismatch;
      odds.why = std::string(word_of(anomaly.kind)) + " in term " + std::to_string(anomaly.epoch);
    }
    if (!anomaly.node.is_nil()) odds.nodes.insert(anomaly.node);
  }
  for (auto& [scope, odds] : by_scope) {
    Entry entry;
    entry.key = {AttentionCause::scope, any(scope)};
    entry.domain = nodes_.domain_number(scope);
    if (const auto slot = views_->roster().find(id_cast<NodeTag>(scope)); entry.domain == nowhere && slot)
      entry.domain = nodes_.domain_number(views_->roster().at(*slot).as.domain_id);
    entry.nodes = static_cast<std::uint32_t>(odds.nodes.size());
    entry.signals.authority_mismatch = odds.mismatch;
    entry.score = attention(1, entry.signals, settings_);
    entry.why = std::move(odds.why);
    add(std::move(entry));
  }
}

void AttentionQueue::add_alarms(const std::vector<ProjectionFault>& faults) {
  const auto raise = [&](AttentionCause cause, AnyId subject, std::uint32_t domain, std::uint32_t nodes,
                         double score, std::string why) {
    Entry entry;
    entry.key = {cause, subject};
    entry.domain = domain;
    entry.nodes = nodes;
    entry.score = quantised(score);
    entry.why = std::move(why);
    add(std::move(entry));
  };
  for (const BrakeAlarm& brake : views_->alarms().brakes())
    raise(AttentionCause::brake, subject_named("brake/" + text_of(brake.domain), brake.cause),
          nodes_.domain_number(brake.domain), brake.held, settings_.of_brake,
          brake.cause + ": " + std::to_string(brake.quarantined) + " quarantined, " +
              std::to_string(brake.held) + " held");
  for (const PeerAlarm& peer : views_->alarms().peers())
    if (peer.halted || peer.last + settings_.news > as_of_.ingested)
      raise(AttentionCause::peer, subject_named("peer", peer.peer), nowhere, 0,
            peer.halted ? settings_.of_halted_peer : settings_.of_refused_peer,
            peer.peer + (peer.halted ? " halted: " : " refused: ") + peer.reason);
  for (const ProjectionFault& fault : faults)
    raise(AttentionCause::projection, subject_named("projection", fault.projection), nowhere, 0,
          settings_.of_projection, fault.projection + ": " + fault.why);
}

// ---- questions --------------------------------------------------------------------------------------------

std::vector<AttentionItem> AttentionQueue::top(std::size_t most, DomainId within) const {
  std::vector<std::uint32_t> merged;
  for (std::size_t i = 0; i < of_domain_.size(); ++i) {
    const bool is_domain = i < nodes_.domains().size();
    const DomainId id = is_domain ? nodes_.domains()[i].id : DomainId{};
    if (!(is_domain ? views_->roster().domains().is_within(id, within) : within.is_nil())) continue;
    const auto& own = of_domain_[i];
    merged.insert(merged.end(), own.begin(),
                  own.begin() + static_cast<std::ptrdiff_t>(std::min(most, own.size())));
  }
  std::sort(merged.begin(), merged.end());
  std::vector<AttentionItem> items;
  for (const std::uint32_t place : merged)
    if (items.size() < most) items.push_back(item_of(entries_[place]));
  return items;
}

std::map<DomainId, std::vector<AttentionItem>> AttentionQueue::top_by_domain(std::size_t most) const {
  std::map<DomainId, std::vector<AttentionItem>> lists;
  for (std::size_t i = 0; i < of_domain_.size(); ++i) {
    const auto& own = of_domain_[i];
    if (own.empty()) continue;
    auto& list = lists[i < nodes_.domains().size() ? nodes_.domains()[i].id : DomainId{}];
    for (const std::uint32_t place : own)
      if (list.size() < most) list.push_back(item_of(entries_[place]));
  }
  return lists;
}

AttentionItem AttentionQueue::item_of(const Entry& entry) const {
  AttentionItem item;
  item.cause = entry.key.first;
  item.subject = entry.key.second;
  item.id = subject_named(word_of(item.cause), text_of(item.subject));
  if (entry.domain != nowhere) item.domain_id = nodes_.domains()[entry.domain].id;
  item.score = entry.score;
  item.signals = entry.signals;
  item.nodes = entry.nodes;
  item.since_ts = entry.since;
  item.as_of_ts = as_of_.ingested;
  item.why = entry.key.first == AttentionCause::node ? why_of(entry) : entry.why;
  return item;
}

std::string AttentionQueue::why_of(const Entry& entry) const {
  const auto& member = views_->roster().at(entry.slot);
  const LifecycleState state = views_->lifecycle().state_at(entry.slot);
  std::string why = member.as.name + ":";
  const auto say = [&](const std::string& what) { why += (why.back() == ':' ? " " : ", ") + what; };
  if (entry.signals.supply_chain > 0) say("supply chain");
  if (entry.signals.health > 0) say("health " + std::string(word_of(nodes_.at(entry.slot).health)));
  if (state.phase == Phase::quarantined) say(std::string(word_of(*state.phase)));
  if (entry.signals.drift > 0) {
    const NodeDrift& drift = views_->drift().at(entry.slot);
    say(std::to_string(drift.out_of_spec) + " of " + std::to_string(drift.objects) + " objects out of spec");
  }
  if (entry.signals.sync_debt > 0 && state.mode) say(std::string(word_of(*state.mode)));
  return why;
}

}  // namespace ibcf
