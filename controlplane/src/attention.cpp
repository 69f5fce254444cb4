#include "controlplane/attention.hpp"

#include <algorithm>
#include <cmath>

#include "controlplane/drift.hpp"

namespace ibcf {

double sync_debt_signal(Duration behind, std::uint64_t backlog, const AttentionSettings& settings) {
  const double debt = std::max(0.0, seconds_of(behind)) / seconds_of(settings.behind) +
                      static_cast<double>(backlog) / settings.backlog;
  return quantised(std::clamp(1 - std::exp(-debt), 0.0, 1.0));
}

double health_signal(Health health) {
  switch (health) {
    case Health::ok:
      return 0;
    case Health::unknown:
      return 0.4;
    case Health::degraded:
      return 0.6;
    case Health::failed:
      break;
  }
  return 1;
}

double importance_of(NodeKind kind, const std::vector<std::string>& tags, const AttentionSettings& settings) {
  double by_tag = -1;
  for (const std::string& tag : tags)
    if (const auto named = settings.importance_of_tag.find(tag); named != settings.importance_of_tag.end())
      by_tag = std::max(by_tag, std::clamp(named->second, 0.0, 1.0));
  if (by_tag >= 0) return by_tag;
  switch (kind) {
    case NodeKind::relay:
    case NodeKind::dc:
      return 1;
    case NodeKind::gateway:
      return 0.9;
    case NodeKind::edge:
      return 0.8;
    case NodeKind::virtual_node:
      break;
  }
  return 0.6;
}

double importance_of_group(double importance, std::uint32_t nodes) {
  return 1 - std::pow(1 - importance, static_cast<double>(nodes));
}

double attention(double importance, const AttentionSignals& signals, const AttentionSettings& settings) {
  const AttentionSignals& w = settings.weights;
  const double calm = (1 - w.drift * signals.drift) * (1 - w.sync_debt * signals.sync_debt) *
                      (1 - w.authority_mismatch * signals.authority_mismatch) *
                      (1 - w.health * signals.health) * (1 - w.supply_chain * signals.supply_chain);
  return quantised(std::clamp(importance * (1 - calm), 0.0, 1.0));
}

AttentionSignals highest(const AttentionSignals& a, const AttentionSignals& b) {
  return {std::max(a.drift, b.drift), std::max(a.sync_debt, b.sync_debt),
          std::max(a.authority_mismatch, b.authority_mismatch), std::max(a.health, b.health),
          std::max(a.supply_chain, b.supply_chain)};
}

bool is_silent(const AttentionSignals& signals) {
  return signals == AttentionSignals{};
}

}  // namespace ibcf
