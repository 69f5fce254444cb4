#include "log_rebuild.hpp"

#include <fmt/format.h>

#include "model/check.hpp"
#include "output_file.hpp"

namespace ibcf::analysis {

namespace {

namespace fs = std::filesystem;

fs::path beside(const fs::path& file, std::string_view suffix) {
  fs::path path = file;
  path += suffix;
  return path;
}

/// Onto the disk under `from`, and only then known as `to`.
void publish(const fs::path& from, const fs::path& to) {
  sync_file(from);
  fs::rename(from, to);
  sync_file(to.has_parent_path() ? to.parent_path() : fs::path("."));
}

class Copier {
 public:
  Copier(LogFile& from, LogFile& to, const std::map<std::uint64_t, Mended>& mended)
      : from_(from), to_(to), writer_(to.db), mended_(mended) {}

  /// An untouched segment keeps its row, so that what is damaged in it is still damaged.
  void copy_closed(const Stretch& stretch) {
    copy_rows(stretch);
    to_.put_segment(*stretch.segment);
    for (const auto& [entry, identity] : gone_)
      to_.db.prepare("INSERT OR REPLACE INTO origins VALUES(?,?,?,?,?,?)")
          .insert(stretch.first, identity.origin, identity.incarnation, entry,
                  static_cast<int>(identity.stream), identity.seq);
    gone_.clear();
  }
  /// Cuts the stretch into segments again, as if it were appended now.
  void append(const Stretch& stretch, std::uint64_t until, bool is_closed) {
    to_.extent.size = stretch.first;
    to_.open = {.first = stretch.first, .hash = stretch.before};
    read_rows(from_.db, stretch.first, until, [&](std::uint64_t entry, const EventRow* row) {
      const auto better = mended_.find(entry);
      if (better != mended_.end())
        to_.put(better->second.ingested, better->second.packed);
      else
        to_.put(row->ingested, row->packed);
    });
    if (is_closed) to_.close_segment();
  }
  void copy_rows(const Stretch& stretch) {
    read_rows(from_.db, stretch.first, stretch.until, [&](std::uint64_t entry, const EventRow* row) {
      if (const auto better = mended_.find(entry); better != mended_.end()) {
        const auto event = decode<Event>(better->second.packed);
        writer_.put(entry, 0, entry, better->second.ingested, better->second.packed,
                    event ? &*event : nullptr);
      } else if (row != nullptr) {
        copy(*row);
      }
    });
  }
  void keep_index_of(const std::vector<Damage>& damaged, const Stretch& stretch) {
    for (const Damage& damage : damaged)
      for (const DamagedEntry& entry : damage.entries)
        if (entry.position >= stretch.first && entry.position < stretch.until && entry.identity &&
            !entry.check_sum && !mended_.contains(entry.position))
          gone_[entry.position] = *entry.identity;
  }

 private:
  void copy(const EventRow& row) {
    auto event = decode<Event>(row.packed);
    // Of a damaged entry the columns may know better who wrote it.
    if (!row.is_whole && row.in_columns) {
      if (!event) event.emplace();
      event->origin = row.in_columns->origin;
      event->incarnation = row.in_columns->incarnation;
      event->stream = row.in_columns->stream;
      event->seq = row.in_columns->seq;
    }
    writer_.put(row.entry, 0, row.entry, row.ingested, row.check_sum, row.packed, event ? &*event : nullptr);
  }

  LogFile& from_;
  LogFile& to_;
  EventWriter writer_;
  const std::map<std::uint64_t, Mended>& mended_;
  std::map<std::uint64_t, EventIdentity> gone_;  // entries without a row, of the segment at hand
};

bool is_complete(const Stretch& stretch, const Examination& found,
                 const std::map<std::uint64_t, Mended>& mended) {
  if (stretch.is_whole) return true;
  for (const Damage& damage : found.damaged)
    for (const DamagedEntry& entry : damage.entries)
      if (entry.position >= stretch.first && entry.position < stretch.until &&
          !mended.contains(entry.position))
        return false;
  return true;
}

Extent extent_up_to(std::uint64_t limit, const Extent& extent) {
  Extent cut = extent;
  if (limit == extent.size) return cut;
  check(limit == extent.batch, "a log is cut where its last append began");
  cut.size = limit;
  cut.head = extent.batch_head;
  return cut;
}

void copy_stretch(Copier& copier, const Stretch& stretch, const Examination& found, std::uint64_t limit,
                  const std::map<std::uint64_t, Mended>& mended) {
  if (stretch.first >= limit) return;
  const bool is_last = stretch.until >= found.extent.size;
  if (stretch.segment && stretch.until <= limit) {
    copier.keep_index_of(found.damaged, stretch);
    copier.copy_closed(stretch);
  } else if (stretch.until > limit || is_complete(stretch, found, mended)) {
    copier.append(stretch, std::min(limit, stretch.until), !is_last && stretch.until <= limit);
  } else {
    copier.copy_rows(stretch);
  }
}

}  // namespace

void create_log(const fs::path& file, const SegmentLimits& limits) {
  if (fs::exists(file))
    throw DatabaseFailure(fmt::format("{}: is there already", file.string()), SQLITE_CANTOPEN);
  const fs::path young = beside(file, ".new");
  fs::remove(young);
  { const LogFile made(young, LogFile::Open::create, limits); }
  publish(young, file);
}

void rebuild(LogFile& log, const Examination& found, std::uint64_t limit,
             const std::map<std::uint64_t, Mended>& mended) {
  const fs::path young = beside(log.db.file(), ".new");
  fs::remove(young);
  {
    LogFile made(young, LogFile::Open::create, log.limits);
    made.together([&] {
      Copier copier(log, made, mended);
      for (const Stretch& stretch : found.stretches) copy_stretch(copier, stretch, found, limit, mended);
      put_extent(made.db, extent_up_to(limit, found.extent));
      for (const auto& [name, position] : log.holds.by_name())
        made.db.prepare("INSERT INTO holds VALUES(?,?)").insert(name, position);
      if (const auto lost = log.fact("lost_changes", 0); lost > 0)
        made.set_fact("lost_changes", std::to_string(lost));
    });
  }
  publish(young, beside(log.db.file(), ".mended"));
}

void take_rebuilt(const fs::path& file) {
  const fs::path mended = beside(file, ".mended");
  if (!fs::exists(mended)) return;
  const fs::path old = beside(file, ".damaged");
  std::error_code unlinkable;  // a file system without hard links keeps no copy
  fs::remove(old, unlinkable);
  fs::create_hard_link(file, old, unlinkable);
  // The old one's write-ahead log must not be taken for the new one's.
  fs::remove(beside(file, "-wal"));
  fs::remove(beside(file, "-shm"));
  publish(mended, file);
}

}  // namespace ibcf::analysis
