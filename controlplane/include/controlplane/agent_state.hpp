#pragma once

#include "controlplane/command_desk.hpp"
#include "controlplane/local_grant.hpp"
#include "controlplane/node_log.hpp"
#include "controlplane/node_objects.hpp"
#include "controlplane/revocations.hpp"

namespace ibcf {

/// What a node keeps over a reboot, as a value with a packed form. Whoever drives an agent has it on stable
/// storage before it does what the agent left in its outbox; everything else an agent knows may be lost at
/// any time.
struct AgentState {
  std::uint32_t incarnation = 1;
  std::uint32_t boot = 1;   ///< counts the reboots of this incarnation, from 1
  std::uint64_t nonce = 0;  ///< of the newest Hello: the next one has to be higher
  std::uint64_t hlc = 0;
  std::uint64_t max_epoch_seen = 0;  ///< stored before the node acts on it (I-22)
  BundleId bundle;
  bool is_quarantined = false;  ///< a node is not trusted again because it rebooted
  bool is_wiped = false;        ///< its last word, that it is, was said: it stays silent
  LogMemory log;
  DeskMemory desk;
  NodeObjects objects;
  LocalGrant local;
  Instant heard = Instant::min();  ///< when it was last in contact, by its own clock
  bool windowed = false;           ///< as the newest contact plan has it
  std::uint32_t home = 0;          ///< the number of its master
  std::uint64_t home_epoch = 0;    ///< the term in which that took it over; 0: its first one
  Revocations revoked{};           ///< all that it was ever told of
  std::uint64_t revocations = 0;   ///< generation of the newest list of its present master
  IBCF_FIELDS(AgentState, incarnation, boot, nonce, hlc, max_epoch_seen, bundle, is_quarantined, is_wiped,
              log, desk, objects, local, heard, windowed, home, home_epoch, revoked, revocations)
};

}  // namespace ibcf
