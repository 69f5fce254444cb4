#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "controlplane/event_key.hpp"
#include "model/payloads.hpp"
#include "model/policy.hpp"

namespace ibcf {

/// What masters declared that one scope should be. Each declaration names those it was made over: all that
/// its author knew to count. So one that nobody declared over is a head; two heads are two masters who did
/// not know of each other. The one of the higher term is in force (EPOCH_WINS), of one term the later one;
/// the others stay visible until somebody declares over them all. Any order and any repetition gives the
/// same.
class DesiredHeads {
 public:
  struct Declared {
    EventKey key;
    DesiredSet said;
    IBCF_FIELDS(Declared, key, said)
  };

  void add(const EventKey& key, const DesiredSet& said);

  /// The one in force first.
  [[nodiscard]] std::vector<Declared> heads() const;
  /// The heads that lost, which somebody is to look at: they want something else than what is in force.
  [[nodiscard]] std::vector<Declared> losers() const;
  /// What names all heads: what is declared next is declared over.
  [[nodiscard]] std::vector<DesiredRef> refs() const;
  /// What both were declared over; nothing where there is no such thing.
  [[nodiscard]] const DesiredSet* common_base(const DesiredSet& one, const DesiredSet& other) const;

 private:
  std::vector<Declared> all_;  // by key

 public:
  IBCF_FIELDS(DesiredHeads, all_)
};

/// How two declarations that did not know of each other are settled, object by object and as the winning
/// bundle says: MERGE and THREE_WAY keep what the loser changed, KEEP_BOTH is an operator's, and everywhere
/// else the higher term wins.
struct DesiredResolution {
  ReconcilePolicy policy = ReconcilePolicy::epoch_wins;  ///< the one that decides what becomes of the loser
  std::map<std::string, ObjectValue> changed{};          ///< of the winner's objects, by MERGE or THREE_WAY
};
/// `base` may be null.
DesiredResolution resolve(const PolicyBundle& winner, std::uint64_t winner_epoch, const PolicyBundle& loser,
                          const PolicyBundle* base);

}  // namespace ibcf
