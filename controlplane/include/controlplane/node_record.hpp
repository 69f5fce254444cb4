#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/admission.hpp"
#include "controlplane/attestation.hpp"
#include "controlplane/health_watch.hpp"
#include "controlplane/lifecycle.hpp"
#include "controlplane/link_class.hpp"
#include "controlplane/local_grant.hpp"
#include "controlplane/message.hpp"
#include "model/fetch_ahead.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// Windows of a node, sorted and disjoint; null: a standing link.
using ContactPlan = std::shared_ptr<const std::vector<PlannedContact>>;

/// What an inventory knows of a node before it is first heard.
struct Enrolment {
  // what every heartbeat asks for comes first
  std::uint32_t index = 0;  ///< of its endpoint; also its ordinal in heartbeat batches
  std::uint32_t incarnation = 1;
  Endpoint relay;
  LinkSecret secret;
  NodeId id;
  NodeRegistered facts;
  PublicKey public_key{};
  ContactPlan contacts;             ///< until another one is planned
  Shared<Attestation> attestation;  ///< of this life; may be null
};

/// The reconciliation lock of one node with its session (I-41, I-42): held exactly while this exists.
struct ReplayLock {
  std::uint64_t session = 0;
  std::uint64_t fencing_token = 0;
  std::uint64_t nonce = 0;  ///< of the Hello that led to it
  StreamSeqs heads{};       ///< what that Hello said the node has written
  Instant progress;
};

/// What a master believes of one of its nodes. A projection of its log in working form.
struct alignas(64) NodeRecord {
  // Whether it is locked (the optional's last bytes) and what else every sweep asks for are one cache line.
  std::optional<ReplayLock> lock;
  LifecycleState state;
  std::uint16_t silent_contacts = 0;                      ///< in a row; up to what means contact is lost
  std::uint16_t beats = 0;                                ///< heartbeats since the last flush
  const std::vector<PlannedContact>* contacts = nullptr;  ///< of its plan
  Instant last_seen;

  // What every heartbeat looks at besides: four more lines, down to enrolment.secret.
  Instant newest_sent = Instant::min();  ///< by the node's clock: what is no newer has been heard before
  LinkClass link_class;
  const Admission::Origin* stored = nullptr;  ///< of its log; never null once enrolled
  const std::uint64_t* epoch =
      nullptr;                      ///< of the authority over its domain, 0 before the first grant; likewise
  std::uint32_t open_commands = 0;  ///< of it in the master's book
  LocalGrant local;                 ///< its LOCAL authority, by the newest event that says so
  std::uint64_t stored_until = 0;   ///< the position in its master's log behind the newest that is its own
  Heartbeat newest;
  Enrolment enrolment;

  ContactPlan plan;                  ///< in force
  Instant planned = Instant::min();  ///< since when
  Instant lost_since = never;
  Instant alive = Instant::min();   ///< when it made the newest sign of life that its relay told of
  std::size_t next_contact = 0;     ///< first planned contact not yet over
  std::uint64_t fencing_token = 0;  ///< of the newest lock; only rises
  Shared<Verdict> last_verdict;
  std::uint64_t hello_nonce = 0;    ///< of the newest Hello heard
  std::uint64_t settled_nonce = 0;  ///< of the newest Hello that led to a verdict
  bool is_distrusted = false;       ///< from quarantine or decommissioning until remediation is complete
  bool is_aside = false;            ///< the quarantine brake holds: neither trusted nor quarantined
  std::uint32_t parked_in_session = 0;
  bool may_return = false;       ///< though it is quarantined: remediation wants it reconciled (A38)
  BundleId bundle;               ///< as it last said it runs
  std::uint64_t bundle_hlc = 0;  ///< stamp of the event that said so
  HealthWatch health_watch;
  std::uint64_t revocations_held = 0;  ///< generation of the list that it is known to have
  std::uint64_t revocations_told = 0;  ///< and of the one that it was told last
  Instant revocations_told_at;

  /// Hints that a heartbeat, or a sweep, is about to come to it.
  void fetch_ahead() const { ibcf::fetch_ahead(&state, 5 * 64); }
  void fetch_ahead_marks() const { ibcf::fetch_ahead(&stored->marks, sizeof stored->marks); }
  void fetch_ahead_of_sweep() const { ibcf::fetch_ahead(&state, 1); }

  [[nodiscard]] bool is_windowed() const { return contacts != nullptr; }
  void follow(ContactPlan windows) {
    plan = std::move(windows);
    contacts = plan.get();
    next_contact = 0;
    silent_contacts = 0;
  }
  [[nodiscard]] bool is_in_contact() const { return state.mode && ibcf::is_in_contact(*state.mode); }
  [[nodiscard]] bool is_lost() const {
    return state.mode == ConnectivityMode::autonomous || state.mode == ConnectivityMode::disconnected;
  }
  /// I-36: nothing but the allow list reaches a node that is RETURNING, REPLAYING or QUARANTINED, is not
  /// ACTIVE yet, or is under remediation or on its way out of the fleet.
  [[nodiscard]] bool is_barred() const {
    return lock || (state.mode && is_coming_back(*state.mode)) || is_distrusted ||
           state.phase == Phase::enrolled;
  }
};

}  // namespace ibcf
