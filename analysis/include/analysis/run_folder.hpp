#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.hpp"
#include "model/json.hpp"
#include "model/time.hpp"

/// The record of one run: a folder that an analyst opens without this program.
///
///   scenario.json   the resolved scenario               report.json     every table, with units
///   events.db       the log (SQLite)                    report.html     the same to read, pictures inside
///   timeline.csv    what happened, in order             plots/*.png     the pictures
///   run.json        written last: a folder without it is not a finished run
namespace ibcf::analysis {

/// No domain: the whole fleet, or the parent of the root.
inline constexpr std::int64_t whole_fleet = -1;

/// What is known before the first event.
struct RunFacts {
  std::string scenario;
  std::string scenario_hash;
  std::uint64_t seed = 0;
  std::string version;
  std::string compiler;    ///< "GNU 12.2.0"
  std::string build_type;  ///< "Release"
  std::string network;     ///< "hybrid" or "flow"
  Duration horizon{};
  Json derived = Json::object();  ///< options as they came out, beside what the scenario says
  std::string resolved_scenario;  ///< JSON text; goes to scenario.json as it is
  bool pictures = true;           ///< false: none are drawn, for runs by the thousand
};

/// An expectation of the scenario and what came of it.
struct ExpectationResult {
  std::string metric;
  std::string domain;   ///< empty: the whole fleet
  Instant at = never;   ///< never: at the end of the run
  std::string compare;  ///< "is", "at least", "at most"
  double wanted = 0;
  double got = 0;
  bool pass = false;
  std::string why;
  std::string place;  ///< "scenarios/x.json:41:17"
};

struct MetricValue {
  std::string name;
  std::string domain;  ///< empty: the whole fleet
  double value = 0;
  std::string meaning;
};

/// What is known after the last event.
struct RunResult {
  std::string event_hash;
  Duration end{};       ///< simulated time when it ended: the horizon, unless it was cut short or stopped
  std::string verdict;  ///< one word: "pass", "expectation_failed", "invariant_violated", ...
  int exit_code = 0;
  std::string detail;  ///< for a verdict other than pass: what broke, and why not yet; may have lines
  std::vector<ExpectationResult> expectations;
  std::vector<MetricValue> metrics;
  Json counters = Json::object();
  /// Of this machine and moment: only under "host" in run.json, which comparisons leave out. 0: not told.
  double events_per_second = 0;
};

struct RunOutcome {
  std::filesystem::path report;    ///< report.html
  std::vector<std::string> story;  ///< three sentences: contact, replay, authority
  std::vector<std::string> warnings;
};

/// A folder that is not free to be written into: it holds a finished run, or things that are not ours.
class FolderTaken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes a run folder, once, from the first event to the verdict. Every failure of the disk or of SQLite is
/// a std::runtime_error that names the file and the reason; after one, only the destructor may follow. A
/// writer destroyed or killed before finish() returns leaves no run.json.
///
/// Calls may come in any order, but a row that names an index (of a domain, a master, a link) means the row
/// added under it.
class RunFolder {
 public:
  /// Makes the folder and its parents. An unfinished run of ours in it is overwritten; a finished run or
  /// anything that is not ours is refused (FolderTaken) and left as it is.
  RunFolder(const std::filesystem::path& folder, const RunFacts& facts);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  void add_domain(std::uint32_t index, DomainId id, std::string_view name, std::int64_t parent = whole_fleet);
  void add_master(std::uint32_t index, MasterId id, std::string_view name, AuthorityLevel level,
                  std::uint32_t domain, std::string_view site);
  void add_relay(std::uint32_t index, RelayId id, std::string_view name, std::uint32_t domain,
                 std::string_view site);
  /// `relay` is an index of add_relay, or whole_fleet where the node hangs on none.
  void add_node(std::uint32_t ordinal, NodeId id, std::string_view name, std::uint32_t domain,
                std::string_view group, std::string_view access, std::int64_t relay, double latitude_deg,
                double longitude_deg);
  /// `kind`: "backbone", "access_up" or "access_down".
  void add_link(std::uint32_t index, std::string_view name, std::string_view kind, std::string_view from,
                std::string_view to, double bandwidth_bps);
  /// `until` may be never.
  void add_fault(std::string_view name, std::string_view kind, Instant from, Instant until);

  /// One entry of the log of `master`. `packed` is the event as its origin wrote it, and `event` the same,
  /// decoded.
  void add_event(std::uint32_t master, std::uint64_t position, Instant ingested, ByteView packed,
                 const Event& event);

  /// The body of a snapshot that entries name by this digest; each once.
  void add_body(const Digest& digest, ByteView body);

  /// What a checker saw as the truth: "backlog_events" is drawn beside what the masters believe. The value of
  /// a domain counts its whole subtree.
  void add_sample(Instant at, std::string_view metric, std::int64_t domain, double value);
  /// `bytes` the link carried in [at - interval, at].
  void add_link_use(Instant at, std::uint32_t link, std::uint64_t bytes, Duration interval);
  /// Places of one component could reach each other in [from, until).
  void add_reach(Instant from, Instant until, std::string_view place, std::uint32_t component);
  /// Over the whole run, in messages; `carried` in bytes.
  void add_link_total(std::uint32_t link, std::uint64_t sent, std::uint64_t delivered, std::uint64_t dropped,
                      std::uint64_t carried);

  /// Closes the log, folds it into the report, draws, and writes run.json last.
  RunOutcome finish(const RunResult& result);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibcf::analysis
