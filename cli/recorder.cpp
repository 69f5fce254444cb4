#include "recorder.hpp"

namespace ibcf::cli {
namespace {

std::int64_t or_none(std::uint32_t index) {
  return index == sim::none ? analysis::whole_fleet : static_cast<std::int64_t>(index);
}

std::string_view word_of(sim::LinkKind kind) {
  switch (kind) {
    case sim::LinkKind::access_up:
      return "access_up";
    case sim::LinkKind::access_down:
      return "access_down";
    case sim::LinkKind::backbone:
      return "backbone";
  }
  return "";
}

}  // namespace

void Recorder::domain(std::uint32_t index, const Domain& domain, std::uint32_t parent) {
  folder_.add_domain(index, domain.id, domain.name, or_none(parent));
}
void Recorder::master(std::uint32_t index, MasterId id, const std::string& name, AuthorityLevel level,
                      std::uint32_t domain, const std::string& site) {
  folder_.add_master(index, id, name, level, domain, site);
}
void Recorder::relay(std::uint32_t index, const Relay& relay, std::uint32_t domain) {
  folder_.add_relay(index, relay.id, relay.name, domain, relay.site);
}
void Recorder::node(std::uint32_t ordinal, NodeId id, const std::string& name, std::uint32_t domain,
                    const std::string& group, const std::string& access, std::uint32_t relay,
                    sim::Place place) {
  folder_.add_node(ordinal, id, name, domain, group, access, or_none(relay), place.latitude_deg,
                   place.longitude_deg);
}
void Recorder::link(sim::LinkIndex index, const sim::LinkSpec& spec, const std::string& from,
                    const std::string& to) {
  folder_.add_link(index, spec.name, word_of(spec.kind), from, to, spec.bandwidth_bps);
}
void Recorder::fault(const std::string& name, const std::string& kind, Instant from, Instant until) {
  folder_.add_fault(name, kind, from, until);
}
void Recorder::stored(std::uint32_t master, const Stored& stored, const Event& event) {
  folder_.add_event(master, stored.position, stored.ingested, stored.packed, event);
}
void Recorder::body(const Digest& digest, ByteView body) {
  folder_.add_body(digest, body);
}
void Recorder::sample(Instant at, std::string_view metric, std::uint32_t domain, double value) {
  folder_.add_sample(at, metric, domain, value);
}
void Recorder::link_use(Instant at, sim::LinkIndex link, std::uint64_t bytes, Duration interval) {
  folder_.add_link_use(at, link, bytes, interval);
}
void Recorder::reach(Instant from, Instant until, const std::string& place, std::uint32_t component) {
  folder_.add_reach(from, until, place, component);
}
void Recorder::link_total(sim::LinkIndex link, const sim::LinkCount& count) {
  folder_.add_link_total(link, count.sent, count.delivered, count.dropped, count.carried_bytes);
}

}  // namespace ibcf::cli
