#include "model/payloads.hpp"

#include "model/json.hpp"

namespace ibcf {

Json payload_json(EventType type, ByteView payload) {
  return with_payload(type, [&]<class Payload>() -> Json {
    const auto value = decode<Payload>(payload);
    return value ? to_json(*value) : Json(nullptr);
  });
}

}  // namespace ibcf
