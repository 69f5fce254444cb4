#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controlplane/attention_queue.hpp"
#include "controlplane/projections.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// Drift and attention, as the core's own views see them in what all masters together knew (seed, "Layer 0").
/// Looked at on a coarser grid than the rest: each look is one evaluation of the inbox.
class ViewFold {
 public:
  /// `fleet` must outlive this.
  ViewFold(Instant end, const Fleet& fleet, RunLog& log);

  void see(const KnownEvent& entry);
  /// After the last event.
  void finish();

  [[nodiscard]] Json drift_table() const;
  [[nodiscard]] Json attention_table() const;

 private:
  /// An item of the inbox, from when it came until it was gone; the same trouble may come again.
  struct Life {
    AttentionItem worst;  ///< as it was when its score was highest
    Instant from;
    Instant until;
  };

  void look_until(Instant instant);
  void look(Instant at);
  [[nodiscard]] Json row_of(const AttentionItem& item) const;
  [[nodiscard]] std::string subject_of(const AttentionItem& item) const;
  [[nodiscard]] Json worst_nodes() const;

  Grid grid_;
  const Fleet* fleet_;
  std::map<Digest, Bytes> bodies_;
  std::unique_ptr<Projections> views_;
  std::unique_ptr<AttentionQueue> queue_;
  bool heard_all_ = false;
  std::uint64_t position_ = 0;
  std::size_t point_ = 0;  // the next to look at
  std::vector<DriftSummary> drift_;
  std::map<DomainId, std::vector<DriftSummary>> drift_of_domain_;
  std::vector<std::size_t> items_;
  std::vector<Life> lives_;
  std::map<AnyId, std::size_t> alive_;             // at the last look, by place in lives_
  std::map<std::string, std::uint64_t> outcomes_;  // decisions at returns
  std::uint64_t reconciled_ = 0;
};

}  // namespace ibcf::analysis
