#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "database.hpp"
#include "event_rows.hpp"
#include "model/fields.hpp"

namespace ibcf::analysis {

/// How far a log reaches: the one row of the table `extent`, written with every append.
struct Extent {
  std::uint64_t first = 0;
  Digest base;              ///< the chain's value before `first`
  std::uint64_t batch = 0;  ///< where the last append began
  Digest batch_head;        ///< and the chain's value before it
  std::uint64_t size = 0;
  Digest head;
  IBCF_FIELDS(Extent, first, base, batch, batch_head, size, head)
};

/// Replaces the row.
void put_extent(Database& db, const Extent& extent);
/// Nothing where there is no row, or one whose check sum does not fit.
std::optional<Extent> find_extent(Database& db);

/// A log in an SQLite file, and what is known of it without looking at its entries. Everything here may throw
/// DatabaseFailure; a transaction that was not committed then is undone.
class LogFile {
 public:
  enum class Open : std::uint8_t { create, own, look };
  /// `create`: a file of this name must not exist. It has no journal: it counts once it is synced and
  /// renamed. `own`: with the write-ahead log, and nobody else in it. `look`: read only.
  LogFile(const std::filesystem::path& file, Open open, const SegmentLimits& limits = {});

  Database db;
  SegmentLimits limits;
  /// Zero where the row is damaged; `has_extent` tells.
  Extent extent;
  bool has_extent = true;
  /// The rows of `segments` whose check sums fit; they may leave holes.
  std::vector<Segment> closed;
  Segment open;  ///< its tally is only as good as the last examination
  Holds holds;

  void append(Instant ingested, std::span<const ByteView> packed);
  /// One entry within the caller's transaction.
  void put(Instant ingested, ByteView packed);
  /// Closes the open segment.
  void close_segment();
  /// A row of `segments`, and of `origins` for its entries.
  void put_segment(const Segment& segment);
  void drop_oldest();
  void set_hold(const std::string& name, std::optional<std::uint64_t> position);
  void set_fact(std::string_view key, const std::string& value);
  [[nodiscard]] std::uint64_t fact(std::string_view key, std::uint64_t otherwise);
  /// Runs `change` as one transaction.
  template <class Change>
  void together(Change&& change) {
    try {
      db.run("BEGIN IMMEDIATE");
      change();
      db.run("COMMIT");
    } catch (...) {
      db.roll_back();
      throw;
    }
  }

 private:
  void create();
  void load();

  std::optional<EventWriter> writer_;
  Event event_;  // kept for its memory
};

}  // namespace ibcf::analysis
