#include "view_fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

constexpr std::size_t most_points = 144;
constexpr std::size_t top_of_fleet = 10;
constexpr std::size_t top_of_domain = 5;
constexpr std::size_t rows_shown = 20;

std::string text_of(const ObjectValue& value) {
  if (value.kind == ObjectKind::number) return fmt::format("{:g}", value.number);
  if (value.kind != ObjectKind::set) return value.text;
  std::string text;
  for (const std::string& item : value.items) text += (text.empty() ? "" : ", ") + item;
  return "{" + text + "}";
}

/// Columns over the points; null where nobody was evaluated.
Json columns_of(const std::vector<DriftSummary>& points) {
  Json columns = {{"mean", Json::array()}, {"max", Json::array()}, {"out_of_spec", Json::array()}};
  for (const DriftSummary& point : points) {
    const bool is_known = point.evaluated > 0;
    columns["mean"].push_back(is_known ? Json(point.mean) : Json(nullptr));
    columns["max"].push_back(is_known ? Json(point.max) : Json(nullptr));
    columns["out_of_spec"].push_back(point.out_of_spec_nodes);
  }
  return columns;
}

Json summary_row(const std::string& who, const DriftSummary& summary) {
  const bool is_known = summary.evaluated > 0;
  return {{"domain", who},
          {"nodes", summary.nodes},
          {"evaluated", summary.evaluated},
          {"out_of_spec_nodes", summary.out_of_spec_nodes},
          {"out_of_spec_objects", summary.out_of_spec_objects},
          {"expected_objects", summary.expected_objects},
          {"mean", is_known ? Json(summary.mean) : Json(nullptr)},
          {"p95", is_known ? Json(summary.p95) : Json(nullptr)},
          {"max", is_known ? Json(summary.max) : Json(nullptr)},
          {"oldest_s", is_known ? Json(rounded(seconds_of(summary.oldest), 3)) : Json(nullptr)}};
}

}  // namespace

ViewFold::ViewFold(Instant end, const Fleet& fleet, RunLog& log)
    : grid_(end, most_points), fleet_(&fleet), bodies_(log.bodies()) {
  views_ = std::make_unique<Projections>(domains_of(fleet), body_source_of(bodies_));
  queue_ = std::make_unique<AttentionQueue>(*views_);
}

void ViewFold::see(const KnownEvent& entry) {
  look_until(entry.known);
  views_->apply({position_++, entry.known, {}}, entry.event);
  if (entry.event.type == EventType::heartbeat_batch)
    heard_all_ = true;
  else
    queue_->note(entry.event);
  if (entry.event.type != EventType::node_reconciled) return;
  const auto reconciled = payload_of<NodeReconciled>(entry.event);
  if (!reconciled) return;
  ++reconciled_;
  for (const ObjectDecision& one : reconciled->decisions) ++outcomes_[std::string(word_of(one.outcome))];
}

void ViewFold::finish() {
  look_until(never);
}

// A point shows what was known by then: the events of its own instant are in it.
void ViewFold::look_until(Instant instant) {
  for (; point_ < grid_.points() && grid_.at(point_) < instant; ++point_) look(grid_.at(point_));
}

void ViewFold::look(Instant at) {
  drift_.push_back(views_->drift().summary());
  const auto by_domain = views_->drift().by_domain();
  for (const auto& [domain, summary] : by_domain) drift_of_domain_[domain].resize(point_);
  for (auto& [domain, points] : drift_of_domain_) {
    const auto found = by_domain.find(domain);
    points.push_back(found == by_domain.end() ? DriftSummary{} : found->second);
  }
  if (std::exchange(heard_all_, false)) queue_->note_all();
  queue_->evaluate();
  items_.push_back(queue_->size());
  std::map<AnyId, std::size_t> alive;
  for (const AttentionItem& item : queue_->top(queue_->size())) {
    const auto known = alive_.find(item.id);
    const std::size_t place = known == alive_.end() ? lives_.size() : known->second;
    if (known == alive_.end()) lives_.push_back({item, at, at});
    Life& life = lives_[place];
    if (item.score > life.worst.score) life.worst = item;
    life.until = at;
    alive[item.id] = place;
  }
  alive_ = std::move(alive);
}

Json ViewFold::worst_nodes() const {
  std::vector<NodeDrift> nodes = views_->drift().nodes();
  std::erase_if(nodes, [](const NodeDrift& node) { return node.out_of_spec == 0; });
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const NodeDrift& a, const NodeDrift& b) { return a.score > b.score; });
  if (nodes.size() > rows_shown) nodes.resize(rows_shown);
  Json rows = Json::array();
  for (const NodeDrift& node : nodes) {
    std::string objects;
    if (const auto details = views_->drift().details_of(node.id))
      for (const ObjectDrift& one : details->out_of_spec)
        objects += fmt::format("{}{}: {} instead of {}", objects.empty() ? "" : "; ", one.object,
                               text_of(one.actual), text_of(one.desired));
    rows.push_back({{"node", fleet_->name_of(any(node.id))},
                    {"domain", fleet_->name_of(any(node.domain))},
                    {"score", node.score},
                    {"confidence", rounded(views_->drift().confidence_of(node), 3)},
                    {"objects", objects},
                    {"observed_s", rounded(seconds_of(node.observed), 3)}});
  }
  return rows;
}

Json ViewFold::drift_table() const {
  Json table = Json::object();
  table["title"] = "Drift of actual from desired";
  table["unit"] = "score from 0 (in spec) to 1; nodes; objects";
  table["as_of_s"] = seconds_of(grid_.end());
  table["formula_version"] = drift_formula_version;
  table["time_s"] = grid_.times();
  table["fleet"] = columns_of(drift_);
  table["domains"] = Json::array();
  table["now"] = Json::array({summary_row("all", views_->drift().summary())});
  const auto now = views_->drift().by_domain();
  for (const Domain& domain : views_->roster().domains().domains()) {
    const auto points = drift_of_domain_.find(domain.id);
    if (points == drift_of_domain_.end()) continue;
    Json row = columns_of(points->second);
    row["domain"] = domain.name;
    table["domains"].push_back(std::move(row));
    if (const auto summary = now.find(domain.id); summary != now.end())
      table["now"].push_back(summary_row(domain.name, summary->second));
  }
  table["worst"] = worst_nodes();
  table["reconciled"] = {{"returns", reconciled_}, {"decisions", outcomes_}};
  return table;
}

std::string ViewFold::subject_of(const AttentionItem& item) const {
  if (item.cause == AttentionCause::bundle)
    if (const auto* bundle = views_->drift().inputs().find_bundle(id_cast<BundleTag>(item.subject)))
      return bundle->name + " " + bundle->version;
  // Relays go by their names in the log; what asks for attention begins with it.
  if (item.cause == AttentionCause::relay) return item.why.substr(0, item.why.find(':'));
  return fleet_->name_of(item.subject);
}

Json ViewFold::row_of(const AttentionItem& item) const {
  return {{"cause", word_of(item.cause)},
          {"subject", subject_of(item)},
          {"domain", fleet_->name_of(any(item.domain_id))},
          {"score", item.score},
          {"nodes", item.nodes},
          {"drift", item.signals.drift},
          {"sync_debt", item.signals.sync_debt},
          {"authority_mismatch", item.signals.authority_mismatch},
          {"health", item.signals.health},
          {"supply_chain", item.signals.supply_chain},
          {"since_s", rounded(seconds_of(item.since_ts), 3)},
          {"as_of_s", rounded(seconds_of(item.as_of_ts), 3)},
          {"why", item.why}};
}

Json ViewFold::attention_table() const {
  Json table = Json::object();
  table["title"] = "Attention queue";
  table["unit"] = "score from 0 to 1; items; nodes";
  table["as_of_s"] = seconds_of(grid_.end());
  table["time_s"] = grid_.times();
  table["items"] = items_;
  table["top"] = Json::array();
  for (const AttentionItem& item : queue_->top(top_of_fleet)) table["top"].push_back(row_of(item));
  table["domains"] = Json::array();
  for (const auto& [domain, items] : queue_->top_by_domain(top_of_domain)) {
    if (items.empty()) continue;
    Json row = {{"domain", fleet_->name_of(any(domain))}, {"top", Json::array()}};
    for (const AttentionItem& item : items) row["top"].push_back(row_of(item));
    table["domains"].push_back(std::move(row));
  }
  std::vector<const Life*> worst;
  for (const Life& life : lives_) worst.push_back(&life);
  std::stable_sort(worst.begin(), worst.end(),
                   [](const Life* a, const Life* b) { return a->worst.score > b->worst.score; });
  table["seen_count"] = worst.size();
  if (worst.size() > rows_shown) worst.resize(rows_shown);
  table["seen"] = Json::array();
  for (const Life* life : worst) {
    Json row = row_of(life->worst);
    row["from_s"] = rounded(seconds_of(life->from), 3);
    row["until_s"] = rounded(seconds_of(life->until), 3);
    table["seen"].push_back(std::move(row));
  }
  return table;
}

}  // namespace ibcf::analysis
