#include "sim/geography.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "model/check.hpp"

namespace ibcf::sim {

namespace {

constexpr double light_m_per_s = 299792458.0;
constexpr double mean_radius_m = 6371e3;
constexpr double degree = std::numbers::pi / 180;

constexpr double equatorial_radius_m = 6378.137e3;
constexpr double geostationary_radius_m = equatorial_radius_m + 35786e3;
constexpr double geostationary_min_elevation_deg = 5;

/// Whole units, so that the last bits of the C library's sine do not matter.
Duration rounded_to_microseconds(double seconds) {
  return std::chrono::microseconds{std::llround(seconds * 1e6)};
}

/// From a place to the geostationary satellite; nothing where it stands too low.
std::optional<double> slant_to_geostationary_m(Place place, double satellite_longitude_deg) {
  const double cos_angle = std::cos(place.latitude_deg * degree) *
                           std::cos((place.longitude_deg - satellite_longitude_deg) * degree);
  const double r = geostationary_radius_m;
  const double earth = equatorial_radius_m;
  const double slant = std::sqrt(earth * earth + r * r - 2 * earth * r * cos_angle);
  const double sin_elevation = (r * cos_angle - earth) / slant;
  if (sin_elevation < std::sin(geostationary_min_elevation_deg * degree)) return std::nullopt;
  return slant;
}

}  // namespace

double distance_m(Place a, Place b) {
  const double half_latitude = std::sin((b.latitude_deg - a.latitude_deg) * degree / 2);
  const double half_longitude = std::sin((b.longitude_deg - a.longitude_deg) * degree / 2);
  const double haversine = half_latitude * half_latitude + std::cos(a.latitude_deg * degree) *
                                                               std::cos(b.latitude_deg * degree) *
                                                               half_longitude * half_longitude;
  return std::round(2 * mean_radius_m * std::asin(std::min(1.0, std::sqrt(haversine))));
}

Duration fibre_delay(Place a, Place b, double detour) {
  return duration_from_seconds(distance_m(a, b) * detour / (light_m_per_s * 2 / 3));
}

std::optional<Duration> geostationary_delay(Place a, Place b, double satellite_longitude_deg) {
  const auto up = slant_to_geostationary_m(a, satellite_longitude_deg);
  const auto down = slant_to_geostationary_m(b, satellite_longitude_deg);
  if (!up || !down) return std::nullopt;
  return rounded_to_microseconds((*up + *down) / light_m_per_s);
}

Place moved(Place from, double bearing_deg, double metres) {
  const double angle = metres / mean_radius_m;
  const double latitude = from.latitude_deg * degree;
  const double bearing = bearing_deg * degree;
  const double sin_latitude =
      std::sin(latitude) * std::cos(angle) + std::cos(latitude) * std::sin(angle) * std::cos(bearing);
  const double turned = std::atan2(std::sin(bearing) * std::sin(angle) * std::cos(latitude),
                                   std::cos(angle) - std::sin(latitude) * sin_latitude);
  const auto rounded = [](double radians) { return std::round(radians / degree * 1e7) / 1e7; };
  Place place{.latitude_deg = rounded(std::asin(std::clamp(sin_latitude, -1.0, 1.0))),
              .longitude_deg = rounded(from.longitude_deg * degree + turned)};
  if (place.longitude_deg >= 180) place.longitude_deg -= 360;
  if (place.longitude_deg < -180) place.longitude_deg += 360;
  return place;
}

}  // namespace ibcf::sim
