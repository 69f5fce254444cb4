#include "analysis/sqlite_store.hpp"

#include <rapidcheck/catch.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "controlplane/projections.hpp"
#include "store_support.hpp"

using namespace ibcf;
using namespace ibcf::test;
using analysis::TemporaryFolder;

namespace {

/// A disk of four megabytes, where one can be mounted; gone with this.
struct SmallDisk {
  explicit SmallDisk(fs::path where) : path(std::move(where)) {
    fs::create_directories(path);
    is_mounted =
        std::system(("mount -t tmpfs -o size=4m tmpfs " + path.string() + " 2>/dev/null").c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_mounted && std::system(("umount " + path.string()).c_str()) != 0) WARN("left mounted: " << path);
  }
  SmallDisk(const SmallDisk&) = delete;
  fs::path path;
  bool is_mounted = false;
};

}  // namespace

TEST_CASE("I-6: a durable store does what a vector does, however often it is closed and opened",
          "[sqlite][property]") {
  rc::prop("for any appends, refusals, scans, holds and retention", [](std::uint64_t seed) {
    const TemporaryFolder temporary;
    const auto file = temporary.path() / "log.db";
    const SegmentLimits limits{.entries = 1 + seed % 7, .bytes = 300 + seed % 500};
    const auto open = [&](std::unique_ptr<EventStore> before) -> std::unique_ptr<EventStore> {
      const auto how = before ? SqliteStore::Open::own : SqliteStore::Open::create;
      before.reset();
      return std::make_unique<SqliteStore>(file, how, limits);
    };
    StoreTrial(seed, limits, open).run(15);
  });
}

TEST_CASE("a log is made once, and a lost one does not come back as an empty one", "[sqlite]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  const auto kind_of_failure = [&](SqliteStore::Open how) {
    try {
      const SqliteStore store(file, how);
    } catch (const StoreFailure& failure) {
      CHECK_THAT(failure.what(), Catch::Contains("log.db"));
      return failure.kind;
    }
    return StoreFailure::Kind::in_use;  // not what any of these is
  };

  CHECK(kind_of_failure(SqliteStore::Open::own) == StoreFailure::Kind::not_a_log);
  { SqliteStore(file, SqliteStore::Open::create).append(0, {}, views_of({Bytes{1}})); }
  CHECK(kind_of_failure(SqliteStore::Open::create) == StoreFailure::Kind::not_a_log);
  CHECK(SqliteStore(file, SqliteStore::Open::own).size() == 1);
  fs::resize_file(file, 0);
  CHECK(kind_of_failure(SqliteStore::Open::own) == StoreFailure::Kind::not_a_log);
  std::ofstream(file) << std::string(20'000, 'x');
  CHECK(kind_of_failure(SqliteStore::Open::own) == StoreFailure::Kind::not_a_log);
  CHECK(fs::file_size(file) == 20'000);
}

TEST_CASE("a second writer is refused and told why, in this process and in another", "[sqlite]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  SqliteStore store(file, SqliteStore::Open::create);
  fill(store, 1);
  const auto open_again = [&] {
    try {
      const SqliteStore second(file, SqliteStore::Open::own);
    } catch (const StoreFailure& failure) {
      return failure.kind == StoreFailure::Kind::in_use &&
                     std::string(failure.what()).find("another writer") != std::string::npos
                 ? 1
                 : 2;
    }
    return 0;
  };

  CHECK(open_again() == 1);
  CHECK(in_child(open_again) == 1);
  fill(store, 1);
  CHECK(store.size() == 6);
}

TEST_CASE("a log of another program cannot be written while it is open", "[sqlite]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  SqliteStore store(file, SqliteStore::Open::create);
  fill(store, 1);

  const std::string python = "/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('" + file.string() +
                             "', timeout=0); c.execute('DELETE FROM events'); c.commit()\" 2>/dev/null";

  CHECK(std::system(python.c_str()) != 0);
  CHECK(store.verify() == 3);
}

TEST_CASE("a full disk refuses an append and leaves the log as it was, and with room again it goes on",
          "[sqlite]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  const auto limit = [](rlim_t bytes) {
    const rlimit soft{bytes, RLIM_INFINITY};
    return setrlimit(RLIMIT_FSIZE, &soft) == 0;
  };

  // In a process whose files may not grow: writes fail as they do on a full disk.
  const int code = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    SqliteStore store(file, SqliteStore::Open::create);
    if (!limit(2 << 20)) return 2;
    std::uint64_t stored = 0;
    bool refused = false;
    try {
      for (; stored < 100'000; stored += 50)
        if (store.append(stored, {}, views_of(std::vector<Bytes>(50, packed_event(1, 1, 200)))) !=
            AppendResult::appended)
          return 3;
    } catch (const StoreFailure& failure) {
      refused = failure.kind == StoreFailure::Kind::disk;
    }
    if (!refused || stored < 1000) return 4;
    if (store.size() != stored || store.verify() != stored) return 5;
    if (!limit(RLIM_INFINITY)) return 6;
    if (store.append(stored, {}, views_of({packed_event(1, 2)})) != AppendResult::appended) return 7;
    return store.verify() == stored + 1 ? 0 : 8;
  });

  CHECK(code == 0);
  const SqliteStore store(file, SqliteStore::Open::own);
  CHECK(store.condition().is_sound());
  CHECK(store.condition().cut.empty());
  CHECK(store.size() % 50 == 1);
}

TEST_CASE("a disk without a free block refuses an append and leaves the log as it was", "[sqlite]") {
  const TemporaryFolder temporary;
  const SmallDisk small(temporary.path() / "disk");
  const fs::path& disk = small.path;
  if (!small.is_mounted) {
    WARN("skipped: a small disk can be mounted by root only");
    return;
  }
  std::uint64_t stored = 0;
  {
    SqliteStore store(disk / "log.db", SqliteStore::Open::create);
    bool refused = false;
    try {
      for (; stored < 100'000; stored += 50)
        store.append(stored, {}, views_of(std::vector<Bytes>(50, packed_event(1, 1, 200))));
    } catch (const StoreFailure& failure) {
      refused = failure.kind == StoreFailure::Kind::disk;
    }
    CHECK(refused);
    CHECK(store.size() == stored);
    CHECK(store.verify() == stored);
    CHECK(stored > 1000);
    CHECK(std::system(("mount -o remount,size=16m " + disk.string()).c_str()) == 0);
    append(store, {packed_event(1, 2)}, 2);
  }
  CHECK(SqliteStore(disk / "log.db", SqliteStore::Open::own).size() == stored + 1);
}

TEST_CASE("I-7: killed at any moment of any append, no acknowledged batch is lost and none is torn",
          "[sqlite]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  { SqliteStore(file, SqliteStore::Open::create, {.entries = 64}); }
  Dice dice(11);
  std::uint64_t known = 0;
  for (int round = 0; round < 40; ++round) {
    int acknowledged[2];
    REQUIRE(pipe(acknowledged) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      SqliteStore store(file, SqliteStore::Open::own);
      for (;;) {
        std::vector<Bytes> batch(7);
        for (Bytes& entry : batch) entry = packed_event(1, store.size() / 7, 300);
        if (store.append(store.size(), {}, views_of(batch)) != AppendResult::appended) _exit(1);
        const std::uint64_t size = store.size();
        if (write(acknowledged[1], &size, sizeof size) != sizeof size) _exit(1);
      }
    }
    close(acknowledged[1]);
    std::uint64_t size = 0;
    // A few appends, and then a random moment.
    for (auto wait = 1 + dice.below(20); wait > 0; --wait)
      REQUIRE(read(acknowledged[0], &size, sizeof size) == sizeof size);
    usleep(static_cast<useconds_t>(dice.below(3000)));
    REQUIRE(kill(child, SIGKILL) == 0);
    REQUIRE(waitpid(child, nullptr, 0) == child);
    while (read(acknowledged[0], &size, sizeof size) == sizeof size) {
    }
    close(acknowledged[0]);

    const SqliteStore store(file, SqliteStore::Open::own);
    REQUIRE(store.condition().is_sound());
    REQUIRE(store.size() >= size);
    REQUIRE(store.size() % 7 == 0);
    REQUIRE(store.size() > known);
    known = store.size();
  }
  std::uint64_t wrong = 0;
  SqliteStore(file, SqliteStore::Open::own).scan(0, [&](const Stored& stored) {
    wrong += identity_of(stored.packed)->seq == stored.position / 7 ? 0 : 1;
    return true;
  });
  CHECK(wrong == 0);
}

TEST_CASE("holds outlive the process that set them", "[sqlite][retention]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  {
    SqliteStore store(file, SqliteStore::Open::create, {.entries = 10});
    fill(store, 20);
    CHECK(store.hold("projections", 25));
    CHECK(store.hold("peer asia", 70));
    store.release("peer asia");
    CHECK(store.retain(60) == 20);
  }

  SqliteStore store(file, SqliteStore::Open::own);
  CHECK(store.retain(60) == 20);
  CHECK_FALSE(store.hold("peer of old", 19));
  store.release("projections");
  CHECK(store.retain(60) == 50);
  CHECK(store.verify() == 60);
}

TEST_CASE("room of dropped entries is used again", "[sqlite][retention]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  SqliteStore store(file, SqliteStore::Open::create, {.entries = 100});
  std::uint64_t after_one = 0;
  for (int round = 0; round < 10; ++round) {
    fill(store, 400);
    store.retain(store.size());
    if (round == 1) after_one = fs::file_size(file);
  }
  CHECK(fs::file_size(file) <= after_one + (1 << 20));
}

TEST_CASE("a log that is only looked at is read, and not written", "[sqlite]") {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "log.db";
  {
    SqliteStore store(file, SqliteStore::Open::create);
    fill(store, 5);
  }
  const auto before = analysis::text_of_file(file);
  {
    SqliteStore store(file, SqliteStore::Open::look);
    CHECK(contents_of(store).size() == 15);
    CHECK_THROWS_AS(store.append(15, {}, views_of({Bytes{1}})), std::logic_error);
  }
  CHECK(analysis::text_of_file(file) == before);
}

TEST_CASE("views folded from a durable log are those of the same log in memory", "[sqlite][projection]") {
  const TemporaryFolder temporary;
  SqliteStore durable(temporary.path() / "log.db", SqliteStore::Open::create);
  MemoryStore memory;
  for (const Event& event : random_history(5, 400).events)
    for (EventStore* store : {static_cast<EventStore*>(&durable), static_cast<EventStore*>(&memory)})
      append(*store, {encode(event)}, store->size());
  Projections of_durable(domains()), of_memory(domains());

  CHECK(of_durable.catch_up(durable).end == ScanEnd::complete);
  CHECK(of_memory.catch_up(memory).end == ScanEnd::complete);

  CHECK(of_durable.snapshot() == of_memory.snapshot());
  CHECK(durable.head() == memory.head());
}
