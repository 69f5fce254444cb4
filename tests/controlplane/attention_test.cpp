#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "controlplane/attention_queue.hpp"
#include "controlplane/projection_history.hpp"
#include "model/payloads.hpp"
#include "random_log.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

/// A fleet whose trouble is written event by event, with a queue that hears of each.
class Story {
 public:
  Scribe scribe;
  MemoryStore log;
  std::map<NodeId, SupplyStanding> supply;
  Projections views{domains(), [this](const Digest& digest) -> std::optional<Bytes> {
                      const auto found = scribe.bodies.find(digest);
                      if (found == scribe.bodies.end()) return std::nullopt;
                      return found->second;
                    }};
  AttentionQueue queue{views, settings(), [this](NodeId node) { return supply[node]; }};
  AnyId master = any(master_named(0));

  static AttentionSettings settings() {
    AttentionSettings settings;
    settings.importance_of_tag = {{"vital", 1.0}, {"spare", 0.1}};
    return settings;
  }
  NodeId add(std::uint32_t node, DomainId domain, const std::string& relay = "r",
             std::vector<std::string> tags = {}) {
    const NodeId id = node_named(node);
    scribe.enlist(master_named(0), id, node, domain, std::move(tags), relay);
    scribe.activate(master_named(0), id);
    beat(node, Health::ok);
    return id;
  }
  void beat(std::uint32_t node, Health health, std::uint32_t backlog = 0) {
    HeartbeatBatch batch;
    batch.from = at(std::chrono::seconds{scribe.events.size()});
    batch.until = batch.from;
    batch.ordinal = {node};
    batch.beats = {1};
    batch.last_seen_ms = {0};
    batch.rtt_us = {1};
    batch.head = {1};
    batch.backlog_events = {backlog};
    batch.backlog_bytes = {0};
    batch.mode = {ConnectivityMode::live};
    batch.health = {health};
    scribe.write(master, EventType::heartbeat_batch, any(fleet), batch);
  }
  void lose(std::uint32_t node) {
    REQUIRE(scribe.step(master_named(0), node_named(node), EventType::conn_lost));
  }
  void find_again(std::uint32_t node) {
    REQUIRE(scribe.step(master_named(0), node_named(node), EventType::conn_detected));
    REQUIRE(scribe.step(master_named(0), node_named(node), EventType::replay_not_needed));
  }
  void publish(BundleId id) {
    PolicyBundle bundle;
    bundle.id = id;
    bundle.objects["a"] = object_of(exact_value("right"));
    scribe.write(master, EventType::bundle_published, any(id), BundlePublished{bundle});
    scribe.write(master, EventType::desired_set, any(fleet), DesiredSet{fleet, id, 1, {}});
  }
  void observe(std::uint32_t node, const char* a) {
    Snapshot snapshot;
    snapshot.objects["a"] = exact_value(a);
    Bytes body = encode(snapshot);
    Observation observation;
    observation.kind = ObservationKind::snapshot;
    observation.body = digest_of(body);
    scribe.bodies[observation.body] = std::move(body);
    scribe.write(any(node_named(node)), EventType::observation_recorded, any(node_named(node)), observation);
  }
  void wait(Duration time) { waited_ += time; }

  /// Folds what was written, evaluates, and gives the whole list.
  std::vector<AttentionItem> items(const std::vector<ProjectionFault>& faults = {}) {
    for (; read_ < scribe.events.size(); ++read_) {
      const Bytes packed = encode(scribe.events[read_]);
      const ByteView view = packed;
      (void)log.append(log.size(), scribe.events[read_].occurred + waited_, {&view, 1});
    }
    for (const Event& event : scribe.events) queue.note(event);
    views.catch_up(log);
    queue.evaluate(faults);
    return queue.top(1000);
  }
  AttentionItem only(const std::vector<ProjectionFault>& faults = {}) {
    const auto all = items(faults);
    REQUIRE(all.size() == 1);
    return all[0];
  }

 private:
  std::size_t read_ = 0;
  Duration waited_{};
};

}  // namespace

TEST_CASE("the five signals lie where the formulas put them", "[attention]") {
  const AttentionSettings settings;

  CHECK(sync_debt_signal(0s, 0, settings) == 0);
  CHECK(sync_debt_signal(1h, 0, settings) == Approx(1 - std::exp(-1)).margin(1e-6));
  CHECK(sync_debt_signal(0s, 2000, settings) == Approx(1 - std::exp(-2)).margin(1e-6));
  CHECK(sync_debt_signal(1h, 1000, settings) == Approx(1 - std::exp(-2)).margin(1e-6));
  CHECK(health_signal(Health::ok) == 0);
  CHECK(health_signal(Health::unknown) == 0.4);
  CHECK(health_signal(Health::degraded) == 0.6);
  CHECK(health_signal(Health::failed) == 1);

  CHECK(attention(1, {}, settings) == 0);
  CHECK(attention(1, {.drift = 1}, settings) == 0.5);
  CHECK(attention(1, {.sync_debt = 1}, settings) == 0.4);
  CHECK(attention(1, {.authority_mismatch = 0.6}, settings) == 0.54);
  CHECK(attention(1, {.health = 0.6}, settings) == 0.36);
  CHECK(attention(0.5, {.supply_chain = 1}, settings) == 0.475);
  CHECK(attention(1, {.drift = 1, .sync_debt = 1}, settings) == 0.7);  // 1 - 0.5 * 0.6
}

TEST_CASE("attention rises with each signal, and stays within the importance", "[attention][property]") {
  rc::prop("for any signals", [](std::uint64_t seed) {
    Dice dice(seed);
    const auto share = [&] { return static_cast<double>(dice.below(101)) / 100; };
    const AttentionSettings settings;
    const double importance = share();
    AttentionSignals low{share(), share(), share(), share(), share()};
    const AttentionSignals high = highest(low, {share(), share(), share(), share(), share()});

    RC_ASSERT(attention(importance, low, settings) <= attention(importance, high, settings));
    RC_ASSERT(attention(importance, high, settings) <= importance);
    RC_ASSERT((attention(importance, low, settings) == 0) == (importance == 0 || is_silent(low)));
  });
}

TEST_CASE("importance comes from the kind of node, unless a tag says otherwise", "[attention]") {
  AttentionSettings settings;
  settings.importance_of_tag = {{"vital", 1.0}, {"spare", 0.1}};

  CHECK(importance_of(NodeKind::dc, {}, settings) == 1);
  CHECK(importance_of(NodeKind::edge, {"other"}, settings) == 0.8);
  CHECK(importance_of(NodeKind::edge, {"spare"}, settings) == 0.1);
  CHECK(importance_of(NodeKind::edge, {"spare", "vital"}, settings) == 1);
  CHECK(importance_of_group(0.5, 1) == 0.5);
  CHECK(importance_of_group(0.5, 3) == 0.875);
}

TEST_CASE("I-65: a node is an item while something is wrong with it, and no longer", "[attention]") {
  Story story;
  story.add(0, north);
  CHECK(story.items().empty());

  story.beat(0, Health::degraded);
  const AttentionItem item = story.only();
  CHECK(item.cause == AttentionCause::node);
  CHECK(item.subject == any(node_named(0)));
  CHECK(item.domain_id == north);
  CHECK(item.score == Approx(0.8 * 0.36));
  CHECK(item.signals == AttentionSignals{.health = 0.6});
  CHECK(item.why == "n0: health DEGRADED");
  CHECK(item.as_of_ts == story.views.as_of().ingested);

  story.beat(0, Health::ok);
  CHECK(story.items().empty());
}

TEST_CASE("the debt of a lost node grows while nothing is heard of it", "[attention]") {
  Story story;
  story.add(0, north);
  story.add(1, north);
  story.lose(0);
  const double soon = story.only().signals.sync_debt;

  story.wait(2h);
  story.beat(1, Health::ok);
  const double late = story.only().signals.sync_debt;

  CHECK(soon < 0.01);
  CHECK(late == Approx(1 - std::exp(-2)).margin(0.01));
  CHECK(story.only().signals.health == 0.4);
  CHECK(story.only().why == "n0: health OK, AUTONOMOUS");
}

TEST_CASE("a dead relay is one item, not its children", "[attention]") {
  Story story;
  for (std::uint32_t i = 0; i < 10; ++i) story.add(i, i < 5 ? south : harbour, "mast");
  for (std::uint32_t i = 10; i < 20; ++i) story.add(i, north, "other");
  for (std::uint32_t i = 0; i < 8; ++i) story.lose(i);
  const AttentionItem relay = story.only();

  CHECK(relay.cause == AttentionCause::relay);
  CHECK(relay.nodes == 8);
  CHECK(relay.domain_id == south);  // holds harbour too
  CHECK(relay.why == "mast: 8 of 10 nodes out of contact");

  story.beat(3, Health::failed);  // said before it was lost: this is its own
  const auto items = story.items();
  REQUIRE(items.size() == 2);
  CHECK(items[0].cause == AttentionCause::node);
  CHECK(items[0].signals == AttentionSignals{.health = 1});

  for (std::uint32_t i = 0; i < 8; ++i) story.find_again(i);
  story.beat(3, Health::ok);
  CHECK(story.items().empty());
}

TEST_CASE("seven of ten children are no dead relay but seven lost nodes", "[attention]") {
  Story story;
  for (std::uint32_t i = 0; i < 10; ++i) story.add(i, south, "mast");
  for (std::uint32_t i = 0; i < 7; ++i) story.lose(i);

  CHECK(story.items().size() == 7);
}

TEST_CASE("a cut-off domain is one item, not its relays", "[attention]") {
  Story story;
  for (std::uint32_t i = 0; i < 12; ++i)
    story.add(i, i < 6 ? harbour : i < 9 ? south : north, "relay " + std::to_string(i / 3));
  for (std::uint32_t i = 0; i < 6; ++i) story.lose(i);
  AttentionItem item = story.only();
  CHECK(item.cause == AttentionCause::domain);
  CHECK(item.subject == any(harbour));
  CHECK(item.nodes == 6);

  for (std::uint32_t i = 6; i < 9; ++i) story.lose(i);  // the rest of south, around harbour
  item = story.only();
  CHECK(item.subject == any(south));
  CHECK(item.nodes == 9);
  CHECK(item.domain_id == south);
}

TEST_CASE("a bundle that many nodes drift from is one item, a few drifting nodes are themselves",
          "[attention]") {
  Story story;
  for (std::uint32_t i = 0; i < 20; ++i) story.add(i, i < 10 ? north : south);
  story.publish(bundle_named(1));
  for (std::uint32_t i = 0; i < 20; ++i) story.observe(i, "right");
  CHECK(story.items().empty());

  for (std::uint32_t i = 0; i < 4; ++i) story.observe(i, "wrong");  // one in five
  CHECK(story.items().size() == 4);
  CHECK(story.items()[0].why.find(": 1 of 1 objects out of spec") == 2);

  story.observe(10, "wrong");
  const AttentionItem bundle = story.only();
  CHECK(bundle.cause == AttentionCause::bundle);
  CHECK(bundle.subject == any(bundle_named(1)));
  CHECK(bundle.nodes == 5);
  CHECK(bundle.domain_id == fleet);
  CHECK(bundle.signals == AttentionSignals{.drift = 1});

  for (std::uint32_t i = 0; i < 20; ++i) story.observe(i, "right");
  CHECK(story.items().empty());
}

TEST_CASE("a bad artifact is one item wherever it runs", "[attention]") {
  Story story;
  const auto artifact = derive_id<ArtifactTag>("test", 1, "artifact");
  for (std::uint32_t i = 0; i < 4; ++i) story.add(i, south);
  story.supply[node_named(0)] = {1, artifact};
  story.queue.note_all();
  CHECK(story.only().cause == AttentionCause::node);
  CHECK(story.only().why == "n0: supply chain");

  story.supply[node_named(3)] = {0.5, artifact};
  story.queue.note_all();
  const AttentionItem item = story.only();
  CHECK(item.cause == AttentionCause::artifact);
  CHECK(item.subject == any(artifact));
  CHECK(item.nodes == 2);
  CHECK(item.signals.supply_chain == 1);
}

TEST_CASE("masters at odds over a scope are one item of the scope", "[attention]") {
  Story story;
  story.add(0, south);
  for (std::uint64_t master = 0; master < 2; ++master) {
    AuthorityGrant grant;
    grant.scope = south;
    grant.holder = master_named(master);
    grant.epoch = 3;
    grant.granted_ts = at(1s);
    grant.reason = GrantReason::handover;
    story.scribe.write(any(master_named(master)), EventType::authority_granted, any(south),
                       AuthorityGranted{grant});
  }
  AttentionItem item = story.only();
  CHECK(item.cause == AttentionCause::scope);
  CHECK(item.subject == any(south));
  CHECK(item.signals.authority_mismatch == 1);
  CHECK(item.score == 0.9);

  story.wait(3h);  // two holders of the present term do not go away by waiting
  story.beat(0, Health::ok);
  CHECK(story.only().signals.authority_mismatch == 1);

  AuthorityGrant next;
  next.scope = south;
  next.holder = master_named(0);
  next.epoch = 4;
  next.granted_ts = at(1s);
  next.reason = GrantReason::handover;
  story.scribe.write(any(master_named(0)), EventType::authority_granted, any(south), AuthorityGranted{next});
  CHECK(story.items().empty());
}

TEST_CASE("a fenced command shows for an hour", "[attention]") {
  Story story;
  story.add(0, harbour);
  story.scribe.write(
      any(node_named(0)), EventType::command_result, any(node_named(0)),
      CommandResult{derive_id<CommandTag>("test", 1, "command"), CommandState::fenced, 1, 2, {}, ""});
  CHECK(story.only().signals.authority_mismatch == 0.6);
  CHECK(story.only().nodes == 1);

  story.wait(1h + 1s);
  story.beat(0, Health::ok);
  CHECK(story.items().empty());
}

TEST_CASE("a brake that holds and a refused peer are items until they are not", "[attention]") {
  Story story;
  story.add(0, south);
  story.scribe.write(story.master, EventType::quarantine_braked, any(south),
                     QuarantineBraked{south, "bad signature", 20, 7});
  story.scribe.write(story.master, EventType::peer_refused, story.master,
                     PeerRefused{"stranger", "another fleet", false});
  story.scribe.write(story.master, EventType::peer_refused, story.master,
                     PeerRefused{"rewound", "its log went backwards", true});
  auto items = story.items();
  REQUIRE(items.size() == 3);
  CHECK(items[0].why == "bad signature: 20 quarantined, 7 held");
  CHECK(items[0].cause == AttentionCause::brake);
  CHECK(items[0].domain_id == south);
  CHECK(items[0].nodes == 7);
  CHECK(items[1].why == "rewound halted: its log went backwards");
  CHECK(items[2].why == "stranger refused: another fleet");

  story.scribe.write(story.master, EventType::quarantine_brake_released, any(south),
                     QuarantineBraked{south, "bad signature", 20, 0});
  story.wait(2h);
  story.beat(0, Health::ok);
  items = story.items();
  REQUIRE(items.size() == 1);
  CHECK(items[0].why == "rewound halted: its log went backwards");
}

TEST_CASE("L-7: a projection that fails is an item within one evaluation, and gone with it", "[attention]") {
  Story story;
  story.add(0, north);

  const AttentionItem item = story.only({{"drift", "stands at position 17"}});
  CHECK(item.cause == AttentionCause::projection);
  CHECK(item.why == "drift: stands at position 17");
  CHECK(item.score == 0.95);

  CHECK(story.items().empty());
}

TEST_CASE("L-7: views that cannot read an entry show in attention at the next evaluation", "[attention]") {
  MemoryStore log;
  ProjectionHistory history(domains(), 100, 1);
  AttentionQueue queue(history.live());
  const Bytes garbage{1, 2, 3};
  const ByteView view = garbage;
  const auto why = [&] {
    history.catch_up(log);
    queue.evaluate(faults_of(history));
    const auto items = queue.top(10);
    return items.empty() ? std::string() : items.at(0).why;
  };
  CHECK(why().empty());

  (void)log.append(0, at(1s), {&view, 1});
  CHECK(why() == "views: 1 entries unread");

  (void)log.append(1, at(2s), {&view, 1});  // there is room for one only
  CHECK(why() == "views: stand at position 2, 1 entries unread");

  history.resume(10);
  CHECK(why() == "views: 2 entries unread");
}

TEST_CASE("I-66: an item keeps its place until its score moved far enough", "[attention]") {
  Story story;
  const auto artifact = [](std::uint64_t i) { return derive_id<ArtifactTag>("test", 1, "artifact", i); };
  story.add(0, north);
  story.add(1, north);
  const auto order = [&](double first, double second) {
    story.supply[node_named(0)] = {first, artifact(0)};
    story.supply[node_named(1)] = {second, artifact(1)};
    story.queue.note_all();
    std::vector<std::uint32_t> nodes;
    for (const AttentionItem& item : story.items())
      nodes.push_back(item.subject == any(node_named(0)) ? 0 : 1);
    return nodes;
  };

  CHECK(order(0.60, 0.55) == std::vector<std::uint32_t>{0, 1});
  CHECK(order(0.58, 0.60) == std::vector<std::uint32_t>{0, 1});  // moved by less than 0.05
  CHECK(order(0.58, 0.70) == std::vector<std::uint32_t>{1, 0});
  CHECK(order(0.80, 0.68) == std::vector<std::uint32_t>{0, 1});
  CHECK(order(0.07, 0.13).size() == 2);  // still above where it goes
  CHECK(order(0.06, 0.13).size() == 1);
  CHECK(order(0.07, 0.13).size() == 1);  // and not yet where it comes again
}

TEST_CASE("the list of a domain is of its subtree, and the fleet's is merged from those of all",
          "[attention]") {
  Story story;
  for (std::uint32_t i = 0; i < 12; ++i) story.add(i, std::array{north, south, harbour}[i % 3]);
  for (std::uint32_t i = 0; i < 12; ++i) story.supply[node_named(i)] = {0.5 + 0.03 * i, {}};
  story.queue.note_all();
  const auto all = story.items();
  REQUIRE(all.size() == 12);

  const auto of_north = story.queue.top(2, north);
  const auto of_south = story.queue.top(100, south);
  const auto each = story.queue.top_by_domain(2);

  REQUIRE(of_north.size() == 2);
  CHECK(of_north[0].subject == any(node_named(9)));
  CHECK(of_north[1].subject == any(node_named(6)));
  CHECK(of_south.size() == 8);
  CHECK(each.at(harbour).size() == 2);
  CHECK(story.queue.top(5) == std::vector<AttentionItem>(all.begin(), all.begin() + 5));
}

TEST_CASE("an item knows since when it stands in the list", "[attention]") {
  Story story;
  story.add(0, north);
  story.beat(0, Health::degraded);
  const AttentionItem first = story.only();
  story.wait(1h);
  story.beat(0, Health::failed);
  const AttentionItem later = story.only();

  CHECK(first.since_ts == first.as_of_ts);
  CHECK(later.since_ts == first.since_ts);
  CHECK(later.as_of_ts > first.as_of_ts);
  CHECK(later.id == first.id);
}

TEST_CASE("an evaluation from what changed equals one from everything", "[attention][property]") {
  rc::prop("for any log, evaluated at any positions", [](std::uint64_t seed) {
    const auto scribe = random_history(seed, 300);
    Dice dice(seed + 1);
    std::map<NodeId, SupplyStanding> supply;
    const auto standing = [&](NodeId node) { return supply[node]; };
    const auto bodies = [&](const Digest& digest) -> std::optional<Bytes> {
      const auto found = scribe.bodies.find(digest);
      if (found == scribe.bodies.end()) return std::nullopt;
      return found->second;
    };
    AttentionSettings settings;
    settings.outage_nodes = 2;
    settings.drift_nodes = 2;
    settings.news = 60s;
    MemoryStore log;
    Projections views(domains(), bodies);
    AttentionQueue incremental(views, settings, standing);
    AttentionQueue whole(views, settings, standing);
    AttentionQueue incremental_own(views, settings);
    AttentionQueue whole_own(views, settings);
    for (const Event& event : scribe.events) {
      store(log, event);
      views.catch_up(log);
      incremental.note(event);
      incremental_own.note(event);
      if (dice.one_in(20)) {
        // As a verdict of the supply chain's view would: the node's own event comes with it.
        const NodeId node = id_cast<NodeTag>(event.origin);
        supply[node] = {0.5 * static_cast<double>(dice.below(3)),
                        derive_id<ArtifactTag>("test", 1, "artifact", dice.below(2))};
      }
      if (!dice.one_in(6)) continue;
      std::vector<ProjectionFault> faults;
      if (dice.one_in(5)) faults.push_back({"lifecycle", "stuck"});
      incremental.evaluate(faults);
      whole.note_all();
      whole.evaluate(faults);
      incremental_own.evaluate(faults);
      whole_own.note_all();
      whole_own.evaluate(faults);
      RC_ASSERT((incremental_own.top(1000) == whole_own.top(1000)));
      RC_ASSERT((incremental.top(1000) == whole.top(1000)));
      RC_ASSERT((incremental.top_by_domain(3) == whole.top_by_domain(3)));
    }
  });
}

TEST_CASE("the supply chain is the views' own where no other source is given", "[attention][supply_chain]") {
  Story story;
  ArtifactJudged judged;
  judged.artifact_id = derive_id<ArtifactTag>("test", 1, "artifact", 1);
  judged.verdict = ArtifactVerdict::revoked;
  for (const std::uint32_t number : {1, 2}) {
    judged.node_id = story.add(number, north);
    story.scribe.write(story.master, EventType::artifact_judged, any(judged.node_id), judged);
  }
  REQUIRE(story.items().empty());  // its own source knows nothing of it
  AttentionQueue queue(story.views, Story::settings());

  queue.evaluate();

  const auto items = queue.top(10);
  REQUIRE(items.size() == 1);
  CHECK(items[0].cause == AttentionCause::artifact);
  CHECK(items[0].subject == any(judged.artifact_id));
  CHECK(items[0].nodes == 2);
  CHECK(items[0].signals.supply_chain == 1.0);
}

TEST_CASE("I-66: two masters that hold the same events rank alike", "[attention][property]") {
  rc::prop("for any log, merged in another order", [](std::uint64_t seed) {
    const auto scribe = random_history(seed, 200);
    const auto list = [&](const std::vector<Event>& events) {
      MemoryStore log;
      for (const Event& event : events) {
        const Bytes packed = encode(event);
        const ByteView view = packed;
        (void)log.append(log.size(), at(1000s), {&view, 1});
      }
      Projections views(domains());
      views.catch_up(log);
      AttentionQueue queue(views);
      queue.evaluate();
      return queue.top(1000);
    };
    // Origins apart, each in its own order: the farthest from how it was written.
    auto apart = scribe.events;
    std::stable_sort(apart.begin(), apart.end(),
                     [](const Event& a, const Event& b) { return b.origin < a.origin; });

    RC_ASSERT((list(scribe.events) == list(apart)));
  });
}
