#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/payloads.hpp"

/// The door of a log (seed 2A, "Ingest + Normalize Layer"): what comes in as an event stream, as a snapshot
/// or over the command API is held to these rules before anything is stored. What is not taken leaves
/// evidence.
namespace ibcf {

/// Who wrote an event.
enum class Writer : std::uint8_t { node, master };

/// Whether events of this type are that writer's to write: nodes tell what they saw, decided and did; grants,
/// verdicts, commands and every other step of a lifecycle are a master's. A node's authentic signature under
/// an authority.granted of its own making changes nothing.
bool may_write(Writer writer, EventType type);

/// Why an event may not enter the log; nothing where it may. Beside the type: the payload is what the type
/// says, it is about its own writer where the type asks for that, and its clock is a possible time.
std::optional<std::string> objection_to(const Event& event, Writer writer);

/// The same of what a node wrote.
std::optional<std::string> objection_to_node(const Event& event);

/// Why `body` cannot be the body of this snapshot: it is not the one the observation names, or no Snapshot.
/// Nothing where it is, and for an observation without a body.
std::optional<std::string> objection_to(const Observation& observation, ByteView body);

/// Turns refusals into evidence without letting whoever floods the door flood the log as well: of one source
/// and kind, one input.rejected per interval, which counts those before it that left none.
class RejectionLog {
 public:
  explicit RejectionLog(Duration interval = std::chrono::minutes{1}) : interval_(interval) {}

  /// Something of `bytes` was refused at `now`. The evidence to store, or nothing where the last one of this
  /// source and kind is younger than the interval.
  std::optional<InputRejected> refuse(const AnyId& source, std::string_view kind, std::string what,
                                      std::string reason, ByteView bytes, Instant now);

  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  struct Last {
    Instant told;
    std::uint64_t untold = 0;
  };
  Duration interval_;
  std::map<std::pair<AnyId, std::string>, Last> last_;
  std::uint64_t refused_ = 0;
};

}  // namespace ibcf
