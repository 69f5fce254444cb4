#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/event_identity.hpp"
#include "controlplane/holds.hpp"
#include "model/digest.hpp"
#include "model/time.hpp"

namespace ibcf {

/// One stored entry, seen in place: `packed` is valid until the store is changed or destroyed, or, where
/// entries are read from a disk, until the reader returns.
struct Stored {
  std::uint64_t position = 0;  ///< counts from 0 without gaps
  Instant ingested;            ///< when this master stored it
  ByteView packed;             ///< the packed Event, exactly as its origin wrote it
};

/// `damaged`: the store takes nothing until it is repaired, see StoreCondition.
enum class AppendResult : std::uint8_t { appended, position_taken, damaged };

/// Which entries a scan is for; every part narrows it.
struct Selection {
  std::uint64_t first = 0;                                          ///< from this position on
  std::uint64_t until = std::numeric_limits<std::uint64_t>::max();  ///< and below this one
  AnyId origin = {};                                                ///< nil: of any origin
  std::uint32_t incarnation = 0;                                    ///< of this life of the origin; 0: of any
  std::uint64_t from_seq = 0;  ///< and those from this seq on, in every stream
  /// Half open, by this master's clock.
  Instant ingested_from = Instant::min();
  Instant ingested_until = never;

  [[nodiscard]] bool is_within(Instant ingested) const {
    return ingested >= ingested_from && (ingested < ingested_until || ingested_until == never);
  }
};

/// How a scan ended. `dropped`: it began below first(), and nothing was shown. `damaged`: it came to an entry
/// whose bytes are not what was stored.
enum class ScanEnd : std::uint8_t { complete, stopped, dropped, damaged };

struct Scanned {
  ScanEnd end = ScanEnd::complete;
  /// Where a reader may go on: behind the last entry shown (stopped), at the end of the range (complete), at
  /// first() (dropped). For damaged: the entry that nobody can read.
  std::uint64_t position = 0;
};

struct SegmentLimits {
  std::uint64_t entries = 4096;
  std::uint64_t bytes = 1 << 20;  ///< an entry larger than this is a segment of its own
};

/// A stretch of the log that is closed for good: the unit of hashing and of retention. A segment is closed
/// when the next entry would make it larger than the store's limits, so that equal entries make equal
/// segments, however they were grouped into appends.
struct Segment {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;   ///< of its packed entries
  Instant earliest = never;  ///< ingestion, over its entries
  Instant latest = Instant::min();
  Digest hash;  ///< the chain's value after its last entry: vouches for everything before it too
  [[nodiscard]] std::uint64_t end() const { return first + count; }

  /// While it is open: whether an entry of so many bytes still belongs to it; and one more entry.
  [[nodiscard]] bool has_room_for(std::uint64_t size, const SegmentLimits& limits) const {
    return count == 0 || (count < limits.entries && bytes + size <= limits.bytes);
  }
  void add(Instant ingested, ByteView packed);
  /// Whether any of its entries may have been stored within the selection's window.
  [[nodiscard]] bool may_match(const Selection& selection) const {
    return latest >= selection.ingested_from &&
           (earliest < selection.ingested_until || selection.ingested_until == never);
  }
  friend bool operator==(const Segment&, const Segment&) = default;
};

/// The check sum that a store keeps beside each entry: CRC-32 over the packed event and the eight
/// little-endian bytes of the time it was stored.
std::uint32_t check_sum_of(ByteView packed, Instant ingested);

/// An entry that is not what was stored, and what the store still knows of it: all of it may be damaged too.
struct DamagedEntry {
  std::uint64_t position = 0;
  std::optional<EventIdentity> identity;
  std::optional<std::uint32_t> check_sum;
  std::optional<Instant> ingested;
};

/// A range of damaged entries.
struct Damage {
  std::uint64_t first = 0;
  std::vector<DamagedEntry> entries;
  std::string what;
  [[nodiscard]] std::uint64_t end() const { return first + entries.size(); }
};

/// What is wrong with a store: nothing of it is skipped in silence.
struct StoreCondition {
  std::vector<Damage> damaged;  ///< by position, within the log; they stop scans, appends and retention
  /// What opening cut off behind the log's end: the last append, torn or damaged. Appends go on; a master
  /// must hear from its peers what it had told them before it numbers an event of its own.
  std::vector<Damage> cut;
  /// Changes that were acknowledged and are gone with no trace of their entries; appends stop.
  std::uint64_t lost_changes = 0;
  /// What was wrong beside the entries, in indexes and the like, and was put right from them.
  std::vector<std::string> mended;
  [[nodiscard]] bool is_sound() const { return damaged.empty() && lost_changes == 0; }

  /// One more damaged entry, behind all others: joined to the range before it where they touch.
  void add(DamagedEntry entry, std::string_view what);
  /// The first damaged position at or behind `position`; behind everything where there is none.
  [[nodiscard]] std::uint64_t sound_until(std::uint64_t position) const;
};

/// An entry as a peer or a backup has it.
struct Replacement {
  std::uint64_t position = 0;
  Bytes packed;
};

/// The append-only log of one master, as the core sees it (seed, "Keep the event store append-only"). What
/// the disk does to a store (full, broken, in use) is an exception of the implementation.
class EventStore {
 public:
  using Reader = std::function<bool(const Stored&)>;
  virtual ~EventStore() = default;

  /// The position of the next entry: how many there ever were.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// The lowest position still here; what was below it is dropped, see retain.
  [[nodiscard]] virtual std::uint64_t first() const = 0;
  /// The chained hash over everything ever stored: chain(previous head, packed), all zero while empty.
  [[nodiscard]] virtual Digest head() const = 0;
  /// Appends all of `packed` or none. `expected_size` is the size the caller decided on; if the log has grown
  /// since, position_taken and nothing is stored. When it returns appended, a durable store is on the disk.
  virtual AppendResult append(std::uint64_t expected_size, Instant ingested,
                              std::span<const ByteView> packed) = 0;

  /// Calls `see` for every entry of the selection, in order of position, until it returns false.
  virtual Scanned scan(const Selection& selection, const Reader& see) const = 0;
  /// Every entry from position `first` on.
  Scanned scan(std::uint64_t first, const Reader& see) const { return scan({.first = first}, see); }

  // ---- retention ----
  /// The closed segments, in order. What lies behind the last one is the open segment.
  [[nodiscard]] virtual std::vector<Segment> segments() const = 0;
  /// Keeps everything from `position` on until `name` moves on or lets go. False, and nothing is held, where
  /// that is dropped already.
  [[nodiscard]] virtual bool hold(const std::string& name, std::uint64_t position) = 0;
  virtual void release(const std::string& name) = 0;
  [[nodiscard]] virtual const Holds& holds() const = 0;
  /// Drops whole closed segments below `from`, but none that a hold needs; returns first(). Positions stay,
  /// and so does the chain.
  virtual std::uint64_t retain(std::uint64_t from) = 0;

  // ---- damage ----
  /// As of the last look: opening, examine or restore.
  [[nodiscard]] virtual const StoreCondition& condition() const = 0;
  /// Looks again at every byte: each entry's check sum, each segment's hash, the head.
  virtual const StoreCondition& examine() = 0;
  /// The same look, and nothing is noted: the position of the first damaged entry, or size().
  [[nodiscard]] virtual std::uint64_t verify() const = 0;
  /// Puts back what is damaged, segment by segment, where the chain through the segment comes out at its hash
  /// then; everything else stays as it is. What is not damaged is never replaced (I-6). A time of storing
  /// that was lost becomes that of the entry before.
  virtual const StoreCondition& restore(std::span<const Replacement> entries) = 0;
};

}  // namespace ibcf
