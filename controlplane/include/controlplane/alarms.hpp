#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/event_key.hpp"
#include "controlplane/fleet_roster.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// A quarantine brake that holds: a domain had too many quarantines for one cause in too short a time (I-47).
struct BrakeAlarm {
  DomainId domain;
  std::string cause;
  std::uint32_t quarantined = 0;
  std::uint32_t held = 0;
  Instant last;  ///< it was said
};
/// A master that was not listened to.
struct PeerAlarm {
  std::string peer;
  std::string reason;
  bool halted = false;  ///< replication with it stands still until somebody decides
  Instant last;
};

/// What masters themselves cried out and has not ended: brakes that hold and refused peers. A fold of the log
/// like the other views, and as indifferent to the order over origins.
class Alarms {
 public:
  /// False where the payload is not what the type says; nothing is changed then.
  bool apply(const Event& event);

  /// By domain, then cause.
  [[nodiscard]] std::vector<BrakeAlarm> brakes() const;
  /// By name: what was said of a peer and no operator settled since; of what several masters say the worst.
  [[nodiscard]] std::vector<PeerAlarm> peers() const;

  /// Canonical: the same events are the same bytes.
  void write(Encoder& encoder) const;
  void read(Decoder& decoder);

 private:
  struct Brake {
    EventKey key;  // of the newest word
    bool holds = false;
    QuarantineBraked said;
    IBCF_FIELDS(Brake, key, holds, said)
  };
  struct Refusal {
    EventKey key;  // of the newest word
    bool is_settled = false;
    PeerRefused said;
    IBCF_FIELDS(Refusal, key, is_settled, said)
  };

  std::map<std::pair<DomainId, std::string>, Brake> brakes_;
  std::map<std::pair<AnyId, std::string>, Refusal> peers_;  // by who does not listen, and to whom
};

}  // namespace ibcf
