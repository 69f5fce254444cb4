#include "log_examination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace ibcf::analysis {

namespace {

using IndexRow =
    std::tuple<AnyId, std::uint32_t, std::uint64_t, StreamClass, std::uint64_t>;  // entry, .., seq

class Examiner {
 public:
  explicit Examiner(LogFile& log) : log_(log), db_(log.db) {}

  Examination run() {
    look_at_pages();
    find_extent();
    lay_out();
    for (Stretch& stretch : found_.stretches) walk(stretch);
    look_outside();
    found_.damaged = std::move(condition_.damaged);
    return std::move(found_);
  }

 private:
  /// Runs `read`; a file too damaged for it is misshapen in `what`.
  template <class Read>
  void try_reading(std::string_view what, Read&& read) {
    try {
      read();
    } catch (const DatabaseFailure& failure) {
      if (failure.code != SQLITE_CORRUPT) throw;
      misshapen(fmt::format("{}: {}", what, failure.what()));
    }
  }
  void misshapen(std::string what) { found_.misshapen.push_back(std::move(what)); }

  void look_at_pages() {
    try_reading("the pages of the file", [&] {
      auto rows = db_.prepare("PRAGMA quick_check(1)");
      while (rows.next())
        if (const std::string said = rows.text(0); said != "ok") misshapen(said);
    });
  }

  void find_extent() {
    found_.extent = log_.extent;
    if (log_.has_extent) return;
    const auto first = static_cast<std::uint64_t>(db_.number("SELECT min(entry) FROM events"));
    if (first > 0)
      throw DatabaseFailure(
          fmt::format("{}: the row that says where the log begins is damaged; take the file from a copy",
                      db_.file().string()),
          SQLITE_CORRUPT);
    found_.extent.size = static_cast<std::uint64_t>(db_.number("SELECT count(*) FROM events"));
    found_.extent.batch = found_.extent.size;
    misshapen(fmt::format(
        "the row that says how far the log reaches was damaged; {} entries are there, and nothing "
        "could tell whether there were more",
        found_.extent.size));
  }

  void lay_out() {
    const Extent& extent = found_.extent;
    Stretch next{.first = extent.first, .until = 0, .before = extent.base, .after = {}, .segment = {}};
    for (const Segment& segment : log_.closed) {
      if (segment.first < next.first || segment.end() > extent.size) {
        misshapen(fmt::format("a segment at {} that does not fit", segment.first));
        continue;
      }
      if (segment.first == next.first)
        next.segment = segment;
      else
        misshapen(fmt::format("no segment from {} on", next.first));
      next.until = segment.end();
      next.after = segment.hash;
      found_.stretches.push_back(next);
      next = {.first = segment.end(), .until = 0, .before = segment.hash, .after = {}, .segment = {}};
    }
    next.until = extent.size;
    if (log_.has_extent) next.after = extent.head;
    found_.stretches.push_back(next);
  }

  void walk(Stretch& stretch) {
    Segment tally{.first = stretch.first, .hash = stretch.before};
    std::vector<IndexRow> index;
    std::string columns, unclosed;
    read_rows(db_, stretch.first, stretch.until, [&](std::uint64_t entry, const EventRow* row) {
      if (row == nullptr || !row->is_whole) {
        stretch.is_whole = false;
        condition_.add(damaged(stretch, entry, row),
                       row == nullptr ? "the row is gone" : "the bytes do not fit the check sum");
        return;
      }
      if (!stretch.segment && !tally.has_room_for(row->packed.size(), log_.limits) && unclosed.empty())
        unclosed = fmt::format("no segment from {} on", stretch.first);
      tally.add(row->ingested, row->packed);
      if (!row->columns_fit && columns.empty())
        columns = fmt::format("the columns of entry {} are not what its bytes say", entry);
      if (const auto identity = row->in_columns)
        index.push_back({identity->origin, identity->incarnation, entry, identity->stream, identity->seq});
    });
    if (stretch.is_whole && stretch.after && *stretch.after != tally.hash) disown(stretch);
    if (!columns.empty()) misshapen(columns);
    if (!unclosed.empty()) misshapen(unclosed);
    if (stretch.is_whole && stretch.segment) compare_index(*stretch.segment, std::move(index));
    if (stretch.until == found_.extent.size && !stretch.segment) {
      found_.open = tally;
      if (!log_.has_extent) found_.extent.head = found_.extent.batch_head = tally.hash;
    }
  }

  // Each entry fits its check sum, and all together they are not what was hashed.
  void disown(Stretch& stretch) {
    stretch.is_whole = false;
    read_rows(db_, stretch.first, stretch.until, [&](std::uint64_t entry, const EventRow* row) {
      condition_.add(damaged(stretch, entry, row), "the chain does not come out at the segment's hash");
    });
  }

  DamagedEntry damaged(const Stretch& stretch, std::uint64_t entry, const EventRow* row) {
    DamagedEntry damage{.position = entry, .identity = {}, .check_sum = {}, .ingested = {}};
    if (row != nullptr) {
      damage.identity = row->in_columns;
      damage.check_sum = row->check_sum;
      damage.ingested = row->ingested;
    } else if (stretch.segment) {
      damage.identity = in_index(stretch.segment->first, entry);
    }
    return damage;
  }

  std::optional<EventIdentity> in_index(std::uint64_t segment, std::uint64_t entry) {
    try {
      auto row =
          db_.prepare("SELECT origin, incarnation, stream, seq FROM origins WHERE segment = ? AND entry = ?");
      row.bind(1, segment);
      row.bind(2, entry);
      if (row.next())
        return EventIdentity{row.id(0), row.index(1), stream_of(row.integer(2)),
                             static_cast<std::uint64_t>(row.integer(3))};
    } catch (const DatabaseFailure& failure) {
      if (failure.code != SQLITE_CORRUPT) throw;
    }
    return std::nullopt;
  }

  void compare_index(const Segment& segment, std::vector<IndexRow> expected) {
    const std::string what = fmt::format("the index by origin from {} on", segment.first);
    std::sort(expected.begin(), expected.end());
    std::size_t same = 0;
    bool differs = false;
    try_reading(what, [&] {
      auto rows = db_.prepare(
          "SELECT origin, incarnation, entry, stream, seq FROM origins WHERE segment = ? ORDER BY origin, "
          "incarnation, "
          "entry");
      rows.bind(1, segment.first);
      while (rows.next() && !differs) {
        const IndexRow row{rows.id(0), rows.index(1), static_cast<std::uint64_t>(rows.integer(2)),
                           stream_of(rows.integer(3)), static_cast<std::uint64_t>(rows.integer(4))};
        differs = same == expected.size() || expected[same++] != row;
      }
    });
    if (differs || same < expected.size()) misshapen(what);
  }

  void look_outside() {
    const Extent& extent = found_.extent;
    try_reading("entries outside of the log", [&] {
      auto row = db_.prepare("SELECT count(*) FROM events WHERE entry < ? OR entry >= ?");
      row.bind(1, extent.first);
      row.bind(2, extent.size);
      if (row.next() && row.integer(0) > 0)
        misshapen(fmt::format("{} entries outside of the log", row.integer(0)));
    });
  }

  LogFile& log_;
  Database& db_;
  Examination found_;
  StoreCondition condition_;
};

}  // namespace

Examination examine(LogFile& log) {
  return Examiner(log).run();
}

}  // namespace ibcf::analysis
