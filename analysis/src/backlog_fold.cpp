#include "backlog_fold.hpp"

#include <algorithm>
#include <limits>

#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

enum Column : std::size_t { events_column, bytes_column };

/// Counts come from whoever wrote the log; sums must not overflow for the sake of one absurd number.
std::int64_t sane(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, std::uint64_t{1} << 48));
}

}  // namespace

BacklogFold::Held& BacklogFold::held(std::uint32_t node) {
  if (node >= held_.size()) held_.resize(std::max<std::size_t>(node + 1, fleet_->nodes().size()));
  return held_[node];
}

void BacklogFold::set(std::uint32_t node, std::int64_t events, std::int64_t bytes, Instant at) {
  Held& now = held(node);
  const auto domain = fleet_->nodes()[node].domain;
  series_.add(domain, events_column, at, events - now.events);
  series_.add(domain, bytes_column, at, bytes - now.bytes);
  now.events = events;
  now.bytes = bytes;
}

void BacklogFold::see(const KnownEvent& entry) {
  show_debt_before(entry.known);
  if (entry.event.type == EventType::heartbeat_batch) {
    if (const auto batch = payload_of<HeartbeatBatch>(entry.event)) see_beats(*batch, entry.known);
    return;
  }
  const auto node = fleet_->find_node(entry.event.subject);
  if (!node) return;
  Held& now = held(*node);
  if (entry.event.type == EventType::replay_granted) {
    if (const auto grant = payload_of<ReplayGranted>(entry.event)) {
      const auto heads = sum_of(grant->heads);
      const auto missing = heads - std::min(heads, sum_of(grant->marks));
      set(*node, sane(missing), sane(grant->backlog_bytes), entry.known);
    }
  } else if (entry.event.type == EventType::replay_chunk_acked) {
    if (const auto chunk = payload_of<ReplayChunkAcked>(entry.event)) {
      const auto count = chunk->last >= chunk->first ? chunk->last - chunk->first + 1 : 0;
      set(*node, std::max<std::int64_t>(0, now.events - sane(count)),
          std::max<std::int64_t>(0, now.bytes - sane(chunk->bytes)), entry.known);
    }
  } else if (entry.event.type == EventType::replay_verdict ||
             entry.event.type == EventType::replay_not_needed) {
    set(*node, 0, 0, entry.known);
  } else if (entry.event.type == EventType::decommission_completed) {
    set(*node, 0, 0, entry.known);
    now.last_seen.reset();
  }
}

void BacklogFold::see_beats(const HeartbeatBatch& batch, Instant known) {
  const auto rows = std::min({batch.ordinal.size(), batch.last_seen_ms.size(), batch.backlog_events.size(),
                              batch.backlog_bytes.size()});
  for (std::size_t i = 0; i < rows; ++i) {
    const auto node = batch.ordinal[i];
    if (node >= fleet_->nodes().size()) continue;
    set(node, batch.backlog_events[i], sane(batch.backlog_bytes[i]), known);
    const auto seen = batch.from + std::chrono::milliseconds{batch.last_seen_ms[i]};
    Held& now = held(node);
    now.last_seen = std::max(now.last_seen.value_or(seen), seen);
  }
}

void BacklogFold::show_debt_before(Instant instant) {
  while (debt_.size() < grid_->points() && grid_->at(debt_.size()) < instant) {
    const auto now = grid_->at(debt_.size());
    auto& row = debt_.emplace_back();
    for (std::uint32_t node = 0; node < held_.size(); ++node) {
      if (!held_[node].last_seen) continue;
      const auto domain = fleet_->nodes()[node].domain;
      if (domain >= row.size()) row.resize(domain + 1);
      const double behind = std::max(0.0, seconds_of(now - *held_[node].last_seen));
      row[domain].sum_s += behind;
      row[domain].max_s = std::max(row[domain].max_s, behind);
      ++row[domain].nodes;
    }
  }
}

void BacklogFold::finish() {
  show_debt_before(Instant::max());
}

Json BacklogFold::debt_of(std::optional<std::uint32_t> domain) const {
  std::vector<bool> takes_part(fleet_->domains().size(), !domain);
  for (std::uint32_t part = 0; domain && part < takes_part.size(); ++part) {
    const auto chain = fleet_->upwards(part);
    takes_part[part] = std::find(chain.begin(), chain.end(), *domain) != chain.end();
  }
  Json mean = Json::array();
  Json most = Json::array();
  for (const auto& row : debt_) {
    Debt sum;
    for (std::size_t part = 0; part < row.size(); ++part) {
      if (part < takes_part.size() && !takes_part[part]) continue;
      sum.sum_s += row[part].sum_s;
      sum.max_s = std::max(sum.max_s, row[part].max_s);
      sum.nodes += row[part].nodes;
    }
    mean.push_back(rounded(sum.nodes == 0 ? 0 : sum.sum_s / static_cast<double>(sum.nodes), 1));
    most.push_back(rounded(sum.max_s, 1));
  }
  return {{"mean_s", mean}, {"max_s", most}};
}

Json BacklogFold::table() const {
  Json table = Json::object();
  table["title"] = "Backlog and sync debt as the masters know them";
  table["unit"] = "backlog in events and bytes, debt in seconds since a node was last heard";
  table["as_of"] = "each instant of time_s, as known to the first master that stored it";
  const auto row_of = [this](Json row, std::optional<std::uint32_t> domain) {
    row["events"] = domain ? series_.subtree(*fleet_, *domain, events_column) : series_.fleet(events_column);
    row["bytes"] = domain ? series_.subtree(*fleet_, *domain, bytes_column) : series_.fleet(bytes_column);
    row["debt"] = debt_of(domain);
    return row;
  };
  table["fleet"] = row_of(Json::object(), std::nullopt);
  table["domains"] = Json::array();
  for (std::uint32_t domain = 0; domain < fleet_->domains().size(); ++domain)
    table["domains"].push_back(row_of({{"domain", fleet_->domains()[domain].name}}, domain));
  return table;
}

}  // namespace ibcf::analysis
