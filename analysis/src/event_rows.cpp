#include "event_rows.hpp"

#include <algorithm>

namespace ibcf::analysis {

namespace {

constexpr std::string_view columns =
    "SELECT entry, master, position, ingested_ns, check_sum, packed, origin, incarnation, seq, type, "
    "subject, "
    "occurred_ns, epoch, cause, priority, stream FROM events ";

std::optional<EventIdentity> identity_in(const Statement& row) {
  if (row.is_null(6)) return std::nullopt;
  return EventIdentity{row.id(6), row.index(7), stream_of(row.integer(15)),
                       static_cast<std::uint64_t>(row.integer(8))};
}

bool columns_fit(const Statement& row, ByteView packed) {
  const auto event = decode<Event>(packed);
  if (!event) return row.is_null(6);
  return row.id(6) == event->origin && row.index(7) == event->incarnation &&
         static_cast<std::uint64_t>(row.integer(8)) == event->seq &&
         row.integer(9) == static_cast<int>(event->type) && row.id(10) == event->subject &&
         row.instant(11) == event->occurred && static_cast<std::uint64_t>(row.integer(12)) == event->epoch &&
         row.id(13) == event->cause && row.integer(14) == static_cast<int>(event->priority) &&
         row.integer(15) == static_cast<int>(event->stream);
}

EventRow row_of(const Statement& found) {
  EventRow row{static_cast<std::uint64_t>(found.integer(0)),
               found.index(1),
               static_cast<std::uint64_t>(found.integer(2)),
               found.instant(3),
               found.index(4),
               found.bytes(5),
               identity_in(found),
               false,
               false};
  row.is_whole = check_sum_of(row.packed, row.ingested) == row.check_sum;
  row.columns_fit = columns_fit(found, row.packed);
  return row;
}

}  // namespace

EventWriter::EventWriter(Database& db)
    : insert_(db, "INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)") {}

void EventWriter::put(std::uint64_t entry, std::uint32_t master, std::uint64_t position, Instant ingested,
                      ByteView packed, const Event* event) {
  put(entry, master, position, ingested, check_sum_of(packed, ingested), packed, event);
}

void EventWriter::put(std::uint64_t entry, std::uint32_t master, std::uint64_t position, Instant ingested,
                      std::uint32_t check_sum, ByteView packed, const Event* event) {
  if (event == nullptr)
    return insert_.insert(entry, master, position, ingested, nullptr, nullptr, nullptr, nullptr, nullptr,
                          nullptr, nullptr, nullptr, nullptr, nullptr, check_sum, packed);
  const auto type = static_cast<int>(event->type);
  const auto priority = static_cast<int>(event->priority);
  if (event->cause.is_nil())
    insert_.insert(entry, master, position, ingested, event->origin, event->incarnation,
                   static_cast<int>(event->stream), event->seq, type, event->subject, event->occurred,
                   event->epoch, nullptr, priority, check_sum, packed);
  else
    insert_.insert(entry, master, position, ingested, event->origin, event->incarnation,
                   static_cast<int>(event->stream), event->seq, type, event->subject, event->occurred,
                   event->epoch, event->cause, priority, check_sum, packed);
}

void read_rows(Database& db, std::uint64_t first, std::uint64_t until,
               const std::function<void(std::uint64_t, const EventRow*)>& see) {
  std::uint64_t next = first;
  try {
    auto rows = db.prepare(std::string(columns) + "WHERE entry >= ? AND entry < ? ORDER BY entry");
    rows.bind(1, first);
    rows.bind(2, until);
    while (rows.next()) {
      const EventRow row = row_of(rows);
      if (row.entry < next || row.entry >= until) continue;  // a damaged page may show anything
      for (; next < row.entry; ++next) see(next, nullptr);
      see(next, &row);
      ++next;
    }
    for (; next < until; ++next) see(next, nullptr);
  } catch (const DatabaseFailure& failure) {
    if (failure.code != SQLITE_CORRUPT) throw;
  }
  // The tree is broken somewhere: whatever can still be found by its number is.
  for (; next < until; ++next) {
    bool shown = false;
    try {
      auto row = db.prepare(std::string(columns) + "WHERE entry = ?");
      row.bind(1, next);
      if (row.next()) {
        const EventRow found = row_of(row);
        shown = true;
        see(next, &found);
      }
    } catch (const DatabaseFailure& failure) {
      if (failure.code != SQLITE_CORRUPT) throw;
    }
    if (!shown) see(next, nullptr);
  }
}

}  // namespace ibcf::analysis
