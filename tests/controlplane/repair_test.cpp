#include "controlplane/repair.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "controlplane/memory_snapshots.hpp"
#include "controlplane/memory_store.hpp"
#include "store_model.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

constexpr SegmentLimits ten_each{.entries = 10, .bytes = 1 << 20};

/// Three origins take turns in one log; the other holds the same events, one origin after the other.
struct TwoMasters {
  MemoryStore ours{ten_each};
  MemoryStore peer{ten_each};

  TwoMasters() {
    for (std::uint64_t seq = 1; seq <= 15; ++seq)
      for (std::uint64_t origin = 0; origin < 3; ++origin) append(ours, packed_event(origin, seq, 40), seq);
    for (std::uint64_t origin = 0; origin < 3; ++origin)
      for (std::uint64_t seq = 1; seq <= 15; ++seq) append(peer, packed_event(origin, seq, 40), 100 + seq);
  }
  static void append(MemoryStore& store, const Bytes& packed, std::uint64_t second) {
    const ByteView view = packed;
    REQUIRE(store.append(store.size(), at(std::chrono::seconds{second}), {&view, 1}) ==
            AppendResult::appended);
  }
  void flip(std::uint64_t position, std::size_t offset) const {
    const_cast<std::uint8_t&>(ours.at(position).packed[offset]) ^= 0x10;
  }
  [[nodiscard]] std::vector<Kept> contents() const {
    std::vector<Kept> all;
    for (std::uint64_t i = 0; i < ours.size(); ++i) {
      const Stored stored = ours.at(i);
      all.push_back({stored.ingested, Bytes(stored.packed.begin(), stored.packed.end())});
    }
    return all;
  }
};

/// Whether what a peer forged stays out.
bool refuses_a_forgery() {
  TwoMasters masters;
  masters.flip(13, 170);
  const Repaired repaired = repair(masters.ours, [](const DamagedEntry& entry) {
    Bytes forged = packed_event(1, entry.identity->seq, 40);
    forged.back() ^= 1;
    return forged;
  });
  return repaired.restored == 0 && masters.ours.examine().damaged.size() == 1;
}

}  // namespace

TEST_CASE("I-5 and I-7: flipped bits are found, stop readers and writers, and are repaired from a peer (R5)",
          "[store][repair]") {
  TwoMasters masters;
  MemoryStore& ours = masters.ours;
  const auto before = masters.contents();
  masters.flip(13, 170);
  masters.flip(14, 3);  // within the origin: the identity is another's now
  masters.flip(44, 30);

  const StoreCondition& condition = ours.examine();
  REQUIRE(condition.damaged.size() == 2);
  CHECK(condition.damaged[0].first == 13);
  CHECK(condition.damaged[0].entries.size() == 2);
  CHECK(condition.damaged[0].entries[0].identity ==
        EventIdentity{origin_named(1), 1, StreamClass::control, 5});
  CHECK(condition.damaged[1].first == 44);
  CHECK(ours.verify() == 13);
  const Scanned scanned = ours.scan(0, [](const Stored&) { return true; });
  CHECK(scanned.end == ScanEnd::damaged);
  CHECK(scanned.position == 13);
  CHECK(ours.append(ours.size(), at(1h), views_of({packed_event(1, 16)})) == AppendResult::damaged);

  const Repaired repaired = repair(ours, from_peer(masters.peer));

  CHECK(repaired.restored == 3);
  CHECK(repaired.not_found == 0);
  CHECK(repaired.left == 0);
  CHECK(masters.contents() == before);
  CHECK(ours.verify() == ours.size());
  CHECK(ours.append(ours.size(), at(1h), views_of({packed_event(1, 16)})) == AppendResult::appended);
}

TEST_CASE("any damage is found and repaired", "[store][repair][property]") {
  rc::prop("for any bits, from a peer or a copy", [](const std::vector<std::uint32_t>& flips) {
    TwoMasters masters;
    const TwoMasters copy;
    const auto before = masters.contents();
    std::set<std::uint64_t> hit;
    for (const std::uint32_t flip : flips) {
      const std::uint64_t position = flip % 45;
      if (hit.insert(position).second) masters.flip(position, (flip >> 8) % before[position].packed.size());
    }
    std::set<std::uint64_t> found;
    for (const Damage& damage : masters.ours.examine().damaged)
      for (const DamagedEntry& entry : damage.entries) found.insert(entry.position);
    RC_ASSERT(found == hit);

    const auto repaired =
        repair(masters.ours, flips.size() % 2 == 0 ? from_peer(masters.peer) : from_copy(copy.ours));

    RC_ASSERT(repaired.restored == hit.size());
    RC_ASSERT(masters.contents() == before);
  });
}

TEST_CASE("what nobody has stays damaged and reported, and the rest of the log is repaired",
          "[store][repair]") {
  TwoMasters masters;
  masters.flip(13, 170);
  masters.flip(31, 170);
  const FetchEntry all = from_peer(masters.peer);

  const Repaired repaired = repair(masters.ours, [&](const DamagedEntry& entry) {
    return entry.position == 13 ? std::nullopt : all(entry);
  });

  CHECK(repaired.restored == 1);
  CHECK(repaired.not_found == 1);
  CHECK(repaired.left == 1);
  CHECK(masters.ours.condition().damaged.front().first == 13);
  CHECK(masters.ours.scan(14, [](const Stored&) { return true; }).end == ScanEnd::complete);
}

TEST_CASE("what a peer forged is not put in the place of a damaged entry", "[store][repair][planted]") {
  CHECK(refuses_a_forgery());
  const Planted defect(Defect::restore_unchecked);
  CHECK_FALSE(refuses_a_forgery());
}

TEST_CASE("a sound store takes no replacement", "[store][repair]") {
  TwoMasters masters;
  const auto before = masters.contents();

  (void)masters.ours.restore(std::vector<Replacement>{{3, packed_event(9, 9, 40)}});

  CHECK(masters.contents() == before);
}

TEST_CASE("a body is stored once under its digest, and a damaged one is told from one that is not there",
          "[store][snapshots]") {
  MemorySnapshots snapshots;
  const Bytes body(1000, 7);
  const Digest digest = snapshots.put(body, 4);

  CHECK(snapshots.put(body, 9) == digest);
  CHECK(digest == digest_of(body));
  CHECK(snapshots.size() == 1);
  CHECK(snapshots.get(digest) == body);
  CHECK(snapshots.presence(Digest{}) == SnapshotStore::Presence::absent);
  snapshots.faulty_memory(digest)->at(500) ^= 1;
  CHECK(snapshots.get(digest) == std::nullopt);
  CHECK_FALSE(snapshots.contains(digest));
  CHECK(snapshots.presence(digest) == SnapshotStore::Presence::damaged);
  CHECK(snapshots.examine() == std::vector<Digest>{digest});
}

TEST_CASE("a corrupt snapshot is fetched again, and nothing is deleted as an orphan meanwhile (R5)",
          "[store][snapshots][repair]") {
  MemorySnapshots ours;
  MemorySnapshots peer;
  const Bytes body(1000, 7), other(1000, 8);
  const Digest digest = ours.put(body, 4);
  peer.put(body, 1);
  ours.put(other, 5);
  ours.faulty_memory(digest)->at(500) ^= 1;

  CHECK(ours.retain(100, {}, {}) == 1);
  CHECK(ours.presence(digest) == SnapshotStore::Presence::damaged);
  CHECK_FALSE(ours.heal(digest, other));
  const Repaired repaired = repair(ours, [&](const Digest& wanted) { return peer.get(wanted); });

  CHECK(repaired.restored == 1);
  CHECK(repaired.left == 0);
  CHECK(ours.get(digest) == body);
}

TEST_CASE("a body goes when nothing that is kept speaks of it, nobody holds it, and nobody names it",
          "[store][snapshots][retention]") {
  MemorySnapshots snapshots;
  const Digest old = snapshots.put(Bytes(10, 1), 3);
  const Digest named = snapshots.put(Bytes(10, 2), 3);
  const Digest spoken_of_again = snapshots.put(Bytes(10, 3), 3);
  snapshots.put(Bytes(10, 3), 8);
  const Digest held = snapshots.put(Bytes(10, 4), 5);
  Holds holds;
  holds.set("projections", 5);

  CHECK(snapshots.retain(8, holds, {named}) == 1);
  CHECK(snapshots.presence(old) == SnapshotStore::Presence::absent);
  CHECK(snapshots.contains(named));
  CHECK(snapshots.contains(held));
  holds.release("projections");
  CHECK(snapshots.retain(8, holds, {}) == 2);
  CHECK(snapshots.contains(spoken_of_again));
}

TEST_CASE("of what a peer holds under an entry's name only what fits its check sum is put back",
          "[store][repair]") {
  TwoMasters masters;
  const FetchEntry fetch = from_peer(masters.peer);
  const Stored stored = masters.ours.at(13);
  DamagedEntry entry{.position = 13,
                     .identity = identity_of(stored.packed),
                     .check_sum = check_sum_of(stored.packed, stored.ingested),
                     .ingested = stored.ingested};
  const Bytes packed(stored.packed.begin(), stored.packed.end());
  CHECK(fetch(entry) == packed);

  DamagedEntry unsure = entry;  // all that is left of it is its name: the chain will judge
  unsure.check_sum = {};
  CHECK(fetch(unsure) == packed);
  unsure = entry;
  unsure.ingested = {};
  CHECK(fetch(unsure) == packed);
  unsure.identity = {};
  CHECK_FALSE(fetch(unsure));

  DamagedEntry odd = entry;  // the check sum itself is damaged: the name is the better guess
  odd.check_sum = *entry.check_sum ^ 1;
  CHECK(fetch(odd) == packed);
  odd.identity = {};
  CHECK_FALSE(fetch(odd));
}

TEST_CASE("a body that nobody has, or that another is offered for, stays damaged and reported",
          "[store][snapshots][repair]") {
  MemorySnapshots ours;
  const Digest digest = ours.put(Bytes(1000, 7), 4);
  ours.faulty_memory(digest)->at(500) ^= 1;

  const Repaired nobody = repair(ours, [](const Digest&) { return std::optional<Bytes>{}; });
  CHECK(nobody.restored == 0);
  CHECK(nobody.not_found == 1);
  CHECK(nobody.left == 1);
  const Repaired forged = repair(ours, [](const Digest&) { return std::optional(Bytes(1000, 8)); });
  CHECK(forged.restored == 0);
  CHECK(forged.not_found == 0);
  CHECK(forged.left == 1);
  CHECK_FALSE(ours.heal(Digest{}, Bytes(1000, 7)));  // what is not there is not damaged
}
