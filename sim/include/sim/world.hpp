#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "model/event.hpp"
#include "sim/scenario.hpp"

namespace ibcf::sim {

/// Whoever keeps the record of a run. Everything is told in the order in which it happens, starting with the
/// things, which are named by dense numbers from 0.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void domain(std::uint32_t index, const Domain& domain, std::uint32_t parent) = 0;
  virtual void master(std::uint32_t index, MasterId id, const std::string& name, AuthorityLevel level,
                      std::uint32_t domain, const std::string& site) = 0;
  virtual void relay(std::uint32_t index, const Relay& relay, std::uint32_t domain) = 0;
  virtual void node(std::uint32_t ordinal, NodeId id, const std::string& name, std::uint32_t domain,
                    const std::string& group, const std::string& access, std::uint32_t relay,
                    Place place) = 0;
  virtual void link(LinkIndex index, const LinkSpec& spec, const std::string& from,
                    const std::string& to) = 0;
  virtual void fault(const std::string& name, const std::string& kind, Instant from, Instant until) = 0;
  /// An event in the first master's log that stored it; copies in other logs are not told.
  virtual void stored(std::uint32_t master, const Stored& stored, const Event& event) = 0;
  /// The body of a snapshot, the first time that any master stored it.
  virtual void body(const Digest& digest, ByteView body) = 0;
  /// The truth about a domain's subtree, from the agents themselves.
  virtual void sample(Instant at, std::string_view metric, std::uint32_t domain, double value) = 0;
  virtual void link_use(Instant at, LinkIndex link, std::uint64_t bytes, Duration interval) = 0;
  /// From `from` to `until`, the place was in this component of places that could reach each other.
  virtual void reach(Instant from, Instant until, const std::string& place, std::uint32_t component) = 0;
  virtual void link_total(LinkIndex link, const LinkCount& count) = 0;
};

struct Checked {
  const Scenario::Expectation* expectation = nullptr;
  bool evaluated = false;  ///< false where the run was cut short before it was due
  double got = 0;
  bool pass = false;
};

/// Exit codes follow from it (architecture page, section 6).
enum class RunVerdict : std::uint8_t { pass, expectation_failed, unsafe, stuck };

struct Outcome {
  RunVerdict verdict = RunVerdict::pass;
  bool cut_short = false;  ///< it ended before the horizon
  Instant ended;           ///< the horizon, or where it was cut short or broke an invariant
  std::string event_hash;  ///< chained over every event in the order of storing
  std::vector<Checked> expectations;
  /// Of invariants, each with its number, time, event of the log, seed and who. The run ends with the
  /// calendar entry in which the first was seen.
  std::vector<std::string> violations;
  std::vector<std::string> waiting;                     ///< what did not converge, and what it waits for
  std::vector<std::pair<std::string, double>> metrics;  ///< every metric at the end, over the whole fleet
  std::vector<std::pair<std::string, std::uint64_t>> counters;
  std::uint64_t events = 0;      ///< calendar entries run
  std::uint64_t heartbeats = 0;  ///< that reached a master
};

struct RunOptions {
  Instant until = never;  ///< cuts the run short
  RunObserver* observer = nullptr;
  /// Called now and then with the simulated time and the entries run; returning false stops the run.
  std::function<bool(Instant, std::uint64_t)> progress;
};

/// A scenario that is right by its schema and yet cannot be built, say a node that does not see its
/// satellite.
class BadWorld : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A scenario come to life: the core's own agents, relays and masters on a simulated network. One per process
/// (SimGrid keeps one clock).
class World {
 public:
  /// Throws BadWorld. The scenario must outlive the world.
  explicit World(const Scenario& scenario);
  ~World();
  World(const World&) = delete;

  /// Runs it once, and judges it: begin, go_on and judge in one.
  Outcome run(const RunOptions& options);

  /// Enrols every node (a key pair each) and starts every machine. Once, first.
  void begin(const RunOptions& options);
  /// Runs the calendar to the end of the run. Once, after begin().
  void go_on();
  /// Checks the whole fleet and measures it. Once, after go_on().
  Outcome judge();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibcf::sim
