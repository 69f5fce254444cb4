#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/attestation.hpp"
#include "controlplane/authority.hpp"
#include "controlplane/health_watch.hpp"
#include "controlplane/link_class.hpp"
#include "controlplane/normalizer.hpp"
#include "controlplane/outbox.hpp"
#include "controlplane/quarantine.hpp"
#include "controlplane/replication.hpp"
#include "controlplane/trust.hpp"

namespace ibcf {

/// What every master of a fleet does the same way.
struct MasterSettings {
  Duration heartbeat = std::chrono::seconds{30};
  std::uint32_t missed_heartbeats = 3;
  std::uint32_t missed_windows = 2;
  /// A node's LOCAL grant lasts so long without contact (I-26); 0: none is given.
  Duration autonomy = std::chrono::hours{24};
  std::uint64_t gap_events = 64;  ///< a debt above this while in contact needs a reconciliation (A24..A26)
  Duration flush = std::chrono::minutes{5};
  LinkThresholds thresholds;
  HealthThresholds health;
  std::uint32_t replay_sessions = 32;  ///< at most so many replays at once; the rest is deferred
  std::uint64_t replay_credit_bytes = 256 << 10;
  std::uint32_t chunk_bytes = 64 << 10;
  Duration session_patience = std::chrono::minutes{2};  ///< a lock without progress is broken after this
  Duration command_retry = std::chrono::minutes{1};
  /// What a node's event must be to be admitted; what is not is parked. Whoever replaces it admits more.
  std::optional<std::string> (*objection)(const Event&) = objection_to_node;
  BrakeSettings brake;
  Duration wiped_quiet =
      std::chrono::minutes{10};  ///< a wiped node is silent for so long before it is RETIRED
  Duration decommission_deadline = std::chrono::hours{24};  ///< then it is RETIRED without its word
  Duration archive_after =
      std::chrono::hours{24 * 90};  ///< RETIRED for so long, it is archived and has no next life (S25)
  LeaseBounds bounds;
  ReplicationSettings replication;
  std::vector<PublicKey> release_keys;  ///< that may sign releases; none: no artifact is ever verified
  AttestationTrust attestation;         ///< what a node has to show before it is enrolled
};

struct MasterIdentity {
  MasterId id;
  std::uint32_t index = 0;
  std::string name;
  AuthorityLevel level = AuthorityLevel::region;
  /// Who grants this master its authority; nothing for the GLOBAL master.
  std::optional<Endpoint> upstream;
  FleetId fleet = {};
  /// Rises with each start of this master, and is kept apart from its log: a master that starts again cannot
  /// know whether the end of its log survived, so it never goes on with its old chain but begins a new one.
  std::uint32_t incarnation = 1;
};

/// A master of the fleet as another one knows it.
struct Peer {
  Endpoint endpoint;
  MasterId id;
  std::string name;
  AuthorityLevel level = AuthorityLevel::region;
  /// Scopes this master is first granted, and is home to.
  std::vector<DomainId> scopes;
  Duration lease{};
};

}  // namespace ibcf
