#pragma once

#include <string>

#include "controlplane/artifact_check.hpp"
#include "controlplane/message.hpp"
#include "model/payloads.hpp"

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
  /// SHA-256 of the artifact's payload as it arrived here; a machine that fetches nothing has it as
  /// published.
  [[nodiscard]] virtual Digest payload_of(const ArtifactPublished& delivered) const {
    return delivered.artifact.digest;
  }
};

/// What a node checks artifacts by. Both must outlive it; null: no artifact is ever installed.
struct ArtifactTrust {
  const ReleaseKeys* keys = nullptr;
  const Verifier* verifier = nullptr;
};

}  // namespace ibcf
