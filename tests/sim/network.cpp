#include "sim/network.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>

#include "network_support.hpp"

using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

const NetworkMode both_modes[] = {NetworkMode::hybrid, NetworkMode::flow};

LinkSpec link_of(double bandwidth_bps, Duration delay) {
  return {.bandwidth_bps = bandwidth_bps, .delay = delay};
}

/// Arrivals of `scene` over one line of links, in a process of its own.
std::vector<std::int64_t> arrivals_of(NetworkMode mode, const std::vector<LinkSpec>& specs,
                                      const std::function<void(Line&)>& scene) {
  return in_child([&] {
    Line line(mode, specs);
    scene(line);
    line.run();
    return line.arrivals();
  });
}

}  // namespace

TEST_CASE("a datagram takes size over bandwidth plus delay on every hop, exactly, in both modes") {
  for (const auto mode : both_modes) {
    const auto arrivals = arrivals_of(mode, {link_of(1e6, 20ms), link_of(10e6, 3ms), link_of(3e6, 1ns)},
                                      [](Line& line) { line.send_at(Instant{5s}, 7, 0, 3, 1000); });

    // 8000 bits: 8 ms, 800 us and 2,666,667 ns.
    CHECK(arrivals == std::vector<std::int64_t>{
                          7, 5'000'000'000 + 8'000'000 + 20'000'000 + 800'000 + 3'000'000 + 2'666'667 + 1});
  }
}

TEST_CASE("a transfer takes size over bandwidth plus delay on every hop, exactly, in both modes") {
  for (const auto mode : both_modes) {
    const auto arrivals = arrivals_of(mode, {link_of(1e6, 20ms), link_of(7e6, 270ms)}, [](Line& line) {
      line.send_at(Instant{30 * 24h + 1ns}, 7, 0, 2, 1'000'000);
    });

    CHECK(arrivals == std::vector<std::int64_t>{7, nanoseconds_of(Instant{30 * 24h + 1ns}) + 8'000'000'000 +
                                                       20'000'000 + 1'142'857'143 + 270'000'000});
  }
}

TEST_CASE("loss makes a transfer longer, never lost") {
  for (const auto mode : both_modes) {
    auto spec = link_of(8e6, 1ms);
    spec.loss = 0.2;

    const auto arrivals =
        arrivals_of(mode, {spec}, [](Line& line) { line.send_at(Instant{}, 1, 0, 1, 1'000'000); });

    CHECK(arrivals == std::vector<std::int64_t>{1, 1'250'000'000 + 1'000'000});
  }
}

TEST_CASE("datagrams leave a link in the order in which they came, one after the other") {
  for (const auto mode : both_modes) {
    const auto arrivals = arrivals_of(mode, {link_of(1e6, 5ms)}, [](Line& line) {
      for (std::uint32_t i = 0; i < 100; ++i) line.send_at(Instant{}, i, 0, 1, 125);
    });

    std::vector<std::int64_t> expected;
    for (std::int64_t i = 0; i < 100; ++i) {
      expected.push_back(i);
      expected.push_back(5'000'000 + (i + 1) * 1'000'000);
    }
    CHECK(arrivals == expected);
  }
}

TEST_CASE("two equal transfers share a link and end together, the first sent first") {
  for (const auto mode : both_modes) {
    const auto arrivals = arrivals_of(mode, {link_of(8e6, 0ms)}, [](Line& line) {
      line.send_at(Instant{1s}, 1, 0, 1, 1'000'000);
      line.send_at(Instant{1s}, 2, 0, 1, 1'000'000);
    });

    REQUIRE(arrivals.size() == 4);
    CHECK(arrivals[0] == 1);
    CHECK(arrivals[2] == 2);
    CHECK(std::abs(arrivals[1] - 3'000'000'000) <= 10);
    CHECK(std::abs(arrivals[3] - 3'000'000'000) <= 10);
  }
}

TEST_CASE("the seventeenth transfer waits until one of sixteen has ended") {
  const auto arrivals = arrivals_of(NetworkMode::hybrid, {link_of(8e6, 0ms)}, [](Line& line) {
    for (std::uint32_t i = 0; i < 17; ++i) line.send_at(Instant{}, i, 0, 1, i == 0 ? 10'000 : 1'000'000);
  });

  REQUIRE(arrivals.size() == 34);
  CHECK(arrivals[0] == 0);
  CHECK(std::abs(arrivals[1] - 160'000'000) <= 10);  // a sixteenth of a megabyte a second
  CHECK(arrivals[32] == 16);
  CHECK(std::abs(arrivals[33] - 16'010'000'000) <= 50);  // nothing of the link is wasted
}

TEST_CASE("a parcel between two endpoints at one vertex arrives after a microsecond, not within send") {
  Line line(NetworkMode::hybrid, {link_of(1e6, 5ms)});

  line.network.send(3, 0, 0, 100, Instant{2s});
  CHECK(line.seen.deliveries.empty());
  line.run();

  CHECK(line.arrivals() == std::vector<std::int64_t>{3, 2'000'001'000});
}

TEST_CASE("what cannot be sent is dropped with its reason, after send returned") {
  auto narrow = link_of(1e6, 5ms);
  narrow.queue_bytes = 2000;
  Line line(NetworkMode::hybrid, {narrow, link_of(1e6, 5ms)});

  line.network.send(1, 2, 0, 100, Instant{});  // the line leads one way only
  for (std::uint32_t i = 10; i < 14; ++i) line.network.send(i, 0, 1, 900, Instant{});
  CHECK(line.seen.drops.empty());
  line.run();

  REQUIRE(line.seen.drops.size() == 3);
  CHECK(line.seen.drops[0].parcel == 12);  // one is served, one waits with room for 200 bytes
  CHECK(line.seen.drops[0].reason == DropReason::queue_full);
  CHECK(line.seen.drops[1].parcel == 13);
  CHECK(line.seen.drops[2].reason == DropReason::no_route);
  CHECK(line.seen.drops[2].where == none);
  CHECK(line.seen.deliveries.size() == 2);
  CHECK(line.network.count(line.links[0]).dropped == 2);
}

TEST_CASE("the queue bound drops the same datagrams in both modes") {
  const auto scene = [](Line& line) {
    for (std::uint32_t i = 0; i < 200; ++i) line.send_at(Instant{i * 1700us}, i, 0, 1, 200 + (i * 37) % 900);
  };
  auto narrow = link_of(2e6, 5ms);
  narrow.queue_bytes = 3000;

  const auto hybrid = arrivals_of(NetworkMode::hybrid, {narrow}, scene);
  const auto flow = arrivals_of(NetworkMode::flow, {narrow}, scene);

  CHECK(hybrid == flow);
  CHECK(hybrid.size() < 400);
  CHECK(hybrid.size() > 200);
}

TEST_CASE(
    "a link that goes down drops what waits, is sent and is under way, and carries again after release") {
  for (const auto mode : both_modes) {
    const auto numbers = in_child([&] {
      Line line(mode, {link_of(1e6, 50ms)});
      line.send_at(Instant{}, 1, 0, 1, 1250);           // arrives at 60 ms
      line.send_at(Instant{60ms}, 2, 0, 1, 1250);       // has left at 70 ms, under way at 75 ms
      line.send_at(Instant{65ms}, 3, 0, 1, 1250);       // half sent at 75 ms
      line.send_at(Instant{66ms}, 4, 0, 1, 1250);       // waits
      line.send_at(Instant{66ms}, 5, 0, 1, 1'000'000);  // a transfer on its way
      line.hold_at(Instant{75ms}, 0);
      line.hold_at(Instant{76ms}, 0);
      line.release_at(Instant{80ms}, 0);
      line.send_at(Instant{85ms}, 6, 0, 1, 1250);  // still one hold: no route
      line.release_at(Instant{90ms}, 0);
      line.send_at(Instant{100ms}, 7, 0, 1, 1250);
      line.run();
      auto result = line.arrivals();
      for (const auto& drop : line.seen.drops) {
        result.push_back(drop.parcel);
        result.push_back(static_cast<int>(drop.reason));
      }
      result.push_back(static_cast<std::int64_t>(line.seen.changes.size()));
      result.push_back(static_cast<std::int64_t>(line.network.count(0).in_flight));
      return result;
    });

    CHECK(numbers ==
          std::vector<std::int64_t>{1, 60'000'000, 7, 160'000'000, 2, 1, 3, 1, 4, 1, 5, 1, 6, 3, 2, 0});
  }
}

TEST_CASE("a contact window opens and closes its link, with a delay of its own") {
  auto spec = link_of(1e6, 5ms);
  spec.windows = {
      {Instant{1s}, Instant{2s}, 7ms}, {Instant{2s}, Instant{3s}, 9ms}, {Instant{4s}, Instant{5s}, 11ms}};
  Line line(NetworkMode::hybrid, {spec});
  CHECK_FALSE(line.network.is_up(0));

  for (std::uint32_t i = 0; i < 6; ++i) line.send_at(Instant{i * 1s + 100ms}, i, 0, 1, 125);
  line.send_at(Instant{1s + 999ms}, 10, 0, 1, 125);  // a window that follows at once is a handover
  line.send_at(Instant{2s + 999ms}, 11, 0, 1, 125);
  line.run();

  CHECK(line.arrivals() ==
        std::vector<std::int64_t>{1, 1'108'000'000, 10, 2'007'000'000, 2, 2'110'000'000, 4, 4'112'000'000});
  REQUIRE(line.seen.changes.size() == 4);
  CHECK(line.seen.changes[0].when == Instant{1s});
  CHECK(line.seen.changes[1].when == Instant{3s});
  CHECK(line.seen.drops.size() == 4);
}

TEST_CASE("a traced link follows its rows: datagrams are dropped while disconnected, transfers wait") {
  auto trace = std::make_shared<LinkTrace>();
  trace->rows = {{.delay = 10ms, .down_bps = 1e6, .up_bps = 1e3},
                 {.delay = 20ms, .down_bps = 2e6, .connected = false},
                 {.delay = 30ms, .loss = 1, .down_bps = 2e6},
                 {.delay = 40ms, .down_bps = 4e6}};
  for (const auto mode : both_modes) {
    auto spec = link_of(1, 0ms);
    spec.trace = trace;
    spec.trace_offset = 500ms;

    const auto arrivals = arrivals_of(mode, {spec}, [](Line& line) {
      line.send_at(Instant{0s}, 0, 0, 1, 125);
      line.send_at(Instant{1s}, 1, 0, 1, 125);
      line.send_at(Instant{1s}, 2, 0, 1, 5000);
      line.send_at(Instant{2s}, 3, 0, 1, 125);
      line.send_at(Instant{3s}, 4, 0, 1, 125);
      line.send_at(Instant{4s}, 5, 0, 1, 125);
    });

    CHECK(arrivals ==
          std::vector<std::int64_t>{0, 11'000'000, 2, 2'550'000'000, 4, 3'040'250'000, 5, 4'011'000'000});
  }
}

TEST_CASE("parcels take the quickest way that is up, between leaves and over hubs") {
  Rig rig(NetworkMode::hybrid);
  auto& network = rig.network;
  for (const char* name : {"leaf a", "north", "south", "middle", "leaf b", "alone"}) network.add_vertex(name);
  const auto add = [&](LinkKind kind, VertexIndex from, VertexIndex to, Duration delay) {
    auto spec = link_of(1e9, delay);
    spec.kind = kind;
    spec.from = from;
    spec.to = to;
    return network.add_link(spec);
  };
  add(LinkKind::access_up, 0, 1, 1ms);
  add(LinkKind::access_down, 1, 0, 1ms);
  add(LinkKind::access_up, 4, 2, 1ms);
  const auto down_b = add(LinkKind::access_down, 2, 4, 1ms);
  const auto direct = add(LinkKind::backbone, 1, 2, 10ms);
  add(LinkKind::backbone, 2, 1, 10ms);
  add(LinkKind::backbone, 1, 3, 20ms);
  add(LinkKind::backbone, 3, 1, 20ms);
  add(LinkKind::backbone, 3, 2, 20ms);
  const auto last = add(LinkKind::backbone, 2, 3, 20ms);
  network.start();
  const auto took = [&](std::uint32_t parcel) {
    for (const auto& delivery : rig.seen.deliveries)
      if (delivery.parcel == parcel) return delivery.when;
    return never;
  };

  rig.send_at(Instant{1s}, 1, 0, 4, 125);
  rig.hold_at(Instant{2s}, direct);
  rig.send_at(Instant{3s}, 2, 0, 4, 125);
  rig.run();

  CHECK(took(1) == Instant{1s + 12ms + 3us});
  CHECK(took(2) == Instant{3s + 42ms + 4us});
  CHECK(network.is_reachable(0, 4));
  CHECK(network.is_reachable(4, 0));
  CHECK_FALSE(network.is_reachable(0, 5));
  CHECK(network.components() == std::vector<std::uint32_t>{0, 0, 0, 0, 0, 5});

  network.hold_down(last, Instant{4s});
  CHECK(network.components() == std::vector<std::uint32_t>{0, 0, 0, 0, 0, 5});  // still by 2 -> 1 -> 3
  network.hold_down(down_b, Instant{4s});
  CHECK_FALSE(network.is_reachable(0, 4));
  CHECK(network.components() == std::vector<std::uint32_t>{0, 0, 0, 0, 4, 5});
}

TEST_CASE("a leaf with two ways up is refused") {
  Rig rig(NetworkMode::hybrid);
  for (const char* name : {"leaf", "north", "south"}) rig.network.add_vertex(name);
  rig.network.add_link({.kind = LinkKind::access_up, .from = 0, .to = 1});

  CHECK_THROWS_AS(rig.network.add_link({.kind = LinkKind::access_up, .from = 0, .to = 2}), std::logic_error);
}

TEST_CASE("the handlers of signals that were there stay when SimGrid starts") {
  const auto kept = in_child([] {
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGSEGV, SIG_DFL);
    Line line(NetworkMode::flow, {link_of(1e6, 0ms)});
    line.send_at(Instant{}, 1, 0, 1, 100);
    line.run();
    return std::vector<std::int64_t>{std::signal(SIGINT, SIG_DFL) == SIG_IGN,
                                     std::signal(SIGSEGV, SIG_DFL) == SIG_DFL};
  });

  CHECK(kept == std::vector<std::int64_t>{1, 1});
}

TEST_CASE("a run may end while flows are under way") {
  const auto numbers = in_child([] {
    std::int64_t written = 0;
    {
      Line line(NetworkMode::flow, {link_of(1e6, 0ms)});
      line.send_at(Instant{}, 1, 0, 1, 1'000'000);
      line.send_at(Instant{}, 2, 0, 1, 100);
      line.hold_at(Instant{1s}, 0);
      line.release_at(Instant{1s}, 0);
      line.send_at(Instant{1s}, 3, 0, 1, 1'000'000);
      line.run(Instant{2s});
      written = static_cast<std::int64_t>(line.network.count(0).in_flight);
    }
    return std::vector<std::int64_t>{written};
  });

  CHECK(numbers == std::vector<std::int64_t>{1});
}

TEST_CASE("a transfer that starts behind waiting datagrams shares the link with them") {
  const auto arrivals = arrivals_of(NetworkMode::hybrid, {link_of(8e6, 0ms)}, [](Line& line) {
    for (std::uint32_t i = 0; i < 500; ++i) line.send_at(Instant{}, i, 0, 1, 1000);  // half a second of work
    line.send_at(Instant{}, 1000, 0, 1, 1'000'000);                                  // one second
  });

  REQUIRE(arrivals.size() == 2 * 501);
  CHECK(arrivals[1000] == 1000);
  CHECK(std::abs(arrivals[1001] - 1'500'000'000) <= 10);
}

TEST_CASE("a link that went down starts anew: nothing of before has a share of it") {
  for (const auto mode : both_modes) {
    const auto arrivals = arrivals_of(mode, {link_of(8e6, 0ms)}, [](Line& line) {
      for (std::uint32_t i = 0; i < 4; ++i) line.send_at(Instant{}, i, 0, 1, 1'000'000);
      for (std::uint32_t i = 10; i < 14; ++i) line.send_at(Instant{}, i, 0, 1, 1500);
      line.send_at(Instant{1ms}, 9, 0, 1, 8000);  // brings SimGrid to the very instant of the cut
      line.hold_at(Instant{1ms}, 0);
      line.release_at(Instant{1ms}, 0);
      line.send_at(Instant{1ms}, 20, 0, 1, 1'000'000);
      line.send_at(Instant{1ms}, 21, 0, 1, 1'000'000);
      line.send_at(Instant{500ms}, 15, 0, 1, 8000);
      line.send_at(Instant{3s}, 22, 0, 1, 1000);
      line.send_at(Instant{3s}, 23, 0, 1, 1000);
      line.hold_at(Instant{3s}, 0);
      line.release_at(Instant{3s}, 0);
      line.send_at(Instant{3s}, 24, 0, 1, 1000);
    });

    REQUIRE(arrivals.size() == 8);
    CHECK(arrivals[0] == 15);
    CHECK(std::abs(arrivals[1] - 524'000'000) <= 20);
    CHECK(arrivals[2] == 20);
    CHECK(std::abs(arrivals[3] - 2'009'000'000) <= 20);
    CHECK(std::abs(arrivals[5] - 2'009'000'000) <= 20);
    CHECK(arrivals[6] == 24);
    CHECK(arrivals[7] == 3'001'000'000);
  }
}
