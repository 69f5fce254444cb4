#include "scenario_build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "data_file.hpp"
#include "graphml.hpp"
#include "scenario_reader.hpp"
#include "trace_csv.hpp"

namespace ibcf::sim {
namespace {

class ScenarioBuilder : ScenarioReader {
 public:
  ScenarioBuilder(Json& filled, const PlacedJson& document, ProblemList& problems)
      : ScenarioReader(document, problems), root_(&filled, "") {}

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
    read_supply_chain(root_["supply_chain"], names_, s_, document_, problems_);
    read_events(root_, names_, s_, document_, problems_);
    return std::move(built_);
  }

 private:
  void engine(const Spot& spot) {
    s_.seed = spot["seed"].whole<std::uint64_t>();
    s_.tie_seed = spot["tie_seed"].whole<std::uint64_t>();
    s_.horizon = spot["horizon"].instant();
    s_.network = spot["network"].text() == "flow" ? NetworkMode::flow : NetworkMode::hybrid;
    s_.sample_every = spot["sample_every"].duration();
  }

  void domains(const Spot& spot) {
    for (const Spot& domain : spot.items()) s_.domains.push_back({new_name(domain, names_.domains), none});
    const auto items = spot.items();
    for (std::size_t i = 0; i < items.size(); ++i)
      s_.domains[i].parent = reference(items[i]["parent"], names_.domains);
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

  void topology(const Spot& spot) {
    for (const Spot& site : spot["sites"].items())
      s_.sites.push_back({new_name(site, names_.sites), {site["lat"].number(), site["lon"].number()}});
    const Spot backbone = spot["backbone"];
    if (!backbone.is_there()) names_.links.miss_some();
    if (backbone["graphml"].is_there()) import_backbone(backbone);
    for (const Spot& link : backbone.items()) links(link);
    for (const Spot& relays : spot["relays"].items()) read_relays(relays);
    for (const Spot& access : spot["access"].items()) s_.access.push_back(read_access(access));
  }

  void links(const Spot& spot) {
    const std::uint32_t from = reference(spot["from"], names_.sites);
    for (const Spot& end : spot["to"].items()) {
      const std::uint32_t to = reference(end, names_.sites);
      if (from == none || to == none) {
        names_.links.miss_some();
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
    for (int i = 2; names_.links.find(link.name) != none || names_.links_back.find(link.name) != none; ++i)
      link.name = fmt::format("{} ({})", name, i);
    names_.links.add(link.name);
    names_.links_back.add(back + link.name.substr(name.size()));
    s_.backbone.push_back(std::move(link));
  }

  void import_backbone(const Spot& spot) {
    const Spot file = spot["graphml"];
    const auto text = read_data(file, "a GraphML file");
    const auto topology = text ? read_graphml(*text, beside(file.text()), problems_) : ImportedTopology{};
    if (topology.vertices.empty()) {
      names_.sites.miss_some();
      names_.links.miss_some();
    }
    std::vector<std::uint32_t> sites;
    for (const auto& vertex : topology.vertices) {
      sites.push_back(static_cast<std::uint32_t>(s_.sites.size()));
      if (!names_.sites.add(vertex.name)) taken(file.path(), vertex.name, names_.sites);
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
    const std::uint32_t domain = reference(spot["domain"], names_.domains);
    for (const Spot& place : spot["sites"].items()) {
      const std::uint32_t site = reference(place, names_.sites);
      if (site == none || domain == none) {
        names_.relays.miss_some();
        continue;
      }
      std::string name = "relay-" + s_.sites[site].name;
      if (names_.relays.find(name) != none) name += "-" + s_.domains[domain].name;
      if (!names_.relays.add(name))
        report(place.path(), "has a relay of this domain already; must be named once");
      s_.relays.push_back({name, domain, site, spot["queue"].bytes()});
    }
  }

  Scenario::Access read_access(const Spot& spot) {
    Scenario::Access access;
    access.name = new_name(spot, names_.access);
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
      group.domain = reference(item["domain"], names_.domains);
      group.count = item["count"].whole<std::uint32_t>();
      group.kind = item["kind"].word(NodeKind::edge);
      for (const Spot& tag : item["tags"].items()) group.tags.push_back(tag.text());
      group.access = reference(item["access"], names_.access);
      group.spread_m = item["spread"].amount(Unit::length);
      group.battery_pct = item["battery_pct"].whole<std::uint8_t>();
      near(item, group);
      s_.groups.push_back(std::move(group));
    }
  }

  void near(const Spot& spot, Scenario::NodeGroup& group) {
    for (const Spot& site : spot["near"].items())
      if (const auto index = reference(site, names_.sites); index != none) group.near.push_back(index);
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
      master.name = new_name(item, names_.controllers);
      master.level = item["level"].word(AuthorityLevel::region);
      master.domain = reference(item["domain"], names_.domains);
      master.site = reference(item["site"], names_.sites);
      master.lease = item["lease"].duration();
      master.clock_drift_bound = item["clock_drift_bound"].duration();
      master.replay_sessions = item["replay_sessions"].whole<std::uint32_t>();
      master.replay_credit_bytes = static_cast<std::uint32_t>(item["replay_credit"].bytes());
      master.chunk_bytes = static_cast<std::uint32_t>(item["chunk"].bytes());
      s_.controllers.push_back(std::move(master));
    }
  }

  Spot root_;
  BuiltScenario built_;
  Scenario& s_ = built_.scenario;
  ScenarioNames names_;
  bool cut_ = false;
};

}  // namespace

BuiltScenario build_scenario(Json& filled, const PlacedJson& document, ProblemList& problems) {
  return ScenarioBuilder(filled, document, problems).build();
}

}  // namespace ibcf::sim
