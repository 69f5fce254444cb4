#pragma once

#include <filesystem>
#include <memory>

#include "analysis/sqlite_store.hpp"
#include "controlplane/snapshotstore.hpp"

namespace ibcf::analysis {

/// Durable bodies beside a durable log, in an SQLite file of their own: what happens to one file does not
/// reach the other. One writer at a time; a body is on the disk when put returns. Every member may throw
/// StoreFailure; then nothing has changed.
class SqliteSnapshots final : public SnapshotStore {
 public:
  /// Makes the file where there is none: bodies that are missing can be fetched again, and are missed by
  /// name.
  explicit SqliteSnapshots(const std::filesystem::path& file);
  ~SqliteSnapshots() override;

  Digest put(ByteView body, std::uint64_t position) override;
  [[nodiscard]] std::optional<Bytes> get(const Digest& digest) const override;
  [[nodiscard]] Presence presence(const Digest& digest) const override;
  [[nodiscard]] std::uint64_t size() const override;
  std::uint64_t retain(std::uint64_t from, const Holds& holds, const std::set<Digest>& reachable) override;
  [[nodiscard]] std::vector<Digest> examine() const override;
  bool heal(const Digest& digest, ByteView body) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibcf::analysis
