#include "sim/geography.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

constexpr Place paris{48.8566, 2.3522};
constexpr Place london{51.5074, -0.1278};
constexpr Place new_york{40.7128, -74.0060};

/// The dumb twin: the highest elevation of any satellite, from positions in space, one by one.
double highest_elevation_deg(const WalkerShell& shell, Place place, double second) {
  const double degree = std::numbers::pi / 180;
  const double earth = 6371e3;
  const double radius = earth + shell.altitude_m;
  const double motion = std::sqrt(3.986004418e14 / std::pow(radius, 3));
  const double longitude = place.longitude_deg * degree + 7.2921159e-5 * second;
  const double latitude = place.latitude_deg * degree;
  const double up[] = {std::cos(latitude) * std::cos(longitude), std::cos(latitude) * std::sin(longitude),
                       std::sin(latitude)};
  double highest = -90;
  const auto per_plane = shell.satellites / shell.planes;
  for (std::uint32_t plane = 0; plane < shell.planes; ++plane) {
    for (std::uint32_t s = 0; s < per_plane; ++s) {
      const double node = 360.0 * plane / shell.planes * degree;
      const double u = (360.0 * s / per_plane + 360.0 * shell.phasing * plane / shell.satellites) * degree +
                       motion * second;
      const double i = shell.inclination_deg * degree;
      const double satellite[] = {
          radius * (std::cos(node) * std::cos(u) - std::sin(node) * std::sin(u) * std::cos(i)),
          radius * (std::sin(node) * std::cos(u) + std::cos(node) * std::sin(u) * std::cos(i)),
          radius * std::sin(u) * std::sin(i)};
      double along_up = -earth;
      double square = 0;
      for (int axis = 0; axis < 3; ++axis) {
        along_up += satellite[axis] * up[axis];
        square += std::pow(satellite[axis] - earth * up[axis], 2);
      }
      highest = std::max(highest, std::asin(along_up / std::sqrt(square)) / degree);
    }
  }
  return highest;
}

}  // namespace

TEST_CASE("Paris and London are 343.5 km apart, Paris and New York 5837 km") {
  CHECK(distance_m(paris, london) == Approx(343.5e3).margin(1e3));
  CHECK(distance_m(paris, new_york) == Approx(5837e3).margin(5e3));
  CHECK(distance_m(paris, paris) == 0);
  CHECK(distance_m({90, 0}, {-90, 0}) == std::round(6371e3 * std::numbers::pi));
}

TEST_CASE("light in fibre needs five microseconds per kilometre of cable") {
  const auto straight = fibre_delay(paris, london, 1.0);

  CHECK(seconds_of(straight) == Approx(distance_m(paris, london) * 1.5 / 299792458).epsilon(1e-6));
  CHECK(seconds_of(fibre_delay(paris, london)) == Approx(1.4 * seconds_of(straight)).epsilon(1e-6));
}

TEST_CASE("a geostationary bounce takes 238.7 to 280 ms, and none where the satellite is not seen") {
  const auto shortest = geostationary_delay({0, 10}, {0, 10}, 10);
  const auto europe = geostationary_delay(paris, london, 13);

  REQUIRE(shortest);
  CHECK(seconds_of(*shortest) == Approx(2 * 35786e3 / 299792458).margin(1e-6));
  REQUIRE(europe);
  CHECK(*europe > 240ms);
  CHECK(*europe < 280ms);
  CHECK(*europe % 1us == 0ns);
  CHECK_FALSE(geostationary_delay(paris, {-37, 175}, 13));
  CHECK_FALSE(geostationary_delay({85, 13}, paris, 13));
}

TEST_CASE("a moved place is as far away as it was moved, and in that direction") {
  const Place north = moved(paris, 0, 100e3);
  const Place east = moved({0, 179.9}, 90, 100e3);

  CHECK(distance_m(paris, north) == Approx(100e3).margin(1));
  CHECK(north.latitude_deg > paris.latitude_deg);
  CHECK(north.longitude_deg == Approx(paris.longitude_deg).margin(1e-6));
  CHECK(east.longitude_deg == Approx(-179.2).margin(0.01));
  for (int bearing = 0; bearing < 360; bearing += 30)
    CHECK(distance_m(paris, moved(paris, bearing, 30e3)) == Approx(30e3).margin(1));
}

TEST_CASE("an orbit at 550 km takes 95.5 minutes") {
  const double radius = 6371e3 + 550e3;
  const double kepler = 2 * std::numbers::pi * std::sqrt(std::pow(radius, 3) / 3.986004418e14);

  CHECK(seconds_of(orbital_period({.altitude_m = 550e3})) == Approx(kepler).margin(1e-6));
  CHECK(seconds_of(orbital_period({.altitude_m = 550e3})) / 60 == Approx(95.5).margin(0.1));
}

TEST_CASE("passes are disjoint, in whole seconds, and cross the elevation mask at their edges") {
  const WalkerShell shell{.satellites = 12, .planes = 3};
  const auto until = Instant{24h};

  const auto windows = passes(shell, paris, until);

  REQUIRE(windows.size() > 10);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const auto& window = windows[i];
    INFO("window " << i);
    CHECK(window.opens < window.closes);
    CHECK((i == 0 || windows[i - 1].closes < window.opens));
    CHECK(window.opens.time_since_epoch() % 1s == 0ns);
    const double opens = seconds_of(window.opens);
    const double closes = seconds_of(window.closes);
    CHECK(highest_elevation_deg(shell, paris, opens) >= 25);
    CHECK(highest_elevation_deg(shell, paris, opens - 1) < 25);
    CHECK(highest_elevation_deg(shell, paris, closes - 1) >= 25);
    CHECK(highest_elevation_deg(shell, paris, closes) < 25);
    CHECK(seconds_of(window.delay) > 2 * 550e3 / 299792458);
    CHECK(seconds_of(window.delay) < (1124e3 + 550e3) / 299792458);  // slant range at 25 degrees: 1123 km
  }
}

TEST_CASE("a place is in contact exactly when the dumb twin sees a satellite") {
  const WalkerShell shell{.inclination_deg = 70,
                          .altitude_m = 1200e3,
                          .satellites = 40,
                          .planes = 5,
                          .phasing = 2,
                          .min_elevation_deg = 10};
  const Place place{-33.9, 151.2};
  const auto windows = passes(shell, place, Instant{6h});
  int in_contact = 0;

  for (int second = 0; second < 6 * 3600; second += 60) {
    bool open = false;
    for (const auto& window : windows)
      open |= window.opens <= Instant{std::chrono::seconds{second}} &&
              Instant{std::chrono::seconds{second}} < window.closes;
    CHECK(open == (highest_elevation_deg(shell, place, second) >= 10));
    in_contact += open;
  }

  CHECK(in_contact > 0);
}

TEST_CASE(
    "a place beyond the reach of the shell has no passes, one under a dense shell is always in contact") {
  CHECK(passes({.inclination_deg = 30}, {80, 0}, Instant{24h}).empty());

  const auto dense = passes({.satellites = 1584, .planes = 72, .phasing = 17}, paris, Instant{1h});
  REQUIRE(dense.size() == 1);
  CHECK(dense[0].opens == Instant{});
  CHECK(dense[0].closes == Instant{1h});
}
