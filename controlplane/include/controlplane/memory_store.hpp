#pragma once

#include <memory>
#include <vector>

#include "controlplane/eventstore.hpp"

namespace ibcf {

/// The default store inside a simulation: segments of 1 MiB of packed bytes, never moved once written. Beside
/// its bytes an entry costs 56 bytes of index.
class MemoryStore final : public EventStore {
 public:
  MemoryStore();
  ~MemoryStore() override;

  [[nodiscard]] std::uint64_t size() const override;
  AppendResult append(std::uint64_t expected_size, Instant ingested,
                      std::span<const ByteView> packed) override;
  void scan(std::uint64_t first, const std::function<bool(const Stored&)>& see) const override;
  [[nodiscard]] Digest head() const override;
  [[nodiscard]] std::uint64_t verify() const override;
  /// The entry at `position`, which must be below size().
  [[nodiscard]] Stored at(std::uint64_t position) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibcf
