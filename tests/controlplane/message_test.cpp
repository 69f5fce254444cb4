#include "controlplane/message.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

Chunk a_chunk() {
  Chunk chunk{};
  chunk.first = 1;
  chunk.last = 2;
  chunk.entries = {{.first = 1, .last = 1, .packed = {1, 2, 3}, .body_bytes = 100},
                   {.first = 2, .last = 2, .packed = {4}}};
  chunk.digest = digest_of(chunk.entries);
  return chunk;
}

template <std::size_t... I>
std::set<std::string_view> all_names(std::index_sequence<I...>) {
  std::set<std::string_view> names;
  const auto add = [&](const auto& message) { names.insert(name_of(message)); };
  (add(Message(std::in_place_index<I>)), ...);
  return names;
}

}  // namespace

TEST_CASE("every kind of message has a name of its own", "[message]") {
  constexpr std::size_t kinds = std::variant_size_v<Message>;

  const auto names = all_names(std::make_index_sequence<kinds>{});

  CHECK(names.size() == kinds);
  CHECK(name_of(Heartbeat{}) == "Heartbeat");
  CHECK(name_of(std::make_shared<const Sync>()) == "Sync");
  CHECK(name_of(std::make_shared<const Replicated>()) == "Replicated");
  CHECK(name_of(std::make_shared<const Hello>()) == "Hello");
  CHECK(name_of(std::make_shared<const Replicate>()) == "Replicate");
}

TEST_CASE("a chunk weighs its entries with the bodies that travel along", "[message]") {
  const Chunk light = a_chunk();
  Chunk heavy = light;
  heavy.entries[0].body_bytes += 5000;
  heavy.entries[1].packed.resize(11);

  const auto difference =
      wire_bytes(std::make_shared<const Chunk>(heavy)) - wire_bytes(std::make_shared<const Chunk>(light));

  CHECK(difference == 5010);
}

TEST_CASE(
    "a message weighs what it packs to, with seal and framing, a heartbeat little more than a hundred bytes",
    "[message]") {
  const auto packed = [](const auto& message) { return encode(message).size(); };
  const auto shared = []<class T>(T message) { return std::make_shared<const T>(std::move(message)); };

  CHECK(wire_bytes(Heartbeat{}) == 103);
  CHECK(wire_bytes(Heartbeat{}) == packed(Heartbeat{}) + 8 + 48);
  CHECK(wire_bytes(HeartbeatAck{}) == packed(HeartbeatAck{}) + 8 + 48);
  CHECK(wire_bytes(ChunkAck{}) == packed(ChunkAck{}) + 16 + 48);
  CHECK(wire_bytes(Nack{}) == packed(Nack{}) + 16 + 48);
  CHECK(wire_bytes(shared(Fin{})) == packed(Fin{}) + 16 + 48);
  CHECK(wire_bytes(CommandProgress{}) == packed(CommandProgress{}) + 16 + 48);
  CHECK(wire_bytes(EpochNotice{}) == packed(EpochNotice{}) + 16 + 48);
  CHECK(wire_bytes(RevocationsHeld{}) == packed(RevocationsHeld{}) + 16 + 48);
  CHECK(wire_bytes(shared(RevocationNotice{})) == packed(RevocationNotice{}) + 16 + 48);
  CHECK(wire_bytes(Defer{}) == packed(Defer{}) + 16 + 48);
  CHECK(wire_bytes(shared(Grant{})) == packed(Grant{}) + 16 + 48);
  CHECK(wire_bytes(shared(Verdict{})) == packed(Verdict{}) + 16 + 48);
}

TEST_CASE("the digest of a chunk covers every field of every entry, and their order", "[message][trust]") {
  const Chunk chunk = a_chunk();
  const auto differs = [&](auto&& change) {
    auto entries = chunk.entries;
    change(entries);
    return digest_of(entries) != chunk.digest;
  };

  CHECK(differs([](auto& entries) { entries[0].packed[0] ^= 1; }));
  CHECK(differs([](auto& entries) { ++entries[0].first; }));
  CHECK(differs([](auto& entries) { ++entries[1].last; }));
  CHECK(differs([](auto& entries) { ++entries[1].body_bytes; }));
  CHECK(differs([](auto& entries) { std::swap(entries[0], entries[1]); }));
  CHECK(differs([](auto& entries) { entries.pop_back(); }));
}

TEST_CASE("what a chunk's signature covers changes with every field but the signature", "[message][trust]") {
  const Bytes covered = signed_bytes(a_chunk());
  const auto differs = [&](auto&& change) {
    Chunk chunk = a_chunk();
    change(chunk);
    return signed_bytes(chunk) != covered;
  };

  CHECK(differs([](Chunk& c) { c.origin.bytes[3] ^= 1; }));
  CHECK(differs([](Chunk& c) { ++c.incarnation; }));
  CHECK(differs([](Chunk& c) { ++c.session; }));
  CHECK(differs([](Chunk& c) { ++c.fencing_token; }));
  CHECK(differs([](Chunk& c) { c.stream = StreamClass::history; }));
  CHECK(differs([](Chunk& c) { ++c.first; }));
  CHECK(differs([](Chunk& c) { ++c.last; }));
  CHECK(differs([](Chunk& c) { c.digest.bytes[0] ^= 1; }));
  CHECK_FALSE(differs([](Chunk& c) { c.signature[0] ^= 1; }));
}

TEST_CASE("what a Hello's signature covers changes with every field but the signature", "[message][trust]") {
  const Bytes covered = signed_bytes(Hello{});
  const auto differs = [&](auto&& change) {
    Hello hello;
    change(hello);
    return signed_bytes(hello) != covered;
  };

  CHECK(differs([](Hello& h) { h.origin.bytes[3] ^= 1; }));
  CHECK(differs([](Hello& h) { ++h.incarnation; }));
  CHECK(differs([](Hello& h) { ++h.nonce; }));
  for (std::size_t i = 0; i < all_streams.size(); ++i) {
    CHECK(differs([i](Hello& h) { ++h.streams[i].first; }));
    CHECK(differs([i](Hello& h) { h.streams[i].before.bytes[0] ^= 1; }));
    CHECK(differs([i](Hello& h) { ++h.streams[i].head; }));
    CHECK(differs([i](Hello& h) { h.streams[i].value.bytes[0] ^= 1; }));
    CHECK(differs([i](Hello& h) { ++h.streams[i].bytes; }));
  }
  CHECK(differs([](Hello& h) { ++h.max_epoch_seen; }));
  CHECK(differs([](Hello& h) { h.mode = ConnectivityMode::live; }));
  CHECK(differs([](Hello& h) { h.clock += 1ns; }));
  CHECK(differs([](Hello& h) { h.bundle_id.bytes[0] ^= 1; }));
  CHECK(differs([](Hello& h) { ++h.revocations; }));
  CHECK_FALSE(differs([](Hello& h) { h.signature[0] ^= 1; }));
}

TEST_CASE("a signed chunk never passes for a signed Hello", "[message][trust]") {
  CHECK(signed_bytes(Chunk{}) != signed_bytes(Hello{}));
}
