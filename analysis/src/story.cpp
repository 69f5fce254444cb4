#include "story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace ibcf::analysis {

namespace {

using namespace std::chrono_literals;

/// The worst loss of contact of one domain: from the rise through half the peak to the fall below it, and the
/// moment the last of its nodes was back.
struct Outage {
  std::uint32_t domain = 0;
  std::int64_t nodes = 0;  ///< of the domain, at the peak
  std::int64_t peak = 0;
  std::array<std::int64_t, ConnectivityFold::columns> modes{};  ///< at the peak
  Instant peak_at;
  Instant from;
  std::optional<Instant> until;
  std::optional<Instant> all_back;
  std::int64_t out_at_end = 0;

  [[nodiscard]] double share() const {
    return nodes == 0 ? 0 : static_cast<double>(peak) / static_cast<double>(nodes);
  }
};

/// Calls `see(at, out, total, modes)` after all changes of each instant.
template <class See>
void walk(const Fleet& fleet, const ConnectivityFold& connectivity, std::uint32_t domain, See&& see) {
  std::vector<bool> part(fleet.domains().size());
  for (std::uint32_t i = 0; i < part.size(); ++i) {
    const auto chain = fleet.upwards(i);
    part[i] = std::find(chain.begin(), chain.end(), domain) != chain.end();
  }
  std::array<std::int64_t, ConnectivityFold::columns> modes{};
  const auto& changes = connectivity.changes();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto& change = changes[i];
    const bool counts = change.domain < part.size() && part[change.domain];
    if (counts && change.from != ConnectivityFold::unknown) --modes[change.from];
    if (counts) ++modes[change.to];
    if (i + 1 < changes.size() && changes[i + 1].at == change.at) continue;
    std::int64_t out = 0;
    std::int64_t total = 0;
    for (std::uint8_t mode = 0; mode < ConnectivityFold::no_mode; ++mode) {
      total += modes[mode];
      if (is_out_of_contact(mode)) out += modes[mode];
    }
    see(change.at, out, total, modes);
  }
}

Outage worst_outage(const Fleet& fleet, const ConnectivityFold& connectivity, std::uint32_t domain) {
  Outage worst;
  worst.domain = domain;
  walk(fleet, connectivity, domain, [&](Instant at, std::int64_t out, std::int64_t total, const auto& modes) {
    if (out > worst.peak || worst.nodes == 0) {
      worst.peak = out;
      worst.nodes = total;
      worst.modes = modes;
      worst.peak_at = at;
    }
    worst.out_at_end = out;
  });
  if (worst.peak == 0) return worst;
  const std::int64_t half = (worst.peak + 1) / 2;
  bool above = false;
  Instant rose;
  walk(fleet, connectivity, domain, [&](Instant at, std::int64_t out, std::int64_t, const auto&) {
    if (!above && out >= half) rose = at;
    above = out >= half;
    if (at == worst.peak_at) worst.from = rose;
    if (at <= worst.peak_at) return;
    if (!above && !worst.until) worst.until = at;
    if (out == 0 && !worst.all_back) worst.all_back = at;
  });
  return worst;
}

std::string tell_contact(const Fleet& fleet, const Grid& grid, const ConnectivityFold& connectivity) {
  std::optional<Outage> worst;
  std::int64_t known = 0;
  for (std::uint32_t domain = 0; domain < fleet.domains().size(); ++domain) {
    const auto outage = worst_outage(fleet, connectivity, domain);
    known = std::max(known, outage.nodes);
    if (outage.peak == 0) continue;
    // Of domains hit alike, the largest names the outage best.
    const bool clearly = !worst || outage.share() > worst->share() + 0.02;
    const bool alike = worst && outage.share() > worst->share() - 0.02 && outage.nodes > worst->nodes;
    if (clearly || alike) worst = outage;
  }
  if (connectivity.changes().empty()) return "The log holds no connectivity of any node.";
  if (!worst) return fmt::format("All {} nodes stayed in contact from begin to end.", known);
  const auto autonomous = worst->modes[static_cast<std::size_t>(ConnectivityMode::autonomous)];
  const auto disconnected = worst->modes[static_cast<std::size_t>(ConnectivityMode::disconnected)];
  std::string modes = disconnected == 0 ? "were AUTONOMOUS"
                      : autonomous == 0 ? "were DISCONNECTED"
                                        : fmt::format("were out of contact ({} AUTONOMOUS, {} DISCONNECTED)",
                                                      autonomous, disconnected);
  const std::string until = worst->until ? clock_of(*worst->until, grid) : "the end";
  std::string text =
      fmt::format("From {} to {} up to {} of {} nodes of {} {}", clock_of(worst->from, grid), until,
                  worst->peak, worst->nodes, fleet.domains()[worst->domain].name, modes);
  if (worst->all_back)
    return text + fmt::format("; the last was back in contact at {}.", clock_of(*worst->all_back, grid));
  return text + fmt::format("; {} still were at the end of the record.", worst->out_at_end);
}

std::string duration_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 120) return fmt::format("{:.1f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string tell_replay(const Fleet& fleet, const Grid& grid, const ReplayFold& replay) {
  const auto& ended = replay.ended();
  if (ended.empty() && replay.open_count() == 0) return "No node had to replay a backlog.";
  if (ended.empty())
    return fmt::format("{} replays were begun and none came to a verdict.", replay.open_count());
  std::array<std::size_t, 3> verdicts{};
  std::vector<double> seconds;
  std::uint64_t bytes = 0;
  std::uint64_t events = 0;
  Instant first = never;
  Instant last;
  const auto* slowest = &ended.front();
  for (const auto& one : ended) {
    ++verdicts[static_cast<std::size_t>(*one.verdict)];
    seconds.push_back(seconds_of(one.ended - one.granted));
    bytes += one.bytes;
    events += one.events;
    first = std::min(first, one.granted);
    last = std::max(last, one.ended);
    if (one.ended - one.granted > slowest->ended - slowest->granted) slowest = &one;
  }
  std::sort(seconds.begin(), seconds.end());
  return fmt::format(
      "Between {} and {} {} replay{} brought back {} events ({}), half of them within {}, the slowest ({}) "
      "in {}; {} clean, {} "
      "partial, {} violation, {} still open at the end, {} sessions lost on the way.",
      clock_of(first, grid), clock_of(last, grid), ended.size(), ended.size() == 1 ? "" : "s", events,
      bytes_text(bytes), duration_text(percentile(seconds, 0.5)), fleet.nodes()[slowest->node].name,
      duration_text(seconds.back()), verdicts[0], verdicts[1], verdicts[2], replay.open_count(),
      replay.lost_sessions());
}

std::string tell_authority(const Fleet& fleet, const Grid& grid, const AuthorityFold& authority) {
  const auto terms = authority.terms();
  std::size_t fenced = 0;
  std::size_t stale = 0;
  std::size_t late = 0;
  for (const auto& one : authority.stale())
    ++(one.what == "fenced" ? fenced : one.what == "stale" ? stale : late);
  std::vector<AuthorityFold::Term> changes;
  std::copy_if(terms.begin(), terms.end(), std::back_inserter(changes),
               [](const auto& term) { return term.reason != GrantReason::initial && term.epoch > 1; });
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.from < b.from; });
  std::string text;
  if (terms.empty())
    text = "The log holds no grant of authority";
  else if (changes.empty())
    text = fmt::format("Authority over {} scope{} stayed where it was first granted", terms.size(),
                       terms.size() == 1 ? "" : "s");
  constexpr std::size_t told = 3;
  for (std::size_t i = 0; i < std::min(changes.size(), told); ++i)
    text += fmt::format("{}uthority over {} went to {} at {} (epoch {}, {})", i == 0 ? "A" : ", a",
                        fleet.name_of(changes[i].scope), changes[i].holder, clock_of(changes[i].from, grid),
                        changes[i].epoch, word_of(changes[i].reason));
  if (changes.size() > told) text += fmt::format(", and changed {} more times", changes.size() - told);
  return text + fmt::format(
                    "; {} command{} fenced by nodes, {} executed against a higher epoch the node had seen, "
                    "{} under a term "
                    "that was over elsewhere.",
                    fenced, fenced == 1 ? " was" : "s were", stale, late);
}

}  // namespace

std::string clock_of(Instant instant, const Grid& grid) {
  const auto seconds = instant.time_since_epoch() / 1s;
  if (grid.end() >= Instant{2h}) return fmt::format("{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> units = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, units[unit]);
}

std::vector<std::string> tell(const Fleet& fleet, const Grid& grid, const ConnectivityFold& connectivity,
                              const ReplayFold& replay, const AuthorityFold& authority) {
  return {tell_contact(fleet, grid, connectivity), tell_replay(fleet, grid, replay),
          tell_authority(fleet, grid, authority)};
}

}  // namespace ibcf::analysis
