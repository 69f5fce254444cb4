#include "controlplane/relay.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <map>

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr Endpoint master{Role::master, 0};

Endpoint node(std::uint32_t index) {
  return {Role::node, index};
}

Packet chunk_from(std::uint32_t from, std::uint64_t seq, std::uint32_t body_bytes = 0,
                  std::uint64_t session = 0) {
  Chunk chunk{};
  chunk.session = session;
  chunk.first = chunk.last = seq;
  chunk.entries.push_back({.first = seq, .last = seq, .packed = {}, .body_bytes = body_bytes});
  return {node(from), master, std::make_shared<const Chunk>(std::move(chunk))};
}

Packet held_from(std::uint32_t from) {
  return {node(from), master, CommandProgress{}};
}

Packet command_to(std::uint32_t to, std::uint64_t epoch = 1) {
  CommandDelivery delivery;
  delivery.command.epoch = epoch;
  return {master, node(to), std::make_shared<const CommandDelivery>(std::move(delivery))};
}

Packet notice_to(std::uint32_t to, std::uint64_t epoch = 1) {
  return {master, node(to), EpochNotice{{}, epoch}};
}

/// The relay, and what it sent since it was last asked.
struct Bench {
  RelayCore relay;
  Outbox out{};

  Instant now{};

  std::vector<Outgoing> hand(const Packet& packet) {
    relay.on_message(packet, now, out);
    return take();
  }
  std::vector<Outgoing> upstream(bool open) {
    relay.on_upstream(open, now, out);
    return take();
  }
  std::vector<Outgoing> link(std::uint32_t to, bool open) {
    relay.on_node_link(to, open, now, out);
    return take();
  }
  std::vector<Outgoing> take() {
    auto sends = std::move(out.sends);
    out.clear();
    return sends;
  }
};

std::vector<std::string> names_of(const std::vector<Outgoing>& sends) {
  std::vector<std::string> names;
  names.reserve(sends.size());
  for (const Outgoing& one : sends) names.emplace_back(name_of(one.packet.message));
  return names;
}

std::uint64_t seq_of(const Packet& packet) {
  return std::get<Shared<Chunk>>(packet.message)->last;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what finds its way open passes through unchanged and is not kept", "[relay]") {
  Bench bench{RelayCore(0, 1000)};

  const auto up = bench.hand(chunk_from(3, 1));
  const auto down = bench.hand(command_to(3));

  REQUIRE(up.size() == 1);
  CHECK(up[0].via == master);
  CHECK(up[0].packet.from == node(3));
  REQUIRE(down.size() == 1);
  CHECK(down[0].via == node(3));
  CHECK(bench.relay.stored_bytes() == 0);
  CHECK(bench.relay.counters().forwarded == 2);
}

TEST_CASE("a node hears of custody when its events are stored, up to the newest of them", "[relay]") {
  Bench bench{RelayCore(0, 1000)};
  bench.upstream(false);

  const auto sent = bench.hand(chunk_from(3, 17));

  REQUIRE(names_of(sent) == Names{"Custody"});
  CHECK(sent[0].via == node(3));
  CHECK(sent[0].packet.to == node(3));
  CHECK(std::get<Custody>(sent[0].packet.message).upto == 17);
  CHECK(bench.relay.stored_bytes() == wire_bytes(chunk_from(3, 17).message));
}

TEST_CASE("no custody is promised for events there is no room for", "[relay]") {
  Bench bench{RelayCore(0, 1000)};
  bench.upstream(false);

  CHECK(bench.hand(chunk_from(3, 17, 2000)).empty());

  CHECK(bench.relay.stored_bytes() == 0);
  CHECK(bench.relay.counters().shed == 1);
}

TEST_CASE("a replay's chunk is not kept: its session would be over", "[relay]") {
  Bench bench{RelayCore(0, 1000)};
  bench.upstream(false);

  CHECK(bench.hand(chunk_from(3, 17, 0, 5)).empty());

  CHECK(bench.relay.counters().discarded == 1);
  CHECK(bench.upstream(true).empty());
}

TEST_CASE("heartbeats, their acknowledgements, Hellos and grants are worth nothing late and are dropped",
          "[relay]") {
  Bench bench{RelayCore(0, 100'000)};
  bench.upstream(false);
  bench.link(4, false);

  CHECK(bench.hand({node(3), master, Heartbeat{}}).empty());
  CHECK(bench.hand({node(3), master, std::make_shared<const Hello>()}).empty());
  CHECK(bench.hand({node(3), master, std::make_shared<const Fin>()}).empty());
  CHECK(bench.hand({master, node(4), HeartbeatAck{}}).empty());
  CHECK(bench.hand({master, node(4), std::make_shared<const Grant>()}).empty());

  CHECK(bench.upstream(true).empty());
  CHECK(bench.link(4, true).empty());
  CHECK(bench.relay.counters().discarded == 5);
  CHECK(bench.relay.stored_bytes() == 0);
}

TEST_CASE("of a node out of reach the newest sign of life goes up when the way opens, once and with its age",
          "[relay][evidence]") {
  Bench bench{RelayCore(2, 100'000)};
  bench.upstream(false);
  bench.now = at(10min);
  bench.hand({node(3), master, Heartbeat{}});
  bench.now = at(20min);
  bench.hand({node(3), master, std::make_shared<const Hello>()});
  bench.hand({node(4), master, Heartbeat{}});
  bench.link(3, false);

  bench.now = at(1h);
  const auto up = bench.upstream(true);

  REQUIRE(names_of(up) == Names{"Delegated"});  // node 4 is in reach and speaks for itself
  CHECK(up[0].via == master);
  CHECK(up[0].packet.from == Endpoint{Role::relay, 2});
  const Delegated& told = *std::get<Shared<Delegated>>(up[0].packet.message);
  CHECK(told.word.from == node(3));
  CHECK(name_of(told.word.message) == "Hello");
  CHECK(told.kept == 40min);
  CHECK(bench.relay.counters().delegated == 1);
  CHECK(bench.relay.stored_bytes() == 0);
  bench.upstream(false);
  CHECK(bench.upstream(true).empty());
}

TEST_CASE("a sign of life takes room that nothing else needs, and gives it back, the oldest first",
          "[relay][evidence]") {
  const auto beat = wire_bytes(Heartbeat{});
  const auto chunk = wire_bytes(chunk_from(1, 1, 100).message);
  Bench bench{RelayCore(0, chunk + 2 * beat)};
  for (const std::uint32_t who : {3, 4, 5}) bench.link(who, false);
  bench.upstream(false);
  bench.now = at(1min);
  bench.hand({node(4), master, Heartbeat{}});
  bench.now = at(2min);
  bench.hand({node(3), master, Heartbeat{}});
  bench.hand(chunk_from(1, 1, 100));
  bench.hand({node(5), master, Heartbeat{}});  // no room left
  CHECK(bench.relay.stored_bytes() == chunk + 2 * beat);

  CHECK(names_of(bench.hand(held_from(1))).empty());

  const auto up = bench.upstream(true);
  REQUIRE(names_of(up) == Names{"CommandProgress", "Chunk", "Delegated"});
  CHECK(std::get<Shared<Delegated>>(up[2].packet.message)->word.from == node(3));
  CHECK(bench.relay.counters().shed == 0);
}

TEST_CASE("I-9: a relay that restarts tells nothing of who spoke before", "[relay][evidence]") {
  Bench bench{RelayCore(0, 1000)};
  bench.upstream(false);
  bench.hand({node(3), master, Heartbeat{}});

  bench.relay.restart();

  bench.upstream(false);
  bench.link(3, false);
  CHECK(bench.upstream(true).empty());
}

TEST_CASE("when the way opens, authority goes first, then commands, then events, each in the order they came",
          "[relay]") {
  Bench bench{RelayCore(0, 100'000)};
  bench.upstream(false);
  bench.link(3, false);
  bench.hand(chunk_from(1, 1));
  bench.hand(chunk_from(2, 7));
  bench.hand(held_from(1));
  bench.hand(chunk_from(1, 2));
  bench.hand(command_to(3, 10));
  bench.hand(command_to(3, 11));
  bench.hand(notice_to(3, 12));
  bench.hand({master, node(3), std::make_shared<const Verdict>()});

  const auto up = bench.upstream(true);
  const auto down = bench.link(3, true);

  REQUIRE(names_of(up) == Names{"CommandProgress", "Chunk", "Chunk", "Chunk"});
  CHECK(seq_of(up[1].packet) == 1);
  CHECK(seq_of(up[2].packet) == 7);
  CHECK(seq_of(up[3].packet) == 2);
  REQUIRE(names_of(down) == Names{"EpochNotice", "Verdict", "CommandDelivery", "CommandDelivery"});
  CHECK(std::get<Shared<CommandDelivery>>(down[2].packet.message)->command.epoch == 10);
  CHECK(std::get<Shared<CommandDelivery>>(down[3].packet.message)->command.epoch == 11);
  CHECK(bench.relay.stored_bytes() == 0);
}

TEST_CASE("I-9: a relay that restarts has lost what it kept, and takes its ways for open until it is told",
          "[relay]") {
  Bench bench{RelayCore(3, 1 << 20)};
  bench.upstream(false);
  bench.link(7, false);
  bench.hand(chunk_from(7, 1));
  bench.hand(command_to(7));
  REQUIRE(bench.relay.stored_bytes() > 0);

  bench.relay.restart();

  CHECK(bench.relay.stored_bytes() == 0);
  CHECK(bench.relay.counters().lost == 2);
  CHECK(bench.upstream(true).empty());
  CHECK(bench.link(7, true).empty());
  CHECK(bench.hand(command_to(7)).size() == 1);
}

TEST_CASE("what waits for one node does not leave over another's link", "[relay]") {
  Bench bench{RelayCore(0, 100'000)};
  bench.link(3, false);
  bench.link(4, false);
  bench.hand(command_to(3));

  CHECK(bench.link(4, true).empty());
  CHECK(bench.hand(command_to(4)).size() == 1);
  CHECK(bench.link(3, true).size() == 1);
  CHECK(bench.link(3, true).empty());
}

TEST_CASE("a full relay lets the newest events go for commands and authority, never the other way round",
          "[relay]") {
  const auto room = 2 * wire_bytes(chunk_from(1, 1, 500).message);
  Bench bench{RelayCore(0, room)};
  bench.upstream(false);
  bench.link(3, false);
  bench.hand(chunk_from(1, 1, 500));
  bench.hand(chunk_from(1, 2, 500));

  CHECK(bench.hand(chunk_from(1, 3, 500)).empty());  // events do not push events out
  bench.hand(command_to(3));

  CHECK(bench.relay.counters().shed == 2);
  CHECK(bench.link(3, true).size() == 1);
  const auto up = bench.upstream(true);
  REQUIRE(up.size() == 1);
  CHECK(seq_of(up[0].packet) == 1);
}

TEST_CASE("a command finds no room where only commands are left, and none of them is dropped for it",
          "[relay]") {
  const auto each = wire_bytes(command_to(3).message);
  Bench bench{RelayCore(0, 2 * each + each / 2)};
  bench.link(3, false);

  bench.hand(command_to(3, 1));
  bench.hand(command_to(3, 2));
  bench.hand(command_to(3, 3));

  CHECK(bench.relay.counters().shed == 1);
  const auto down = bench.link(3, true);
  REQUIRE(down.size() == 2);
  CHECK(std::get<Shared<CommandDelivery>>(down[1].packet.message)->command.epoch == 2);
}

TEST_CASE(
    "a relay never holds more than its bytes, and every packet it took is released, shed or still there",
    "[relay][property]") {
  rc::prop("for any sequence of packets and openings", [](const std::vector<std::uint16_t>& inputs) {
    constexpr std::uint64_t room = 3000;
    Bench bench{RelayCore(0, room)};
    std::uint64_t promised = 0;
    std::uint64_t chunks_out = 0;
    std::uint64_t seq = 0;
    const auto look = [&](const std::vector<Outgoing>& sends) {
      for (const Outgoing& one : sends) {
        promised += std::holds_alternative<Custody>(one.packet.message) ? 1 : 0;
        chunks_out += std::holds_alternative<Shared<Chunk>>(one.packet.message) ? 1 : 0;
      }
    };
    for (const std::uint16_t input : inputs) {
      const std::uint32_t who = input >> 3 & 3;
      switch (input & 7) {
        case 0:
          look(bench.upstream((input >> 5 & 1) != 0));
          break;
        case 1:
          look(bench.link(who, (input >> 5 & 1) != 0));
          break;
        case 2:
          look(bench.hand(command_to(who)));
          break;
        case 3:
          look(bench.hand(notice_to(who)));
          break;
        case 4:
          look(bench.hand({node(who), master, Heartbeat{}}));
          break;
        case 5:
          look(bench.hand(held_from(who)));
          break;
        default:
          look(bench.hand(chunk_from(who, ++seq, input >> 5 & 1023)));
      }
      RC_ASSERT(bench.relay.stored_bytes() <= room);
    }
    look(bench.upstream(true));
    for (std::uint32_t who = 0; who < 4; ++who) look(bench.link(who, true));
    const auto& counters = bench.relay.counters();
    RC_ASSERT(bench.relay.stored_bytes() == 0u);
    RC_ASSERT(counters.released <= counters.stored);
    RC_ASSERT(counters.stored - counters.released <= counters.shed);
    RC_ASSERT(promised <= seq);
    RC_ASSERT(chunks_out <= seq);
  });
}
