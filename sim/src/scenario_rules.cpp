#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "scenario_build.hpp"

namespace ibcf::sim {
namespace {

/// Reports problems at JSON pointers of a document.
class Reporter {
 public:
  Reporter(const PlacedJson& document, ProblemList& problems) : document_(document), problems_(problems) {}

  void operator()(const std::string& path, std::string what) const {
    const Mark mark = document_.mark_of(path);
    problems_.add(mark.line, mark.column, path, std::move(what));
  }

 private:
  const PlacedJson& document_;
  ProblemList& problems_;
};

std::string text_of_time(Instant instant) {
  return ibcf::text_of(instant.time_since_epoch());
}

class TimeRules {
 public:
  TimeRules(const Scenario& scenario, Reporter report) : s_(scenario), report_(report) {}

  void check() const {
    for (std::size_t i = 0; i < s_.commands.size(); ++i) {
      const auto path = fmt::format("/workload/commands/{}", i);
      starts(path + "/from", s_.commands[i].from);
      ordered(path + "/until", "from", s_.commands[i].from, s_.commands[i].until);
    }
    all_start("rollouts", s_.rollouts);
    all_start("edits", s_.edits);
    for (std::size_t i = 0; i < s_.contact_plans.size(); ++i) {
      const auto& plan = s_.contact_plans[i];
      const auto path = fmt::format("/workload/contact_plans/{}", i);
      starts(path + "/at", plan.at);
      ordered(path + "/until", "at", plan.at, plan.until);
      if (plan.open >= plan.every)
        report_(path + "/open", fmt::format("must be below every ({}), is \"{}\"", ibcf::text_of(plan.every),
                                            ibcf::text_of(plan.open)));
    }
    all_start("handovers", s_.handovers);
    all_start("successors", s_.successors);
    all_start("break_glass", s_.break_glass);
    all_start("declarations", s_.declarations);
    all_start("settlements", s_.settlements);
    artifacts();
    for (std::size_t i = 0; i < s_.faults.size(); ++i) {
      starts(fmt::format("/faults/{}/at", i), s_.faults[i].at);
      ordered(fmt::format("/faults/{}/until", i), "at", s_.faults[i].at, s_.faults[i].until);
      ordered(fmt::format("/faults/{}/adopt_at", i), "at", s_.faults[i].at, s_.faults[i].adopt_at);
    }
    for (std::size_t i = 0; i < s_.expect.size(); ++i)
      if (s_.expect[i].at != never && s_.expect[i].at > s_.horizon)
        report_(fmt::format("/expect/{}/at", i),
                fmt::format("must not be after the horizon ({}), is \"{}\"", text_of_time(s_.horizon),
                            text_of_time(s_.expect[i].at)));
    thresholds();
  }

 private:
  void starts(const std::string& path, Instant when) const {
    if (when >= s_.horizon)
      report_(path, fmt::format("must be before the horizon ({}), is \"{}\"", text_of_time(s_.horizon),
                                text_of_time(when)));
  }
  template <class Items>
  void all_start(const char* list, const Items& items) const {
    for (std::size_t i = 0; i < items.size(); ++i)
      starts(fmt::format("/workload/{}/{}/at", list, i), items[i].at);
  }
  void ordered(const std::string& path, const char* first, Instant from, Instant until) const {
    // A start after the horizon is told already, and a default end is no fault of anybody's.
    if (until > from || from >= s_.horizon) return;
    report_(path, fmt::format("must be after \"{}\" ({}), is \"{}\"", first, text_of_time(from),
                              text_of_time(until)));
  }
  void artifacts() const {
    for (std::size_t i = 0; i < s_.artifacts.size(); ++i)
      starts(fmt::format("/supply_chain/artifacts/{}/at", i), s_.artifacts[i].at);
    for (std::size_t i = 0; i < s_.revocations.size(); ++i) {
      const auto& revocation = s_.revocations[i];
      const auto path = fmt::format("/supply_chain/revocations/{}", i);
      starts(path + "/at", revocation.at);
      if (revocation.target == none) continue;
      if (!revocation.is_of_key)
        is_handed_in(path + "/at", revocation.target, revocation.at);
      else if (!s_.keys[revocation.target].trusted)
        report_(path + "/key", fmt::format("must be a trusted key; nobody trusts \"{}\" anyhow",
                                           s_.keys[revocation.target].name));
    }
    for (std::size_t i = 0; i < s_.rollouts.size(); ++i)
      for (const std::uint32_t artifact : s_.rollouts[i].artifacts)
        is_handed_in(fmt::format("/workload/rollouts/{}/at", i), artifact, s_.rollouts[i].at);
    for (std::size_t i = 0; i < s_.commands.size(); ++i)
      is_handed_in(fmt::format("/workload/commands/{}/from", i), s_.commands[i].artifact,
                   s_.commands[i].from);
  }
  void is_handed_in(const std::string& path, std::uint32_t artifact, Instant by) const {
    if (artifact == none || s_.artifacts[artifact].at < by) return;
    report_(path,
            fmt::format("must be after \"{}\" is handed in ({}), is \"{}\"", s_.artifacts[artifact].name,
                        text_of_time(s_.artifacts[artifact].at), text_of_time(by)));
  }
  void thresholds() const {
    const auto& b = s_.behaviour;
    if (b.rtt_live_below > b.rtt_delayed_above)
      report_("/fleet/behaviour/rtt_live_below",
              fmt::format("must be at most rtt_delayed_above ({}), is \"{}\"",
                          ibcf::text_of(b.rtt_delayed_above), ibcf::text_of(b.rtt_live_below)));
    if (b.sync_delayed_below > b.sync_cached_above)
      report_("/fleet/behaviour/sync_delayed_below",
              fmt::format("must be at most sync_cached_above ({}), is \"{}\"",
                          ibcf::text_of(b.sync_cached_above), ibcf::text_of(b.sync_delayed_below)));
    for (std::size_t i = 0; i < s_.controllers.size(); ++i) {
      const auto& master = s_.controllers[i];
      if (master.clock_drift_bound * 2 >= master.lease && master.lease > Duration{})
        report_(fmt::format("/controllers/{}/clock_drift_bound", i),
                fmt::format("must be below half the lease ({}), is \"{}\"", ibcf::text_of(master.lease),
                            ibcf::text_of(master.clock_drift_bound)));
      if (master.replay_credit_bytes < master.chunk_bytes)
        report_(fmt::format("/controllers/{}/replay_credit", i),
                fmt::format("must hold at least one chunk ({} bytes), is {} bytes", master.chunk_bytes,
                            master.replay_credit_bytes));
    }
  }

  const Scenario& s_;
  Reporter report_;
};

class WholeRules {
 public:
  WholeRules(const Scenario& scenario, Reporter report)
      : s_(scenario), report_(report), parts_(scenario.sites.size()) {
    std::iota(parts_.begin(), parts_.end(), 0U);
    for (const auto& link : s_.backbone) parts_[part_of(link.from)] = part_of(link.to);
  }

  void check() {
    if (!masters()) return;
    relays();
    paths();
    satellites();
    targets();
    contact_plans();
    losses();
    glass();
    for (std::size_t i = 0; i < s_.faults.size(); ++i)
      if (s_.faults[i].kind == Scenario::FaultKind::isolate_domain &&
          s_.domains[s_.faults[i].target].parent == none)
        report_(fmt::format("/faults/{}/domain", i),
                "is the root; must be a domain that has something outside");
  }

 private:
  std::uint32_t part_of(std::uint32_t site) {
    while (parts_[site] != site) site = parts_[site] = parts_[parts_[site]];
    return site;
  }

  [[nodiscard]] bool is_within(std::uint32_t domain, std::uint32_t ancestor) const {
    while (domain != none && domain != ancestor) domain = s_.domains[domain].parent;
    return domain == ancestor;
  }

  [[nodiscard]] const Scenario::Controller& home_of(std::uint32_t domain) const {
    for (; domain != none; domain = s_.domains[domain].parent)
      for (const auto& master : s_.controllers)
        if (master.domain == domain) return master;
    return s_.controllers[global_];
  }

  bool masters() {
    std::map<std::uint32_t, std::size_t> by_domain;
    std::size_t globals = 0;
    bool good = true;
    const auto fault = [&](const std::string& path, std::string what) {
      report_(path, std::move(what));
      good = false;
    };
    for (std::size_t i = 0; i < s_.controllers.size(); ++i) {
      const auto& master = s_.controllers[i];
      const auto path = fmt::format("/controllers/{}", i);
      if (const auto [first, is_new] = by_domain.emplace(master.domain, i); !is_new)
        fault(path + "/domain",
              fmt::format("is controlled by \"{}\" already; each domain has one home master at most",
                          s_.controllers[first->second].name));
      if (master.level != AuthorityLevel::global) continue;
      if (++globals == 1)
        global_ = i;
      else
        fault(path + "/level", fmt::format("is GLOBAL beside \"{}\"; exactly one master must be",
                                           s_.controllers[global_].name));
      if (s_.domains[master.domain].parent != none)
        fault(path + "/domain", "must be the root, for the GLOBAL master controls every domain");
    }
    if (globals == 0) fault("/controllers", "has no master of level GLOBAL; must have exactly one");
    return good;
  }

  void relays() const {
    for (std::size_t i = 0; i < s_.groups.size(); ++i) {
      bool found = false;
      for (const auto& relay : s_.relays) found = found || is_within(s_.groups[i].domain, relay.domain);
      if (!found)
        report_(fmt::format("/fleet/groups/{}/domain", i),
                fmt::format("must have a relay, or one above it, for nodes reach their master through one; "
                            "\"{}\" has none in "
                            "topology/relays",
                            s_.domains[s_.groups[i].domain].name));
    }
  }

  void paths() {
    const auto& global = s_.controllers[global_];
    for (const auto& relay : s_.relays)
      path("/topology/relays", relay.name, relay.site, home_of(relay.domain));
    for (std::size_t i = 0; i < s_.controllers.size(); ++i)
      path(fmt::format("/controllers/{}/site", i), s_.controllers[i].name, s_.controllers[i].site, global);
  }

  void path(const std::string& path, const std::string& who, std::uint32_t site,
            const Scenario::Controller& master) {
    if (part_of(site) != part_of(master.site))
      report_(path,
              fmt::format("\"{}\" has no path over the backbone to its master \"{}\" at {}; must have one",
                          who, master.name, s_.sites[master.site].name));
  }

  void satellites() const {
    for (std::size_t i = 0; i < s_.groups.size(); ++i) {
      const auto& group = s_.groups[i];
      const auto& access = s_.access[group.access];
      if (access.kind != Scenario::AccessKind::geo) continue;
      for (const std::uint32_t site : group.near)
        if (const auto& place = s_.sites[site].place;
            !geostationary_delay(place, place, access.satellite_longitude_deg))
          report_(fmt::format("/fleet/groups/{}/access", i),
                  fmt::format(
                      "\"{}\" is over {} degrees east, which {} does not see; must be a satellite in sight",
                      access.name, access.satellite_longitude_deg, s_.sites[site].name));
    }
  }

  void contact_plans() const {
    for (std::size_t i = 0; i < s_.contact_plans.size(); ++i) {
      const std::uint32_t domain = s_.contact_plans[i].domain;
      const auto path = fmt::format("/workload/contact_plans/{}", i);
      if (!has_nodes(path, domain)) continue;
      for (const auto& group : s_.groups)
        if (const auto& access = s_.access[group.access];
            is_within(group.domain, domain) && !is_standing(access.kind))
          report_(path + "/domain",
                  fmt::format("must have standing links; the nodes of group \"{}\" have the access \"{}\"",
                              group.name, access.name));
      for (std::size_t k = 0; k < i; ++k)
        if (const auto& other = s_.contact_plans[k];
            is_within(domain, other.domain) || is_within(other.domain, domain))
          report_(path + "/domain",
                  fmt::format("must have no node of contact plan \"{}\": a node has one plan at most",
                              other.name));
    }
  }

  static bool is_standing(Scenario::AccessKind kind) {
    using enum Scenario::AccessKind;
    return kind == fibre || kind == lte || kind == geo;
  }

  [[nodiscard]] std::uint64_t nodes_in(std::uint32_t domain) const {
    std::uint64_t nodes = 0;
    for (const auto& group : s_.groups)
      if (is_within(group.domain, domain)) nodes += group.count;
    return nodes;
  }

  void targets() const {
    for (std::size_t i = 0; i < s_.commands.size(); ++i) {
      const auto& load = s_.commands[i];
      const auto path = fmt::format("/workload/commands/{}", i);
      if (!has_nodes(path, load.domain) || load.nodes == none || load.nodes <= nodes_in(load.domain))
        continue;
      report_(path + "/nodes", fmt::format("must be at most the nodes of the domain ({}) or \"all\", is {}",
                                           nodes_in(load.domain), load.nodes));
    }
    for (std::size_t i = 0; i < s_.edits.size(); ++i)
      has_nodes(fmt::format("/workload/edits/{}", i), s_.edits[i].domain);
    for (std::size_t i = 0; i < s_.faults.size(); ++i)
      if (s_.faults[i].kind == Scenario::FaultKind::restart_nodes ||
          s_.faults[i].kind == Scenario::FaultKind::poison)
        has_nodes(fmt::format("/faults/{}", i), s_.faults[i].target);
    for (std::size_t i = 0; i < s_.rollouts.size(); ++i)
      has_nodes(fmt::format("/workload/rollouts/{}", i), s_.rollouts[i].domain);
  }

  void losses() const {
    std::map<std::uint32_t, std::size_t> lost;
    for (std::size_t i = 0; i < s_.faults.size(); ++i) {
      const auto& fault = s_.faults[i];
      if (fault.kind != Scenario::FaultKind::lose_master) continue;
      const auto path = fmt::format("/faults/{}/master", i);
      if (fault.target == global_)
        report_(path, "is the GLOBAL master; must be another, for without it nobody grants authority");
      if (!lost.emplace(fault.target, i).second) report_(path, "is lost already; must be lost once");
    }
    for (std::size_t i = 0; i < s_.faults.size(); ++i)
      if (const auto gone = lost.find(s_.faults[i].adopt_by); gone != lost.end())
        report_(fmt::format("/faults/{}/adopt_by", i), "is lost itself; must be a master that stays");
  }

  // Who may take a domain without the grantor: the grantor itself, or who was named for it before.
  void glass() const {
    for (std::size_t i = 0; i < s_.break_glass.size(); ++i) {
      const auto& broken = s_.break_glass[i];
      const bool is_named =
          std::any_of(s_.successors.begin(), s_.successors.end(), [&](const Scenario::Successor& named) {
            return named.domain == broken.domain && named.to == broken.by && named.at < broken.at;
          });
      if (broken.by != global_ && !is_named)
        report_(fmt::format("/workload/break_glass/{}/by", i),
                fmt::format("must be \"{}\", or named a successor of the domain before",
                            s_.controllers[global_].name));
    }
  }

  bool has_nodes(const std::string& path, std::uint32_t domain) const {
    if (nodes_in(domain) > 0) return true;
    report_(path + "/domain",
            fmt::format("\"{}\" has no nodes; must have some in it or below it", s_.domains[domain].name));
    return false;
  }

  const Scenario& s_;
  Reporter report_;
  std::vector<std::uint32_t> parts_;  ///< union-find over the backbone
  std::size_t global_ = 0;
};

}  // namespace

void check_times(const Scenario& scenario, const PlacedJson& document, ProblemList& problems) {
  TimeRules(scenario, Reporter(document, problems)).check();
}

void check_whole(const Scenario& scenario, const PlacedJson& document, ProblemList& problems) {
  WholeRules(scenario, Reporter(document, problems)).check();
}

}  // namespace ibcf::sim
