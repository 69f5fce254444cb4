#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "network_support.hpp"

using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

/// Offered load: Poisson datagrams and Poisson transfers from vertex 0 to the end of a line, for a minute.
struct Load {
  double datagrams_per_s = 0;
  std::uint32_t datagram_bytes = 1000;
  double transfers_per_s = 0;
  std::uint32_t transfer_bytes = 100'000;
};

constexpr std::uint32_t transfers_from = 1'000'000;

void plan_arrivals(Line& line, double per_s, std::uint32_t first_parcel, std::uint32_t bytes,
                   VertexIndex to) {
  if (per_s <= 0) return;
  const RandomStream stream(11, "test.arrivals");
  Instant when{};
  for (std::uint32_t i = 0;; ++i) {
    when += duration_from_seconds(stream.exponential(first_parcel, i) / per_s);
    if (when > Instant{60s}) return;
    line.send_at(when, first_parcel + i, 0, to, bytes);
  }
}

std::vector<std::int64_t> arrivals_under(NetworkMode mode, const Load& load) {
  return in_child([&] {
    LinkSpec spec{.bandwidth_bps = 8e6, .delay = 25ms};
    Line line(mode, {spec, spec});
    plan_arrivals(line, load.datagrams_per_s, 0, load.datagram_bytes, 2);
    plan_arrivals(line, load.transfers_per_s, transfers_from, load.transfer_bytes, 2);
    line.run();
    return line.arrivals();
  });
}

struct Measured {
  std::vector<double> datagram_delays_s;
  std::vector<double> transfer_delays_s;
  double bytes_in_time = 0;  // delivered within the minute
};

Measured measured(NetworkMode mode, const Load& load) {
  // The send times again: the network is told nothing that would help it.
  std::map<std::int64_t, Instant> sent;
  for (const auto& [per_s, first] :
       {std::pair{load.datagrams_per_s, 0U}, {load.transfers_per_s, transfers_from}}) {
    Instant when{};
    for (std::uint32_t i = 0; per_s > 0 && when <= Instant{60s}; ++i) {
      when += duration_from_seconds(RandomStream(11, "test.arrivals").exponential(first, i) / per_s);
      sent[first + i] = when;
    }
  }
  Measured result;
  const auto arrivals = arrivals_under(mode, load);
  for (std::size_t i = 0; i < arrivals.size(); i += 2) {
    const Instant arrived = at(Duration{arrivals[i + 1]});
    const bool transfer = arrivals[i] >= transfers_from;
    (transfer ? result.transfer_delays_s : result.datagram_delays_s)
        .push_back(seconds_of(arrived - sent.at(arrivals[i])));
    if (arrived <= Instant{60s}) result.bytes_in_time += transfer ? load.transfer_bytes : load.datagram_bytes;
  }
  return result;
}

double p95(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() * 95 / 100);
}

}  // namespace

TEST_CASE("both modes agree to the nanosecond where messages of one kind compete") {
  const Load datagrams{.datagrams_per_s = 800};
  const Load transfers{.transfers_per_s = 8};

  CHECK(arrivals_under(NetworkMode::hybrid, datagrams) == arrivals_under(NetworkMode::flow, datagrams));
  CHECK(arrivals_under(NetworkMode::hybrid, transfers) == arrivals_under(NetworkMode::flow, transfers));
}

TEST_CASE("both modes agree within 2 % on throughput and p95 delay where datagrams and transfers compete") {
  for (const Load& load : {Load{.datagrams_per_s = 100, .transfers_per_s = 3},
                           Load{.datagrams_per_s = 200, .transfers_per_s = 5},
                           Load{.datagrams_per_s = 2000, .datagram_bytes = 200, .transfers_per_s = 4},
                           Load{.datagrams_per_s = 300, .transfers_per_s = 100, .transfer_bytes = 5'000}}) {
    const Measured hybrid = measured(NetworkMode::hybrid, load);
    const Measured flow = measured(NetworkMode::flow, load);

    INFO(load.datagrams_per_s << " datagrams and " << load.transfers_per_s << " transfers a second");
    REQUIRE(hybrid.datagram_delays_s.size() == flow.datagram_delays_s.size());
    REQUIRE(hybrid.transfer_delays_s.size() == flow.transfer_delays_s.size());
    CHECK(hybrid.bytes_in_time == Approx(flow.bytes_in_time).epsilon(0.02));
    CHECK(p95(hybrid.datagram_delays_s) == Approx(p95(flow.datagram_delays_s)).epsilon(0.02));
    CHECK(p95(hybrid.transfer_delays_s) == Approx(p95(flow.transfer_delays_s)).epsilon(0.02));
  }
}

TEST_CASE("a datagram beside transfers is served with an even share, in both modes") {
  for (const auto mode : {NetworkMode::hybrid, NetworkMode::flow}) {
    const auto arrivals = in_child([&] {
      Line line(mode, {{.bandwidth_bps = 8e6}});
      for (std::uint32_t i = 0; i < 3; ++i) line.send_at(Instant{}, i, 0, 1, 1'000'000);
      line.send_at(Instant{1s}, 9, 0, 1, 1000);
      line.run();
      return line.arrivals();
    });

    REQUIRE(arrivals.size() == 8);
    CHECK(arrivals[0] == 9);
    CHECK(std::abs(arrivals[1] - 1'004'000'000) <= 10);  // 1 ms of work, one of four
    CHECK(std::abs(arrivals[7] - 3'001'000'000) <= 10);  // and nothing is carried for nothing
  }
}

TEST_CASE("two runs with the same seed tell the same story, a run with another loss seed does not") {
  for (const auto mode : {NetworkMode::hybrid, NetworkMode::flow}) {
    const auto story = [mode](std::uint64_t seed) {
      return in_child([&] {
        LinkSpec spec{.bandwidth_bps = 8e6, .delay = 25ms, .loss = 0.05};
        Line line(mode, {spec, spec}, seed);
        plan_arrivals(line, 300, 0, 1000, 2);
        plan_arrivals(line, 4, transfers_from, 50'000, 2);
        line.hold_at(Instant{20s}, 1);
        line.release_at(Instant{21s}, 1);
        line.run();
        auto numbers = line.arrivals();
        for (const auto& drop : line.seen.drops) {
          numbers.push_back(drop.parcel);
          numbers.push_back(nanoseconds_of(drop.when));
        }
        return numbers;
      });
    };

    CHECK(story(1) == story(1));
    CHECK(story(1) != story(2));
  }
}
