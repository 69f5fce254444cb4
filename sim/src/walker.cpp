#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "model/check.hpp"
#include "sim/geography.hpp"

namespace ibcf::sim {

namespace {

constexpr double light_m_per_s = 299792458.0;
constexpr double earth_radius_m = 6371e3;
constexpr double earth_gravity_m3_per_s2 = 3.986004418e14;
constexpr double earth_turns_rad_per_s = 7.2921159e-5;
constexpr double degree = std::numbers::pi / 180;
constexpr std::int64_t step_s = 10;

double mean_motion_rad_per_s(const WalkerShell& shell) {
  const double radius = earth_radius_m + shell.altitude_m;
  return std::sqrt(earth_gravity_m3_per_s2 / (radius * radius * radius));
}

using Vector = std::array<double, 3>;

double dot(const Vector& a, const Vector& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/// How far along its orbit every satellite has come and how far the earth has turned, at one second.
struct Turn {
  double cos_orbit = 1;
  double sin_orbit = 0;
  double cos_earth = 1;
  double sin_earth = 0;
};

Turn turn_at(double mean_motion, std::int64_t second) {
  const auto t = static_cast<double>(second);
  return {std::cos(mean_motion * t), std::sin(mean_motion * t), std::cos(earth_turns_rad_per_s * t),
          std::sin(earth_turns_rad_per_s * t)};
}

/// The turns of every step, kept between calls: they are the same for all places under one shell.
const std::vector<Turn>& turns_of_steps(double mean_motion, std::int64_t steps) {
  thread_local std::vector<Turn> turns;
  thread_local double kept_for = 0;
  if (kept_for != mean_motion) turns.clear();
  kept_for = mean_motion;
  while (static_cast<std::int64_t>(turns.size()) < steps)
    turns.push_back(turn_at(mean_motion, static_cast<std::int64_t>(turns.size()) * step_s));
  return turns;
}

/// The sky over one place: what the nearest satellite is, at a second.
class Sky {
 public:
  Sky(const WalkerShell& shell, Place place);

  /// The cosine of the angle, at the centre of the earth, between the place and the nearest satellite above
  /// the mask; -2 where none is.
  [[nodiscard]] double nearest(const Turn& turn) const;
  [[nodiscard]] bool sees(std::int64_t second) const { return nearest(turn_at(motion_, second)) > none_seen; }
  [[nodiscard]] double motion() const { return motion_; }
  [[nodiscard]] double slant_m(double cos_angle) const;

  static constexpr double none_seen = -2;

 private:
  struct Plane {
    Vector node;   // where the orbit rises through the equator
    Vector ahead;  // a quarter of an orbit later
  };
  struct Phase {
    double cos = 1;
    double sin = 0;
  };

  std::vector<Plane> planes_;
  std::vector<Phase> phases_;  // plane by plane
  std::size_t per_plane_;
  double motion_;
  double orbit_radius_m_;
  double cos_mask_;  // satellites above the mask are nearer than this angle
  double latitude_;
  double longitude_;
};

Sky::Sky(const WalkerShell& shell, Place place)
    : per_plane_(shell.planes == 0 ? 0 : shell.satellites / shell.planes),
      motion_(mean_motion_rad_per_s(shell)),
      orbit_radius_m_(earth_radius_m + shell.altitude_m),
      latitude_(place.latitude_deg * degree),
      longitude_(place.longitude_deg * degree) {
  check(shell.planes > 0 && shell.satellites > 0 && shell.satellites % shell.planes == 0,
        "the satellites of a Walker shell spread evenly over its planes");
  check(shell.altitude_m > 0, "satellites fly above the ground");
  const double mask = shell.min_elevation_deg * degree;
  cos_mask_ = std::cos(std::acos(earth_radius_m / orbit_radius_m_ * std::cos(mask)) - mask);
  const double inclination = shell.inclination_deg * degree;
  for (std::uint32_t p = 0; p < shell.planes; ++p) {
    const double node = 2 * std::numbers::pi * p / shell.planes;
    planes_.push_back({.node = {std::cos(node), std::sin(node), 0},
                       .ahead = {-std::sin(node) * std::cos(inclination),
                                 std::cos(node) * std::cos(inclination), std::sin(inclination)}});
    for (std::size_t s = 0; s < per_plane_; ++s) {
      const double phase = 2 * std::numbers::pi *
                           (static_cast<double>(s) / static_cast<double>(per_plane_) +
                            static_cast<double>(shell.phasing) * p / shell.satellites);
      phases_.push_back({std::cos(phase), std::sin(phase)});
    }
  }
}

double Sky::nearest(const Turn& turn) const {
  const double x = std::cos(latitude_) * std::cos(longitude_);
  const double y = std::cos(latitude_) * std::sin(longitude_);
  const Vector place{x * turn.cos_earth - y * turn.sin_earth, x * turn.sin_earth + y * turn.cos_earth,
                     std::sin(latitude_)};
  double best = none_seen;
  for (std::size_t p = 0; p < planes_.size(); ++p) {
    const double along = dot(place, planes_[p].node);
    const double across = dot(place, planes_[p].ahead);
    // Nowhere on this orbit does a satellite come near enough.
    if (along * along + across * across < cos_mask_ * cos_mask_) continue;
    const double cosine = along * turn.cos_orbit + across * turn.sin_orbit;
    const double sine = across * turn.cos_orbit - along * turn.sin_orbit;
    for (std::size_t s = p * per_plane_; s < (p + 1) * per_plane_; ++s)
      best = std::max(best, cosine * phases_[s].cos + sine * phases_[s].sin);
  }
  return best >= cos_mask_ ? best : none_seen;
}

double Sky::slant_m(double cos_angle) const {
  return std::sqrt(earth_radius_m * earth_radius_m + orbit_radius_m_ * orbit_radius_m_ -
                   2 * earth_radius_m * orbit_radius_m_ * cos_angle);
}

/// The first second after `before` at which the sky is as at `after`, knowing that it is not at `before`.
std::int64_t edge_between(const Sky& sky, std::int64_t before, std::int64_t after, bool seen_after) {
  while (after - before > 1) {
    const std::int64_t middle = before + (after - before) / 2;
    (sky.sees(middle) == seen_after ? after : before) = middle;
  }
  return after;
}

}  // namespace

Duration orbital_period(const WalkerShell& shell) {
  return std::chrono::microseconds{std::llround(2 * std::numbers::pi / mean_motion_rad_per_s(shell) * 1e6)};
}

std::vector<ContactWindow> passes(const WalkerShell& shell, Place place, Instant until) {
  const Sky sky(shell, place);
  const std::int64_t end_s = nanoseconds_of(until) / 1'000'000'000;
  const std::int64_t steps = (end_s + step_s - 1) / step_s;  // the last one may end early
  const auto& turns = turns_of_steps(sky.motion(), steps);
  std::vector<ContactWindow> windows;
  double slant_sum_m = 0;
  std::int64_t samples = 0;
  bool open = false;
  const auto second = [](std::int64_t s) { return at(std::chrono::seconds{s}); };
  const auto close = [&](std::int64_t s) {
    const double mean_slant_m = slant_sum_m / static_cast<double>(samples);
    windows.back().closes = second(s);
    windows.back().delay =
        std::chrono::microseconds{std::llround((mean_slant_m + shell.altitude_m) / light_m_per_s * 1e6)};
    slant_sum_m = 0;
    samples = 0;
    open = false;
  };
  for (std::int64_t step = 0; step < steps; ++step) {
    const std::int64_t now_s = step * step_s;
    const double nearest = sky.nearest(turns[static_cast<std::size_t>(step)]);
    const bool seen = nearest > Sky::none_seen;
    if (seen && !open)
      windows.push_back({.opens = second(step == 0 ? 0 : edge_between(sky, now_s - step_s, now_s, true)),
                         .closes = second(end_s)});
    if (!seen && open) close(edge_between(sky, now_s - step_s, now_s, false));
    open = seen;
    if (!seen) continue;
    slant_sum_m += sky.slant_m(nearest);
    ++samples;
  }
  if (open) close(end_s);
  return windows;
}

}  // namespace ibcf::sim
