#include "connectivity_fold.hpp"

#include <optional>

#include "controlplane/lifecycle.hpp"
#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

/// What any event says of the lifecycle table: the arrow taken, and the link class where the payload has one.
struct Step {
  std::string arrow;
  ConnectivityMode link_class = ConnectivityMode::live;
};

std::optional<Step> step_of(const Event& event) {
  return with_payload(event.type, [&]<class Payload>() -> std::optional<Step> {
    if constexpr (requires(Payload p) { p.arrow; }) {
      const auto payload = payload_of<Payload>(event);
      if (!payload) return std::nullopt;
      if constexpr (requires(Payload p) { p.link_class; })
        return Step{payload->arrow, payload->link_class};
      else
        return Step{payload->arrow, ConnectivityMode::live};
    } else {
      return std::nullopt;
    }
  });
}

std::optional<std::uint8_t> mode_of_word(std::string_view word) {
  for (std::uint8_t mode = 0; mode < ConnectivityFold::no_mode; ++mode)
    if (state_word(static_cast<ConnectivityMode>(mode)) == word) return mode;
  return std::nullopt;
}

/// The mode after `arrow`, or nothing where it leaves the mode alone.
std::optional<std::uint8_t> mode_after(const Arrow& arrow, ConnectivityMode link_class) {
  if (const auto mode = mode_of_word(arrow.to)) return mode;
  // A replay that ends in another phase leaves the node on the link it has.
  if (arrow.region == "C>P") return static_cast<std::uint8_t>(link_class);
  if (arrow.to == "RETIRED" || arrow.to == "PROVISIONING") return ConnectivityFold::no_mode;
  return std::nullopt;
}

}  // namespace

bool is_out_of_contact(std::uint8_t mode) {
  return mode == static_cast<std::uint8_t>(ConnectivityMode::autonomous) ||
         mode == static_cast<std::uint8_t>(ConnectivityMode::disconnected);
}

std::string_view mode_word(std::uint8_t mode) {
  return mode < ConnectivityFold::no_mode ? word_of(static_cast<ConnectivityMode>(mode)) : "NOT_ACTIVE";
}

void ConnectivityFold::see(const KnownEvent& entry) {
  const auto node = fleet_->find_node(entry.event.subject);
  if (!node) return;
  if (entry.event.type == EventType::node_registered) return move(*node, no_mode, entry.known);
  const auto step = step_of(entry.event);
  if (!step) return;
  const Arrow* arrow = find_arrow(step->arrow);
  if (!arrow) return;
  if (const auto mode = mode_after(*arrow, step->link_class)) move(*node, *mode, entry.known);
}

void ConnectivityFold::move(std::uint32_t node, std::uint8_t to, Instant at) {
  if (node >= mode_.size()) mode_.resize(node + 1, unknown);
  const auto from = mode_[node];
  if (from == to) return;
  const auto domain = fleet_->nodes()[node].domain;
  if (from != unknown) series_.add(domain, from, at, -1);
  series_.add(domain, to, at, 1);
  mode_[node] = to;
  changes_.push_back({at, node, domain, from, to});
}

Json ConnectivityFold::table() const {
  Json table = Json::object();
  table["title"] = "Nodes by believed connectivity mode";
  table["unit"] = "nodes";
  table["as_of"] = "each instant of time_s, as known to the first master that stored it";
  table["modes"] = Json::array();
  for (std::uint8_t mode = 0; mode < columns; ++mode) table["modes"].push_back(mode_word(mode));
  table["fleet"] = Json::object();
  for (std::uint8_t mode = 0; mode < columns; ++mode)
    table["fleet"][std::string(mode_word(mode))] = series_.fleet(mode);
  table["domains"] = Json::array();
  for (std::uint32_t domain = 0; domain < fleet_->domains().size(); ++domain) {
    Json row = {{"domain", fleet_->domains()[domain].name}};
    for (std::uint8_t mode = 0; mode < columns; ++mode)
      row[std::string(mode_word(mode))] = series_.subtree(*fleet_, domain, mode);
    table["domains"].push_back(std::move(row));
  }
  return table;
}

}  // namespace ibcf::analysis
