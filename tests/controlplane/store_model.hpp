#pragma once

#include <rapidcheck/catch.h>

#include <memory>
#include <string>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "controlplane/planted.hpp"
#include "model/event.hpp"
#include "random_log.hpp"

/// What every event store must do, told by a vector that knows nothing of segments of bytes, files or
/// indexes.
namespace ibcf::test {

/// Sets a defect for as long as it lives.
class Planted {
 public:
  explicit Planted(Defect defect) { planted_defect = defect; }
  ~Planted() { planted_defect = Defect::none; }
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;
};

inline AnyId origin_named(std::uint64_t number) {
  return derive_id<AnyTag>("test", 1, "origin", number);
}

inline Bytes packed_event(std::uint64_t origin, std::uint64_t seq, std::size_t payload = 8,
                          std::uint32_t incarnation = 1) {
  Event event;
  event.origin = origin_named(origin);
  event.subject = event.origin;
  event.incarnation = incarnation;
  event.seq = seq;
  event.occurred = at(std::chrono::seconds{seq});
  event.payload.assign(payload, static_cast<std::uint8_t>(seq));
  return encode(event);
}

struct Kept {
  Instant ingested;
  Bytes packed;
  friend bool operator==(const Kept&, const Kept&) = default;
};

inline std::vector<ByteView> views_of(const std::vector<Bytes>& entries) {
  return {entries.begin(), entries.end()};
}

/// The dumb twin: everything ever appended, and how much of it is dropped.
struct StoreModel {
  SegmentLimits limits;
  std::vector<Kept> entries;
  std::uint64_t first = 0;
  std::map<std::string, std::uint64_t> holds;

  /// All closed segments since the beginning, the dropped ones too.
  [[nodiscard]] std::vector<Segment> all_segments() const {
    std::vector<Segment> all;
    Segment open;
    for (std::uint64_t i = 0; i < entries.size(); ++i) {
      const auto& [ingested, packed] = entries[i];
      if (open.count > 0 && (open.count == limits.entries || open.bytes + packed.size() > limits.bytes)) {
        all.push_back(open);
        open = {.first = i, .hash = open.hash};
      }
      ++open.count;
      open.bytes += packed.size();
      open.earliest = std::min(open.earliest, ingested);
      open.latest = std::max(open.latest, ingested);
      open.hash = chain(open.hash, packed);
    }
    return all;
  }
  [[nodiscard]] std::vector<Segment> segments() const {
    auto kept = all_segments();
    std::erase_if(kept, [&](const Segment& segment) { return segment.first < first; });
    return kept;
  }
  [[nodiscard]] Digest head() const {
    Digest head;
    for (const Kept& entry : entries) head = chain(head, entry.packed);
    return head;
  }
  void retain(std::uint64_t from) {
    for (const auto& [name, position] : holds) from = std::min(from, position);
    for (const Segment& segment : segments())
      if (segment.end() <= from) first = segment.end();
  }
  [[nodiscard]] bool is_meant(std::uint64_t position, const Selection& selection) const {
    const auto& [ingested, packed] = entries[position];
    if (ingested < selection.ingested_from) return false;
    if (ingested >= selection.ingested_until && selection.ingested_until != never) return false;
    if (selection.origin.is_nil()) return true;
    const auto identity = identity_of(packed);
    return identity && identity->origin == selection.origin && identity->seq >= selection.from_seq &&
           (selection.incarnation == 0 || identity->incarnation == selection.incarnation);
  }
};

/// Random work on a store beside the model of it.
class StoreTrial {
 public:
  /// Given nothing, `open` makes an empty store; given a store, it closes and opens it again.
  using Open = std::function<std::unique_ptr<EventStore>(std::unique_ptr<EventStore>)>;
  StoreTrial(std::uint64_t seed, const SegmentLimits& limits, Open open)
      : dice_(seed), open_(std::move(open)), store_(open_(nullptr)) {
    model_.limits = limits;
  }

  void run(std::uint64_t steps) {
    for (; steps > 0; --steps) {
      step();
      compare();
    }
    RC_ASSERT(store_->verify() == store_->size());
    RC_ASSERT(store_->examine().is_sound());
  }

 private:
  void step() {
    switch (dice_.below(8)) {
      case 0:
        return append_late();
      case 1:
        return hold_or_release();
      case 2:
        model_.retain(somewhere());
        return (void)store_->retain(last_somewhere_);
      case 3:
        store_ = open_(std::move(store_));
        return;
      default:
        return append();
    }
  }
  std::uint64_t somewhere() {
    last_somewhere_ = dice_.below(model_.entries.size() + 3);
    return last_somewhere_;
  }
  Bytes any_entry() {
    // Most are events, some as large as a segment; a store does not care what the rest is.
    if (dice_.below(10) == 0) return Bytes(dice_.below(40), 7);
    const std::size_t payload = dice_.below(8) == 0 ? model_.limits.bytes : dice_.below(60);
    const auto origin = dice_.below(4);
    return packed_event(origin, ++seqs_[origin], payload, 1 + static_cast<std::uint32_t>(dice_.below(2)));
  }
  void append() {
    std::vector<Bytes> batch(dice_.below(6));
    for (Bytes& entry : batch) entry = any_entry();
    // Mostly forwards, as a master's clock goes; a store does not rely on it.
    now_ += Duration(static_cast<std::int64_t>(dice_.below(5))) - Duration{1};
    RC_ASSERT(store_->append(model_.entries.size(), now_, views_of(batch)) == AppendResult::appended);
    for (Bytes& entry : batch) model_.entries.push_back({now_, std::move(entry)});
  }
  void append_late() {
    const auto wrong = somewhere() == model_.entries.size() ? last_somewhere_ + 1 : last_somewhere_;
    RC_ASSERT(store_->append(wrong, now_, views_of({any_entry()})) == AppendResult::position_taken);
  }
  void hold_or_release() {
    const std::string name = "reader " + std::to_string(dice_.below(3));
    if (dice_.below(3) == 0) {
      store_->release(name);
      model_.holds.erase(name);
    } else {
      const bool is_there = somewhere() >= model_.first;
      RC_ASSERT(store_->hold(name, last_somewhere_) == is_there);
      if (is_there) model_.holds[name] = last_somewhere_;
    }
  }

  void compare() {
    RC_ASSERT(store_->size() == model_.entries.size());
    RC_ASSERT(store_->first() == model_.first);
    RC_ASSERT(store_->head() == model_.head());
    RC_ASSERT(store_->segments() == model_.segments());
    RC_ASSERT(store_->holds().by_name() == model_.holds);
    RC_ASSERT(store_->condition().is_sound());
    compare_scan({.first = model_.first}, UINT64_MAX);
    compare_scan(any_selection(), dice_.below(4) == 0 ? 1 + dice_.below(3) : UINT64_MAX);
  }
  Selection any_selection() {
    Selection selection{.first = somewhere(), .until = somewhere()};
    if (dice_.below(2) == 0) {
      selection.origin = origin_named(dice_.below(5));
      selection.incarnation = static_cast<std::uint32_t>(dice_.below(3));
      selection.from_seq = dice_.below(20);
    }
    if (dice_.below(2) == 0) {
      selection.ingested_from = at(Duration(static_cast<std::int64_t>(dice_.below(60))));
      selection.ingested_until = dice_.below(3) == 0 ? never : selection.ingested_from + Duration{9};
    }
    return selection;
  }
  void compare_scan(const Selection& selection, std::uint64_t most) {
    std::vector<std::pair<std::uint64_t, Kept>> shown, expected;
    const Scanned scanned = store_->scan(selection, [&](const Stored& stored) {
      shown.push_back(
          {stored.position, {stored.ingested, Bytes(stored.packed.begin(), stored.packed.end())}});
      return shown.size() < most;
    });
    if (selection.first < model_.first) {
      RC_ASSERT(shown.empty());
      RC_ASSERT(scanned.end == ScanEnd::dropped);
      RC_ASSERT(scanned.position == model_.first);
      return;
    }
    const auto until = std::min<std::uint64_t>(selection.until, model_.entries.size());
    for (auto position = selection.first; position < until && expected.size() < most; ++position)
      if (model_.is_meant(position, selection)) expected.push_back({position, model_.entries[position]});
    RC_ASSERT(shown == expected);
    RC_ASSERT(scanned.end == (shown.size() == most ? ScanEnd::stopped : ScanEnd::complete));
    RC_ASSERT(scanned.position ==
              (shown.size() == most ? shown.back().first + 1 : std::max(selection.first, until)));
  }

  Dice dice_;
  Open open_;
  std::unique_ptr<EventStore> store_;
  StoreModel model_;
  Instant now_;
  std::map<std::uint64_t, std::uint64_t> seqs_;
  std::uint64_t last_somewhere_ = 0;
};

}  // namespace ibcf::test
