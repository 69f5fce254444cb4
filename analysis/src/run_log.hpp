#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/run_folder.hpp"
#include "controlplane/body_source.hpp"
#include "database.hpp"
#include "fleet.hpp"
#include "model/event.hpp"

namespace ibcf::analysis {

/// One event as the fleet's masters together knew it: `known` is when the first of them stored it.
struct KnownEvent {
  Instant known;
  std::uint32_t master = 0;
  const Event& event;
};

/// events.db, opened for reading. Tables that are not there are empty.
class RunLog {
 public:
  struct Link {
    std::uint32_t index = 0;
    std::string name;
    std::string kind;
    std::string from;
    std::string to;
    double bandwidth_bps = 0;
  };
  struct Fault {
    std::string name;
    std::string kind;
    Instant from;
    std::optional<Instant> until;
  };

  explicit RunLog(const std::filesystem::path& file);

  [[nodiscard]] Fleet fleet();
  [[nodiscard]] std::vector<Link> links();
  [[nodiscard]] std::vector<Fault> faults();
  [[nodiscard]] std::vector<ExpectationResult> expectations();
  [[nodiscard]] std::vector<MetricValue> metrics();
  /// Empty where the log does not say.
  [[nodiscard]] std::string fact(const std::string& key) const;
  /// How far the record goes: the last sample where there are any, else the horizon or the last event, the
  /// later.
  [[nodiscard]] Instant end();
  /// Every distinct event once, by (origin, incarnation, stream, seq), in the order it became known.
  void scan(const std::function<void(const KnownEvent&)>& see);

  /// What snapshots hold, by digest.
  [[nodiscard]] std::map<Digest, Bytes> bodies();

  [[nodiscard]] bool has(std::string_view table) { return db_.has_table(table); }
  [[nodiscard]] Statement query(std::string_view sql) { return db_.prepare(sql); }

 private:
  std::filesystem::path file_;
  Database db_;
  std::map<std::string, std::string> facts_;
};

/// Finds them; they must outlive it.
BodySource body_source_of(const std::map<Digest, Bytes>& bodies);

}  // namespace ibcf::analysis
