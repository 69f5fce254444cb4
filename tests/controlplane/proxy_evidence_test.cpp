#include "controlplane/fleet_query.hpp"
#include "controlplane/projections.hpp"
#include "hand_driver.hpp"
#include "model/payloads.hpp"
#include "planted_defect.hpp"

/// A relay that carries what a node says from one window to another: when the node is in reach its way to the
/// master is closed, and the other way round.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

struct Mule : HandDriver {
  Packet newest;                 ///< the newest word of the node that came to the relay
  AuthorityLevel while_alone{};  ///< who its master of record was under its grant

  /// Contact is lost at minute 25, and the LOCAL grant, an hour, has run out by minute 90.
  Mule() {
    master_settings.autonomy = 1h;
    on_the_way = [this](const Hop& hop, Packet& packet) {
      const bool is_sign = std::holds_alternative<Heartbeat>(packet.message) ||
                           std::holds_alternative<Shared<Hello>>(packet.message);
      if (hop.upwards && hop.from.role == Role::node && is_sign) newest = packet;
      return 1;
    };
    std::vector<PlannedContact> windows;
    for (Instant opens = at(1min); opens < at(10h); opens += 10min) windows.push_back({opens, opens + 2min});
    start(1, std::make_shared<const std::vector<PlannedContact>>(std::move(windows)));
    run_until(at(25min));
    set_upstream(false);
    run_until(at(60min));
    while_alone = master_of_record();
    run_until(at(90min));
    REQUIRE(record().state.mode == ConnectivityMode::disconnected);
    REQUIRE(agent().mode() == ConnectivityMode::disconnected);
  }
  using HandDriver::at;
  static Instant at(Duration since) { return ibcf::at(since); }

  /// What the relay kept goes up in between two windows of the node, in minute 125.
  void tell() {
    run_until(at(125min));
    set_upstream(true);
    run_for(1s);
    set_upstream(false);
  }
  void say(Packet word, Duration kept, Endpoint relay_of_it = {Role::relay, 0}) {
    give({Role::master, 0}, {relay_of_it,
                             {Role::master, 0},
                             std::make_shared<const Delegated>(Delegated{std::move(word), kept})});
  }
  [[nodiscard]] AuthorityLevel master_of_record() const {
    Projections views({});
    views.catch_up(store);
    return FleetQuery(views, now).node(id_of(0))->authority.master_of_record;
  }
  [[nodiscard]] ConnectivityMode believed() const { return *record().state.mode; }
};

}  // namespace

TEST_CASE("a node of which its relay brings a newer sign of life is alive but cut off (A12)", "[evidence]") {
  Mule twin;
  const Instant last_seen = twin.record().last_seen;

  twin.tell();

  CHECK(twin.believed() == ConnectivityMode::autonomous);
  REQUIRE(twin.count(EventType::conn_proxy_evidence) == 1);
  const auto events = twin.events();
  const auto said = std::find_if(events.begin(), events.end(), [](const Event& event) {
    return event.type == EventType::conn_proxy_evidence;
  });
  const auto evidence = payload_of<ProxyEvidence>(*said);
  CHECK(evidence->arrow == "A12");
  CHECK(evidence->made >= at(122min));
  CHECK(evidence->made <= at(123min));
  CHECK(evidence->kept >= 2min);
  Projections views({});
  views.catch_up(twin.store);
  CHECK(views.lifecycle().state_of(HandDriver::id_of(0)) == twin.record().state);
  CHECK(twin.record().last_seen == last_seen);
}

TEST_CASE("I-26: who is alive but cut off is its own master only for as long as its LOCAL grant covers",
          "[evidence]") {
  Mule twin;
  CHECK(twin.while_alone == AuthorityLevel::local);

  twin.tell();

  REQUIRE(twin.believed() == ConnectivityMode::autonomous);
  CHECK(twin.master_of_record() != AuthorityLevel::local);
}

TEST_CASE(
    "evidence of life is no contact: nothing is answered, no return begins, and the grant is not renewed",
    "[evidence]") {
  Mule twin;
  const std::uint64_t heartbeats = twin.master->counters().heartbeats;
  bool was_answered = false;
  twin.receiving = [&](Endpoint to, const Packet& packet) {
    was_answered = was_answered || (to.role != Role::master && packet.from.role == Role::master);
  };

  twin.tell();
  twin.run_until(at(3h));

  CHECK_FALSE(was_answered);
  CHECK(twin.agent().mode() == ConnectivityMode::disconnected);
  CHECK(twin.master->counters().heartbeats == heartbeats);
  CHECK(twin.count(EventType::conn_detected) == 0);
  CHECK(twin.count(EventType::replay_granted) == 0);
}

TEST_CASE(
    "what was alive expires again a grant's time after its newest sign of life (A10), and returns as ever",
    "[evidence]") {
  Mule twin;
  twin.tell();
  twin.run_until(at(182min));
  CHECK(twin.believed() == ConnectivityMode::autonomous);
  twin.run_until(at(184min));
  CHECK(twin.believed() == ConnectivityMode::disconnected);

  twin.set_upstream(true);
  twin.run_until(at(190min));
  CHECK(twin.believed() == ConnectivityMode::autonomous);  // the relay had kept another sign
  CHECK(twin.run_to([&] { return twin.is_settled(); }, 10min));
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("the same evidence again, an older one, and what is no word of the node prove nothing (I-53)",
          "[evidence]") {
  Mule twin;
  twin.run_until(at(95min));
  const Packet older = twin.newest;
  twin.tell();
  const Packet newest = twin.newest;
  twin.run_until(at(184min));
  REQUIRE(twin.believed() == ConnectivityMode::disconnected);
  const auto& counters = twin.master->counters();

  SECTION("again, as if it were new") {
    twin.say(newest, 0min);
  }
  SECTION("an older one") {
    twin.say(older, 0min);
  }
  SECTION("changed") {
    auto hello = *std::get<Shared<Hello>>(newest.message);
    hello.clock = at(180min);
    Packet changed = newest;
    changed.message = std::make_shared<const Hello>(hello);
    const auto refused = counters.refused;
    twin.say(changed, 0min);
    CHECK(counters.refused == refused + 1);
  }
  SECTION("from a relay that is not the node's") {
    twin.run_until(at(185min));
    const auto refused = counters.refused;
    twin.say(twin.newest, 0min, {Role::relay, 1});
    CHECK(counters.refused == refused + 1);
  }
  SECTION("under the seal of another one") {
    Packet beat{{Role::node, 0}, {Role::master, 0}, Heartbeat{.sent = at(180min)}};
    beat.seal = seal_of(HandDriver::secret_of(5), beat.message);
    const auto refused = counters.refused;
    twin.say(beat, 0min);
    CHECK(counters.refused == refused + 1);
  }

  CHECK(twin.believed() == ConnectivityMode::disconnected);
  CHECK(twin.count(EventType::conn_proxy_evidence) == 1);
}

TEST_CASE("a relay cannot make a sign of life younger than its node's own clock says (I-53)", "[evidence]") {
  Mule twin;
  twin.run_until(at(95min));
  const Packet hoarded = twin.newest;  // of minute 93 at most
  twin.run_until(at(150min));

  twin.say(hoarded, 0min);

  CHECK(twin.believed() == ConnectivityMode::autonomous);
  CHECK(twin.record().alive < at(94min));
  twin.run_until(at(154min));
  CHECK(twin.believed() == ConnectivityMode::disconnected);
}

TEST_CASE("a master that restarts knows how old the evidence was", "[evidence][recover]") {
  Mule twin;
  twin.tell();
  const Instant alive = twin.record().alive;

  twin.restart_master();

  CHECK(twin.believed() == ConnectivityMode::autonomous);
  CHECK(twin.record().alive == alive);
  twin.run_until(at(182min));
  CHECK(twin.believed() == ConnectivityMode::autonomous);
  twin.run_until(at(184min));
  CHECK(twin.believed() == ConnectivityMode::disconnected);
}

TEST_CASE("a sign of life that is older than the node's LOCAL grant lasts changes no belief", "[evidence]") {
  Mule twin;
  twin.tell();
  twin.run_until(at(5h));
  REQUIRE(twin.believed() == ConnectivityMode::disconnected);
  const Instant alive = twin.record().alive;

  twin.say(twin.newest, 2h);  // older than any grant lasts, as the relay itself says

  CHECK(twin.believed() == ConnectivityMode::disconnected);
  CHECK(twin.record().alive > alive);
}

TEST_CASE("planted: evidence that counts for contact is caught", "[evidence][planted]") {
  const Planted planted(Defect::delegated_is_contact);
  Mule twin;
  const Instant last_seen = twin.record().last_seen;

  twin.tell();

  CHECK(twin.record().last_seen != last_seen);
}
