#pragma once

#include "controlplane/message.hpp"

/// Everything between a node and its master that carries no signature of its own carries a seal under their
/// link key, so that no relay can change, forge or turn round what it passes on (I-53; docs/decisions/0008).
namespace ibcf {

/// Covers the kind and every field of the message; all zero for what is signed (a Hello, a chunk of a
/// replay). A quick seal for heartbeats and their acknowledgements.
[[nodiscard]] Seal seal_of(const LinkSecret& secret, const Message& message);

/// The packet is as the other end sealed it; always so for what is signed, which is still to be verified.
[[nodiscard]] bool fits(const LinkSecret& secret, const Packet& packet);

/// Carries an Ed25519 signature of its sender instead of a seal.
[[nodiscard]] bool is_signed(const Message& message);

}  // namespace ibcf
