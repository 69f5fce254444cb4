#include "controlplane/eventstore.hpp"

#include <cstring>

#include "model/crc32.hpp"

namespace ibcf {

std::uint32_t check_sum_of(ByteView packed, Instant ingested) {
  std::uint8_t time[8];
  const std::int64_t ns = nanoseconds_of(ingested);
  std::memcpy(time, &ns, sizeof time);
  return crc32_of(time, crc32_of(packed));
}

}  // namespace ibcf
