#pragma once

#include <cstdint>
#include <vector>

#include "controlplane/message.hpp"
#include "controlplane/outbox.hpp"

namespace ibcf {

/// A node's log as a value with a packed form, for a reboot: by stream, what is held with the chain values
/// after each entry.
struct LogMemory {
  struct Stream {
    std::uint64_t head = 0;
    std::uint64_t mark = 0;
    Digest before;
    Digest value;
    std::vector<LogEntry> entries;
    std::vector<Digest> values;
    IBCF_FIELDS(Stream, head, mark, before, value, entries, values)
  };
  PerStream<Stream> streams;
  IBCF_FIELDS(LogMemory, streams)
};

/// A node's own log: what it wrote, stream by stream, as long as nobody has acknowledged it end to end; and
/// behind that what one master alone is known to hold, as far as there is room: should that one be lost, the
/// next goes on from an older mark.
class NodeLog {
 public:
  NodeLog() : streams_(all_streams.size()) {}

  explicit NodeLog(const LogMemory& memory);
  [[nodiscard]] LogMemory memory() const;

  /// Gives the event its place (stream, seq, prev) and keeps it, with the body that it names, if any.
  Written write(Event event, std::uint32_t body_bytes, Bytes body = {});

  /// Drops what is acknowledged, then the oldest and least urgent, until no more than `limit_bytes` are held,
  /// if that can be; a gap event covers what is dropped of the latter (I-3). Of every stream the newest
  /// stays, and of the control stream everything.
  void shed(std::uint64_t limit_bytes, Instant now);

  /// Everything up to the marks is stored for good; a mark does not go back. False, and nothing changes,
  /// where a mark is beyond what this log knows: it is older than what was acknowledged.
  bool acknowledge(const StreamSeqs& marks);
  bool acknowledge(StreamClass stream, std::uint64_t mark);
  /// As acknowledge; but a master that holds less is given the rest again, where that is still here.
  bool resume_at(const StreamSeqs& marks);
  /// Two masters hold everything up to the marks.
  void forget(const StreamSeqs& marks);

  /// Events over all streams, so that a heartbeat looks at no more than these.
  [[nodiscard]] std::uint64_t written() const { return written_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  /// On the wire, with the bodies: of what is not acknowledged, and of all that is held.
  [[nodiscard]] std::uint64_t backlog_bytes() const { return backlog_bytes_; }
  [[nodiscard]] std::uint64_t held_bytes() const { return backlog_bytes_ + kept_bytes_; }

  [[nodiscard]] std::uint64_t head(StreamClass stream) const { return streams_[index_of(stream)].head; }
  [[nodiscard]] std::uint64_t mark(StreamClass stream) const { return streams_[index_of(stream)].mark; }
  [[nodiscard]] StreamSeqs heads() const;
  [[nodiscard]] StreamSeqs marks() const;
  /// The chain values at the heads.
  [[nodiscard]] PerStream<Digest> values() const;
  [[nodiscard]] PerStream<StreamHolding> holdings() const;

  /// Whole entries that cover `first`, which is not acknowledged, and what comes after it: at least one, up
  /// to `limit_bytes` or the seq `last`.
  [[nodiscard]] std::vector<LogEntry> cut(StreamClass stream, std::uint64_t first, std::uint64_t last,
                                          std::uint64_t limit_bytes) const;

 private:
  struct Held {
    LogEntry entry;
    Digest value;  // of the chain after it
  };
  struct Stream {
    std::uint64_t head = 0;
    std::uint64_t mark = 0;
    std::vector<Held> held;    // oldest first
    std::size_t released = 0;  // so many at the front are acknowledged
    Digest before;             // the chain before what is held
    Digest value;              // the chain at the head
    std::uint64_t bytes = 0;   // of what is not acknowledged
  };
  void take_back(Stream& stream, std::uint64_t mark);
  void shed(Stream& stream, std::uint64_t limit_bytes, Instant now);

  std::uint64_t written_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t backlog_bytes_ = 0;
  std::uint64_t kept_bytes_ = 0;  // acknowledged
  std::vector<Stream> streams_;   // by index_of; apart, so that what heartbeats look at stays small
};

/// Bytes of an entry on the wire.
constexpr std::uint64_t bytes_of(const LogEntry& entry) {
  constexpr std::uint64_t overhead = 12;
  return entry.packed.size() + entry.body_bytes + overhead;
}
[[nodiscard]] std::uint64_t bytes_of(const std::vector<LogEntry>& entries);

}  // namespace ibcf
