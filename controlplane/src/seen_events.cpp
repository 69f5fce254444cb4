#include "controlplane/seen_events.hpp"

#include <algorithm>

namespace ibcf {
namespace {

// Adds `seq` to sorted runs of which no two touch; false where it is in one already.
template <class Runs>
bool add(Runs& runs, std::uint64_t seq) {
  auto after = std::upper_bound(runs.begin(), runs.end(), seq,
                                [](std::uint64_t value, const auto& run) { return value < run.first; });
  const bool has_before = after != runs.begin();
  auto before = has_before ? after - 1 : after;
  if (has_before && seq <= before->second) return false;
  const bool joins_before = has_before && before->second + 1 == seq;
  const bool joins_after = after != runs.end() && seq + 1 == after->first;
  if (joins_before && joins_after) {
    before->second = after->second;
    runs.erase(after);
  } else if (joins_before) {
    before->second = seq;
  } else if (joins_after) {
    after->first = seq;
  } else {
    runs.insert(after, {seq, seq});
  }
  return true;
}

}  // namespace

bool SeenEvents::insert(AnyId origin, std::uint32_t incarnation, StreamClass stream, std::uint64_t seq) {
  auto& streams = streams_[origin];
  const auto place_of = [](const Stream& at) { return std::pair(at.incarnation, at.stream); };
  const std::pair place(incarnation, stream);
  const auto found =
      std::lower_bound(streams.begin(), streams.end(), place,
                       [&](const Stream& at, const auto& wanted) { return place_of(at) < wanted; });
  if (found != streams.end() && place_of(*found) == place) return add(found->runs, seq);
  streams.insert(found, {incarnation, stream, {{seq, seq}}});
  return true;
}

void SeenEvents::write(Encoder& encoder) const {
  std::vector<AnyId> origins;
  for (const auto& [origin, unused] : streams_) origins.push_back(origin);
  std::sort(origins.begin(), origins.end());
  encoder.put(static_cast<std::uint32_t>(origins.size()));
  for (const AnyId origin : origins) {
    const auto& streams = streams_.at(origin);
    encoder.put(origin);
    encoder.put(static_cast<std::uint32_t>(streams.size()));
    for (const Stream& stream : streams) {
      encoder.put(stream.incarnation);
      encoder.put(stream.stream);
      encoder.put(static_cast<std::uint32_t>(stream.runs.size()));
      for (const Run& run : stream.runs) {
        encoder.put(run.first);
        encoder.put(run.second);
      }
    }
  }
}

void SeenEvents::read(Decoder& decoder) {
  streams_.clear();
  std::uint32_t origins = 0;
  for (decoder.get(origins); decoder.ok() && origins > 0; --origins) {
    AnyId origin;
    std::uint32_t count = 0;
    decoder.get(origin);
    auto& streams = streams_[origin];
    for (decoder.get(count); decoder.ok() && count > 0; --count) {
      Stream& stream = streams.emplace_back();
      std::uint32_t runs = 0;
      decoder.get(stream.incarnation);
      decoder.get(stream.stream);
      for (decoder.get(runs); decoder.ok() && runs > 0; --runs) {
        Run& run = stream.runs.emplace_back();
        decoder.get(run.first);
        decoder.get(run.second);
      }
    }
  }
}

}  // namespace ibcf
