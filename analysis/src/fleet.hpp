#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/event.hpp"
#include "model/objects.hpp"

namespace ibcf::analysis {

/// Who is who in a log: nodes, domains and masters by index. Taken from the tables of events.db; a log
/// without them teaches it by its own node.registered events.
class Fleet {
 public:
  struct Domain {
    AnyId id;
    std::string name;
    std::optional<std::uint32_t> parent;
  };
  struct Node {
    AnyId id;
    std::string name;
    std::uint32_t domain = 0;
  };
  struct Master {
    AnyId id;
    std::string name;
    std::string level;
    std::uint32_t domain = 0;
    std::string site;
  };

  void add_domain(std::uint32_t index, Domain domain);
  void add_node(std::uint32_t ordinal, Node node);
  void add_master(Master master);
  /// Takes in who is registered, where the tables did not say.
  void learn(const Event& event);

  [[nodiscard]] const std::vector<Domain>& domains() const { return domains_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<Master>& masters() const { return masters_; }
  [[nodiscard]] std::optional<std::uint32_t> find_node(AnyId id) const;
  [[nodiscard]] std::optional<std::uint32_t> find_domain(AnyId id) const;
  /// The domain itself and all above it, up to the root.
  [[nodiscard]] std::vector<std::uint32_t> upwards(std::uint32_t domain) const;
  /// The name of a node, domain or master, else its 26 characters.
  [[nodiscard]] std::string name_of(AnyId id) const;

 private:
  std::uint32_t domain_index(AnyId id);

  std::vector<Domain> domains_;
  std::vector<Node> nodes_;
  std::vector<Master> masters_;
  std::map<AnyId, std::uint32_t> domain_by_id_;
  std::map<AnyId, std::uint32_t> node_by_id_;
};

/// The domains as the views want them.
std::vector<ibcf::Domain> domains_of(const Fleet& fleet);

}  // namespace ibcf::analysis
