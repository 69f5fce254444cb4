#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "controlplane/maintenance_window.hpp"
#include "scenario_reader.hpp"

/// What happens in a scenario, and what must come out.
namespace ibcf::sim {
namespace {

class EventReader : ScenarioReader {
 public:
  EventReader(ScenarioNames& names, Scenario& scenario, const PlacedJson& document, ProblemList& problems)
      : ScenarioReader(document, problems), names_(names), s_(scenario) {}

  void read(const Spot& root) {
    workload(root["workload"]);
    for (const Spot& fault : root["faults"].items()) s_.faults.push_back(read_fault(fault));
    for (const Spot& expectation : root["expect"].items()) s_.expect.push_back(read_expectation(expectation));
  }

 private:
  void workload(const Spot& spot) {
    Names names("command load");
    for (const Spot& item : spot["commands"].items()) s_.commands.push_back(read_command(item, names));
    for (const Spot& item : spot["rollouts"].items()) s_.rollouts.push_back(read_rollout(item));
    Names edits("edit");
    for (const Spot& item : spot["edits"].items()) s_.edits.push_back(read_edit(item, edits));
    Names plans("contact plan");
    for (const Spot& item : spot["contact_plans"].items())
      s_.contact_plans.push_back(read_contact_plan(item, plans));
    for (const Spot& item : spot["handovers"].items())
      s_.handovers.push_back({item["at"].instant(), reference(item["domain"], names_.domains),
                              reference(item["to"], names_.controllers)});
    for (const Spot& item : spot["successors"].items())
      s_.successors.push_back({item["at"].instant(), reference(item["domain"], names_.domains),
                               reference(item["to"], names_.controllers)});
    for (const Spot& item : spot["break_glass"].items())
      s_.break_glass.push_back({item["at"].instant(), reference(item["domain"], names_.domains),
                                reference(item["by"], names_.controllers), item["reason"].text()});
    for (const Spot& item : spot["declarations"].items()) s_.declarations.push_back(read_declaration(item));
    for (const Spot& item : spot["settlements"].items())
      s_.settlements.push_back({item["at"].instant(), reference(item["domain"], names_.domains),
                                reference(item["by"], names_.controllers)});
  }

  Scenario::CommandLoad read_command(const Spot& spot, Names& names) {
    Scenario::CommandLoad load;
    load.name = new_name(spot, names);
    load.domain = reference(spot["domain"], names_.domains);
    load.kind = spot["kind"].word(CommandKind::restart_service);
    load.from = spot["from"].instant();
    load.until = spot["until"].is_there() ? spot["until"].instant() : s_.horizon;
    spot.set("until", ibcf::text_of(load.until.time_since_epoch()));
    load.every = spot["every"].duration();
    load.nodes = read_nodes(spot["nodes"]);
    load.valid_for = spot["valid_for"].duration();
    load.delivery = spot["delivery"].word(DeliverySemantics::at_least_once);
    load.coalesce_key = spot["coalesce_key"].text();
    load.cancel_after = spot["cancel_after"].duration();
    installs(spot, load);
    return load;
  }

  void installs(const Spot& spot, Scenario::CommandLoad& load) {
    const bool is_install = load.kind == CommandKind::install_artifact;
    load.artifact = reference(spot["artifact"], names_.artifacts);
    if (is_install && !spot["artifact"].is_there())
      report(spot["kind"].path(), "must come with \"artifact\", which names what is to be installed");
    if (!is_install && spot["kind"].is_there() && spot["artifact"].is_there())
      report(spot["artifact"].path(), "must be left out: only INSTALL_ARTIFACT installs one");
  }

  Scenario::Rollout read_rollout(const Spot& spot) {
    Scenario::Rollout rollout;
    rollout.bundle = spot["bundle"].text();
    rollout.version = spot["version"].text();
    rollout.config = spot["config"].texts();
    for (const Spot& item : spot["objects"].items()) read_object(item, rollout.config, rollout.objects);
    for (const Spot& item : spot["artifacts"].items())
      rollout.artifacts.push_back(reference(item, names_.artifacts));
    rollout.at = spot["at"].instant();
    rollout.domain = reference(spot["domain"], names_.domains);
    for (const Spot& wave : spot["waves"].items()) rollout.waves.push_back(wave.number());
    rollout.wave_every = spot["wave_every"].duration();
    rollout.threshold = spot["threshold"].number();
    rollout.rolls_back = spot["rolls_back"].number();
    const Spot constraints = spot["constraints"];
    rollout.constraints = {constraints["maintenance_window"].text(), constraints["requires_online"].flag(),
                           constraints["min_battery_pct"].number()};
    const Spot window = constraints["maintenance_window"];
    if (const auto [parsed, problem] = MaintenanceWindow::parse(window.text()); !parsed)
      report(window.path(), problem);
    waves(spot["waves"]);
    return rollout;
  }

  Scenario::Declaration read_declaration(const Spot& spot) {
    Scenario::Declaration declared;
    declared.at = spot["at"].instant();
    declared.domain = reference(spot["domain"], names_.domains);
    declared.by = reference(spot["by"], names_.controllers);
    declared.bundle = spot["bundle"].text();
    declared.version = spot["version"].text();
    declared.config = spot["config"].texts();
    for (const Spot& item : spot["objects"].items()) read_object(item, declared.config, declared.objects);
    const auto is_it = [&](const auto& other) {
      return other.bundle == declared.bundle && other.version == declared.version;
    };
    if (spot["version"].is_there() && (std::any_of(s_.rollouts.begin(), s_.rollouts.end(), is_it) ||
                                       std::any_of(s_.declarations.begin(), s_.declarations.end(), is_it)))
      report(spot["version"].path(),
             fmt::format("is a version of \"{}\" that there is already; must be one of its own",
                         shown_text(declared.bundle)));
    return declared;
  }

  void read_object(const Spot& spot, const std::map<std::string, std::string>& config,
                   std::map<std::string, DesiredObject>& objects) {
    const std::string name = spot["object"].text();
    if (config.contains(name) || objects.contains(name))
      report(spot["object"].path(), fmt::format("\"{}\" is in the bundle already", name));
    objects[name] = {.value = read_value(spot),
                     .tolerance = spot["tolerance"].number(),
                     .weight = spot["weight"].number(),
                     .critical = spot["critical"].flag(),
                     .policy = spot["policy"].word(ReconcilePolicy::epoch_wins),
                     .max_tries = spot["max_tries"].whole<std::uint32_t>()};
  }

  // The member that the kind names counts; the others are at their defaults in the resolved scenario too.
  static ObjectValue read_value(const Spot& spot) {
    ObjectValue value;
    value.kind = spot["kind"].word(ObjectKind::exact);
    if (value.kind == ObjectKind::number) {
      value.number = spot["number"].number();
    } else if (value.kind == ObjectKind::set) {
      std::set<std::string> items;
      for (const Spot& item : spot["set"].items()) items.insert(item.text());
      value.items = {items.begin(), items.end()};
    } else {
      value.text = spot["text"].text();
    }
    return value;
  }

  Scenario::Edit read_edit(const Spot& spot, Names& names) {
    Scenario::Edit edit;
    edit.name = new_name(spot, names);
    edit.domain = reference(spot["domain"], names_.domains);
    edit.object = spot["object"].text();
    edit.value = read_value(spot);
    edit.at = spot["at"].instant();
    edit.nodes = read_nodes(spot["nodes"]);
    edit.decided = spot["decided"].flag();
    return edit;
  }

  Scenario::PlannedContacts read_contact_plan(const Spot& spot, Names& names) {
    Scenario::PlannedContacts plan;
    plan.name = new_name(spot, names);
    plan.domain = reference(spot["domain"], names_.domains);
    plan.at = spot["at"].instant();
    if (spot["until"].is_there()) plan.until = spot["until"].instant();
    plan.every = spot["every"].duration();
    plan.open = spot["open"].duration();
    return plan;
  }

  void waves(const Spot& spot) {
    double before = 0;
    const auto items = spot.items();
    for (const Spot& wave : items) {
      if (!wave.is_there()) return;
      if (wave.number() <= before)
        report(wave.path(), fmt::format("must be above {}, for waves rise, is {}", before, wave.number()));
      before = wave.number();
    }
    if (!items.empty() && before < 1)
      report(items.back().path(),
             fmt::format("must be 1, for the last wave reaches every node, is {}", before));
  }

  Scenario::Fault read_fault(const Spot& spot) {
    Scenario::Fault fault;
    const std::string kind = spot["kind"].text();
    const char* key = "domain";
    if (kind == "isolate_domain") fault.kind = Scenario::FaultKind::isolate_domain;
    if (kind == "split_domain") fault.kind = Scenario::FaultKind::split_domain;
    if (kind == "cut_site") fault.kind = Scenario::FaultKind::cut_site, key = "site";
    if (kind == "cut_link") fault.kind = Scenario::FaultKind::cut_link, key = "link";
    if (kind == "restart_nodes") fault.kind = Scenario::FaultKind::restart_nodes;
    if (kind == "restart_relay") fault.kind = Scenario::FaultKind::restart_relay, key = "relay";
    if (kind == "restart_master") fault.kind = Scenario::FaultKind::restart_master, key = "master";
    if (kind == "lose_master") fault.kind = Scenario::FaultKind::lose_master, key = "master";
    if (kind == "poison") fault.kind = Scenario::FaultKind::poison;
    fault.target = target(spot[key], fault.kind);
    fault.nodes = read_nodes(spot["nodes"]);
    fault.events = spot["events"].whole<std::uint32_t>();
    fault.name = spot["name"].is_there() ? spot["name"].text() : fmt::format("{} {}", kind, spot[key].text());
    spot.set("name", fault.name);
    fault.at = spot["at"].instant();
    if (spot["until"].is_there()) fault.until = spot["until"].instant();
    adoption(spot, fault);
    return fault;
  }

  void adoption(const Spot& spot, Scenario::Fault& fault) {
    fault.adopt_by = reference(spot["adopt_by"], names_.controllers);
    if (spot["adopt_at"].is_there()) fault.adopt_at = spot["adopt_at"].instant();
    if (spot["adopt_by"].is_there() != spot["adopt_at"].is_there())
      report(spot.path(), "must have both \"adopt_by\" and \"adopt_at\", or neither");
    if (fault.adopt_by != none && fault.adopt_by == fault.target)
      report(spot["adopt_by"].path(), "is the master that is lost; must be another");
  }

  std::uint32_t target(const Spot& spot, Scenario::FaultKind kind) {
    switch (kind) {
      case Scenario::FaultKind::cut_link:
        return link(spot);
      case Scenario::FaultKind::cut_site:
        return reference(spot, names_.sites);
      case Scenario::FaultKind::restart_relay:
        return reference(spot, names_.relays);
      case Scenario::FaultKind::restart_master:
      case Scenario::FaultKind::lose_master:
        return reference(spot, names_.controllers);
      default:
        return reference(spot, names_.domains);
    }
  }

  std::uint32_t link(const Spot& spot) {
    const std::uint32_t back = names_.links_back.find(spot.text());
    return back != none ? back : reference(spot, names_.links);
  }

  Scenario::Expectation read_expectation(const Spot& spot) {
    using Compare = Scenario::Expectation::Compare;
    Scenario::Expectation expectation;
    expectation.metric = spot["metric"].text();
    expectation.domain = reference(spot["domain"], names_.domains);
    if (spot["at"].is_there()) expectation.at = spot["at"].instant();
    const auto compare = [&](const char* key, Compare how) {
      if (!spot[key].is_there()) return;
      expectation.compare = how;
      expectation.value = spot[key].number();
    };
    compare("is", Compare::is);
    compare("at_least", Compare::at_least);
    compare("at_most", Compare::at_most);
    expectation.why = spot["why"].text();
    expectation.place = place_of(spot.path());
    takes(spot, expectation);
    return expectation;
  }

  void takes(const Spot& spot, const Scenario::Expectation& expectation) {
    const auto& metrics = metric_names();
    const auto metric = std::find_if(metrics.begin(), metrics.end(), [&](const MetricName& known) {
      return known.name == expectation.metric;
    });
    if (metric == metrics.end()) return;
    if (spot["at"].is_there() && !metric->takes_time)
      report(spot["at"].path(),
             fmt::format("must be left out: {} is counted over the whole run", metric->name));
    if (spot["domain"].is_there() && !metric->takes_domain)
      report(spot["domain"].path(),
             fmt::format("must be left out: {} is counted over the whole fleet", metric->name));
  }

  ScenarioNames& names_;
  Scenario& s_;
};

}  // namespace

void read_events(const Spot& root, ScenarioNames& names, Scenario& scenario, const PlacedJson& document,
                 ProblemList& problems) {
  EventReader(names, scenario, document, problems).read(root);
}

}  // namespace ibcf::sim
