#include "log_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "model/crc32.hpp"
#include "schema.hpp"

namespace ibcf::analysis {

namespace {

std::uint32_t check_sum_of(const Extent& extent) {
  return crc32_of(encode(extent));
}

std::uint32_t check_sum_of(const Segment& segment) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.put(segment.first);
  encoder.put(segment.count);
  encoder.put(segment.bytes);
  encoder.put(segment.earliest);
  encoder.put(segment.latest);
  encoder.put(segment.hash);
  return crc32_of(bytes);
}

Digest digest_in(const Statement& row, int column) {
  Digest digest;
  const auto bytes = row.bytes(column);
  if (bytes.size() == digest.bytes.size()) std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

/// False where the file is too damaged to `read` to the end; the examination tells.
template <class Read>
bool is_readable(Read&& read) {
  try {
    read();
    return true;
  } catch (const DatabaseFailure& failure) {
    if (failure.code != SQLITE_CORRUPT) throw;
    return false;
  }
}

std::uint64_t count_in(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

}  // namespace

void put_extent(Database& db, const Extent& extent) {
  db.prepare("INSERT OR REPLACE INTO extent VALUES(0,?,?,?,?,?,?,?)")
      .insert(extent.first, ByteView(extent.base.bytes), extent.batch, ByteView(extent.batch_head.bytes),
              extent.size, ByteView(extent.head.bytes), check_sum_of(extent));
}

std::optional<Extent> find_extent(Database& db) {
  auto row =
      db.prepare("SELECT first, base, batch, batch_head, size, head, check_sum FROM extent WHERE id = 0");
  if (!row.next()) return std::nullopt;
  const Extent extent{count_in(row, 0),  digest_in(row, 1), count_in(row, 2),
                      digest_in(row, 3), count_in(row, 4),  digest_in(row, 5)};
  if (row.index(6) != check_sum_of(extent)) return std::nullopt;
  return extent;
}

LogFile::LogFile(const std::filesystem::path& file, Open how, const SegmentLimits& segment_limits)
    : db(file, how == Open::create ? Database::Open::create
               : how == Open::own  ? Database::Open::write
                                   : Database::Open::read),
      limits(segment_limits) {
  if (how == Open::create) {
    create();
  } else {
    // Exclusive before the log is first touched: then there is no shared memory, and the lock is held for as
    // long as the file is open.
    if (how == Open::own) db.run("PRAGMA locking_mode = EXCLUSIVE");
    if (db.number("PRAGMA application_id") != application_id ||
        db.number("PRAGMA user_version") != schema_version || !db.has_table("extent"))
      throw DatabaseFailure(fmt::format("{}: is no log of this format", file.string()), SQLITE_NOTADB);
    if (how == Open::own && db.has_table("masters"))
      throw DatabaseFailure(fmt::format("{}: is the record of a run, to be looked at only", file.string()),
                            SQLITE_NOTADB);
    if (how == Open::own)
      db.run(
          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
          "PRAGMA cache_size = -16384; BEGIN IMMEDIATE; COMMIT");
    load();
  }
  if (how != Open::look) writer_.emplace(db);
}

void LogFile::create() {
  db.run("PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;");
  db.run(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", application_id, schema_version));
  together([&] {
    db.run(log_schema_sql() + log_view_sql());
    set_fact("segment_entries", std::to_string(limits.entries));
    set_fact("segment_bytes", std::to_string(limits.bytes));
    put_extent(db, extent);
  });
}

void LogFile::load() {
  limits.entries = fact("segment_entries", limits.entries);
  limits.bytes = fact("segment_bytes", limits.bytes);
  has_extent = false;
  (void)is_readable([&] {
    const auto found = find_extent(db);
    has_extent = found.has_value();
    if (found) extent = *found;
  });
  (void)is_readable([&] {
    auto rows = db.prepare(
        "SELECT first, count, bytes, earliest_ns, latest_ns, hash, check_sum FROM segments ORDER BY first");
    while (rows.next()) {
      const Segment segment{count_in(rows, 0), count_in(rows, 1), count_in(rows, 2),
                            rows.instant(3),   rows.instant(4),   digest_in(rows, 5)};
      if (rows.index(6) == check_sum_of(segment)) closed.push_back(segment);
    }
  });
  const bool holds_are_known = is_readable([&] {
    auto rows = db.prepare("SELECT name, position FROM holds");
    while (rows.next()) holds.set(rows.text(0), count_in(rows, 1));
  });
  // Somebody needs something of this log; until it is known who, everything stays.
  if (!holds_are_known) holds.set("lost to damage", extent.first);
}

// ---- growing ----------------------------------------------------------------------------------------------

void LogFile::append(Instant ingested, std::span<const ByteView> packed) {
  const Extent old_extent = extent;
  const Segment old_open = open;
  const std::size_t old_closed = closed.size();
  try {
    together([&] {
      extent.batch = extent.size;
      extent.batch_head = extent.head;
      for (const ByteView bytes : packed) put(ingested, bytes);
      put_extent(db, extent);
    });
  } catch (...) {
    extent = old_extent;
    open = old_open;
    closed.resize(old_closed);
    throw;
  }
}

void LogFile::put(Instant ingested, ByteView packed) {
  if (!open.has_room_for(packed.size(), limits)) close_segment();
  Decoder decoder(packed);
  decoder.get(event_);
  writer_->put(extent.size, 0, extent.size, ingested, packed, decoder.finished() ? &event_ : nullptr);
  open.add(ingested, packed);
  extent.head = open.hash;
  ++extent.size;
}

void LogFile::close_segment() {
  put_segment(open);
  closed.push_back(open);
  open = {.first = open.end(), .hash = open.hash};
}

void LogFile::put_segment(const Segment& segment) {
  db.prepare("INSERT INTO segments VALUES(?,?,?,?,?,?,?)")
      .insert(segment.first, segment.count, segment.bytes, segment.earliest, segment.latest,
              ByteView(segment.hash.bytes), check_sum_of(segment));
  // Sorted, and behind everything that is there: the index grows at its end, whoever the origins are.
  db.prepare(
        "INSERT INTO origins SELECT ?, origin, incarnation, entry, stream, seq FROM events "
        "WHERE entry >= ? AND entry < ? AND origin IS NOT NULL ORDER BY origin, incarnation, entry")
      .insert(segment.first, segment.first, segment.end());
}

void LogFile::drop_oldest() {
  const Segment oldest = closed.front();
  Extent next = extent;
  next.first = oldest.end();
  next.base = oldest.hash;
  if (next.batch < next.first) {
    next.batch = next.size;
    next.batch_head = next.head;
  }
  together([&] {
    db.prepare("DELETE FROM events WHERE entry < ?").insert(next.first);
    db.prepare("DELETE FROM origins WHERE segment < ?").insert(next.first);
    db.prepare("DELETE FROM segments WHERE first < ?").insert(next.first);
    put_extent(db, next);
  });
  extent = next;
  closed.erase(closed.begin());
}

// ---- the rest ---------------------------------------------------------------------------------------------

void LogFile::set_hold(const std::string& name, std::optional<std::uint64_t> position) {
  together([&] {
    if (position)
      db.prepare("INSERT OR REPLACE INTO holds VALUES(?,?)").insert(name, *position);
    else
      db.prepare("DELETE FROM holds WHERE name = ?").insert(name);
  });
  if (position)
    holds.set(name, *position);
  else
    holds.release(name);
}

void LogFile::set_fact(std::string_view key, const std::string& value) {
  db.prepare("INSERT OR REPLACE INTO facts VALUES(?,?)").insert(key, value);
}

std::uint64_t LogFile::fact(std::string_view key, std::uint64_t otherwise) {
  std::uint64_t value = otherwise;
  (void)is_readable([&] {
    auto row = db.prepare("SELECT value FROM facts WHERE key = ?");
    row.bind(1, key);
    if (row.next()) value = std::strtoull(row.text(0).c_str(), nullptr, 10);
  });
  return value;
}

}  // namespace ibcf::analysis
