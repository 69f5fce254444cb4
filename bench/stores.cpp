#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/sqlite_store.hpp"
#include "controlplane/lifecycle.hpp"
#include "controlplane/memory_store.hpp"
#include "controlplane/projections.hpp"
#include "model/payloads.hpp"

/// How fast a log takes events and views are rebuilt from it, each against what no store can beat in the same
/// run: a plain file with fdatasync of the same bytes, a bare scan of the same bytes. Figures of one machine
/// and moment: read the ratio.
namespace {

using namespace ibcf;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t nodes = 2000;
constexpr std::size_t batch_events = 1000;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A log in the mix of a run of two hours with two thousand nodes: two thirds observations, a fifth steps of
/// lives, commands, and a heartbeat batch for every 250 events.
class Script {
 public:
  std::vector<Bytes> packed;

  explicit Script(std::size_t events) {
    for (std::uint32_t i = 0; i < nodes; ++i) enlist(i);
    for (std::uint32_t turn = 0; packed.size() < events; ++turn) {
      const std::uint32_t node = turn * 7 % nodes;
      if (turn % 250 == 0)
        beat(turn);
      else if (turn % 25 == 0)
        command(node);
      else if (turn % 5 == 0)
        step(node, states_[node].mode == ConnectivityMode::live ? EventType::conn_rtt_high
                                                                : EventType::conn_rtt_ok);
      else
        observe(node);
    }
  }

 private:
  static NodeId node_id(std::uint32_t node) { return derive_id<NodeTag>("bench", 1, "node", node); }

  void enlist(std::uint32_t node) {
    ids_.push_back(node_id(node));
    NodeRegistered facts;
    facts.name = "node-" + std::to_string(node);
    facts.tags = {"edge"};
    facts.access = "lte";
    facts.relay = "relay-1";
    facts.site = "berlin";
    facts.serial = "SN-0815";
    facts.ordinal = node;
    write(master_, EventType::node_registered, any(ids_[node]), facts);
    states_.push_back(evolve({}, *find_arrow("S1"), {}));
    step(node, EventType::node_enrolled);
    step(node, EventType::node_activated);
    step(node, EventType::conn_classified);
  }
  void step(std::uint32_t node, EventType trigger) {
    const Arrow* arrow = find_arrow(states_[node], trigger, {});
    if (arrow == nullptr) throw std::runtime_error("the bench asks for a step that the table has not");
    states_[node] = evolve(states_[node], *arrow, {});
    if (trigger == EventType::node_enrolled)
      write(master_, trigger, any(ids_[node]), NodeEnrolled{std::string(arrow->id), Bytes(32, 1)});
    else
      write(master_, trigger, any(ids_[node]),
            LifecycleStep{std::string(arrow->id), ConnectivityMode::live, Health::ok, "measured"});
  }
  void observe(std::uint32_t node) {
    Observation observation;
    observation.node_id = ids_[node];
    observation.kind = ObservationKind::event;
    observation.reported_version = "1.4.2";
    observation.health = Health::ok;
    write(any(ids_[node]), EventType::observation_recorded, any(ids_[node]), observation);
  }
  void command(std::uint32_t node) {
    const auto id = derive_id<CommandTag>("bench", 1, "command", packed.size());
    write(master_, EventType::command_moved, any(ids_[node]), CommandMoved{id, CommandState::sent, ""});
  }
  void beat(std::uint32_t turn) {
    HeartbeatBatch batch;
    batch.from = at(std::chrono::seconds{turn});
    batch.until = batch.from + std::chrono::minutes{5};
    for (std::uint32_t i = 0; i < 340; ++i) {
      batch.ordinal.push_back((turn + i) % nodes);
      batch.beats.push_back(10);
      batch.last_seen_ms.push_back(1000 + i);
      batch.rtt_us.push_back(40'000);
      batch.head.push_back(turn);
      batch.backlog_events.push_back(0);
      batch.backlog_bytes.push_back(0);
      batch.mode.push_back(ConnectivityMode::live);
      batch.health.push_back(Health::ok);
    }
    write(master_, EventType::heartbeat_batch, master_, batch);
  }
  template <class Payload>
  void write(AnyId origin, EventType type, AnyId subject, const Payload& payload) {
    Event event;
    event.origin = origin;
    event.seq = ++seqs_[origin];
    event.type = type;
    event.subject = subject;
    event.occurred = at(std::chrono::milliseconds{packed.size()});
    event.hlc = packed.size() << 16;
    event.payload = encode(payload);
    packed.push_back(encode(event));
  }

  AnyId master_ = any(derive_id<MasterTag>("bench", 1, "master"));
  std::vector<NodeId> ids_;
  std::vector<LifecycleState> states_;
  std::unordered_map<AnyId, std::uint64_t> seqs_;
};

struct Row {
  std::string what;
  double events_per_s;
  double limit_events_per_s;  ///< 0: there is none to compare with
};

/// Appends everything in batches; seconds.
double append_all(EventStore& store, const std::vector<ByteView>& events) {
  const auto start = Clock::now();
  for (std::size_t first = 0; first < events.size(); first += batch_events) {
    const auto batch = std::span(events).subspan(first, std::min(batch_events, events.size() - first));
    if (store.append(store.size(), at(std::chrono::milliseconds{first}), batch) != AppendResult::appended)
      throw std::runtime_error("an append was refused");
  }
  return seconds_since(start);
}

/// The same bytes, a batch a write, onto the disk before the next; seconds.
double write_all(const std::filesystem::path& file, const std::vector<ByteView>& events) {
  const int out = open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (out < 0) throw std::runtime_error("no file to compare with");
  Bytes batch;
  const auto start = Clock::now();
  for (std::size_t first = 0; first < events.size(); first += batch_events) {
    batch.clear();
    for (std::size_t i = first; i < std::min(first + batch_events, events.size()); ++i)
      batch.insert(batch.end(), events[i].begin(), events[i].end());
    if (write(out, batch.data(), batch.size()) != static_cast<ssize_t>(batch.size()) || fdatasync(out) != 0)
      throw std::runtime_error("the file to compare with cannot be written");
  }
  const double taken = seconds_since(start);
  close(out);
  return taken;
}

/// Every byte of every entry, eight at a time; seconds.
double scan_all(const EventStore& store) {
  std::uint64_t sum = 0;
  const auto start = Clock::now();
  (void)store.scan(0, [&](const Stored& stored) {
    for (std::size_t i = 0; i + 8 <= stored.packed.size(); i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, stored.packed.data() + i, 8);
      sum += word;
    }
    return true;
  });
  // The compiler must not find out that nobody reads the sum.
  volatile std::uint64_t read_by_nobody = sum;
  (void)read_by_nobody;
  return seconds_since(start);
}

double rebuild_all(const EventStore& store) {
  Projections views({});
  const auto start = Clock::now();
  (void)views.catch_up(store);
  if (views.unreadable() > 0 || views.lifecycle().misfits() > 0)
    throw std::runtime_error("the bench's log is not what projections read");
  return seconds_since(start);
}

std::vector<Row> measure() {
  const Script script(300'000);
  const std::vector<ByteView> events(script.packed.begin(), script.packed.end());
  const auto per_s = [&](double seconds) { return static_cast<double>(events.size()) / seconds; };
  const auto folder = std::filesystem::current_path() / fmt::format(".ibcf-bench-{}", getpid());
  std::filesystem::create_directories(folder);
  std::vector<Row> rows;
  MemoryStore memory;
  rows.push_back({"append, memory", per_s(append_all(memory, events)), 0});
  // In turns, so that both meet the same moods of the disk.
  double durable = 0, plain = 0;
  for (int round = 0; round < 3; ++round) {
    const auto file = folder / fmt::format("log-{}.db", round);
    analysis::SqliteStore store(file, analysis::SqliteStore::Open::create);
    durable += append_all(store, events);
    plain += write_all(folder / "plain", events);
  }
  rows.push_back({"append, durable, batches of 1000", 3 * per_s(durable), 3 * per_s(plain)});
  const auto start = Clock::now();
  { const analysis::SqliteStore store(folder / "log-0.db", analysis::SqliteStore::Open::own); }
  rows.push_back({"open and verify, durable", per_s(seconds_since(start)), 0});
  rows.push_back({"rebuild of all projections", per_s(rebuild_all(memory)), per_s(scan_all(memory))});
  std::filesystem::remove_all(folder);
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc > 1 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "ibcf_bench_stores: no option \"{}\"; there is --json\n", argv[1]);
    return 2;
  }
  const auto rows = measure();
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  if (!json) fmt::print("{:<34}  {:>12}  {:>12}  {:>6}\n", "", "events/s", "limit", "ratio");
  for (const Row& row : rows) {
    const double ratio = row.limit_events_per_s > 0 ? row.events_per_s / row.limit_events_per_s : 0;
    nlohmann::ordered_json one{{"what", row.what}, {"events_per_s", std::round(row.events_per_s)}};
    if (ratio > 0) {
      one["limit_events_per_s"] = std::round(row.limit_events_per_s);
      one["ratio"] = std::round(ratio * 1000) / 1000;
    }
    list.push_back(one);
    if (json) continue;
    if (ratio > 0)
      fmt::print("{:<34}  {:>12.0f}  {:>12.0f}  {:>6.3f}\n", row.what, row.events_per_s,
                 row.limit_events_per_s, ratio);
    else
      fmt::print("{:<34}  {:>12.0f}\n", row.what, row.events_per_s);
  }
  if (json) fmt::print("{}\n", nlohmann::ordered_json{{"stores", list}}.dump(2));
}
