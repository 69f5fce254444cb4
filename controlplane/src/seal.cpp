#include "controlplane/seal.hpp"

#include <sodium.h>

#include <cstring>

namespace ibcf {
namespace {

// The packed form, on the stack: a heartbeat allocates nothing.
template <class Beat>
struct PackedBeat {
  std::array<std::uint8_t, 64> bytes{};
  std::size_t size = 0;

  explicit PackedBeat(const Beat& beat) {
    Beat::visit_fields(beat, [this](std::string_view, const auto& field) { this->put(field); });
  }
  template <class T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(bytes.data() + size, &value, sizeof value);
    size += sizeof value;
  }
};

void put(Encoder& encoder, const CommandDelivery& delivery) {
  const auto put_shared = [&](const auto& shared) {
    encoder.put(shared != nullptr);
    if (shared) encoder.put(*shared);
  };
  encoder.put(delivery.command);
  put_shared(delivery.bundle);
  put_shared(delivery.artifact);
  put_shared(delivery.revocations);
}
template <Described T>
void put(Encoder& encoder, const T& fields) {
  encoder.put(fields);
}

template <class T>
Bytes named(std::string_view kind, const T& fields) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.put(std::string(kind));
  put(encoder, fields);
  return bytes;
}

}  // namespace

Seal seal_of(const LinkSecret& secret, const Message& message) {
  // The two are told apart by their lengths.
  const auto beat = [&](const auto& one) {
    const PackedBeat packed(one);
    return secret.quick_seal({packed.bytes.data(), packed.size});
  };
  const auto sealed = [&](const auto& fields) { return secret.seal(named(name_of(message), fields)); };
  return std::visit(
      Match{
          [&](const Heartbeat& one) { return beat(one); }, [&](const HeartbeatAck& one) { return beat(one); },
          [&](const ChunkAck& one) { return sealed(one); }, [&](const Nack& one) { return sealed(one); },
          [&](const Shared<Fin>& one) { return sealed(*one); },
          [&](const CommandProgress& one) { return sealed(one); },
          [&](const EpochNotice& one) { return sealed(one); },
          [&](const NewHome& one) { return sealed(one); }, [&](const Defer& one) { return sealed(one); },
          [&](const RevocationsHeld& one) { return sealed(one); },
          [&](const Shared<RevocationNotice>& one) { return sealed(*one); },
          [&](const Shared<Grant>& one) { return sealed(*one); },
          [&](const Shared<Verdict>& one) { return sealed(*one); },
          [&](const Shared<CommandDelivery>& one) { return sealed(*one); },
          [&](const Shared<Chunk>& one) {
            return one->session == 0 ? secret.seal(signed_bytes(*one)) : Seal{};
          },
          [](const auto&) { return Seal{}; },  // signed, or not between a node and its master
      },
      message);
}

bool fits(const LinkSecret& secret, const Packet& packet) {
  static_assert(crypto_verify_16_BYTES == std::tuple_size_v<Seal>);
  return crypto_verify_16(seal_of(secret, packet.message).data(), packet.seal.data()) == 0;
}

bool is_signed(const Message& message) {
  if (const auto* chunk = std::get_if<Shared<Chunk>>(&message)) return (*chunk)->session != 0;
  return std::holds_alternative<Shared<Hello>>(message);
}

}  // namespace ibcf
