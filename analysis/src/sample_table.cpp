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

/// The sum of the three modes in contact, where a checker sampled the modes alone.
void add_contact(Json& metrics) {
  if (metrics.contains("nodes_in_contact")) return;
  const auto sum_of = [&metrics](const auto& series_of) {
    Json sum = Json::array();
    for (const auto* mode : {"nodes_live", "nodes_delayed", "nodes_edge_cached"}) {
      const Json* series = series_of(metrics[mode]);
      if (!series) return Json(nullptr);
      if (sum.empty()) sum = Json::array_t(series->size(), 0.0);
      for (std::size_t i = 0; i < series->size(); ++i)
        sum[i] = sum[i].is_null() || (*series)[i].is_null()
                     ? Json(nullptr)
                     : Json(sum[i].get<double>() + (*series)[i].get<double>());
    }
    return sum;
  };
  for (const auto* mode : {"nodes_live", "nodes_delayed", "nodes_edge_cached"})
    if (!metrics.contains(mode)) return;
  Json contact = Json::object();
  const Json fleet =
      sum_of([](const Json& metric) { return metric.contains("fleet") ? &metric["fleet"] : nullptr; });
  if (!fleet.is_null()) contact["fleet"] = fleet;
  if (metrics["nodes_live"].contains("domains"))
    for (const auto& [domain, live] : metrics["nodes_live"]["domains"].items()) {
      const Json sum = sum_of([&domain = domain](const Json& metric) {
        return metric.contains("domains") && metric["domains"].contains(domain) ? &metric["domains"][domain]
                                                                                : nullptr;
      });
      if (!sum.is_null()) contact["domains"][domain] = sum;
    }
  metrics["nodes_in_contact"] = contact;
}

/// The subtree of an only root is the fleet.
void add_fleet(Json& metrics, const Fleet& fleet) {
  std::string root;
  for (const auto& domain : fleet.domains()) {
    if (domain.parent) continue;
    if (!root.empty()) return;
    root = domain.name;
  }
  for (auto& [name, metric] : metrics.items())
    if (!metric.contains("fleet") && metric.contains("domains") && metric["domains"].contains(root))
      metric["fleet"] = metric["domains"][root];
}

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
  add_contact(metrics);
  add_fleet(metrics, fleet);
  return {{"title", "The truth, as a checker sampled it"},
          {"unit", "as the metric's name says"},
          {"as_of", "each instant of time_s: the newest sample by then"},
          {"metrics", metrics}};
}

}  // namespace ibcf::analysis
