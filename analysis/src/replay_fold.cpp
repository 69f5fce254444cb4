#include "replay_fold.hpp"

#include <algorithm>

#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

enum Column : std::size_t {
  open_column,
  bytes_column,
  events_column,
  clean_column,
  partial_column,
  violation_column
};
constexpr std::array<std::string_view, 6> column_names = {"open_sessions", "acked_bytes", "acked_events",
                                                          "clean",         "partial",     "violation"};
constexpr std::size_t slowest_shown = 25;

}  // namespace

void ReplayFold::open_session(std::uint32_t domain, Instant at, int change) {
  series_.add(domain, open_column, at, change);
  for (const auto above : fleet_->upwards(domain)) count_open(open_in_[above], at, change);
  count_open(open_in_fleet_, at, change);
}

void ReplayFold::count_open(Open& open, Instant at, int change) const {
  const auto point = std::min(grid_->point_of(at), grid_->points() - 1);
  // What was open at the end of a step is open in the next one until something happens.
  if (open.peak.size() <= point) open.peak.resize(point + 1, open.now);
  open.now += change;
  open.peak[point] = std::max(open.peak[point], open.now);
}

std::vector<std::int64_t> ReplayFold::peaks(const Open& open) const {
  auto peaks = open.peak;
  peaks.resize(grid_->points(), open.now);
  return peaks;
}

void ReplayFold::grant(std::uint32_t node, Instant at) {
  auto& replay = open_[node];
  if (replay.sessions++ > 0) return;
  replay.node = node;
  replay.domain = fleet_->nodes()[node].domain;
  replay.granted = at;
}

void ReplayFold::lose(std::uint32_t node, Instant at) {
  if (session_.erase(node) == 0) return;
  ++lost_;
  open_session(fleet_->nodes()[node].domain, at, -1);
}

void ReplayFold::judge(std::uint32_t node, VerdictKind kind, Instant at) {
  const auto domain = fleet_->nodes()[node].domain;
  if (session_.erase(node) > 0) open_session(domain, at, -1);
  series_.add(domain, clean_column + static_cast<std::size_t>(kind), at, 1);
  const auto found = open_.find(node);
  if (found == open_.end()) return;
  Replay replay = found->second;
  open_.erase(found);
  replay.ended = at;
  replay.verdict = kind;
  ended_.push_back(replay);
}

void ReplayFold::see(const KnownEvent& entry) {
  const auto node = fleet_->find_node(entry.event.subject);
  if (!node) return;
  const auto domain = fleet_->nodes()[*node].domain;
  if (entry.event.type == EventType::replay_granted) {
    const auto granted = payload_of<ReplayGranted>(entry.event);
    if (!granted) return;
    lose(*node, entry.known);
    grant(*node, entry.known);
    session_[*node] = granted->session;
    open_session(domain, entry.known, 1);
  } else if (entry.event.type == EventType::replay_chunk_acked) {
    const auto chunk = payload_of<ReplayChunkAcked>(entry.event);
    if (!chunk) return;
    const auto events = chunk->last >= chunk->first ? chunk->last - chunk->first + 1 : 0;
    series_.add(domain, bytes_column, entry.known, static_cast<std::int64_t>(chunk->bytes));
    series_.add(domain, events_column, entry.known, static_cast<std::int64_t>(events));
    if (const auto found = open_.find(*node); found != open_.end()) {
      found->second.bytes += chunk->bytes;
      found->second.events += events;
    }
  } else if (entry.event.type == EventType::replay_verdict) {
    if (const auto verdict = payload_of<ReplayVerdict>(entry.event)) judge(*node, verdict->kind, entry.known);
  } else if (entry.event.type == EventType::replay_session_lost || entry.event.type == EventType::conn_lost ||
             entry.event.type == EventType::conn_identity_rejected) {
    lose(*node, entry.known);
  }
}

Json ReplayFold::durations(std::optional<std::uint32_t> domain) const {
  std::vector<double> seconds;
  std::uint64_t bytes = 0;
  std::uint64_t events = 0;
  for (const auto& replay : ended_) {
    if (domain) {
      const auto chain = fleet_->upwards(replay.domain);
      if (std::find(chain.begin(), chain.end(), *domain) == chain.end()) continue;
    }
    seconds.push_back(seconds_of(replay.ended - replay.granted));
    bytes += replay.bytes;
    events += replay.events;
  }
  std::sort(seconds.begin(), seconds.end());
  return {{"replays", seconds.size()},
          {"bytes", bytes},
          {"events", events},
          {"p50_s", rounded(percentile(seconds, 0.5), 3)},
          {"p95_s", rounded(percentile(seconds, 0.95), 3)},
          {"max_s", rounded(seconds.empty() ? 0 : seconds.back(), 3)}};
}

Json ReplayFold::table() const {
  Json table = Json::object();
  table["title"] = "Replay of backlogs";
  table["unit"] =
      "acked_bytes and acked_events cumulative, sessions open at the instant and the most within the step "
      "that ends there, verdicts cumulative, durations "
      "in seconds";
  table["as_of"] = "each instant of time_s, as known to the first master that stored it";
  const auto row_of = [this](Json row, std::optional<std::uint32_t> domain) {
    for (std::size_t column = 0; column < column_names.size(); ++column)
      row[std::string(column_names[column])] =
          domain ? series_.subtree(*fleet_, *domain, column) : series_.fleet(column);
    const auto found = domain ? open_in_.find(*domain) : open_in_.end();
    row["open_sessions_peak"] = peaks(!domain                   ? open_in_fleet_
                                      : found != open_in_.end() ? found->second
                                                                : Open{});
    row["durations"] = durations(domain);
    return row;
  };
  table["fleet"] = row_of(Json::object(), std::nullopt);
  table["lost_sessions"] = lost_;
  table["open_at_end"] = open_.size();
  Json counts = {{"clean", 0}, {"partial", 0}, {"violation", 0}};
  std::vector<double> seconds;
  for (const auto& replay : ended_) {
    const std::string word(word_of(*replay.verdict));
    counts[word] = counts[word].get<std::uint64_t>() + 1;
    seconds.push_back(rounded(seconds_of(replay.ended - replay.granted), 3));
  }
  table["verdicts"] = counts;
  std::sort(seconds.begin(), seconds.end());
  // At most 200 quantiles: enough to draw the distribution, whatever the size of the fleet.
  Json quantiles = Json::array();
  const std::size_t shown = std::min<std::size_t>(seconds.size(), 200);
  for (std::size_t i = 1; i <= shown; ++i)
    quantiles.push_back(percentile(seconds, static_cast<double>(i) / static_cast<double>(shown)));
  table["duration_quantiles_s"] = quantiles;
  table["domains"] = Json::array();
  for (std::uint32_t domain = 0; domain < fleet_->domains().size(); ++domain)
    table["domains"].push_back(row_of({{"domain", fleet_->domains()[domain].name}}, domain));

  auto slowest = ended_;
  std::stable_sort(slowest.begin(), slowest.end(), [](const Replay& a, const Replay& b) {
    return a.ended - a.granted > b.ended - b.granted;
  });
  slowest.resize(std::min(slowest.size(), slowest_shown));
  table["slowest"] = Json::array();
  for (const auto& replay : slowest)
    table["slowest"].push_back({{"node", fleet_->nodes()[replay.node].name},
                                {"domain", fleet_->domains()[replay.domain].name},
                                {"granted_s", rounded(seconds_of(replay.granted), 3)},
                                {"duration_s", rounded(seconds_of(replay.ended - replay.granted), 3)},
                                {"bytes", replay.bytes},
                                {"events", replay.events},
                                {"sessions", replay.sessions},
                                {"verdict", word_of(*replay.verdict)}});
  return table;
}

}  // namespace ibcf::analysis
