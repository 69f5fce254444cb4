#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario_problems.hpp"
#include "sim/geography.hpp"

namespace ibcf::sim {

/// A topology as the Internet Topology Zoo publishes them (Knight et al., "The Internet Topology Zoo", 2011).
struct ImportedTopology {
  struct Vertex {
    std::string name;  ///< the label; "node 3" where it has none; "label (2)" where it is taken
    Place place;       ///< the mean of its neighbours' where the file gives none
  };
  struct Edge {
    std::size_t from = 0;
    std::size_t to = 0;
    std::optional<double> bandwidth_bps;  ///< LinkSpeedRaw
  };
  std::vector<Vertex> vertices;
  std::vector<Edge> edges;
};

/// Reads undirected GraphML through Boost.Graph. What is wrong with it is a problem of `file`.
ImportedTopology read_graphml(std::string_view text, const std::string& file, ProblemList& problems);

}  // namespace ibcf::sim
