#include "analysis/sqlite_store.hpp"

#include <algorithm>

#include "log_examination.hpp"
#include "log_file.hpp"
#include "log_rebuild.hpp"
#include "model/check.hpp"
#include "on_disk.hpp"
#include "write_ahead_log.hpp"

namespace ibcf::analysis {

namespace {

namespace fs = std::filesystem;

/// One range of positions after the other, of segments that may hold what is asked for.
struct Range {
  std::uint64_t first;
  std::uint64_t until;
  std::optional<std::uint64_t> segment;  ///< in whose index the origins are; nothing for the open one
};

}  // namespace

struct SqliteStore::State {
  State(fs::path path, Open open_how) : file(std::move(path)), how(open_how) {}

  fs::path file;
  Open how;
  std::optional<LogFile> log;
  StoreCondition condition;

  void open();
  void look_and_mend();
  void take_over(const Examination& found);
  void cut_last_append(const Examination& found);
  void reopen_rebuilt();
  [[nodiscard]] bool is_last_append(const Examination& found) const;

  [[nodiscard]] std::vector<Range> ranges(const Selection& selection, std::uint64_t until) const;
  Scanned read(const Range& range, const Selection& selection, const Reader& see);
  Statement query(const Range& range, const Selection& selection);
};

SqliteStore::SqliteStore(fs::path file, Open how, const SegmentLimits& limits)
    : state_(std::make_unique<State>(std::move(file), how == Open::create ? Open::own : how)) {
  on_disk(state_->file, [&] {
    if (how == Open::create) create_log(state_->file, limits);
    state_->open();
  });
}
SqliteStore::~SqliteStore() = default;

// ---- opening ----------------------------------------------------------------------------------------------

void SqliteStore::State::open() {
  if (how == Open::look) {
    log.emplace(file, LogFile::Open::look);
    take_over(analysis::examine(*log));
    return;
  }
  take_rebuilt(file);
  fs::path wal = file;
  wal += "-wal";
  const WalTail tail = inspect_wal(wal);
  log.emplace(file, LogFile::Open::own);
  if (tail.lost_commits > 0) {
    // SQLite has passed over them already: what is not written down now is forgotten at the next opening.
    const auto before = log->fact("lost_changes", 0);
    log->together([&] { log->set_fact("lost_changes", std::to_string(before + tail.lost_commits)); });
  }
  look_and_mend();
  if (tail.torn_frames > 0)
    condition.cut.push_back(
        {log->extent.size,
         {},
         fmt::format("{} pages of a change that a crash left unfinished", tail.torn_frames)});
}

void SqliteStore::State::look_and_mend() {
  Examination found = analysis::examine(*log);
  if (is_last_append(found)) {
    cut_last_append(found);
    found = analysis::examine(*log);
  }
  if (found.damaged.empty() && !found.misshapen.empty()) {
    rebuild(*log, found, found.extent.size, {});
    reopen_rebuilt();
    condition.mended = std::move(found.misshapen);
    found = analysis::examine(*log);
    check(found.misshapen.empty(), "a log written anew is well formed");
  }
  take_over(found);
}

void SqliteStore::State::take_over(const Examination& found) {
  log->closed.clear();
  for (const Stretch& stretch : found.stretches)
    if (stretch.segment) log->closed.push_back(*stretch.segment);
  log->extent = found.extent;
  log->open = found.open;
  log->open.hash = found.extent.head;
  condition.damaged = found.damaged;
  condition.lost_changes = log->fact("lost_changes", 0);
}

// Only the last append may have been under way when the power went: what lies further back was said to be
// stored, and others rely on it.
bool SqliteStore::State::is_last_append(const Examination& found) const {
  return log->has_extent && !found.damaged.empty() && found.damaged.front().first >= found.extent.batch;
}

void SqliteStore::State::cut_last_append(const Examination& found) {
  const std::uint64_t from = found.extent.batch;
  Damage cut{from, {}, "the last append, damaged: " + found.damaged.front().what};
  read_rows(log->db, from, found.extent.size, [&](std::uint64_t entry, const EventRow* row) {
    cut.entries.push_back({.position = entry, .identity = {}, .check_sum = {}, .ingested = {}});
    if (row == nullptr) return;
    cut.entries.back().identity = row->in_columns;
    cut.entries.back().check_sum = row->check_sum;
    cut.entries.back().ingested = row->ingested;
  });
  rebuild(*log, found, from, {});
  reopen_rebuilt();
  condition.cut.push_back(std::move(cut));
}

void SqliteStore::State::reopen_rebuilt() {
  log.reset();
  take_rebuilt(file);
  log.emplace(file, LogFile::Open::own);
}

// ---- the log ----------------------------------------------------------------------------------------------

std::uint64_t SqliteStore::size() const {
  return state_->log->extent.size;
}
std::uint64_t SqliteStore::first() const {
  return state_->log->extent.first;
}
Digest SqliteStore::head() const {
  return state_->log->extent.head;
}

AppendResult SqliteStore::append(std::uint64_t expected_size, Instant ingested,
                                 std::span<const ByteView> packed) {
  check(state_->how == Open::own, "a log that is only looked at is not written");
  if (!state_->condition.is_sound()) return AppendResult::damaged;
  if (expected_size != size()) return AppendResult::position_taken;
  if (!packed.empty()) on_disk(state_->file, [&] { state_->log->append(ingested, packed); });
  return AppendResult::appended;
}

Scanned SqliteStore::scan(const Selection& selection, const Reader& see) const {
  State& state = *state_;
  if (selection.first < first()) return {ScanEnd::dropped, first()};
  const std::uint64_t wanted = std::max(selection.first, std::min(selection.until, size()));
  const std::uint64_t until = std::min(wanted, state.condition.sound_until(selection.first));
  return on_disk(state.file, [&]() -> Scanned {
    for (const Range& range : state.ranges(selection, until)) {
      const Scanned scanned = state.read(range, selection, see);
      if (scanned.end != ScanEnd::complete) return scanned;
    }
    return {until < wanted ? ScanEnd::damaged : ScanEnd::complete, until};
  });
}

std::vector<Range> SqliteStore::State::ranges(const Selection& selection, std::uint64_t until) const {
  std::vector<Range> ranges;
  const auto add = [&](const Segment& segment, std::optional<std::uint64_t> index) {
    const Range range{std::max(selection.first, segment.first), std::min(until, segment.end()), index};
    if (range.first >= range.until || !segment.may_match(selection)) return;
    // Without an origin to look up, neighbours are read in one go.
    if (selection.origin.is_nil() && !ranges.empty() && ranges.back().until == range.first)
      ranges.back().until = range.until;
    else
      ranges.push_back(range);
  };
  // Where damage keeps the file from telling segments, nothing is known of when the entries were stored.
  const auto add_unknown = [&](std::uint64_t first, std::uint64_t end) {
    if (first < end)
      add({.first = first, .count = end - first, .earliest = Instant::min(), .latest = never, .hash = {}},
          {});
  };
  std::uint64_t position = log->extent.first;
  for (const Segment& segment : log->closed) {
    add_unknown(position, segment.first);
    add(segment, segment.first);
    position = segment.end();
  }
  if (log->open.end() == log->extent.size)
    add(log->open, {});
  else
    add_unknown(position, log->extent.size);
  return ranges;
}

Statement SqliteStore::State::query(const Range& range, const Selection& selection) {
  constexpr std::string_view columns = "SELECT entry, ingested_ns, check_sum, packed ";
  std::string sql(columns);
  if (selection.origin.is_nil())
    sql += "FROM events WHERE entry >= ?1 AND entry < ?2 ORDER BY entry";
  else if (range.segment)
    sql +=
        "FROM origins LEFT JOIN events USING(entry) WHERE segment = ?6 AND origins.origin = ?3 "
        "AND (?4 = 0 OR origins.incarnation = ?4) AND origins.seq >= ?5 AND entry >= ?1 AND entry < ?2 "
        "ORDER BY entry";
  else
    sql +=
        "FROM events WHERE entry >= ?1 AND entry < ?2 AND origin = ?3 AND (?4 = 0 OR incarnation = ?4) "
        "AND seq >= ?5 ORDER BY entry";
  Statement rows = log->db.prepare(sql);
  rows.bind(1, range.first);
  rows.bind(2, range.until);
  if (selection.origin.is_nil()) return rows;
  rows.bind(3, selection.origin);
  rows.bind(4, selection.incarnation);
  rows.bind(5, selection.from_seq);
  if (range.segment) rows.bind(6, *range.segment);
  return rows;
}

// Complete where every row of the range was shown that should be; each is checked before it is.
Scanned SqliteStore::State::read(const Range& range, const Selection& selection, const Reader& see) {
  std::uint64_t next = range.first;
  try {
    Statement rows = query(range, selection);
    while (rows.next()) {
      const Stored stored{static_cast<std::uint64_t>(rows.integer(0)), rows.instant(1), rows.bytes(3)};
      const bool is_next = stored.position == next || (!selection.origin.is_nil() && stored.position > next);
      if (!is_next || rows.is_null(3) || check_sum_of(stored.packed, stored.ingested) != rows.index(2))
        return {ScanEnd::damaged, next};
      next = stored.position + 1;
      if (selection.is_within(stored.ingested) && !see(stored)) return {ScanEnd::stopped, next};
    }
  } catch (const DatabaseFailure& failure) {
    if (failure.code != SQLITE_CORRUPT) throw;
    return {ScanEnd::damaged, next};
  }
  if (selection.origin.is_nil() && next != range.until) return {ScanEnd::damaged, next};
  return {ScanEnd::complete, range.until};
}

// ---- retention --------------------------------------------------------------------------------------------

std::vector<Segment> SqliteStore::segments() const {
  return state_->log->closed;
}

bool SqliteStore::hold(const std::string& name, std::uint64_t position) {
  if (position < first()) return false;
  on_disk(state_->file, [&] { state_->log->set_hold(name, position); });
  return true;
}
void SqliteStore::release(const std::string& name) {
  on_disk(state_->file, [&] { state_->log->set_hold(name, std::nullopt); });
}
const Holds& SqliteStore::holds() const {
  return state_->log->holds;
}

std::uint64_t SqliteStore::retain(std::uint64_t from) {
  LogFile& log = *state_->log;
  // Nobody knows yet what a damaged log will be needed for.
  if (!state_->condition.is_sound()) return first();
  const std::uint64_t bound = log.holds.bound(from);
  on_disk(state_->file, [&] {
    while (!log.closed.empty() && log.closed.front().end() <= bound) log.drop_oldest();
  });
  return first();
}

// ---- damage -----------------------------------------------------------------------------------------------

const StoreCondition& SqliteStore::condition() const {
  return state_->condition;
}

const StoreCondition& SqliteStore::examine() {
  on_disk(state_->file, [&] { state_->condition.damaged = analysis::examine(*state_->log).damaged; });
  return condition();
}

std::uint64_t SqliteStore::verify() const {
  return on_disk(state_->file, [&] {
    const Examination found = analysis::examine(*state_->log);
    return found.damaged.empty() ? size() : found.damaged.front().first;
  });
}

void SqliteStore::accept_loss() {
  on_disk(state_->file, [&] {
    state_->log->together([&] { state_->log->db.run("DELETE FROM facts WHERE key = 'lost_changes'"); });
  });
  state_->condition.lost_changes = 0;
}

namespace {

/// What of `offered` the chain proves, with the times the entries were stored at.
std::map<std::uint64_t, Mended> proven(LogFile& log, const Stretch& stretch, const Examination& found,
                                       const std::map<std::uint64_t, ByteView>& offered) {
  std::map<std::uint64_t, Mended> mended;
  if (stretch.is_whole || !stretch.after) return mended;
  std::map<std::uint64_t, const DamagedEntry*> damaged;
  for (const Damage& damage : found.damaged)
    for (const DamagedEntry& entry : damage.entries) damaged[entry.position] = &entry;
  Digest value = stretch.before;
  Instant before;
  bool complete = true;
  read_rows(log.db, stretch.first, stretch.until, [&](std::uint64_t entry, const EventRow* row) {
    const auto bad = damaged.find(entry);
    if (bad == damaged.end()) {
      value = chain(value, row->packed);
      before = row->ingested;
      return;
    }
    const auto offer = offered.find(entry);
    if (offer == offered.end()) return (void)(complete = false);
    const auto& [position, identity, check_sum, ingested] = *bad->second;
    const bool time_fits = check_sum && ingested && check_sum_of(offer->second, *ingested) == *check_sum;
    if (time_fits) before = *ingested;
    mended[entry] = {before, Bytes(offer->second.begin(), offer->second.end())};
    value = chain(value, offer->second);
  });
  if (!complete || value != *stretch.after) mended.clear();
  return mended;
}

}  // namespace

const StoreCondition& SqliteStore::restore(std::span<const Replacement> entries) {
  State& state = *state_;
  check(state.how == Open::own, "a log that is only looked at is not repaired");
  on_disk(state.file, [&] {
    const Examination found = analysis::examine(*state.log);
    std::map<std::uint64_t, ByteView> offered;
    for (const Replacement& entry : entries) offered[entry.position] = entry.packed;
    std::map<std::uint64_t, Mended> mended;
    for (const Stretch& stretch : found.stretches) mended.merge(proven(*state.log, stretch, found, offered));
    if (mended.empty()) return;
    rebuild(*state.log, found, found.extent.size, mended);
    state.reopen_rebuilt();
    state.look_and_mend();
  });
  return condition();
}

}  // namespace ibcf::analysis
