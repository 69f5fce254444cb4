#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "controlplane/attention_queue.hpp"
#include "model/check.hpp"
#include "world_state.hpp"

/// The independent judge: metrics for expectations, invariants, and what did not converge. It reads the
/// agents and the ledger, never what masters believe, except where the metric is about a master's own doing.
namespace ibcf::sim {
namespace {

constexpr std::size_t examples = 5;

bool compare(Scenario::Expectation::Compare how, double got, double wanted) {
  switch (how) {
    case Scenario::Expectation::Compare::is:
      return got == wanted;
    case Scenario::Expectation::Compare::at_least:
      return got >= wanted;
    case Scenario::Expectation::Compare::at_most:
      return got <= wanted;
  }
  return false;
}

// Of an instant, like the nodes in contact; else a count of what happened so far.
bool is_momentary(std::string_view metric) {
  for (const MetricName& known : metric_names())
    if (known.name == metric) return known.takes_time;
  return true;
}

bool is_lost(ConnectivityMode mode) {
  return mode == ConnectivityMode::autonomous || mode == ConnectivityMode::disconnected;
}

}  // namespace

double World::State::metric(std::string_view name, std::uint32_t domain, Instant at) const {
  const auto in = [&](std::uint32_t of) { return domain == none || layout.is_within(of, domain); };
  const auto count_nodes = [&](auto&& counts) {
    double sum = 0;
    for (std::uint32_t i = 0; i < agents.size(); ++i)
      if (in(layout.nodes[i].domain)) sum += static_cast<double>(counts(i));
    return sum;
  };
  const auto count_masters = [&](auto&& counts) {
    double sum = 0;
    for (std::uint32_t i = 0; i < masters.size(); ++i)
      // What a lost master knew nobody knows any more, but for what another one has taken over.
      if (in(scenario.controllers[i].domain) && master_gone[i] == 0)
        sum += static_cast<double>(counts(masters[i]));
    return sum;
  };
  const auto count_counts = [&](auto&& counts) {
    double sum = 0;
    for (std::uint32_t i = 0; i < masters.size(); ++i)
      if (in(scenario.controllers[i].domain)) sum += static_cast<double>(counts(counts_of(i)));
    return sum;
  };
  const auto count_executions = [&](auto&& counts) {
    double sum = 0;
    for (const Ledger::Execution& execution : ledger.executions())
      if (in(layout.nodes[execution.node].domain)) sum += counts(execution) ? 1 : 0;
    return sum;
  };
  const auto count_mode = [&](ConnectivityMode wanted) {
    return count_nodes([&](std::uint32_t i) { return mode[i] == wanted; });
  };

  if (name == "nodes_in_contact") return count_nodes([&](std::uint32_t i) { return is_in_contact(mode[i]); });
  if (name == "nodes_live") return count_mode(ConnectivityMode::live);
  if (name == "nodes_delayed") return count_mode(ConnectivityMode::delayed);
  if (name == "nodes_edge_cached") return count_mode(ConnectivityMode::edge_cached);
  if (name == "nodes_autonomous") return count_mode(ConnectivityMode::autonomous);
  if (name == "nodes_disconnected") return count_mode(ConnectivityMode::disconnected);
  if (name == "nodes_returning") return count_nodes([&](std::uint32_t i) { return is_coming_back(mode[i]); });
  if (name == "nodes_quarantined")
    return count_nodes([&](std::uint32_t i) {
      const NodeRecord* record = record_of(i);
      return record != nullptr && record->state.phase == Phase::quarantined;
    });
  if (name == "nodes_set_aside")
    return count_nodes([&](std::uint32_t i) {
      const NodeRecord* record = record_of(i);
      return record != nullptr && record->is_aside;
    });
  if (name == "artifacts_refused") return static_cast<double>(artifacts_refused);
  if (name == "bundles_refused") return static_cast<double>(bundles_refused);
  if (name == "installs_refused") return count_nodes([&](std::uint32_t i) { return installs_refused[i]; });
  if (name == "nodes_running_revoked") return count_nodes([&](std::uint32_t i) { return runs_revoked(i); });
  if (name == "artifact_quarantines")
    return count_nodes([&](std::uint32_t i) { return artifact_quarantines[i]; });
  if (name == "nodes_not_returned")
    return count_nodes([&](std::uint32_t i) { return ever_lost[i] && !is_in_contact(mode[i]); });
  if (name == "replays_clean") return count_counts([](const auto& counts) { return counts.verdicts_clean; });
  if (name == "replays_not_clean")
    return count_counts([](const auto& counts) { return counts.verdicts_not_clean; });
  if (name == "events_acknowledged")
    return count_nodes([&](std::uint32_t i) { return agents[i].log().acknowledged(); });
  if (name == "events_acknowledged_lost")
    return count_nodes([&](std::uint32_t i) { return ledger.missing(i, agents[i].log().marks()); });
  if (name == "events_stored_twice")
    return count_nodes([&](std::uint32_t i) { return ledger.stored_twice(i); });
  if (name == "events_forged") return count_nodes([&](std::uint32_t i) { return ledger.forged(i); });
  if (name == "commands_issued")
    return count_counts([](const auto& counts) { return counts.commands_issued; });
  if (name == "commands_applied") return count_executions([](const auto&) { return true; });
  if (name == "commands_applied_twice") return count_executions([](const auto& e) { return e.again; });
  if (name == "commands_fenced")
    return count_nodes([&](std::uint32_t i) { return agents[i].desk().count(CommandState::fenced); });
  if (name == "stale_executions")
    return count_executions([](const auto& e) { return e.epoch < e.max_epoch_seen; });
  if (name == "commands_held")
    return count_masters([](const auto& master) { return master.commands().counters().held; });
  if (name == "commands_failed")
    return count_nodes([&](std::uint32_t i) { return agents[i].desk().count(CommandState::failed); });
  if (name == "commands_cancelled")
    return count_masters([](const auto& master) {
      return master.commands().counters().entered[static_cast<std::size_t>(CommandState::cancelled)];
    });
  if (name == "commands_not_final")
    return count_masters([](const auto& master) {
      const CommandBook& book = master.commands();
      return std::count_if(book.records().begin(), book.records().end(),
                           [&](const auto& entry) { return book.is_final(entry.first) == false; });
    });
  if (name == "rollouts_halted")
    return count_masters([](const auto& master) {
      const auto all = master.rollouts().rollouts();
      return std::count_if(all.begin(), all.end(),
                           [](const Rollout* one) { return one->state == RolloutState::halted; });
    });
  if (name == "executions_in_replay")
    return count_executions([](const auto& e) { return is_coming_back(e.mode); });
  if (name == "applied_by_cut_off_master") {
    double sum = 0;
    for (const auto& fault : scenario.faults) {
      if (fault.kind != Scenario::FaultKind::isolate_domain ||
          (domain != none && !layout.is_within(fault.target, domain)))
        continue;
      const MasterId by = masters[layout.home_of_domain[fault.target]].identity().id;
      for (const Ledger::Execution& execution : ledger.executions())
        sum +=
            execution.issued_by == by && execution.issued >= fault.at && execution.at < fault.until ? 1 : 0;
    }
    return sum;
  }
  if (name == "rollout_applied")
    return count_nodes([&](std::uint32_t i) {
      const BundleId wanted = rolled_out[layout.nodes[i].domain];
      return !wanted.is_nil() && agents[i].bundle() == wanted;
    });
  if (name == "backlog_events")
    return count_nodes([&](std::uint32_t i) { return agents[i].backlog_events(); });
  if (name == "nodes_reconciled")
    return count_counts([](const auto& counts) { return counts.nodes_reconciled; });
  if (name == "objects_reconciled")
    return count_counts([](const auto& counts) { return counts.objects_reconciled; });
  if (name == "nodes_drifting")
    return count_nodes([&](std::uint32_t i) { return drift_of(i).out_of_spec > 0; });
  if (name == "nodes_drift_unknown")
    return count_nodes([&](std::uint32_t i) {
      const NodeDrift drift = drift_of(i);
      return !drift.desired.is_nil() && !drift.evaluated;
    });
  if (name == "drift_mean") {
    const double evaluated = count_nodes([&](std::uint32_t i) { return drift_of(i).evaluated; });
    return evaluated == 0 ? 0 : count_nodes([&](std::uint32_t i) { return drift_of(i).score; }) / evaluated;
  }
  if (name == "drift_max") {
    double highest = 0;
    for (std::uint32_t i = 0; i < agents.size(); ++i)
      if (in(layout.nodes[i].domain)) highest = std::max(highest, drift_of(i).score);
    return highest;
  }
  if (name == "attention_items") return attention_items(domain);
  if (name == "restarts") return count_nodes([&](std::uint32_t i) { return restarts[i]; });
  if (name == "desired_conflicts") return static_cast<double>(desired_conflicts);
  if (name == "desired_unsettled") {
    const AuthorityProjection& authority = masters[global_master].views().authority();
    double sum = 0;
    for (std::uint32_t i = 0; i < domain_ids.size(); ++i)
      if (in(i)) sum += static_cast<double>(authority.desired(domain_ids[i]).losers().size());
    return sum;
  }
  if (name == "nodes_adopted") return count_nodes([&](std::uint32_t i) { return adoptions[i] > 0; });
  if (name == "master_restarts") return static_cast<double>(master_restarts);
  if (name == "commands_redone") return count_executions([](const auto& e) { return e.redone; });
  if (name == "events_parked")
    return count_nodes([&](std::uint32_t i) {
      std::uint64_t events = 0;
      for (const auto& range : masters[layout.nodes[i].master].parked().of(agents[i].identity().id))
        events += range.last - range.first + 1;
      return events;
    });
  if (name == "two_holders") return static_cast<double>(checkers.two_holders());
  if (name == "unreachable_nodes")
    return count_nodes([&](std::uint32_t i) {
      const Layout::Node& node = layout.nodes[i];
      return !network.is_reachable(node.vertex, scenario.controllers[node.master].site);
    });
  check(false, "the loader lets only metrics of the list pass");
  (void)at;
  return 0;
}

const NodeRecord* World::State::record_of(std::uint32_t node) const {
  return masters[layout.nodes[node].master].find_node(agents[node].identity().id);
}

// As the node's own master sees it.
NodeDrift World::State::drift_of(std::uint32_t node) const {
  const auto drift = masters[layout.nodes[node].master].views().drift().find(agents[node].identity().id);
  check(drift.has_value(), "a node is registered in the log of its home master");
  return *drift;
}

double World::State::attention_items(std::uint32_t domain) const {
  if (domain == none) return static_cast<double>(masters[global_master].attention().size());
  const AttentionQueue& queue = masters[layout.home_of_domain[domain]].attention();
  return static_cast<double>(queue.top(queue.size(), domain_ids[domain]).size());
}

void World::State::check_expectation(std::size_t index, Instant at) {
  Checked& one = checked[index];
  const Scenario::Expectation& expectation = *one.expectation;
  one.evaluated = true;
  one.got = metric(expectation.metric, expectation.domain, at);
  one.pass = compare(expectation.compare, one.got, expectation.value);
}

// A count that is past its bound has failed, whatever would have come: counts only rise.
void World::State::check_what_is_decided() {
  for (std::size_t i = 0; i < checked.size(); ++i) {
    const Scenario::Expectation& expectation = *checked[i].expectation;
    if (checked[i].evaluated || expectation.compare == Scenario::Expectation::Compare::at_least) continue;
    if (is_momentary(expectation.metric)) continue;
    if (metric(expectation.metric, expectation.domain, now) > expectation.value) check_expectation(i, now);
  }
}

void World::State::judge(Instant end, Outcome& outcome) {
  now = end;
  if (observer != nullptr) {
    if (end > components_since)
      for (std::uint32_t i = 0; i < scenario.sites.size(); ++i)
        observer->reach(components_since, end, scenario.sites[i].name, components[i]);
    for (LinkIndex link = 0; link < network.link_count(); ++link)
      observer->link_total(link, network.count(link));
  }
  if (!checkers.have_found()) check_fleet(true, end);
  for (std::size_t i = 0; i < checked.size(); ++i)
    if (checked[i].expectation->at == never && !outcome.cut_short) check_expectation(i, end);
  if (outcome.cut_short) check_what_is_decided();
  outcome.expectations = checked;
  outcome.ended = end;
  outcome.event_hash = text_of(ledger.event_hash());
  outcome.events = calendar.popped();
  for (const MetricName& name : metric_names())
    outcome.metrics.emplace_back(name.name, metric(name.name, none, end));
  const auto total = [&](std::string_view name, auto&& of) {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < masters.size(); ++i) sum += of(counts_of(i));
    outcome.counters.emplace_back(name, sum);
    return sum;
  };
  outcome.heartbeats = total("heartbeats", [](const auto& c) { return c.heartbeats; });
  total("replays_granted", [](const auto& c) { return c.replays_granted; });
  total("replays_deferred", [](const auto& c) { return c.deferred; });
  total("sessions_lost", [](const auto& c) { return c.sessions_lost; });
  total("duplicates_dropped", [](const auto& c) { return c.duplicates; });
  total("messages_refused", [](const auto& c) { return c.refused; });
  std::uint64_t refused_by_nodes = 0;
  for (const Agent& agent : agents) refused_by_nodes += agent.refused();
  outcome.counters.emplace_back("messages_refused_by_nodes", refused_by_nodes);
  const auto relay_total = [&](std::string_view name, auto&& of) {
    std::uint64_t sum = 0;
    for (const RelayCore& relay : relays) sum += of(relay.counters());
    outcome.counters.emplace_back(name, sum);
  };
  relay_total("relay_stored", [](const auto& c) { return c.stored; });
  relay_total("relay_released", [](const auto& c) { return c.released; });
  relay_total("relay_shed", [](const auto& c) { return c.shed; });
  relay_total("relay_lost", [](const auto& c) { return c.lost; });
  outcome.counters.emplace_back("messages_to_the_down", sent_to_the_down);
  outcome.counters.emplace_back("orders_refused", orders_refused);
  outcome.counters.emplace_back("events_stored", ledger.distinct_events());
  outcome.counters.emplace_back("messages_lost", dropped_by_reason[0]);
  outcome.counters.emplace_back("messages_cut", dropped_by_reason[1]);
  outcome.counters.emplace_back("messages_no_room", dropped_by_reason[2]);
  outcome.counters.emplace_back("messages_no_route", dropped_by_reason[3]);

  outcome.violations = checkers.findings();
  if (!outcome.cut_short) find_waiting(end, outcome);
  const bool failed = std::any_of(outcome.expectations.begin(), outcome.expectations.end(),
                                  [](const Checked& one) { return one.evaluated && !one.pass; });
  outcome.verdict = !outcome.violations.empty() ? RunVerdict::unsafe
                    : !outcome.waiting.empty()  ? RunVerdict::stuck
                    : failed                    ? RunVerdict::expectation_failed
                                                : RunVerdict::pass;
}

// L-1: once faults are over for a while, whoever can be reached is back. What is not says what it waits for.
void World::State::find_waiting(Instant end, Outcome& outcome) const {
  constexpr Duration patience = std::chrono::minutes{30};
  Instant quiet{};
  for (const auto& fault : scenario.faults) {
    const bool is_poison = fault.kind == Scenario::FaultKind::poison;
    const bool is_loss = fault.kind == Scenario::FaultKind::lose_master;
    quiet = std::max(quiet, is_poison ? fault.at : is_loss ? fault.adopt_at : fault.until);
  }
  if (quiet == never || end - quiet < patience) return;  // not yet time to ask
  std::size_t left = 0;
  for (std::uint32_t i = 0; i < agents.size(); ++i) {
    const Layout::Node& node = layout.nodes[i];
    const bool stuck = (is_lost(mode[i]) || is_coming_back(mode[i])) && end - mode_since[i] >= patience;
    // A windowed node may have to wait for its passes.
    if (!stuck || agents[i].identity().windowed ||
        !network.is_reachable(node.vertex, scenario.controllers[node.master].site))
      continue;
    const NodeRecord* record = record_of(i);
    // Whom its master distrusts waits for an operator, as it should.
    const bool is_barred =
        record != nullptr &&
        (record->is_aside || (record->state.phase == Phase::quarantined && !record->may_return));
    if (is_barred) continue;
    if (++left > examples) continue;
    outcome.waiting.push_back(fmt::format(
        "{} is {} since {} and holds {} events; {} believes it {}{}", node.name, word_of(mode[i]),
        clock_text_of(mode_since[i]), agents[i].backlog_events(), masters[node.master].identity().name,
        record == nullptr ? "nobody of its own" : label_of(record->state),
        record != nullptr && record->lock ? fmt::format(", lock of session {}", record->lock->session)
                                          : ", no lock"));
  }
  if (left > examples) outcome.waiting.push_back(fmt::format("and {} more", left - examples));
}

}  // namespace ibcf::sim
