#include <rapidcheck/catch.h>

#include <algorithm>

#include "hand_driver.hpp"
#include "model/payloads.hpp"

/// Commands from order to end, through a master, a relay and a node.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

using States = std::vector<CommandState>;

void start_live(HandDriver& twin, std::uint32_t nodes = 1) {
  twin.start(nodes);
  twin.run_until(at(5min));
  REQUIRE(twin.agent().mode() == ConnectivityMode::live);
}

RolloutOrder rollout(const std::string& version, std::uint64_t release, Constraints constraints = {}) {
  RolloutOrder order;
  order.bundle.id = derive_id<BundleTag>("flow", 1, version);
  order.bundle.name = "baseline";
  order.bundle.version = version;
  order.bundle.release = release;
  order.bundle.constraints = std::move(constraints);
  order.waves = {1};
  order.wave_every = 1min;
  return order;
}

}  // namespace

TEST_CASE("I-31: a command delivered over two paths is carried out exactly once", "[commands]") {
  HandDriver twin;
  twin.machine.takes = 30s;
  start_live(twin);
  twin.on_the_way = [](const HandDriver::Hop&, Packet& packet) {
    return std::holds_alternative<Shared<CommandDelivery>>(packet.message) ? 2 : 1;
  };

  const auto id = twin.order(0);
  twin.run_for(5min);

  CHECK(twin.executed[0].size() == 1);
  CHECK(twin.steps_of(*id) == States{CommandState::sent, CommandState::executing, CommandState::applied});
  CHECK(twin.count(EventType::command_result) == 1);
}

TEST_CASE("I-30: at most once, the intent stands in the log before the result", "[commands]") {
  HandDriver twin;
  twin.machine.takes = 30s;
  start_live(twin);
  twin.order(
      {.node = HandDriver::id_of(0), .home = {}, .scope = {}, .delivery = DeliverySemantics::at_most_once});
  twin.run_for(5min);

  const auto story = twin.story([](const Event& event) {
    return event.type == EventType::command_intent || event.type == EventType::command_result;
  });
  CHECK(story == std::vector<std::string>{"command.intent", "command.result"});
}

TEST_CASE("I-37: each result names its command, the terms it was judged by and the bundle in force",
          "[commands]") {
  HandDriver twin;
  start_live(twin);
  twin.roll_out(rollout("1.0.0", 1));
  twin.run_for(5min);
  const auto id = twin.order(0);
  twin.run_for(1min);

  std::vector<CommandResult> results;
  for (const Event& event : twin.events())
    if (event.type == EventType::command_result) results.push_back(*payload_of<CommandResult>(event));
  REQUIRE(results.size() == 2);
  CHECK(results[1].command_id == *id);
  CHECK(results[1].command_epoch == 1);
  CHECK(results[1].max_epoch_seen == 1);
  for (const CommandResult& result : results) CHECK(result.bundle_id == rollout("1.0.0", 1).bundle.id);
}

TEST_CASE("an assignment brings the bundle to the node, with its objects and constraints",
          "[commands][rollout]") {
  HandDriver twin;
  start_live(twin, 3);
  RolloutOrder order = rollout("1.0.0", 1, {"", false, 40});
  order.bundle.objects["log.level"].value = exact_value("info");
  twin.roll_out(order);
  twin.run_for(5min);

  for (std::uint32_t node = 0; node < 3; ++node) {
    REQUIRE(twin.agent(node).desk().policy() != nullptr);
    CHECK(*twin.agent(node).desk().policy() == order.bundle);
    CHECK(twin.agent(node).bundle() == order.bundle.id);
  }
  CHECK(twin.master->rollouts().find(order.bundle.id)->state == RolloutState::done);

  twin.set_battery(0, 39);
  const auto id = twin.order(0);
  twin.run_for(5min);
  CHECK(twin.steps_of(*id) == States{CommandState::sent, CommandState::delivered});
  twin.set_battery(0, 40);
  twin.run_for(1min);
  CHECK(twin.steps_of(*id).back() == CommandState::applied);
}

TEST_CASE("a bundle that is refused reaches nobody", "[commands][rollout]") {
  HandDriver twin;
  start_live(twin);
  RolloutOrder bad = rollout("1.0.0", 1);
  bad.bundle.name = "";
  twin.roll_out(bad);
  twin.run_for(10min);

  CHECK(twin.count(EventType::bundle_refused) == 1);
  CHECK(twin.count(EventType::bundle_published) == 0);
  CHECK(twin.count(EventType::command_issued) == 0);
}

TEST_CASE("L-6: a node that is away skips the release it missed", "[commands][rollout]") {
  HandDriver twin;
  start_live(twin, 3);
  twin.cut(2);
  twin.run_for(5min);
  twin.roll_out(rollout("1.0.0", 1));
  twin.run_for(5min);
  CHECK(twin.master->rollouts().find(rollout("1.0.0", 1).bundle.id)->unreached == 1);
  twin.roll_out(rollout("1.0.1", 2));
  twin.run_for(5min);
  twin.heal(2);
  REQUIRE(twin.settle(2));
  twin.run_for(5min);

  CHECK(twin.agent(2).desk().policy()->version == "1.0.1");
  CHECK(twin.executed[2].size() == 1);
  CHECK(twin.executed[0].size() == 2);
}

TEST_CASE("an order to install what nobody published is not taken", "[commands]") {
  HandDriver twin;
  start_live(twin);
  CHECK_FALSE(twin.order(
      {.node = HandDriver::id_of(0), .home = {}, .scope = {}, .kind = CommandKind::install_artifact}));
  twin.run_for(1min);
  CHECK(twin.executed[0].empty());
}

TEST_CASE("an order that would be valid for too long is not taken", "[commands]") {
  HandDriver twin;
  start_live(twin);
  CHECK_FALSE(twin.order(0, longest_validity + 1ns));
  CHECK(twin.order(0, longest_validity));
}

TEST_CASE("what is ordered and not taken leaves evidence that says why, once a minute for each scope",
          "[commands]") {
  HandDriver twin;
  twin.start(1);
  const auto why = [&] {
    std::vector<std::string> reasons;
    for (const Event& event : twin.events())
      if (event.type == EventType::input_rejected)
        reasons.push_back(payload_of<InputRejected>(event)->source + ": " +
                          payload_of<InputRejected>(event)->reason);
    return reasons;
  };
  const auto refuse = [&](CommandOrder order, DomainId scope) {
    order.home = {Role::master, 0};
    order.scope = scope;
    Outbox out;
    CHECK_FALSE(twin.master->issue(order, twin.now, out));
    CHECK(out.sends.empty());
  };
  const DomainId elsewhere = derive_id<DomainTag>("hand", 1, "elsewhere");
  refuse({.node = HandDriver::id_of(0), .home = {}, .scope = {}, .valid_for = 1h}, elsewhere);
  refuse({.node = HandDriver::id_of(0), .home = {}, .scope = {}, .valid_for = 1h},
         elsewhere);  // no second one yet
  refuse({.node = HandDriver::id_of(7), .home = {}, .scope = {}, .valid_for = 1h}, twin.domain);
  twin.run_for(61s);
  refuse({.node = HandDriver::id_of(0), .home = {}, .scope = {}, .valid_for = 24h * 40}, twin.domain);

  CHECK(why() == std::vector<std::string>{"command: the authority over its scope is not held here",
                                          "command: no node of that id is at home here",
                                          "command: valid for longer than 744h"});
}

TEST_CASE("a message costs the bundle and the artifact that it carries", "[commands]") {
  CommandDelivery delivery{{}, nullptr, nullptr};
  const auto bytes = [](const CommandDelivery& one) {
    return wire_bytes(std::make_shared<const CommandDelivery>(one));
  };
  const auto bare = bytes(delivery);
  const PolicyBundle bundle = rollout("1.0.0", 1).bundle;
  delivery.bundle = std::make_shared<const PolicyBundle>(bundle);
  CHECK(bytes(delivery) == bare + encode(bundle).size());
  ArtifactPublished artifact;
  artifact.envelope = Bytes(500, 1);
  delivery.artifact = std::make_shared<const ArtifactPublished>(artifact);
  CHECK(bytes(delivery) == bare + encode(bundle).size() + encode(artifact).size());
}

namespace {

struct Cut {
  int from;  ///< minutes after the start
  int minutes;
  bool upstream;
};
struct Order {
  int at;
  int valid;
  bool once;
  int key;
  bool cancel;
};

}  // namespace

namespace rc {
template <>
struct Arbitrary<Cut> {
  static Gen<Cut> arbitrary() {
    return gen::build<Cut>(gen::set(&Cut::from, gen::inRange(0, 60)),
                           gen::set(&Cut::minutes, gen::inRange(1, 40)), gen::set(&Cut::upstream));
  }
};
template <>
struct Arbitrary<Order> {
  static Gen<Order> arbitrary() {
    return gen::build<Order>(gen::set(&Order::at, gen::inRange(0, 60)),
                             gen::set(&Order::valid, gen::inRange(1, 40)), gen::set(&Order::once),
                             gen::set(&Order::key, gen::inRange(0, 3)), gen::set(&Order::cancel));
  }
};
}  // namespace rc

TEST_CASE(
    "L-5: through cuts, losses and crashes every command becomes final, and the log tells the same as the "
    "book",
    "[commands][property]") {
  rc::prop("for any cuts and orders", [](const std::vector<Cut>& cuts, const std::vector<Order>& orders) {
    HandDriver twin;
    twin.machine.takes = 20s;
    std::uint64_t packets = 0;
    twin.on_the_way = [&](const HandDriver::Hop&, Packet& packet) {
      const bool is_about_commands = std::holds_alternative<Shared<CommandDelivery>>(packet.message) ||
                                     std::holds_alternative<CommandProgress>(packet.message);
      if (!is_about_commands) return 1;
      ++packets;
      return packets % 3 == 0 ? 0 : packets % 5 == 0 ? 2 : 1;
    };
    twin.start(1);
    twin.run_until(at(5min));
    std::vector<CommandId> ids;
    std::map<CommandId, bool> once;
    int cutting = 0;
    for (const Cut& cut : cuts) {
      const Instant from = at(5min + std::chrono::minutes{cut.from});
      twin.at(from, [&twin, &cutting, cut] {
        ++cutting;
        cut.upstream ? twin.set_upstream(false) : twin.cut(0);
      });
      twin.at(from + std::chrono::minutes{cut.minutes}, [&twin, &cutting] {
        if (--cutting > 0) return;
        twin.set_upstream(true);
        twin.heal(0);
      });
    }
    for (const Order& order : orders)
      twin.at(at(5min + std::chrono::minutes{order.at}), [&, order] {
        CommandOrder what{.node = HandDriver::id_of(0), .home = {}, .scope = {}};
        what.valid_for = std::chrono::minutes{order.valid};
        if (order.once) what.delivery = DeliverySemantics::at_most_once;
        if (order.key > 0) what.coalesce_key = std::to_string(order.key);
        if (order.cancel && !ids.empty()) {
          what.kind = CommandKind::cancel;
          what.argument = text_of(ids.back());
        }
        const auto id = twin.order(what);
        RC_ASSERT(id.has_value());
        ids.push_back(*id);
        once[*id] = order.once;
      });
    // Expiry, return and replay are long over.
    twin.run_until(at(5h));
    RC_ASSERT(twin.settle());
    twin.run_for(5min);

    std::map<CommandId, int> effects;
    for (const Executed& one : twin.executed[0]) ++effects[one.command];
    CommandBook folded({.retry = 1min, .keep = 24h});
    for (const Event& event : twin.events()) folded.apply(event);
    for (const CommandId id : ids) {
      RC_ASSERT(twin.master->commands().is_final(id) == true);
      const CommandState state = twin.master->commands().find(id)->state;
      RC_ASSERT(folded.find(id)->state == state);
      RC_ASSERT(effects[id] <= 1);
      const bool applied = state == CommandState::applied || state == CommandState::applied_late;
      RC_ASSERT(applied == (effects[id] == 1));
    }
  });
}
