#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "network_support.hpp"

using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

constexpr double bandwidth_bps = 1e6;
constexpr int seeds = 20;
constexpr double t_of_99_percent = 2.861;  // Student, 19 degrees of freedom
constexpr std::uint32_t warm_up = 5'000;
constexpr std::uint32_t messages = 45'000;

/// Sends one datagram after the other and adds up how long each waited for the link.
struct Source : NetworkClient {
  Calendar calendar;
  Network network;
  std::vector<Instant> sent;
  std::vector<Duration> service;
  double waited_s = 0;

  explicit Source(std::uint64_t seed) : network(NetworkMode::hybrid, seed, calendar, *this) {}

  void delivered(std::uint32_t parcel, VertexIndex, Instant now) override {
    if (parcel >= warm_up) waited_s += seconds_of(now - sent[parcel] - service[parcel]);
  }
  void dropped(std::uint32_t, DropReason, LinkIndex, Instant) override { FAIL("nothing is dropped"); }
  void link_changed(LinkIndex, bool, Instant) override {}
};

/// The mean wait of Poisson arrivals at `load`, with the sizes `size_of` gives.
template <class SizeOf>
double mean_wait_s(std::uint64_t seed, double load, double mean_bytes, SizeOf size_of) {
  const RandomStream gaps(seed, "test.gaps");
  Source source(seed);
  source.network.add_vertex("a");
  source.network.add_vertex("b");
  source.network.add_link({.from = 0, .to = 1, .bandwidth_bps = bandwidth_bps});
  source.network.start();
  source.calendar.push({Instant{}, EntryKind::workload, 0, 0});
  run(source.calendar, source.network, never - Duration{1}, [&](const Entry& entry) {
    if (entry.kind != EntryKind::workload) {
      source.network.handle(entry, entry.at);
      return true;
    }
    const std::uint32_t bytes = size_of(seed, entry.slot);
    source.sent.push_back(entry.at);
    source.service.push_back(duration_from_seconds(bytes * 8 / bandwidth_bps));
    source.network.send(entry.slot, 0, 1, bytes, entry.at);
    const double gap_s = gaps.exponential(0, entry.slot) * mean_bytes * 8 / bandwidth_bps / load;
    if (entry.slot + 1 < messages)
      source.calendar.push({entry.at + duration_from_seconds(gap_s), EntryKind::workload, 0, entry.slot + 1});
    return true;
  });
  return source.waited_s / (messages - warm_up);
}

/// Whether theory lies in the 99 % interval of the measured means, and the interval is narrow enough to tell.
template <class SizeOf>
void check_against(double theory_s, double load, double mean_bytes, SizeOf size_of) {
  std::vector<double> means;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    means.push_back(mean_wait_s(seed, load, mean_bytes, size_of));
  const double mean = std::accumulate(means.begin(), means.end(), 0.0) / seeds;
  double squares = 0;
  for (const double m : means) squares += (m - mean) * (m - mean);
  const double half_width = t_of_99_percent * std::sqrt(squares / (seeds - 1) / seeds);
  INFO("load " << load << ": " << mean << " s measured, " << theory_s << " s expected, +- " << half_width);
  CHECK(std::abs(mean - theory_s) < half_width);
  CHECK(half_width < 0.05 * theory_s);
}

}  // namespace

TEST_CASE("constant sizes wait as in M/D/1 (Pollaczek and Khinchine)", "[queueing]") {
  constexpr double bytes = 1000;
  constexpr double service_s = bytes * 8 / bandwidth_bps;
  for (const double load : {0.5, 0.8})
    check_against(load * service_s / (2 * (1 - load)), load, bytes,
                  [](std::uint64_t, std::uint32_t) -> std::uint32_t { return 1000; });
}

TEST_CASE("exponential sizes wait as in M/M/1", "[queueing]") {
  // Whole bytes of an exponential size are geometric; the half byte of rounding is in the formula of M/G/1.
  constexpr double scale = 60;
  const double p = 1 - std::exp(-1 / scale);
  const double mean_bytes = 1 / p;
  const double mean_square = (2 - p) / (p * p);
  const auto size_of = [](std::uint64_t seed, std::uint32_t number) {
    return 1 + static_cast<std::uint32_t>(RandomStream(seed, "test.sizes").exponential(0, number) * scale);
  };
  for (const double load : {0.5, 0.8}) {
    const double per_byte_s = 8 / bandwidth_bps;
    const double arrivals_per_s = load / (mean_bytes * per_byte_s);
    const double theory_s = arrivals_per_s * mean_square * per_byte_s * per_byte_s / (2 * (1 - load));
    REQUIRE(theory_s == Approx(load / (1 - load) * mean_bytes * per_byte_s).epsilon(0.01));  // M/M/1
    check_against(theory_s, load, mean_bytes, size_of);
  }
}
