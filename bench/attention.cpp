#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>

#include "controlplane/attention_queue.hpp"
#include "controlplane/fleet_query.hpp"
#include "controlplane/memory_store.hpp"
#include "model/payloads.hpp"

/// How long the attention queue and the drift map of a large fleet take: everything anew, the update after
/// one node in a hundred changed, and the questions. Figures of one machine and moment: read the ratios.
namespace {

using namespace ibcf;

constexpr std::uint32_t nodes = 100'000;
constexpr std::uint32_t domains = 100;
constexpr std::uint32_t relays = 1'000;
constexpr std::uint32_t objects = 10;

// Of processor time: one thread that waits for nothing, on a machine that others use too.
template <class Work>
double milliseconds(Work&& work) {
  const std::clock_t start = std::clock();
  work();
  return 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()))) - 1];
}

DomainId domain_of(std::uint32_t number) {
  return derive_id<DomainTag>("bench", 1, "domain", number);
}
NodeId node_of(std::uint32_t number) {
  return derive_id<NodeTag>("bench", 1, "node", number);
}

/// A critical object of every tenth node is not as desired; a relay and its nodes are lost.
class Fleet {
 public:
  Projections views;
  AttentionQueue queue;

  Fleet()
      : views(tree(), [this](const Digest& digest) { return std::optional(bodies_.at(text_of(digest))); }),
        queue(views) {
    const BundleId bundle = derive_id<BundleTag>("bench", 1, "bundle");
    PolicyBundle desired;
    desired.id = bundle;
    Snapshot good;
    for (std::uint32_t i = 0; i < objects; ++i)
      good.objects["object/" + std::to_string(i)] = exact_value("value " + std::to_string(i));
    for (const auto& [name, value] : good.objects) desired.objects[name].value = value;
    desired.objects.begin()->second.critical = true;
    Snapshot bad = good;
    bad.objects.begin()->second.text = "other";
    bodies_of_ = {keep(good), keep(bad)};
    write(master_, EventType::bundle_published, any(bundle), BundlePublished{desired});
    write(master_, EventType::desired_set, any(domain_of(0)), DesiredSet{domain_of(0), bundle, 1, {}});
    for (std::uint32_t i = 0; i < nodes; ++i) enrol(i);
    beat(0, nodes);
    for (std::uint32_t i = 0; i < nodes; ++i) observe(i, i % 10 == 0);
    for (std::uint32_t i = 0; i < nodes; i += relays)
      step(i, "A5", EventType::conn_lost);  // all nodes of relay 0
  }

  void step(std::uint32_t node, const char* arrow, EventType type) {
    write(master_, type, any(node_of(node)), LifecycleStep{arrow, ConnectivityMode::live, Health::ok, ""});
  }
  void observe(std::uint32_t node, bool drifts) {
    Observation observation;
    observation.kind = ObservationKind::snapshot;
    observation.body = bodies_of_[drifts ? 1 : 0];
    write(any(node_of(node)), EventType::observation_recorded, any(node_of(node)), observation);
  }
  void beat(std::uint32_t first, std::uint32_t count) {
    HeartbeatBatch batch;
    batch.from = at(std::chrono::seconds{++now_});
    batch.until = batch.from;
    for (std::uint32_t i = first; i < first + count; ++i) batch.ordinal.push_back(i);
    batch.beats.assign(count, 1);
    batch.last_seen_ms.assign(count, 0);
    batch.rtt_us.assign(count, 1000);
    batch.head.assign(count, 1);
    batch.backlog_events.assign(count, 0);
    batch.backlog_bytes.assign(count, 0);
    batch.mode.assign(count, ConnectivityMode::live);
    batch.health.assign(count, Health::ok);
    write(master_, EventType::heartbeat_batch, any(domain_of(0)), batch);
  }

 private:
  static std::vector<Domain> tree() {
    std::vector<Domain> tree{{domain_of(0), "fleet", {}}};
    for (std::uint32_t i = 1; i < domains; ++i)
      tree.push_back({domain_of(i), "domain", domain_of((i - 1) / 10)});
    return tree;
  }
  Digest keep(const Snapshot& snapshot) {
    Bytes body = encode(snapshot);
    const Digest digest = digest_of(body);
    bodies_[text_of(digest)] = std::move(body);
    return digest;
  }
  void enrol(std::uint32_t i) {
    NodeRegistered registered;
    registered.name = "node-" + std::to_string(i);
    registered.domain_id = domain_of(i % domains);
    registered.relay = "relay-" + std::to_string(i % relays);
    registered.ordinal = i;
    write(master_, EventType::node_registered, any(node_of(i)), registered);
    write(master_, EventType::node_enrolled, any(node_of(i)), NodeEnrolled{"S2", {}});
    step(i, "S3", EventType::node_activated);
    step(i, "S4", EventType::conn_classified);
  }
  template <class Payload>
  void write(AnyId origin, EventType type, AnyId subject, const Payload& payload) {
    Event event;
    event.origin = origin;
    event.seq = ++seqs_[origin];
    event.type = type;
    event.subject = subject;
    event.hlc = ++hlc_ << 16;
    event.occurred = at(std::chrono::seconds{now_});
    event.payload = encode(payload);
    views.apply(Stored{hlc_, event.occurred, {}}, event);
    queue.note(event);
  }

  AnyId master_ = any(derive_id<MasterTag>("bench", 1, "master"));
  std::unordered_map<std::string, Bytes> bodies_;
  std::vector<Digest> bodies_of_;
  std::unordered_map<AnyId, std::uint64_t> seqs_;
  std::uint64_t hlc_ = 0;
  std::int64_t now_ = 0;
};

struct Row {
  const char* what;
  double ms;
};

std::vector<Row> measure() {
  Fleet fleet;
  std::vector<Row> rows;
  rows.push_back({"all nodes anew", milliseconds([&] { fleet.queue.evaluate(); })});
  rows.push_back({"nothing changed", milliseconds([&] { fleet.queue.evaluate(); })});
  std::vector<double> updates, tops, tops_of_domain, maps, summaries, all_domains;
  const FleetQuery ask(fleet.views);
  for (std::uint32_t round = 0; round < 100; ++round) {
    // One node in a hundred reports; every tenth of those changed its state.
    const std::uint32_t first = round * (nodes / 100);
    fleet.beat(first, nodes / 100);
    for (std::uint32_t i = first; i < first + nodes / 100; i += 10) fleet.observe(i, i % 20 == 0);
    updates.push_back(milliseconds([&] { fleet.queue.evaluate(); }));
    std::size_t found = 0;
    tops.push_back(milliseconds([&] { found += fleet.queue.top(20).size(); }));
    tops_of_domain.push_back(milliseconds([&] { found += fleet.queue.top(20, domain_of(1)).size(); }));
    maps.push_back(milliseconds([&] { found += fleet.views.drift().by_domain().size(); }));
    summaries.push_back(milliseconds([&] { found += ask.summary().nodes; }));
    all_domains.push_back(milliseconds([&] { found += ask.by_domain().size(); }));
    if (found < 40 + 2 * domains + nodes)
      throw std::runtime_error("the bench's fleet has less trouble than it was given");
  }
  rows.push_back({"1 % of the nodes changed, p99", percentile(updates, 0.99)});
  rows.push_back({"top 20 of the fleet, p99", percentile(tops, 0.99)});
  rows.push_back({"top 20 of a domain, p99", percentile(tops_of_domain, 0.99)});
  rows.push_back({"drift of all domains, p99", percentile(maps, 0.99)});
  rows.push_back({"all views of the fleet, p99", percentile(summaries, 0.99)});
  rows.push_back({"all views by domain, p99", percentile(all_domains, 0.99)});
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc > 1 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "ibcf_bench_attention: no option \"{}\"; there is --json\n", argv[1]);
    return 2;
  }
  const auto rows = measure();
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  if (!json) fmt::print("attention over {} nodes, {} domains, {} relays\n", nodes, domains, relays);
  for (const Row& row : rows) {
    list.push_back({{"what", row.what}, {"ms", std::round(row.ms * 1000) / 1000}});
    if (!json)
      fmt::print("  {:<32} {:>9.3f} ms  {:>7.4f} of all anew\n", row.what, row.ms, row.ms / rows[0].ms);
  }
  if (json) fmt::print("{}\n", nlohmann::ordered_json{{"attention", list}}.dump(2));
}
