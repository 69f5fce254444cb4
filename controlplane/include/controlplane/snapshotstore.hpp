#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "controlplane/holds.hpp"
#include "model/digest.hpp"

namespace ibcf {

/// The bodies that entries of a log speak of by digest (Observation::body), beside the log (seed, section 2A,
/// SnapshotStore). Content-addressed: a body's name is its digest, so equal bodies are stored once and a
/// wrong one is known for wrong.
class SnapshotStore {
 public:
  enum class Presence : std::uint8_t { absent, whole, damaged };
  virtual ~SnapshotStore() = default;

  /// Stores the body and returns its digest. `position` is that of the log's entry which speaks of it: the
  /// newest one counts for retention. A body that was damaged is whole again.
  virtual Digest put(ByteView body, std::uint64_t position) = 0;
  /// The body; nothing where it is absent or no longer what its digest says.
  [[nodiscard]] virtual std::optional<Bytes> get(const Digest& digest) const = 0;
  [[nodiscard]] virtual Presence presence(const Digest& digest) const = 0;
  [[nodiscard]] bool contains(const Digest& digest) const { return presence(digest) == Presence::whole; }
  /// How many bodies there are, damaged ones included.
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  /// Drops each body that no entry from `from` on speaks of, that no hold needs, and that is not named in
  /// `reachable`; returns how many. A damaged body is never dropped: nobody knows what it was needed for.
  virtual std::uint64_t retain(std::uint64_t from, const Holds& holds, const std::set<Digest>& reachable) = 0;

  /// Looks at every body; the digests of those that are damaged.
  [[nodiscard]] virtual std::vector<Digest> examine() const = 0;
  /// Puts back a damaged body. False, and nothing changed, where `body` is not the digest's or nothing was
  /// damaged.
  virtual bool heal(const Digest& digest, ByteView body) = 0;
};

}  // namespace ibcf
