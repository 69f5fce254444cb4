#include "controlplane/admission.hpp"
#include "controlplane/message.hpp"
#include "model/check.hpp"

using namespace ibcf;

/// The entries of a chunk, each behind its length, on their way through admission: whatever they hold, the
/// marks of their origin only rise, and only what is fresh changes anything.
namespace {

// What is stored of one stream, without its chain: the mark first, then what came ahead of it.
std::vector<std::uint64_t> stored_of(const Admission::Origin& origin, StreamClass stream) {
  std::vector<std::uint64_t> ends{origin.marks[index_of(stream)]};
  for (const Admission::Island& island : origin.streams[index_of(stream)].islands) {
    check(island.first > ends.back() + 1, "what came ahead lies apart from what is before it");
    check(island.last >= island.first, "a range has an event");
    ends.push_back(island.first);
    ends.push_back(island.last);
  }
  check(ends.size() <= 1 + 2 * Admission::most_islands, "what came ahead is bounded");
  return ends;
}

bool has(const std::vector<std::uint64_t>& stored, std::uint64_t seq) {
  bool is_in = seq > 0 && seq <= stored[0];
  for (std::size_t i = 1; i < stored.size(); i += 2)
    is_in = is_in || (seq >= stored[i] && seq <= stored[i + 1]);
  return is_in;
}

std::vector<LogEntry> entries_in(ByteView bytes) {
  std::vector<LogEntry> entries;
  Decoder decoder(bytes);
  while (decoder.ok() && decoder.left() > 0) {
    LogEntry entry;
    decoder.get(entry.packed);
    if (!decoder.ok()) break;
    if (const auto event = decode<Event>(entry.packed)) entry.first = entry.last = event->seq;
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Chunk chunk;
  chunk.entries = entries_in({data, size});
  chunk.digest = digest_of(chunk.entries);
  (void)signed_bytes(chunk);
  Admission admission;
  for (const LogEntry& entry : chunk.entries) {
    std::optional<Event> event;
    const auto decoded = decode<Event>(entry.packed);
    const auto stored = [&] { return stored_of(admission.follow(decoded->origin), decoded->stream); };
    const std::vector<std::uint64_t> before = decoded ? stored() : std::vector<std::uint64_t>{};
    const Admitted admitted = admission.admit(entry.packed, event);
    if (!decoded) {
      check(admitted == Admitted::malformed && !event, "what cannot be read is malformed");
      continue;
    }
    // A gap may end where something came ahead: then it fills the hole before that.
    if (admitted == Admitted::fresh)
      check(before != stored() && has(stored(), decoded->seq) &&
                (!has(before, decoded->seq) || decoded->type == EventType::stream_gap),
            "a fresh event is stored, and was not before");
    else
      check(stored() == before, "what is not fresh changes nothing");
    check(stored()[0] >= before[0], "a mark never falls");
  }
  return 0;
}
