#include "timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

using namespace std::chrono_literals;

struct Row {
  Instant at;
  std::string kind;
  std::string subject;
  std::string what;
};

/// Always with milliseconds, so that the column sorts and parses as one format.
std::string stamp_of(Instant instant) {
  const std::string text = clock_text_of(instant);
  return text.find('.') == std::string::npos ? text + ".000" : text;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

Instant minute_of(Instant instant) {
  return Instant{instant.time_since_epoch() / 1min * Duration{1min}};
}

void add_changes(std::vector<Row>& rows, const Fleet& fleet, const ConnectivityFold& connectivity) {
  std::map<std::tuple<Instant, std::uint32_t, std::uint8_t, std::uint8_t>, std::uint64_t> counts;
  for (const auto& change : connectivity.changes())
    if (change.from != ConnectivityFold::unknown)
      ++counts[{minute_of(change.at), change.domain, change.from, change.to}];
  for (const auto& [key, count] : counts) {
    const auto& [minute, domain, from, to] = key;
    rows.push_back({minute, "mode", fleet.domains()[domain].name,
                    fmt::format("{} node{} from {} to {}", count, count == 1 ? "" : "s", mode_word(from),
                                mode_word(to))});
  }
}

void add_verdicts(std::vector<Row>& rows, const Fleet& fleet, const ReplayFold& replay) {
  std::map<std::tuple<Instant, std::uint32_t, VerdictKind>, std::uint64_t> counts;
  for (const auto& one : replay.ended()) ++counts[{minute_of(one.ended), one.domain, *one.verdict}];
  for (const auto& [key, count] : counts) {
    const auto& [minute, domain, kind] = key;
    rows.push_back({minute, "verdict", fleet.domains()[domain].name,
                    fmt::format("{} replay{} {}", count, count == 1 ? "" : "s", word_of(kind))});
  }
}

void add_authority(std::vector<Row>& rows, const Fleet& fleet, const AuthorityFold& authority) {
  for (const auto& term : authority.terms())
    rows.push_back({term.from, "authority", fleet.name_of(term.scope),
                    fmt::format("{} holds it as {} in epoch {} ({})", term.holder, word_of(term.level),
                                term.epoch, word_of(term.reason))});
  std::map<std::tuple<Instant, std::string, std::string>, std::uint64_t> counts;
  for (const auto& one : authority.stale()) ++counts[{minute_of(one.at), fleet.name_of(one.scope), one.what}];
  for (const auto& [key, count] : counts) {
    const auto& [minute, scope, what] = key;
    rows.push_back(
        {minute, "stale", scope, fmt::format("{} command{} {}", count, count == 1 ? "" : "s", what)});
  }
}

}  // namespace

std::string timeline_csv(const Fleet& fleet, const std::vector<RunLog::Fault>& faults, const Grid& grid,
                         const ConnectivityFold& connectivity, const ReplayFold& replay,
                         const AuthorityFold& authority, const RolloutFold& rollouts) {
  std::vector<Row> rows;
  for (const auto& fault : faults) {
    if (fault.from <= grid.end()) rows.push_back({fault.from, "fault", fault.name, fault.kind + " begins"});
    if (fault.until && *fault.until <= grid.end())
      rows.push_back({*fault.until, "fault", fault.name, fault.kind + " ends"});
  }
  add_authority(rows, fleet, authority);
  add_verdicts(rows, fleet, replay);
  add_changes(rows, fleet, connectivity);
  for (const auto& [key, rollout] : rollouts.rollouts())
    for (const auto& [at, c] : rollout.advances)
      rows.push_back({at, "rollout", rollouts.bundle_name(key.first) + " in " + rollout.scope,
                      fmt::format("wave {}: {} applied, {} failed, {} unreached, {} waiting", c.wave,
                                  c.applied, c.failed, c.unreached, c.waiting)});
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tie(a.at, a.kind, a.subject) < std::tie(b.at, b.kind, b.subject);
  });
  std::string csv = "time,kind,subject,what\r\n";
  for (const auto& row : rows)
    csv += fmt::format("{},{},{},{}\r\n", stamp_of(row.at), row.kind, quoted(row.subject), quoted(row.what));
  return csv;
}

}  // namespace ibcf::analysis
