#pragma once

#include <vector>

#include "../model/any_value.hpp"
#include "hand_driver.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// Three nodes, their relay and their master for about an hour of everything that may happen to them on the
/// way and at home, from one seed: links that break, packets that are lost, doubled, kept back for minutes
/// and changed, crashes, orders, telemetry. After that an hour in which nothing happens any more.
struct HostileHistory {
  static constexpr std::uint32_t nodes = 3;

  explicit HostileHistory(std::uint64_t seed) : draws_(seed) {
    twin.machine.takes = std::chrono::seconds{20};
    twin.agent_settings.chunk_bytes = 600;
    twin.master_settings.chunk_bytes = 600;
    twin.start(nodes);
    twin.run_until(at_minute(3));
    twin.on_the_way = [this](const HandDriver::Hop& hop, Packet& packet) { return copies_of(hop, packet); };
    for (int step = 0; step < 50; ++step) {
      act();
      twin.run_for(std::chrono::seconds{draws_.below(150)});
    }
    twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
    twin.set_upstream(true);
    for (std::uint32_t node = 0; node < nodes; ++node) twin.heal(node);
    twin.run_for(std::chrono::hours{1});
  }

  HandDriver twin;
  std::vector<CommandId> orders;
  struct Counts {
    int changed = 0, kept_back = 0, crashed = 0, restarted = 0;
    Counts& operator+=(const Counts& more) {
      changed += more.changed, kept_back += more.kept_back, crashed += more.crashed;
      restarted += more.restarted;
      return *this;
    }
  } counts;

 private:
  static Instant at_minute(int minute) { return Instant{} + std::chrono::minutes{minute}; }

  void act() {
    const auto node = static_cast<std::uint32_t>(draws_.below(nodes));
    switch (draws_.below(11)) {
      case 0:
      case 1:
        twin.cut(node);
        break;
      case 2:
      case 3:
      case 4:
        twin.heal(node);
        break;
      case 5:
        twin.reboot(node);
        ++counts.crashed;
        break;
      case 6:
        twin.set_upstream(draws_.below(3) != 0);
        break;
      case 7:
        if (const auto order = twin.order(node)) orders.push_back(*order);
        break;
      case 8:
        twin.restart_master();
        ++counts.restarted;
        break;
      default:
        twin.observe(node, Priority::health);
    }
  }

  int copies_of(const HandDriver::Hop& hop, Packet& packet) {
    const std::uint64_t fate = draws_.below(40);
    if (fate < 2) return 0;
    if (fate < 4) return 2;
    if (fate == 4) {
      ++counts.kept_back;
      twin.at(twin.now + std::chrono::seconds{draws_.below(600)},
              [this, to = hop.to, packet] { twin.give(to, packet); });
      return static_cast<int>(draws_.below(2));
    }
    if (fate == 5) change(packet);
    return 1;
  }

  // Its seal or signature stays as it was.
  void change(Packet& packet) {
    ++counts.changed;
    const auto other = [&](auto& shared, const auto& alter) {
      auto copy = *shared;
      alter(copy);
      shared = std::make_shared<const decltype(copy)>(std::move(copy));
    };
    if (auto* hello = std::get_if<Shared<Hello>>(&packet.message))
      other(*hello, [&](Hello& of) {
        of.nonce += draws_.below(5);
        of.streams[0].head += 1;
      });
    else if (auto* grant = std::get_if<Shared<Grant>>(&packet.message))
      other(*grant, [&](Grant& of) {
        of.session += 1;
        of.fencing_token += draws_.below(3);
      });
    else if (auto* chunk = std::get_if<Shared<Chunk>>(&packet.message))
      other(*chunk, [&](Chunk& of) {
        of.fencing_token += 1;
        of.session += draws_.below(2);
      });
    else if (auto* verdict = std::get_if<Shared<Verdict>>(&packet.message))
      other(*verdict, [&](Verdict& of) {
        of.session += 1;
        of.kind = VerdictKind::clean;
      });
    else if (auto* ack = std::get_if<ChunkAck>(&packet.message))
      ack->mark += 3;
    else if (auto* fin = std::get_if<Shared<Fin>>(&packet.message))
      other(*fin, [&](Fin& of) { of.heads[0] += 1; });
  }

  test::AnyValue draws_;
};

}  // namespace ibcf
