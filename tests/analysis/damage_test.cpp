#include <catch2/catch.hpp>

#include "analysis/sqlite_snapshots.hpp"
#include "controlplane/repair.hpp"
#include "store_support.hpp"

using namespace ibcf;
using namespace ibcf::test;
using analysis::SqliteSnapshots;
using analysis::TemporaryFolder;

namespace {

constexpr SegmentLimits twenty_each{.entries = 20, .bytes = 1 << 20};

/// A closed log of 100 appends of three, with a peer that has the same events in another order.
struct ClosedLog {
  TemporaryFolder temporary;
  fs::path file = temporary.path() / "log.db";
  std::vector<Kept> contents;
  MemoryStore peer;

  explicit ClosedLog(std::uint64_t batches = 100) {
    {
      SqliteStore store(file, SqliteStore::Open::create, twenty_each);
      fill(store, batches);
      contents = contents_of(store);
    }
    for (std::uint64_t origin = 0; origin < 3; ++origin)
      for (std::uint64_t seq = 1; seq <= batches; ++seq) append(peer, {packed_event(origin, seq, 40)}, 1);
  }
  /// Runs SQL on the file as somebody who knows nothing of check sums would.
  void tamper(const std::string& sql) const {
    REQUIRE(std::system(("/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('" + file.string() +
                         "'); c.executescript('''" + sql + "''')\"")
                            .c_str()) == 0);
  }
};

enum class Fate { untouched, mended, repaired, cut, refused };

/// Opens the log after something happened to its file, and repairs what is reported. Whatever it ends as, no
/// entry may be another than was stored, and none may be missing without a word.
Fate fate_of(const ClosedLog& log) {
  try {
    SqliteStore store(log.file, SqliteStore::Open::own);
    const StoreCondition found = store.condition();
    REQUIRE(found.lost_changes == 0);
    if (!found.cut.empty()) {
      REQUIRE(found.cut.front().entries.size() == 3);
      REQUIRE(store.size() == log.contents.size() - 3);
      REQUIRE(contents_of(store) == first_of(log.contents, store.size()));
      return Fate::cut;
    }
    if (found.damaged.empty()) {
      REQUIRE(contents_of(store) == log.contents);
      REQUIRE(store.verify() == store.size());
      return found.mended.empty() ? Fate::untouched : Fate::mended;
    }
    REQUIRE(store.scan(0, [](const Stored&) { return true; }).end == ScanEnd::damaged);
    REQUIRE(store.append(store.size(), {}, views_of({Bytes{1}})) == AppendResult::damaged);
    const Repaired repaired = repair(store, from_peer(log.peer));
    REQUIRE(repaired.left == 0);
    const auto contents = contents_of(store);
    REQUIRE(contents.size() == log.contents.size());
    for (std::size_t i = 0; i < contents.size(); ++i) REQUIRE(contents[i].packed == log.contents[i].packed);
    REQUIRE(store.verify() == store.size());
    REQUIRE(store.append(store.size(), at(1h), views_of({Bytes{1}})) == AppendResult::appended);
    return Fate::repaired;
  } catch (const StoreFailure& failure) {
    REQUIRE(failure.kind == StoreFailure::Kind::not_a_log);
    return Fate::refused;
  }
}

void remove_all_but(const fs::path& folder, const fs::path& file) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path() != file) fs::remove(entry.path());
}

}  // namespace

TEST_CASE("I-5 and I-7: any flipped bit of a closed log is harmless, or told and repaired from a peer (R5)",
          "[sqlite][repair]") {
  const ClosedLog log;
  const auto whole = analysis::text_of_file(log.file);
  Dice dice(7);
  std::map<Fate, int> fates;
  for (int round = 0; round < 250; ++round) {
    remove_all_but(log.temporary.path(), log.file);
    std::ofstream(log.file, std::ios::binary) << whole;
    const auto offset = dice.below(whole.size());
    const auto bit = static_cast<int>(dice.below(8));
    INFO("bit " << bit << " of byte " << offset);
    flip_bit(log.file, offset, bit);
    ++fates[fate_of(log)];
  }
  CHECK(fates[Fate::repaired] > 50);
  CHECK(fates[Fate::mended] > 5);
  CHECK(fates[Fate::untouched] > 5);
  CHECK(fates[Fate::refused] < 50);
}

TEST_CASE("a page of noise is told and repaired, wherever it lies", "[sqlite][repair]") {
  const ClosedLog log;
  const auto whole = analysis::text_of_file(log.file);
  constexpr std::size_t page = 8192;
  Dice dice(8);
  std::map<Fate, int> fates;
  for (std::size_t at = page; at < whole.size(); at += page) {
    remove_all_but(log.temporary.path(), log.file);
    auto bytes = whole;
    for (std::size_t i = 0; i < page; ++i) bytes[at + i] = static_cast<char>(dice.below(256));
    std::ofstream(log.file, std::ios::binary) << bytes;
    INFO("page " << at / page);
    try {
      SqliteStore store(log.file, SqliteStore::Open::own);
      // The rows of the open segment are in no index yet: who wrote them, nobody can say.
      if (store.condition().is_sound() || repair(store, from_peer(log.peer)).left == 0)
        ++fates[Fate::repaired];
      else
        ++fates[Fate::refused];
      if (store.condition().is_sound() && store.size() == log.contents.size())
        CHECK(contents_of(store).size() == log.contents.size());
    } catch (const StoreFailure& failure) {
      REQUIRE(failure.kind == StoreFailure::Kind::not_a_log);
      ++fates[Fate::refused];
    }
  }
  CHECK(fates[Fate::repaired] > 5);
}

TEST_CASE("a file cut off anywhere is told: as a range, or as no log", "[sqlite][repair]") {
  const ClosedLog log;
  const auto whole = analysis::text_of_file(log.file);
  for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 37) {
    remove_all_but(log.temporary.path(), log.file);
    std::ofstream(log.file, std::ios::binary) << whole.substr(0, size);
    INFO("cut to " << size << " bytes of " << whole.size());
    try {
      const SqliteStore store(log.file, SqliteStore::Open::own);
      const StoreCondition& found = store.condition();
      CHECK_FALSE((found.damaged.empty() && found.cut.empty() && found.mended.empty()));
    } catch (const StoreFailure& failure) {
      CHECK(failure.kind == StoreFailure::Kind::not_a_log);
    }
  }
}

TEST_CASE("a damaged last append is cut off as a whole, and what was in it is told", "[sqlite][repair]") {
  const ClosedLog log;
  log.tamper("UPDATE events SET packed = zeroblob(10) WHERE entry = 298");

  SqliteStore store(log.file, SqliteStore::Open::own);

  REQUIRE(store.condition().cut.size() == 1);
  const Damage& cut = store.condition().cut.front();
  CHECK(cut.first == 297);
  REQUIRE(cut.entries.size() == 3);
  CHECK(cut.entries[1].identity == EventIdentity{origin_named(1), 1, StreamClass::control, 100});
  CHECK(cut.entries[2].identity == EventIdentity{origin_named(2), 1, StreamClass::control, 100});
  CHECK(store.condition().is_sound());
  CHECK(contents_of(store) == first_of(log.contents, 297));
  fill(store, 1);
  CHECK(contents_of(store) == log.contents);
  CHECK(store.verify() == 300);
}

TEST_CASE("damage before the last append is not cut off, not even at the end of the log",
          "[sqlite][repair]") {
  const ClosedLog log;
  log.tamper("DELETE FROM events WHERE entry >= 295");

  SqliteStore store(log.file, SqliteStore::Open::own);

  CHECK(store.condition().cut.empty());
  REQUIRE(store.condition().damaged.size() == 1);
  CHECK(store.condition().damaged.front().first == 295);
  CHECK(store.condition().damaged.front().entries.size() == 5);
  CHECK(store.size() == 300);
  CHECK(store.append(300, {}, views_of({Bytes{1}})) == AppendResult::damaged);
  CHECK(store.retain(200) == 0);
}

TEST_CASE("rows that vanished from a closed segment come back from a peer, by the index of their origins",
          "[sqlite][repair]") {
  const ClosedLog log;
  log.tamper("DELETE FROM events WHERE entry BETWEEN 30 AND 45");

  SqliteStore store(log.file, SqliteStore::Open::own);
  REQUIRE(store.condition().damaged.size() == 1);
  CHECK(store.condition().damaged.front().entries[2].identity ==
        EventIdentity{origin_named(2), 1, StreamClass::control, 11});
  const Repaired repaired = repair(store, from_peer(log.peer));

  CHECK(repaired.restored == 16);
  CHECK(store.verify() == 300);
  CHECK(fs::exists(log.temporary.path() / "log.db.damaged"));
}

TEST_CASE("what no peer has stays a reported range over any number of openings", "[sqlite][repair]") {
  const ClosedLog log;
  log.tamper("DELETE FROM events WHERE entry IN (30, 90); UPDATE events SET packed = 'x' WHERE entry = 130");
  const FetchEntry all = from_peer(log.peer);
  {
    SqliteStore store(log.file, SqliteStore::Open::own);
    const Repaired repaired = repair(
        store, [&](const DamagedEntry& entry) { return entry.position == 90 ? std::nullopt : all(entry); });
    CHECK(repaired.restored == 2);
    CHECK(repaired.not_found == 1);
  }
  SqliteStore store(log.file, SqliteStore::Open::own);
  REQUIRE(store.condition().damaged.size() == 1);
  CHECK(store.condition().damaged.front().first == 90);
  CHECK(store.condition().damaged.front().entries.front().identity ==
        EventIdentity{origin_named(0), 1, StreamClass::control, 31});
  CHECK(store.scan(0, [](const Stored&) { return true; }).position == 90);
  CHECK(store.scan(91, [](const Stored&) { return true; }).end == ScanEnd::complete);
  CHECK(repair(store, all).left == 0);
  CHECK(store.verify() == 300);
}

TEST_CASE("a forged entry does not get into a durable log", "[sqlite][repair]") {
  const ClosedLog log;
  log.tamper("DELETE FROM events WHERE entry = 30");
  SqliteStore store(log.file, SqliteStore::Open::own);

  const Repaired repaired = repair(store, [](const DamagedEntry& entry) {
    Bytes forged = packed_event(0, entry.identity->seq, 40);
    forged.back() ^= 1;
    return forged;
  });

  CHECK(repaired.restored == 0);
  CHECK(store.condition().damaged.front().first == 30);
}

TEST_CASE("somebody's change of an entry, a segment or an index is found", "[sqlite][repair]") {
  const std::string sql = GENERATE(
      std::string("UPDATE segments SET hash = zeroblob(32) WHERE first = 40"),
      std::string("DELETE FROM segments WHERE first = 40"), std::string("DELETE FROM segments"),
      std::string("DELETE FROM origins WHERE segment = 40"),
      std::string("UPDATE origins SET seq = 7 WHERE entry = 50"),
      std::string("UPDATE events SET epoch = 7 WHERE entry = 50"), std::string("DELETE FROM extent"),
      std::string("UPDATE extent SET size = 250"),
      std::string("INSERT INTO events SELECT 300, 0, 300, ingested_ns, origin, incarnation, stream, seq, "
                  "type, subject, "
                  "occurred_ns, epoch, cause, priority, check_sum, packed FROM events WHERE entry = 1"));
  const ClosedLog log;
  log.tamper(sql);
  INFO(sql);

  const Fate fate = fate_of(log);

  CHECK((fate == Fate::mended || fate == Fate::repaired));
  SqliteStore store(log.file, SqliteStore::Open::own);
  CHECK(store.condition().mended.empty());
  CHECK(store.verify() == store.size());
  CHECK(store.segments().size() == 14);
}

TEST_CASE("power lost at any byte of the write-ahead log leaves whole appends, and the torn one is told",
          "[sqlite]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  const auto image = temporary.path() / "image.db";
  // The file as it is in mid-life: a child dies with the log open.
  CHECK(in_child([&] {
          SqliteStore store(file, SqliteStore::Open::create, twenty_each);
          fill(store, 30);
          return kill(getpid(), SIGKILL);
        }) == -SIGKILL);
  const auto log = analysis::text_of_file(file);
  const auto wal = analysis::text_of_file(wal_of(file));
  REQUIRE(wal.size() > 100'000);
  std::uint64_t last = 0;
  bool any_torn = false;
  for (std::size_t part = 0; part <= 97; ++part) {
    const std::size_t size = wal.size() * part / 97;
    std::ofstream(image, std::ios::binary) << log;
    std::ofstream(wal_of(image), std::ios::binary) << wal.substr(0, size);
    INFO("the first " << size << " bytes of " << wal.size());
    const SqliteStore store(image, SqliteStore::Open::own);
    REQUIRE(store.condition().is_sound());
    REQUIRE(store.size() % 3 == 0);
    REQUIRE(store.size() >= last);
    any_torn = any_torn || !store.condition().cut.empty();
    last = store.size();
  }
  CHECK(last == 90);
  CHECK(any_torn);
}

TEST_CASE(
    "acknowledged appends lost to a flipped bit in the write-ahead log are told until they are accepted",
    "[sqlite][repair]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  CHECK(in_child([&] {
          SqliteStore store(file, SqliteStore::Open::create, twenty_each);
          fill(store, 30);
          return kill(getpid(), SIGKILL);
        }) == -SIGKILL);
  flip_bit(wal_of(file), fs::file_size(wal_of(file)) / 2, 3);

  std::uint64_t size = 0;
  {
    SqliteStore store(file, SqliteStore::Open::own);
    CHECK(store.condition().lost_changes > 5);
    size = store.size();
    CHECK(size < 60);
    CHECK(store.append(size, {}, views_of({Bytes{1}})) == AppendResult::damaged);
  }
  SqliteStore store(file, SqliteStore::Open::own);
  CHECK(store.condition().lost_changes > 5);
  CHECK(store.append(size, {}, views_of({Bytes{1}})) == AppendResult::damaged);
  store.accept_loss();
  CHECK(store.append(size, {}, views_of({Bytes{1}})) == AppendResult::appended);
}

TEST_CASE("killed at any moment of a repair, the log is either damaged still or whole", "[sqlite][repair]") {
  const ClosedLog log;
  const auto whole = analysis::text_of_file(log.file);
  Dice dice(9);
  for (int round = 0; round < 30; ++round) {
    remove_all_but(log.temporary.path(), log.file);
    std::ofstream(log.file, std::ios::binary) << whole;
    log.tamper("DELETE FROM events WHERE entry BETWEEN 30 AND 45");
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      SqliteStore store(log.file, SqliteStore::Open::own);
      repair(store, from_peer(log.peer));
      _exit(0);
    }
    usleep(static_cast<useconds_t>(dice.below(30'000)));
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, nullptr, 0) == child);

    SqliteStore store(log.file, SqliteStore::Open::own);
    CHECK(repair(store, from_peer(log.peer)).left == 0);
    const auto contents = contents_of(store);
    REQUIRE(contents.size() == log.contents.size());
    for (std::size_t i = 0; i < contents.size(); ++i) REQUIRE(contents[i].packed == log.contents[i].packed);
  }
}

TEST_CASE("durable bodies are stored once, kept over openings, and fetched again when damaged (R5)",
          "[sqlite][snapshots]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "snapshots.db";
  const Bytes body(20'000, 7), other(300, 8);
  Digest digest;
  {
    SqliteSnapshots snapshots(file);
    digest = snapshots.put(body, 4);
    CHECK(snapshots.put(body, 9) == digest);
    snapshots.put(other, 5);
    CHECK(snapshots.size() == 2);
    CHECK_THROWS_AS(SqliteSnapshots(file), StoreFailure);
  }
  const auto bytes = analysis::text_of_file(file);
  flip_bit(file, bytes.find(std::string(100, 7)) + 50, 2);

  SqliteSnapshots snapshots(file);
  CHECK(snapshots.examine() == std::vector<Digest>{digest});
  CHECK(snapshots.get(digest) == std::nullopt);
  CHECK(snapshots.presence(digest) == SnapshotStore::Presence::damaged);
  CHECK(snapshots.get(digest_of(other)) == other);
  CHECK(snapshots.retain(100, {}, {}) == 1);
  CHECK(snapshots.presence(digest) == SnapshotStore::Presence::damaged);
  CHECK_FALSE(snapshots.heal(digest, other));
  const Repaired repaired = repair(snapshots, [&](const Digest&) { return std::optional(body); });
  CHECK(repaired.restored == 1);
  CHECK(snapshots.get(digest) == body);
}

TEST_CASE("a durable body goes when nothing that is kept speaks of it, nobody holds it, and nobody names it",
          "[sqlite][snapshots][retention]") {
  const TemporaryFolder temporary;
  SqliteSnapshots snapshots(temporary.path() / "snapshots.db");
  const Digest old = snapshots.put(Bytes(10, 1), 3);
  const Digest named = snapshots.put(Bytes(10, 2), 3);
  const Digest spoken_of_again = snapshots.put(Bytes(10, 3), 3);
  snapshots.put(Bytes(10, 3), 8);
  const Digest held = snapshots.put(Bytes(10, 4), 5);
  Holds holds;
  holds.set("projections", 5);

  CHECK(snapshots.retain(8, holds, {named}) == 1);
  CHECK(snapshots.presence(old) == SnapshotStore::Presence::absent);
  CHECK(snapshots.contains(named));
  CHECK(snapshots.contains(held));
  holds.release("projections");
  CHECK(snapshots.retain(8, holds, {}) == 2);
  CHECK(snapshots.contains(spoken_of_again));
}
