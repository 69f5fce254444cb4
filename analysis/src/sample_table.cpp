#include "sample_table.hpp"

#include <optional>
#include <string>

namespace ibcf::analysis {

namespace {

/// One value per point; null before the first sample.
class Held {
 public:
  explicit Held(const Grid& grid) : grid_(&grid) {}
  void see(Instant at, double value) {
    fill_to(grid_->point_of(at));
    newest_ = value;
  }
  Json finish() {
    fill_to(grid_->points());
    return values_;
  }

 private:
  void fill_to(std::size_t point) {
    while (values_.size() < point) values_.push_back(newest_ ? Json(rounded(*newest_, 6)) : Json(nullptr));
  }
  const Grid* grid_;
  std::optional<double> newest_;
  Json values_ = Json::array();
};

}  // namespace

Json sample_table(RunLog& log, const Fleet& fleet, const Grid& grid) {
  if (!log.has("samples")) return nullptr;
  Json metrics = Json::object();
  auto rows =
      log.query("SELECT metric, domain, at_ns, value FROM samples ORDER BY metric, domain, at_ns, rowid");
  std::optional<Held> held;
  std::string metric;
  std::string domain;
  const auto close = [&] {
    if (!held) return;
    if (domain.empty())
      metrics[metric]["fleet"] = held->finish();
    else
      metrics[metric]["domains"][domain] = held->finish();
  };
  while (rows.next()) {
    const std::string here = rows.is_null(1) ? ""
                             : rows.index(1) < fleet.domains().size()
                                 ? fleet.domains()[rows.index(1)].name
                                 : "domain " + std::to_string(rows.integer(1));
    if (!held || rows.text(0) != metric || here != domain) {
      close();
      held.emplace(grid);
      metric = rows.text(0);
      domain = here;
    }
    held->see(rows.instant(2), rows.real(3));
  }
  close();
  if (metrics.empty()) return nullptr;
  return {{"title", "The truth, as a checker sampled it"},
          {"unit", "as the metric's name says"},
          {"as_of", "each instant of time_s: the newest sample by then"},
          {"metrics", metrics}};
}

}  // namespace ibcf::analysis
