#pragma once

#include <string>

#include "controlplane/message.hpp"

namespace ibcf {

/// How carrying out a command goes on one machine.
struct Execution {
  Duration takes{};
  std::string failure;  ///< why it does not work; empty: it works
};

/// Port: the machine under an agent, which does the work. An operating system, a simulator or a test.
class Machine {
 public:
  virtual ~Machine() = default;
  /// Called when a command arrives, and again after a reboot; nothing is done yet.
  [[nodiscard]] virtual Execution plan(const CommandDelivery& delivery) const = 0;
};

/// Port: says whether an artifact may be installed on this node, and from what it knows it.
class ArtifactGate {
 public:
  virtual ~ArtifactGate() = default;
  [[nodiscard]] virtual ArtifactJudged judge(const ArtifactPublished& artifact) const = 0;
};

}  // namespace ibcf
