#pragma once

#include <cstdint>
#include <vector>

#include "controlplane/message.hpp"

namespace ibcf {

/// What a state machine of the core may ask to be woken for. Each has at most one due date; asking again
/// replaces it.
enum class Timer : std::uint8_t { beat, snapshot, hello, upload, work, sweep, flush, replicate };

struct Outgoing {
  Endpoint via;  ///< the next stop: a node's relay, or the receiver itself
  Packet packet;
};

struct TimerRequest {
  Timer timer;
  Instant at;
};

/// An event that a node wrote into its own log, for whoever keeps the truth.
struct Written {
  StreamClass stream;
  std::uint64_t seq;
  Digest value;
};

/// A command that a node carried out, and what it believed when it did.
struct Executed {
  CommandId command;
  std::uint64_t epoch;
  std::uint64_t max_epoch_seen;
  ConnectivityMode mode;
};

/// What an input made the core want done. The driver does it and clears the box, which keeps its memory, so
/// that a heartbeat allocates nothing.
struct Outbox {
  std::vector<Outgoing> sends;
  std::vector<TimerRequest> timers;
  std::vector<Written> written;
  std::vector<Executed> executed;

  void send(Endpoint via, Endpoint from, Endpoint to, Message message, const Seal& seal = {}) {
    sends.push_back({via, {from, to, std::move(message), seal}});
  }
  void wake(Timer timer, Instant at) { timers.push_back({timer, at}); }
  void clear() {
    sends.clear();
    timers.clear();
    written.clear();
    executed.clear();
  }
};

}  // namespace ibcf
