#pragma once

#include <cstdint>

namespace ibcf {

/// Defects planted on purpose, to prove that the checkers catch them. Only tests reach this switch: no
/// scenario, option or message does.
enum class Defect : std::uint8_t {
  none,
  fencing_off,             ///< a node executes a command of an older epoch than it has seen
  acknowledge_unstored,    ///< a master acknowledges one event more than it stored
  dedupe_off,              ///< a master stores again what it has
  hold_nothing,            ///< commands reach nodes that are returning or replaying, and are executed
  forget_return,           ///< a node that lost contact never says Hello
  never_hand_over_lease,   ///< a holder asked to give a scope up answers yes and goes on
  keep_lock,               ///< a master gives the verdict and does not release the lock
  expired_is_final,        ///< a master takes EXPIRED for final before its node's word
  intent_not_stored,       ///< what a node is carrying out does not survive a crash
  superseded_runs,         ///< a node runs a command after its successor
  constraint_ignored,      ///< a node carries a command out whatever its bundle's constraints say
  offline_blocks_wave,     ///< a rollout counts unreached nodes as reached ones that still wait
  retain_past_holds,       ///< a store drops entries that a checkpoint or a peer still needs
  restore_unchecked,       ///< a store puts back whatever a peer gave it for a damaged entry
  install_unverified,      ///< a node installs what it could not verify, and says APPLIED
  forget_releases,         ///< a node installs a release before one that it has run
  epoch_not_durable,       ///< a node forgets the highest epoch it has seen when it reboots
  brake_off,               ///< nodes are quarantined however many there were
  lock_before_verdict,     ///< a master lets go of the lock before its verdict is stored
  clean_with_gap,          ///< a master says clean though something is missing or parked
  resume_one_late,         ///< a session goes on one event after what comes next
  skip_poison,             ///< what cannot be read is passed over without a word
  accept_truncation,       ///< a peer whose log went backwards is exchanged with as if nothing were
  claim_ungranted,         ///< a node says that it decided under a LOCAL grant, whatever it was given
  dedupe_forgotten,        ///< a master that starts again does not know what of its nodes it has stored
  lease_by_other_clock,    ///< a holder takes the grantor's clock for its own when its lease ends
  delegated_is_contact,    ///< what a relay tells of a node counts as if the node were in contact
  attestation_unchecked,   ///< a master takes an attestation without looking at its signature
  measurement_ignored,     ///< a master activates a node whatever it booted
  revocation_not_durable,  ///< a node forgets what is revoked when it reboots
};

inline Defect planted_defect = Defect::none;

inline bool is_planted(Defect defect) {
  return planted_defect == defect;
}

}  // namespace ibcf
