#include "controlplane/normalizer.hpp"
#include "model/check.hpp"
#include "model/json.hpp"
#include "model/payloads.hpp"

using namespace ibcf;

/// A packed Event and its payload: what decodes is the only encoding of its value, has a JSON form, and is
/// judged by the rules of the door.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto event = decode<Event>(bytes);
  if (!event) return 0;
  const Bytes again = encode(*event);
  check(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()),
        "an event has one encoding, or a digest of it means nothing");
  const bool is_readable = with_payload(event->type, [&]<class Payload>() {
    const auto payload = decode<Payload>(event->payload);
    if (payload) check(encode(*payload) == event->payload, "a payload has one encoding");
    return payload.has_value();
  });
  const Json json = payload_json(event->type, event->payload);
  check(json.is_null() == !is_readable, "what is readable has a JSON form");
  (void)json.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const Writer writer : {Writer::node, Writer::master})
    if (!objection_to(*event, writer)) check(is_readable, "what is unreadable does not pass the door");
  return 0;
}
