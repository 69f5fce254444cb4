#include <rapidcheck/catch.h>

#include "controlplane/attention_queue.hpp"
#include "controlplane/authority.hpp"
#include "fleet_driver.hpp"
#include "model/payloads.hpp"

/// Who takes a scope when its holder and its grantor fall silent, and what an operator may do at once.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr Duration lease = 2min;  // as FleetDriver gives it
constexpr LeaseBounds bounds{};

/// GLOBAL (0), the region that holds its domain (1), and its successor (2); each exchanges with each.
struct Three : FleetDriver {
  std::size_t both = 0;  ///< looks at which two would have acted
  std::size_t looks = 0;

  explicit Three(std::uint32_t nodes_each = 1, Duration global_ahead = {}) {
    for (int i = 0; i < 3; ++i) add_master();
    for (std::size_t i = 0; i < 3; ++i)
      seats[i].clock.offset =
          i == 0 ? std::max(global_ahead, Duration{}) : std::max(-global_ahead, Duration{});
    connect(0, 1);
    connect(0, 2);
    connect(1, 2);
    start_all(nodes_each);
    run_for(1min);
  }
  [[nodiscard]] std::optional<std::uint64_t> epoch_of(std::uint32_t who) const {
    return master(who).epoch_for(domain_id(1), local(who));
  }
  [[nodiscard]] Peer as_peer(std::uint32_t who) const {
    return {.endpoint = {Role::master, who},
            .id = master_id(who),
            .name = seats[who].identity.name,
            .level = seats[who].identity.level,
            .scopes = {},
            .lease = lease};
  }
  bool name_successor(std::uint32_t who = 2) {
    const bool is_named = let(0, [&](Master& one, Instant when, Outbox&) {
      return one.name_successor(domain_id(1), as_peer(who), when);
    });
    run_for(30s);  // it has to hear of it
    return is_named;
  }
  std::optional<std::uint64_t> break_glass(std::uint32_t who) {
    return let(who, [&](Master& one, Instant when, Outbox& out) {
      return one.break_glass(domain_id(1), "the region does not answer", when, out);
    });
  }
  void watch_for(Duration duration) {
    for (const Instant end = now + duration; now < end; run_for(1s)) {
      int holding = 0;
      for (std::uint32_t i = 0; i < 3; ++i) holding += epoch_of(i) ? 1 : 0;
      both += holding > 1 ? 1 : 0;
      ++looks;
    }
  }
  /// The terms of the domain in this master's log, renewals left out.
  [[nodiscard]] std::vector<AuthorityGrant> terms(std::uint32_t at) const {
    std::vector<AuthorityGrant> all;
    for (const Event& event : events(at, EventType::authority_granted)) {
      const auto grant = payload_of<AuthorityGranted>(event)->grant;
      if (grant.scope == domain_id(1) && grant.reason != GrantReason::renewal) all.push_back(grant);
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.epoch < b.epoch; });
    return all;
  }
  [[nodiscard]] std::vector<AttentionItem> odds(std::uint32_t at) const {
    auto items = master(at).attention().top(20);
    std::erase_if(items, [](const AttentionItem& item) { return item.cause != AttentionCause::scope; });
    return items;
  }
};

AuthorityGrant first_grant(GrantChain& chain) {
  return chain.begin(FleetDriver::domain_id(1), AuthorityLevel::region, FleetDriver::master_id(1), "one",
                     lease, at(0s));
}

}  // namespace

TEST_CASE("an epoch that is kept for a successor is given to nobody else", "[authority]") {
  GrantChain chain(bounds);
  first_grant(chain);
  const auto scope = FleetDriver::domain_id(1);
  const auto two = FleetDriver::master_id(2);
  const auto three = FleetDriver::master_id(3);

  const auto kept = chain.name_successor(scope, AuthorityLevel::region, two, "two", at(1s));
  REQUIRE(kept);
  CHECK(kept->grant.epoch == 2);
  CHECK(kept->present_epoch == 1);
  CHECK(kept->after == lease + bounds.drift + bounds.delivery);
  CHECK_FALSE(chain.name_successor(scope, AuthorityLevel::region, FleetDriver::master_id(1), "one", at(1s)));
  CHECK(chain.name_successor(scope, AuthorityLevel::region, three, "three", at(2s))->grant.epoch == 3);
  CHECK_FALSE(chain.took(kept->grant, at(3s)));  // replaced by the later name

  chain.order_handover(scope, AuthorityLevel::region, two, "two", at(0s));
  chain.released(scope, 1);
  CHECK(chain.advance(scope, at(4s))->epoch == 4);
  CHECK(chain.break_glass(scope, AuthorityLevel::global, three, "three", at(5s))->epoch == 5);
}

TEST_CASE("a successor waits out every grant and renewal that it hears of", "[authority]") {
  GrantChain chain(bounds);
  first_grant(chain);
  const auto scope = FleetDriver::domain_id(1);
  const auto named =
      *chain.name_successor(scope, AuthorityLevel::region, FleetDriver::master_id(2), "two", {});
  Succession succession;
  succession.name(named, at(0s));
  succession.heard(scope, 1, at(50s));

  CHECK(succession.due(at(50s + named.after) - 1ns).empty());
  CHECK(succession.due(at(50s + named.after)).size() == 1);
  const auto grant = succession.begin(scope, GrantReason::predelegated, at(10min));
  REQUIRE(grant);
  CHECK(grant->epoch == 2);
  CHECK(grant->granted_ts == at(10min));
  CHECK_FALSE(succession.begin(scope, GrantReason::breakglass, at(10min)));  // once

  succession.name(named, at(11min));
  succession.heard(scope, 2, at(12min));  // that term has been: it is over
  CHECK(succession.due(at(10h)).empty());
}

TEST_CASE("I-20: no term is said to fall because its grantors' clocks are hours apart", "[authority]") {
  Three three(1, GENERATE(3h, -3h));
  REQUIRE(three.name_successor());
  three.isolate(0);
  three.run_for(2 * lease);
  REQUIRE(three.epoch_of(2) == 2u);
  three.isolate(0, false);
  three.run_for(2min);
  REQUIRE(three.break_glass(0) == 3u);
  three.run_for(2min);
  REQUIRE(three.run_to([&] { return three.is_converged(); }, 1min));

  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto all = three.view(i)->authority().anomalies();
    CHECK(std::none_of(all.begin(), all.end(), [](const AuthorityAnomaly& one) {
      return one.kind == AuthorityAnomalyKind::epoch_not_rising;
    }));
  }
}

TEST_CASE("a successor named in advance takes the scope when holder and grantor are gone, not before",
          "[authority]") {
  Three three;
  REQUIRE(three.name_successor());
  three.watch_for(10min);
  CHECK(three.epoch_of(1) == 1u);  // it is renewed, and the successor hears so
  CHECK(three.terms(2).size() == 1);

  three.isolate(0);
  const Instant alone = three.now;
  three.watch_for(lease / 2);
  CHECK(three.epoch_of(1) == 1u);
  three.watch_for(lease + 1min);
  CHECK(three.epoch_of(2) == 2u);
  CHECK_FALSE(three.epoch_of(1));
  const auto taken = three.terms(2).back();
  CHECK(taken.reason == GrantReason::predelegated);
  CHECK(taken.granted_ts >= alone + lease / 2);
  CHECK(three.order(2, 1));  // and acts in it, over the node's home
  three.run_for(2min);
  CHECK(three.nodes[1].executed.size() == 1);
  CHECK(three.nodes[1].executed[0].epoch == 2);

  three.watch_for(30min);
  CHECK(three.epoch_of(2) == 2u);  // nobody renews it, and nobody else has the term

  three.isolate(0, false);
  three.watch_for(5min);
  CHECK(three.epoch_of(2) == 2u);  // from now on its grantor does
  const auto renewals = three.events(0, EventType::authority_granted);
  CHECK(std::any_of(renewals.begin(), renewals.end(), [](const Event& event) {
    const auto grant = payload_of<AuthorityGranted>(event)->grant;
    return event.origin == any(FleetDriver::master_id(0)) && grant.epoch == 2 &&
           grant.scope == FleetDriver::domain_id(1) && grant.reason == GrantReason::renewal;
  }));
  CHECK(three.both == 0);
  CHECK(three.view(0)->authority().anomalies().empty());
  CHECK(three.terms(0).size() == 2);
}

TEST_CASE(
    "a successor that alone hears nothing begins another term than the one that goes on, and nodes fence",
    "[authority]") {
  Three three;
  REQUIRE(three.name_successor());
  three.isolate(2);
  three.watch_for(lease + 1min);
  CHECK(three.epoch_of(1) == 1u);
  CHECK(three.epoch_of(2) == 2u);  // both believe; that is what epochs are for

  three.isolate(2, false);
  three.run_for(1min);
  CHECK(three.epoch_of(2) == 2u);
  CHECK_FALSE(three.epoch_of(1));
  CHECK(three.agent(1).max_epoch_seen() == 2);
  CHECK(three.view(0)->authority().find(FleetDriver::domain_id(1))->newest.epoch == 2);
}

TEST_CASE("a hand-over that was made while a successor could not be heard ends the term that it began",
          "[authority]") {
  Three three;
  REQUIRE(three.name_successor());
  three.isolate(2);
  three.watch_for(lease + 1min);
  REQUIRE(three.epoch_of(2) == 2u);
  three.let(0, [&](Master& master, Instant now, Outbox& out) {
    master.order_handover(FleetDriver::domain_id(1), three.as_peer(0), now, out);
    return 0;
  });
  three.run_for(1min);
  CHECK(three.epoch_of(0) == 3u);

  three.isolate(2, false);
  three.run_for(1min);
  three.both = 0;
  CHECK(three.epoch_of(0) == 3u);
  CHECK_FALSE(three.epoch_of(2));
  three.watch_for(10min);
  CHECK(three.both == 0);
}

TEST_CASE("masters that start again know what was kept for whom, and who took it", "[authority][recover]") {
  Three three;
  REQUIRE(three.name_successor());
  three.restart(2);
  three.restart(0);
  three.watch_for(5min);
  REQUIRE(three.epoch_of(1) == 1u);
  three.isolate(0);
  three.watch_for(2 * lease);
  REQUIRE(three.epoch_of(2) == 2u);
  three.restart(2);
  CHECK(three.epoch_of(2) == 2u);
  three.watch_for(10min);
  CHECK(three.epoch_of(2) == 2u);  // it goes on with it by itself

  three.isolate(0, false);
  three.watch_for(1min);
  three.restart(0);
  three.watch_for(5min);
  CHECK(three.epoch_of(2) == 2u);
  CHECK(three.both == 0);
  CHECK(three.break_glass(0) == 3u);
  CHECK(three.terms(0).size() == 3);
}

TEST_CASE("an operator breaks the glass: the scope changes hands at once, and everybody sees it",
          "[authority]") {
  Three three;
  const auto by = GENERATE(0u, 2u);
  INFO("by master " << by);
  if (by == 2) {
    CHECK_FALSE(three.break_glass(2));  // no epoch is kept for it
    REQUIRE(three.name_successor());
  }
  REQUIRE(three.epoch_of(1) == 1u);
  CHECK(three.break_glass(by) == 2u);
  CHECK(three.epoch_of(by) == 2u);
  three.run_for(30s);
  CHECK_FALSE(three.epoch_of(1));

  three.watch_for(20min);
  CHECK(three.epoch_of(by) == 2u);  // renewed, and still by that word
  for (std::uint32_t at = 0; at < 3; ++at) {
    const auto anomalies = three.view(at)->authority().anomalies();
    CHECK(std::any_of(anomalies.begin(), anomalies.end(), [](const AuthorityAnomaly& one) {
      return one.kind == AuthorityAnomalyKind::break_glass && one.epoch == 2 &&
             one.scope == FleetDriver::domain_id(1);
    }));
    REQUIRE(three.odds(at).size() == 1);
    CHECK(three.odds(at)[0].why == "BREAK_GLASS in term 2");
  }
  CHECK(payload_of<AuthorityGranted>(three.events(by, EventType::authority_granted).back()).has_value());
  const auto grants = three.events(0, EventType::authority_granted);
  CHECK(std::any_of(grants.begin(), grants.end(), [](const Event& event) {
    return payload_of<AuthorityGranted>(event)->why == "the region does not answer";
  }));

  three.run_for(12h);
  CHECK(three.odds(0).size() == 1);  // as long as the term lasts
  three.let(0, [&](Master& master, Instant now, Outbox& out) {
    master.order_handover(FleetDriver::domain_id(1), three.as_peer(1), now, out);
    return 0;
  });
  three.run_for(12h);
  CHECK(three.epoch_of(1) == 3u);
  CHECK(three.odds(0).empty());
  CHECK(three.both == 0);
}

TEST_CASE(
    "what is ordered in a term begun by breaking the glass passes the reconciliation lock, bundles excepted",
    "[authority]") {
  Three three;
  REQUIRE(three.break_glass(0) == 2u);
  const auto issued = [&](CommandKind kind) {
    const auto id = three.let(0, [&](Master& master, Instant now, Outbox& out) {
      return master.issue({.node = FleetDriver::node_id(1),
                           .home = {Role::master, 1},
                           .scope = FleetDriver::domain_id(1),
                           .kind = kind,
                           .bundle_id = derive_id<BundleTag>("driven", 1, "bundle"),
                           .argument = ""},
                          now, out);
    });
    REQUIRE(id);
    for (const Event& event : three.events(0, EventType::command_issued))
      if (const auto said = payload_of<CommandIssued>(event); said->command.id == *id) return said->command;
    FAIL("what was issued is in the log");
    return Command{};
  };

  CHECK(passes_bar(issued(CommandKind::restart_service)));
  CHECK_FALSE(passes_bar(issued(CommandKind::assign_bundle)));
}

namespace {

/// What any masters did with one scope, judged by one who knows nothing but the events: the dumb model.
void check_terms(const FleetDriver& fleet) {
  std::map<std::pair<DomainId, std::uint64_t>, std::pair<MasterId, AnyId>> begun;  // holder, and who said so
  std::map<std::pair<AnyId, DomainId>, std::uint64_t> newest;                      // by grantor
  std::map<std::pair<DomainId, std::uint64_t>, MasterId> holder;
  for (const Event& event : fleet.events(0, EventType::authority_granted)) {
    const auto grant = payload_of<AuthorityGranted>(event)->grant;
    if (grant.level == AuthorityLevel::local) continue;
    const auto [known, is_new] = holder.try_emplace({grant.scope, grant.epoch}, grant.holder);
    RC_ASSERT(known->second == grant.holder);
    if (grant.reason == GrantReason::renewal) continue;
    const bool is_first = begun.try_emplace({grant.scope, grant.epoch}, grant.holder, event.origin).second;
    RC_ASSERT(is_first);
    std::uint64_t& before = newest[{event.origin, grant.scope}];
    RC_ASSERT(before < grant.epoch);
    before = grant.epoch;
  }
}

}  // namespace

TEST_CASE("epochs of a scope strictly rise, and each has one holder, whoever takes it how (I-20, I-21)",
          "[authority][property]") {
  std::size_t taken = 0;
  std::size_t broken = 0;
  std::size_t handed_over = 0;
  rc::prop("for any cuts, hand-overs, successors and broken glass", [&] {
    const auto fates =
        *rc::gen::nonEmpty(rc::gen::resize(40, rc::gen::arbitrary<std::vector<std::uint32_t>>()));
    Three three(0);
    for (const std::uint32_t input : fates) {
      const std::uint32_t fate = input * 2654435761u;
      const std::uint32_t who = (fate >> 8) % 3;
      switch (fate >> 29) {
        case 0:
        case 1:
          three.isolate(who, (fate & 0x10000) != 0);
          break;
        case 2:
          (fate & 0x10000) != 0 ? three.cut(who, (who + 1) % 3) : three.heal(who, (who + 1) % 3);
          break;
        case 3:
        case 4:
          three.name_successor(1 + (who & 1));
          break;
        case 5:
          three.break_glass(who);
          break;
        case 6:
          three.let(0, [&](Master& master, Instant now, Outbox& out) {
            master.order_handover(FleetDriver::domain_id(1), three.as_peer(who), now, out);
            return 0;
          });
          break;
        default:
          break;
      }
      three.run_for(std::chrono::seconds{fate >> 16 & 127});
      // Two may hold at once, after a break of the glass or a silence; never one term.
      std::set<std::uint64_t> held;
      std::size_t holders = 0;
      for (std::uint32_t i = 0; i < 3; ++i)
        if (const auto epoch = three.epoch_of(i)) {
          held.insert(*epoch);
          ++holders;
        }
      RC_ASSERT(held.size() == holders);
    }
    three.cuts.clear();
    RC_ASSERT(three.run_to([&] { return three.is_converged(); }, 3min));
    check_terms(three);
    for (const AuthorityGrant& grant : three.terms(0)) {
      taken += grant.reason == GrantReason::predelegated ? 1 : 0;
      broken += grant.reason == GrantReason::breakglass ? 1 : 0;
      handed_over += grant.reason == GrantReason::handover || grant.reason == GrantReason::expiry ? 1 : 0;
    }
    three.run_for(2 * lease);
    std::size_t holders = 0;
    for (std::uint32_t i = 0; i < 3; ++i) holders += three.epoch_of(i) ? 1 : 0;
    RC_ASSERT(holders <= 1);
  });
  CHECK(taken > 5);
  CHECK(broken > 5);
  CHECK(handed_over > 5);
}
