#include "controlplane/drift_projection.hpp"

#include <algorithm>
#include <cmath>

#include "controlplane/maintenance_window.hpp"

namespace ibcf {
namespace {

// Still as the bundle asks that the node has in force: the new one just has not come yet.
bool is_as_in_force(const std::string& object, const ObjectValue& actual, const PolicyBundle* in_force) {
  if (in_force == nullptr) return true;
  const auto asked = in_force->objects.find(object);
  return asked == in_force->objects.end() || distance(object, asked->second, actual) == 0;
}

bool is_decided_and_open(const std::string& object, const ObjectValue& actual, const NodeDriftInputs& node) {
  const auto decided = node.decided.find(object);
  return decided != node.decided.end() && decided->second.seq > node.reconciled_upto &&
         is_founded(decided->second.said, node.granted) && decided->second.said.value == actual;
}

// By the node's word, and by its clock, which the window goes by; what enforces security never waits.
bool waits_for_window(const std::string& object, const DesiredObject& desired, const ExcuseInputs& inputs) {
  const auto waiting = inputs.actual->waiting.find(object);
  if (waiting == inputs.actual->waiting.end() || desired.policy == ReconcilePolicy::control_wins ||
      !inputs.node->seen)
    return false;
  const auto window = MaintenanceWindow::parse(inputs.desired->constraints.maintenance_window).first;
  if (!window || window->is_open(inputs.node->seen->observed)) return false;
  DesiredObject wanted = desired;
  if (inputs.settled != nullptr)
    if (const auto other = inputs.settled->find(object); other != inputs.settled->end())
      wanted.value = other->second;
  return distance(object, wanted, waiting->second) == 0;
}

DriftSummary summed_up(const std::vector<const NodeDrift*>& drifts) {
  DriftSummary summary;
  std::vector<double> scores;
  double sum = 0;
  for (const NodeDrift* drift : drifts) {
    ++summary.nodes;
    if (!drift->evaluated) continue;
    ++summary.evaluated;
    summary.out_of_spec_nodes += drift->out_of_spec > 0 ? 1 : 0;
    summary.out_of_spec_objects += drift->out_of_spec;
    summary.expected_objects += drift->expected;
    summary.oldest = std::min(summary.oldest, drift->observed);
    sum += drift->score;
    scores.push_back(drift->score);
  }
  if (scores.empty()) return summary;
  std::sort(scores.begin(), scores.end());
  const auto size = static_cast<double>(scores.size());
  summary.mean = quantised(std::min(1.0, sum / size));
  summary.p95 = scores[static_cast<std::size_t>(std::ceil(0.95 * size)) - 1];
  summary.max = scores.back();
  return summary;
}

}  // namespace

std::map<std::string, Excuse> excuses(const ExcuseInputs& inputs) {
  std::map<std::string, Excuse> excused;
  for (const auto& [name, desired] : inputs.desired->objects) {
    const auto actual = inputs.actual->objects.find(name);
    if (actual == inputs.actual->objects.end()) continue;
    if (is_decided_and_open(name, actual->second, *inputs.node))
      excused[name] = Excuse::local_grant;
    else if (inputs.is_rolling_out && is_as_in_force(name, actual->second, inputs.in_force))
      excused[name] = Excuse::rollout;
    else if (waits_for_window(name, desired, inputs))
      excused[name] = Excuse::maintenance_window;
  }
  return excused;
}

bool DriftProjection::apply(const Stored&, const Event& event) {
  DriftInputs::Touched touched;
  if (event.type == EventType::node_registered)  // it may have moved to another domain
    touched.node = roster_->find(id_cast<NodeTag>(event.subject));
  if (!inputs_.apply(event, touched)) return false;
  touch(touched);
  return true;
}

void DriftProjection::touch(Slot slot) {
  if (node_revisions_.size() <= slot) node_revisions_.resize(slot + 1);
  node_revisions_[slot] = ++revision_;
  if (slot < cells_.size()) cells_[slot].is_current = false;
}

void DriftProjection::touch(const DriftInputs::Touched& touched) {
  if (touched.node) touch(*touched.node);
  if (touched.seen_again && *touched.seen_again < cells_.size())
    if (Cell& cell = cells_[*touched.seen_again]; cell.is_current && cell.drift.evaluated)
      cell.drift.observed = inputs_.of(*touched.seen_again).seen->observed;
  if (touched.bundle.is_nil() && touched.scope.is_nil()) return;
  for (Slot slot = 0; slot < roster_->size(); ++slot) {
    const auto& seen = inputs_.of(slot).seen;
    const bool by_scope = !touched.scope.is_nil() &&
                          roster_->domains().is_within(roster_->at(slot).as.domain_id, touched.scope);
    const auto desired = touched.bundle.is_nil() ? std::nullopt : inputs_.desired_of(slot);
    if (by_scope || (desired && desired->bundle == touched.bundle) ||
        (!touched.bundle.is_nil() && seen && seen->in_force == touched.bundle))
      touch(slot);
  }
}

std::optional<Snapshot> DriftProjection::actual_at(Slot slot) const {
  const auto& seen = inputs_.of(slot).seen;
  const auto body = seen && bodies_ ? bodies_(seen->body) : std::nullopt;
  return body ? decode<Snapshot>(*body) : std::nullopt;
}

std::optional<Snapshot> DriftProjection::actual_of(NodeId node) const {
  const auto slot = roster_->find(node);
  return slot ? actual_at(*slot) : std::nullopt;
}

// Everything that a score depends on comes from the inputs and from the body that they name (I-60).
std::optional<DriftScore> DriftProjection::evaluate(Slot slot, NodeDrift& drift) const {
  const auto& member = roster_->at(slot);
  const NodeDriftInputs& node = inputs_.of(slot);
  const auto desired = inputs_.desired_of(slot);
  drift = {};
  drift.id = member.id;
  drift.domain = member.as.domain_id;
  if (desired) drift.desired = desired->bundle;
  if (node.seen) drift.in_force = node.seen->in_force;
  const PolicyBundle* bundle = desired ? inputs_.find_bundle(desired->bundle) : nullptr;
  if (bundle == nullptr) return std::nullopt;
  const auto actual = actual_at(slot);
  if (!actual) return std::nullopt;

  std::map<std::string, ObjectValue> settled;
  for (const auto& [name, one] : node.settled)
    if (one.bundle == bundle->id) settled[name] = one.value;
  const bool is_on_its_way = node.seen->in_force != bundle->id && inputs_.is_rolling_out(bundle->id) &&
                             (node.failed.is_nil() || node.failed != desired->command);
  std::map<std::string, Excuse> excused;
  if (is_on_its_way || !node.decided.empty() || !actual->waiting.empty())
    excused =
        excuses({bundle, inputs_.find_bundle(node.seen->in_force), &*actual, is_on_its_way, &node, &settled});
  DriftScore result =
      score(*bundle, *actual,
            {.releases = &inputs_.releases_of(bundle->name), .settled = &settled, .expected = &excused});
  drift.evaluated = true;
  drift.raw = result.raw;
  drift.score = result.score;
  drift.objects = result.objects;
  drift.out_of_spec = static_cast<std::uint32_t>(result.out_of_spec.size());
  drift.expected = static_cast<std::uint32_t>(result.expected.size());
  drift.unknown = static_cast<std::uint32_t>(result.unknown.size());
  drift.observed = node.seen->observed;
  return result;
}

const NodeDrift& DriftProjection::at(Slot slot) const {
  if (cells_.size() <= slot) cells_.resize(slot + 1);
  Cell& cell = cells_[slot];
  if (cell.is_current) return cell.drift;
  const bool evaluated = evaluate(slot, cell.drift).has_value();
  // A body that is not at hand yet may come at any time, and no event will tell.
  cell.is_current = evaluated || !inputs_.of(slot).seen;
  return cell.drift;
}

std::optional<NodeDrift> DriftProjection::find(NodeId node) const {
  const auto slot = roster_->find(node);
  if (!slot || !roster_->at(*slot).registered) return std::nullopt;
  return at(*slot);
}

std::optional<DriftScore> DriftProjection::details_of(NodeId node) const {
  const auto slot = roster_->find(node);
  NodeDrift unused;
  return slot ? evaluate(*slot, unused) : std::nullopt;
}

Drift DriftProjection::drift_of(NodeId node) const {
  Drift shown;
  const auto drift = find(node);
  if (!drift || !drift->evaluated) return shown;
  shown.score = drift->score;
  shown.objects_out_of_spec = drift->out_of_spec;
  shown.details_ref =
      "drift/v" + std::to_string(drift_formula_version) + "/" + text_of(node) + "/" + text_of(drift->desired);
  shown.last_evaluated_ts = as_of().ingested;
  return shown;
}

double DriftProjection::confidence_of(const NodeDrift& drift) const {
  return confidence(as_of().ingested - drift.observed, drift_half_life);
}

std::vector<Slot> DriftProjection::select(const Query& query) const {
  auto slots = roster_->select(query);
  if (query.has_window())
    std::erase_if(slots, [&](Slot slot) {
      const auto& seen = inputs_.of(slot).seen;
      return !seen || !query.is_within(seen->observed);
    });
  return slots;
}

std::vector<NodeDrift> DriftProjection::nodes(const Query& query) const {
  std::vector<NodeDrift> nodes;
  for (const Slot slot : select(query)) nodes.push_back(at(slot));
  return nodes;
}

DriftSummary DriftProjection::summary(const Query& query) const {
  const auto slots = select(query);
  for (const Slot slot : slots) (void)at(slot);
  std::vector<const NodeDrift*> drifts;
  drifts.reserve(slots.size());
  for (const Slot slot : slots) drifts.push_back(&cells_[slot].drift);
  return summed_up(drifts);
}

std::map<DomainId, DriftSummary> DriftProjection::by_domain(const Query& query) const {
  const auto slots = select(query);
  for (const Slot slot : slots) (void)at(slot);
  std::map<DomainId, std::vector<const NodeDrift*>> of_domain;
  for (const Slot slot : slots) of_domain[cells_[slot].drift.domain].push_back(&cells_[slot].drift);
  std::map<DomainId, DriftSummary> summaries;
  for (const auto& [domain, drifts] : of_domain) summaries[domain] = summed_up(drifts);
  return summaries;
}

Bytes DriftProjection::snapshot() const {
  Bytes bytes;
  Encoder encoder(bytes);
  write(encoder);
  return bytes;
}

void DriftProjection::read(Decoder& decoder) {
  inputs_.read(decoder);
  for (Slot slot = 0; slot < inputs_.slots(); ++slot) touch(slot);
}

}  // namespace ibcf
