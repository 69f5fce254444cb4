#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "network_support.hpp"

using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

TEST_CASE("a parcel takes as long as the quickest path by Floyd and Warshall, links without delay included",
          "[property]") {
  REQUIRE(rc::check([] {
    constexpr int unreachable = 1'000'000;
    const auto size = *rc::gen::inRange(2U, 8U);
    const auto link_count = *rc::gen::inRange(0, 24);
    Rig rig(NetworkMode::hybrid);
    for (VertexIndex v = 0; v < size; ++v) rig.network.add_vertex(std::to_string(v));
    std::vector<std::vector<int>> quickest_ms(size, std::vector<int>(size, unreachable));
    for (VertexIndex v = 0; v < size; ++v) quickest_ms[v][v] = 0;
    std::vector<LinkIndex> held;
    for (int i = 0; i < link_count; ++i) {
      const auto from = *rc::gen::inRange(0U, size);
      const auto to = (from + *rc::gen::inRange(1U, size)) % size;
      const int delay_ms = *rc::gen::inRange(0, 4);
      const auto link = rig.network.add_link(
          {.from = from, .to = to, .bandwidth_bps = 1e15, .delay = std::chrono::milliseconds{delay_ms}});
      if (*rc::gen::inRange(0, 5) == 0)
        held.push_back(link);
      else
        quickest_ms[from][to] = std::min(quickest_ms[from][to], delay_ms);
    }
    for (VertexIndex by = 0; by < size; ++by)
      for (VertexIndex from = 0; from < size; ++from)
        for (VertexIndex to = 0; to < size; ++to)
          quickest_ms[from][to] =
              std::min(quickest_ms[from][to], quickest_ms[from][by] + quickest_ms[by][to]);
    rig.network.start();
    for (VertexIndex to = 0; to < size; ++to)
      (void)rig.network.is_reachable(0, to);  // routes that must be forgotten
    for (const auto link : held) rig.network.hold_down(link, Instant{});

    for (VertexIndex from = 0; from < size; ++from)
      for (VertexIndex to = 0; to < size; ++to) rig.network.send(from * size + to, from, to, 100, Instant{});
    rig.run();

    std::size_t reachable = 0;
    for (VertexIndex from = 0; from < size; ++from)
      for (VertexIndex to = 0; to < size; ++to) {
        RC_ASSERT(rig.network.is_reachable(from, to) == (quickest_ms[from][to] < unreachable));
        reachable += quickest_ms[from][to] < unreachable;
      }
    RC_ASSERT(rig.seen.deliveries.size() == reachable);
    for (const auto& delivery : rig.seen.deliveries)
      RC_ASSERT(delivery.when.time_since_epoch() / 1ms ==
                quickest_ms[delivery.parcel / size][delivery.parcel % size]);
    const auto components = rig.network.components();
    for (VertexIndex a = 0; a < size; ++a)
      for (VertexIndex b = 0; b < size; ++b)
        RC_ASSERT((components[a] == components[b]) ==
                  (quickest_ms[a][b] < unreachable && quickest_ms[b][a] < unreachable));
  }));
}
