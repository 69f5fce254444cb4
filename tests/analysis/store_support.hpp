#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "../controlplane/store_model.hpp"
#include "analysis/sqlite_store.hpp"
#include "synthetic_run.hpp"

/// What the tests of durable stores share.
namespace ibcf::test {

using analysis::SqliteStore;
using analysis::StoreFailure;
namespace fs = std::filesystem;

inline void append(EventStore& store, const std::vector<Bytes>& entries, std::uint64_t second) {
  REQUIRE(store.append(store.size(), at(std::chrono::seconds{second}), views_of(entries)) ==
          AppendResult::appended);
}

/// `batches` appends of three events each, of three origins in turn.
inline void fill(EventStore& store, std::uint64_t batches) {
  for (std::uint64_t i = 0; i < batches; ++i) {
    const std::uint64_t seq = store.size() / 3 + 1;
    append(store, {packed_event(0, seq, 40), packed_event(1, seq, 40), packed_event(2, seq, 40)}, seq);
  }
}

inline std::vector<Kept> contents_of(const EventStore& store) {
  std::vector<Kept> all;
  const Scanned scanned = store.scan(store.first(), [&](const Stored& stored) {
    all.push_back({stored.ingested, Bytes(stored.packed.begin(), stored.packed.end())});
    return true;
  });
  CHECK(scanned.end == ScanEnd::complete);
  return all;
}

inline std::vector<Kept> first_of(const std::vector<Kept>& all, std::uint64_t count) {
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
}

inline fs::path wal_of(const fs::path& file) {
  fs::path wal = file;
  wal += "-wal";
  return wal;
}

inline void flip_bit(const fs::path& file, std::uint64_t offset, int bit) {
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekg(static_cast<std::streamoff>(offset));
  const int byte = bytes.get();
  bytes.seekp(static_cast<std::streamoff>(offset));
  bytes.put(static_cast<char>(byte ^ 1 << bit));
}

/// Runs `work` in a process of its own; gives its exit code, or minus the signal that ended it.
template <class Work>
int in_child(Work&& work) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int code = 99;
    try {
      code = work();
    } catch (const std::exception& failure) {
      fprintf(stderr, "child: %s\n", failure.what());
    }
    _exit(code);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace ibcf::test
