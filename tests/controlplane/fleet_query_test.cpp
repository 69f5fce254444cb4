#include "controlplane/fleet_query.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <set>

#include "controlplane/projection_history.hpp"
#include "model/json.hpp"
#include "model/payloads.hpp"
#include "random_log.hpp"

using namespace ibcf;
using namespace ibcf::test;
using namespace std::chrono_literals;

namespace {

/// A log and the views that have read all of it.
struct Read {
  Scribe scribe;
  MemoryStore log;
  Projections views{domains(), bodies_of(scribe)};

  explicit Read(Scribe written) : scribe(std::move(written)) {
    for (const Event& event : scribe.events) store(log, event);
    views.catch_up(log);
  }
};

Query any_query(Dice& dice) {
  Query query;
  query.domain = std::array{DomainId{}, fleet, north, south, harbour}[dice.below(5)];
  if (dice.below(3) == 0) query.tags.push_back(dice.one_in(2) ? "even" : "third");
  if (dice.below(3) == 0) query.bundle = bundle_named(dice.below(3));
  if (dice.below(3) == 0) query.from = at(std::chrono::seconds{dice.below(100)});
  if (dice.below(3) == 0) query.until = at(std::chrono::seconds{100 + dice.below(100)});
  return query;
}

}  // namespace

TEST_CASE("I-64: to any question the domains' answers add up to the fleet's, and the nodes' to the domains'",
          "[query][projection][property]") {
  rc::prop("for any log and question", [](std::uint64_t seed) {
    Dice dice(seed);
    const Read read(random_history(seed, 200));
    const FleetQuery ask(read.views);
    const Query query = any_query(dice);

    const FleetSummary whole = ask.summary(query);
    FleetSummary sum;
    for (const auto& [domain, part] : ask.by_domain(query)) {
      sum.nodes += part.nodes;
      sum.connectivity += part.connectivity;
      sum.lifecycle += part.lifecycle;
      sum.authority += part.authority;
      sum.supply_chain += part.supply_chain;
      sum.drift.nodes += part.drift.nodes;
      sum.drift.evaluated += part.drift.evaluated;
      sum.drift.out_of_spec_nodes += part.drift.out_of_spec_nodes;
      sum.drift.out_of_spec_objects += part.drift.out_of_spec_objects;
      sum.drift.expected_objects += part.drift.expected_objects;
    }
    RC_ASSERT(sum.nodes == whole.nodes);
    RC_ASSERT(sum.connectivity == whole.connectivity);
    RC_ASSERT(sum.lifecycle == whole.lifecycle);
    RC_ASSERT(sum.authority == whole.authority);
    RC_ASSERT(sum.supply_chain == whole.supply_chain);
    RC_ASSERT(sum.drift.nodes == whole.drift.nodes);
    RC_ASSERT(sum.drift.evaluated == whole.drift.evaluated);
    RC_ASSERT(sum.drift.out_of_spec_nodes == whole.drift.out_of_spec_nodes);
    RC_ASSERT(sum.drift.out_of_spec_objects == whole.drift.out_of_spec_objects);
    RC_ASSERT(sum.drift.expected_objects == whole.drift.expected_objects);

    PhaseCounts phases;
    for (const Node& node : ask.nodes(query, 0, 1000)) {
      const LifecycleState state = read.views.lifecycle().state_of(node.id);
      phases.count(state);
      RC_ASSERT(node == *ask.node(node.id));
    }
    RC_ASSERT(phases == whole.lifecycle);
  });
}

TEST_CASE("the nodes that a question finds are those that a look at each registration finds",
          "[query][projection][property]") {
  rc::prop("for any log, question and page", [](std::uint64_t seed) {
    Dice dice(seed);
    const Read read(random_history(seed, 200));
    Query query = any_query(dice);
    query.from = Instant::min();
    query.until = never;
    std::map<std::uint32_t, NodeId> wanted;  // by ordinal
    const std::map<DomainId, std::vector<DomainId>> around{
        {north, {north, fleet, {}}}, {south, {south, fleet, {}}}, {harbour, {harbour, south, fleet, {}}}};
    for (const auto& [id, as] : read.scribe.registered) {
      const NodeRegistered& node = as;  // a lambda of clang 14 cannot name a part of a pair
      const auto& within = around.at(node.domain_id);
      const auto has = [&](const std::string& tag) {
        return std::find(node.tags.begin(), node.tags.end(), tag) != node.tags.end();
      };
      const auto runs = read.scribe.runs.find(id);
      const BundleId bundle = runs == read.scribe.runs.end() ? BundleId{} : runs->second;
      if (std::find(within.begin(), within.end(), query.domain) != within.end() &&
          std::all_of(query.tags.begin(), query.tags.end(), has) &&
          (query.bundle.is_nil() || query.bundle == bundle))
        wanted[node.ordinal] = id;
    }
    std::vector<NodeId> found;
    const std::size_t page = 1 + dice.below(4);
    for (std::size_t first = 0;; first += page) {
      const auto nodes = FleetQuery(read.views).nodes(query, first, page);
      RC_ASSERT(nodes.size() <= page);
      for (const Node& node : nodes) found.push_back(node.id);
      if (nodes.size() < page) break;
    }
    std::vector<NodeId> in_order;
    in_order.reserve(wanted.size());
    for (const auto& [ordinal, id] : wanted) in_order.push_back(id);
    RC_ASSERT(found == in_order);
  });
}

TEST_CASE("the seed's Node is put together from what all views say of it", "[query]") {
  Scribe scribe;
  const MasterId master = master_named(0);
  const NodeId node = node_named(0);
  scribe.enlist(master, node, 0, harbour, {"ship"});
  scribe.activate(master, node);
  scribe.write(
      any(master), EventType::authority_granted, any(south),
      AuthorityGranted{{south, AuthorityLevel::region, master, "m", 3, at(1s), 1h, GrantReason::initial}});
  PolicyBundle bundle;
  bundle.id = bundle_named(1);
  bundle.name = "edge";
  bundle.version = "2.1";
  bundle.constraints.min_battery_pct = 40;
  bundle.objects["a"] = object_of(exact_value("good"));
  scribe.write(any(master), EventType::bundle_published, any(bundle.id), BundlePublished{bundle});
  scribe.write(any(master), EventType::desired_set, any(harbour), DesiredSet{harbour, bundle.id, 1, {}});
  Snapshot snapshot;
  snapshot.reported_version = "2.0";
  snapshot.inventory.cpu = "two cores";
  snapshot.objects["a"] = exact_value("bad");
  Observation observation;
  observation.node_id = node;
  observation.kind = ObservationKind::snapshot;
  observation.body = digest_of(encode(snapshot));
  scribe.bodies[observation.body] = encode(snapshot);
  scribe.write(any(node), EventType::observation_recorded, any(node), observation);
  HeartbeatBatch batch;
  batch.from = at(5s);
  batch.until = at(6s);
  batch.ordinal = {0};
  batch.beats = {1};
  batch.last_seen_ms = {500};
  batch.rtt_us = {2500};
  batch.head = {7};
  batch.backlog_events = {4};
  batch.backlog_bytes = {400};
  batch.mode = {ConnectivityMode::live};
  batch.health = {Health::degraded};
  scribe.write(any(master), EventType::heartbeat_batch, any(fleet), batch);
  const Read read(std::move(scribe));

  const Node shown = *FleetQuery(read.views).node(node);

  CHECK(shown.name == "n0");
  CHECK(shown.tags == std::vector<std::string>{"ship"});
  CHECK(shown.domain_id == harbour);
  CHECK(shown.authority.master_of_record == AuthorityLevel::region);
  CHECK(shown.authority.controller_ids == std::vector<std::string>{text_of(master)});
  CHECK(shown.connectivity.last_seen_ts == at(5s + 500ms));
  CHECK(shown.connectivity.link_quality.rtt_ms == 2.5);
  CHECK(shown.connectivity.sync_debt.backlog_messages == 4);
  CHECK(shown.connectivity.sync_debt.seconds_behind > 0);
  CHECK_FALSE(shown.connectivity.sync_debt.replay_required);
  CHECK(shown.desired_state.policy_bundle_id == bundle.id);
  CHECK(shown.desired_state.target_version == "2.1");
  CHECK(shown.desired_state.constraints.min_battery_pct == 40);
  CHECK(shown.actual_state.reported_version == "2.0");
  CHECK(shown.actual_state.inventory.cpu == "two cores");
  CHECK(shown.actual_state.runtime.health == Health::degraded);
  CHECK(shown.drift.objects_out_of_spec == 1);
  CHECK(shown.lifecycle.phase == Phase::active);
  CHECK(shown.observations.last_snapshot_ref == "snapshot/" + text_of(observation.body));
  CHECK(shown.observations.last_event_ref == "event/" + text_of(node) + "/7");
  CHECK_FALSE(FleetQuery(read.views).node(node_named(9)));
}

TEST_CASE("the same question is answered of the past, as it was known then and as it happened", "[query]") {
  Scribe scribe;
  const MasterId master = master_named(0);
  scribe.enlist(master, node_named(0), 0, north);
  scribe.activate(master, node_named(0));
  scribe.enlist(master, node_named(1), 1, south);
  scribe.step(master, node_named(0), EventType::conn_lost);
  const Instant happened = scribe.events.back().occurred;
  MemoryStore log;
  for (std::size_t i = 0; i + 1 < scribe.events.size(); ++i) store(log, scribe.events[i]);
  for (int late = 0; late < 20; ++late) {  // what others say meanwhile
    scribe.write(any(master_named(1)), EventType::authority_granted, any(south), AuthorityGranted{});
    store(log, scribe.events.back());
  }
  store(log, scribe.events[scribe.events.size() - 21]);
  ProjectionHistory history(domains(), 10);
  history.catch_up(log);

  const auto known = history.as_of(log, happened, TimeAxis::known);
  const auto happening = history.as_of(log, happened, TimeAxis::happened);

  const auto moved = [&](const Projections& views) {
    return views.lifecycle().timeline_of(node_named(0)).transitions.size();
  };
  CHECK(moved(*happening) == moved(*known) + 1);
  CHECK(FleetQuery(*known).summary({.domain = south}).nodes == 1);
  CHECK(FleetQuery(*known).summary().nodes == 2);
  CHECK(FleetQuery(*known).as_of().position <= log.size());
}

TEST_CASE("rollouts are found by their bundle, their domain and when they began", "[query][rollout]") {
  Scribe scribe;
  const auto begin = [&](std::uint64_t bundle, DomainId scope) {
    RolloutStarted started;
    started.bundle_id = bundle_named(bundle);
    started.scope = scope;
    started.fractions = {1};
    started.nodes = {node_named(1)};
    scribe.write(any(master_named(1)), EventType::rollout_started, any(bundle_named(bundle)), started);
    return scribe.events.back().occurred;
  };
  begin(1, north);
  const Instant second = begin(2, harbour);
  const Read read(std::move(scribe));
  const FleetQuery ask(read.views);
  const auto found = [&](const Query& query) {
    std::set<BundleId> bundles;
    for (const Rollout& rollout : ask.rollouts(query)) bundles.insert(rollout.bundle_id);
    return bundles;
  };
  const std::set<BundleId> first_only{bundle_named(1)}, second_only{bundle_named(2)};
  CHECK(found({}).size() == 2);
  CHECK(found({.bundle = bundle_named(1)}) == first_only);
  CHECK(found({.bundle = bundle_named(3)}).empty());
  CHECK(found({.domain = north}) == first_only);
  CHECK(found({.domain = south}) == second_only);  // the harbour lies within
  CHECK(found({.from = second}) == second_only);
  CHECK(found({.until = second}) == first_only);
}

TEST_CASE("I-64: who was heard of but never registered is no node, and its grant counts to the fleet",
          "[query]") {
  Scribe scribe;
  scribe.enlist(master_named(1), node_named(1), 1, north);
  Observation seen;
  seen.node_id = node_named(2);
  seen.policy_bundle_id = bundle_named(1);
  scribe.write(any(node_named(2)), EventType::observation_recorded, any(node_named(2)), seen);
  for (const std::uint64_t node : {1, 2, 3})
    scribe.write(any(master_named(1)), EventType::authority_granted, any(node_named(node)),
                 AuthorityGranted{{id_cast<DomainTag>(node_named(node)), AuthorityLevel::region,
                                   master_named(1), "m", 1, at(0s), 1h, GrantReason::renewal}});
  const Read read(std::move(scribe));
  const FleetQuery ask(read.views);

  CHECK(ask.node(node_named(1)));
  CHECK_FALSE(ask.node(node_named(2)));
  CHECK_FALSE(ask.node(node_named(3)));
  CHECK(ask.by_domain()[north].authority.in_force == 1);
  CHECK(ask.by_domain()[DomainId{}].authority.in_force == 2);
  CHECK(ask.summary().authority.in_force == 3);
}
