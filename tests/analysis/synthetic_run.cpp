#include "synthetic_run.hpp"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t earth_domain = 0;
constexpr std::uint32_t europe_domain = 1;
constexpr std::uint32_t asia_domain = 2;
constexpr std::uint32_t global_master = 0;
constexpr std::uint32_t europe_master = 1;
constexpr std::uint32_t asia_master = 2;
const std::vector<std::string> master_names = {"global", "europe-1", "asia-1"};
const std::vector<std::string> domain_names = {"earth", "europe", "asia"};

template <class Of>
Id<Of> id_of(const std::string& name, std::uint64_t number = 0) {
  return derive_id<Of>("synthetic", 7, name, number);
}

struct Planned {
  Instant at;
  std::uint32_t master = 0;
  Event event;
};

class Script {
 public:
  explicit Script(const SyntheticRun& run) : run_(run) {}

  std::vector<Planned> write() {
    grant(global_master, earth_domain, global_master, AuthorityLevel::global, 1, at(0s), GrantReason::initial,
          {});
    grant(global_master, europe_domain, europe_master, AuthorityLevel::region, 1, at(0s),
          GrantReason::initial, 15min);
    grant(global_master, asia_domain, asia_master, AuthorityLevel::region, 1, at(0s), GrantReason::initial,
          15min);
    for (auto t = at(5min); t <= at(5h); t += 5min) {
      if (t <= at(1h))
        grant(global_master, europe_domain, europe_master, AuthorityLevel::region, 1, t, GrantReason::renewal,
              15min);
      grant(global_master, asia_domain, asia_master, AuthorityLevel::region, 1, t, GrantReason::renewal,
            15min);
    }
    grant(global_master, europe_domain, global_master, AuthorityLevel::global, 2, at(70min),
          GrantReason::expiry, {});
    grant(global_master, europe_domain, europe_master, AuthorityLevel::region, 3, at(4h),
          GrantReason::handover, 2h);
    for (std::uint32_t node = 0; node < run_.europe + run_.asia; ++node) live(node);
    for (std::uint32_t node = 0; node < run_.europe; ++node) cut_off(node);
    for (auto t = at(5min); t <= at(5h); t += 5min) beats(t);
    commands();
    rollout();
    std::stable_sort(planned_.begin(), planned_.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return std::move(planned_);
  }

  static NodeId node_id(std::uint32_t node) { return id_of<NodeTag>("node", node); }
  [[nodiscard]] bool is_european(std::uint32_t node) const { return node < run_.europe; }

 private:
  template <class Payload>
  void tell(std::uint32_t master, Instant at, EventType type, AnyId subject, const Payload& payload,
            AnyId origin = {}, Instant occurred = {}) {
    Event event;
    event.origin = origin.is_nil() ? any(id_of<MasterTag>(master_names[master])) : origin;
    event.seq = ++seq_[event.origin];
    event.type = type;
    event.subject = subject;
    event.occurred = occurred == Instant{} ? at : occurred;
    event.payload = encode(payload);
    planned_.push_back({at, master, event});
  }

  void grant(std::uint32_t by, std::uint32_t domain, std::uint32_t holder, AuthorityLevel level,
             std::uint64_t epoch, Instant when, GrantReason reason, Duration lease) {
    const auto scope = id_of<DomainTag>(domain_names[domain]);
    tell(by, when, EventType::authority_granted, any(scope),
         AuthorityGranted{{scope, level, id_of<MasterTag>(master_names[holder]), master_names[holder], epoch,
                           when, lease, reason}});
  }

  [[nodiscard]] std::uint32_t master_of(std::uint32_t node) const {
    return is_european(node) ? europe_master : asia_master;
  }

  void step(std::uint32_t node, Instant when, EventType type, const std::string& arrow) {
    tell(master_of(node), when, type, any(node_id(node)),
         LifecycleStep{arrow, ConnectivityMode::live, Health::ok, ""});
  }

  void live(std::uint32_t node) {
    NodeRegistered registered;
    registered.name = "node-" + std::to_string(node);
    registered.domain_id = id_of<DomainTag>(domain_names[is_european(node) ? europe_domain : asia_domain]);
    registered.ordinal = node;
    tell(master_of(node), at(1s), EventType::node_registered, any(node_id(node)), registered);
    tell(master_of(node), at(2s), EventType::node_enrolled, any(node_id(node)), NodeEnrolled{"S2", {}});
    step(node, at(3s), EventType::node_activated, "S3");
    step(node, at(4s) + node * 1s, EventType::conn_classified, "S4");
  }

  void cut_off(std::uint32_t node) {
    step(node, at(1h + 90s) + node * 2s, EventType::conn_lost, "A5");
    const auto back = at(3h + 5s) + node * 20s;
    step(node, back, EventType::conn_detected, "S11");
    tell(europe_master, back + 1s, EventType::replay_granted, any(node_id(node)),
         ReplayGranted{"S12", node + 1, node + 1, 1, {0, 0, 0, 10}, {0, 0, 0, 110}, 64'000});
    for (std::uint64_t chunk = 0; chunk < 10; ++chunk)
      tell(europe_master, back + 2s + (chunk + 1) * (1s + node * 100ms), EventType::replay_chunk_acked,
           any(node_id(node)),
           ReplayChunkAcked{"A43", node + 1, StreamClass::history, 11 + 10 * chunk, 20 + 10 * chunk, 6'400});
    const bool is_last = node + 1 == run_.europe;
    ReplayVerdict verdict;
    verdict.arrow = is_last ? "S14" : "S13";
    verdict.session = node + 1;
    verdict.kind = is_last ? VerdictKind::violation : VerdictKind::clean;
    tell(europe_master, back + 20s + node * 1s, EventType::replay_verdict, any(node_id(node)), verdict);
  }

  void beats(Instant until) {
    HeartbeatBatch batch;
    batch.from = until - 5min;
    batch.until = until;
    for (std::uint32_t node = 0; node < run_.europe + run_.asia; ++node) {
      if (is_european(node) && until > at(1h + 5min) && until <= at(3h)) continue;
      batch.ordinal.push_back(node);
      batch.beats.push_back(10);
      batch.last_seen_ms.push_back(290'000);
      batch.rtt_us.push_back(20'000);
      batch.head.push_back(100);
      batch.backlog_events.push_back(is_european(node) ? 0 : node % 3);
      batch.backlog_bytes.push_back(is_european(node) ? 0 : node % 3 * 600);
      batch.mode.push_back(ConnectivityMode::live);
      batch.health.push_back(Health::ok);
    }
    tell(asia_master, until, EventType::heartbeat_batch, any(id_of<MasterTag>("asia-1")), batch);
  }

  void command(std::uint64_t number, std::uint32_t node, std::uint64_t epoch, std::uint32_t by,
               Instant issued, Instant done, Instant known, CommandState state, std::uint64_t seen) {
    Command command;
    command.id = id_of<CommandTag>("command", number);
    command.node_id = node_id(node);
    command.scope = id_of<DomainTag>(is_european(node) ? "europe" : "asia");
    command.epoch = epoch;
    command.issued_ts = issued;
    tell(by, issued, EventType::command_issued, any(node_id(node)), CommandIssued{command});
    tell(master_of(node), known, EventType::command_result, any(node_id(node)),
         CommandResult{command.id, state, epoch, seen, {}, ""}, any(node_id(node)), done);
    tell(by, known, EventType::command_moved, any(command.id), CommandMoved{command.id, state, ""});
  }

  void commands() {
    for (std::uint32_t i = 0; i < run_.asia; ++i)
      command(i, run_.europe + i, 1, asia_master, at(30min), at(30min + 1s), at(30min + 2s) + i * 100ms,
              CommandState::applied, 1);
    // The cut-off master goes on for a while: its node has not heard of epoch 2.
    command(100, 0, 1, europe_master, at(75min), at(76min), at(76min), CommandState::applied, 1);
    command(101, 1, 2, global_master, at(90min), at(4h + 1min), at(4h + 1min), CommandState::fenced, 3);
  }

  void rollout() {
    PolicyBundle bundle;
    bundle.id = id_of<BundleTag>("sensor-config");
    bundle.name = "sensor-config";
    bundle.version = "2.1.0";
    const auto scope = id_of<DomainTag>("earth");
    const auto all = run_.europe + run_.asia;
    tell(global_master, at(2h), EventType::bundle_published, any(bundle.id), BundlePublished{bundle});
    tell(global_master, at(2h), EventType::rollout_started, any(bundle.id),
         RolloutStarted{bundle.id, scope, all, 3, {}, {}, 0.9, {}});
    tell(global_master, at(2h), EventType::rollout_advanced, any(bundle.id),
         RolloutAdvanced{bundle.id, scope, 0, 0, 0, run_.europe, run_.asia});
    tell(global_master, at(2h + 10min), EventType::rollout_advanced, any(bundle.id),
         RolloutAdvanced{bundle.id, scope, 1, run_.asia - 1, 1, run_.europe, 0});
    tell(global_master, at(3h + 20min), EventType::rollout_advanced, any(bundle.id),
         RolloutAdvanced{bundle.id, scope, 2, all - 2, 1, 1, 0});
  }

  const SyntheticRun& run_;
  std::vector<Planned> planned_;
  std::map<AnyId, std::uint64_t> seq_;
};

void put_tables(RunFolder& folder, const SyntheticRun& run) {
  for (std::uint32_t i = 0; i < domain_names.size(); ++i)
    folder.add_domain(i, id_of<DomainTag>(domain_names[i]), domain_names[i],
                      i == 0 ? whole_fleet : earth_domain);
  const std::vector<std::string> sites = {"new-york", "frankfurt", "tokyo"};
  for (std::uint32_t i = 0; i < master_names.size(); ++i)
    folder.add_master(i, id_of<MasterTag>(master_names[i]), master_names[i],
                      i == 0 ? AuthorityLevel::global : AuthorityLevel::region, i, sites[i]);
  folder.add_relay(0, id_of<RelayTag>("relay-paris"), "relay-paris", europe_domain, "paris");
  for (std::uint32_t node = 0; node < run.europe + run.asia; ++node)
    folder.add_node(node, Script::node_id(node), "node-" + std::to_string(node),
                    node < run.europe ? europe_domain : asia_domain, "sensors", "fibre",
                    node < run.europe ? 0 : whole_fleet, 48.8, 2.3);
  folder.add_fault("europe cut off", "isolate_domain", at(1h), at(3h));
  folder.add_link(0, "paris - frankfurt", "backbone", "paris", "frankfurt", 1e6);
  folder.add_link(1, "frankfurt - new-york", "backbone", "frankfurt", "new-york", 2e6);
  folder.add_link(2, "tokyo - new-york", "backbone", "tokyo", "new-york", 2e6);
  folder.add_link(3, "node-0 up", "access_up", "node-0", "paris", 1e5);
  for (auto t = at(1min); t <= at(5h); t += 1min) {
    const bool cut = t > at(1h) && t <= at(3h);
    const bool storm = t > at(3h) && t <= at(3h + 12min);
    folder.add_link_use(t, 0, storm ? 7'000'000 : 300'000, 1min);
    folder.add_link_use(t, 1, cut ? 0 : storm ? 9'000'000 : 500'000, 1min);
    folder.add_link_use(t, 2, 450'000, 1min);
    folder.add_sample(t, "backlog_events", europe_domain,
                      cut ? static_cast<double>((t - at(1h)) / 1min) * 20 : 0);
    folder.add_sample(t, "backlog_events", whole_fleet,
                      cut ? static_cast<double>((t - at(1h)) / 1min) * 20 : 12);
    folder.add_sample(t, "nodes_in_contact", whole_fleet, cut ? run.asia : run.europe + run.asia);
  }
  for (std::uint32_t link = 0; link < 3; ++link) folder.add_link_total(link, 1000, 990, 10, 100'000'000);
  const std::vector<std::pair<std::string, bool>> places = {{"frankfurt", true}, {"madrid", true},
                                                            {"paris", true},     {"new-york", false},
                                                            {"osaka", false},    {"tokyo", false}};
  for (const auto& [place, is_european] : places) {
    folder.add_reach(at(0s), at(1h), place, 0);
    folder.add_reach(at(1h), at(2h), place, is_european ? 0 : 3);
    folder.add_reach(at(2h), at(3h), place, is_european ? 0 : 3);
    folder.add_reach(at(3h), at(5h), place, 0);
  }
}

}  // namespace

RunFacts facts_of(const std::string& scenario) {
  RunFacts facts;
  facts.scenario = scenario;
  facts.scenario_hash = std::string(64, 'a');
  facts.seed = 7;
  facts.version = "0.1.0";
  facts.compiler = "GNU";
  facts.build_type = "Release";
  facts.network = "hybrid";
  facts.horizon = 5h;
  facts.resolved_scenario = "{}\n";
  return facts;
}

RunOutcome write_synthetic(const std::filesystem::path& path, const SyntheticRun& run) {
  RunFacts facts = facts_of(run.scenario);
  facts.pictures = run.pictures;
  RunFolder folder(path, facts);
  if (run.with_tables) put_tables(folder, run);
  std::vector<std::uint64_t> positions(master_names.size());
  const auto planned = Script(run).write();
  for (const auto& [when, master, event] : planned) {
    const Bytes packed = encode(event);
    folder.add_event(master, positions[master]++, when, packed, event);
    // Regions tell global, and it stores the same event later.
    if (master != global_master)
      folder.add_event(global_master, positions[global_master]++, when + 3s, packed, event);
  }
  RunResult result;
  result.event_hash = std::string(64, 'b');
  result.verdict = "expectation_failed";
  result.exit_code = 1;
  result.events_per_second = 12345;
  result.expectations = {
      {"nodes_in_contact", "europe", at(2h), "at most", 0, 0, true, "the cut <must> be complete & \"clean\"",
       "x.json:41:17"},
      {"replays_not_clean", "", never, "is", 0, 1, false, "nobody tampered", "x.json:45:5"}};
  result.metrics = {{"replays_clean", "", run.europe - 1.0, "verdicts given as clean"}};
  return folder.finish(result);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "ibcf-analysis-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string text_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return (std::ostringstream() << in.rdbuf()).str();
}

}  // namespace ibcf::analysis
