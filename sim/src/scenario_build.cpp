#include "scenario_build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>

#include "controlplane/maintenance_window.hpp"
#include "data_file.hpp"
#include "graphml.hpp"
#include "model/check.hpp"
#include "scenario_spot.hpp"
#include "scenario_units.hpp"
#include "trace_csv.hpp"

namespace ibcf::sim {
namespace {

/// The names of one sort of thing, by index.
class Names {
 public:
  explicit Names(const char* sort) : sort_(sort) {}

  /// False: the name is taken.
  bool add(const std::string& name) {
    const auto index = static_cast<std::uint32_t>(names_.size());
    names_.push_back(name);
    return index_.emplace(name, index).second;
  }
  [[nodiscard]] std::uint32_t find(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? none : found->second;
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return names_; }
  [[nodiscard]] const char* sort() const { return sort_; }
  /// Some of these things could not be read, so an unknown name may be one of theirs.
  void miss_some() { misses_some_ = true; }
  [[nodiscard]] bool misses_some() const { return misses_some_; }

 private:
  const char* sort_;
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> index_;
  bool misses_some_ = false;
};

class ScenarioBuilder {
 public:
  ScenarioBuilder(Json& filled, const PlacedJson& document, ProblemList& problems)
      : root_(&filled, ""), document_(document), problems_(problems) {}

  BuiltScenario build() {
    s_.name = root_["name"].text();
    s_.story = root_["story"].text();
    s_.file = problems_.file();
    engine(root_["engine"]);
    domains(root_["fleet"]["domains"]);
    topology(root_["topology"]);
    groups(root_["fleet"]["groups"]);
    behaviour(root_["fleet"]["behaviour"]);
    controllers(root_["controllers"]);
    workload(root_["workload"]);
    for (const Spot& fault : root_["faults"].items()) s_.faults.push_back(read_fault(fault));
    for (const Spot& expectation : root_["expect"].items())
      s_.expect.push_back(read_expectation(expectation));
    return std::move(built_);
  }

 private:
  void report(const std::string& path, std::string what) {
    const Mark mark = document_.mark_of(path);
    problems_.add(mark.line, mark.column, path, std::move(what));
  }

  std::string new_name(const Spot& spot, Names& names) {
    const std::string name = spot["name"].text();
    if (!spot["name"].is_there()) names.miss_some();
    if (!names.add(name) && spot["name"].is_there()) taken(spot["name"].path(), name, names);
    return name;
  }

  void taken(const std::string& path, const std::string& name, const Names& names) {
    report(path, fmt::format("names a second {} \"{}\"; each must have a name of its own", names.sort(),
                             shown_text(name)));
  }

  std::uint32_t reference(const Spot& spot, const Names& names) {
    const std::string name = spot.text();
    const std::uint32_t index = names.find(name);
    if (index == none && spot.is_there() && !names.misses_some())
      report(spot.path(), fmt::format("names no {}: there is no \"{}\"{}", names.sort(), shown_text(name),
                                      suggestion(name, names.all())));
    return index;
  }

  void engine(const Spot& spot) {
    s_.seed = spot["seed"].whole<std::uint64_t>();
    s_.tie_seed = spot["tie_seed"].whole<std::uint64_t>();
    s_.horizon = spot["horizon"].instant();
    s_.network = spot["network"].text() == "flow" ? NetworkMode::flow : NetworkMode::hybrid;
    s_.sample_every = spot["sample_every"].duration();
  }

  void domains(const Spot& spot) {
    for (const Spot& domain : spot.items()) s_.domains.push_back({new_name(domain, domains_), none});
    const auto items = spot.items();
    for (std::size_t i = 0; i < items.size(); ++i)
      s_.domains[i].parent = reference(items[i]["parent"], domains_);
    cycles(spot);
    root(spot);
  }

  // A cycle is told once, at the first of its domains, and then cut, so that whoever walks upwards arrives.
  void cycles(const Spot& spot) {
    std::vector<bool> safe(s_.domains.size(), false);
    for (std::uint32_t start = 0; start < s_.domains.size(); ++start) {
      std::vector<std::uint32_t> path;
      std::uint32_t domain = start;
      while (domain != none && !safe[domain] && std::find(path.begin(), path.end(), domain) == path.end()) {
        path.push_back(domain);
        domain = s_.domains[domain].parent;
      }
      if (const auto again = std::find(path.begin(), path.end(), domain);
          domain != none && again != path.end())
        cut_cycle(spot, {again, path.end()});
      for (const std::uint32_t walked : path) safe[walked] = true;
    }
  }

  void cut_cycle(const Spot& spot, const std::vector<std::uint32_t>& cycle) {
    const std::uint32_t first = *std::min_element(cycle.begin(), cycle.end());
    const auto start = std::find(cycle.begin(), cycle.end(), first) - cycle.begin();
    std::string chain;
    for (std::size_t i = 0; i <= cycle.size(); ++i)
      chain += (i == 0 ? "" : " < ") +
               shown_text(s_.domains[cycle[(static_cast<std::size_t>(start) + i) % cycle.size()]].name);
    report(fmt::format("{}/{}/parent", spot.path(), first),
           fmt::format("closes a cycle of domains ({}); must lead to a root, which has no parent", chain));
    s_.domains[first].parent = none;
    cut_ = true;
  }

  void root(const Spot& spot) {
    std::vector<std::size_t> roots;
    const auto items = spot.items();
    for (std::size_t i = 0; i < items.size(); ++i)
      if (s_.domains[i].parent == none && !document_knows(items[i]["parent"].path())) roots.push_back(i);
    for (std::size_t i = 1; i < roots.size() && !cut_; ++i)
      report(items[roots[i]].path(), fmt::format("is a second root beside \"{}\"; must have a parent",
                                                 shown_text(s_.domains[roots.front()].name)));
  }

  [[nodiscard]] bool document_knows(const std::string& path) const {
    return document_.value.contains(Json::json_pointer(path));
  }

  void topology(const Spot& spot) {
    for (const Spot& site : spot["sites"].items())
      s_.sites.push_back({new_name(site, sites_), {site["lat"].number(), site["lon"].number()}});
    const Spot backbone = spot["backbone"];
    if (!backbone.is_there()) links_.miss_some();
    if (backbone["graphml"].is_there()) import_backbone(backbone);
    for (const Spot& link : backbone.items()) links(link);
    for (const Spot& relays : spot["relays"].items()) read_relays(relays);
    for (const Spot& access : spot["access"].items()) s_.access.push_back(read_access(access));
  }

  void links(const Spot& spot) {
    const std::uint32_t from = reference(spot["from"], sites_);
    for (const Spot& end : spot["to"].items()) {
      const std::uint32_t to = reference(end, sites_);
      if (from == none || to == none) {
        links_.miss_some();
        continue;
      }
      if (from == to) {
        report(end.path(), "is the site the link starts from; must be another");
        continue;
      }
      Duration delay = spot["delay"].duration();
      if (!spot["delay"].is_there()) delay = fibre_delay(s_.sites[from].place, s_.sites[to].place);
      lay({"", from, to, spot["bandwidth"].amount(Unit::rate), delay, spot["loss"].number()});
    }
  }

  // Parallel links are told apart by a number, so that a fault can name one.
  void lay(Scenario::Backbone link) {
    const auto name = fmt::format("{} - {}", s_.sites[link.from].name, s_.sites[link.to].name);
    const auto back = fmt::format("{} - {}", s_.sites[link.to].name, s_.sites[link.from].name);
    link.name = name;
    for (int i = 2; links_.find(link.name) != none || links_back_.find(link.name) != none; ++i)
      link.name = fmt::format("{} ({})", name, i);
    links_.add(link.name);
    links_back_.add(back + link.name.substr(name.size()));
    s_.backbone.push_back(std::move(link));
  }

  void import_backbone(const Spot& spot) {
    const Spot file = spot["graphml"];
    const auto text = read_data(file, "a GraphML file");
    const auto topology = text ? read_graphml(*text, beside(file.text()), problems_) : ImportedTopology{};
    if (topology.vertices.empty()) {
      sites_.miss_some();
      links_.miss_some();
    }
    std::vector<std::uint32_t> sites;
    for (const auto& vertex : topology.vertices) {
      sites.push_back(static_cast<std::uint32_t>(s_.sites.size()));
      if (!sites_.add(vertex.name)) taken(file.path(), vertex.name, sites_);
      s_.sites.push_back({vertex.name, vertex.place});
    }
    for (const auto& edge : topology.edges) {
      const auto delay = fibre_delay(topology.vertices[edge.from].place, topology.vertices[edge.to].place);
      lay({"", sites[edge.from], sites[edge.to],
           edge.bandwidth_bps.value_or(spot["bandwidth"].amount(Unit::rate)), delay, spot["loss"].number()});
    }
  }

  [[nodiscard]] std::string beside(const std::string& file) const {
    return (std::filesystem::path(problems_.file()).parent_path() / file).lexically_normal().string();
  }

  std::optional<std::string> read_data(const Spot& spot, const char* wanted) {
    std::string why;
    const std::string file = beside(spot.text());
    auto bytes = read_file(file, why);
    if (bytes) {
      built_.data.push_back(*bytes);
      if (is_xz(*bytes)) bytes = unpack_xz(*bytes, why);
    }
    if (!bytes)
      report(spot.path(),
             fmt::format("names {} that {} (looked for {}, for paths start at the scenario's folder)", wanted,
                         why, shown_path(file)));
    return bytes;
  }

  // A path is shown whole: its end tells most.
  [[nodiscard]] static std::string shown_path(const std::string& file) {
    return file.size() > 300 ? shown_text(file) : file;
  }

  void read_relays(const Spot& spot) {
    const std::uint32_t domain = reference(spot["domain"], domains_);
    for (const Spot& place : spot["sites"].items()) {
      const std::uint32_t site = reference(place, sites_);
      if (site == none || domain == none) {
        relays_.miss_some();
        continue;
      }
      std::string name = "relay-" + s_.sites[site].name;
      if (relays_.find(name) != none) name += "-" + s_.domains[domain].name;
      if (!relays_.add(name)) report(place.path(), "has a relay of this domain already; must be named once");
      s_.relays.push_back({name, domain, site, spot["queue"].bytes()});
    }
  }

  Scenario::Access read_access(const Spot& spot) {
    Scenario::Access access;
    access.name = new_name(spot, access_);
    access.kind = kind_of(spot["kind"].text());
    access.down_bps = spot["down"].amount(Unit::rate);
    access.up_bps = spot["up"].amount(Unit::rate);
    access.loss = spot["loss"].number();
    access.extra_delay = spot["extra_delay"].duration();
    access.queue_bytes = spot["queue"].bytes();
    access.satellite_longitude_deg = spot["satellite"].amount(Unit::angle);
    if (access.kind == Scenario::AccessKind::leo) access.shell = read_shell(spot["shell"]);
    if (access.kind == Scenario::AccessKind::trace) read_trace(spot, access);
    return access;
  }

  static Scenario::AccessKind kind_of(const std::string& kind) {
    using enum Scenario::AccessKind;
    return kind == "lte" ? lte : kind == "geo" ? geo : kind == "leo" ? leo : kind == "trace" ? trace : fibre;
  }

  WalkerShell read_shell(const Spot& spot) {
    WalkerShell shell;
    shell.inclination_deg = spot["inclination"].amount(Unit::angle);
    shell.altitude_m = spot["altitude"].amount(Unit::length);
    shell.satellites = spot["satellites"].whole<std::uint32_t>();
    shell.planes = spot["planes"].whole<std::uint32_t>();
    shell.phasing = spot["phasing"].whole<std::uint32_t>();
    shell.min_elevation_deg = spot["min_elevation"].amount(Unit::angle);
    if (shell.satellites == 0 || shell.planes == 0) return shell;
    if (shell.satellites % shell.planes != 0)
      report(spot["satellites"].path(),
             fmt::format("must be a multiple of planes ({}), is {}", shell.planes, shell.satellites));
    if (shell.phasing >= shell.planes)
      report(spot["phasing"].path(),
             fmt::format("must be below planes ({}), is {}", shell.planes, shell.phasing));
    return shell;
  }

  void read_trace(const Spot& spot, Scenario::Access& access) {
    access.bandwidth_floor_bps = spot["bandwidth_floor"].amount(Unit::rate);
    access.down_bps = access.bandwidth_floor_bps;
    access.up_bps = access.bandwidth_floor_bps;
    if (!spot["file"].is_there()) return;
    const auto text = read_data(spot["file"], "a trace");
    if (!text) return;
    const Spot columns = spot["columns"];
    const TraceColumns wanted{columns["round_trip_ms"].text(), columns["loss"].text(),
                              columns["down_bps"].text(),      columns["up_bps"].text(),
                              columns["state"].text(),         spot["connected"].text(),
                              access.bandwidth_floor_bps};
    access.trace = std::make_shared<const LinkTrace>(
        read_trace_csv(*text, beside(spot["file"].text()), wanted, problems_));
  }

  void groups(const Spot& spot) {
    Names names("group");
    for (const Spot& item : spot.items()) {
      Scenario::NodeGroup group;
      group.name = new_name(item, names);
      group.domain = reference(item["domain"], domains_);
      group.count = item["count"].whole<std::uint32_t>();
      group.kind = item["kind"].word(NodeKind::edge);
      for (const Spot& tag : item["tags"].items()) group.tags.push_back(tag.text());
      group.access = reference(item["access"], access_);
      group.spread_m = item["spread"].amount(Unit::length);
      group.battery_pct = item["battery_pct"].whole<std::uint8_t>();
      near(item, group);
      s_.groups.push_back(std::move(group));
    }
  }

  void near(const Spot& spot, Scenario::NodeGroup& group) {
    for (const Spot& site : spot["near"].items())
      if (const auto index = reference(site, sites_); index != none) group.near.push_back(index);
    if (spot["near"].is_there()) return;
    Json names = Json::array();
    // Of the domain, or of the nearest one above it that has any: those whose relays its nodes use.
    for (std::uint32_t domain = group.domain; domain != none && names.empty();
         domain = s_.domains[domain].parent) {
      for (const Scenario::Relay& relay : s_.relays) {
        if (relay.domain != domain) continue;
        group.near.push_back(relay.site);
        names.push_back(s_.sites[relay.site].name);
      }
    }
    spot.set("near", std::move(names));
  }

  void behaviour(const Spot& spot) {
    Scenario::Behaviour& b = s_.behaviour;
    b.heartbeat = spot["heartbeat"].duration();
    b.missed_heartbeats = spot["missed_heartbeats"].whole<std::uint32_t>();
    b.snapshot = spot["snapshot"].duration();
    b.snapshot_body_bytes = static_cast<std::uint32_t>(spot["snapshot_body"].bytes());
    b.autonomy = spot["autonomy"].duration();
    b.buffer_bytes = spot["buffer"].bytes();
    b.rtt_delayed_above = spot["rtt_delayed_above"].duration();
    b.rtt_live_below = spot["rtt_live_below"].duration();
    b.dwell = spot["dwell"].duration();
    b.sync_cached_above = spot["sync_cached_above"].duration();
    b.sync_delayed_below = spot["sync_delayed_below"].duration();
    b.gap_events = spot["gap_events"].whole<std::uint32_t>();
    b.flush = spot["flush"].duration();
    b.commands_take = spot["commands_take"].duration();
    b.commands_fail = spot["commands_fail"].number();
  }

  void controllers(const Spot& spot) {
    for (const Spot& item : spot.items()) {
      Scenario::Controller master;
      master.name = new_name(item, controllers_);
      master.level = item["level"].word(AuthorityLevel::region);
      master.domain = reference(item["domain"], domains_);
      master.site = reference(item["site"], sites_);
      master.lease = item["lease"].duration();
      master.clock_drift_bound = item["clock_drift_bound"].duration();
      master.replay_sessions = item["replay_sessions"].whole<std::uint32_t>();
      master.replay_credit_bytes = static_cast<std::uint32_t>(item["replay_credit"].bytes());
      master.chunk_bytes = static_cast<std::uint32_t>(item["chunk"].bytes());
      s_.controllers.push_back(std::move(master));
    }
  }

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
      s_.handovers.push_back(
          {item["at"].instant(), reference(item["domain"], domains_), reference(item["to"], controllers_)});
  }

  Scenario::CommandLoad read_command(const Spot& spot, Names& names) {
    Scenario::CommandLoad load;
    load.name = new_name(spot, names);
    load.domain = reference(spot["domain"], domains_);
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
    return load;
  }

  Scenario::Rollout read_rollout(const Spot& spot) {
    Scenario::Rollout rollout;
    rollout.bundle = spot["bundle"].text();
    rollout.version = spot["version"].text();
    rollout.config = spot["config"].texts();
    for (const Spot& item : spot["objects"].items()) read_object(item, rollout);
    rollout.at = spot["at"].instant();
    rollout.domain = reference(spot["domain"], domains_);
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

  void read_object(const Spot& spot, Scenario::Rollout& rollout) {
    const std::string name = spot["object"].text();
    if (rollout.config.contains(name) || rollout.objects.contains(name))
      report(spot["object"].path(), fmt::format("\"{}\" is in the bundle already", name));
    rollout.objects[name] = {.value = read_value(spot),
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

  static std::uint32_t read_nodes(const Spot& spot) {
    return spot.text() == "all" ? none : spot.whole<std::uint32_t>();
  }

  Scenario::Edit read_edit(const Spot& spot, Names& names) {
    Scenario::Edit edit;
    edit.name = new_name(spot, names);
    edit.domain = reference(spot["domain"], domains_);
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
    plan.domain = reference(spot["domain"], domains_);
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
    if (kind == "poison") fault.kind = Scenario::FaultKind::poison;
    fault.target = fault.kind == Scenario::FaultKind::cut_link        ? link(spot[key])
                   : fault.kind == Scenario::FaultKind::cut_site      ? reference(spot[key], sites_)
                   : fault.kind == Scenario::FaultKind::restart_relay ? reference(spot[key], relays_)
                                                                      : reference(spot[key], domains_);
    fault.nodes = read_nodes(spot["nodes"]);
    fault.events = spot["events"].whole<std::uint32_t>();
    fault.name = spot["name"].is_there() ? spot["name"].text() : fmt::format("{} {}", kind, spot[key].text());
    spot.set("name", fault.name);
    fault.at = spot["at"].instant();
    if (spot["until"].is_there()) fault.until = spot["until"].instant();
    return fault;
  }

  std::uint32_t link(const Spot& spot) {
    const std::uint32_t back = links_back_.find(spot.text());
    return back != none ? back : reference(spot, links_);
  }

  Scenario::Expectation read_expectation(const Spot& spot) {
    using Compare = Scenario::Expectation::Compare;
    Scenario::Expectation expectation;
    expectation.metric = spot["metric"].text();
    expectation.domain = reference(spot["domain"], domains_);
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
    const Mark mark = document_.mark_of(spot.path());
    expectation.place = fmt::format("{}:{}:{}", problems_.file(), mark.line, mark.column);
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

  Spot root_;
  const PlacedJson& document_;
  ProblemList& problems_;
  BuiltScenario built_;
  Scenario& s_ = built_.scenario;
  Names domains_{"domain"};
  Names sites_{"site"};
  Names relays_{"relay"};
  Names access_{"access"};
  Names controllers_{"controller"};
  Names links_{"backbone link"};
  Names links_back_{"backbone link"};
  bool cut_ = false;
};

}  // namespace

BuiltScenario build_scenario(Json& filled, const PlacedJson& document, ProblemList& problems) {
  return ScenarioBuilder(filled, document, problems).build();
}

}  // namespace ibcf::sim
