#include "controlplane/normalizer.hpp"
#include "model/check.hpp"
#include "model/json.hpp"
#include "model/observation.hpp"

using namespace ibcf;

/// The body of a snapshot: what decodes is the only encoding of its value, so that its digest is its name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto snapshot = decode<Snapshot>(bytes);
  Observation observation;
  observation.body = digest_of(bytes);
  check(size == 0 || objection_to(observation, bytes).has_value() == !snapshot.has_value(),
        "a body that is a snapshot passes the door, and no other");
  if (!snapshot) return 0;
  const Bytes again = encode(*snapshot);
  check(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()),
        "a snapshot has one encoding, or two digests would name one state");
  (void)to_json(*snapshot).dump(-1, ' ', false, Json::error_handler_t::replace);
  return 0;
}
