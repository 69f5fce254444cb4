#include "controlplane/message.hpp"

#include <array>

namespace ibcf {
namespace {

constexpr std::uint32_t framing = 48;
constexpr std::uint32_t beat_seal = 8;
constexpr std::uint32_t seal = 16;
constexpr std::uint32_t stream_bytes = 16 + 4 + 1;
constexpr std::uint32_t mark_bytes = stream_bytes + 3 * 8;

std::uint32_t bytes_of(const LogEntry& entry) {
  return static_cast<std::uint32_t>(entry.packed.size()) + entry.body_bytes + 12;
}

template <class T>
std::uint32_t packed_size(const T& value) {
  return static_cast<std::uint32_t>(encode(value).size());
}

std::uint32_t bytes_of(const CommandDelivery& delivery) {
  return packed_size(delivery.command) + (delivery.bundle ? packed_size(*delivery.bundle) : 0) +
         (delivery.artifact ? packed_size(*delivery.artifact) : 0) +
         (delivery.revocations ? packed_size(*delivery.revocations) : 0);
}

}  // namespace

std::uint32_t wire_bytes(const Message& message) {
  const std::uint32_t content =
      std::visit(Match{
                     [](const Heartbeat&) { return 47 + beat_seal; },
                     [](const HeartbeatAck&) { return 61 + beat_seal; },
                     [](const ChunkAck&) { return 33 + seal; },
                     [](const Nack&) { return 17 + seal; },
                     [](const Custody&) { return 9u; },
                     [](const Shared<Delegated>& delegated) {
                       return wire_bytes(delegated->word.message) - framing + 4 + 8;  // whose, and the age
                     },
                     [](const CommandProgress&) { return 25 + seal; },
                     [](const EpochNotice&) { return 24 + seal; },
                     [](const NewHome&) { return 24 + seal; },
                     [](const RevocationsHeld&) { return 16 + seal; },
                     [](const Shared<RevocationNotice>& notice) { return packed_size(*notice) + seal; },
                     [](const Defer&) { return 25 + seal; },
                     [](const LeaseRequest&) { return 32u; },
                     [](const LeaseRevoked&) { return 24u; },
                     [](const LeaseReleased&) { return 24u; },
                     [](const Received&) { return 16u; },
                     [](const Shared<Fin>&) { return 176 + seal; },
                     [](const Shared<Grant>&) { return 76 + seal; },
                     [](const Shared<Verdict>& verdict) { return packed_size(*verdict) + seal; },
                     [](const Shared<Chunk>& chunk) {
                       std::uint32_t bytes = 85 + (chunk->session == 0 ? seal : 64);
                       for (const LogEntry& entry : chunk->entries) bytes += bytes_of(entry);
                       return bytes;
                     },
                     [](const Shared<Hello>&) { return 485u; },
                     [](const Shared<CommandDelivery>& delivery) { return bytes_of(*delivery) + seal; },
                     [](const Shared<LeaseGranted>& granted) { return packed_size(granted->grant) + 8; },
                     [](const Shared<CommandForward>& forward) { return packed_size(forward->command); },
                     [](const Shared<RolloutOrder>& order) {
                       return packed_size(order->bundle) + 16 +
                              static_cast<std::uint32_t>(8 * order->waves.size() + 16 * order->scopes.size());
                     },
                     [](const Shared<Sync>& sync) {
                       return 69u + mark_bytes * static_cast<std::uint32_t>(sync->marks.size());
                     },
                     [](const Shared<Replicate>& replicate) {
                       std::uint32_t bytes = 40;
                       for (const auto* list : {&replicate->entries, &replicate->bodies})
                         for (const Bytes& one : *list) bytes += 4 + static_cast<std::uint32_t>(one.size());
                       return bytes;
                     },
                     [](const Shared<Replicated>& replicated) {
                       return 48u + mark_bytes * static_cast<std::uint32_t>(replicated->marks.size()) +
                              stream_bytes * static_cast<std::uint32_t>(replicated->refused.size());
                     },
                 },
                 message);
  return content + framing;
}

std::string_view name_of(const Message& message) {
  constexpr std::array<std::string_view, std::variant_size_v<Message>> names{"Heartbeat",
                                                                             "HeartbeatAck",
                                                                             "ChunkAck",
                                                                             "Nack",
                                                                             "Custody",
                                                                             "CommandProgress",
                                                                             "EpochNotice",
                                                                             "Defer",
                                                                             "LeaseRequest",
                                                                             "LeaseRevoked",
                                                                             "LeaseReleased",
                                                                             "Received",
                                                                             "Fin",
                                                                             "Grant",
                                                                             "Verdict",
                                                                             "Chunk",
                                                                             "Hello",
                                                                             "CommandDelivery",
                                                                             "LeaseGranted",
                                                                             "CommandForward",
                                                                             "RolloutOrder",
                                                                             "Sync",
                                                                             "Replicate",
                                                                             "Replicated",
                                                                             "NewHome",
                                                                             "Delegated",
                                                                             "RevocationsHeld",
                                                                             "RevocationNotice"};
  return names[message.index()];
}

AnyId cause_of_hello(std::uint64_t nonce) {
  AnyId cause;
  for (auto byte = cause.bytes.rbegin(); nonce != 0; nonce >>= 8) *byte++ = static_cast<std::uint8_t>(nonce);
  return cause;
}

std::uint64_t nonce_in(const AnyId& cause) {
  std::uint64_t nonce = 0;
  for (std::size_t i = cause.bytes.size() - sizeof nonce; i < cause.bytes.size(); ++i)
    nonce = nonce << 8 | cause.bytes[i];
  return nonce;
}

Digest digest_of(const std::vector<LogEntry>& entries) {
  Digest value;
  for (const LogEntry& entry : entries) {
    Bytes head;
    Encoder encoder(head);
    encoder.put(entry.first);
    encoder.put(entry.last);
    encoder.put(entry.body_bytes);
    encoder.put(entry.body);
    encoder.raw(entry.packed);
    value = chain(value, head);
  }
  return value;
}

Bytes signed_bytes(const Chunk& chunk) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.put(std::string("chunk"));
  encoder.put(chunk.origin);
  encoder.put(chunk.incarnation);
  encoder.put(chunk.session);
  encoder.put(chunk.fencing_token);
  encoder.put(chunk.stream);
  encoder.put(chunk.first);
  encoder.put(chunk.last);
  encoder.put(chunk.digest);
  return bytes;
}

Bytes signed_bytes(const Hello& hello) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.put(std::string("hello"));
  encoder.put(hello.origin);
  encoder.put(hello.incarnation);
  encoder.put(hello.nonce);
  encoder.put(hello.streams);
  encoder.put(hello.max_epoch_seen);
  encoder.put(hello.mode);
  encoder.put(hello.clock);
  encoder.put(hello.bundle_id);
  encoder.put(hello.revocations);
  return bytes;
}

}  // namespace ibcf
