#include "controlplane/local_grant.hpp"

#include <rapidcheck/catch.h>

#include "controlplane/planted.hpp"
#include "controlplane/projections.hpp"
#include "hand_driver.hpp"
#include "model/payloads.hpp"
#include "planted_defect.hpp"

/// LOCAL authority: granted in advance by an event of a master, used by the node without contact, and judged
/// against what was granted (I-26).
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr auto object = "valve";

struct Twin : HandDriver {
  explicit Twin(Duration autonomy = 1h) {
    master_settings.autonomy = autonomy;
    start(1);
  }
  /// The LOCAL grants in the log.
  [[nodiscard]] std::vector<AuthorityGrant> granted() const {
    std::vector<AuthorityGrant> all;
    for (const Event& event : events())
      if (event.type == EventType::authority_granted)
        if (const auto said = payload_of<AuthorityGranted>(event); said->grant.level == AuthorityLevel::local)
          all.push_back(said->grant);
    return all;
  }
  /// What the node decided about its object, as the log tells it.
  [[nodiscard]] std::vector<LocalDecision> decided() const {
    std::vector<LocalDecision> all;
    for (const Event& event : events())
      if (event.type == EventType::local_decision)
        if (const auto said = payload_of<LocalDecision>(event); said->object == object) all.push_back(*said);
    return all;
  }
  void decide(const char* value) { change(0, object, exact_value(value)); }
  bool goes_autonomous() {
    return run_to([&] { return agent().mode() == ConnectivityMode::autonomous; });
  }
  [[nodiscard]] std::vector<AuthorityAnomalyKind> anomalies() const {
    std::vector<AuthorityAnomalyKind> kinds;
    for (const AuthorityAnomaly& anomaly : master->views().authority().anomalies())
      kinds.push_back(anomaly.kind);
    return kinds;
  }
};

}  // namespace

TEST_CASE("a node is granted LOCAL authority in advance, by an event of its master, and keeps it",
          "[local]") {
  Twin twin;
  REQUIRE(twin.run_to([&] { return twin.agent().local_grant().epoch > 0; }));
  twin.run_for(2h);

  REQUIRE(twin.granted().size() == 1);  // once in a term, however often it is said
  const AuthorityGrant grant = twin.granted()[0];
  CHECK(grant.scope == id_cast<DomainTag>(HandDriver::id_of(0)));
  CHECK(grant.holder == id_cast<MasterTag>(HandDriver::id_of(0)));
  CHECK(grant.epoch == 1);
  CHECK(grant.lease == 1h);
  CHECK(grant.reason == GrantReason::predelegated);
  CHECK(twin.agent().local_grant() == local_grant_of(grant));
  twin.reboot(0);
  CHECK(twin.agent().local_grant() == local_grant_of(grant));
}

TEST_CASE("a node that has not been in contact yet has no LOCAL authority", "[local]") {
  Twin twin;
  twin.set_upstream(false);
  twin.run_for(10min);

  CHECK(twin.agent().mode() == ConnectivityMode::disconnected);
  twin.decide("shut");
  twin.set_upstream(true);
  REQUIRE(twin.settle());
  REQUIRE(twin.decided().size() == 1);
  CHECK_FALSE(twin.decided()[0].under_grant);
  CHECK(twin.granted().size() == 1);  // now that it is
}

TEST_CASE("a new term is a new LOCAL grant, and a decision names the term it was granted in", "[local]") {
  Twin twin;
  twin.run_for(5min);
  const Peer itself{.endpoint = {Role::master, 0},
                    .id = twin.master->identity().id,
                    .name = "master",
                    .level = AuthorityLevel::global,
                    .scopes = {},
                    .lease = 2h};
  Outbox out;  // it hands over to itself: a new term all the same
  twin.master->order_handover(twin.domain, itself, twin.now, out);
  twin.run_for(2min);
  REQUIRE(twin.granted().size() == 2);
  CHECK(twin.granted()[1].epoch == 2);
  CHECK(twin.agent().local_grant().epoch == 2);

  twin.cut(0);
  REQUIRE(twin.goes_autonomous());
  twin.decide("shut");
  twin.heal(0);
  REQUIRE(twin.settle());
  REQUIRE(twin.decided().size() == 1);
  CHECK(twin.decided()[0].under_grant);
  CHECK(twin.decided()[0].local_epoch == 2);
}

TEST_CASE("I-26: a LOCAL grant is used neither in contact nor beyond its time, and ends with the return",
          "[local]") {
  Twin twin;
  twin.run_for(5min);
  twin.decide("in contact");
  twin.cut(0);
  const Instant alone_from = twin.now;
  REQUIRE(twin.goes_autonomous());
  twin.run_until(alone_from + 50min);
  twin.decide("alone");
  twin.run_until(alone_from + 61min);
  CHECK(twin.agent().mode() == ConnectivityMode::disconnected);
  twin.decide("alone for too long");
  twin.heal(0);
  REQUIRE(twin.settle());
  twin.decide("back again");
  twin.run_for(1min);

  const auto decided = twin.decided();
  REQUIRE(decided.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(decided[i].under_grant == (i == 1));
  CHECK(decided[1].alone >= 50min);
  CHECK(twin.anomalies().empty());
}

TEST_CASE("I-26: a reboot does not make the time alone any shorter", "[local]") {
  Twin twin;
  twin.run_for(5min);
  twin.cut(0);
  const Instant alone_from = twin.now;
  REQUIRE(twin.goes_autonomous());
  twin.run_until(alone_from + 40min);
  twin.reboot(0);
  REQUIRE(twin.goes_autonomous());
  twin.decide("within it");
  twin.run_until(alone_from + 61min);
  CHECK(twin.agent().mode() == ConnectivityMode::disconnected);
  twin.reboot(0);
  twin.run_for(10min);
  CHECK(twin.agent().mode() == ConnectivityMode::disconnected);  // it goes on knocking
  twin.decide("beyond it");
  twin.heal(0);
  REQUIRE(twin.settle());

  REQUIRE(twin.decided().size() == 2);
  CHECK(twin.decided()[0].under_grant);
  CHECK(twin.decided()[0].alone >= 40min);
  CHECK_FALSE(twin.decided()[1].under_grant);
}

TEST_CASE("planted: a claim on LOCAL authority that nobody granted is seen by everybody",
          "[local][planted]") {
  Twin twin(0s);
  twin.run_for(5min);
  twin.cut(0);
  twin.run_for(10min);
  {
    const Planted planted(Defect::claim_ungranted);
    twin.decide("mine");
  }
  twin.heal(0);
  REQUIRE(twin.settle());

  REQUIRE(twin.decided().size() == 1);
  CHECK(twin.decided()[0].under_grant);
  CHECK(twin.anomalies() == std::vector{AuthorityAnomalyKind::unfounded_claim});
  const auto anomaly = twin.master->views().authority().anomalies()[0];
  CHECK(anomaly.node == HandDriver::id_of(0));
  CHECK(anomaly.scope == twin.domain);
}

TEST_CASE(
    "whatever happens to a node, it decides by its own right only where that was granted, without "
    "contact, and not for too long (I-26)",
    "[local][property]") {
  std::size_t founded = 0;
  std::size_t unfounded = 0;
  rc::prop("for any cuts, losses, reboots and decisions", [&] {
    const auto fates = *rc::gen::resize(60, rc::gen::arbitrary<std::vector<std::uint32_t>>());
    const Duration lease = *rc::gen::element<Duration>(0s, 5min, 20min);
    Twin twin(lease);
    // The model: when a word of the master last reached the node, and what the log had granted by then.
    Instant last_word = Instant::min();
    std::uint32_t losing = 0;
    twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
      if (hop.upwards || hop.to.role != Role::node) return 1;
      if (losing != 0 && (losing = losing * 2654435761u + 1) >> 30 == 0) return 0;
      (void)packet;
      twin.at(twin.now + twin.hop_time, [&] { last_word = twin.now; });
      return 1;
    };
    for (const std::uint32_t input : fates) {
      const std::uint32_t fate = input * 2654435761u;
      switch (fate >> 28 & 7) {
        case 0:
          twin.cut(0);
          break;
        case 1:
          twin.heal(0);
          break;
        case 2:
          twin.reboot(0);
          break;
        case 3:
          losing = losing == 0 ? fate | 1 : 0;
          break;
        default: {
          const bool was_alone = twin.agent().mode() == ConnectivityMode::autonomous;
          const auto before = twin.agent().log().head(StreamClass::control);
          twin.decide("x");
          RC_ASSERT(twin.agent().log().head(StreamClass::control) == before + 1);
          const auto entry = twin.agent().log().cut(StreamClass::control, before + 1, before + 1, 1 << 20);
          const auto said = *payload_of<LocalDecision>(*decode<Event>(entry.at(0).packed));
          ++(said.under_grant ? founded : unfounded);
          if (!said.under_grant) break;
          RC_ASSERT(was_alone);
          RC_ASSERT(last_word != Instant::min());
          RC_ASSERT(twin.now - last_word < lease);
          RC_ASSERT(said.alone >= twin.now - last_word);
          RC_ASSERT(twin.now - last_word >= twin.agent_settings.heartbeat);
          bool is_granted = false;
          for (const AuthorityGrant& grant : twin.granted())
            is_granted = is_granted || (grant.epoch == said.local_epoch && grant.lease > said.alone);
          RC_ASSERT(is_granted);
        }
      }
      twin.run_for(std::chrono::seconds{fate >> 18 & 511});
    }
    losing = 0;
    twin.heal(0);
    RC_ASSERT(twin.settle());
    RC_ASSERT(twin.anomalies().empty());  // the master finds every claim in its log
  });
  CHECK(founded > 50);
  CHECK(unfounded > 50);
}
