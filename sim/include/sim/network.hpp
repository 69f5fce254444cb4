#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/time.hpp"
#include "sim/calendar.hpp"
#include "sim/random.hpp"

namespace ibcf::sim {

using VertexIndex = std::uint32_t;
using LinkIndex = std::uint32_t;
inline constexpr std::uint32_t none = 0xffffffff;

/// hybrid: what fits one datagram (1500 bytes) goes through the calendar with FIFO serialisation at link
/// rate, what is larger is a SimGrid flow, and while a link has such flows its datagrams are flows too. flow:
/// every message is a SimGrid flow. In both, a link serves its datagrams one after the other and beside them
/// at most 16 transfers; whoever is served shares the link evenly.
enum class NetworkMode : std::uint8_t { hybrid, flow };

/// Half-open contact window [opens, closes); `delay` replaces the link's own delay while it is open.
struct ContactWindow {
  Instant opens;
  Instant closes;
  Duration delay{};
};

/// A measured link, one row a second: what holds from `row` seconds after the trace's start. Repeats when it
/// ends. While a row is not connected (or loses everything, or has no bandwidth) datagrams are dropped and
/// new transfers wait; the link as such stays up.
struct LinkTrace {
  struct Row {
    Duration delay{};  ///< one way
    double loss = 0;   ///< 0..1
    double down_bps = 0;
    double up_bps = 0;
    bool connected = true;
  };
  std::string name;
  std::vector<Row> rows;
};

enum class LinkKind : std::uint8_t { access_up, access_down, backbone };

/// A directed link. Bits leave it at `bandwidth_bps`, one message after the other, and arrive `delay` later.
struct LinkSpec {
  std::string name{};
  LinkKind kind = LinkKind::backbone;
  VertexIndex from = none;
  VertexIndex to = none;
  double bandwidth_bps = 1e9;
  Duration delay{};
  /// Independent loss of each datagram. A transfer (flow) is not lost: its transport sends again, which costs
  /// 1 / (1 - loss) times its bytes.
  double loss = 0;
  /// Bytes that may wait for the link; a datagram that finds no room is dropped, a transfer waits its turn.
  std::uint64_t queue_bytes = UINT64_MAX;
  /// Empty: always in contact. Else sorted and disjoint; a window that opens as another closes is a handover,
  /// which drops nothing.
  std::vector<ContactWindow> windows{};
  /// Where set, delay, loss and bandwidth (up_bps for access_up, down_bps otherwise) follow the trace by the
  /// second, starting `trace_offset` into it. What holds when a datagram comes to the link, or when a
  /// transfer starts on it, holds for all of it.
  std::shared_ptr<const LinkTrace> trace{};
  Duration trace_offset{};
};

/// What a link did so far. sent = delivered + dropped + in_flight, at every instant (I-71).
struct LinkCount {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t in_flight = 0;
  /// Bytes of the messages the link carried to their end, those sent again by a transport included; never
  /// above capacity x time (I-72).
  std::uint64_t carried_bytes = 0;
};

enum class DropReason : std::uint8_t { lost, link_down, queue_full, no_route };

/// Whoever runs the network: told of each parcel's end and of each change of a link.
class NetworkClient {
 public:
  virtual ~NetworkClient() = default;
  virtual void delivered(std::uint32_t parcel, VertexIndex at, Instant now) = 0;
  virtual void dropped(std::uint32_t parcel, DropReason reason, LinkIndex where, Instant now) = 0;
  virtual void link_changed(LinkIndex link, bool up, Instant now) = 0;
};

/// Sites and directed links, with routes over the backbone.
///
/// A parcel is a number of the client's; the network knows only its size and ends. It travels hop by hop over
/// the quickest backbone path (Boost.Graph Dijkstra over delays; recomputed when a backbone link changes), is
/// stored for no time at a vertex in between, and is dropped where a link is down or goes down under it.
/// Vertices with only access links are leaves: they are reached from the vertex their access link hangs on,
/// one each way. Of equally quick paths the one with fewer hops is taken, then the one whose next vertex has
/// the lower number.
///
/// Loss is drawn from the stream "link.loss" (entity: link, counter: number of the message on the link). A
/// lost datagram uses the link like any other and is missed at the far end.
class Network {
 public:
  Network(NetworkMode mode, std::uint64_t seed, Calendar& calendar, NetworkClient& client);
  ~Network();
  Network(const Network&) = delete;

  VertexIndex add_vertex(std::string name);
  LinkIndex add_link(LinkSpec spec);
  /// Ends building and schedules the first contact window of each link; what is up at time 0 is not told.
  void start();

  /// Sends a parcel of `bytes` (> 0) from one vertex to another. The end comes later, by delivered() or
  /// dropped(), never from within this call. Between two endpoints at one vertex it takes a microsecond and
  /// no link.
  void send(std::uint32_t parcel, VertexIndex from, VertexIndex to, std::uint32_t bytes, Instant now);

  /// Handles an entry of kind link_window, link_delivery or flow_finished.
  void handle(const Entry& entry, Instant now);

  /// A fault holds the link down; holds add up, and the link works again when all are gone and it is in
  /// contact. When it goes down, everything that waits, is being sent or is under way on it is dropped before
  /// link_changed.
  void hold_down(LinkIndex link, Instant now);
  void release(LinkIndex link, Instant now);

  [[nodiscard]] bool is_up(LinkIndex link) const;
  /// Whether every hop of a path from one vertex to the other is up right now.
  [[nodiscard]] bool is_reachable(VertexIndex from, VertexIndex to) const;
  [[nodiscard]] const LinkSpec& link(LinkIndex link) const;
  [[nodiscard]] LinkCount count(LinkIndex link) const;
  /// A hint that a datagram is about to come to the link: has its state brought into the cache meanwhile.
  void fetch_ahead(LinkIndex link) const;
  [[nodiscard]] std::size_t link_count() const;
  [[nodiscard]] std::size_t vertex_count() const;
  [[nodiscard]] const std::string& vertex_name(VertexIndex vertex) const;
  /// For each vertex, the lowest vertex that it can reach and that can reach it over links that are up
  /// (itself, if no other).
  [[nodiscard]] std::vector<std::uint32_t> components() const;

  /// When SimGrid's next completion is due, or a little before; `never` if no flow is active. SimGrid is
  /// started by the first flow, and there is one per process.
  [[nodiscard]] Instant next_flow_event() const;
  /// Advances SimGrid to `until`; completions are pushed into the calendar as flow_finished.
  void advance_flows(Instant until);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The two-engines loop (architecture page, section 4): pops the calendar and advances SimGrid in step, and
/// gives every entry before or at `until` to `handle`, in order. Returns when none is left; `handle` may
/// return false to stop.
template <class Handle>
void run(Calendar& calendar, Network& network, Instant until, Handle&& handle) {
  for (;;) {
    const Instant flow = network.next_flow_event();
    const Instant entry = calendar.next();
    if (entry > until && flow > until) return;
    if (flow < entry) {
      network.advance_flows(flow);
      continue;
    }
    if (!handle(calendar.pop())) return;
  }
}

}  // namespace ibcf::sim
