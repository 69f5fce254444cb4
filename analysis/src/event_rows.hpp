#pragma once

#include <functional>
#include <optional>

#include "controlplane/eventstore.hpp"
#include "database.hpp"
#include "model/event.hpp"

namespace ibcf::analysis {

/// Writes rows of the table `events`: an entry of a log, and its envelope in columns for whoever asks in SQL.
class EventWriter {
 public:
  explicit EventWriter(Database& db);
  /// `master` and `position` say in whose log it lies where; `event` is the packed one decoded, or null where
  /// it is none.
  void put(std::uint64_t entry, std::uint32_t master, std::uint64_t position, Instant ingested,
           ByteView packed, const Event* event);
  /// The same with a check sum that may be wrong: a damaged row is copied as it is.
  void put(std::uint64_t entry, std::uint32_t master, std::uint64_t position, Instant ingested,
           std::uint32_t check_sum, ByteView packed, const Event* event);

 private:
  Statement insert_;
};

/// The stream that a column names; CONTROL where a damaged one names none.
inline StreamClass stream_of(std::int64_t code) {
  return code >= 0 && code < static_cast<std::int64_t>(all_streams.size()) ? static_cast<StreamClass>(code)
                                                                           : StreamClass::control;
}

/// A row as it is found.
struct EventRow {
  std::uint64_t entry = 0;
  std::uint32_t master = 0;
  std::uint64_t position = 0;
  Instant ingested;
  std::uint32_t check_sum = 0;
  ByteView packed;                          ///< until the reader returns
  std::optional<EventIdentity> in_columns;  ///< the identity that the columns tell
  bool is_whole = false;                    ///< the check sum fits
  bool columns_fit = false;                 ///< the columns say what the packed event says
};

/// Shows every entry of [first, until), in order, or null where there is no row or the file is too damaged to
/// find it.
void read_rows(Database& db, std::uint64_t first, std::uint64_t until,
               const std::function<void(std::uint64_t entry, const EventRow*)>& see);

}  // namespace ibcf::analysis
