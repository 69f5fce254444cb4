#include "analysis/sqlite_snapshots.hpp"

#include <algorithm>

#include "database.hpp"
#include "on_disk.hpp"
#include "schema.hpp"

namespace ibcf::analysis {

namespace {

Digest digest_in(const Statement& row, int column) {
  Digest digest;
  const auto bytes = row.bytes(column);
  if (bytes.size() == digest.bytes.size()) std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

constexpr std::string_view schema =
    "CREATE TABLE IF NOT EXISTS snapshots(body_id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, "
    "position INTEGER NOT NULL, body BLOB NOT NULL);";

}  // namespace

struct SqliteSnapshots::State {
  explicit State(const std::filesystem::path& path) : file(path), db(path, Database::Open::create) {
    db.run(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "BEGIN IMMEDIATE; COMMIT");
    if (db.number("PRAGMA application_id") == 0 && db.number("SELECT count(*) FROM sqlite_master") == 0)
      db.run(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", application_id,
                         schema_version));
    if (db.number("PRAGMA application_id") != application_id)
      throw DatabaseFailure(fmt::format("{}: is not ours", path.string()), SQLITE_NOTADB);
    db.run(std::string(schema));
  }
  std::filesystem::path file;
  Database db;
};

SqliteSnapshots::SqliteSnapshots(const std::filesystem::path& file) {
  on_disk(file, [&] { state_ = std::make_unique<State>(file); });
}
SqliteSnapshots::~SqliteSnapshots() = default;

Digest SqliteSnapshots::put(ByteView body, std::uint64_t position) {
  const Digest digest = digest_of(body);
  on_disk(state_->file, [&] {
    state_->db
        .prepare(
            "INSERT INTO snapshots VALUES(NULL,?1,?2,?3) ON CONFLICT(digest) DO UPDATE SET "
            "position = max(position, ?2), body = ?3")
        .insert(ByteView(digest.bytes), position, body);
  });
  return digest;
}

std::optional<Bytes> SqliteSnapshots::get(const Digest& digest) const {
  return on_disk(state_->file, [&]() -> std::optional<Bytes> {
    auto row = state_->db.prepare("SELECT body FROM snapshots WHERE digest = ?");
    row.bind(1, ByteView(digest.bytes));
    if (!row.next()) return std::nullopt;
    const ByteView body = row.bytes(0);
    if (digest_of(body) != digest) return std::nullopt;
    return Bytes(body.begin(), body.end());
  });
}

SnapshotStore::Presence SqliteSnapshots::presence(const Digest& digest) const {
  return on_disk(state_->file, [&] {
    auto row = state_->db.prepare("SELECT body FROM snapshots WHERE digest = ?");
    row.bind(1, ByteView(digest.bytes));
    if (!row.next()) return Presence::absent;
    return digest_of(row.bytes(0)) == digest ? Presence::whole : Presence::damaged;
  });
}

std::uint64_t SqliteSnapshots::size() const {
  return on_disk(state_->file, [&] {
    return static_cast<std::uint64_t>(state_->db.number("SELECT count(*) FROM snapshots"));
  });
}

std::uint64_t SqliteSnapshots::retain(std::uint64_t from, const Holds& holds,
                                      const std::set<Digest>& reachable) {
  return on_disk(state_->file, [&] {
    std::vector<std::int64_t> idle;
    auto rows = state_->db.prepare("SELECT body_id, digest, body FROM snapshots WHERE position < ?");
    rows.bind(1, holds.bound(from));
    while (rows.next()) {
      const Digest digest = digest_in(rows, 1);
      if (!reachable.contains(digest) && digest_of(rows.bytes(2)) == digest) idle.push_back(rows.integer(0));
    }
    rows.reset();
    state_->db.run("BEGIN IMMEDIATE");
    try {
      auto drop = state_->db.prepare("DELETE FROM snapshots WHERE body_id = ?");
      for (const std::int64_t body : idle) drop.insert(body);
      state_->db.run("COMMIT");
    } catch (...) {
      state_->db.roll_back();
      throw;
    }
    return std::uint64_t{idle.size()};
  });
}

std::vector<Digest> SqliteSnapshots::examine() const {
  return on_disk(state_->file, [&] {
    std::vector<Digest> damaged;
    auto rows = state_->db.prepare("SELECT digest, body FROM snapshots ORDER BY digest");
    while (rows.next())
      if (const Digest digest = digest_in(rows, 0); digest_of(rows.bytes(1)) != digest)
        damaged.push_back(digest);
    return damaged;
  });
}

bool SqliteSnapshots::heal(const Digest& digest, ByteView body) {
  if (digest_of(body) != digest || presence(digest) != Presence::damaged) return false;
  on_disk(state_->file, [&] {
    state_->db.prepare("UPDATE snapshots SET body = ? WHERE digest = ?").insert(body, ByteView(digest.bytes));
  });
  return true;
}

}  // namespace ibcf::analysis
