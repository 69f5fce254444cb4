#include "controlplane/repair.hpp"

namespace ibcf {
namespace {

std::optional<Bytes> first_of(const EventStore& store, const Selection& selection,
                              const std::function<bool(const Stored&)>& fits) {
  std::optional<Bytes> found;
  (void)store.scan(selection, [&](const Stored& stored) {
    if (fits(stored)) found.emplace(stored.packed.begin(), stored.packed.end());
    return !found;
  });
  return found;
}

std::uint64_t count_of(const std::vector<Damage>& damaged) {
  std::uint64_t count = 0;
  for (const Damage& damage : damaged) count += damage.entries.size();
  return count;
}

}  // namespace

FetchEntry from_peer(const EventStore& peer) {
  return [&peer](const DamagedEntry& entry) {
    std::optional<Bytes> found;
    if (entry.identity)
      found = first_of(peer,
                       {.first = peer.first(),
                        .origin = entry.identity->origin,
                        .incarnation = entry.identity->incarnation,
                        .from_seq = entry.identity->seq},
                       [&](const Stored& stored) { return identity_of(stored.packed) == entry.identity; });
    if (!entry.check_sum || !entry.ingested) return found;
    const auto fits = [&](ByteView packed) {
      return check_sum_of(packed, *entry.ingested) == *entry.check_sum;
    };
    if (found && fits(*found)) return found;
    // The flipped bit may have made one event's identity into another's.
    if (auto other = first_of(peer, {.first = peer.first()},
                              [&](const Stored& stored) { return fits(stored.packed); }))
      return other;
    return found;
  };
}

FetchEntry from_copy(const EventStore& copy) {
  return [&copy](const DamagedEntry& entry) {
    return first_of(copy, {.first = entry.position, .until = entry.position + 1},
                    [](const Stored&) { return true; });
  };
}

Repaired repair(EventStore& store, const FetchEntry& fetch) {
  Repaired repaired;
  std::vector<Replacement> found;
  const auto damaged = store.examine().damaged;
  for (const Damage& damage : damaged)
    for (const DamagedEntry& entry : damage.entries) {
      if (auto packed = fetch(entry))
        found.push_back({entry.position, std::move(*packed)});
      else
        ++repaired.not_found;
    }
  if (!found.empty()) (void)store.restore(found);
  repaired.left = count_of(store.condition().damaged);
  repaired.restored = count_of(damaged) - repaired.left;
  return repaired;
}

Repaired repair(SnapshotStore& store, const FetchBody& fetch) {
  Repaired repaired;
  for (const Digest& digest : store.examine()) {
    const auto body = fetch(digest);
    if (!body)
      ++repaired.not_found;
    else if (store.heal(digest, *body))
      ++repaired.restored;
  }
  repaired.left = store.examine().size();
  return repaired;
}

}  // namespace ibcf
