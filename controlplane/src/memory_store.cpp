#include "controlplane/memory_store.hpp"

#include <algorithm>
#include <cstring>

#include "model/check.hpp"

namespace ibcf {
namespace {

constexpr std::size_t segment_bytes = 1 << 20;

struct Entry {
  const std::uint8_t* data;
  std::uint32_t size;
  Instant ingested;
  Digest link;  ///< the chain's value after this entry, so that verify can name the first one that is wrong
};

}  // namespace

struct MemoryStore::State {
  std::vector<std::unique_ptr<std::uint8_t[]>> segments;
  std::uint8_t* free = nullptr;
  std::size_t free_bytes = 0;
  std::vector<Entry> entries;

  [[nodiscard]] Digest head() const { return entries.empty() ? Digest{} : entries.back().link; }

  void add(Instant ingested, ByteView packed) {
    check(packed.size() <= UINT32_MAX, "a packed event is smaller than 4 GiB");
    if (packed.size() > free_bytes) {
      const std::size_t size = std::max(segment_bytes, packed.size());
      segments.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(size));
      free = segments.back().get();
      free_bytes = size;
    }
    if (!packed.empty()) std::memcpy(free, packed.data(), packed.size());
    entries.push_back({free, static_cast<std::uint32_t>(packed.size()), ingested, chain(head(), packed)});
    free += packed.size();
    free_bytes -= packed.size();
  }
};

MemoryStore::MemoryStore() : state_(std::make_unique<State>()) {}
MemoryStore::~MemoryStore() = default;

std::uint64_t MemoryStore::size() const {
  return state_->entries.size();
}

AppendResult MemoryStore::append(std::uint64_t expected_size, Instant ingested,
                                 std::span<const ByteView> packed) {
  if (expected_size != size()) return AppendResult::position_taken;
  try {
    for (const ByteView bytes : packed) state_->add(ingested, bytes);
  } catch (...) {
    // All or none, even when memory runs out; the bytes already copied are lost room, nothing more.
    state_->entries.erase(state_->entries.begin() + static_cast<std::ptrdiff_t>(expected_size),
                          state_->entries.end());
    throw;
  }
  return AppendResult::appended;
}

void MemoryStore::scan(std::uint64_t first, const std::function<bool(const Stored&)>& see) const {
  for (std::uint64_t position = first; position < size(); ++position)
    if (!see(at(position))) return;
}

Digest MemoryStore::head() const {
  return state_->head();
}

std::uint64_t MemoryStore::verify() const {
  Digest head;
  for (std::uint64_t position = 0; position < size(); ++position) {
    const Entry& entry = state_->entries[position];
    head = chain(head, {entry.data, entry.size});
    if (head != entry.link) return position;
  }
  return size();
}

Stored MemoryStore::at(std::uint64_t position) const {
  check(position < size(), "a position is below the size of the log");
  const Entry& entry = state_->entries[position];
  return {position, entry.ingested, {entry.data, entry.size}};
}

}  // namespace ibcf
