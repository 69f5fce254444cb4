#pragma once

#include <map>
#include <string_view>

#include "controlplane/machine.hpp"
#include "sim/random.hpp"

namespace ibcf::sim {

/// Part of the nodes on which a bundle does not work, by bundle.
using RollsBack = std::map<BundleId, double>;
/// Part of the nodes at which an artifact's payload arrives damaged, by artifact.
using Damage = std::map<ArtifactId, double>;

/// The machine under one simulated agent. Whether a command works is drawn by node and command, or by node
/// and bundle, so it stays what it is when others come or go.
class NodeMachine final : public Machine {
 public:
  /// `rolls_back` and `damage` must outlive this.
  NodeMachine(std::uint64_t seed, std::string_view node, Duration takes, double fails,
              const RollsBack& rolls_back, const Damage& damage)
      : stream_(seed, "machine"),
        node_(entity_of(node)),
        takes_(takes),
        fails_(fails),
        rolls_back_(&rolls_back),
        damage_(&damage) {}

  [[nodiscard]] Digest payload_of(const ArtifactPublished& delivered) const override {
    Digest payload = delivered.artifact.digest;
    const auto bad = damage_->find(delivered.artifact.id);
    if (bad != damage_->end() && draws(bad->second, std::hash<ArtifactId>{}(delivered.artifact.id)))
      payload.bytes[0] ^= 1;
    return payload;
  }

  [[nodiscard]] Execution plan(const CommandDelivery& delivery) const override {
    const Command& command = delivery.command;
    if (command.kind != CommandKind::assign_bundle)
      return {takes_, draws(fails_, std::hash<CommandId>{}(command.id)) ? "it did not work" : ""};
    const auto bad = rolls_back_->find(command.bundle_id);
    const double part = bad == rolls_back_->end() ? 0 : bad->second;
    return {takes_, draws(part, std::hash<BundleId>{}(command.bundle_id)) ? "rolled back" : ""};
  }

 private:
  [[nodiscard]] bool draws(double part, std::uint64_t counter) const {
    return part > 0 && stream_.uniform(node_, counter) < part;
  }

  RandomStream stream_;
  std::uint64_t node_;
  Duration takes_;
  double fails_;
  const RollsBack* rolls_back_;
  const Damage* damage_;
};

}  // namespace ibcf::sim
