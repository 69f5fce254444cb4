#pragma once

#include <string>

#include "controlplane/outbox.hpp"
#include "model/command.hpp"

namespace ibcf {

/// What an operator orders for one node.
struct CommandOrder {
  NodeId node;
  Endpoint home;  ///< the master that delivers to it
  DomainId scope;
  CommandKind kind = CommandKind::restart_service;
  Duration valid_for = std::chrono::hours{1};
  BundleId bundle_id{};
  ArtifactId artifact_id{};
  std::string argument{};
  DeliverySemantics delivery = DeliverySemantics::at_least_once;
  std::string coalesce_key{};
  bool break_glass = false;
};

}  // namespace ibcf
