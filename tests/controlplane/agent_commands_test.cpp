#include <algorithm>

#include "hand_driver.hpp"
#include "model/payloads.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

using States = std::vector<CommandState>;

Command command_of(const HandDriver& twin, std::uint64_t epoch, Instant execute_before) {
  return {.id = derive_id<CommandTag>("test", 1, "command", epoch),
          .node_id = HandDriver::id_of(0),
          .scope = twin.domain,
          .epoch = epoch,
          .issued_by = twin.master->identity().id,
          .issued_ts = twin.now,
          .execute_before = execute_before,
          .bundle_id = {},
          .artifact_id = {},
          .coalesce_key = {},
          .break_glass = false,
          .argument = ""};
}

Message delivery_of(Command command) {
  return std::make_shared<const CommandDelivery>(CommandDelivery{std::move(command), nullptr, nullptr});
}

std::vector<CommandResult> results_in(const HandDriver& twin) {
  std::vector<CommandResult> results;
  for (const Event& event : twin.events())
    if (event.type == EventType::command_result) results.push_back(*payload_of<CommandResult>(event));
  return results;
}

/// A twin that is live, and whose replays take several rounds.
void start_live(HandDriver& twin) {
  twin.master_settings.chunk_bytes = 1000;
  twin.master_settings.replay_credit_bytes = 2000;
  twin.start(1);
  twin.run_until(at(5min));
  REQUIRE(twin.agent().mode() == ConnectivityMode::live);
}

}  // namespace

TEST_CASE("a command to a live node is sent, carried out, and its result ends it", "[commands]") {
  HandDriver twin;
  start_live(twin);

  const auto id = twin.order(0);
  twin.run_for(1min);

  REQUIRE(id);
  CHECK(twin.steps_of(*id) == States{CommandState::sent, CommandState::applied});
  CHECK(twin.agent().desk().result_of(*id) == CommandState::applied);
  CHECK(twin.executed[0].size() == 1);
}

TEST_CASE("a command given during a return is held, and carried out once after the verdict",
          "[commands][return]") {
  HandDriver twin;
  start_live(twin);
  twin.cut(0);
  twin.run_until(at(20min));
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return twin.record().lock.has_value(); }));

  const auto id = twin.order(0);
  REQUIRE(twin.run_to([&] { return !twin.executed[0].empty(); }));

  REQUIRE(id);
  CHECK(is_in_contact(twin.executed[0][0].mode));
  REQUIRE(twin.settle());
  CHECK(twin.steps_of(*id) == States{CommandState::held, CommandState::sent, CommandState::applied});
  CHECK(twin.executed[0].size() == 1);
  const auto story = twin.story([](const Event& event) {
    return event.type == EventType::replay_verdict || event.type == EventType::command_result;
  });
  CHECK(story == std::vector<std::string>{"replay.verdict", "command.result"});
}

TEST_CASE("a command that reaches a node in replay is not carried out, and its master hears that it is held",
          "[commands][return]") {
  HandDriver twin;
  start_live(twin);
  twin.cut(0);
  twin.run_until(at(20min));
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return twin.agent().mode() == ConnectivityMode::replaying; }));

  const Command command = command_of(twin, 1, at(2h));
  twin.to_node(0, delivery_of(command));

  CHECK(twin.executed[0].empty());
  CHECK_FALSE(twin.agent().desk().result_of(command.id));
  CHECK_FALSE(twin.agent().desk().state_of(command.id));
}

TEST_CASE("a command to a node out of contact waits, and is carried out after the way back", "[commands]") {
  HandDriver twin;
  start_live(twin);
  twin.cut(0);
  twin.run_until(at(10min));

  const auto id = twin.order(0, 2h);
  twin.run_until(at(20min));
  CHECK(twin.steps_of(*id).empty());
  twin.heal(0);
  REQUIRE(twin.run_to([&] { return !twin.executed[0].empty() && twin.is_settled(); }));

  CHECK(twin.steps_of(*id).back() == CommandState::applied);
  CHECK(twin.executed[0].size() == 1);
}

TEST_CASE("a command of an older term is fenced, and an event says by which terms", "[commands][authority]") {
  HandDriver twin;
  start_live(twin);
  twin.to_node(0, EpochNotice{twin.domain, 5});

  twin.to_node(0, delivery_of(command_of(twin, 4, at(2h))));
  REQUIRE(twin.settle());

  CHECK(twin.executed[0].empty());
  const auto results = results_in(twin);
  REQUIRE(results.size() == 1);
  CHECK(results[0].state == CommandState::fenced);
  CHECK(results[0].command_epoch == 4);
  CHECK(results[0].max_epoch_seen == 5);
}

TEST_CASE("a term of another domain fences nothing here", "[commands][authority]") {
  HandDriver twin;
  start_live(twin);
  twin.to_node(0, EpochNotice{derive_id<DomainTag>("hand", 1, "elsewhere"), 5});

  twin.to_node(0, delivery_of(command_of(twin, 4, at(2h))));

  CHECK(twin.executed[0].size() == 1);
}

TEST_CASE("a command itself tells its node of the newer term, before it takes effect",
          "[commands][authority]") {
  HandDriver twin;
  start_live(twin);

  twin.to_node(0, delivery_of(command_of(twin, 7, at(2h))));
  twin.to_node(0, delivery_of(command_of(twin, 6, at(2h))));

  REQUIRE(twin.executed[0].size() == 1);
  CHECK(twin.executed[0][0].epoch == 7);
  CHECK(twin.executed[0][0].max_epoch_seen == 7);
  CHECK(twin.agent().desk().result_of(command_of(twin, 6, at(2h)).id) == CommandState::fenced);
}

TEST_CASE("a command delivered twice is carried out once and answered once", "[commands]") {
  HandDriver twin;
  start_live(twin);
  const Message delivery = delivery_of(command_of(twin, 1, at(2h)));

  twin.to_node(0, delivery);
  twin.run_for(10s);
  twin.to_node(0, delivery);
  REQUIRE(twin.settle());

  CHECK(twin.executed[0].size() == 1);
  CHECK(results_in(twin).size() == 1);
}

TEST_CASE("a command after its last moment has no effect, and at its last moment it has", "[commands]") {
  HandDriver twin;
  start_live(twin);

  twin.to_node(0, delivery_of(command_of(twin, 1, twin.now - 1ns)));
  twin.to_node(0, delivery_of(command_of(twin, 2, twin.now)));
  REQUIRE(twin.settle());

  REQUIRE(twin.executed[0].size() == 1);
  CHECK(twin.executed[0][0].epoch == 2);
  CHECK(results_in(twin)[0].state == CommandState::expired);
}

TEST_CASE("a command that was carried out but not heard of is expired first and applied late in the end",
          "[commands]") {
  HandDriver twin;
  start_live(twin);
  twin.on_the_way = [&](const HandDriver::Hop&, Packet& packet) {
    return twin.now < at(10min) && std::holds_alternative<Shared<Chunk>>(packet.message) ? 0 : 1;
  };

  const auto id = twin.order(0, 1min);
  twin.run_until(at(15min));

  REQUIRE(twin.settle());
  CHECK(twin.steps_of(*id) == States{CommandState::sent, CommandState::expired, CommandState::applied_late});
  CHECK(twin.executed[0].size() == 1);
}

TEST_CASE("a command nobody could be sent expires", "[commands]") {
  HandDriver twin;
  start_live(twin);
  twin.cut(0);
  twin.run_until(at(10min));

  const auto id = twin.order(0, 5min);
  twin.run_until(at(20min));

  CHECK(twin.steps_of(*id) == States{CommandState::expired});
  twin.heal(0);
  REQUIRE(twin.settle());
  CHECK(twin.executed[0].empty());
}

TEST_CASE("a lost delivery is repeated until it is answered", "[commands]") {
  HandDriver twin;
  start_live(twin);
  int lost = 0;
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    return hop.to.role == Role::node && std::holds_alternative<Shared<CommandDelivery>>(packet.message) &&
                   ++lost <= 3
               ? 0
               : 1;
  };

  const auto id = twin.order(0);
  twin.run_for(10min);

  CHECK(lost == 4);
  CHECK(twin.steps_of(*id) == States{CommandState::sent, CommandState::applied});
}
