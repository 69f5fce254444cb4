#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "model/digest.hpp"
#include "model/time.hpp"

namespace ibcf {

/// One stored entry, seen in place: `packed` is valid until the store is changed or destroyed.
struct Stored {
  std::uint64_t position = 0;  ///< counts from 0 without gaps
  Instant ingested;            ///< when this master stored it
  ByteView packed;             ///< the packed Event, exactly as its origin wrote it
};

enum class AppendResult : std::uint8_t { appended, position_taken };

/// The append-only log of one master, as the core sees it (seed, "Keep the event store append-only").
class EventStore {
 public:
  virtual ~EventStore() = default;

  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Appends all of `packed` or none. `expected_size` is the size the caller decided on; if the log has grown
  /// since, position_taken and nothing is stored.
  virtual AppendResult append(std::uint64_t expected_size, Instant ingested,
                              std::span<const ByteView> packed) = 0;
  /// Calls `see` for every entry from position `first` on, in order, until it returns false.
  virtual void scan(std::uint64_t first, const std::function<bool(const Stored&)>& see) const = 0;
  /// The chained hash over everything stored: chain(previous head, packed), all zero while empty.
  [[nodiscard]] virtual Digest head() const = 0;
  /// Recomputes the chain from the bytes; the position of the first entry from which on it no longer holds,
  /// or size().
  [[nodiscard]] virtual std::uint64_t verify() const = 0;
};

}  // namespace ibcf
