#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "calendar_limit.hpp"
#include "sim/world.hpp"

/// How many heartbeats per second go end to end (agent, access link, relay, backbone, master, and the
/// acknowledgement back), against what a bare heap does with as many events in the same run. Timed is the
/// run, from the first calendar entry to the last, with all that happens in it (sweeps, flushes, the log and
/// its copies); the heap is timed likewise, from its first pop to its last. Building the world (keys, links,
/// enrolment) and judging it at the end happen once however long a fleet beats: they are printed apart.
/// Figures of one machine and moment: read the ratio.
namespace {

using namespace ibcf;
using namespace ibcf::sim;

// A node per 10 km around a hundred relays' cities; nothing but heartbeats goes on.
Scenario heartbeat_fleet(std::uint32_t nodes, Instant horizon) {
  Scenario scenario;
  scenario.name = fmt::format("heartbeats-{}", nodes);
  scenario.horizon = horizon;
  scenario.sample_every = std::chrono::hours{24};
  scenario.behaviour.snapshot = std::chrono::hours{24 * 365};
  scenario.domains = {{"earth", none}, {"region", 0}};
  scenario.sites = {{"hub", {50.1, 8.7}}, {"capital", {48.9, 2.4}}};
  scenario.controllers.resize(2);
  scenario.controllers[0] = {.name = "global",
                             .level = AuthorityLevel::global,
                             .domain = 0,
                             .site = 0,
                             .lease = std::chrono::hours{24},
                             .clock_drift_bound = std::chrono::seconds{1}};
  scenario.controllers[1] = {.name = "regional",
                             .level = AuthorityLevel::region,
                             .domain = 1,
                             .site = 1,
                             .lease = std::chrono::hours{24},
                             .clock_drift_bound = std::chrono::seconds{1}};
  scenario.backbone.push_back({"hub - capital", 0, 1, 10e9, std::chrono::milliseconds{5}, 0});
  Scenario::Access access;
  access.name = "lte";
  access.kind = Scenario::AccessKind::lte;
  access.extra_delay = std::chrono::milliseconds{20};
  scenario.access.push_back(access);
  const std::uint32_t relays = std::max(1u, nodes / 100);
  for (std::uint32_t i = 0; i < relays; ++i) {
    const auto site = static_cast<std::uint32_t>(scenario.sites.size());
    scenario.sites.push_back({fmt::format("city-{}", i), {40.0 + 15.0 * i / relays, -5.0 + 0.37 * (i % 60)}});
    scenario.backbone.push_back({fmt::format("city-{}", i), site, 1, 1e9, std::chrono::milliseconds{4}, 0});
    Scenario::Relay relay;
    relay.name = fmt::format("relay-{}", i);
    relay.domain = 1;
    relay.site = site;
    scenario.relays.push_back(relay);
    Scenario::NodeGroup group;
    group.name = fmt::format("group-{}", i);
    group.domain = 1;
    group.count = nodes / relays;
    group.access = 0;
    group.near = {site};
    scenario.groups.push_back(group);
  }
  return scenario;
}

struct Figures {
  std::uint32_t nodes;
  double set_up_s;
  double heartbeats_per_s;
  double events_per_s;
  double judging_s;
  double limit_events_per_s;
  double ratio;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Figures measure(std::uint32_t nodes, std::uint64_t heartbeats) {
  const Instant horizon = at(std::chrono::seconds{30} * static_cast<std::int64_t>(heartbeats / nodes));
  const Scenario scenario = heartbeat_fleet(nodes, horizon);
  auto start = std::chrono::steady_clock::now();
  World world(scenario);
  world.begin({});
  const double set_up_s = seconds_since(start);
  start = std::chrono::steady_clock::now();
  world.go_on();
  const double taken_s = seconds_since(start);
  start = std::chrono::steady_clock::now();
  const Outcome outcome = world.judge();
  const double judging_s = seconds_since(start);
  const double events_per_s = static_cast<double>(outcome.events) / taken_s;
  const double limit = bench::bare_heap_events_per_second(nodes, outcome.events);
  return {nodes,
          set_up_s,
          static_cast<double>(outcome.heartbeats) / taken_s,
          events_per_s,
          judging_s,
          limit,
          events_per_s / limit};
}

// One simulation per process: SimGrid keeps one clock.
Figures measure_apart(std::uint32_t nodes, std::uint64_t heartbeats) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe to a measuring process");
  const pid_t child = fork();
  if (child == 0) {
    const Figures figures = measure(nodes, heartbeats);
    _exit(write(ends[1], &figures, sizeof figures) == sizeof figures ? 0 : 1);
  }
  close(ends[1]);
  Figures figures{};
  const bool whole = read(ends[0], &figures, sizeof figures) == sizeof figures;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!whole) throw std::runtime_error("a measuring process failed");
  return figures;
}

// Of several rounds the one in the middle: the machine does other things too.
Figures measure_often(std::uint32_t nodes, std::uint64_t heartbeats) {
  std::array<Figures, 5> rounds;
  for (Figures& round : rounds) round = measure_apart(nodes, heartbeats);
  std::sort(rounds.begin(), rounds.end(),
            [](const Figures& a, const Figures& b) { return a.ratio < b.ratio; });
  return rounds[rounds.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc > 1 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "ibcf_bench: no option \"{}\"; there is --json\n", argv[1]);
    return 2;
  }
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  if (!json)
    fmt::print("{:>8}  {:>8}  {:>14}  {:>12}  {:>9}  {:>16}  {:>6}\n", "nodes", "set-up s", "heartbeats/s",
               "events/s", "judging s", "bare heap ev/s", "ratio");
  std::fflush(stdout);
  for (const std::uint32_t nodes : {1000u, 10000u}) {
    const Figures figures = measure_often(nodes, 1'000'000);
    if (json)
      rows.push_back({{"nodes", figures.nodes},
                      {"set_up_s", std::round(figures.set_up_s * 1000) / 1000},
                      {"heartbeats_per_s", std::round(figures.heartbeats_per_s)},
                      {"events_per_s", std::round(figures.events_per_s)},
                      {"judging_s", std::round(figures.judging_s * 1000) / 1000},
                      {"bare_heap_events_per_s", std::round(figures.limit_events_per_s)},
                      {"ratio", std::round(figures.ratio * 1000) / 1000}});
    else
      fmt::print("{:>8}  {:>8.3f}  {:>14.0f}  {:>12.0f}  {:>9.3f}  {:>16.0f}  {:>6.3f}\n", figures.nodes,
                 figures.set_up_s, figures.heartbeats_per_s, figures.events_per_s, figures.judging_s,
                 figures.limit_events_per_s, figures.ratio);
    std::fflush(stdout);  // or the next process would print it again
  }
  if (json)
    fmt::print("{}\n", nlohmann::ordered_json{{"heartbeats", rows}}.dump(2));
  else
    fmt::print(
        "Medians by ratio of 5 rounds. Timed is the run; set-up (keys, links, enrolment) and judging "
        "apart.\n");
}
