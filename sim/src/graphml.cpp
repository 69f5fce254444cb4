#include "graphml.hpp"

#include <fmt/format.h>

#include <boost/any.hpp>
#include <boost/graph/graphml.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

namespace ibcf::sim {
namespace {

struct RawVertex {
  std::string label;
  std::optional<double> latitude;
  std::optional<double> longitude;
};

/// What the reader finds, as it stands in the file.
struct RawGraph {
  std::vector<RawVertex> vertices;
  std::vector<ImportedTopology::Edge> edges;
  std::vector<std::string> faults;
};

std::optional<double> parse_number(const std::string& text) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

/// Boost's reader tells us what it reads. Our own receiver instead of dynamic_properties, which refuse a file
/// whose keys have other types than ours.
class Receiver : public boost::mutate_graph {
 public:
  explicit Receiver(RawGraph& graph) : graph_(graph) {}

  [[nodiscard]] bool is_directed() const override { return false; }

  boost::any do_add_vertex() override {
    graph_.vertices.emplace_back();
    return graph_.vertices.size() - 1;
  }
  std::pair<boost::any, bool> do_add_edge(boost::any source, boost::any target) override {
    graph_.edges.push_back({boost::any_cast<std::size_t>(source), boost::any_cast<std::size_t>(target), {}});
    return {boost::any(graph_.edges.size() - 1), true};
  }

  void set_graph_property(const std::string&, const std::string&, const std::string&) override {}

  void set_vertex_property(const std::string& name, boost::any vertex, const std::string& value,
                           const std::string&) override {
    RawVertex& raw = graph_.vertices[boost::any_cast<std::size_t>(vertex)];
    if (name == "label") raw.label = value;
    if (name == "Latitude") raw.latitude = within(name, value, -90, 90);
    if (name == "Longitude") raw.longitude = within(name, value, -180, 180);
  }

  void set_edge_property(const std::string& name, boost::any edge, const std::string& value,
                         const std::string&) override {
    if (name == "LinkSpeedRaw")
      graph_.edges[boost::any_cast<std::size_t>(edge)].bandwidth_bps = within(name, value, 1, 1e15);
  }

 private:
  std::optional<double> within(const std::string& name, const std::string& value, double least, double most) {
    const auto number = parse_number(value);
    if (number && *number >= least && *number <= most) return number;
    graph_.faults.push_back(fmt::format("has the {} \"{}\"; must be a number within {}..{}", name,
                                        shown_text(value), least, most));
    return std::nullopt;
  }

  RawGraph& graph_;
};

// The XML reader of Boost calls itself for each level; a file that is only deep must not end the program.
bool is_too_deep(std::string_view text) {
  constexpr int deepest = 64;
  int depth = 0;
  for (auto at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    const auto rest = text.substr(at);
    const auto skip_to = [&](std::string_view end) { at = std::min(text.find(end, at), text.size()); };
    if (rest.starts_with("<!--")) {
      skip_to("-->");
    } else if (rest.starts_with("<![CDATA[")) {
      skip_to("]]>");
    } else if (rest.starts_with("</")) {
      --depth;
      ++at;
    } else if (!rest.starts_with("<?") && !rest.starts_with("<!")) {
      const auto end = std::min(text.find('>', at), text.size());
      if (text[end - 1] != '/' && ++depth > deepest) return true;
      ++at;
    } else {
      ++at;
    }
  }
  return false;
}

RawGraph read_raw(std::string_view text, const std::string& file, ProblemList& problems) {
  RawGraph graph;
  const auto report = [&](std::size_t line, const std::string& what) {
    problems.add(
        Problem{file, line, 0, "", fmt::format("is not GraphML ({}); must be undirected GraphML", what)});
  };
  if (text.find('\0') != std::string_view::npos) {
    report(0, "it holds a byte 0");
    return {};
  }
  if (is_too_deep(text)) {
    report(0, "it is nested deeper than 64 levels");
    return {};
  }
  try {
    std::istringstream in{std::string(text)};
    Receiver receiver(graph);
    boost::read_graphml(in, receiver, 0);
  } catch (const boost::property_tree::xml_parser_error& error) {
    report(error.line(), error.message());
    return {};
  } catch (const boost::directed_graph_error&) {
    report(0, "it is directed");
    return {};
  } catch (const std::exception& error) {
    report(0, shown_text(error.what()));
    return {};
  }
  for (const std::string& fault : graph.faults) problems.add(Problem{file, 0, 0, "", fault});
  return graph;
}

// The shorter way round from one longitude to another.
double turn(double from, double to) {
  double by = to - from;
  if (by > 180) by -= 360;
  if (by < -180) by += 360;
  return by;
}

/// The mean of places, longitudes counted from the first so that the date line does not tear them apart.
struct Mean {
  double start = 0;
  double north = 0;
  double east = 0;
  double count = 0;

  void add(Place place) {
    if (count == 0) start = place.longitude_deg;
    north += place.latitude_deg;
    east += turn(start, place.longitude_deg);
    ++count;
  }
  [[nodiscard]] Place place() const { return {north / count, turn(0, start + east / count)}; }
};

std::vector<std::optional<Place>> places_of(const RawGraph& graph) {
  std::vector<std::optional<Place>> places;
  for (const RawVertex& vertex : graph.vertices)
    places.push_back(vertex.latitude && vertex.longitude
                         ? std::optional(Place{*vertex.latitude, *vertex.longitude})
                         : std::nullopt);
  // In rounds, each from what the round before knew, so that the order of the vertices does not matter.
  for (bool changed = true; changed;) {
    std::vector<Mean> means(places.size());
    for (const auto& edge : graph.edges) {
      if (!places[edge.from] && places[edge.to]) means[edge.from].add(*places[edge.to]);
      if (!places[edge.to] && places[edge.from]) means[edge.to].add(*places[edge.from]);
    }
    changed = false;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (means[i].count == 0) continue;
      places[i] = means[i].place();
      changed = true;
    }
  }
  return places;
}

std::string unique_name(const std::string& label, std::size_t index, std::set<std::string>& taken) {
  const std::string name = label.empty() ? fmt::format("node {}", index) : label;
  std::string unique = name;
  for (int i = 2; !taken.insert(unique).second; ++i) unique = fmt::format("{} ({})", name, i);
  return unique;
}

}  // namespace

ImportedTopology read_graphml(std::string_view text, const std::string& file, ProblemList& problems) {
  const RawGraph graph = read_raw(text, file, problems);
  const auto places = places_of(graph);
  ImportedTopology topology;
  std::set<std::string> taken;
  const auto report = [&](std::string what) { problems.add(Problem{file, 0, 0, "", std::move(what)}); };
  for (std::size_t i = 0; i < graph.vertices.size(); ++i) {
    const auto name = unique_name(graph.vertices[i].label, i, taken);
    if (!places[i])
      report(fmt::format("has no Latitude and Longitude for \"{}\"; must have them for it or for a neighbour",
                         shown_text(name)));
    topology.vertices.push_back({name, places[i].value_or(Place{})});
  }
  for (const auto& edge : graph.edges) {
    if (edge.from == edge.to)
      report(fmt::format("has a link from \"{0}\" to \"{0}\"; must lead elsewhere",
                         shown_text(topology.vertices[edge.from].name)));
    else
      topology.edges.push_back(edge);
  }
  return topology;
}

}  // namespace ibcf::sim
