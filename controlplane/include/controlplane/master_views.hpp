#pragma once

#include <cstddef>
#include <vector>

#include "controlplane/attention_queue.hpp"
#include "controlplane/eventstore.hpp"
#include "controlplane/projections.hpp"
#include "controlplane/snapshotstore.hpp"

namespace ibcf {

/// What a master sees of the fleet through its own log: the projections, folded as the log grows, and over
/// them the operator's inbox. It knows what its log knows; a region that is cut off sees its own part.
class MasterViews {
 public:
  /// `bodies` must outlive this.
  MasterViews(std::vector<Domain> domains, const SnapshotStore& bodies, AttentionSettings attention = {});

  /// Reads what `store` holds already: nothing at a first start, everything at a later one.
  void catch_up(const EventStore& store);
  /// An entry was stored, at the next position.
  void note(const Stored& stored, const Event& event);

  /// Makes the inbox anew (I-65); how many nodes had to be looked at. An entry that no view could read is an
  /// item of it (L-7).
  std::size_t evaluate();

  [[nodiscard]] const Projections& projections() const { return projections_; }
  [[nodiscard]] const AttentionQueue& attention() const { return attention_; }

 private:
  Projections projections_;
  AttentionQueue attention_;
  bool heard_all_ = false;  // heartbeats came: nearly everybody is to be looked at
};

}  // namespace ibcf
