#include <rapidcheck/catch.h>

#include "altered.hpp"
#include "hand_driver.hpp"

/// I-53: a relay can neither change nor forge, in either direction.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// A fleet's day in which everything is said that a node and its master have to say: heartbeats, events,
/// commands held and executed, a new term, two that return of which one is deferred, a Fin too early.
struct Day {
  HandDriver twin;
  /// Asked for every packet that a relay hands to a node or a master, after what the day itself loses.
  std::function<void(const HandDriver::Hop&, const Packet&)> on_the_last_hop = [](const auto&, const auto&) {
  };

  Day() {
    twin.master_settings.chunk_bytes = 1000;
    twin.master_settings.replay_credit_bytes = 2000;
    twin.master_settings.replay_sessions = 1;
    twin.on_the_way = [this](const HandDriver::Hop& hop, Packet& packet) {
      const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
      const bool is_replay = chunk != nullptr && (*chunk)->session != 0;
      // One replay is held up until the other node was deferred.
      const bool is_held_up = is_replay && packet.from.index == 1 && twin.master->counters().deferred == 0;
      if (is_held_up && hop.from.role == Role::node) return 0;
      if (hop.from.role == Role::relay) on_the_last_hop(hop, packet);
      return 1;
    };
  }

  void pass() {
    twin.start(2);
    twin.run_until(at(3min));
    REQUIRE(twin.order(0));
    twin.master->revoke_key({}, "leaked", twin.now);
    twin.run_until(at(5min));
    REQUIRE(twin.settle(0, 1min));
    twin.cut(0);
    twin.cut(1);
    twin.run_until(at(20min));
    twin.heal(1);
    REQUIRE(twin.run_to([&] { return twin.record(1).lock.has_value(); }));
    twin.heal(0);
    const ReplayLock& lock = *twin.record(1).lock;
    twin.to_master(1, std::make_shared<const Fin>(
                          Fin{lock.session, lock.fencing_token, lock.heads, {}}));  // too early: a Nack
    // Not from the master, which holds back what is for a node that returns: another way round.
    REQUIRE(twin.run_to([&] { return twin.agent().mode() == ConnectivityMode::replaying; }));
    Command command;
    command.id = derive_id<CommandTag>("day", 1, "command");
    command.epoch = 1;
    command.execute_before = never;
    twin.to_node(0, std::make_shared<const CommandDelivery>(CommandDelivery{command, nullptr, nullptr}));
    REQUIRE(twin.settle(0));
    REQUIRE(twin.settle(1));
    // Another master says that a new term has begun.
    twin.give({Role::master, 0}, {{Role::master, 1}, {Role::master, 0}, EpochNotice{twin.domain, 2}});
    twin.run_until(at(60min));
    REQUIRE(twin.run_to([&] { return twin.is_settled(0) && twin.is_settled(1); }, 2min));
  }

  /// What both ends and the log came to.
  [[nodiscard]] std::string result() const {
    std::string text = text_of(twin.store.head());
    for (std::uint32_t node = 0; node < 2; ++node) {
      const Agent& agent = twin.agent(node);
      text += " " + std::string(word_of(agent.mode())) + " " + std::to_string(agent.log().written()) + " " +
              std::to_string(agent.log().acknowledged()) + " " + std::to_string(agent.max_epoch_seen()) +
              " " + std::to_string(agent.desk().remembered());
    }
    return text;
  }
};

/// The day as it is without anybody who interferes.
const std::string& undisturbed() {
  static const std::string result = [] {
    Day day;
    day.pass();
    for (std::uint32_t node = 0; node < 2; ++node) {
      REQUIRE(day.twin.agent(node).max_epoch_seen() == 2);
      REQUIRE(day.twin.is_stored_exactly_once(node));
    }
    REQUIRE(day.twin.executed[0].size() == 1);
    return day.result();
  }();
  return result;
}

/// Hands a packet over and says whether the receiver wanted anything done.
bool is_ignored(HandDriver& twin, const Endpoint& to, const Packet& packet) {
  Outbox box;
  if (to.role == Role::node) twin.agents[to.index].on_message(packet, twin.now, box);
  if (to.role == Role::master) twin.master->on_message(packet, twin.now, box);
  return box.sends.empty() && box.timers.empty() && box.written.empty() && box.executed.empty();
}

std::uint64_t refusals(const HandDriver& twin, const Endpoint& by) {
  return by.role == Role::node ? twin.agent(by.index).refused() : twin.master->counters().refused;
}

using Names = std::set<std::string_view>;
const Names all_words{
    "Heartbeat", "HeartbeatAck",    "Chunk",           "ChunkAck",         "Nack",
    "Fin",       "CommandProgress", "Hello",           "EpochNotice",      "Defer",
    "Grant",     "Verdict",         "CommandDelivery", "RevocationNotice", "RevocationsHeld"};

std::uint64_t mix(std::uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

}  // namespace

TEST_CASE("I-53: a relay that changes any field of any message, either way, changes nothing at either end",
          "[trust][relay][property]") {
  const std::string& expected = undisturbed();
  Names seen;
  rc::prop("for any choice of fields and changes", [&](std::uint64_t seed) {
    Day day;
    std::uint64_t draws = seed;
    day.on_the_last_hop = [&](const HandDriver::Hop& hop, const Packet& packet) {
      if (std::holds_alternative<Custody>(packet.message)) return;  // the relay's own word
      seen.insert(name_of(packet.message));
      const auto refused = refusals(day.twin, hop.to);
      const Packet forged = altered(packet, mix(++draws));
      INFO(name_of(packet.message) << " to " << (hop.to.role == Role::node ? "a node" : "the master"));
      REQUIRE(is_ignored(day.twin, hop.to, forged));
      REQUIRE(refusals(day.twin, hop.to) == refused + 1);
    };

    day.pass();

    RC_ASSERT(day.result() == expected);
  });
  CHECK(seen == all_words);
}

TEST_CASE("I-53: a relay that turns messages round, or hands them to another node, changes nothing",
          "[trust][relay]") {
  const std::string& expected = undisturbed();
  Day day;
  Names seen;
  day.on_the_last_hop = [&](const HandDriver::Hop& hop, const Packet& packet) {
    if (std::holds_alternative<Custody>(packet.message)) return;
    seen.insert(name_of(packet.message));
    const bool is_upwards = packet.to.role == Role::master;
    const std::uint32_t node = is_upwards ? packet.from.index : packet.to.index;
    // Back to where it came from, as if from the other end; and as if from, or for, the other node.
    Packet turned = packet;
    std::swap(turned.from, turned.to);
    REQUIRE(is_ignored(day.twin, packet.from, turned));
    Packet strayed = packet;
    (is_upwards ? strayed.from : strayed.to).index = 1 - node;
    REQUIRE(is_ignored(day.twin, is_upwards ? hop.to : Endpoint{Role::node, 1 - node}, strayed));
  };

  day.pass();

  CHECK(day.result() == expected);
  CHECK(seen == all_words);
  CHECK(day.twin.agent(0).refused() > 100);
  CHECK(day.twin.master->counters().refused > 100);
}

TEST_CASE("I-53: a relay that says again whatever it ever heard changes no byte of the log",
          "[trust][relay][property]") {
  const std::string& expected = undisturbed();
  rc::prop("for any choice of when and what", [&](std::uint64_t seed) {
    Day day;
    std::vector<std::pair<Endpoint, Packet>> heard;
    std::uint64_t draws = seed;
    day.on_the_last_hop = [&](const HandDriver::Hop& hop, const Packet& packet) {
      // Said again, a Nack makes the node send again sooner than it would have: see below.
      if (std::holds_alternative<Nack>(packet.message)) return;
      heard.emplace_back(hop.to, packet);
      const auto& [to, again] = heard[mix(++draws) % heard.size()];
      const Duration later{static_cast<std::int64_t>(mix(++draws) % 200'000'000'000)};
      day.twin.at(day.twin.now + later, [&day, to = to, again = again] { day.twin.give(to, again); });
    };

    day.pass();

    RC_ASSERT(day.result() == expected);
    RC_ASSERT(day.twin.executed[0].size() == 1u);
  });
}

TEST_CASE("I-53: a Nack said again and again costs chunks sent again, and nothing is stored twice",
          "[trust][relay]") {
  Day day;
  day.on_the_last_hop = [&](const HandDriver::Hop& hop, const Packet& packet) {
    if (!std::holds_alternative<Nack>(packet.message)) return;
    for (int i = 1; i < 50; ++i)
      day.twin.at(day.twin.now + i * 1s, [&day, to = hop.to, packet] { day.twin.give(to, packet); });
  };

  day.pass();

  CHECK(day.twin.master->counters().verdicts_not_clean == 0);
  CHECK(day.twin.is_stored_exactly_once(0));
  CHECK(day.twin.is_stored_exactly_once(1));
}

TEST_CASE("I-53: a relay that invents messages without the key is refused, whatever it invents",
          "[trust][relay]") {
  Day day;
  HandDriver& twin = day.twin;
  twin.start(2);
  twin.run_until(at(5min));
  const auto acknowledged = twin.agent().log().acknowledged();
  const auto size = twin.store.size();
  const Endpoint node{Role::node, 0};
  const Endpoint master{Role::master, 0};
  Command wipe;
  wipe.epoch = 99;
  wipe.execute_before = never;
  const std::vector<Message> to_node{
      HeartbeatAck{
          .echo = twin.now, .marks = twin.agent().log().heads(), .epoch = 99, .note = AckNote::say_hello},
      std::make_shared<const Grant>(Grant{.session = 1, .nonce = 0}),
      Defer{},
      ChunkAck{},
      Nack{},
      std::make_shared<const Verdict>(
          Verdict{.session = 0, .nonce = 0, .marks = twin.agent().log().heads(), .epoch = 99}),
      EpochNotice{twin.domain, 99},
      std::make_shared<const CommandDelivery>(CommandDelivery{wipe, nullptr, nullptr})};
  const std::vector<Message> to_master{
      Heartbeat{.sent = twin.now, .written = 99, .mode = ConnectivityMode::replaying},
      std::make_shared<const Fin>(),
      CommandProgress{},
      std::make_shared<const Chunk>(),
      std::make_shared<const Hello>(),
      EpochNotice{twin.domain, 99},
      std::make_shared<const LeaseGranted>()};

  for (const Message& message : to_node) {
    INFO(name_of(message));
    CHECK(is_ignored(twin, node, {master, node, message}));
  }
  for (const Message& message : to_master) {
    INFO(name_of(message));
    CHECK(is_ignored(twin, master, {node, master, message}));
  }

  CHECK(twin.agent().refused() == to_node.size());
  CHECK(twin.master->counters().refused == to_master.size());
  CHECK(twin.agent().log().acknowledged() == acknowledged);
  CHECK(twin.agent().max_epoch_seen() == 1);
  CHECK(twin.store.size() == size);
}

TEST_CASE("I-9: a relay that promises custody and drops everything costs time, and no event",
          "[trust][relay]") {
  HandDriver twin;
  twin.master_settings.gap_events = 5;
  twin.start(1);
  bool lies = true;
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
    if (!lies || chunk == nullptr || (*chunk)->session != 0 || hop.to.role != Role::relay) return 1;
    twin.at(twin.now, [&twin, stream = (*chunk)->stream] {
      twin.give({Role::node, 0}, {{Role::relay, 0}, {Role::node, 0}, Custody{stream, UINT64_MAX}});
    });
    return 0;
  };
  twin.run_until(at(60min));
  CHECK(twin.master->counters().verdicts_clean >= 5);  // what it lacks, the master asks for
  CHECK(twin.agent().log().written() - twin.stored() <= 10);

  lies = false;
  REQUIRE(twin.settle());
  CHECK(twin.is_stored_exactly_once());
}
