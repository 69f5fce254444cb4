#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "network_support.hpp"

using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

/// Sends, cuts and releases on a chain of three hubs with a leaf at either end.
struct Scene {
  struct Send {
    Instant when;
    VertexIndex from;
    VertexIndex to;
    std::uint32_t bytes;
  };
  struct Cut {
    Instant when;
    Duration lasts;
    LinkIndex link;
  };
  std::vector<Send> sends;
  std::vector<Cut> cuts;
};

constexpr double bandwidth_bps = 1e6;
constexpr std::uint32_t vertex_count = 5;
constexpr std::uint32_t link_count = 8;

Instant any_instant() {
  return at(Duration{*rc::gen::inRange<std::int64_t>(0, 3'000) * 1'000'000});
}

Scene any_scene() {
  Scene scene;
  const auto sends = *rc::gen::inRange(1, 60);
  for (int i = 0; i < sends; ++i)
    scene.sends.push_back({any_instant(), *rc::gen::inRange(0U, vertex_count),
                           *rc::gen::inRange(0U, vertex_count),
                           *rc::gen::oneOf(rc::gen::inRange(1U, 1501U), rc::gen::inRange(1501U, 60'000U))});
  const auto cuts = *rc::gen::inRange(0, 12);
  for (int i = 0; i < cuts; ++i)
    scene.cuts.push_back(
        {any_instant(), Duration{*rc::gen::inRange(0, 400) * 1'000'000}, *rc::gen::inRange(0U, link_count)});
  return scene;
}

void build(Network& network) {
  for (const char* name : {"leaf", "hub", "hub", "hub", "leaf"}) network.add_vertex(name);
  for (VertexIndex v = 0; v + 1 < vertex_count; ++v) {
    const bool first = v == 0;
    const bool last = v + 2 == vertex_count;
    const auto there = first ? LinkKind::access_up : last ? LinkKind::access_down : LinkKind::backbone;
    const auto back = first ? LinkKind::access_down : last ? LinkKind::access_up : LinkKind::backbone;
    LinkSpec spec{.bandwidth_bps = bandwidth_bps, .delay = 20ms, .loss = 0.1, .queue_bytes = 20'000};
    spec.kind = there;
    spec.from = v;
    spec.to = v + 1;
    network.add_link(spec);
    spec.kind = back;
    std::swap(spec.from, spec.to);
    network.add_link(spec);
  }
  network.start();
}

/// Plays the scene and returns how often a law did not hold: I-71, I-72, every parcel ends exactly once.
std::vector<std::int64_t> violations(NetworkMode mode, const Scene& scene) {
  Rig rig(mode, 5);
  build(rig.network);
  for (std::uint32_t i = 0; i < scene.sends.size(); ++i) {
    const auto& send = scene.sends[i];
    rig.send_at(send.when, i, send.from, send.to, send.bytes);
  }
  for (const auto& cut : scene.cuts) {
    rig.hold_at(cut.when, cut.link);
    rig.release_at(cut.when + cut.lasts, cut.link);
  }
  std::int64_t unbalanced = 0;
  std::int64_t overloaded = 0;
  std::int64_t unfinished = 0;
  rig.run(Instant{1h}, [&](Instant now) {
    for (LinkIndex link = 0; link < link_count; ++link) {
      const LinkCount count = rig.network.count(link);
      unbalanced += count.sent != count.delivered + count.dropped + count.in_flight;
      // 100 ns for the rounding of single messages.
      overloaded += static_cast<double>(count.carried_bytes) * 8 > bandwidth_bps * (seconds_of(now) + 1e-7);
    }
  });
  for (LinkIndex link = 0; link < link_count; ++link) unfinished += rig.network.count(link).in_flight != 0;
  std::vector<std::uint32_t> ended;
  for (const auto& delivery : rig.seen.deliveries) ended.push_back(delivery.parcel);
  for (const auto& drop : rig.seen.drops) ended.push_back(drop.parcel);
  std::sort(ended.begin(), ended.end());
  std::int64_t wrong_ends = ended.size() != scene.sends.size();
  for (std::uint32_t i = 0; i < ended.size(); ++i) wrong_ends += ended[i] != i;
  return {unbalanced, overloaded, unfinished, wrong_ends};
}

}  // namespace

TEST_CASE("whatever is cut, sent is delivered, dropped and in flight, and no link carries more than it can",
          "[property]") {
  for (const auto mode : {NetworkMode::hybrid, NetworkMode::flow}) {
    REQUIRE(rc::check([mode] {
      const Scene scene = any_scene();
      RC_ASSERT(in_child([&] { return violations(mode, scene); }) == std::vector<std::int64_t>(4, 0));
    }));
  }
}

TEST_CASE("a saturated link carries all it can and not more, in both modes") {
  for (const auto mode : {NetworkMode::hybrid, NetworkMode::flow}) {
    const auto numbers = in_child([mode] {
      Line line(mode, {{.bandwidth_bps = bandwidth_bps}});
      for (std::uint32_t i = 0; i < 3000; ++i)
        line.send_at(Instant{i * 3ms}, i, 0, 1, i % 10 == 0 ? 5000 : 500);
      std::int64_t overloaded = 0;
      Instant end{};
      line.run(Instant{1h}, [&](Instant now) {
        const auto bits = static_cast<double>(line.network.count(0).carried_bytes) * 8;
        overloaded += bits > bandwidth_bps * (seconds_of(now) + 1e-7);
        end = now;
      });
      return std::vector<std::int64_t>{overloaded, nanoseconds_of(end),
                                       static_cast<std::int64_t>(line.network.count(0).carried_bytes)};
    });

    CHECK(numbers[0] == 0);
    CHECK(numbers[2] == 300 * 5000 + 2700 * 500);
    CHECK(static_cast<double>(numbers[1]) / 1e9 ==
          Approx(static_cast<double>(numbers[2]) * 8 / bandwidth_bps).epsilon(1e-5));
  }
}

TEST_CASE("independent loss takes the share it is said to take, and lost datagrams use the link") {
  constexpr std::uint32_t sent = 20'000;
  const auto run_with = [](double loss) {
    Line line(NetworkMode::hybrid, {{.bandwidth_bps = 1e9, .loss = loss}});
    for (std::uint32_t i = 0; i < sent; ++i) line.send_at(Instant{i * 1ms}, i, 0, 1, 100);
    line.run();
    return std::pair{line.network.count(0), line.arrivals()};
  };

  const auto [count, arrivals] = run_with(0.03);

  const double spread = std::sqrt(sent * 0.03 * 0.97);
  CHECK(std::abs(static_cast<double>(count.dropped) - sent * 0.03) < 2.58 * spread);
  CHECK(count.delivered + count.dropped == sent);
  CHECK(count.carried_bytes == sent * 100);
  CHECK(run_with(0.0).first.dropped == 0);
  CHECK(run_with(1.0).first.delivered == 0);
}

TEST_CASE("loss on one link, even of probability 0, leaves the draws of another as they were") {
  const auto drops_on_the_second = [](double loss_on_first) {
    Rig rig(NetworkMode::hybrid, 9);
    for (const char* name : {"a", "b", "c"}) rig.network.add_vertex(name);
    rig.network.add_link({.from = 0, .to = 1, .loss = loss_on_first});
    rig.network.add_link({.from = 1, .to = 2, .loss = 0.5});
    rig.network.start();
    for (std::uint32_t i = 0; i < 200; ++i) {
      rig.send_at(Instant{i * 1ms}, 1000 + i, 0, 1, 100);
      rig.send_at(Instant{i * 1ms}, i, 1, 2, 100);
    }
    rig.run();
    std::vector<std::uint32_t> dropped;
    for (const auto& drop : rig.seen.drops)
      if (drop.where == 1) dropped.push_back(drop.parcel);
    return dropped;
  };

  CHECK(drops_on_the_second(0) == drops_on_the_second(0.3));
  CHECK(drops_on_the_second(0).size() > 50);
}
