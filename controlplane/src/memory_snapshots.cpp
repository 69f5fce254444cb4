#include "controlplane/memory_snapshots.hpp"

#include <algorithm>

namespace ibcf {

Digest MemorySnapshots::put(ByteView body, std::uint64_t position) {
  const Digest digest = digest_of(body);
  Body& kept = bodies_[digest];
  kept.position = std::max(kept.position, position);
  kept.bytes.assign(body.begin(), body.end());
  return digest;
}

std::optional<Bytes> MemorySnapshots::get(const Digest& digest) const {
  const auto found = bodies_.find(digest);
  if (found == bodies_.end() || digest_of(found->second.bytes) != digest) return std::nullopt;
  return found->second.bytes;
}

SnapshotStore::Presence MemorySnapshots::presence(const Digest& digest) const {
  const auto found = bodies_.find(digest);
  if (found == bodies_.end()) return Presence::absent;
  return digest_of(found->second.bytes) == digest ? Presence::whole : Presence::damaged;
}

std::uint64_t MemorySnapshots::retain(std::uint64_t from, const Holds& holds,
                                      const std::set<Digest>& reachable) {
  const std::uint64_t bound = holds.bound(from);
  return std::erase_if(bodies_, [&](const auto& named) {
    const auto& [digest, body] = named;
    return body.position < bound && !reachable.contains(digest) && digest_of(body.bytes) == digest;
  });
}

std::vector<Digest> MemorySnapshots::examine() const {
  std::vector<Digest> damaged;
  for (const auto& [digest, body] : bodies_)
    if (digest_of(body.bytes) != digest) damaged.push_back(digest);
  return damaged;
}

bool MemorySnapshots::heal(const Digest& digest, ByteView body) {
  if (presence(digest) != Presence::damaged || digest_of(body) != digest) return false;
  bodies_[digest].bytes.assign(body.begin(), body.end());
  return true;
}

Bytes* MemorySnapshots::faulty_memory(const Digest& digest) {
  const auto found = bodies_.find(digest);
  return found == bodies_.end() ? nullptr : &found->second.bytes;
}

}  // namespace ibcf
