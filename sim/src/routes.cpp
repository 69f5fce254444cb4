#include "routes.hpp"

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/strong_components.hpp>
#include <limits>
#include <tuple>
#include <utility>

namespace ibcf::sim {

namespace {

/// Nanoseconds, and hops in the low bits: even links without delay bring a parcel nearer.
using Distance = std::uint64_t;
constexpr unsigned hop_bits = 16;
constexpr Distance unreachable = std::numeric_limits<Distance>::max();

Distance length_of(const Routes::Arc& arc) {
  return static_cast<Distance>(arc.delay.count()) << hop_bits | 1;
}

using Graph = boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, Distance,
                                                 boost::no_property, std::uint32_t, std::uint32_t>;

/// Every arc turned round: shortest paths *to* a hub are those from it in this graph.
Graph reversed_graph(std::uint32_t hubs, const std::vector<Routes::Arc>& arcs) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ends;
  std::vector<Distance> lengths;
  for (const auto& arc : arcs) {
    ends.emplace_back(arc.to, arc.from);
    lengths.push_back(length_of(arc));
  }
  return {boost::edges_are_unsorted_multi_pass, ends.begin(), ends.end(), lengths.begin(), hubs};
}

}  // namespace

void Routes::reset(std::uint32_t hubs, std::vector<Arc> arcs) {
  hubs_ = hubs;
  arcs_ = std::move(arcs);
  next_.assign(hubs, {});
}

LinkIndex Routes::next_link(std::uint32_t from, std::uint32_t to) {
  if (next_[to].empty()) next_[to] = paths_to(to);
  return next_[to][from];
}

std::vector<LinkIndex> Routes::paths_to(std::uint32_t destination) const {
  const Graph graph = reversed_graph(hubs_, arcs_);
  std::vector<Distance> distance(hubs_, unreachable);
  boost::dijkstra_shortest_paths(
      graph, destination,
      boost::weight_map(get(boost::edge_bundle, graph))
          .distance_map(boost::make_iterator_property_map(distance.begin(), get(boost::vertex_index, graph)))
          .distance_inf(unreachable));
  std::vector<LinkIndex> next(hubs_, none);
  std::vector<std::uint32_t> next_hub(hubs_, none);
  for (const auto& arc : arcs_) {
    const bool on_a_shortest_path =
        distance[arc.to] != unreachable && distance[arc.from] == distance[arc.to] + length_of(arc);
    if (!on_a_shortest_path) continue;
    if (std::tie(arc.to, arc.link) >= std::tie(next_hub[arc.from], next[arc.from])) continue;
    next_hub[arc.from] = arc.to;
    next[arc.from] = arc.link;
  }
  return next;
}

std::vector<std::uint32_t> Routes::components() const {
  const Graph graph = reversed_graph(hubs_, arcs_);
  std::vector<std::uint32_t> component(hubs_, 0);
  if (hubs_ > 0)
    boost::strong_components(
        graph, boost::make_iterator_property_map(component.begin(), get(boost::vertex_index, graph)));
  return component;
}

}  // namespace ibcf::sim
