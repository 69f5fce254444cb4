#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/time.hpp"
#include "sim/network.hpp"

namespace ibcf::sim {

struct Place {
  double latitude_deg = 0;
  double longitude_deg = 0;
};

/// Great-circle distance on a sphere of 6371 km (haversine), rounded to a metre.
double distance_m(Place a, Place b);

/// One-way propagation over a fibre laid between two places: the great circle x `detour` at 2/3 of the speed
/// of light.
Duration fibre_delay(Place a, Place b, double detour = 1.4);

/// One-way delay ground - geostationary satellite at `satellite_longitude_deg` - ground, at the speed of
/// light, rounded to a microsecond (satellite 35786 km above a sphere of 6378.137 km). A place that does not
/// see the satellite (elevation below 5 degrees) has none: nothing.
std::optional<Duration> geostationary_delay(Place a, Place b, double satellite_longitude_deg);

/// The point `bearing_deg` (clockwise from north) and `metres` away from a place, to 1e-7 degrees; longitude
/// within -180 .. 180.
Place moved(Place from, double bearing_deg, double metres);

/// A Walker delta shell i: t/p/f (Walker, 1984): `satellites` on `planes` evenly spread circular orbits,
/// phase offset `phasing` x 360 / t between neighbouring planes.
struct WalkerShell {
  double inclination_deg = 53;
  double altitude_m = 550e3;
  std::uint32_t satellites = 24;
  std::uint32_t planes = 6;
  std::uint32_t phasing = 1;
  double min_elevation_deg = 25;
};

/// 2 pi sqrt(a^3 / mu) with mu = 398600.4418 km^3/s^2, rounded to a microsecond.
Duration orbital_period(const WalkerShell& shell);

/// When at least one satellite of the shell stands above `min_elevation_deg` as seen from `place`, from time
/// 0 to `until`: sorted, disjoint windows, edges to a second (opens: the first second in sight, closes: the
/// first one out of it). Circular two-body orbits over a turning spherical earth of 6371 km. The sky is
/// looked at every 10 s: a contact or a gap that is shorter may be missed. The delay of a window is that of
/// the mean slant range over the window, up and down (a bent pipe to a gateway beside the sub-satellite
/// point), rounded to a microsecond.
std::vector<ContactWindow> passes(const WalkerShell& shell, Place place, Instant until);

}  // namespace ibcf::sim
