#include "controlplane/connectivity_projection.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "model/payloads.hpp"

namespace ibcf {
namespace {

// As in the roster: an ordinal from a broken log must not allocate the machine away.
constexpr std::uint32_t most_nodes = 1U << 24;

bool is_rectangular(const HeartbeatBatch& batch) {
  const std::size_t rows = batch.ordinal.size();
  return batch.beats.size() == rows && batch.last_seen_ms.size() == rows && batch.rtt_us.size() == rows &&
         batch.head.size() == rows && batch.backlog_events.size() == rows &&
         batch.backlog_bytes.size() == rows && batch.mode.size() == rows && batch.health.size() == rows;
}

}  // namespace

std::uint64_t ModeCounts::total() const {
  return std::accumulate(mode.begin(), mode.end(), unclassified);
}

void ModeCounts::count(std::optional<ConnectivityMode> believed) {
  ++(believed ? mode[static_cast<std::size_t>(*believed)] : unclassified);
}

ModeCounts& ModeCounts::operator+=(const ModeCounts& other) {
  for (std::size_t i = 0; i < mode.size(); ++i) mode[i] += other.mode[i];
  unclassified += other.unclassified;
  return *this;
}

bool ConnectivityProjection::apply(const Stored&, const Event& event) {
  if (event.type != EventType::heartbeat_batch) return true;
  Decoder decoder(event.payload);
  decoder.get(batch_);
  if (!decoder.finished() || !is_rectangular(batch_)) return false;
  if (std::any_of(batch_.ordinal.begin(), batch_.ordinal.end(),
                  [](auto ordinal) { return ordinal >= most_nodes; }))
    return false;
  const EventKey key = key_of(event);
  for (std::size_t row = 0; row < batch_.ordinal.size(); ++row) {
    const std::uint32_t ordinal = batch_.ordinal[row];
    if (reports_.size() <= ordinal) reports_.resize(std::size_t{ordinal} + 1);
    Report& report = reports_[ordinal];
    const Instant seen = batch_.from + std::chrono::milliseconds{batch_.last_seen_ms[row]};
    if (report.any && std::tie(seen, key) < std::tie(report.seen, report.key)) continue;
    report = {seen,
              key,
              true,
              batch_.rtt_us[row],
              batch_.head[row],
              batch_.backlog_events[row],
              batch_.backlog_bytes[row],
              batch_.mode[row],
              batch_.health[row]};
  }
  return true;
}

NodeConnectivity ConnectivityProjection::view(Slot slot) const {
  const auto& member = roster_->at(slot);
  NodeConnectivity node;
  node.id = member.id;
  node.ordinal = member.as.ordinal;
  node.domain = member.as.domain_id;
  node.believed = lifecycle_->state_at(slot).mode;
  if (member.as.ordinal >= reports_.size() || !reports_[member.as.ordinal].any) return node;
  const Report& report = reports_[member.as.ordinal];
  node.reported = report.mode;
  node.last_seen = report.seen;
  node.rtt_us = report.rtt_us;
  node.head = report.head;
  node.backlog_events = report.backlog_events;
  node.backlog_bytes = report.backlog_bytes;
  node.health = report.health;
  return node;
}

std::optional<NodeConnectivity> ConnectivityProjection::find(NodeId node) const {
  const auto slot = roster_->find(node);
  if (!slot || !roster_->at(*slot).registered) return std::nullopt;
  return view(*slot);
}

std::vector<NodeConnectivity> ConnectivityProjection::nodes(const Query& query) const {
  std::vector<NodeConnectivity> nodes;
  for (const Slot slot : lifecycle_->select(query)) nodes.push_back(view(slot));
  return nodes;
}

ModeCounts ConnectivityProjection::counts(const Query& query) const {
  ModeCounts counts;
  for (const Slot slot : lifecycle_->select(query)) counts.count(lifecycle_->state_at(slot).mode);
  return counts;
}

std::map<DomainId, ModeCounts> ConnectivityProjection::counts_by_domain(const Query& query) const {
  std::map<DomainId, ModeCounts> counts;
  for (const Slot slot : lifecycle_->select(query))
    counts[roster_->at(slot).as.domain_id].count(lifecycle_->state_at(slot).mode);
  return counts;
}

Bytes ConnectivityProjection::snapshot() const {
  Bytes bytes;
  Encoder encoder(bytes);
  write(encoder);
  return bytes;
}

void ConnectivityProjection::write(Encoder& encoder) const {
  encoder.put(reports_);
}

void ConnectivityProjection::read(Decoder& decoder) {
  decoder.get(reports_);
}

}  // namespace ibcf
