#include "layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/check.hpp"
#include "sim/world.hpp"

namespace ibcf::sim {
namespace {

using Access = Scenario::Access;

std::uint32_t home_of(const Scenario& scenario, std::uint32_t domain) {
  for (; domain != none; domain = scenario.domains[domain].parent)
    for (std::uint32_t i = 0; i < scenario.controllers.size(); ++i)
      if (scenario.controllers[i].domain == domain) return i;
  return none;
}

// The nearest relay of the domain, or of the nearest domain above it that has one.
std::uint32_t nearest_relay(const Scenario& scenario, std::uint32_t domain, Place place) {
  for (; domain != none; domain = scenario.domains[domain].parent) {
    std::uint32_t nearest = none;
    double distance = 0;
    for (std::uint32_t i = 0; i < scenario.relays.size(); ++i) {
      if (scenario.relays[i].domain != domain) continue;
      const double d = distance_m(place, scenario.sites[scenario.relays[i].site].place);
      if (nearest == none || d < distance) {
        nearest = i;
        distance = d;
      }
    }
    if (nearest != none) return nearest;
  }
  return none;
}

std::shared_ptr<const LinkTrace> with_floor(const Access& access) {
  if (!access.trace) return nullptr;
  auto trace = std::make_shared<LinkTrace>(*access.trace);
  for (LinkTrace::Row& row : trace->rows) {
    row.down_bps = std::max(row.down_bps, access.bandwidth_floor_bps);
    row.up_bps = std::max(row.up_bps, access.bandwidth_floor_bps);
  }
  return trace;
}

// One direction of a node's access; the other differs in ends and rate only.
LinkSpec access_link(const Scenario& scenario, const Layout::Node& node,
                     const std::shared_ptr<const LinkTrace>& trace, const RandomStream& offsets) {
  const Access& access = scenario.access[scenario.groups[node.group].access];
  const Place relay = scenario.sites[scenario.relays[node.relay].site].place;
  LinkSpec link;
  link.loss = access.loss;
  link.queue_bytes = access.queue_bytes;
  switch (access.kind) {
    case Scenario::AccessKind::fibre:
    case Scenario::AccessKind::lte:
      link.delay = fibre_delay(node.place, relay) + access.extra_delay;
      break;
    case Scenario::AccessKind::geo: {
      const auto delay = geostationary_delay(node.place, relay, access.satellite_longitude_deg);
      if (!delay)
        throw BadWorld(fmt::format(
            "{}: {} at {:.2f}, {:.2f} and its relay {} do not both see the geostationary satellite of access "
            "\"{}\" at longitude {:.1f}; give it a satellite nearer to that place",
            scenario.file, node.name, node.place.latitude_deg, node.place.longitude_deg,
            scenario.relays[node.relay].name, access.name, access.satellite_longitude_deg));
      link.delay = *delay + access.extra_delay;
      break;
    }
    case Scenario::AccessKind::leo:
      link.windows = passes(access.shell, node.place, scenario.horizon);
      for (ContactWindow& window : link.windows) window.delay += access.extra_delay;
      if (link.windows.empty())
        throw BadWorld(
            fmt::format("{}: {} at {:.2f}, {:.2f} is never passed over by the shell of access \"{}\" within "
                        "{}; lower its "
                        "min_elevation or raise its inclination",
                        scenario.file, node.name, node.place.latitude_deg, node.place.longitude_deg,
                        access.name, ibcf::text_of(scenario.horizon.time_since_epoch())));
      break;
    case Scenario::AccessKind::trace:
      link.trace = trace;
      link.trace_offset = std::chrono::seconds{
          static_cast<std::int64_t>(offsets.below(trace->rows.size(), entity_of(node.name), 0))};
      break;
  }
  return link;
}

// A standing link until the plan begins, and again once it is over.
std::vector<ContactWindow> windows_of(const Scenario::PlannedContacts& plan, Duration delay,
                                      Instant horizon) {
  const Instant last = horizon + plan.every;
  const Instant end = std::min(plan.until, last);
  std::vector<ContactWindow> windows;
  if (plan.at > Instant{}) windows.push_back({Instant{}, plan.at, delay});
  for (Instant opens = plan.at; opens < end; opens += plan.every)
    windows.push_back({opens, std::min(opens + plan.open, end), delay});
  if (plan.until < last) windows.push_back({plan.until, last, delay});
  return windows;
}

void plan_contacts(const Scenario& scenario, const Layout& layout, Layout::Node& node, LinkSpec& link) {
  for (std::uint32_t i = 0; i < scenario.contact_plans.size(); ++i) {
    const auto& plan = scenario.contact_plans[i];
    if (!layout.is_within(node.domain, plan.domain)) continue;
    node.plan = i;
    link.windows = windows_of(plan, link.delay, scenario.horizon);
    std::vector<PlannedContact> planned;
    for (const ContactWindow& window : link.windows)
      if (window.opens >= plan.at && window.opens < plan.until)
        planned.push_back({window.opens, window.closes});
    node.planned = std::make_shared<const std::vector<PlannedContact>>(std::move(planned));
  }
}

void lay_backbone(const Scenario& scenario, Layout& layout) {
  for (const Scenario::Backbone& cable : scenario.backbone) {
    LinkSpec link{.name = cable.name,
                  .kind = LinkKind::backbone,
                  .from = cable.from,
                  .to = cable.to,
                  .bandwidth_bps = cable.bandwidth_bps,
                  .delay = cable.delay,
                  .loss = cable.loss,
                  .queue_bytes = UINT64_MAX,
                  .windows = {},
                  .trace = nullptr,
                  .trace_offset = {}};
    layout.links.push_back(link);
    std::swap(link.from, link.to);
    link.name += " (back)";
    layout.links.push_back(std::move(link));
  }
}

void place_group(const Scenario& scenario, std::uint32_t number, const RandomStream& scatter,
                 const RandomStream& offsets, Layout& layout) {
  const Scenario::NodeGroup& group = scenario.groups[number];
  const Access& access = scenario.access[group.access];
  const auto trace = with_floor(access);
  for (std::uint32_t k = 0; k < group.count; ++k) {
    const auto ordinal = static_cast<std::uint32_t>(layout.nodes.size());
    const Place centre = scenario.sites[group.near[k % group.near.size()]].place;
    Layout::Node node;
    node.name = fmt::format("{}-{}", group.name, k + 1);
    node.group = number;
    node.domain = group.domain;
    // The square root spreads points evenly over the disc.
    const std::uint64_t entity = entity_of(node.name);
    node.place = moved(centre, 360 * scatter.uniform(entity, 0),
                       group.spread_m * std::sqrt(scatter.uniform(entity, 1)));
    node.relay = nearest_relay(scenario, group.domain, node.place);
    node.master = layout.home_of_domain[group.domain];
    node.vertex = static_cast<VertexIndex>(scenario.sites.size() + ordinal);

    LinkSpec up = access_link(scenario, node, trace, offsets);
    if (!up.windows.empty()) {
      auto contacts = std::make_shared<std::vector<PlannedContact>>();
      for (const ContactWindow& window : up.windows) contacts->push_back({window.opens, window.closes});
      node.contacts = std::move(contacts);
    }
    plan_contacts(scenario, layout, node, up);
    LinkSpec down = up;
    const VertexIndex relay_site = scenario.relays[node.relay].site;
    up.name = node.name + " up";
    up.kind = LinkKind::access_up;
    up.from = node.vertex;
    up.to = relay_site;
    up.bandwidth_bps = access.up_bps;
    down.name = node.name + " down";
    down.kind = LinkKind::access_down;
    down.from = relay_site;
    down.to = node.vertex;
    down.bandwidth_bps = access.down_bps;
    node.up = static_cast<LinkIndex>(layout.links.size());
    layout.links.push_back(std::move(up));
    node.down = static_cast<LinkIndex>(layout.links.size());
    layout.links.push_back(std::move(down));
    layout.nodes.push_back(std::move(node));
  }
}

// A domain's sites are those of its relays and masters, and of those below it.
std::vector<bool> sites_of(const Layout& layout, std::uint32_t domain) {
  const Scenario& scenario = *layout.scenario;
  std::vector<bool> in(scenario.sites.size(), false);
  for (const auto& relay : scenario.relays)
    if (layout.is_within(relay.domain, domain)) in[relay.site] = true;
  for (const auto& controller : scenario.controllers)
    if (layout.is_within(controller.domain, domain)) in[controller.site] = true;
  return in;
}

}  // namespace

bool Layout::is_within(std::uint32_t domain, std::uint32_t above) const {
  for (; domain != none; domain = scenario->domains[domain].parent)
    if (domain == above) return true;
  return false;
}

std::vector<LinkIndex> Layout::links_of(const Scenario::Fault& fault) const {
  std::vector<LinkIndex> down;
  std::vector<bool> in;
  if (fault.kind == Scenario::FaultKind::isolate_domain || fault.kind == Scenario::FaultKind::split_domain)
    in = sites_of(*this, fault.target);
  for (std::uint32_t i = 0; i < scenario->backbone.size(); ++i) {
    const auto& cable = scenario->backbone[i];
    bool hit = false;
    switch (fault.kind) {
      case Scenario::FaultKind::isolate_domain:
        hit = in[cable.from] != in[cable.to];
        break;
      case Scenario::FaultKind::split_domain:
        hit = in[cable.from] && in[cable.to];
        break;
      case Scenario::FaultKind::cut_site:
        hit = cable.from == fault.target || cable.to == fault.target;
        break;
      case Scenario::FaultKind::cut_link:
        hit = i == fault.target;
        break;
      case Scenario::FaultKind::restart_nodes:
      case Scenario::FaultKind::restart_relay:
      case Scenario::FaultKind::restart_master:
      case Scenario::FaultKind::lose_master:
      case Scenario::FaultKind::poison:
        break;  // no link's
    }
    if (hit) down.insert(down.end(), {2 * i, 2 * i + 1});
  }
  return down;
}

Layout lay_out(const Scenario& scenario) {
  Layout layout;
  layout.scenario = &scenario;
  for (std::uint32_t domain = 0; domain < scenario.domains.size(); ++domain)
    layout.home_of_domain.push_back(home_of(scenario, domain));
  for (const auto& relay : scenario.relays)
    layout.home_of_relay.push_back(layout.home_of_domain[relay.domain]);
  lay_backbone(scenario, layout);
  const RandomStream scatter(scenario.seed, "fleet.placement");
  const RandomStream offsets(scenario.seed, "access.trace_offset");
  for (std::uint32_t group = 0; group < scenario.groups.size(); ++group)
    place_group(scenario, group, scatter, offsets, layout);
  return layout;
}

}  // namespace ibcf::sim
