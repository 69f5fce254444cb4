#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/attention_nodes.hpp"

namespace ibcf {

class ProjectionHistory;

/// What is wrong with the views themselves: entries that none could read, and a fold that stands still (L-7).
std::vector<ProjectionFault> faults_of(const ProjectionHistory& history);

/// The operator's inbox (seed 2B): what is wrong, by root cause, the worst first. A dead relay is one item,
/// not its 800 children; so is a cut-off domain, a bundle that nodes drift from, an artifact under suspicion,
/// a scope at odds over its authority, a brake that holds, a refused peer and a projection that does not keep
/// up. What a cause explains is taken out of its nodes; what remains of a node is an item by itself.
///
/// evaluate() makes the items from the views as they are: a cause that is gone takes its item with it (I-65).
/// The order depends on views and on the evaluations made before, and on nothing else (I-66): score, then
/// nodes, then cause and subject, where a score that moved little counts as it was.
class AttentionQueue {
 public:
  /// `views` must outlive this. Without a source the supply chain is the views' own.
  explicit AttentionQueue(const Projections& views, AttentionSettings settings = {},
                          SupplySource supply = {});
  AttentionQueue(const AttentionQueue&) = delete;  // the nodes hold on to the settings
  AttentionQueue& operator=(const AttentionQueue&) = delete;

  /// To be told of every event that was applied to the views, or of note_all() where that is not known.
  void note(const Event& event) { nodes_.note(event); }
  void note_all() { nodes_.note_all(); }
  /// Makes the list anew from what changed since. How many nodes had to be looked at.
  std::size_t evaluate(const std::vector<ProjectionFault>& faults = {});

  /// What the views had read when the list was made (I-67).
  [[nodiscard]] const AsOf& as_of() const { return as_of_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// The first `most` of the domain and all below it; of the fleet for the nil domain. Merged from the first
  /// `most` of every domain in it.
  [[nodiscard]] std::vector<AttentionItem> top(std::size_t most, DomainId within = {}) const;
  /// Of every domain its own first `most`; items of no domain under the nil one.
  [[nodiscard]] std::map<DomainId, std::vector<AttentionItem>> top_by_domain(std::size_t most) const;

 private:
  /// What an item is about; keeps its place in the list from one evaluation to the next.
  using Key = std::pair<AttentionCause, AnyId>;
  struct Entry {
    Key key;
    std::uint32_t domain = AttentionNodes::nowhere;
    std::uint32_t nodes = 0;
    double score = 0;
    double rank = 0;  ///< the score by which it is placed
    AttentionSignals signals;
    Instant since;
    Slot slot = 0;    ///< of a node
    std::string why;  ///< of everything else
  };
  struct Place {
    double rank = 0;
    Instant since;
  };
  /// A root cause while its nodes are gathered.
  struct Group {
    Key key;
    std::uint32_t domain = AttentionNodes::nowhere;  ///< that holds all its nodes
    double importance = 0;
    AttentionSignals signals;
    std::uint32_t nodes = 0;
    std::string why;
  };
  struct Causes;

  void add(Entry entry);
  void add(Group group);
  void add_alarms(const std::vector<ProjectionFault>& faults);
  void add_authority();
  void add_nodes(Causes& causes);
  [[nodiscard]] Causes find_causes() const;
  void find_outages(Causes& causes) const;
  [[nodiscard]] AttentionItem item_of(const Entry& entry) const;
  [[nodiscard]] std::string why_of(const Entry& entry) const;
  [[nodiscard]] static bool is_before(const Entry& a, const Entry& b);

  const Projections* views_;
  AttentionSettings settings_;
  AttentionNodes nodes_;
  std::vector<Entry> entries_;                         // in order
  std::vector<std::vector<std::uint32_t>> of_domain_;  // places in entries_, by domain; the last: of none
  std::map<Key, Place> places_;                        // of everything but nodes, at the last evaluation
  std::vector<Place> node_places_;                     // by slot; rank 0: not in the list
  std::vector<Place> next_node_places_;
  std::map<Key, Place> next_places_;
  AsOf as_of_;
};

}  // namespace ibcf
