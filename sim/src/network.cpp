#include "sim/network.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "flows.hpp"
#include "hops.hpp"
#include "model/check.hpp"
#include "model/fetch_ahead.hpp"
#include "routes.hpp"

namespace ibcf::sim {

namespace {

constexpr std::uint32_t datagram_bytes = 1500;
constexpr std::uint32_t transfers_per_link = 16;
constexpr Duration same_vertex_delay = std::chrono::microseconds{1};
constexpr Duration trace_row = std::chrono::seconds{1};

/// Slots of an entry of kind link_window.
constexpr std::uint32_t window_edge = 0;
constexpr std::uint32_t trace_wake = 1;

/// What a link offers at one instant.
struct Conditions {
  Duration delay{};
  double loss = 0;
  double bandwidth_bps = 0;
  bool connected = true;
};

Duration serialisation(std::uint64_t bytes, double bandwidth_bps) {
  const auto exact = std::llround(static_cast<double>(bytes) * 8e9 / bandwidth_bps);
  return Duration{std::max<std::int64_t>(exact, 1)};  // SimGrid never starts an empty flow
}

std::uint64_t bytes_with_repeats(std::uint32_t bytes, double loss) {
  return loss > 0 ? static_cast<std::uint64_t>(std::ceil(bytes / (1 - loss))) : bytes;
}

}  // namespace

struct Network::State {
  /// What a datagram asks of a link, and what it changes there: two cache lines. The rest is in its LinkSpec.
  struct alignas(64) Link {
    Instant next_free;  // when the datagrams outside of SimGrid have been sent
    double bandwidth_bps = 0;
    Duration delay{};
    double loss = 0;
    std::uint64_t queue_bytes = 0;
    VertexIndex to = none;
    std::uint32_t flows = none;  // its FlowSlots; none: never had a flow
    HopList hops;
    std::uint32_t holds = 0;
    bool in_contact = true;
    bool traced = false;
    bool wake_scheduled = false;
    LinkCount count;
    std::uint64_t draws_as = 0;  // its name, to the loss stream
    std::uint32_t window = 0;    // the open one, else the next one
  };
  static_assert(sizeof(Link) == 128);

  /// A link's flows: at most `transfers_per_link` transfers, beside them one datagram, and who waits for
  /// either.
  struct FlowSlots {
    std::uint32_t transfers = 0;
    HopIndex datagram = none;
    HopQueue waiting_transfers;
    HopQueue waiting_datagrams;
    Duration waiting_work{};  // of the waiting datagrams

    [[nodiscard]] bool busy() const {
      return transfers > 0 || datagram != none || !waiting_datagrams.empty();
    }
  };

  struct Vertex {
    LinkIndex up = none;  // leaves only
    LinkIndex down = none;
    VertexIndex above = none;  // where `down` comes from
    std::uint32_t hub = none;  // all others
    [[nodiscard]] bool is_leaf() const { return up != none || down != none; }
  };

  NetworkMode mode;
  Calendar& calendar;
  NetworkClient& client;
  RandomStream loss_stream;
  bool started = false;
  Instant latest;
  std::vector<Vertex> vertices;
  std::vector<std::string> vertex_names;  // apart: a hop never reads them
  std::vector<VertexIndex> hubs;
  std::vector<LinkIndex> backbone;
  std::vector<LinkSpec> specs;
  std::vector<Link> links;
  std::vector<FlowSlots> flow_slots;
  HopSlab hops;
  Routes routes;
  bool routes_stale = true;
  std::unique_ptr<FlowEngine> engine;
  std::vector<FlowEngine::Completion> completions;

  State(NetworkMode network_mode, std::uint64_t seed, Calendar& its_calendar, NetworkClient& its_client)
      : mode(network_mode), calendar(its_calendar), client(its_client), loss_stream(seed, "link.loss") {}

  // Building and routes
  void check_spec(const LinkSpec& spec) const;
  void attach_leaf(VertexIndex leaf, LinkIndex link, LinkIndex& end);
  void number_hubs();
  void renew_routes();
  [[nodiscard]] LinkIndex next_link(VertexIndex from, VertexIndex to);
  [[nodiscard]] std::vector<std::uint32_t> components();

  // The way of a parcel
  void forward(HopIndex hop, VertexIndex from, Instant now);
  void enter(HopIndex hop, LinkIndex link, Instant now);
  void enter_datagram(HopIndex hop, Instant now);
  void refuse(HopIndex hop, DropReason reason, Instant now);
  void get_under_way(HopIndex hop, Instant leaves);
  void arrive(HopIndex hop, Instant now);
  void report_drop(HopIndex hop, DropReason reason, Instant now);

  // Flows
  FlowSlots& slots_of(LinkIndex link);
  [[nodiscard]] bool has_flows(LinkIndex link) const;
  void start_flow(HopIndex hop, Instant now);
  void start_datagram(LinkIndex link, Instant now);
  void start_transfers(LinkIndex link, Instant now);
  void start_transfer(HopIndex hop, const Conditions& offered, Instant now);
  void start_filler(LinkIndex link, Instant now);
  void finish_flow(HopIndex hop, Instant now);
  void note_completions();

  // Links
  [[nodiscard]] bool is_up(LinkIndex link) const { return links[link].in_contact && links[link].holds == 0; }
  [[nodiscard]] const LinkTrace::Row& trace_row_at(LinkIndex link, Instant now) const;
  [[nodiscard]] Conditions conditions(LinkIndex link, Instant now) const;
  [[nodiscard]] bool has_room(HopIndex hop, Instant now);
  void schedule_wake(LinkIndex link, Instant now);
  void look_at_windows(LinkIndex link, Instant now);
  void window_passed(LinkIndex link, Instant now);
  void tell_change(LinkIndex link, bool was_up, Instant now);
  void drop_all(LinkIndex link, Instant now);
};

// ---- Building and routes

void Network::State::check_spec(const LinkSpec& spec) const {
  check(spec.from < vertices.size() && spec.to < vertices.size() && spec.from != spec.to,
        "a link leads from one vertex of the network to another");
  check(spec.loss >= 0 && spec.loss <= 1, "loss is a probability");
  check(spec.trace || spec.bandwidth_bps > 0, "a link has bandwidth");
  check(!spec.trace || !spec.trace->rows.empty(), "a trace has rows");
  check(spec.delay >= Duration::zero() && spec.trace_offset >= Duration::zero(), "delays are not negative");
  for (std::size_t i = 0; i < spec.windows.size(); ++i) {
    check(spec.windows[i].opens < spec.windows[i].closes, "a contact window opens before it closes");
    check(i == 0 || spec.windows[i - 1].closes <= spec.windows[i].opens,
          "contact windows are sorted and disjoint");
  }
}

void Network::State::attach_leaf(VertexIndex leaf, LinkIndex link, LinkIndex& end) {
  check(end == none, "a leaf hangs on one access link each way");
  end = link;
  check(vertices[leaf].is_leaf(), "the leaf is known by its access link");
}

void Network::State::number_hubs() {
  for (VertexIndex v = 0; v < vertices.size(); ++v) {
    if (vertices[v].is_leaf()) continue;
    vertices[v].hub = static_cast<std::uint32_t>(hubs.size());
    hubs.push_back(v);
  }
  for (const auto& spec : specs) {
    const bool from_leaf = vertices[spec.from].is_leaf();
    const bool to_leaf = vertices[spec.to].is_leaf();
    check(from_leaf == (spec.kind == LinkKind::access_up) && to_leaf == (spec.kind == LinkKind::access_down),
          "a leaf has access links only, and hangs on a vertex that is no leaf");
  }
}

void Network::State::renew_routes() {
  if (!routes_stale) return;
  routes_stale = false;
  std::vector<Routes::Arc> arcs;
  for (const LinkIndex link : backbone) {
    if (!is_up(link)) continue;
    arcs.push_back({vertices[specs[link].from].hub, vertices[specs[link].to].hub, links[link].delay, link});
  }
  routes.reset(static_cast<std::uint32_t>(hubs.size()), std::move(arcs));
}

LinkIndex Network::State::next_link(VertexIndex from, VertexIndex to) {
  const Vertex& here = vertices[from];
  if (here.is_leaf()) return here.up;
  const Vertex& there = vertices[to];
  if (!there.is_leaf()) {
    renew_routes();
    return routes.next_link(here.hub, there.hub);
  }
  if (there.down == none) return none;
  if (there.above == from) return there.down;
  renew_routes();
  return routes.next_link(here.hub, vertices[there.above].hub);
}

std::vector<std::uint32_t> Network::State::components() {
  renew_routes();
  const auto hub_components = routes.components();
  std::vector<VertexIndex> lowest(hubs.size(), none);
  const auto component_of = [&](VertexIndex v) -> std::uint32_t {
    const Vertex& vertex = vertices[v];
    if (!vertex.is_leaf()) return hub_components[vertex.hub];
    if (vertex.up == none || vertex.down == none || !is_up(vertex.up) || !is_up(vertex.down)) return none;
    const auto up = hub_components[vertices[specs[vertex.up].to].hub];
    return up == hub_components[vertices[specs[vertex.down].from].hub] ? up : none;
  };
  std::vector<std::uint32_t> result(vertices.size());
  for (VertexIndex v = 0; v < vertices.size(); ++v) {
    const auto component = component_of(v);
    if (component == none) {
      result[v] = v;
      continue;
    }
    if (lowest[component] == none) lowest[component] = v;
    result[v] = lowest[component];
  }
  return result;
}

// ---- The way of a parcel

void Network::State::forward(HopIndex hop, VertexIndex from, Instant now) {
  const LinkIndex link = next_link(from, hops[hop].destination);
  if (link == none) {
    hops[hop].link = none;
    refuse(hop, DropReason::no_route, now);
    return;
  }
  enter(hop, link, now);
}

void Network::State::enter(HopIndex hop, LinkIndex link, Instant now) {
  hops[hop].link = link;
  ++links[link].count.sent;
  ++links[link].count.in_flight;
  if (!is_up(link)) {
    refuse(hop, DropReason::link_down, now);
  } else if (hops[hop].datagram) {
    enter_datagram(hop, now);
  } else {
    hops[hop].stage = HopStage::waiting;
    links[link].hops.append(hops, hop);
    slots_of(link).waiting_transfers.push(hops, hop);
    start_transfers(link, now);
  }
}

void Network::State::enter_datagram(HopIndex hop, Instant now) {
  Hop& datagram = hops[hop];
  const LinkIndex index = datagram.link;
  const Conditions offered = conditions(index, now);
  if (!offered.connected) return refuse(hop, DropReason::link_down, now);
  Link& link = links[index];
  datagram.work = serialisation(datagram.bytes, offered.bandwidth_bps);
  if (link.queue_bytes != UINT64_MAX && !has_room(hop, now)) return refuse(hop, DropReason::queue_full, now);
  // The number of its draw is its number on the link, so that a loss of 0 uses no draw of anyone else's.
  datagram.lost = offered.loss > 0 && loss_stream.uniform(link.draws_as, link.count.sent - 1) < offered.loss;
  datagram.wire_bytes = datagram.bytes;
  datagram.delay = offered.delay;
  link.hops.append(hops, hop);
  if (mode == NetworkMode::hybrid && !has_flows(index)) {
    link.next_free = std::max(now, link.next_free) + datagram.work;
    return get_under_way(hop, link.next_free);
  }
  datagram.stage = HopStage::waiting;
  FlowSlots& slots = slots_of(index);
  slots.waiting_datagrams.push(hops, hop);
  slots.waiting_work += datagram.work;
  start_datagram(index, now);
}

/// The client is told by the calendar: send() never ends a parcel itself.
void Network::State::refuse(HopIndex hop, DropReason reason, Instant now) {
  hops[hop].stage = HopStage::refused;
  hops[hop].reason = reason;
  calendar.push({now, EntryKind::link_delivery, hops[hop].link, hop});
}

void Network::State::get_under_way(HopIndex hop, Instant leaves) {
  Hop& it = hops[hop];
  it.stage = HopStage::under_way;
  it.leaves = leaves;
  calendar.push({leaves + it.delay, EntryKind::link_delivery, it.link, hop});
}

void Network::State::arrive(HopIndex hop, Instant now) {
  Hop& it = hops[hop];
  switch (it.stage) {
    case HopStage::dropped:
      return hops.release(hop);
    case HopStage::refused:
      return report_drop(hop, it.reason, now);
    default:
      check(it.stage == HopStage::under_way, "what arrives was under way");
  }
  VertexIndex vertex = it.destination;
  if (it.link != none) {
    Link& link = links[it.link];
    link.hops.remove(hops, hop);
    link.count.carried_bytes += std::exchange(it.wire_bytes, 0);
    if (it.lost) return report_drop(hop, DropReason::lost, now);
    ++link.count.delivered;
    --link.count.in_flight;
    vertex = link.to;
  }
  if (vertex != it.destination) return forward(hop, vertex, now);
  const std::uint32_t parcel = it.parcel;
  hops.release(hop);
  client.delivered(parcel, vertex, now);
}

void Network::State::report_drop(HopIndex hop, DropReason reason, Instant now) {
  const auto [parcel, link] = std::pair{hops[hop].parcel, hops[hop].link};
  hops.release(hop);
  if (link != none) {
    ++links[link].count.dropped;
    --links[link].count.in_flight;
  }
  client.dropped(parcel, reason, link, now);
}

// ---- Flows

Network::State::FlowSlots& Network::State::slots_of(LinkIndex link) {
  if (links[link].flows == none) {
    links[link].flows = static_cast<std::uint32_t>(flow_slots.size());
    flow_slots.emplace_back();
  }
  return flow_slots[links[link].flows];
}

bool Network::State::has_flows(LinkIndex link) const {
  return links[link].flows != none && flow_slots[links[link].flows].busy();
}

void Network::State::start_flow(HopIndex hop, Instant now) {
  // Runs without flows never start SimGrid.
  if (!engine) engine = std::make_unique<FlowEngine>(links.size());
  hops[hop].stage = HopStage::active;
  hops[hop].flow = engine->start(hops[hop].link, hops[hop].work, hop, now);
  note_completions();
}

void Network::State::start_datagram(LinkIndex link, Instant now) {
  FlowSlots& slots = slots_of(link);
  if (slots.datagram != none || slots.waiting_datagrams.empty()) return;
  slots.datagram = slots.waiting_datagrams.front();
  slots.waiting_datagrams.pop(hops);
  slots.waiting_work -= hops[slots.datagram].work;
  start_flow(slots.datagram, now);
}

void Network::State::start_transfers(LinkIndex link, Instant now) {
  FlowSlots& slots = slots_of(link);
  while (slots.transfers < transfers_per_link && !slots.waiting_transfers.empty()) {
    const Conditions offered = conditions(link, now);
    if (!offered.connected || offered.loss >= 1) return schedule_wake(link, now);
    const HopIndex hop = slots.waiting_transfers.front();
    slots.waiting_transfers.pop(hops);
    if (!slots.busy() && links[link].next_free > now) start_filler(link, now);
    start_transfer(hop, offered, now);
  }
}

void Network::State::start_transfer(HopIndex hop, const Conditions& offered, Instant now) {
  Hop& transfer = hops[hop];
  transfer.wire_bytes = bytes_with_repeats(transfer.bytes, offered.loss);
  transfer.work = serialisation(transfer.wire_bytes, offered.bandwidth_bps);
  transfer.delay = offered.delay;
  ++slots_of(transfer.link).transfers;
  start_flow(hop, now);
}

/// While a link has transfers its datagrams are flows too. Those that were accepted before keep their dates;
/// the time they still need of the link is a flow in the datagrams' slot, or the link would carry more than
/// it can.
void Network::State::start_filler(LinkIndex link, Instant now) {
  const HopIndex hop = hops.allocate();
  hops[hop].link = link;
  hops[hop].datagram = hops[hop].filler = true;
  hops[hop].work = links[link].next_free - now;
  links[link].hops.append(hops, hop);
  slots_of(link).datagram = hop;
  start_flow(hop, now);
}

void Network::State::finish_flow(HopIndex hop, Instant now) {
  if (hops[hop].stage == HopStage::dropped) return hops.release(hop);
  check(hops[hop].stage == HopStage::finished, "a flow finishes once");
  const LinkIndex link = hops[hop].link;
  FlowSlots& slots = slots_of(link);
  if (hops[hop].datagram)
    slots.datagram = none;
  else
    --slots.transfers;
  if (hops[hop].filler) {
    links[link].hops.remove(hops, hop);
    hops.release(hop);
  } else {
    links[link].count.carried_bytes += std::exchange(hops[hop].wire_bytes, 0);
    get_under_way(hop, now);
  }
  start_datagram(link, now);
  start_transfers(link, now);
}

void Network::State::note_completions() {
  engine->take(completions);
  for (const auto& completion : completions) {
    Hop& hop = hops[completion.tag];
    hop.stage = HopStage::finished;
    calendar.push({std::max(completion.at, latest), EntryKind::flow_finished, hop.link, completion.tag});
  }
}

// ---- Links

const LinkTrace::Row& Network::State::trace_row_at(LinkIndex link, Instant now) const {
  const auto& rows = specs[link].trace->rows;
  const auto row = (now.time_since_epoch() + specs[link].trace_offset) / trace_row;
  return rows[static_cast<std::size_t>(row) % rows.size()];
}

Conditions Network::State::conditions(LinkIndex link, Instant now) const {
  const Link& it = links[link];
  if (!it.traced) return {it.delay, it.loss, it.bandwidth_bps, true};
  const auto& row = trace_row_at(link, now);
  const double bandwidth = specs[link].kind == LinkKind::access_up ? row.up_bps : row.down_bps;
  return {row.delay, row.loss, bandwidth, row.connected && row.loss < 1 && bandwidth > 0};
}

/// Whether a datagram that would have to wait finds room among the bytes before it.
bool Network::State::has_room(HopIndex hop, Instant now) {
  const LinkIndex index = hops[hop].link;
  Duration backlog = std::max(Duration::zero(), links[index].next_free - now);
  if (mode == NetworkMode::flow || has_flows(index)) {
    const FlowSlots& slots = slots_of(index);
    backlog = slots.waiting_work;
    if (slots.datagram != none && hops[slots.datagram].stage == HopStage::active) {
      backlog += engine->remaining(hops[slots.datagram].flow, now);
      note_completions();
    }
  }
  if (backlog == Duration::zero()) return true;
  const double bytes_per_work = hops[hop].bytes / seconds_of(hops[hop].work);
  return seconds_of(backlog) * bytes_per_work + hops[hop].bytes <=
         static_cast<double>(links[index].queue_bytes);
}

/// Transfers wait for the next row of the trace that is connected, if there is one.
void Network::State::schedule_wake(LinkIndex link, Instant now) {
  if (!links[link].traced || links[link].wake_scheduled) return;
  const Duration into_row = (now.time_since_epoch() + specs[link].trace_offset) % trace_row;
  Instant next = now - into_row;
  for (std::size_t i = 0; i < specs[link].trace->rows.size(); ++i) {
    next += trace_row;
    if (!conditions(link, next).connected) continue;
    links[link].wake_scheduled = true;
    calendar.push({next, EntryKind::link_window, link, trace_wake});
    return;
  }
}

/// Finds the window that is open now, or the next one, and schedules the next edge only.
void Network::State::look_at_windows(LinkIndex link, Instant now) {
  const auto& windows = specs[link].windows;
  if (windows.empty()) return;
  Link& it = links[link];
  while (it.window < windows.size() && windows[it.window].closes <= now) ++it.window;
  it.in_contact = it.window < windows.size() && windows[it.window].opens <= now;
  if (it.window == windows.size()) return;
  it.delay = windows[it.window].delay;
  const Instant edge = it.in_contact ? windows[it.window].closes : windows[it.window].opens;
  calendar.push({edge, EntryKind::link_window, link, window_edge});
}

void Network::State::window_passed(LinkIndex link, Instant now) {
  const bool was_up = is_up(link);
  const Duration old_delay = links[link].delay;
  look_at_windows(link, now);
  if (links[link].delay != old_delay && specs[link].kind == LinkKind::backbone) routes_stale = true;
  tell_change(link, was_up, now);
}

void Network::State::tell_change(LinkIndex link, bool was_up, Instant now) {
  const bool up = is_up(link);
  if (up == was_up) return;
  if (specs[link].kind == LinkKind::backbone) routes_stale = true;
  if (!up) drop_all(link, now);
  client.link_changed(link, up, now);
}

void Network::State::drop_all(LinkIndex link, Instant now) {
  std::vector<std::uint32_t> parcels;
  LinkCount& count = links[link].count;
  for (HopIndex hop = links[link].hops.front(); hop != none;) {
    Hop& it = hops[hop];
    const HopIndex after = it.after;
    if (it.stage == HopStage::under_way && it.leaves <= now) count.carried_bytes += it.wire_bytes;
    if (it.stage == HopStage::active) engine->cancel(it.flow);
    if (!it.filler) {
      parcels.push_back(it.parcel);
      ++count.dropped;
      --count.in_flight;
    }
    if (it.stage == HopStage::under_way || it.stage == HopStage::finished)
      it.stage = HopStage::dropped;
    else
      hops.release(hop);
    hop = after;
  }
  links[link].hops.clear();
  links[link].next_free = now;
  if (links[link].flows != none) slots_of(link) = FlowSlots{};
  // Only now: the client may send while it is told.
  for (const auto parcel : parcels) client.dropped(parcel, DropReason::link_down, link, now);
}

// ---- The network as others see it

Network::Network(NetworkMode mode, std::uint64_t seed, Calendar& calendar, NetworkClient& client)
    : state_(std::make_unique<State>(mode, seed, calendar, client)) {}

Network::~Network() = default;

VertexIndex Network::add_vertex(std::string name) {
  check(!state_->started, "vertices are added before the start");
  state_->vertices.emplace_back();
  state_->vertex_names.push_back(std::move(name));
  return static_cast<VertexIndex>(state_->vertices.size() - 1);
}

LinkIndex Network::add_link(LinkSpec spec) {
  State& s = *state_;
  check(!s.started, "links are added before the start");
  s.check_spec(spec);
  const auto index = static_cast<LinkIndex>(s.links.size());
  if (spec.kind == LinkKind::access_up) s.attach_leaf(spec.from, index, s.vertices[spec.from].up);
  if (spec.kind == LinkKind::access_down) {
    s.attach_leaf(spec.to, index, s.vertices[spec.to].down);
    s.vertices[spec.to].above = spec.from;
  }
  if (spec.kind == LinkKind::backbone) s.backbone.push_back(index);
  State::Link link;
  link.bandwidth_bps = spec.bandwidth_bps;
  link.delay = spec.delay;
  link.loss = spec.loss;
  link.queue_bytes = spec.queue_bytes;
  link.to = spec.to;
  link.draws_as = entity_of(spec.name);
  link.traced = spec.trace != nullptr;
  s.links.push_back(link);
  s.specs.push_back(std::move(spec));
  return index;
}

void Network::start() {
  State& s = *state_;
  check(!s.started, "a network is started once");
  s.started = true;
  s.number_hubs();
  for (LinkIndex link = 0; link < s.links.size(); ++link) s.look_at_windows(link, Instant{});
}

void Network::send(std::uint32_t parcel, VertexIndex from, VertexIndex to, std::uint32_t bytes, Instant now) {
  State& s = *state_;
  check(s.started && from < s.vertices.size() && to < s.vertices.size(),
        "a parcel travels in a started network");
  check(bytes > 0, "a parcel has bytes");
  s.latest = std::max(s.latest, now);
  const HopIndex hop = s.hops.allocate();
  Hop& it = s.hops[hop];
  it.parcel = parcel;
  it.bytes = bytes;
  it.destination = to;
  it.datagram = bytes <= datagram_bytes;
  it.delay = same_vertex_delay;
  if (from == to)
    s.get_under_way(hop, now);
  else
    s.forward(hop, from, now);
}

void Network::handle(const Entry& entry, Instant now) {
  State& s = *state_;
  s.latest = std::max(s.latest, now);
  switch (entry.kind) {
    case EntryKind::link_delivery:
      return s.arrive(entry.slot, now);
    case EntryKind::flow_finished:
      return s.finish_flow(entry.slot, now);
    case EntryKind::link_window:
      if (entry.slot == window_edge) return s.window_passed(entry.entity, now);
      s.links[entry.entity].wake_scheduled = false;
      return s.start_transfers(entry.entity, now);
    default:
      check(false, "the network is given entries of its own kinds");
  }
}

void Network::hold_down(LinkIndex link, Instant now) {
  State& s = *state_;
  s.latest = std::max(s.latest, now);
  const bool was_up = s.is_up(link);
  ++s.links[link].holds;
  s.tell_change(link, was_up, now);
}

void Network::release(LinkIndex link, Instant now) {
  State& s = *state_;
  s.latest = std::max(s.latest, now);
  const bool was_up = s.is_up(link);
  check(s.links[link].holds > 0, "only what is held is released");
  --s.links[link].holds;
  s.tell_change(link, was_up, now);
}

bool Network::is_up(LinkIndex link) const {
  return state_->is_up(link);
}

bool Network::is_reachable(VertexIndex from, VertexIndex to) const {
  while (from != to) {
    const LinkIndex link = state_->next_link(from, to);
    if (link == none || !is_up(link)) return false;
    from = state_->links[link].to;
  }
  return true;
}

const LinkSpec& Network::link(LinkIndex link) const {
  return state_->specs[link];
}
void Network::fetch_ahead(LinkIndex link) const {
  ibcf::fetch_ahead(&state_->links[link], sizeof(State::Link));
}
LinkCount Network::count(LinkIndex link) const {
  return state_->links[link].count;
}
std::size_t Network::link_count() const {
  return state_->links.size();
}
std::size_t Network::vertex_count() const {
  return state_->vertices.size();
}
const std::string& Network::vertex_name(VertexIndex vertex) const {
  return state_->vertex_names[vertex];
}
std::vector<std::uint32_t> Network::components() const {
  return state_->components();
}

Instant Network::next_flow_event() const {
  return state_->engine ? state_->engine->next() : never;
}

void Network::advance_flows(Instant until) {
  if (!state_->engine) return;
  state_->engine->advance(until);
  state_->note_completions();
}

}  // namespace ibcf::sim
