#include "controlplane/supply_chain_projection.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "model/payloads.hpp"
#include "random_supply_chain.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

/// Roster and view, fed in any order; each event counts once.
struct View {
  FleetRoster roster{domains()};
  SupplyChainProjection chain;
  std::set<std::pair<AnyId, std::uint64_t>> seen;
  std::uint64_t position = 0;

  explicit View(BodySource bodies = {}) : chain(roster, std::move(bodies)) {}

  void read(const Event& event) {
    if (!seen.insert({event.origin, event.seq}).second) return;
    const Stored stored{position++, event.occurred, {}};
    REQUIRE(roster.apply(stored, event));
    REQUIRE(chain.apply(stored, event));
  }
  void read(const std::vector<Event>& events) {
    for (const Event& event : events) read(event);
  }
};

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
    if (dice.below(4) == 0) merged.push_back(queues[which].back());  // said twice
    queues[which].pop_back();
    if (queues[which].empty()) queues.erase(queues.begin() + static_cast<std::ptrdiff_t>(which));
  }
  return merged;
}

const NodeId node = node_named(0);
const AnyId master = any(master_named(0));

/// One node in the north and its master, by hand.
struct OneNode {
  Scribe scribe;
  View view{[this](const Digest& digest) -> std::optional<Bytes> {
    const auto found = bodies.find(digest);
    return found == bodies.end() ? std::nullopt : std::optional(found->second);
  }};
  std::map<Digest, Bytes> bodies;
  ArtifactPublished gateway = make_release(facts_of("gateway", 5), signer_of(1));

  OneNode() {
    scribe.enlist(master_named(0), node, 0, north, {"even"});
    view.read(scribe.events);
  }
  template <class Payload>
  void put(AnyId origin, EventType type, const Payload& payload) {
    view.read(Event(scribe.write(origin, type, any(node), payload)));
  }
  InstalledArtifact installed() const {
    const Artifact& artifact = gateway.artifact;
    return {artifact.id, artifact.name, artifact.version, artifact.release, artifact.digest};
  }
  void report(std::vector<InstalledArtifact> installed, Firmware firmware = {}, bool with_body = true) {
    Snapshot snapshot;
    snapshot.installed = std::move(installed);
    snapshot.firmware = std::move(firmware);
    const Bytes body = encode(snapshot);
    if (with_body) bodies[digest_of(body)] = body;
    Observation observation;
    observation.node_id = node;
    observation.kind = ObservationKind::snapshot;
    observation.body = digest_of(body);
    put(any(node), EventType::observation_recorded, observation);
  }
  ArtifactJudged judged(ArtifactVerdict verdict) const {
    const PublicKey key = signer_of(1).public_key();
    return {.node_id = node,
            .artifact_id = gateway.artifact.id,
            .verdict = verdict,
            .name = "gateway",
            .release = 5,
            .newest_release = 0,
            .found = gateway.artifact.digest,
            .envelope = digest_of(gateway.envelope),
            .key = Bytes(key.begin(), key.end()),
            .revoked = false,
            .reason = "because",
            .refused = std::nullopt};
  }
  NodeSupplyChain panel() const { return *view.chain.find(node); }
  std::vector<std::string> reasons() const { return panel().reasons; }
};

using Reasons = std::vector<std::string>;

}  // namespace

TEST_CASE("a node that runs verified artifacts is clean, and shows them as the seed's Node does",
          "[supply_chain]") {
  OneNode one;
  CHECK(one.panel().level == SupplyChainLevel::clean);
  CHECK(one.panel().shown.hardware == Hardware{"x", "maker", "model", "bom"});
  one.put(master, EventType::artifact_published, one.gateway);
  one.report({one.installed()}, {"7.1", "signed", "here"});
  CHECK(one.reasons() == Reasons{"gateway 1.5: not judged yet"});
  CHECK(one.panel().level == SupplyChainLevel::suspect);

  one.put(master, EventType::artifact_judged, one.judged(ArtifactVerdict::verified));

  const NodeSupplyChain panel = one.panel();
  CHECK(panel.level == SupplyChainLevel::clean);
  CHECK(panel.reasons.empty());
  CHECK(panel.last_judged_ts == one.scribe.events.back().occurred);
  CHECK(panel.shown.software.artifact_id == one.gateway.artifact.id);
  CHECK(panel.shown.software.sbom_ref == one.gateway.artifact.sbom_ref);
  CHECK(panel.shown.software.signature == one.gateway.artifact.signature);
  CHECK(panel.shown.software.attestations == Reasons{"dsse/" + text_of(digest_of(one.gateway.envelope))});
  CHECK(panel.shown.firmware == Firmware{"7.1", "signed", "here"});
  REQUIRE(panel.artifacts.size() == 1);
  CHECK(panel.artifacts[0].verdict == ArtifactVerdict::verified);
}

TEST_CASE("every bad verdict is a violation, and tells which artifact and why", "[supply_chain]") {
  for (std::size_t i = 1; i < words_of(ArtifactVerdict{}).size(); ++i) {
    const auto verdict = static_cast<ArtifactVerdict>(i);
    OneNode one;
    one.report({one.installed()});
    one.put(master, EventType::artifact_judged, one.judged(verdict));
    CHECK(one.panel().level == SupplyChainLevel::violation);
    CHECK(one.reasons() == Reasons{"gateway 1.5: " + std::string(word_of(verdict)) + ": because"});
  }
}

TEST_CASE("a recall marks every node that runs the artifact, before anybody judges again", "[supply_chain]") {
  OneNode one;
  one.put(master, EventType::artifact_published, one.gateway);
  one.report({one.installed()});
  one.put(master, EventType::artifact_judged, one.judged(ArtifactVerdict::verified));
  REQUIRE(one.panel().level == SupplyChainLevel::clean);
  const ArtifactId id = one.gateway.artifact.id;
  CHECK(one.view.chain.nodes_running(id) == std::vector{node});

  SECTION("of the artifact") {
    one.put(master, EventType::artifact_revoked, ArtifactRevoked{id, "CVE"});
    CHECK(one.reasons() == Reasons{"gateway 1.5: revoked: CVE"});
  }
  SECTION("of the key that signed it") {
    one.put(master, EventType::key_revoked, KeyRevoked{one.judged({}).key, "leaked"});
    CHECK(one.reasons() == Reasons{"gateway 1.5: revoked: leaked"});
  }
  SECTION("and a node cannot talk its way out") {
    one.put(master, EventType::key_revoked, KeyRevoked{one.judged({}).key, "leaked"});
    ArtifactJudged own = one.judged(ArtifactVerdict::verified);
    own.key = {9};
    one.put(any(node), EventType::artifact_judged, own);
  }
  CHECK(one.panel().level == SupplyChainLevel::violation);
  const auto artifacts = one.view.chain.artifacts();
  REQUIRE(artifacts.size() == 1);
  CHECK(artifacts[0].revoked);
  CHECK(artifacts[0].nodes == 1);
  CHECK(artifacts[0].artifact == one.gateway.artifact);

  one.report({});
  CHECK(one.panel().level == SupplyChainLevel::clean);
  CHECK(one.view.chain.nodes_running(id).empty());
}

TEST_CASE("firmware without a signature and refused installs are doubts", "[supply_chain]") {
  OneNode one;
  one.report({}, {"7.1", "", ""});
  CHECK(one.reasons() == Reasons{"firmware 7.1: no signature"});
  one.report({}, {"7.1", "signed", ""});
  one.put(any(node), EventType::artifact_judged, one.judged(ArtifactVerdict::bad_signature));
  CHECK(one.reasons() == Reasons{"gateway: refused by the node: BAD_SIGNATURE: because"});
  CHECK(one.panel().level == SupplyChainLevel::suspect);

  one.put(any(node), EventType::artifact_judged, one.judged(ArtifactVerdict::verified));
  CHECK(one.panel().level == SupplyChainLevel::clean);
}

TEST_CASE("without the body of a snapshot, what was judged stands for what is installed", "[supply_chain]") {
  OneNode one;
  one.report({one.installed()}, {}, false);
  CHECK(one.panel().artifacts.empty());
  one.put(master, EventType::artifact_judged, one.judged(ArtifactVerdict::rollback));
  CHECK(one.panel().level == SupplyChainLevel::violation);
  CHECK(one.view.chain.nodes_running(one.gateway.artifact.id) == std::vector{node});
}

TEST_CASE("the supply-chain view narrows by domain, tag, bundle and window", "[supply_chain]") {
  OneNode one;
  one.put(master, EventType::artifact_judged, one.judged(ArtifactVerdict::revoked));
  const Instant when = one.scribe.events.back().occurred;
  const auto count = [&](const Query& query) { return one.view.chain.counts(query).total(); };
  CHECK(one.view.chain.counts()[SupplyChainLevel::violation] == 1);
  CHECK(count({.domain = north}) == 1);
  CHECK(count({.domain = south}) == 0);
  CHECK(count({.tags = {"even"}}) == 1);
  CHECK(count({.tags = {"odd"}}) == 0);
  CHECK(count({.bundle = bundle_named(1)}) == 0);
  CHECK(count({.from = when}) == 1);
  CHECK(count({.from = when + 1s}) == 0);
  CHECK(count({.until = when}) == 0);
  CHECK(one.view.chain.counts_by_domain().at(north) == one.view.chain.counts());
  CHECK_FALSE(one.view.chain.find(node_named(7)));
}

TEST_CASE("the supply-chain view is the same for any order over origins, any repeats and any cut",
          "[supply_chain][projection][property]") {
  rc::prop("for any lives of artifacts (I-10 to I-14)", [](std::uint64_t seed) {
    const SupplyChainStory story(seed, 50);
    const auto& events = story.scribe.events;
    Dice dice(seed + 2);
    View straight(story.body_source());
    straight.read(events);
    View merged(story.body_source());
    merged.read(shuffled_merge(events, dice));
    RC_ASSERT(merged.chain.snapshot() == straight.chain.snapshot());
    RC_ASSERT(merged.chain.counts() == straight.chain.counts());

    View first(story.body_source());
    const std::size_t cut = dice.below(events.size() + 1);
    for (std::size_t i = 0; i < cut; ++i) first.read(events[i]);
    Bytes saved;
    Encoder encoder(saved);
    first.roster.write(encoder);
    first.chain.write(encoder);
    View resumed(story.body_source());
    Decoder decoder(saved);
    resumed.roster.read(decoder);
    resumed.chain.read(decoder);
    RC_ASSERT(decoder.finished());
    RC_ASSERT(resumed.chain.snapshot() == first.chain.snapshot());
    for (std::size_t i = cut; i < events.size(); ++i) resumed.read(events[i]);
    RC_ASSERT(resumed.chain.snapshot() == straight.chain.snapshot());
    RC_ASSERT(resumed.chain.counts_by_domain() == straight.chain.counts_by_domain());
  });
}

TEST_CASE("the supply-chain view agrees with a look at the log by hand", "[supply_chain][property]") {
  rc::prop("for any lives of artifacts (I-64)", [](std::uint64_t seed) {
    const SupplyChainStory story(seed, 60);
    View view(story.body_source());
    view.read(story.scribe.events);

    std::map<NodeId, Snapshot> newest;
    std::set<ArtifactId> recalled;
    std::map<std::pair<NodeId, ArtifactId>, ArtifactVerdict> by_master;
    for (const Event& event : story.scribe.events) {
      if (const auto observation = payload_of<Observation>(event);
          event.type == EventType::observation_recorded)
        newest[observation->node_id] = *decode<Snapshot>(story.bodies.at(observation->body));
      if (event.type == EventType::artifact_revoked)
        recalled.insert(payload_of<ArtifactRevoked>(event)->artifact_id);
      if (event.type != EventType::artifact_judged || event.origin != master) continue;
      const auto judged = *payload_of<ArtifactJudged>(event);
      by_master[{judged.node_id, judged.artifact_id}] = judged.verdict;
    }
    std::map<ArtifactId, std::uint64_t> runs;
    SupplyChainCounts sum;
    for (const auto& [domain, counts] : view.chain.counts_by_domain()) sum += counts;
    RC_ASSERT(sum == view.chain.counts());
    RC_ASSERT(sum.total() == story.sets.size());
    for (const auto& [id, snapshot] : newest) {
      bool bad = false;
      for (const InstalledArtifact& installed : snapshot.installed) {
        ++runs[installed.artifact_id];
        const auto verdict = by_master.find({id, installed.artifact_id});
        bad = bad || recalled.contains(installed.artifact_id) ||
              (verdict != by_master.end() && verdict->second != ArtifactVerdict::verified);
      }
      if (bad) RC_ASSERT(view.chain.find(id)->level == SupplyChainLevel::violation);
    }
    for (const ArtifactInFleet& artifact : view.chain.artifacts()) {
      if (newest.size() == story.sets.size()) RC_ASSERT(artifact.nodes == runs[artifact.id]);
      if (recalled.contains(artifact.id)) RC_ASSERT(artifact.revoked);
      RC_ASSERT(view.chain.nodes_running(artifact.id).size() == artifact.nodes);
    }
  });
}
