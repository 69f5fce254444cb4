#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "controlplane/projections.hpp"

namespace ibcf {

/// The two time axes of a question about the past (architecture page, "State comes from the log").
enum class TimeAxis : std::uint8_t {
  known,    ///< what this log held by then: events ingested up to the instant
  happened  ///< what had happened by then, however late this log heard of it: by the origins' own clocks
};
constexpr auto words_of(TimeAxis) {
  return std::array<std::string_view, 2>{"KNOWN", "HAPPENED"};
}

/// An entry that no projection could read, set apart so that the fold goes on (I-15).
struct ParkedEntry {
  std::uint64_t position = 0;
  Digest digest;
  IBCF_FIELDS(ParkedEntry, position, digest)
};

/// The views over one log with their past: folds the log, takes a checkpoint every so many positions, parks
/// what cannot be read, and rebuilds the views as they were.
///
/// An unreadable entry is parked with its position and digest. When `most_parked` are, the fold stands still
/// at the next one and takes no checkpoint: something is wrong with the log or with this code. is_stuck()
/// says so until resume() is called with more room.
class ProjectionHistory {
 public:
  /// A checkpoint is due every `every` positions (> 0).
  /// `bodies` finds what snapshots hold, now and for the past (see Projections).
  ProjectionHistory(std::vector<Domain> domains, std::uint64_t every, std::size_t most_parked = 100,
                    BodySource bodies = {});

  /// Reads what `store` holds from where this stands, and says how far that was.
  Scanned catch_up(const EventStore& store);

  [[nodiscard]] const Projections& live() const { return *live_; }
  [[nodiscard]] const std::vector<ParkedEntry>& parked() const { return parked_; }
  [[nodiscard]] bool is_stuck() const { return failed_.has_value(); }
  /// Somebody looked at what is parked: so many may be.
  void resume(std::size_t most_parked);

  struct Checkpoint {
    std::uint64_t position = 0;  ///< the next position to read
    Instant ingested;
    Bytes snapshot;
  };
  /// Oldest first.
  [[nodiscard]] const std::vector<Checkpoint>& checkpoints() const { return checkpoints_; }
  /// Keeps the newest `count` checkpoints (at least one). Questions on the KNOWN axis about instants before
  /// the oldest are then answered from the start of the log, if the store still has it.
  void forget_checkpoints(std::size_t count);

  /// The views as of `when`, rebuilt from `store`: on the KNOWN axis from the newest checkpoint before it, on
  /// the other from the whole log. Nothing where the store no longer holds the entries it would take.
  [[nodiscard]] std::unique_ptr<Projections> as_of(const EventStore& store, Instant when,
                                                   TimeAxis axis) const;

 private:
  [[nodiscard]] std::unique_ptr<Projections> as_known(const EventStore& store, Instant when) const;
  [[nodiscard]] std::unique_ptr<Projections> as_happened(const EventStore& store, Instant when) const;
  bool take(const Stored& stored);
  bool park(const ParkedEntry& entry);
  void checkpoint_if_due();

  std::vector<Domain> domains_;
  BodySource bodies_;
  std::uint64_t every_;
  std::size_t most_parked_;
  std::unique_ptr<Projections> live_;
  std::vector<Checkpoint> checkpoints_;
  std::vector<ParkedEntry> parked_;
  std::optional<ParkedEntry> failed_;  // found no room
};

/// How far a rebuild is. `impossible`: the log no longer holds, or cannot read, an entry that it takes; the
/// rebuild is dropped and the serving views go on.
enum class Rebuild : std::uint8_t { none, under_way, taken_over, impossible };

/// Builds views anew beside those that serve, and changes over when they have caught up: the way a changed
/// fold goes into service without a gap ("blue/green").
class ProjectionSwitch {
 public:
  explicit ProjectionSwitch(std::vector<Domain> domains, BodySource bodies = {});

  /// The views that answer.
  [[nodiscard]] const Projections& serving() const { return *serving_; }
  /// Begins a rebuild from nothing; one that was under way is dropped.
  void begin_rebuild();
  [[nodiscard]] bool is_rebuilding() const { return next_ != nullptr; }
  /// The serving views read on to the end of `store`, the new ones up to `most` entries. When the new ones
  /// stand where the serving ones do, they take over. `same` (may be null) is told then whether both had the
  /// same bytes, as they must unless the fold itself was changed (I-11).
  Rebuild step(const EventStore& store, std::uint64_t most, bool* same = nullptr);

 private:
  std::vector<Domain> domains_;
  BodySource bodies_;
  std::unique_ptr<Projections> serving_;
  std::unique_ptr<Projections> next_;
};

}  // namespace ibcf
