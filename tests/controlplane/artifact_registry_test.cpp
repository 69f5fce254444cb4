#include "controlplane/artifact_registry.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "controlplane/artifact_audit.hpp"
#include "controlplane/installer.hpp"
#include "controlplane/planted.hpp"
#include "model/payloads.hpp"
#include "random_supply_chain.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

const NodeId node = node_named(1);
const AnyId master = any(master_named(0));

ArtifactPublished gateway(std::uint64_t release, std::uint8_t key = 1) {
  return make_release(facts_of("gateway", release), signer_of(key));
}

InstalledArtifact as_installed(const ArtifactPublished& published) {
  const Artifact& artifact = published.artifact;
  return {artifact.id, artifact.name, artifact.version, artifact.release, artifact.digest};
}

/// A registry with a log of its own.
struct Knowledge {
  ArtifactRegistry registry{SupplyChainStory::trusted(), artifact_verifier};
  Scribe scribe;

  template <class Payload>
  void put(EventType type, const Payload& payload, AnyId origin = master) {
    REQUIRE(registry.apply(scribe.write(origin, type, any(node), payload)));
  }
  void publish(const ArtifactPublished& published) { put(EventType::artifact_published, published); }
  void revoke_key(std::uint8_t number) {
    const PublicKey key = signer_of(number).public_key();
    put(EventType::key_revoked, KeyRevoked{Bytes(key.begin(), key.end()), "leaked"});
  }
  ArtifactVerdict running(const ArtifactPublished& published) const {
    return registry.judge_running(node, as_installed(published)).verdict;
  }
};

/// A node about to install, with what it has.
struct Target {
  InstalledSet set;
  ReleaseKeys keys{{signer_of(1).public_key()}, {}};

  Installation install(const ArtifactPublished* delivered, const Digest& payload, ArtifactId id) {
    Command command;
    command.node_id = node;
    command.kind = CommandKind::install_artifact;
    command.artifact_id = id;
    return ibcf::install(set, command, delivered, payload, keys, artifact_verifier);
  }
  Installation install(const ArtifactPublished& delivered) {
    return install(&delivered, delivered.artifact.digest, delivered.artifact.id);
  }
};

struct Planted {
  explicit Planted(Defect defect) { planted_defect = defect; }
  ~Planted() { planted_defect = Defect::none; }
};

std::vector<AuditProblem> audit(const std::vector<Event>& events, const std::vector<PublicKey>& trusted) {
  MemoryStore log;
  for (const Event& event : events) store(log, event);
  return audit_verdicts(log, trusted, artifact_verifier);
}

}  // namespace

TEST_CASE("what runs is judged by what was published, revoked and found before", "[artifact][registry]") {
  Knowledge known;
  CHECK(known.running(gateway(5)) == ArtifactVerdict::unsigned_artifact);
  known.publish(gateway(5));
  known.publish(gateway(6));
  CHECK(known.running(gateway(5)) == ArtifactVerdict::verified);
  CHECK(known.registry.newest_release(node, "gateway") == 0);

  known.put(EventType::artifact_judged, known.registry.judge_running(node, as_installed(gateway(6))));
  CHECK(known.registry.newest_release(node, "gateway") == 6);
  CHECK(known.running(gateway(5)) == ArtifactVerdict::rollback);
  CHECK(known.registry.judge_delivery(node, gateway(5).artifact.id).verdict == ArtifactVerdict::rollback);
  CHECK(known.registry.judge_delivery(node_named(2), gateway(5).artifact.id).verdict ==
        ArtifactVerdict::verified);

  known.put(EventType::artifact_revoked, ArtifactRevoked{gateway(6).artifact.id, "recalled"});
  CHECK(known.running(gateway(6)) == ArtifactVerdict::revoked);
  CHECK(known.registry.judge_submission(gateway(6), gateway(6).artifact.digest).verdict ==
        ArtifactVerdict::revoked);
}

TEST_CASE("a revoked key revokes its artifacts until another key signs them", "[artifact][registry]") {
  Knowledge known;
  known.publish(gateway(5));
  CHECK(known.running(gateway(5)) == ArtifactVerdict::verified);
  const auto generation = known.registry.generation();

  known.revoke_key(1);

  CHECK(known.registry.generation() > generation);
  CHECK(known.running(gateway(5)) == ArtifactVerdict::revoked);
  known.publish(gateway(5, 2));
  CHECK(known.running(gateway(5)) == ArtifactVerdict::verified);
  known.revoke_key(2);
  CHECK(known.running(gateway(5)) == ArtifactVerdict::revoked);
}

TEST_CASE("a node's own word, before it installs, raises no counter and is no master's finding",
          "[artifact][registry]") {
  Knowledge known;
  known.publish(gateway(5));
  const ArtifactJudged judged = known.registry.judge_running(node, as_installed(gateway(5)));
  CHECK(known.registry.is_news(judged));

  known.put(EventType::artifact_judged, judged, any(node));
  CHECK(known.registry.newest_release(node, "gateway") == 0);
  CHECK(known.registry.is_news(judged));

  known.put(EventType::artifact_judged, judged);
  CHECK_FALSE(known.registry.is_news(judged));
  ArtifactJudged other = judged;
  other.verdict = ArtifactVerdict::revoked;
  CHECK(known.registry.is_news(other));
  other = judged;
  other.node_id = node_named(2);
  CHECK(known.registry.is_news(other));
}

TEST_CASE("a payload that is not what its type says changes nothing", "[artifact][registry]") {
  Knowledge known;
  const auto generation = known.registry.generation();
  for (const EventType type : {EventType::artifact_published, EventType::artifact_revoked,
                               EventType::artifact_judged, EventType::key_revoked}) {
    Event event;
    event.type = type;
    event.payload = {1, 2, 3};
    CHECK_FALSE(known.registry.apply(event));
  }
  CHECK(known.registry.generation() == generation);
}

TEST_CASE("I-50: a node installs only what it found verified itself", "[artifact][installer]") {
  Target target;
  const ArtifactPublished five = gateway(5);

  const Installation done = target.install(five);
  CHECK(done.state == CommandState::applied);
  CHECK(done.judged.verdict == ArtifactVerdict::verified);
  CHECK(done.detail.empty());
  CHECK_FALSE(done.judged.refused);
  CHECK(target.set.artifacts == std::vector{as_installed(five)});

  const InstalledSet before = target.set;
  const auto is_rejected = [&](const Installation& tried, ArtifactVerdict verdict) {
    CHECK(tried.state == CommandState::rejected);
    CHECK(tried.detail.rfind(word_of(verdict), 0) == 0);
    CHECK_FALSE(objection_to(tried.judged, nullptr, artifact_verifier));
    CHECK(target.set == before);
  };
  is_rejected(target.install(nullptr, five.artifact.digest, five.artifact.id),
              ArtifactVerdict::unsigned_artifact);
  is_rejected(target.install(&five, gateway(6).artifact.digest, five.artifact.id),
              ArtifactVerdict::digest_mismatch);
  is_rejected(target.install(&five, five.artifact.digest, gateway(6).artifact.id),
              ArtifactVerdict::malformed);
  is_rejected(target.install(gateway(6, 9)), ArtifactVerdict::unknown_key);
  is_rejected(target.install(gateway(4)), ArtifactVerdict::rollback);
  target.keys.revoked = target.keys.trusted;
  is_rejected(target.install(gateway(6)), ArtifactVerdict::revoked);
}

TEST_CASE("a newer release takes the older one's place, and the counter stays when it is gone",
          "[artifact][installer]") {
  Target target;
  target.install(gateway(5));
  target.install(make_release(facts_of("alpha", 1), signer_of(1)));
  target.install(gateway(6));

  REQUIRE(target.set.artifacts.size() == 2);
  CHECK(target.set.artifacts[0].name == "alpha");
  CHECK(target.set.artifacts[1].release == 6);
  target.set.artifacts.clear();
  CHECK(target.install(gateway(5)).state == CommandState::rejected);
  const auto restored = decode<InstalledSet>(encode(target.set));
  REQUIRE(restored);
  target.set = *restored;
  CHECK(target.install(gateway(5)).state == CommandState::rejected);
  CHECK(target.install(gateway(6)).state == CommandState::applied);
}

TEST_CASE("I-50, I-51: every verdict of a random log is reached again from the log alone",
          "[artifact][audit][property]") {
  rc::prop("and nothing was applied without one", [](std::uint64_t seed) {
    const SupplyChainStory story(seed, 60);
    Dice dice(seed + 1);
    const auto problems = audit(story.scribe.events, SupplyChainStory::trusted());
    for (const AuditProblem& problem : problems) RC_LOG() << problem.position << ": " << problem.what << "\n";
    RC_ASSERT(problems.empty());

    // Any verdict turned afterwards is told, at its place.
    auto events = story.scribe.events;
    std::vector<std::size_t> verdicts;
    for (std::size_t i = 0; i < events.size(); ++i)
      if (events[i].type == EventType::artifact_judged) verdicts.push_back(i);
    if (verdicts.empty()) return;
    const std::size_t turned = verdicts[dice.below(verdicts.size())];
    auto judged = *payload_of<ArtifactJudged>(events[turned]);
    judged.verdict =
        static_cast<ArtifactVerdict>((static_cast<std::size_t>(judged.verdict) + 1 + dice.below(8)) % 9);
    events[turned].payload = encode(judged);
    const auto found = audit(events, SupplyChainStory::trusted());
    RC_ASSERT(std::any_of(found.begin(), found.end(),
                          [&](const AuditProblem& problem) { return problem.position == turned; }));
  });
}

TEST_CASE("a verdict by a key that nobody trusts is told", "[artifact][audit]") {
  const SupplyChainStory story(4, 40);
  REQUIRE_FALSE(story.good.empty());
  CHECK(audit(story.scribe.events, {}).size() >= story.good.size());
}

TEST_CASE("a verdict over what was never published is told, signed or not", "[artifact][audit]") {
  Target target;
  Scribe scribe;
  scribe.write(any(node), EventType::artifact_judged, any(node), target.install(gateway(5)).judged);

  const auto problems = audit(scribe.events, target.keys.trusted);

  REQUIRE(problems.size() == 1);
  CHECK(problems[0].what == "artifact.judged: the envelope that it names is not stored");
}

TEST_CASE("a node that installs what it could not verify is caught", "[artifact][audit][planted]") {
  const Planted planted(Defect::install_unverified);
  const ArtifactPublished bad = gateway(5, 9);
  Target target;
  Command command;
  command.id = derive_id<CommandTag>("test", 1, "install");
  command.node_id = node;
  command.kind = CommandKind::install_artifact;
  command.artifact_id = bad.artifact.id;
  const Installation done =
      install(target.set, command, &bad, bad.artifact.digest, target.keys, artifact_verifier);
  REQUIRE(done.state == CommandState::applied);
  Scribe scribe;
  scribe.write(master, EventType::command_issued, any(node), CommandIssued{command}).cause = any(command.id);
  scribe.write(any(node), EventType::artifact_judged, any(node), done.judged).cause = any(command.id);
  scribe.write(any(node), EventType::command_result, any(node),
               CommandResult{command.id, done.state, 1, 1, {}, ""});

  const auto problems = audit(scribe.events, target.keys.trusted);

  const auto is_told = std::any_of(problems.begin(), problems.end(), [](const AuditProblem& problem) {
    return problem.position == 2 && problem.what == "command.result: APPLIED without a verified verdict";
  });
  CHECK(is_told);
}

TEST_CASE("a node that forgets its release counter is caught by what it runs", "[artifact][planted]") {
  Knowledge known;
  known.publish(gateway(5));
  known.publish(gateway(6));
  Target target;
  target.install(gateway(6));
  known.put(EventType::artifact_judged, known.registry.judge_running(node, target.set.artifacts[0]));

  const Planted planted(Defect::forget_releases);
  REQUIRE(target.install(gateway(5)).state == CommandState::applied);

  CHECK(known.registry.judge_running(node, target.set.artifacts[0]).verdict == ArtifactVerdict::rollback);
}
