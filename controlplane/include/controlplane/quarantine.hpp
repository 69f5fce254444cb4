#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controlplane/proposed.hpp"

namespace ibcf {

/// Why a node is not trusted (protocols page, "Trust and quarantine").
struct QuarantineCause {
  std::string_view word;  ///< what the reason of a lifecycle step or a verdict begins with
  bool is_in_log;         ///< what the node told does not fit together: only a clean replay clears it
};

std::span<const QuarantineCause> quarantine_causes();

/// The cause that a reason names with its first words; one that names none is an operator's.
const QuarantineCause& cause_of(std::string_view reason);

/// A trigger that leads to QUARANTINED wherever the lifecycle table has an arrow for it, beside a verdict.
bool brings_quarantine(EventType trigger);

struct BrakeSettings {
  std::uint32_t percent = 5;  ///< of a domain's nodes
  std::uint32_t nodes = 20;   ///< whatever the percentage says
  std::uint32_t least = 3;    ///< so many always may: a percentage of a small domain is less than one node
  Duration window = std::chrono::minutes{10};
};

/// Stops mass quarantine (I-47): more nodes of one domain for one cause in one window than a fault of single
/// nodes explains are rather a fault of ours. From then on nobody of the domain is quarantined for the cause
/// until an operator releases the brake; who would have been is set aside: neither trusted nor condemned.
/// A fold of the log of its master; what it decides it proposes as an event.
class QuarantineBrake {
 public:
  explicit QuarantineBrake(const BrakeSettings& settings = {}) : settings_(settings) {}

  /// May `node` be quarantined now? If so it counts. If not it is set aside, and `events` gets the one
  /// quarantine.braked when the brake begins to hold, and again when twice as many are set aside.
  bool allows(DomainId domain, std::size_t nodes_of_domain, std::string_view cause, NodeId node, Instant now,
              std::vector<Proposed>& events);

  /// An operator has looked at it: who was set aside is judged anew, and the count begins again. Nothing
  /// where no brake holds there; else those who were set aside, in order.
  std::optional<std::vector<NodeId>> release(DomainId domain, std::string_view cause,
                                             std::vector<Proposed>& events);

  [[nodiscard]] bool holds(DomainId domain, std::string_view cause) const;
  /// At most so many nodes of a domain of this size are quarantined for one cause in one window.
  [[nodiscard]] std::size_t limit(std::size_t nodes_of_domain) const;

  /// After a restart: a node of the domain was quarantined for the cause at this time.
  void recall(DomainId domain, std::string_view cause, Instant at);
  /// After a restart: that a brake holds or was released. Who was set aside misbehaves again, or not.
  void apply(const Event& event);

 private:
  struct Watched {
    std::deque<Instant> recent;  // quarantines within the window
    bool holds = false;
    std::uint32_t quarantined = 0;  // when it began to hold
    std::set<NodeId> aside;
    std::size_t told = 0;  // how many were set aside when it was last said
  };
  using Key = std::pair<DomainId, std::string>;
  static Proposed told(EventType type, const Key& key, const Watched& watched);

  BrakeSettings settings_;
  std::map<Key, Watched> watched_;
};

}  // namespace ibcf
