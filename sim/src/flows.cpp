#include "flows.hpp"

#include <signal.h>

#include <algorithm>
#include <cmath>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u.hpp>
#include <string>
#include <tuple>

#include "model/check.hpp"

namespace ibcf::sim {

namespace {

namespace s4u = simgrid::s4u;

#if SIMGRID_VERSION >= 33400
#error "SimGrid 3.34 renamed surf/precision and made completion signals per class: adapt flows.cpp"
#endif

/// Lanes carry nanoseconds of work, which SimGrid takes for bytes.
constexpr double work_per_second = 1e9;
/// SimGrid is advanced this much ahead of the calendar, so that a completion whose exact date lies a rounding
/// error before SimGrid's is never found when the calendar has passed it.
constexpr Duration look_ahead{100};
/// How far SimGrid may be behind when a flow starts: completions are rounded up by less than this, and a step
/// of SimGrid's for every nanosecond of it would halve our speed.
constexpr double start_slack_s = 1e-8;
/// Dates differ from the exact ones by rounding only; more would be another date.
constexpr Duration snap_within{1000};
/// SimGrid needs to take a step to forget a cancelled flow. It merges events that are nearer than this.
constexpr double smallest_step_s = 1e-9;

/// The one place where SimGrid's seconds become nanoseconds. Up, and by one more as SimGrid merges
/// completions within a nanosecond: a link never carries more than its capacity.
Instant instant_of(double simgrid_seconds) {
  return at(Duration{static_cast<std::int64_t>(std::ceil(simgrid_seconds * 1e9)) + 1});
}

/// SimGrid installs handlers of its own for these when its engine is made; ours stay.
class KeptSignals {
 public:
  KeptSignals() {
    sigaction(SIGINT, nullptr, &interrupt_);
    sigaction(SIGSEGV, nullptr, &fault_);
  }
  ~KeptSignals() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGSEGV, &fault_, nullptr);
  }
  KeptSignals(const KeptSignals&) = delete;

 private:
  struct sigaction interrupt_ {};
  struct sigaction fault_ {};
};

s4u::Engine* make_engine() {
  static bool made = false;
  check(!made, "one simulation with flows per process: SimGrid has one clock");
  made = true;
  const KeptSignals kept;
  // A run that ends with flows under way is no bug, but SimGrid's solver thinks so when it is torn down.
  static std::string arguments[] = {"ibcf",
                                    "--cfg=network/model:CM02",
                                    "--cfg=network/crosstraffic:0",
                                    "--cfg=network/TCP-gamma:1e30",
                                    "--log=root.thres:warning",
                                    "--log=ker_lmm.thres:error"};
  static char* pointers[std::size(arguments) + 1] = {};
  std::transform(std::begin(arguments), std::end(arguments), pointers,
                 [](auto& text) { return text.data(); });
  int count = std::size(arguments);
  // Never deleted: SimGrid's own exit handler still uses it.
  return new s4u::Engine(&count, pointers);
}

}  // namespace

struct FlowEngine::State {
  struct Lane {
    s4u::Host* host = nullptr;
    std::uint32_t active = 0;
    std::uint64_t last_start = 0;  // number of the latest flow that started here
    Instant busy_until;  // SimGrid may be ahead of the calendar: what ended there may not have ended yet
  };
  enum class Stage : std::uint8_t { free, active, cancelled };
  struct Record {
    s4u::CommPtr comm;
    std::uint32_t lane = 0;
    std::uint32_t tag = 0;
    Stage stage = Stage::free;
    bool started_alone = false;
    std::uint64_t start_number = 0;  // among all starts
    Instant started;
    Duration work{};
  };

  static inline State* listener = nullptr;

  s4u::Engine* engine = nullptr;
  simgrid::kernel::resource::Model* model = nullptr;
  s4u::Host* sink = nullptr;
  std::vector<Lane> lanes;
  std::vector<Record> flows;
  std::vector<Flow> free;
  std::vector<Flow> cancelled;
  std::vector<s4u::CommPtr>
      ended;  // released outside of SimGrid's callbacks: earlier is a use after free in SimGrid
  std::vector<Completion> completions;
  std::uint64_t starts = 0;
  bool dirty = false;
  double next_date = -1;
  Instant next_instant = never;

  void make_platform(std::size_t lane_count);
  void completed(std::uintptr_t number);
  void step(double date);
  void forget_cancelled();
  void reach(Instant now);
  void refresh();
};

void FlowEngine::State::make_platform(std::size_t lane_count) {
  auto* zone = s4u::create_star_zone("links");
  sink = zone->create_host("sink", work_per_second)->seal();
  zone->add_route(sink->get_netpoint(), nullptr, nullptr, nullptr, std::vector<s4u::LinkInRoute>{}, true);
  lanes.resize(lane_count);
  for (std::size_t i = 0; i < lane_count; ++i) {
    const std::string name = std::to_string(i);
    auto* host = zone->create_host(name, work_per_second);
    const auto* link = zone->create_link(name, work_per_second)->set_latency(0)->seal();
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, {s4u::LinkInRoute(link)}, false);
    lanes[i].host = host->seal();
  }
  zone->seal();
  engine->seal_platform();
}

/// SimGrid calls this from within its steps and from cancel(): it only takes notes.
void FlowEngine::State::completed(std::uintptr_t number) {
  const auto flow = static_cast<Flow>(number);
  auto& record = flows[flow];
  dirty = true;
  if (record.stage != Stage::active) return;
  auto& lane = lanes[record.lane];
  --lane.active;
  const bool alone = record.started_alone && record.start_number == lane.last_start;
  const Instant date = instant_of(s4u::Engine::get_clock());
  const Instant exact = record.started + record.work;
  check(!alone || std::chrono::abs(date - exact) < snap_within, "SimGrid agrees on a flow that was alone");
  lane.busy_until = alone ? exact : date;
  completions.push_back({record.tag, record.start_number, lane.busy_until});
  ended.push_back(std::move(record.comm));
  record.stage = Stage::free;
  free.push_back(flow);
}

void FlowEngine::State::step(double date) {
  // SimGrid aborts where it is asked for a date that is not in its future.
  const double clock = s4u::Engine::get_clock();
  const double soonest = std::max(clock + smallest_step_s, std::nextafter(clock, HUGE_VAL));
  engine->run_until(std::max(date, soonest));
  ended.clear();
  dirty = true;
}

void FlowEngine::State::forget_cancelled() {
  if (cancelled.empty()) return;
  // Until SimGrid has taken a step, cancelled flows still have a share of their lanes.
  step(s4u::Engine::get_clock() + smallest_step_s);
  for (const Flow flow : cancelled) {
    flows[flow].comm.reset();
    flows[flow].stage = Stage::free;
    free.push_back(flow);
  }
  cancelled.clear();
}

void FlowEngine::State::reach(Instant now) {
  forget_cancelled();
  // run_until may return 10 us early.
  while (s4u::Engine::get_clock() < seconds_of(now) - start_slack_s) step(seconds_of(now));
}

void FlowEngine::State::refresh() {
  if (!dirty) return;
  dirty = false;
  const double clock = s4u::Engine::get_clock();
  const double delta = model->next_occurring_event(clock);
  next_date = clock + delta;
  next_instant = delta < 0 ? never : instant_of(next_date) - look_ahead;
}

FlowEngine::FlowEngine(std::size_t lanes) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.engine = make_engine();
  s.make_platform(lanes);
  for (auto* model : s.engine->get_all_models())
    if (model->get_name() == "Network_CM02") s.model = model;
  check(s.model != nullptr, "SimGrid runs the network model it was told to");
  State::listener = &s;
  s4u::Activity::on_completion_cb([](const s4u::Activity& activity) {
    if (State::listener != nullptr)
      State::listener->completed(reinterpret_cast<std::uintptr_t>(activity.get_data<void>()));
  });
}

FlowEngine::~FlowEngine() {
  // SimGrid outlives us, and so does what we told it to call. It complains of activities that are released
  // before their end: those stay.
  State::listener = nullptr;
  static auto* unfinished = new std::vector<s4u::CommPtr>;
  for (auto& record : state_->flows)
    if (record.comm) unfinished->push_back(std::move(record.comm));
}

FlowEngine::Flow FlowEngine::start(std::uint32_t lane, Duration work, std::uint32_t tag, Instant now) {
  check(work.count() > 0, "a flow has work to do: SimGrid never starts an empty one");
  State& s = *state_;
  s.reach(now);
  if (s.free.empty()) {
    s.free.push_back(static_cast<Flow>(s.flows.size()));
    s.flows.emplace_back();
  }
  const Flow flow = s.free.back();
  s.free.pop_back();
  auto& on = s.lanes[lane];
  auto comm = s4u::Comm::sendto_init();
  comm->set_payload_size(static_cast<std::uint64_t>(work.count()));
  comm->set_data(reinterpret_cast<void*>(std::uintptr_t{flow}));
  on.last_start = ++s.starts;
  s.flows[flow] = {.comm = comm,
                   .lane = lane,
                   .tag = tag,
                   .stage = State::Stage::active,
                   .started_alone = on.active == 0,
                   .start_number = on.last_start,
                   .started = std::max(now, on.busy_until),
                   .work = work};
  ++on.active;
  comm->set_source(on.host);
  comm->set_destination(s.sink);  // starts it
  s.dirty = true;
  return flow;
}

void FlowEngine::cancel(Flow flow) {
  State& s = *state_;
  auto& record = s.flows[flow];
  check(record.stage == State::Stage::active, "only an active flow is cancelled");
  record.stage = State::Stage::cancelled;
  --s.lanes[record.lane].active;
  s.cancelled.push_back(flow);
  record.comm->cancel();
  s.dirty = true;
}

Duration FlowEngine::remaining(Flow flow, Instant now) {
  State& s = *state_;
  s.reach(now);
  const auto& record = s.flows[flow];
  if (record.stage != State::Stage::active) return Duration::zero();
  if (record.started_alone && record.start_number == s.lanes[record.lane].last_start)
    return std::max(Duration::zero(), record.started + record.work - now);
  return Duration{static_cast<std::int64_t>(std::ceil(record.comm->get_remaining()))};
}

Instant FlowEngine::next() {
  state_->refresh();
  return state_->next_instant;
}

void FlowEngine::advance(Instant until) {
  while (next() <= until) {
    state_->forget_cancelled();
    state_->refresh();
    if (state_->next_instant <= until) state_->step(state_->next_date);
  }
}

void FlowEngine::take(std::vector<Completion>& completions) {
  completions.clear();
  std::swap(completions, state_->completions);
  // SimGrid completes equal flows newest first.
  std::sort(completions.begin(), completions.end(), [](const Completion& a, const Completion& b) {
    return std::tie(a.at, a.start_number) < std::tie(b.at, b.start_number);
  });
}

}  // namespace ibcf::sim
