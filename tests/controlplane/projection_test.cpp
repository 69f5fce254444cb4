#include <rapidcheck/catch.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "controlplane/projections.hpp"
#include "model/payloads.hpp"
#include "random_log.hpp"

using namespace ibcf;
using namespace ibcf::test;
using namespace std::chrono_literals;

namespace {

// A merge in which only the order within each origin is kept.
std::vector<Event> shuffled_merge(const std::vector<Event>& events, Dice& dice) {
  std::map<AnyId, std::vector<Event>> origins;
  for (const Event& event : events) origins[event.origin].push_back(event);
  std::vector<std::vector<Event>> queues;
  queues.reserve(origins.size());
  for (auto& [origin, queue] : origins) queues.push_back({queue.rbegin(), queue.rend()});
  std::vector<Event> merged;
  while (!queues.empty()) {
    const auto which = dice.below(queues.size());
    merged.push_back(queues[which].back());
    queues[which].pop_back();
    if (queues[which].empty()) queues.erase(queues.begin() + static_cast<std::ptrdiff_t>(which));
  }
  return merged;
}

void read_all(Projections& projections, const std::vector<Event>& events) {
  MemoryStore log;
  for (const Event& event : events) store(log, event);
  projections.catch_up(log);
}

AuthorityGrant newest_by_hand(const std::vector<AuthorityGrant>& history) {
  AuthorityGrant newest = history.front();
  for (const AuthorityGrant& grant : history)
    if (grant.epoch >= newest.epoch) newest = grant;
  return newest;
}

constexpr std::size_t longest = 400;

}  // namespace

TEST_CASE("I-11, I-12: projections rebuilt from nothing equal the live ones, and a snapshot with its tail",
          "[projection][property]") {
  rc::prop("for any log and any place to cut it (I-11, I-12)", [](std::uint64_t seed) {
    const auto scribe = random_history(seed, longest);
    const std::size_t cut = Dice(seed + 1).below(scribe.events.size() + 1);
    MemoryStore log;
    Projections live(domains());
    Bytes saved = live.snapshot();
    for (const Event& event : scribe.events) {
      store(log, event);
      live.catch_up(log);
      if (log.size() == cut) saved = live.snapshot();
    }

    Projections rebuilt(domains());
    rebuilt.catch_up(log);
    Projections resumed(domains());
    RC_ASSERT(resumed.restore(saved));
    RC_ASSERT(resumed.snapshot() == saved);
    resumed.catch_up(log);

    RC_ASSERT(rebuilt.as_of().position == log.size());
    RC_ASSERT(rebuilt.snapshot() == live.snapshot());
    RC_ASSERT(resumed.snapshot() == live.snapshot());
    RC_ASSERT(resumed.lifecycle().misfits() == 0u);
  });
}

TEST_CASE("I-13: an event applied twice changes nothing", "[projection][property]") {
  rc::prop("read again from the log, or stored again behind it (I-13)", [](std::uint64_t seed) {
    const auto scribe = random_history(seed, longest);
    MemoryStore log;
    for (const Event& event : scribe.events) store(log, event);
    Projections once(domains());
    once.catch_up(log);
    Projections twice(domains());
    const auto read = [&](const Stored& stored) {
      twice.apply(stored);
      if (stored.position % 3 == 0) twice.apply(stored);
      return true;
    };
    log.scan(0, read);
    log.scan(scribe.events.size() / 2, read);
    RC_ASSERT(twice.snapshot() == once.snapshot());

    for (std::size_t i = 0; i < scribe.events.size(); i += 2) store(log, scribe.events[i]);
    twice.catch_up(log);
    RC_ASSERT(twice.view_bytes() == once.view_bytes());
    RC_ASSERT(twice.as_of().position == log.size());
  });
}

TEST_CASE("I-10, I-14: logs merged in any order over origins give the same views", "[projection][property]") {
  rc::prop("as long as each origin keeps its own order (I-10, I-14)", [](std::uint64_t seed) {
    const auto scribe = random_history(seed, longest);
    Dice dice(seed + 2);
    Projections straight(domains());
    Projections merged(domains());
    read_all(straight, scribe.events);
    read_all(merged, shuffled_merge(scribe.events, dice));

    RC_ASSERT(merged.view_bytes() == straight.view_bytes());
    RC_ASSERT(merged.lifecycle().misfits() == 0u);
    for (const auto& [node, state] : scribe.truth) RC_ASSERT(merged.lifecycle().state_of(node) == state);
    RC_ASSERT(merged.authority().anomalies() == straight.authority().anomalies());
    for (const ScopeAuthority& scope : merged.authority().scopes()) {
      RC_ASSERT(scope.newest == newest_by_hand(scope.history));
      RC_ASSERT(scope.newest == straight.authority().find(scope.scope)->newest);
      RC_ASSERT(scope.history == straight.authority().find(scope.scope)->history);
    }
    RC_ASSERT(merged.connectivity().counts() == straight.connectivity().counts());
  });
}

TEST_CASE("I-63, I-64: counts add up over domains and agree with a count by hand", "[projection][property]") {
  rc::prop("for any query (I-63, I-64)", [](std::uint64_t seed, bool by_tag, bool by_bundle) {
    const auto scribe = random_history(seed, longest);
    Dice dice(seed + 3);
    Projections projections(domains());
    read_all(projections, scribe.events);
    Query query;
    query.domain = std::array{DomainId{}, fleet, north, south, harbour}[dice.below(5)];
    if (by_tag) query.tags = {"even"};
    if (by_bundle) query.bundle = bundle_named(dice.below(3));

    PhaseCounts phases;
    ModeCounts modes;
    for (const auto& [node, as] : scribe.registered) {
      const bool in_domain = query.domain.is_nil() || query.domain == fleet || query.domain == as.domain_id ||
                             (query.domain == south && as.domain_id == harbour);
      const bool tagged = !by_tag || as.ordinal % 2 == 0;
      const auto runs = scribe.runs.find(node);
      const bool bundled = !by_bundle || (runs != scribe.runs.end() && runs->second == query.bundle);
      if (!in_domain || !tagged || !bundled) continue;
      const LifecycleState& state = scribe.truth.at(node);
      ++(state.phase ? phases.phase[static_cast<std::size_t>(*state.phase)] : phases.none);
      ++(state.mode ? modes.mode[static_cast<std::size_t>(*state.mode)] : modes.unclassified);
    }
    RC_ASSERT(projections.lifecycle().counts(query) == phases);
    RC_ASSERT(projections.connectivity().counts(query) == modes);
    RC_ASSERT(modes.total() == phases.total());
    RC_ASSERT(projections.connectivity().nodes(query).size() == modes.total());

    PhaseCounts phase_sum;
    for (const auto& [domain, counts] : projections.lifecycle().counts_by_domain(query)) phase_sum += counts;
    ModeCounts mode_sum;
    for (const auto& [domain, counts] : projections.connectivity().counts_by_domain(query))
      mode_sum += counts;
    RC_ASSERT(phase_sum == phases);
    RC_ASSERT(mode_sum == modes);
  });
}

TEST_CASE("the timeline tells each arrow, where it led and why", "[projection]") {
  Scribe scribe;
  const NodeId node = node_named(1);
  scribe.enlist(master_named(0), node, 0, north);
  scribe.activate(master_named(0), node);
  scribe.step(master_named(0), node, EventType::conn_lost);
  scribe.step(master_named(1), node, EventType::conn_detected);
  scribe.step(master_named(1), node, EventType::replay_granted);
  scribe.step(master_named(1), node, EventType::replay_verdict, {.verdict = VerdictKind::violation});
  Projections projections(domains());
  read_all(projections, scribe.events);
  const auto& lifecycle = projections.lifecycle();

  const auto all = lifecycle.timeline_of(node).transitions;
  REQUIRE(all.size() == 8);
  CHECK(all.front() == Transition{"S1", "", "PROVISIONING", at(1s), ""});
  CHECK(all[4] == Transition{"A5", "ACTIVE/LIVE_OK", "ACTIVE/AUTONOMOUS_BUFFERING", at(5s), "because of A5"});
  CHECK(all.back() == Transition{"S14", "ACTIVE/REPLAYING_APPLYING", "QUARANTINED/LIVE_OK", at(8s),
                                 "because of S14; and so on"});
  CHECK(lifecycle.label_of(node) == "QUARANTINED/LIVE_OK");
  CHECK(lifecycle.lifecycle_of(node) ==
        Lifecycle{Phase::quarantined, "QUARANTINED/LIVE_OK", at(8s), "because of S14; and so on"});

  Query window;
  window.from = at(5s);
  window.until = at(7s);
  CHECK(lifecycle.timeline_of(node, window).transitions.size() == 2);
  CHECK(lifecycle.counts(window).total() == 1);
  window.from = at(9s);
  window.until = at(10s);
  CHECK(lifecycle.counts(window).total() == 0);
  CHECK(projections.connectivity().counts(window).total() == 0);
}

TEST_CASE("a step whose arrow does not leave the state is counted and moves nothing", "[projection]") {
  Scribe scribe;
  const NodeId node = node_named(1);
  const AnyId master = any(master_named(0));
  scribe.enlist(master_named(0), node, 0, north);
  scribe.activate(master_named(0), node);
  scribe.write(master, EventType::replay_verdict, any(node), ReplayVerdict{"S13", 1, {}, {}, {}, {}, 0, 0});
  scribe.write(master, EventType::conn_lost, any(node), LifecycleStep{"S8", {}, {}, "wrong trigger"});
  scribe.write(master, EventType::conn_lost, any(node), LifecycleStep{"Z9", {}, {}, "no such arrow"});
  Projections projections(domains());
  read_all(projections, scribe.events);

  CHECK(projections.lifecycle().misfits() == 3);
  CHECK(projections.lifecycle().label_of(node) == "ACTIVE/LIVE_OK");
  CHECK(projections.lifecycle().timeline_of(node).transitions.size() == 4);
}

TEST_CASE("a logical clock whose counter wraps within a millisecond leaves an origin's steps in order",
          "[projection]") {
  Scribe scribe;
  const NodeId node = node_named(1);
  scribe.enlist(master_named(0), node, 0, north);
  scribe.activate(master_named(0), node);
  for (Event& event : scribe.events) {
    event.occurred = Instant{};
    event.hlc = (event.seq + 65533) & 0xffff;
  }
  Projections projections(domains());
  read_all(projections, scribe.events);

  CHECK(projections.lifecycle().misfits() == 0);
  CHECK(projections.lifecycle().label_of(node) == "ACTIVE/LIVE_OK");
}

TEST_CASE("a node's own account of its mode is not its masters' belief", "[projection]") {
  Scribe scribe;
  const NodeId node = node_named(1);
  scribe.enlist(master_named(0), node, 0, north);
  scribe.activate(master_named(0), node);
  scribe.write(any(node), EventType::conn_lost, any(node), LifecycleStep{"A5", {}, {}, "carrier gone"});
  HeartbeatBatch batch{at(10s),     at(20s), {0}, {2},   {1500},
                       {600'000},   {7},     {3}, {900}, {ConnectivityMode::delayed},
                       {Health::ok}};
  scribe.write(any(master_named(0)), EventType::heartbeat_batch, any(fleet), batch);
  Projections projections(domains());
  read_all(projections, scribe.events);

  const auto seen = projections.connectivity().find(node);
  REQUIRE(seen);
  CHECK(seen->believed == ConnectivityMode::live);
  CHECK(seen->reported == ConnectivityMode::delayed);
  CHECK(seen->last_seen == at(11500ms));
  CHECK(seen->rtt_us == 600'000);
  CHECK(seen->head == 7);
  CHECK(seen->backlog_events == 3);
  CHECK(seen->backlog_bytes == 900);
  CHECK(projections.lifecycle().misfits() == 0);
  CHECK_FALSE(projections.connectivity().find(node_named(2)));
}

TEST_CASE("an older beat that comes late does not replace a newer one", "[projection]") {
  Scribe scribe;
  scribe.enlist(master_named(0), node_named(1), 0, north);
  const auto beat = [&](std::uint64_t master, Duration from, std::uint32_t rtt) {
    HeartbeatBatch batch{at(from), at(from + 10s),           {0},         {1}, {0}, {rtt}, {1}, {0},
                         {0},      {ConnectivityMode::live}, {Health::ok}};
    scribe.write(any(master_named(master)), EventType::heartbeat_batch, any(fleet), batch);
  };
  beat(0, 50s, 500);
  beat(1, 20s, 200);
  Projections projections(domains());
  read_all(projections, scribe.events);

  CHECK(projections.connectivity().find(node_named(1))->rtt_us == 500);
}

TEST_CASE("bytes that are no event, and payloads that are not their type, change only a count",
          "[projection]") {
  Scribe scribe;
  scribe.enlist(master_named(0), node_named(1), 0, north);
  Projections projections(domains());
  read_all(projections, scribe.events);
  const Bytes before = projections.view_bytes();
  HeartbeatBatch ragged;
  ragged.ordinal = {0, 1};
  HeartbeatBatch absurd{{},          {}, {UINT32_MAX}, {1}, {0}, {0}, {1}, {0}, {0}, {ConnectivityMode::live},
                        {Health::ok}};
  const AnyId master = any(master_named(0));
  std::vector<Bytes> bad = {
      {1, 2, 3},
      encode(scribe.write(master, EventType::heartbeat_batch, any(fleet), ragged)),
      encode(scribe.write(master, EventType::heartbeat_batch, any(fleet), absurd)),
      encode(scribe.write(master, EventType::conn_lost, any(node_named(1)), std::uint32_t{5})),
      encode(scribe.write(master, EventType::authority_granted, any(fleet), false)),
      encode(scribe.write(any(node_named(1)), EventType::command_result, any(fleet), false))};

  for (std::size_t i = 0; i < bad.size(); ++i) projections.apply({1 + i, at(1s), bad[i]});
  for (std::size_t i = 0; i < bad.size(); ++i) projections.apply({1 + i, at(1s), bad[i]});

  CHECK(projections.unreadable() == bad.size());
  CHECK(projections.view_bytes() == before);
  CHECK(projections.as_of().position == 1 + bad.size());
}

TEST_CASE("a replay may bring an origin's events out of their order, each once", "[projection]") {
  SeenEvents seen;
  const AnyId origin = any(node_named(1));

  for (const std::uint64_t seq : {5, 9, 1, 2, 3, 4, 7, 8, 6})
    CHECK(seen.insert(origin, 1, StreamClass::health, seq));
  for (std::uint64_t seq = 1; seq < 10; ++seq) CHECK_FALSE(seen.insert(origin, 1, StreamClass::health, seq));
  CHECK(seen.insert(origin, 2, StreamClass::health, 1));
  CHECK(seen.insert(origin, 1, StreamClass::history, 1));
  CHECK(seen.insert(any(node_named(2)), 1, StreamClass::health, 1));
}

TEST_CASE("the set of seen events depends on what was put in, not on the order", "[projection][property]") {
  rc::prop("and agrees with a plain set", [](const std::vector<std::uint8_t>& seqs) {
    SeenEvents seen, sorted;
    std::map<std::uint64_t, bool> plain;
    for (const auto seq : seqs)
      RC_ASSERT(seen.insert(any(node_named(1)), 1, StreamClass::control, seq % 40u) ==
                plain.try_emplace(seq % 40u, true).second);
    for (const auto& [seq, unused] : plain) sorted.insert(any(node_named(1)), 1, StreamClass::control, seq);
    Bytes a, b;
    Encoder first(a), second(b);
    seen.write(first);
    sorted.write(second);
    RC_ASSERT(a == b);
  });
}

namespace {

AuthorityGrant grant_of(DomainId scope, std::uint64_t master, std::uint64_t epoch, Duration when,
                        GrantReason reason) {
  return {
      scope, AuthorityLevel::region, master_named(master), "m" + std::to_string(master), epoch, at(when), 30s,
      reason};
}

void grant(Scribe& scribe, const AuthorityGrant& grant) {
  scribe.write(any(grant.holder), EventType::authority_granted, any(grant.scope), AuthorityGranted{grant});
}

std::vector<AuthorityAnomalyKind> kinds_of(const std::vector<AuthorityAnomaly>& anomalies) {
  std::vector<AuthorityAnomalyKind> kinds;
  kinds.reserve(anomalies.size());
  for (const auto& anomaly : anomalies) kinds.push_back(anomaly.kind);
  return kinds;
}

}  // namespace

TEST_CASE("the newest grant of the highest epoch is in force, for the domains below it too",
          "[projection][authority]") {
  Scribe scribe;
  grant(scribe, grant_of(fleet, 0, 1, 1s, GrantReason::initial));
  grant(scribe, grant_of(south, 1, 2, 2s, GrantReason::handover));
  grant(scribe, grant_of(south, 1, 2, 20s, GrantReason::renewal));
  Projections projections(domains());
  read_all(projections, scribe.events);
  const auto& authority = projections.authority();

  const auto scope = authority.find(south);
  REQUIRE(scope);
  CHECK(scope->newest.reason == GrantReason::renewal);
  CHECK(scope->lease_end() == at(50s));
  CHECK(scope->history.size() == 2);
  CHECK(authority.in_force(harbour)->holder == master_named(1));
  CHECK(authority.in_force(north)->holder == master_named(0));
  CHECK_FALSE(authority.find(north));
  CHECK_FALSE(authority.in_force(derive_id<DomainTag>("test", 1, "elsewhere")));
  CHECK(authority.anomalies().empty());
  CHECK(authority.scopes().size() == 2);
  CHECK(authority.scopes({.domain = south}).size() == 1);
  Query early;
  early.until = at(2s);
  CHECK(authority.scopes(early).size() == 1);
}

TEST_CASE("two masters at odds over a scope are visible", "[projection][authority]") {
  using enum AuthorityAnomalyKind;
  Scribe scribe;
  grant(scribe, grant_of(south, 0, 3, 1s, GrantReason::initial));
  grant(scribe, grant_of(south, 1, 4, 2s, GrantReason::expiry));
  grant(scribe, grant_of(south, 0, 3, 3s, GrantReason::renewal));
  grant(scribe, grant_of(south, 2, 4, 4s, GrantReason::expiry));
  Projections projections(domains());
  read_all(projections, scribe.events);

  const auto anomalies = projections.authority().anomalies();
  CHECK(kinds_of(anomalies) == std::vector{stale_renewal, epoch_not_rising, two_holders});
  CHECK(anomalies[0] == AuthorityAnomaly{stale_renewal, south, {}, {}, 3, 4, at(3s)});
  CHECK(projections.authority().anomalies({.domain = north}).empty());
  CHECK(projections.authority().find(south)->newest.epoch == 4);
}

TEST_CASE("I-20: a term that falls is told from its grantor's own log, whatever the clocks say",
          "[projection][authority]") {
  using enum AuthorityAnomalyKind;
  const auto anomalies_of = [](const Scribe& scribe) {
    Projections projections(domains());
    read_all(projections, scribe.events);
    return kinds_of(projections.authority().anomalies());
  };
  Scribe apart;
  grant(apart, grant_of(south, 1, 2, 1s, GrantReason::predelegated));  // by a clock that is late
  grant(apart, grant_of(south, 0, 1, 2s, GrantReason::initial));
  grant(apart, grant_of(south, 0, 3, 3s, GrantReason::handover));
  CHECK(anomalies_of(apart).empty());

  Scribe falling;
  grant(falling, grant_of(south, 0, 4, 1s, GrantReason::initial));
  grant(falling, grant_of(south, 0, 3, 2s, GrantReason::handover));
  CHECK(anomalies_of(falling) == std::vector{epoch_not_rising});
  std::swap(falling.events[0].hlc, falling.events[1].hlc);  // its clock was set back between
  CHECK(anomalies_of(falling) == std::vector{epoch_not_rising});
}

TEST_CASE("I-25: every fenced or stale execution is visible, and only those", "[projection][authority]") {
  using enum AuthorityAnomalyKind;
  Scribe scribe;
  const NodeId node = node_named(1);
  scribe.enlist(master_named(0), node, 0, harbour, {"even"});
  const auto result = [&](CommandState state, std::uint64_t epoch, std::uint64_t seen) {
    scribe.write(any(node), EventType::command_result, any(node),
                 CommandResult{{}, state, epoch, seen, {}, ""});
  };
  result(CommandState::applied, 5, 5);
  result(CommandState::fenced, 4, 5);
  result(CommandState::rejected, 4, 5);
  result(CommandState::applied, 4, 5);
  result(CommandState::applied_late, 3, 5);
  Projections projections(domains());
  read_all(projections, scribe.events);
  const auto& authority = projections.authority();

  CHECK(kinds_of(authority.anomalies()) == std::vector{fenced_execution, stale_execution, stale_execution});
  CHECK(authority.anomalies().front().scope == harbour);
  CHECK(authority.anomalies({.domain = south}).size() == 3);
  CHECK(authority.anomalies({.domain = north}).empty());
  Query tagged;
  tagged.tags = {"even"};
  CHECK(authority.anomalies(tagged).size() == 3);
  tagged.tags = {"odd"};
  CHECK(authority.anomalies(tagged).empty());
}

TEST_CASE("a snapshot cut short or with a tail is refused", "[projection]") {
  const auto scribe = random_history(42, longest);
  Projections projections(domains());
  read_all(projections, scribe.events);
  Bytes bytes = projections.snapshot();

  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    Projections fresh(domains());
    CHECK_FALSE(fresh.restore(ByteView(bytes).first(size)));
  }
  bytes.push_back(0);
  Projections fresh(domains());
  CHECK_FALSE(fresh.restore(bytes));
}

TEST_CASE("a domain that lies within itself, or comes twice, is refused", "[projection]") {
  CHECK_THROWS_AS(DomainTree({{north, "north", south}, {south, "south", north}}), std::logic_error);
  CHECK_THROWS_AS(DomainTree({{north, "north", {}}, {north, "again", {}}}), std::logic_error);
}

TEST_CASE("a batch of heartbeats whose columns are not of one length changes only a count", "[projection]") {
  HeartbeatBatch whole;
  whole.ordinal = {0};
  whole.beats = {1};
  whole.last_seen_ms = {0};
  whole.rtt_us = {700};
  whole.head = {1};
  whole.backlog_events = {0};
  whole.backlog_bytes = {0};
  whole.mode = {ConnectivityMode::live};
  whole.health = {Health::ok};
  const std::vector<std::function<void(HeartbeatBatch&)>> defects{
      [](auto& batch) { batch.beats.clear(); },          [](auto& batch) { batch.last_seen_ms.clear(); },
      [](auto& batch) { batch.rtt_us.clear(); },         [](auto& batch) { batch.head.clear(); },
      [](auto& batch) { batch.backlog_events.clear(); }, [](auto& batch) { batch.backlog_bytes.clear(); },
      [](auto& batch) { batch.mode.clear(); },           [](auto& batch) { batch.health.clear(); },
      [](auto& batch) { batch.ordinal = {1U << 24}; }};
  Scribe scribe;
  scribe.enlist(master_named(1), node_named(1), 0, north);
  for (const auto& spoil : defects) {
    HeartbeatBatch spoiled = whole;
    spoil(spoiled);
    scribe.write(any(master_named(1)), EventType::heartbeat_batch, any(north), spoiled);
  }
  scribe.write(any(master_named(1)), EventType::heartbeat_batch, any(north), whole).payload.push_back(0);
  Projections spoiled(domains());
  read_all(spoiled, scribe.events);
  CHECK(spoiled.unreadable() == defects.size() + 1);
  CHECK_FALSE(spoiled.connectivity().find(node_named(1))->reported);

  scribe.write(any(master_named(1)), EventType::heartbeat_batch, any(north), whole);
  Projections views(domains());
  read_all(views, scribe.events);
  CHECK(views.unreadable() == defects.size() + 1);
  CHECK(views.connectivity().find(node_named(1))->rtt_us == 700);
}
