#include "hand_driver.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// A window of `length` every ten minutes, from minute one on, for six hours.
HandDriver::Windows every_ten_minutes(Duration length) {
  std::vector<PlannedContact> windows;
  for (Instant opens = at(1min); opens < at(6h); opens += 10min) windows.push_back({opens, opens + length});
  return std::make_shared<const std::vector<PlannedContact>>(std::move(windows));
}

}  // namespace

TEST_CASE("a node with planned windows is EDGE_CACHED, silent between them, and loses nothing", "[windows]") {
  HandDriver twin;
  twin.start(1, every_ten_minutes(2min));
  twin.run_until(at(70min));
  const std::uint64_t head = twin.agent().log().written();
  twin.run_until(at(73min));

  CHECK(twin.agent().mode() == ConnectivityMode::edge_cached);
  CHECK(twin.record().state.mode == ConnectivityMode::edge_cached);
  CHECK(twin.count(EventType::conn_lost) == 0);
  CHECK(twin.agent().log().acknowledged() >= head);
  CHECK(twin.is_stored_exactly_once());
}

TEST_CASE("a windowed node that hears nothing in two windows is AUTONOMOUS, and returns in the next one",
          "[windows]") {
  HandDriver twin;
  twin.start(1, every_ten_minutes(2min));
  twin.run_until(at(25min));
  REQUIRE(twin.agent().mode() == ConnectivityMode::edge_cached);
  twin.set_upstream(false);
  twin.run_until(at(35min));
  CHECK(twin.agent().mode() == ConnectivityMode::edge_cached);  // one window alone may be missed
  twin.run_until(at(45min));

  CHECK(twin.agent().mode() == ConnectivityMode::autonomous);
  CHECK(twin.record().state.mode == ConnectivityMode::autonomous);

  twin.set_upstream(true);
  twin.run_until(at(54min));
  CHECK(twin.agent().mode() == ConnectivityMode::edge_cached);
  CHECK(twin.record().state.mode == ConnectivityMode::edge_cached);
  CHECK(twin.is_stored_exactly_once());
  CHECK(twin.master->counters().verdicts_not_clean == 0);
}

TEST_CASE("a replay that is too long for one window goes on in the next ones and stores everything once",
          "[windows][return]") {
  HandDriver twin;
  twin.agent_settings.snapshot = 30s;
  twin.agent_settings.snapshot_body_bytes = 100;
  twin.master_settings.chunk_bytes = 1000;
  twin.master_settings.replay_credit_bytes = 1000;
  twin.hop_time = 500ms;
  twin.start(1, every_ten_minutes(40s));
  twin.run_until(at(25min));
  twin.set_upstream(false);
  twin.run_until(at(85min));
  REQUIRE(twin.agent().mode() == ConnectivityMode::autonomous);

  twin.set_upstream(true);
  twin.run_until(at(5h));

  CHECK(twin.agent().mode() == ConnectivityMode::edge_cached);
  CHECK(twin.master->counters().replays_granted >= 2);
  CHECK(twin.master->counters().sessions_lost >= 1);
  CHECK(twin.master->counters().verdicts_clean >= 1);
  CHECK(twin.master->counters().verdicts_not_clean == 0);
  CHECK(twin.is_stored_exactly_once());
}
