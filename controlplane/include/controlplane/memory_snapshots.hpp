#pragma once

#include <map>

#include "controlplane/snapshotstore.hpp"

namespace ibcf {

/// The default beside a MemoryStore.
class MemorySnapshots : public SnapshotStore {
 public:
  Digest put(ByteView body, std::uint64_t position) override;
  [[nodiscard]] std::optional<Bytes> get(const Digest& digest) const override;
  [[nodiscard]] Presence presence(const Digest& digest) const override;
  [[nodiscard]] std::uint64_t size() const override { return bodies_.size(); }
  std::uint64_t retain(std::uint64_t from, const Holds& holds, const std::set<Digest>& reachable) override;
  [[nodiscard]] std::vector<Digest> examine() const override;
  bool heal(const Digest& digest, ByteView body) override;

  /// The body's bytes where they lie, to be damaged by a simulated memory; null where there are none.
  [[nodiscard]] Bytes* faulty_memory(const Digest& digest);

 private:
  struct Body {
    Bytes bytes;
    std::uint64_t position = 0;  ///< of the newest entry that speaks of it
  };
  std::map<Digest, Body> bodies_;
};

}  // namespace ibcf
