#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "controlplane/eventstore.hpp"
#include "controlplane/snapshotstore.hpp"

namespace ibcf {

/// Asks somebody else for an entry, verbatim: by identity, by check sum, or by position where that one's log
/// has the same. Nothing where it is not there. What it gives is not believed until the chain proves it.
using FetchEntry = std::function<std::optional<Bytes>(const DamagedEntry&)>;

/// From another master's log, where the same event lies anywhere: by its identity, and where that was damaged
/// too, by its check sum. `peer` must outlive it.
FetchEntry from_peer(const EventStore& peer);
/// From a copy of the same log: by position. `copy` must outlive it.
FetchEntry from_copy(const EventStore& copy);

struct Repaired {
  std::uint64_t restored = 0;   ///< entries that are again what was stored
  std::uint64_t not_found = 0;  ///< entries that nobody could give
  std::uint64_t left = 0;       ///< entries still damaged, not_found included
};

/// Examines the store, fetches every damaged entry and puts back what the chain proves.
Repaired repair(EventStore& store, const FetchEntry& fetch);

using FetchBody = std::function<std::optional<Bytes>(const Digest&)>;

/// Fetches every damaged body and puts it back; a body is proved by its own digest.
Repaired repair(SnapshotStore& store, const FetchBody& fetch);

}  // namespace ibcf
