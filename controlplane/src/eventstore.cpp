#include "controlplane/eventstore.hpp"

#include <algorithm>
#include <cstring>

#include "model/crc32.hpp"

namespace ibcf {

std::uint32_t check_sum_of(ByteView packed, Instant ingested) {
  std::uint8_t time[8];
  const std::int64_t ns = nanoseconds_of(ingested);
  std::memcpy(time, &ns, sizeof time);
  return crc32_of(time, crc32_of(packed));
}

void Segment::add(Instant ingested, ByteView packed) {
  ++count;
  bytes += packed.size();
  earliest = std::min(earliest, ingested);
  latest = std::max(latest, ingested);
  hash = chain(hash, packed);
}

void StoreCondition::add(DamagedEntry entry, std::string_view what) {
  if (damaged.empty() || damaged.back().end() != entry.position || damaged.back().what != what)
    damaged.push_back({entry.position, {}, std::string(what)});
  damaged.back().entries.push_back(std::move(entry));
}

std::uint64_t StoreCondition::sound_until(std::uint64_t position) const {
  for (const Damage& damage : damaged)
    if (position < damage.end()) return std::max(position, damage.first);
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace ibcf
