#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "controlplane/eventstore.hpp"

namespace ibcf::analysis {

/// What the world did to a store's file; names the file and the reason.
class StoreFailure : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    in_use,     ///< another writer has it open
    not_a_log,  ///< no file, no log of ours, or so damaged that it cannot be opened: take it from a copy
    disk,       ///< full, broken, read only
  };
  StoreFailure(Kind why, const std::string& what) : std::runtime_error(what), kind(why) {}
  Kind kind;
};

/// A durable log: an SQLite file, laid out as docs/store-format.md says. What append returned as appended
/// survives a crash of the process, of the system, and a loss of power (write-ahead log, synced at each
/// commit). One writer at a time: the file stays locked while it is open.
///
/// Opening looks at every byte. An unfinished last append is cut off, and so is the last append where a part
/// of it is damaged; what is wrong in indexes is made anew; damage further back stops scans at it, and
/// appends, until restore() or repair() of controlplane/repair.hpp puts it right. condition() tells all of
/// it.
///
/// Every member may throw StoreFailure; then the log is as it was before, and may be tried again.
class SqliteStore final : public EventStore {
 public:
  enum class Open : std::uint8_t {
    create,  ///< an empty one; the file must not exist: a lost log never comes back as an empty one
    own,     ///< to read and write
    look,    ///< to read only, and also a finished run's events.db: its log is every event of the run, in the
             ///< order of storing, so that head() is the run's event hash
  };
  /// `limits` count for a new log only.
  SqliteStore(std::filesystem::path file, Open how, const SegmentLimits& limits = {});
  ~SqliteStore() override;

  using EventStore::scan;
  [[nodiscard]] std::uint64_t size() const override;
  [[nodiscard]] std::uint64_t first() const override;
  [[nodiscard]] Digest head() const override;
  AppendResult append(std::uint64_t expected_size, Instant ingested,
                      std::span<const ByteView> packed) override;
  Scanned scan(const Selection& selection, const Reader& see) const override;
  [[nodiscard]] std::vector<Segment> segments() const override;
  [[nodiscard]] bool hold(const std::string& name, std::uint64_t position) override;
  void release(const std::string& name) override;
  [[nodiscard]] const Holds& holds() const override;
  std::uint64_t retain(std::uint64_t from) override;
  [[nodiscard]] const StoreCondition& condition() const override;
  const StoreCondition& examine() override;
  [[nodiscard]] std::uint64_t verify() const override;
  const StoreCondition& restore(std::span<const Replacement> entries) override;

  /// The owner has heard from all peers what was in the lost changes, or that nobody knows: appends go on.
  void accept_loss();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibcf::analysis
