#include "controlplane/stream_index.hpp"

#include <algorithm>
#include <cstring>

#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

// SplitMix64's finaliser (Steele, Lea and Flood, 2014).
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

std::uint64_t head_of(const std::uint8_t* bytes) {
  std::uint64_t head = 0;
  std::memcpy(&head, bytes, sizeof head);
  return head;
}

Digest value_after(ByteView packed) {
  const auto event = decode<Event>(packed);
  check(event.has_value(), "a master stores only what decodes");
  if (event->type != EventType::stream_gap) return chain_value_of(packed);
  return payload_of<StreamGap>(*event)->last_value;
}

}  // namespace

std::uint64_t first_seq_of(const Event& event) {
  if (event.type != EventType::stream_gap) return event.seq;
  const auto gap = payload_of<StreamGap>(event);
  return gap ? gap->first : event.seq;
}

std::uint64_t digest_term(const StreamKey& stream, const HeldMark& held) {
  if (held.seq == 0 && held.ahead == 0) return 0;
  std::uint64_t sum = mixed(head_of(stream.origin.bytes.data()));
  sum = mixed(sum ^ head_of(stream.origin.bytes.data() + 8));
  sum = mixed(sum ^ (std::uint64_t{stream.incarnation} << 8 | index_of(stream.stream)));
  sum = mixed(sum ^ held.seq);
  sum = mixed(sum ^ held.ahead);
  return mixed(sum ^ held.check);
}

StreamIndex::Number StreamIndex::mention(const StreamKey& key) {
  const auto [found, is_new] = by_key_.try_emplace(key, static_cast<Number>(streams_.size()));
  if (is_new) streams_.emplace_back().key = key;
  return found->second;
}

std::optional<StreamIndex::Number> StreamIndex::find(const StreamKey& key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

void StreamIndex::add(const StreamKey& key, std::uint64_t first, std::uint64_t last) {
  const Number number = mention(key);
  Stream& stream = streams_[number];
  const std::uint64_t position = size();
  if (!stream.positions.empty() && seqs_[stream.positions.back()] > last) stream.in_order = false;
  stream.positions.push_back(position);
  numbers_.push_back(number);
  seqs_.push_back(last);
  if (!stream.changed) changed_.push_back(number);
  stream.changed = true;
  extend(stream, {first, last, position});
}

void StreamIndex::cover(const StreamKey& key, std::uint64_t first, std::uint64_t last) {
  check(size() > 0, "what covers a range is stored");
  const Number number = mention(key);
  Stream& stream = streams_[number];
  if (!stream.changed) changed_.push_back(number);
  stream.changed = true;
  extend(stream, {first, last, size() - 1});
}

// Joins the run to the mark, or keeps it ahead of the hole before it.
void StreamIndex::extend(Stream& stream, Run run) {
  auto& ahead = stream.ahead;
  if (run.first > stream.held.seq + 1) {
    const auto after =
        std::find_if(ahead.begin(), ahead.end(), [&](const Run& other) { return other.first > run.first; });
    ahead.insert(after, run);
  } else if (run.last > stream.held.seq) {
    stream.held.seq = run.last;
    stream.position = run.position;
    while (!ahead.empty() && ahead.front().first <= stream.held.seq + 1) {
      if (ahead.front().last > stream.held.seq) {
        stream.held.seq = ahead.front().last;
        stream.position = ahead.front().position;
      }
      ahead.erase(ahead.begin());
    }
  }
  stream.held.ahead = ahead.size();
}

void StreamIndex::refresh(const EventStore& store) {
  for (const Number number : changed_) {
    Stream& stream = streams_[number];
    stream.changed = false;
    if (stream.held.seq > 0)
      store.scan(stream.position, [&](const Stored& stored) {
        stream.held.check = head_of(value_after(stored.packed).bytes.data());
        return false;
      });
    digest_ -= stream.term;
    stream.term = digest_term(stream.key, stream.held);
    digest_ += stream.term;
  }
  changed_.clear();
}

std::uint64_t StreamIndex::first_beyond(Number number, std::uint64_t seq) const {
  const Stream& stream = streams_[number];
  const auto beyond = [&](std::uint64_t position) { return seqs_[position] > seq; };
  const auto& positions = stream.positions;
  const auto found = stream.in_order
                         ? std::partition_point(positions.begin(), positions.end(),
                                                [&](std::uint64_t position) { return !beyond(position); })
                         : std::find_if(positions.begin(), positions.end(), beyond);
  return found == positions.end() ? size() : *found;
}

std::vector<StreamMark> StreamIndex::vector() const {
  std::vector<StreamMark> marks;
  for (const Stream& stream : streams_)
    if (stream.held.seq > 0 || stream.held.ahead > 0) marks.push_back({stream.key, stream.held});
  std::sort(marks.begin(), marks.end(),
            [](const StreamMark& a, const StreamMark& b) { return a.stream < b.stream; });
  return marks;
}

}  // namespace ibcf
