#pragma once

#include "controlplane/artifact_release.hpp"
#include "controlplane/projections.hpp"
#include "controlplane/sha256.hpp"
#include "hand_driver.hpp"

namespace ibcf {

/// A master that publishes artifacts and nodes that install them.
struct ArtifactFleet : HandDriver {
  Ed25519Signer release_key{sha256_of(Bytes{1})};
  Ed25519Signer foreign_key{sha256_of(Bytes{2})};

  explicit ArtifactFleet(std::uint32_t nodes = 2, Duration snapshot = std::chrono::minutes{1}) {
    agent_settings.snapshot = snapshot;
    release_keys.trusted = {release_key.public_key()};
    master_settings.release_keys = release_keys.trusted;
    start(nodes);
    run_for(std::chrono::minutes{3});
  }
  static ReleaseFacts facts_of(std::uint64_t release) {
    ReleaseFacts facts;
    facts.name = "gateway";
    facts.version = "1." + std::to_string(release);
    facts.release = release;
    facts.sha256 = sha256_of(Bytes{static_cast<std::uint8_t>(release)});
    facts.builder_id = "https://builds.example";
    return facts;
  }
  ArtifactId publish(std::uint64_t release) {
    const ArtifactPublished made = make_release(facts_of(release), release_key);
    REQUIRE(master->publish_artifact(made, made.artifact.digest, now));
    return made.artifact.id;
  }
  std::optional<CommandId> install(std::uint32_t node, ArtifactId artifact) {
    CommandOrder wanted{.node = id_of(node), .home = {Role::master, 0}, .scope = domain};
    wanted.kind = CommandKind::install_artifact;
    wanted.artifact_id = artifact;
    return order(wanted);
  }
  [[nodiscard]] std::vector<InstalledArtifact> shown_by(std::uint32_t node) const {
    return master->views().drift().actual_of(id_of(node)).value_or(Snapshot{}).installed;
  }
  [[nodiscard]] std::size_t count(EventType type) const {
    std::size_t found = 0;
    store.scan(0, [&](const Stored& stored) {
      found += decode<Event>(stored.packed)->type == type ? 1 : 0;
      return true;
    });
    return found;
  }
  /// With the artifact, to every node.
  void roll_out_with(ArtifactId artifact) { roll_out_with(std::vector<ArtifactId>{artifact}, ""); }
  void roll_out_with(std::vector<ArtifactId> artifacts, const std::string& window) {
    RolloutOrder order;
    order.bundle.id = derive_id<BundleTag>("hand", 1, "bundle");
    order.bundle.name = "baseline";
    order.bundle.version = "1.0.0";
    order.bundle.release = 1;
    order.bundle.objects["service"].value = exact_value("on");
    order.bundle.artifacts = std::move(artifacts);
    order.bundle.constraints.maintenance_window = window;
    order.waves = {1};
    roll_out(order);
  }
  [[nodiscard]] std::size_t quarantined() const {
    std::size_t count = 0;
    for (std::uint32_t node = 0; node < agents.size(); ++node)
      count += phase_of(node) == Phase::quarantined ? 1 : 0;
    return count;
  }
  [[nodiscard]] Phase phase_of(std::uint32_t node) const {
    return *master->find_node(id_of(node))->state.phase;
  }
};

}  // namespace ibcf
