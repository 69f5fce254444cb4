#include "controlplane/node_log.hpp"

#include <algorithm>

#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {

std::uint64_t bytes_of(const std::vector<LogEntry>& entries) {
  std::uint64_t bytes = 0;
  for (const LogEntry& entry : entries) bytes += bytes_of(entry);
  return bytes;
}

NodeLog::NodeLog(const LogMemory& memory) : NodeLog() {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const LogMemory::Stream& from = memory.streams[i];
    check(from.entries.size() == from.values.size(), "every entry kept has its chain value");
    Stream& stream = streams_[i];
    stream.head = from.head;
    stream.mark = from.mark;
    stream.before = from.before;
    stream.value = from.value;
    for (std::size_t entry = 0; entry < from.entries.size(); ++entry) {
      const bool is_kept = from.entries[entry].last <= stream.mark;
      stream.held.push_back({from.entries[entry], from.values[entry]});
      stream.released += is_kept ? 1 : 0;
      (is_kept ? kept_bytes_ : stream.bytes) += bytes_of(from.entries[entry]);
    }
    written_ += stream.head;
    acknowledged_ += stream.mark;
    backlog_bytes_ += stream.bytes;
  }
}

LogMemory NodeLog::memory() const {
  LogMemory memory;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const Stream& stream = streams_[i];
    LogMemory::Stream& to = memory.streams[i];
    to = {stream.head, stream.mark, stream.before, stream.value, {}, {}};
    for (const Held& held : stream.held) {
      to.entries.push_back(held.entry);
      to.values.push_back(held.value);
    }
  }
  return memory;
}

Written NodeLog::write(Event event, std::uint32_t body_bytes, Bytes body) {
  event.stream = stream_of(event.priority);
  Stream& stream = streams_[index_of(event.stream)];
  event.seq = ++stream.head;
  event.prev = stream.value;
  LogEntry entry{.first = event.seq,
                 .last = event.seq,
                 .packed = encode(event),
                 .body_bytes = body_bytes,
                 .body = std::move(body)};
  stream.value = chain_value_of(entry.packed);
  stream.bytes += bytes_of(entry);
  backlog_bytes_ += bytes_of(entry);
  ++written_;
  stream.held.push_back({std::move(entry), stream.value});
  return {event.stream, event.seq, stream.value};
}

// The least urgent first (protocols page, "Relays", for the order).
void NodeLog::shed(std::uint64_t limit_bytes, Instant now) {
  if (held_bytes() > limit_bytes) forget(marks());
  for (const StreamClass kind : {StreamClass::history, StreamClass::snapshot, StreamClass::health}) {
    if (backlog_bytes_ <= limit_bytes) return;
    shed(streams_[index_of(kind)], limit_bytes, now);
  }
}

// The oldest run of a stream becomes one gap, which takes in the gap that may stand there already. Some more
// than needed, so that not every event sheds one.
void NodeLog::shed(Stream& stream, std::uint64_t limit_bytes, Instant now) {
  const auto first = stream.held.begin() + static_cast<std::ptrdiff_t>(stream.released);
  auto end = first;
  std::uint64_t freed = 0;
  while (end != stream.held.end() && end + 1 != stream.held.end() && freed < limit_bytes / 16)
    freed += bytes_of((end++)->entry);
  const bool is_one_gap = end - first == 1 && first->entry.first != first->entry.last;
  if (first == end || is_one_gap) return;
  const Held& newest = *(end - 1);
  Event gap = *decode<Event>(first->entry.packed);
  gap.type = EventType::stream_gap;
  gap.seq = newest.entry.last;
  gap.occurred = now;
  gap.cause = {};
  gap.payload = encode(StreamGap{first->entry.first, newest.entry.last, "buffer full", newest.value});
  LogEntry entry{
      .first = first->entry.first, .last = newest.entry.last, .packed = encode(gap), .body_bytes = 0};
  stream.bytes = stream.bytes + bytes_of(entry) - freed;
  backlog_bytes_ = backlog_bytes_ + bytes_of(entry) - freed;
  *first = {std::move(entry), newest.value};
  stream.held.erase(first + 1, end);
}

bool NodeLog::acknowledge(const StreamSeqs& marks) {
  for (const StreamClass stream : all_streams)
    if (marks[index_of(stream)] > head(stream)) return false;
  for (const StreamClass stream : all_streams) acknowledge(stream, marks[index_of(stream)]);
  return true;
}

bool NodeLog::acknowledge(StreamClass kind, std::uint64_t mark) {
  Stream& stream = streams_[index_of(kind)];
  if (mark > stream.head) return false;
  if (mark <= stream.mark) return true;
  acknowledged_ += mark - stream.mark;
  stream.mark = mark;
  auto& held = stream.held;
  for (; stream.released < held.size() && held[stream.released].entry.last <= mark; ++stream.released) {
    const std::uint64_t bytes = bytes_of(held[stream.released].entry);
    stream.bytes -= bytes;
    backlog_bytes_ -= bytes;
    kept_bytes_ += bytes;
  }
  return true;
}

bool NodeLog::resume_at(const StreamSeqs& marks) {
  if (!acknowledge(marks)) return false;
  for (const StreamClass kind : all_streams) {
    Stream& stream = streams_[index_of(kind)];
    const std::uint64_t mark = marks[index_of(kind)];
    if (mark < stream.mark && stream.released > 0 && stream.held.front().entry.first <= mark + 1)
      take_back(stream, mark);
  }
  return true;
}

void NodeLog::take_back(Stream& stream, std::uint64_t mark) {
  acknowledged_ -= stream.mark - mark;
  stream.mark = mark;
  for (; stream.released > 0 && stream.held[stream.released - 1].entry.last > mark; --stream.released) {
    const std::uint64_t bytes = bytes_of(stream.held[stream.released - 1].entry);
    stream.bytes += bytes;
    backlog_bytes_ += bytes;
    kept_bytes_ -= bytes;
  }
}

void NodeLog::forget(const StreamSeqs& marks) {
  if (kept_bytes_ == 0) return;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    std::size_t gone = 0;
    for (; gone < stream.released && stream.held[gone].entry.last <= marks[i]; ++gone) {
      kept_bytes_ -= bytes_of(stream.held[gone].entry);
      stream.before = stream.held[gone].value;
    }
    stream.held.erase(stream.held.begin(), stream.held.begin() + static_cast<std::ptrdiff_t>(gone));
    stream.released -= gone;
  }
}

StreamSeqs NodeLog::heads() const {
  StreamSeqs heads{};
  for (std::size_t i = 0; i < heads.size(); ++i) heads[i] = streams_[i].head;
  return heads;
}

StreamSeqs NodeLog::marks() const {
  StreamSeqs marks{};
  for (std::size_t i = 0; i < marks.size(); ++i) marks[i] = streams_[i].mark;
  return marks;
}

PerStream<Digest> NodeLog::values() const {
  PerStream<Digest> values;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = streams_[i].value;
  return values;
}

PerStream<StreamHolding> NodeLog::holdings() const {
  PerStream<StreamHolding> all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Stream& stream = streams_[i];
    all[i] = {.first = stream.held.empty() ? stream.head + 1 : stream.held.front().entry.first,
              .before = stream.before,
              .head = stream.head,
              .value = stream.value,
              .bytes = stream.bytes};
  }
  return all;
}

std::vector<LogEntry> NodeLog::cut(StreamClass kind, std::uint64_t first, std::uint64_t last,
                                   std::uint64_t limit_bytes) const {
  const Stream& stream = streams_[index_of(kind)];
  auto held =
      std::lower_bound(stream.held.begin() + static_cast<std::ptrdiff_t>(stream.released), stream.held.end(),
                       first, [](const Held& at, std::uint64_t seq) { return at.entry.last < seq; });
  check(held != stream.held.end(), "what is not acknowledged is still in the log");
  std::vector<LogEntry> entries;
  std::uint64_t bytes = 0;
  do {
    bytes += bytes_of(held->entry);
    entries.push_back((held++)->entry);
  } while (held != stream.held.end() && held->entry.last <= last &&
           bytes + bytes_of(held->entry) <= limit_bytes);
  return entries;
}

}  // namespace ibcf
