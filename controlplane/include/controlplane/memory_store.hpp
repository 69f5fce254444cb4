#pragma once

#include <memory>

#include "controlplane/eventstore.hpp"

namespace ibcf {

/// The default store inside a simulation: segments of packed bytes, never moved once written. Beside its
/// bytes an entry costs 24 bytes of index, and as many more once somebody scans by origin. Memory is
/// believed: a scan does not look for damage, examine does.
class MemoryStore : public EventStore {
 public:
  explicit MemoryStore(const SegmentLimits& limits = {});
  ~MemoryStore() override;

  using EventStore::scan;
  [[nodiscard]] std::uint64_t size() const override;
  [[nodiscard]] std::uint64_t first() const override;
  [[nodiscard]] Digest head() const override;
  AppendResult append(std::uint64_t expected_size, Instant ingested,
                      std::span<const ByteView> packed) override;
  Scanned scan(const Selection& selection, const Reader& see) const override;
  [[nodiscard]] std::vector<Segment> segments() const override;
  [[nodiscard]] bool hold(const std::string& name, std::uint64_t position) override;
  void release(const std::string& name) override;
  [[nodiscard]] const Holds& holds() const override;
  std::uint64_t retain(std::uint64_t from) override;
  [[nodiscard]] const StoreCondition& condition() const override;
  const StoreCondition& examine() override;
  [[nodiscard]] std::uint64_t verify() const override;
  const StoreCondition& restore(std::span<const Replacement> entries) override;
  /// The entry at `position`, which must be in the log.
  [[nodiscard]] Stored at(std::uint64_t position) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibcf
