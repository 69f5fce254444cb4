#include "series.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ibcf::analysis {

namespace {

using namespace std::chrono_literals;
constexpr std::array<Duration, 17> round_steps = {1s,    2s,    5s,    10s, 15s, 30s, 1min, 2min, 5min,
                                                  10min, 15min, 30min, 1h,  2h,  6h,  12h,  24h};

}  // namespace

Grid::Grid(Instant end, std::size_t most_points)
    : step_(round_steps.back()), end_(std::max(end, Instant{1s})) {
  const auto length = end_.time_since_epoch();
  for (const auto step : round_steps) {
    if (length / step >= static_cast<std::int64_t>(most_points)) continue;
    step_ = step;
    break;
  }
  points_ = static_cast<std::size_t>((length + step_ - Duration{1}) / step_) + 1;
}

std::size_t Grid::point_of(Instant instant) const {
  const auto since = std::max(instant.time_since_epoch(), Duration{});
  const auto point = (since + step_ - Duration{1}) / step_;
  return std::min(static_cast<std::size_t>(point), points_);
}

Json Grid::times() const {
  Json times = Json::array();
  for (std::size_t i = 0; i < points_; ++i) times.push_back(seconds_of(at(i)));
  return times;
}

void DomainSeries::add(std::uint32_t domain, std::size_t column, Instant at, std::int64_t change) {
  const auto point = grid_->point_of(at);
  if (point >= grid_->points()) return;
  if (domain >= changes_.size()) changes_.resize(domain + 1);
  auto& own = changes_[domain];
  if (own.empty()) own.resize(columns_ * grid_->points());
  own[column * grid_->points() + point] += change;
}

std::vector<std::int64_t> DomainSeries::sum(std::size_t column, const auto& takes_part) const {
  const auto points = grid_->points();
  std::vector<std::int64_t> values(points);
  for (std::uint32_t domain = 0; domain < changes_.size(); ++domain) {
    if (changes_[domain].empty() || !takes_part(domain)) continue;
    for (std::size_t i = 0; i < points; ++i) values[i] += changes_[domain][column * points + i];
  }
  for (std::size_t i = 1; i < points; ++i) values[i] += values[i - 1];
  return values;
}

std::vector<std::int64_t> DomainSeries::fleet(std::size_t column) const {
  return sum(column, [](std::uint32_t) { return true; });
}

std::vector<std::int64_t> DomainSeries::subtree(const Fleet& fleet, std::uint32_t domain,
                                                std::size_t column) const {
  return sum(column, [&](std::uint32_t part) {
    const auto chain = fleet.upwards(part);
    return std::find(chain.begin(), chain.end(), domain) != chain.end();
  });
}

double rounded(double value, int digits) {
  const double scale = std::pow(10.0, digits);
  return std::round(value * scale) / scale;
}

double percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace ibcf::analysis
