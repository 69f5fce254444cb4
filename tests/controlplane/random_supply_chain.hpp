#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "artifact_support.hpp"
#include "controlplane/artifact_registry.hpp"
#include "controlplane/installer.hpp"
#include "model/payloads.hpp"
#include "random_log.hpp"

/// Random lives of artifacts, written as a master and its nodes write them: publications good and bad,
/// installs of what came whole or spoiled, nodes that run what they should not, snapshots, verdicts,
/// revocations.
namespace ibcf::test {

inline const Ed25519Verifier artifact_verifier;

class SupplyChainStory {
 public:
  SupplyChainStory(std::uint64_t seed, std::size_t length)
      : dice_(seed), registry_(trusted(), artifact_verifier) {
    const auto nodes = static_cast<std::uint32_t>(1 + dice_.below(4));
    for (std::uint32_t i = 0; i < nodes; ++i)
      scribe.enlist(master, node_named(i), i, std::array{north, south, harbour}[dice_.below(3)],
                    i % 2 == 0 ? std::vector<std::string>{"even"} : std::vector<std::string>{});
    sets.resize(nodes);
    while (scribe.events.size() < length) step();
  }

  static std::vector<PublicKey> trusted() { return {signer_of(1).public_key(), signer_of(2).public_key()}; }

  Scribe scribe;
  std::vector<InstalledSet> sets;       // by node: what runs there
  std::map<Digest, Bytes> bodies;       // of snapshots
  std::vector<ArtifactPublished> good;  // published
  std::uint64_t refused = 0;

  std::function<std::optional<Bytes>(const Digest&)> body_source() const {
    return [copy = bodies](const Digest& digest) -> std::optional<Bytes> {
      const auto found = copy.find(digest);
      return found == copy.end() ? std::nullopt : std::optional(found->second);
    };
  }

 private:
  inline static const MasterId master = master_named(0);

  void step() {
    const auto kind = dice_.below(20);
    if (kind < 4)
      publish();
    else if (kind < 12)
      install_something();
    else if (kind < 18)
      take_snapshot();
    else if (kind < 19 && !good.empty())
      put(any(master), EventType::artifact_revoked, any(good.back().artifact.id),
          ArtifactRevoked{good[dice_.below(good.size())].artifact.id, "recalled"});
    else if (dice_.below(4) == 0)
      revoke_key();
  }

  template <class Payload>
  void put(AnyId origin, EventType type, AnyId subject, const Payload& payload, AnyId cause = {}) {
    Event& event = scribe.write(origin, type, subject, payload);
    event.cause = cause;
    RC_ASSERT(registry_.apply(event));
  }

  ArtifactPublished any_release(std::uint64_t key) {
    const auto release = 1 + dice_.below(4);
    return make_release(facts_of(dice_.below(2) == 0 ? "gateway" : "modem", release),
                        signer_of(static_cast<std::uint8_t>(key)));
  }

  void publish() {
    ArtifactPublished submitted = any_release(1 + dice_.below(3));  // key 3 is nobody's
    if (dice_.below(4) == 0) submitted.sbom.push_back('\n');
    Digest payload = submitted.artifact.digest;
    if (dice_.below(6) == 0) payload.bytes[0] ^= 1;
    const ArtifactJudged judged = registry_.judge_submission(submitted, payload);
    put(any(master), EventType::artifact_judged, any(judged.artifact_id), judged);
    if (judged.verdict != ArtifactVerdict::verified) {
      ++refused;
      return;
    }
    put(any(master), EventType::artifact_published, any(judged.artifact_id), submitted);
    good.push_back(std::move(submitted));
  }

  void install_something() {
    const auto number = dice_.below(sets.size());
    const NodeId node = node_named(number);
    Command command;
    command.id = derive_id<CommandTag>("test", 1, "install", ++commands_);
    command.node_id = node;
    command.kind = CommandKind::install_artifact;
    const ArtifactPublished delivered =
        good.empty() || dice_.below(4) == 0 ? any_release(3) : good[dice_.below(good.size())];
    command.artifact_id = delivered.artifact.id;
    Digest payload = delivered.artifact.digest;
    if (dice_.below(6) == 0) payload.bytes[3] ^= 1;
    put(any(master), EventType::command_issued, any(node), CommandIssued{command}, any(command.id));
    const Installation done =
        install(sets[number], command, &delivered, payload, {sorted(trusted()), {}}, artifact_verifier);
    put(any(node), EventType::artifact_judged, any(node), done.judged, any(command.id));
    put(any(node), EventType::command_result, any(node),
        CommandResult{command.id, done.state, 1, 1, {}, done.detail}, any(command.id));
    // Now and then somebody puts another thing onto the node by hand.
    if (dice_.below(8) == 0 && !sets[number].artifacts.empty())
      sets[number].artifacts[0].digest.bytes[1] ^= 1;
    if (dice_.below(8) == 0 && !sets[number].artifacts.empty()) sets[number].artifacts.pop_back();
  }

  void take_snapshot() {
    const auto number = dice_.below(sets.size());
    const NodeId node = node_named(number);
    Snapshot snapshot;
    snapshot.installed = sets[number].artifacts;
    if (dice_.below(2) == 0) snapshot.firmware = {"7.1", dice_.below(2) == 0 ? "signed" : "", ""};
    const Bytes body = encode(snapshot);
    const Digest digest = digest_of(body);
    bodies[digest] = body;
    Observation observation;
    observation.node_id = node;
    observation.kind = ObservationKind::snapshot;
    observation.body = digest;
    put(any(node), EventType::observation_recorded, any(node), observation);
    for (const InstalledArtifact& installed : snapshot.installed) {
      const ArtifactJudged judged = registry_.judge_running(node, installed);
      if (registry_.is_news(judged)) put(any(master), EventType::artifact_judged, any(node), judged);
    }
  }

  void revoke_key() {
    const PublicKey key = signer_of(static_cast<std::uint8_t>(1 + dice_.below(2))).public_key();
    put(any(master), EventType::key_revoked, any(master),
        KeyRevoked{Bytes(key.begin(), key.end()), "leaked"});
  }

  static std::vector<PublicKey> sorted(std::vector<PublicKey> keys) {
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  Dice dice_;
  ArtifactRegistry registry_;
  std::uint64_t commands_ = 0;
};

}  // namespace ibcf::test
