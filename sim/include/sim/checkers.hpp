#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/node_record.hpp"
#include "controlplane/projections.hpp"
#include "sim/ledger.hpp"
#include "sim/network.hpp"

namespace ibcf::sim {

/// Judges safety while the world runs (docs/concepts.md, "Safety is judged as it happens"): what is cheap at
/// every stored event, execution, acknowledgement and touched lock, what looks at the whole fleet at
/// checkpoints and at the end. Each finding is one line that names the invariant, when, after how many events
/// of the log, the seed, and who. It knows the truth from the ledger and asks the code under test only what
/// it shows.
class Checkers {
 public:
  /// `ledger` must outlive this.
  Checkers(std::uint64_t seed, std::size_t masters, const Ledger& ledger);

  /// I-3 (of masters' own events), I-4, I-52 (of what is parked, too): a store took an event.
  void stored(std::string_view master, std::string_view origin, Ledger::Taken taken, const Event& event,
              Instant at);
  /// I-23, I-30, I-31, I-33, I-36, I-53: a node carried a command out.
  void executed(std::string_view node, const Ledger::Execution& execution);
  /// I-50: a node runs what no trusted key signed as it is, or a release before one that it has run.
  void installed(std::string_view node, const InstalledArtifact& artifact, std::uint64_t newest, Instant at);
  /// I-7: a node was told that its log up to some marks is stored; `missing` is the first event of it that is
  /// not.
  void acknowledged(std::string_view node, const std::optional<Ledger::Place>& missing, Instant at);
  /// I-3: a master found a node's log complete; `holes` events are missing in its store before others.
  void complete(std::string_view master, std::string_view node, std::uint64_t holes, Instant at);
  /// I-44: a master called a node's replay clean in which `parked` events were parked: that is partial.
  void clean(std::string_view master, std::string_view node, std::uint64_t parked, Instant at);
  /// I-41: a master holds a node's lock exactly while it believes it REPLAYING.
  void lock(std::string_view master, const NodeRecord& node, Instant at);

  struct Holder {
    std::string_view master;
    std::uint64_t epoch;
    std::uint64_t told = 0;    ///< the newest term that its own log tells of
    bool began_alone = false;  ///< it began the term over the head, or on the silence, of the holder before
  };
  /// I-21, I-24: who would act for the scope at this instant. Of a term that was begun alone the holder
  /// before may not know.
  void holders(std::string_view scope, std::span<const Holder> holders, Instant at);

  /// I-5 over what came in since the last call for this store; I-5 and I-6 over everything where `whole`.
  void chain(std::uint32_t master, std::string_view name, const EventStore& store, bool whole, Instant at);
  /// I-11 and I-40: projections folded along equal those rebuilt from zero, and every step took an arrow.
  void projections(const EventStore& store, const Projections& live, const std::vector<Domain>& domains,
                   Instant at);
  /// I-71 and I-72.
  void link(const LinkSpec& link, const LinkCount& count, Instant at);

  [[nodiscard]] bool have_found() const { return !findings_.empty(); }
  /// The findings in the order in which they were made; past a handful only their number is kept.
  [[nodiscard]] std::vector<std::string> findings() const;
  /// How often two masters would have acted for one scope.
  [[nodiscard]] std::uint64_t two_holders() const { return two_holders_; }

 private:
  void find(std::string_view invariant, Instant at, std::string_view what);

  /// How far a store's chain was followed.
  struct Followed {
    std::uint64_t position = 0;
    Digest head;
  };

  std::uint64_t seed_;
  const Ledger* ledger_;
  std::vector<Followed> followed_;
  std::vector<std::string> findings_;
  std::uint64_t more_ = 0;
  std::uint64_t two_holders_ = 0;
};

}  // namespace ibcf::sim
