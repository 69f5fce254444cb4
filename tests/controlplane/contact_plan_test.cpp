#include "controlplane/projections.hpp"
#include "model/payloads.hpp"
#include "mortal_store.hpp"

/// A link that is standing until somebody plans windows for it, and again once they are over.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

struct Planned : HandDriver {
  void live(Duration hop = 10ms) {
    hop_time = hop;
    start(1);
    run_until(ibcf::at(20min));
    REQUIRE(settle(0, 1min));
  }
  /// From now on there are two minutes every ten: the first ones are over in ten minutes.
  void plan_windows(const std::string& reason = "cost policy") {
    std::vector<PlannedContact> windows;
    for (int i = 0; i < 30; ++i) {
      const Instant opens = now + 8min + i * 10min;
      windows.push_back({opens, opens + 2min});
      at(opens, [this] { set_if_planned(true); });
      at(opens + 2min, [this] { set_if_planned(false); });
    }
    const bool is_taken = master->plan_contacts(
        id_of(0), std::make_shared<const std::vector<PlannedContact>>(windows), reason, now);
    REQUIRE(is_taken);
    agents[0].on_contact_plan(true, now);
    is_planned = true;
    cut(0);
  }
  void plan_nothing() {
    REQUIRE(master->plan_contacts(id_of(0), nullptr, "paid for again", now));
    agents[0].on_contact_plan(false, now);
    is_planned = false;
    heal(0);
  }
  void set_if_planned(bool open) {
    if (is_planned) set_link(0, open);
  }
  [[nodiscard]] std::vector<std::string> arrows() const {
    std::vector<std::string> ids;
    for (const Event& event : events())
      if (const auto step = payload_of<LifecycleStep>(event);
          event.type >= EventType::conn_classified && event.type <= EventType::sync_gap_detected && step)
        ids.push_back(step->arrow);
    return ids;
  }
  bool both_are(ConnectivityMode mode) const { return agent().mode() == mode && record().state.mode == mode; }
  bool is_planned = false;
};

using Arrows = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "a LIVE node whose contact becomes planned is EDGE_CACHED at once, and no silence in between is a fault "
    "(A4)",
    "[plan]") {
  Planned twin;
  twin.live();

  twin.plan_windows("cost policy");
  CHECK(twin.both_are(ConnectivityMode::edge_cached));
  twin.run_for(2h);

  CHECK(twin.both_are(ConnectivityMode::edge_cached));
  CHECK(twin.arrows() == Arrows{"S4", "A4"});
  CHECK(twin.count(EventType::conn_lost) == 0);
  const std::uint64_t head = twin.agent().log().written();
  twin.run_for(10min);
  CHECK(twin.agent().log().acknowledged() >= head);
  CHECK(twin.is_stored_exactly_once());
  Projections views({});
  views.catch_up(twin.store);
  CHECK(views.lifecycle().state_of(HandDriver::id_of(0)) == twin.record().state);
}

TEST_CASE("a DELAYED node whose contact becomes planned is EDGE_CACHED at once (S9)", "[plan]") {
  Planned twin;
  twin.live(300ms);
  REQUIRE(twin.both_are(ConnectivityMode::delayed));

  twin.plan_windows();

  CHECK(twin.both_are(ConnectivityMode::edge_cached));
  CHECK(twin.arrows() == Arrows{"S5", "S9"});
}

TEST_CASE("from the plan on silence is judged by missed windows", "[plan]") {
  Planned twin;
  twin.live();
  twin.plan_windows();
  twin.set_upstream(false);

  twin.run_for(11min);  // one window
  CHECK(twin.both_are(ConnectivityMode::edge_cached));
  twin.run_for(10min);  // two

  CHECK(twin.both_are(ConnectivityMode::autonomous));
  CHECK(twin.arrows() == Arrows{"S4", "A4", "S10"});
  twin.set_upstream(true);
  CHECK(twin.run_to([&] { return twin.is_settled(); }, 20min));
  CHECK(twin.both_are(ConnectivityMode::edge_cached));
}

TEST_CASE(
    "a link that stands again is in the class of its next round trip, and was not silent while it had "
    "windows",
    "[plan]") {
  Planned twin;
  SECTION("fast (A3)") {
    twin.live();
    twin.plan_windows();
    twin.run_for(35min);
    twin.plan_nothing();
    twin.run_for(1min);
    CHECK(twin.both_are(ConnectivityMode::live));
    CHECK(twin.arrows() == Arrows{"S4", "A4", "A3"});
  }
  SECTION("slow (A2)") {
    twin.live(300ms);
    twin.plan_windows();
    twin.run_for(35min);
    twin.plan_nothing();
    twin.run_for(1min);
    CHECK(twin.both_are(ConnectivityMode::delayed));
    CHECK(twin.arrows() == Arrows{"S5", "S9", "A2"});
  }
  twin.run_for(10min);
  CHECK(twin.count(EventType::conn_lost) == 0);
  CHECK(twin.is_settled());

  twin.set_upstream(false);
  twin.run_for(3min);
  CHECK(twin.both_are(ConnectivityMode::autonomous));  // by heartbeats, as before
}

TEST_CASE("I-26: a plan that ends gives a node that is alone no more time under its LOCAL grant", "[plan]") {
  Planned twin;
  twin.master_settings.autonomy = 2h;
  twin.live();
  twin.plan_windows();
  twin.run_for(20min);
  twin.set_upstream(false);
  twin.run_for(80min);
  REQUIRE(twin.both_are(ConnectivityMode::autonomous));

  twin.plan_nothing();
  twin.run_for(30min);
  CHECK(twin.agent().mode() == ConnectivityMode::autonomous);
  twin.run_for(15min);

  CHECK(twin.agent().mode() == ConnectivityMode::disconnected);
}

TEST_CASE("a contact plan outlives a reboot of its node", "[plan][reboot]") {
  Planned twin;
  twin.live();
  twin.plan_windows();
  twin.run_for(9min);

  twin.reboot(0);
  twin.run_for(2h);

  CHECK(twin.both_are(ConnectivityMode::edge_cached));
  CHECK(twin.count(EventType::conn_lost) == 0);
}

TEST_CASE("a plan that comes before the first answer after a reboot gives the node its class",
          "[plan][reboot]") {
  Planned twin;
  twin.live();
  twin.reboot(0);
  REQUIRE(twin.agent().mode() == ConnectivityMode::disconnected);

  twin.plan_windows();
  CHECK(twin.both_are(ConnectivityMode::edge_cached));
  twin.run_for(2h);

  CHECK(twin.both_are(ConnectivityMode::edge_cached));
  CHECK(twin.count(EventType::conn_lost) == 0);
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("a contact plan outlives a restart of the master, and so does its end", "[plan][recover]") {
  Planned twin;
  twin.live();
  twin.plan_windows();
  twin.run_for(5min);

  twin.restart_master();
  CHECK(twin.record().is_windowed());
  twin.run_for(2h);
  CHECK(twin.both_are(ConnectivityMode::edge_cached));
  CHECK(twin.arrows() == Arrows{"S4", "A4"});

  twin.plan_nothing();
  twin.restart_master();
  CHECK_FALSE(twin.record().is_windowed());
  twin.run_for(1min);
  CHECK(twin.both_are(ConnectivityMode::live));
  twin.restart_master();
  twin.run_for(10min);
  CHECK(twin.both_are(ConnectivityMode::live));
  CHECK(twin.arrows() == Arrows{"S4", "A4", "A3"});
}

TEST_CASE("a master that dies between a plan and the step it leads to takes the step when it is back",
          "[plan][recover]") {
  Planned twin;
  MortalStore mortal(twin);
  twin.live();
  mortal.dies_at_orders = true;
  mortal.dies_after = mortal.appends + 1;

  CHECK_THROWS_AS(twin.plan_windows(), HandDriver::Killed);
  REQUIRE(twin.record().state.mode == ConnectivityMode::live);
  twin.restart_master();

  CHECK(twin.record().is_windowed());
  CHECK(twin.record().state.mode == ConnectivityMode::edge_cached);
  CHECK(twin.arrows() == Arrows{"S4", "A4"});
}

TEST_CASE("what is no plan, and a plan for nobody, is refused and leaves no trace", "[plan]") {
  Planned twin;
  twin.live();
  const auto windows = [](std::vector<PlannedContact> of) {
    return std::make_shared<const std::vector<PlannedContact>>(std::move(of));
  };
  const std::size_t before = twin.events().size();
  const auto plan = [&](ContactPlan what, std::uint32_t node = 0) {
    return twin.master->plan_contacts(HandDriver::id_of(node), std::move(what), "", twin.now);
  };

  CHECK_FALSE(plan(windows({})));
  CHECK_FALSE(plan(windows({{at(2h), at(2h)}})));
  CHECK_FALSE(plan(windows({{at(2h), at(3h)}, {at(150min), at(4h)}})));
  CHECK_FALSE(plan(windows({{at(1min), at(2min)}})));  // over
  CHECK_FALSE(plan(nullptr));                          // it stands
  CHECK_FALSE(plan(windows({{at(2h), at(3h)}}), 7));

  CHECK(twin.events().size() == before);
  CHECK(twin.record().state.mode == ConnectivityMode::live);
}
