#include "run_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <cstdlib>
#include <stdexcept>
#include <unordered_set>

namespace ibcf::analysis {

namespace {

struct Identity {
  AnyId origin;
  std::uint32_t incarnation = 0;
  StreamClass stream = StreamClass::control;
  std::uint64_t seq = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

struct IdentityHash {
  std::size_t operator()(const Identity& identity) const noexcept {
    const auto origin = std::hash<AnyId>{}(identity.origin);
    return origin ^ (identity.seq * 0x9e3779b97f4a7c15ull) ^ (std::size_t{identity.incarnation} << 48) ^
           (index_of(identity.stream) << 40);
  }
};

}  // namespace

RunLog::RunLog(const std::filesystem::path& file) : file_(file), db_(file, Database::Open::read) {
  if (!has("events"))
    throw std::runtime_error(fmt::format("{}: holds no table \"events\", so it is no log", file.string()));
  if (!has("facts")) return;
  auto rows = query("SELECT key, value FROM facts");
  while (rows.next()) facts_[rows.text(0)] = rows.text(1);
}

std::string RunLog::fact(const std::string& key) const {
  const auto found = facts_.find(key);
  return found == facts_.end() ? "" : found->second;
}

Fleet RunLog::fleet() {
  Fleet fleet;
  if (has("domains")) {
    auto rows = query("SELECT domain, id, name, parent FROM domains ORDER BY domain");
    while (rows.next())
      fleet.add_domain(rows.index(0),
                       {rows.id(1), rows.text(2),
                        rows.is_null(3) ? std::nullopt : std::optional<std::uint32_t>(rows.index(3))});
  }
  if (has("nodes")) {
    auto rows = query("SELECT node, id, name, domain FROM nodes ORDER BY node");
    while (rows.next()) fleet.add_node(rows.index(0), {rows.id(1), rows.text(2), rows.index(3)});
  }
  if (has("masters")) {
    auto rows = query("SELECT id, name, level, domain, site FROM masters ORDER BY master");
    while (rows.next())
      fleet.add_master({rows.id(0), rows.text(1), rows.text(2), rows.index(3), rows.text(4)});
  }
  return fleet;
}

std::vector<RunLog::Link> RunLog::links() {
  std::vector<Link> links;
  if (!has("links")) return links;
  auto rows = query("SELECT link, name, kind, from_place, to_place, bandwidth_bps FROM links ORDER BY link");
  while (rows.next())
    links.push_back({rows.index(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4), rows.real(5)});
  return links;
}

std::vector<RunLog::Fault> RunLog::faults() {
  std::vector<Fault> faults;
  if (!has("faults")) return faults;
  auto rows = query("SELECT name, kind, from_ns, until_ns FROM faults ORDER BY from_ns, fault");
  while (rows.next())
    faults.push_back({rows.text(0), rows.text(1), rows.instant(2),
                      rows.is_null(3) ? std::nullopt : std::optional<Instant>(rows.instant(3))});
  return faults;
}

std::vector<ExpectationResult> RunLog::expectations() {
  std::vector<ExpectationResult> expectations;
  if (!has("expectations")) return expectations;
  auto rows = query(
      "SELECT metric, domain, at_ns, compare, wanted, got, pass, why, place FROM expectations ORDER BY "
      "rowid");
  while (rows.next())
    expectations.push_back({rows.text(0), rows.text(1), rows.is_null(2) ? never : rows.instant(2),
                            rows.text(3), rows.real(4), rows.real(5), rows.integer(6) != 0, rows.text(7),
                            rows.text(8)});
  return expectations;
}

std::vector<MetricValue> RunLog::metrics() {
  std::vector<MetricValue> metrics;
  if (!has("metrics")) return metrics;
  auto rows = query("SELECT name, domain, value, meaning FROM metrics ORDER BY rowid");
  while (rows.next()) metrics.push_back({rows.text(0), rows.text(1), rows.real(2), rows.text(3)});
  return metrics;
}

std::map<Digest, Bytes> RunLog::bodies() {
  std::map<Digest, Bytes> bodies;
  if (!has("bodies")) return bodies;
  auto rows = query("SELECT body FROM bodies");
  while (rows.next()) {
    const ByteView body = rows.bytes(0);
    bodies[digest_of(body)] = Bytes(body.begin(), body.end());
  }
  return bodies;
}

BodySource body_source_of(const std::map<Digest, Bytes>& bodies) {
  return [&bodies](const Digest& digest) {
    const auto found = bodies.find(digest);
    return found == bodies.end() ? std::nullopt : std::optional<Bytes>(found->second);
  };
}

Instant RunLog::end() {
  const auto newest = [this](std::string_view table, std::string_view column) {
    if (!has(table)) return Instant{};
    auto row = query(fmt::format("SELECT max({}) FROM {}", column, table));
    return row.next() && !row.is_null(0) ? row.instant(0) : Instant{};
  };
  const auto told = [this](const std::string& key) {
    return Instant{Duration{std::strtoll(fact(key).c_str(), nullptr, 10)}};
  };
  const Instant events = newest("events", "ingested_ns");
  if (const Instant end = told("end_ns"); end > Instant{}) return std::max(end, events);
  const Instant sampled = std::max(newest("samples", "at_ns"), newest("link_use", "at_ns"));
  // A run that was stopped early was sampled up to there; its horizon would draw hours that never happened.
  if (sampled > Instant{}) return std::max(sampled, events);
  return std::max(events, told("horizon_ns"));
}

void RunLog::scan(const std::function<void(const KnownEvent&)>& see) {
  std::unordered_set<Identity, IdentityHash> seen;
  auto rows = query(
      "SELECT ingested_ns, master, position, packed FROM events ORDER BY ingested_ns, master, position");
  while (rows.next()) {
    const auto event = decode<Event>(rows.bytes(3));
    if (!event)
      throw std::runtime_error(fmt::format("{}: the event of master {} at position {} does not decode",
                                           file_.string(), rows.integer(1), rows.integer(2)));
    if (!seen.insert({event->origin, event->incarnation, event->stream, event->seq}).second) continue;
    see({rows.instant(0), rows.index(1), *event});
  }
}

}  // namespace ibcf::analysis
