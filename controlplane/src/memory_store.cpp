#include "controlplane/memory_store.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <unordered_map>

#include "controlplane/planted.hpp"
#include "model/check.hpp"

namespace ibcf {
namespace {

struct Entry {
  std::uint8_t* data;
  Instant ingested;
  std::uint32_t size;
  std::uint32_t check_sum;
  [[nodiscard]] ByteView packed() const { return {data, size}; }
  [[nodiscard]] bool is_whole() const { return check_sum_of(packed(), ingested) == check_sum; }
};

/// A segment with its entries; the last one of a log is open.
struct Piece {
  Segment segment;  ///< its hash is the chain's value after the newest entry while it is open
  Digest before;    ///< the chain's value before its first entry
  std::vector<Entry> entries;
  std::unique_ptr<std::uint8_t[]> room;

  void add(Instant ingested, ByteView packed) {
    std::uint8_t* const at = room.get() + segment.bytes;
    if (!packed.empty()) std::memcpy(at, packed.data(), packed.size());
    entries.push_back(
        {at, ingested, static_cast<std::uint32_t>(packed.size()), check_sum_of(packed, ingested)});
    segment.add(ingested, packed);
  }
  /// Whether the chain through it comes out at its hash, with `read` in the place of its entries.
  template <class Read>
  [[nodiscard]] bool holds_with(Read&& read) const {
    Digest value = before;
    for (std::size_t i = 0; i < entries.size(); ++i) value = chain(value, read(i));
    return value == segment.hash;
  }
};

/// Where an origin's event lies.
struct Place {
  std::uint64_t position;
  std::uint64_t seq;
  std::uint32_t incarnation;
};

DamagedEntry damaged_entry(const Piece& piece, std::size_t offset) {
  const Entry& bad = piece.entries[offset];
  return {piece.segment.first + offset, identity_of(bad.packed()), bad.check_sum, bad.ingested};
}

}  // namespace

struct MemoryStore::State {
  SegmentLimits limits;
  std::deque<Piece> pieces;  // never empty once something was stored
  std::uint64_t size = 0;
  std::uint64_t first = 0;
  Digest head;
  Holds holds;
  StoreCondition condition;

  // By origin, built as far as `indexed` when somebody asks.
  mutable std::unordered_map<AnyId, std::vector<Place>> places;
  mutable std::uint64_t indexed = 0;

  [[nodiscard]] const Piece& piece_of(std::uint64_t position) const {
    if (position >= pieces.back().segment.first) return pieces.back();
    return *(std::upper_bound(pieces.begin(), pieces.end(), position,
                              [](std::uint64_t at, const Piece& piece) { return at < piece.segment.first; }) -
             1);
  }
  [[nodiscard]] const Entry& entry(std::uint64_t position) const {
    const Piece& piece = piece_of(position);
    return piece.entries[position - piece.segment.first];
  }
  [[nodiscard]] Stored stored(std::uint64_t position) const {
    const Entry& found = entry(position);
    return {position, found.ingested, found.packed()};
  }

  void add(Instant ingested, ByteView packed) {
    check(packed.size() <= UINT32_MAX, "a packed event is smaller than 4 GiB");
    if (pieces.empty() || !pieces.back().segment.has_room_for(packed.size(), limits))
      open_piece(packed.size());
    pieces.back().add(ingested, packed);
    head = pieces.back().segment.hash;
    ++size;
  }
  void open_piece(std::size_t at_least) {
    Piece piece;
    piece.segment.first = size;
    piece.segment.hash = piece.before = head;
    piece.room = std::make_unique_for_overwrite<std::uint8_t[]>(std::max(limits.bytes, at_least));
    pieces.push_back(std::move(piece));
  }
  void index() const {
    for (indexed = std::max(indexed, first); indexed < size; ++indexed)
      if (const auto identity = identity_of(entry(indexed).packed()))
        places[identity->origin].push_back({indexed, identity->seq, identity->incarnation});
  }

  bool scan_origin(const Selection& selection, std::uint64_t until, const Reader& see,
                   std::uint64_t& position) const;
  bool scan_all(const Selection& selection, std::uint64_t until, const Reader& see,
                std::uint64_t& position) const;
  [[nodiscard]] StoreCondition look() const;
  void restore(Piece& piece, std::span<const Replacement> entries);
};

MemoryStore::MemoryStore(const SegmentLimits& limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
MemoryStore::~MemoryStore() = default;

std::uint64_t MemoryStore::size() const {
  return state_->size;
}
std::uint64_t MemoryStore::first() const {
  return state_->first;
}
Digest MemoryStore::head() const {
  return state_->head;
}

AppendResult MemoryStore::append(std::uint64_t expected_size, Instant ingested,
                                 std::span<const ByteView> packed) {
  State& state = *state_;
  if (!state.condition.is_sound()) return AppendResult::damaged;
  if (expected_size != state.size) return AppendResult::position_taken;
  const std::size_t pieces = state.pieces.size();
  const Segment open = pieces > 0 ? state.pieces.back().segment : Segment{};
  const Digest head = state.head;
  try {
    for (const ByteView bytes : packed) state.add(ingested, bytes);
  } catch (...) {
    // All or none, even when memory runs out.
    state.pieces.resize(pieces);
    if (pieces > 0) {
      state.pieces.back().segment = open;
      state.pieces.back().entries.resize(open.count);
    }
    state.size = expected_size;
    state.head = head;
    throw;
  }
  return AppendResult::appended;
}

// ---- reading ----------------------------------------------------------------------------------------------

Scanned MemoryStore::scan(const Selection& selection, const Reader& see) const {
  const State& state = *state_;
  if (selection.first < state.first) return {ScanEnd::dropped, state.first};
  const std::uint64_t wanted = std::max(selection.first, std::min(selection.until, state.size));
  const std::uint64_t until = std::min(wanted, state.condition.sound_until(selection.first));
  std::uint64_t position = selection.first;
  const bool whole = selection.origin.is_nil() ? state.scan_all(selection, until, see, position)
                                               : state.scan_origin(selection, until, see, position);
  if (!whole) return {ScanEnd::stopped, position};
  return {until < wanted ? ScanEnd::damaged : ScanEnd::complete, until};
}

// False where the reader stopped; `position` is behind the last entry shown.
bool MemoryStore::State::scan_all(const Selection& selection, std::uint64_t until, const Reader& see,
                                  std::uint64_t& position) const {
  while (position < until) {
    const Piece& piece = piece_of(position);
    const std::uint64_t end = std::min(until, piece.segment.end());
    if (!piece.segment.may_match(selection)) {
      position = end;
      continue;
    }
    for (; position < end; ++position) {
      const Entry& found = piece.entries[position - piece.segment.first];
      if (selection.is_within(found.ingested) && !see({position, found.ingested, found.packed()})) {
        ++position;
        return false;
      }
    }
  }
  return true;
}

bool MemoryStore::State::scan_origin(const Selection& selection, std::uint64_t until, const Reader& see,
                                     std::uint64_t& position) const {
  index();
  const auto found = places.find(selection.origin);
  if (found == places.end()) return true;
  const auto& of_origin = found->second;
  auto place = std::lower_bound(of_origin.begin(), of_origin.end(), selection.first,
                                [](const Place& one, std::uint64_t at) { return one.position < at; });
  for (; place != of_origin.end() && place->position < until; ++place) {
    const bool is_meant = (selection.incarnation == 0 || place->incarnation == selection.incarnation) &&
                          place->seq >= selection.from_seq;
    if (!is_meant) continue;
    const Stored shown = stored(place->position);
    if (!selection.is_within(shown.ingested) || see(shown)) continue;
    position = place->position + 1;
    return false;
  }
  return true;
}

Stored MemoryStore::at(std::uint64_t position) const {
  check(position >= state_->first && position < state_->size, "a position is within the log");
  return state_->stored(position);
}

// ---- retention --------------------------------------------------------------------------------------------

std::vector<Segment> MemoryStore::segments() const {
  std::vector<Segment> closed;
  for (std::size_t i = 0; i + 1 < state_->pieces.size(); ++i) closed.push_back(state_->pieces[i].segment);
  return closed;
}

bool MemoryStore::hold(const std::string& name, std::uint64_t position) {
  if (position < state_->first) return false;
  state_->holds.set(name, position);
  return true;
}
void MemoryStore::release(const std::string& name) {
  state_->holds.release(name);
}
const Holds& MemoryStore::holds() const {
  return state_->holds;
}

std::uint64_t MemoryStore::retain(std::uint64_t from) {
  State& state = *state_;
  // Nobody knows yet what a damaged log will be needed for.
  if (!state.condition.is_sound()) return state.first;
  const std::uint64_t bound = is_planted(Defect::retain_past_holds) ? from : state.holds.bound(from);
  while (state.pieces.size() > 1 && state.pieces.front().segment.end() <= bound) {
    state.first = state.pieces.front().segment.end();
    state.pieces.pop_front();
  }
  for (auto of_origin = state.places.begin(); of_origin != state.places.end();) {
    std::erase_if(of_origin->second, [&](const Place& place) { return place.position < state.first; });
    of_origin = of_origin->second.empty() ? state.places.erase(of_origin) : std::next(of_origin);
  }
  return state.first;
}

// ---- damage -----------------------------------------------------------------------------------------------

const StoreCondition& MemoryStore::condition() const {
  return state_->condition;
}

const StoreCondition& MemoryStore::examine() {
  state_->condition = state_->look();
  return state_->condition;
}

std::uint64_t MemoryStore::verify() const {
  const StoreCondition found = state_->look();
  return found.damaged.empty() ? size() : found.damaged.front().first;
}

StoreCondition MemoryStore::State::look() const {
  StoreCondition found;
  for (const Piece& piece : pieces) {
    bool any = false;
    for (std::size_t i = 0; i < piece.entries.size(); ++i) {
      if (piece.entries[i].is_whole()) continue;
      found.add(damaged_entry(piece, i), "the bytes do not fit the check sum");
      any = true;
    }
    if (any || piece.holds_with([&](std::size_t i) { return piece.entries[i].packed(); })) continue;
    for (std::size_t i = 0; i < piece.entries.size(); ++i)
      found.add(damaged_entry(piece, i), "the chain does not come out at the segment's hash");
  }
  return found;
}

const StoreCondition& MemoryStore::restore(std::span<const Replacement> entries) {
  for (Piece& piece : state_->pieces) state_->restore(piece, entries);
  return examine();
}

void MemoryStore::State::restore(Piece& piece, std::span<const Replacement> entries) {
  std::unordered_map<std::size_t, ByteView> fresh;
  for (const Replacement& entry : entries) {
    if (entry.position < piece.segment.first || entry.position >= piece.segment.end()) continue;
    const std::size_t offset = entry.position - piece.segment.first;
    const bool is_damaged = condition.sound_until(entry.position) == entry.position;
    if (is_damaged && entry.packed.size() == piece.entries[offset].size) fresh[offset] = entry.packed;
  }
  const auto as_restored = [&](std::size_t i) {
    const auto found = fresh.find(i);
    return found == fresh.end() ? piece.entries[i].packed() : found->second;
  };
  if (fresh.empty()) return;
  if (!piece.holds_with(as_restored) && !is_planted(Defect::restore_unchecked)) return;
  for (const auto& [offset, packed] : fresh) {
    Entry& entry = piece.entries[offset];
    std::copy(packed.begin(), packed.end(), entry.data);
    if (entry.is_whole()) continue;
    // The bytes are proved by the hash, so it was the time or the check sum that was damaged.
    if (offset > 0) entry.ingested = piece.entries[offset - 1].ingested;
    entry.check_sum = check_sum_of(entry.packed(), entry.ingested);
  }
}

}  // namespace ibcf
