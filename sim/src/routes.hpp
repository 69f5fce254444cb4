#pragma once

#include <cstdint>
#include <vector>

#include "sim/network.hpp"

namespace ibcf::sim {

/// Quickest paths over the part of the backbone that is up. Vertices here are hubs, numbered from 0 without
/// gaps.
class Routes {
 public:
  struct Arc {
    std::uint32_t from = none;
    std::uint32_t to = none;
    Duration delay{};
    LinkIndex link = none;
  };

  /// Forgets every path; they are computed anew, destination by destination, when next asked for.
  void reset(std::uint32_t hubs, std::vector<Arc> arcs);

  /// The first link of the quickest path; `none` where there is no path, or `from` is `to`. Of equally quick
  /// paths the one with fewer hops, then the one whose next hub has the lower number, then the lower link:
  /// paths have no loops.
  [[nodiscard]] LinkIndex next_link(std::uint32_t from, std::uint32_t to);

  /// For each hub, a number it shares exactly with the hubs it can reach and that can reach it.
  [[nodiscard]] std::vector<std::uint32_t> components() const;

 private:
  [[nodiscard]] std::vector<LinkIndex> paths_to(std::uint32_t destination) const;

  std::uint32_t hubs_ = 0;
  std::vector<Arc> arcs_;
  std::vector<std::vector<LinkIndex>> next_;  // by destination, then by hub; empty: not asked for yet
};

}  // namespace ibcf::sim
