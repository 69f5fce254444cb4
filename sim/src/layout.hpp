#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "controlplane/node_record.hpp"
#include "sim/scenario.hpp"

namespace ibcf::sim {

/// Where everything stands and hangs: the part of a world that follows from the scenario alone. Vertices of
/// the network are the sites first, then the nodes.
struct Layout {
  struct Node {
    std::string name;  ///< "europe-fibre-17"
    std::uint32_t group = none;
    std::uint32_t domain = none;
    std::uint32_t relay = none;
    std::uint32_t master = none;
    Place place;
    VertexIndex vertex = none;
    LinkIndex up = none;        ///< node to relay
    LinkIndex down = none;      ///< relay to node
    ContactPlan contacts;       ///< of the satellites that pass; null: a standing link
    ContactPlan planned;        ///< what a plan of the scenario makes of a standing link; null: none does
    std::uint32_t plan = none;  ///< which one
  };
  std::vector<Node> nodes;
  std::vector<std::uint32_t>
      home_of_domain;  ///< the deepest master over each domain; none where there is none
  std::vector<std::uint32_t> home_of_relay;
  std::vector<LinkSpec> links;  ///< backbone first: 2 i there, 2 i + 1 back; then up and down per node

  /// `domain` is `above` or below it.
  [[nodiscard]] bool is_within(std::uint32_t domain, std::uint32_t above) const;
  /// Both directions of the backbone links that a fault takes down.
  [[nodiscard]] std::vector<LinkIndex> links_of(const Scenario::Fault& fault) const;

  const Scenario* scenario = nullptr;
};

/// Places the fleet. Throws BadWorld where the scenario cannot stand on a globe: a node that does not see its
/// satellite.
Layout lay_out(const Scenario& scenario);

}  // namespace ibcf::sim
