#include "controlplane/quarantine.hpp"

#include <algorithm>
#include <array>

#include "controlplane/planted.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

// clang-format off: one cause a line
constexpr std::array causes{
    QuarantineCause{"operator", false},
    QuarantineCause{"duplicate identity", false},
    QuarantineCause{"attestation mismatch", false},
    QuarantineCause{"unknown incarnation", true},
    QuarantineCause{"its log is not the one we hold", true},
    QuarantineCause{"fork", true},
    QuarantineCause{"broken chain", true},
    QuarantineCause{"malformed chunk", true},
    QuarantineCause{"events missing", true},
    QuarantineCause{"heads differ", true},
    QuarantineCause{"unverifiable artifact", false},
    QuarantineCause{"traffic after wipe", false},
    QuarantineCause{"reconcile", false},  // the bundle says so, and an operator wrote it
    QuarantineCause{"failed for longer than a node may", false},
    QuarantineCause{"replay abuse", true},
    QuarantineCause{"poison", true},
};
// clang-format on

}  // namespace

std::span<const QuarantineCause> quarantine_causes() {
  return causes;
}

const QuarantineCause& cause_of(std::string_view reason) {
  const auto found = std::find_if(causes.begin(), causes.end(), [&](const QuarantineCause& cause) {
    return reason.starts_with(cause.word);
  });
  return found == causes.end() ? causes.front() : *found;
}

bool brings_quarantine(EventType trigger) {
  switch (trigger) {
    case EventType::conn_identity_rejected:
    case EventType::health_critical:
    case EventType::enrollment_conflict:
    case EventType::trust_violation:
    case EventType::update_untrusted:
    case EventType::decommission_anomaly:
      return true;
    default:
      return false;
  }
}

std::size_t QuarantineBrake::limit(std::size_t nodes_of_domain) const {
  const std::size_t share = nodes_of_domain * settings_.percent / 100;
  return std::max<std::size_t>(settings_.least, std::min<std::size_t>(settings_.nodes, share));
}

bool QuarantineBrake::holds(DomainId domain, std::string_view cause) const {
  const auto found = watched_.find({domain, std::string(cause)});
  return found != watched_.end() && found->second.holds;
}

Proposed QuarantineBrake::told(EventType type, const Key& key, const Watched& watched) {
  return {type,
          any(key.first),
          encode(QuarantineBraked{key.first, key.second, watched.quarantined,
                                  static_cast<std::uint32_t>(watched.aside.size())}),
          {},
          Priority::trust};
}

bool QuarantineBrake::allows(DomainId domain, std::size_t nodes_of_domain, std::string_view cause,
                             NodeId node, Instant now, std::vector<Proposed>& events) {
  const Key key{domain, std::string(cause)};
  Watched& watched = watched_[key];
  while (!watched.recent.empty() && now - watched.recent.front() >= settings_.window)
    watched.recent.pop_front();
  const bool is_full = watched.recent.size() >= limit(nodes_of_domain);
  if ((!watched.holds && !is_full) || is_planted(Defect::brake_off)) {
    watched.recent.push_back(now);
    return true;
  }
  if (!watched.holds) watched.quarantined = static_cast<std::uint32_t>(watched.recent.size());
  watched.holds = true;
  watched.aside.insert(node);
  if (watched.aside.size() >= std::max<std::size_t>(1, 2 * watched.told)) {
    watched.told = watched.aside.size();
    events.push_back(told(EventType::quarantine_braked, key, watched));
  }
  return false;
}

std::optional<std::vector<NodeId>> QuarantineBrake::release(DomainId domain, std::string_view cause,
                                                            std::vector<Proposed>& events) {
  const auto found = watched_.find({domain, std::string(cause)});
  if (found == watched_.end() || !found->second.holds) return std::nullopt;
  const Watched& watched = found->second;
  events.push_back(told(EventType::quarantine_brake_released, found->first, watched));
  std::vector<NodeId> aside(watched.aside.begin(), watched.aside.end());
  watched_.erase(found);
  return aside;
}

void QuarantineBrake::recall(DomainId domain, std::string_view cause, Instant at) {
  watched_[{domain, std::string(cause)}].recent.push_back(at);
}

void QuarantineBrake::apply(const Event& event) {
  if (event.type != EventType::quarantine_braked && event.type != EventType::quarantine_brake_released)
    return;
  const auto said = payload_of<QuarantineBraked>(event);
  if (!said) return;
  if (event.type == EventType::quarantine_brake_released) {
    watched_.erase({said->domain_id, said->cause});
    return;
  }
  Watched& watched = watched_[{said->domain_id, said->cause}];
  watched.holds = true;
  watched.quarantined = said->quarantined;
  watched.told = said->held;
}

}  // namespace ibcf
