#include "controlplane/rollout_book.hpp"

#include <algorithm>
#include <cmath>

#include "controlplane/bundle_check.hpp"
#include "controlplane/planted.hpp"
#include "controlplane/spread.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {
namespace {

constexpr Duration look_again = std::chrono::minutes{1};

bool is_over(RolloutState state) {
  return state == RolloutState::halted || state == RolloutState::done;
}

// Waves cut across places and kinds of nodes: the order is by the entropy of ids, not by enrolment.
void shuffle_by_id(std::vector<NodeId>& nodes) {
  std::sort(nodes.begin(), nodes.end(), [](NodeId a, NodeId b) {
    const auto key = [](NodeId id) { return std::pair{spread_over(std::chrono::hours{1}, id, 7), id}; };
    return key(a) < key(b);
  });
}

}  // namespace

std::uint32_t allowed_to_lack(std::uint32_t reached, double threshold) {
  // In millionths, so that no rounding of a product decides.
  const auto part = static_cast<std::uint64_t>(std::llround((1 - threshold) * 1e6));
  const auto beyond = static_cast<std::uint32_t>(reached * part / 1'000'000);
  return reached < 2 ? 0 : std::clamp(beyond, 1u, reached - 1);
}

// ---- beginning --------------------------------------------------------------------------------------------

std::vector<std::string> RolloutBook::problems_of_order(const RolloutOrder& order) const {
  std::vector<std::string> problems = problems_of(order.bundle);
  for (const auto& [id, bundle] : bundles_)
    if (id != order.bundle.id && bundle->name == order.bundle.name &&
        bundle->release >= order.bundle.release) {
      problems.push_back("release is not above " + std::to_string(bundle->release) + ", published before");
      break;
    }
  const auto next = std::adjacent_find(order.waves.begin(), order.waves.end(),
                                       [](double wave, double after) { return !(wave < after); });
  if (order.waves.empty() || next != order.waves.end() || !(order.waves.front() > 0) ||
      order.waves.back() != 1)
    problems.emplace_back("waves do not rise from above 0 to 1");
  if (!(order.threshold >= 0 && order.threshold <= 1)) problems.emplace_back("threshold is not within 0..1");
  return problems;
}

RolloutBook::Begun RolloutBook::begin(const RolloutOrder& order, DomainId scope, std::vector<NodeId> nodes,
                                      Instant now, Todo& todo) {
  const BundleId id = order.bundle.id;
  if (Record* known = find_record(id)) {
    std::erase_if(nodes, [&](NodeId node) { return known->place.contains(node); });
    if (!nodes.empty()) extend(*known, std::move(nodes), todo);
    return Begun::known_already;
  }
  if (refused_.contains(id)) return Begun::refused;
  if (auto problems = problems_of_order(order); !problems.empty()) {
    refused_[id] = problems;
    todo.events.push_back({EventType::bundle_refused,
                           any(id),
                           encode(BundleRefused{id, std::move(problems)}),
                           {},
                           Priority::authority});
    return Begun::refused;
  }
  publish(order.bundle, todo);
  if (nodes.empty()) return Begun::yes;
  shuffle_by_id(nodes);
  const RolloutStarted started{id,
                               scope,
                               static_cast<std::uint32_t>(nodes.size()),
                               static_cast<std::uint32_t>(order.waves.size()),
                               order.waves,
                               order.wave_every,
                               order.threshold,
                               std::move(nodes)};
  todo.events.push_back({EventType::rollout_started, any(id), encode(started), {}, Priority::authority});
  insert(started, now);
  return Begun::yes;
}

// An older rollout of the same name ends with it.
void RolloutBook::publish(const PolicyBundle& published, Todo& todo) {
  if (!bundles_.contains(published.id))
    todo.events.push_back({EventType::bundle_published,
                           any(published.id),
                           encode(BundlePublished{published}),
                           {},
                           Priority::authority});
  bundles_[published.id] = std::make_shared<const PolicyBundle>(published);
  for (Record& record : records_)
    if (!is_over(record.rollout.state) && record.rollout.bundle_id != published.id &&
        bundle(record.rollout.bundle_id)->name == published.name)
      halt(record.rollout.bundle_id, "superseded by " + published.version, todo);
}

void RolloutBook::insert(const RolloutStarted& started, Instant at) {
  Record& record = records_.emplace_back();
  record.rollout = {.bundle_id = started.bundle_id,
                    .scope = started.scope,
                    .state = RolloutState::advancing,
                    .waves = started.fractions,
                    .wave = 1,
                    .threshold = started.threshold,
                    .targets = static_cast<std::uint32_t>(started.nodes.size()),
                    .applied = 0,
                    .failed = 0,
                    .unreached = 0,
                    .waiting = static_cast<std::uint32_t>(started.nodes.size()),
                    .started_ts = at,
                    .reason = {}};
  record.wave_every = started.wave_every;
  record.due = at;
  join(record, started);
}

// Those of its nodes that are no targets yet come last.
void RolloutBook::join(Record& record, const RolloutStarted& started) {
  for (const NodeId node : started.nodes)
    if (record.place.emplace(node, record.targets.size()).second)
      record.targets.push_back({.node = node, .standing = Standing::open, .command = {}, .hlc = 0});
  record.rollout.targets = static_cast<std::uint32_t>(record.targets.size());
  wake(record);
}

// ---- going on ---------------------------------------------------------------------------------------------

void RolloutBook::advance(const Reach& reach, Instant now, Todo& todo) {
  for (Record& record : records_)
    if (now >= record.due) advance(record, reach, now, todo);
}

// How many targets, from the first, the present wave covers. Where none of them can be reached the wave goes
// on to the first that can: it is never blocked by who is away.
std::size_t RolloutBook::begun_of(const Record& record, const std::vector<bool>& is_reached) const {
  const Rollout& rollout = record.rollout;
  const std::size_t size = record.targets.size();
  std::size_t begun = size;
  if (rollout.wave < rollout.waves.size())
    begun = std::clamp(static_cast<std::size_t>(rollout.waves[rollout.wave - 1] * static_cast<double>(size)),
                       std::size_t{1}, size);
  const auto is_begun = [](const Target& target) { return !target.command.is_nil(); };
  const auto last = std::find_if(record.targets.rbegin(), record.targets.rend(), is_begun);
  begun = std::max(begun, static_cast<std::size_t>(record.targets.rend() - last));
  const auto first = std::find(is_reached.begin(), is_reached.end(), true);
  if (first != is_reached.end())
    begun = std::max(begun, static_cast<std::size_t>(first - is_reached.begin()) + 1);
  return begun;
}

void RolloutBook::advance(Record& record, const Reach& reach, Instant now, Todo& todo) {
  Rollout& rollout = record.rollout;
  record.due = now + look_again;
  std::vector<bool> is_reached;
  for (const Target& target : record.targets) {
    const CommandReach at = reach(target.node);
    is_reached.push_back((at.in_contact && !at.barred) || target.standing == Standing::applied ||
                         target.standing == Standing::failed);
  }
  if (rollout.state == RolloutState::advancing && record.passed != never &&
      now >= record.passed + record.wave_every && rollout.wave < rollout.waves.size()) {
    ++rollout.wave;
    record.passed = never;
  }
  const std::size_t begun = begun_of(record, is_reached);
  count(record, is_reached, begun, todo);
  if (rollout.applied + rollout.failed == rollout.targets) {
    record.due = never;
    if (!is_over(rollout.state)) move(record, RolloutState::done, "every target answered", todo);
  }
  if (rollout.state != RolloutState::advancing) return;
  const std::uint32_t lack = allowed_to_lack(record.reached, rollout.threshold);
  const std::uint32_t failed = record.failed - std::min(record.failed, record.forgiven);
  if (failed > lack) {
    halt(rollout.bundle_id,
         std::to_string(failed) + " of " + std::to_string(record.reached) + " reached nodes failed", todo);
    return;
  }
  for (std::size_t i = 0; i < begun; ++i)
    if (is_reached[i] && record.targets[i].standing == Standing::open)
      todo.assign.emplace_back(record.targets[i].node, rollout.bundle_id);
  const bool enough = record.applied > 0 && record.reached - record.applied <= lack + record.forgiven;
  if (enough && record.passed == never && rollout.wave < rollout.waves.size()) {
    record.passed = now;
    move(record, RolloutState::advancing, "wave " + std::to_string(rollout.wave) + " met its threshold",
         todo);
    record.due = std::min(record.due, now + record.wave_every);
  }
}

void RolloutBook::count(Record& record, const std::vector<bool>& is_reached, std::size_t begun, Todo& todo) {
  Rollout& rollout = record.rollout;
  RolloutAdvanced counts{.bundle_id = rollout.bundle_id, .scope = rollout.scope, .wave = rollout.wave};
  record.reached = record.applied = record.failed = 0;
  for (std::size_t i = 0; i < record.targets.size(); ++i) {
    const Standing standing = record.targets[i].standing;
    const bool applied = standing == Standing::applied;
    const bool failed = standing == Standing::failed;
    counts.applied += applied;
    counts.failed += failed;
    counts.waiting += !applied && !failed && is_reached[i];
    counts.unreached += !is_reached[i];
    if (i >= begun) continue;
    record.reached += is_reached[i] || is_planted(Defect::offline_blocks_wave);
    record.applied += applied;
    record.failed += failed;
  }
  if (counts == record.told) return;
  record.told = counts;
  rollout.applied = counts.applied;
  rollout.failed = counts.failed;
  rollout.unreached = counts.unreached;
  rollout.waiting = counts.waiting;
  todo.events.push_back(
      {EventType::rollout_advanced, any(rollout.bundle_id), encode(counts), {}, Priority::authority});
}

void RolloutBook::move(Record& record, RolloutState state, std::string reason, Todo& todo) {
  record.rollout.state = state;
  record.rollout.reason = std::move(reason);
  todo.events.push_back({EventType::rollout_moved,
                         any(record.rollout.bundle_id),
                         encode(RolloutMoved{record.rollout}),
                         {},
                         Priority::authority});
}

void RolloutBook::pause(BundleId id, std::string reason, Todo& todo) {
  Record* record = find_record(id);
  if (record != nullptr && record->rollout.state == RolloutState::advancing)
    move(*record, RolloutState::paused, std::move(reason), todo);
}

void RolloutBook::resume(BundleId id, std::string reason, Todo& todo) {
  Record* record = find_record(id);
  if (record == nullptr) return;
  const RolloutState state = record->rollout.state;
  if (state != RolloutState::paused && (state != RolloutState::halted || !is_newest(id))) return;
  record->forgiven = record->rollout.failed;
  move(*record, RolloutState::advancing, std::move(reason), todo);
}

void RolloutBook::halt(BundleId id, std::string reason, Todo& todo) {
  Record* record = find_record(id);
  if (record == nullptr || is_over(record->rollout.state)) return;
  move(*record, RolloutState::halted, std::move(reason), todo);
  for (const Target& target : record->targets)
    if (target.standing == Standing::ordered) todo.cancel.push_back(target.command);
}

// ---- the fold ---------------------------------------------------------------------------------------------

void RolloutBook::apply(const Event& event) {
  const bool is_about_targets =
      event.type == EventType::command_issued || event.type == EventType::command_moved ||
      event.type == EventType::command_result || event.type == EventType::observation_recorded;
  if (is_about_targets && records_.empty()) return;  // most masters, most of the time
  switch (event.type) {
    case EventType::bundle_published:
      if (const auto published = payload_of<BundlePublished>(event))
        bundles_[published->bundle.id] = std::make_shared<const PolicyBundle>(published->bundle);
      return;
    case EventType::bundle_refused:
      if (const auto refused = payload_of<BundleRefused>(event))
        refused_[refused->bundle_id] = refused->problems;
      return;
    case EventType::rollout_started:
      if (const auto started = payload_of<RolloutStarted>(event);
          started && find_record(started->bundle_id) == nullptr)
        insert(*started, event.occurred);
      else if (started)
        join(*find_record(started->bundle_id), *started);
      return;
    case EventType::rollout_advanced:
      if (const auto advanced = payload_of<RolloutAdvanced>(event)) see(*advanced);
      return;
    case EventType::rollout_moved:
      if (const auto moved = payload_of<RolloutMoved>(event)) see(*moved, event.occurred);
      return;
    case EventType::command_issued:
      if (const auto issued = payload_of<CommandIssued>(event)) see(issued->command);
      return;
    case EventType::command_moved:
      if (const auto moved = payload_of<CommandMoved>(event)) ended(moved->command_id, moved->state);
      return;
    case EventType::command_result:
      if (const auto result = payload_of<CommandResult>(event))
        runs(id_cast<NodeTag>(event.origin), result->bundle_id, event.hlc);
      return;
    case EventType::observation_recorded:
      if (const auto seen = payload_of<Observation>(event))
        runs(id_cast<NodeTag>(event.origin), seen->policy_bundle_id, event.hlc);
      return;
    default:
      return;
  }
}

void RolloutBook::see(const RolloutAdvanced& advanced) {
  Record* record = find_record(advanced.bundle_id);
  if (record == nullptr) return;
  Rollout& rollout = record->rollout;
  if (advanced.wave != rollout.wave) record->passed = never;
  rollout.wave = advanced.wave;
  rollout.applied = advanced.applied;
  rollout.failed = advanced.failed;
  rollout.unreached = advanced.unreached;
  rollout.waiting = advanced.waiting;
  record->told = advanced;
}

void RolloutBook::see(const RolloutMoved& moved, Instant at) {
  Record* record = find_record(moved.rollout.bundle_id);
  if (record == nullptr) return;
  const RolloutState before = record->rollout.state;
  record->rollout = moved.rollout;
  if (moved.rollout.state != RolloutState::advancing) return;
  if (before == RolloutState::advancing)
    record->passed = at;  // its wave met the threshold
  else
    record->forgiven = moved.rollout.failed;
}

void RolloutBook::see(const Command& command) {
  Record* record = command.kind == CommandKind::assign_bundle ? find_record(command.bundle_id) : nullptr;
  const auto place =
      record == nullptr ? std::map<NodeId, std::size_t>::iterator{} : record->place.find(command.node_id);
  if (record == nullptr || place == record->place.end()) return;
  Target& target = record->targets[place->second];
  target.command = command.id;
  if (target.standing == Standing::open) target.standing = Standing::ordered;
  commands_[command.id] = {command.bundle_id, command.node_id};
}

void RolloutBook::ended(CommandId id, CommandState state) {
  const auto command = commands_.find(id);
  if (command == commands_.end() || is_open(state)) return;
  Record* record = find_record(command->second.first);
  Target& target = record->targets[record->place.at(command->second.second)];
  // What the node says it runs counts more than what became of a command.
  const bool is_current = target.command == id && target.standing != Standing::applied;
  switch (state) {
    case CommandState::applied:
    case CommandState::applied_late:
      if (is_current) target.standing = Standing::applied;
      break;
    case CommandState::failed:
    case CommandState::failed_late:
    case CommandState::rejected:
    case CommandState::indeterminate:
      if (is_current) target.standing = Standing::failed;
      break;
    default:
      if (is_current && target.standing == Standing::ordered) target.standing = Standing::open;
      return;  // provisional: its node may still say otherwise
  }
  wake(*record);
  commands_.erase(command);
}

// What a node says it runs, newest word last: a snapshot that is uploaded late says nothing about now.
void RolloutBook::runs(NodeId node, BundleId bundle_id, std::uint64_t hlc) {
  for (Record& record : records_) {
    const auto place = record.place.find(node);
    if (place == record.place.end()) continue;
    Target& target = record.targets[place->second];
    if (hlc < target.hlc) continue;
    target.hlc = hlc;
    const bool runs_it = bundle_id == record.rollout.bundle_id;
    if (runs_it == (target.standing == Standing::applied)) continue;
    if (runs_it)
      target.standing = Standing::applied;
    else if (is_replaced_by(record, bundle_id))
      continue;
    else
      target.standing = Standing::failed;  // rolled back locally: not to be pushed blindly again
    wake(record);
  }
}

// A later rollout took the node over, which is no failure of this one.
bool RolloutBook::is_replaced_by(const Record& record, BundleId bundle_id) const {
  return std::any_of(records_.begin(), records_.end(), [&](const Record& other) {
    return &other > &record && other.rollout.bundle_id == bundle_id;
  });
}

void RolloutBook::wake(Record& record) {
  if (record.due == never) record.due = Instant{};
}

// ---- what others may ask ----------------------------------------------------------------------------------

const RolloutBook::Record* RolloutBook::find_record(BundleId id) const {
  const auto found = std::find_if(records_.begin(), records_.end(),
                                  [&](const Record& record) { return record.rollout.bundle_id == id; });
  return found == records_.end() ? nullptr : &*found;
}

RolloutBook::Record* RolloutBook::find_record(BundleId id) {
  return const_cast<Record*>(std::as_const(*this).find_record(id));
}

bool RolloutBook::is_newest(BundleId id) const {
  const Shared<PolicyBundle> mine = bundle(id);
  return std::none_of(bundles_.begin(), bundles_.end(), [&](const auto& entry) {
    return entry.second->name == mine->name && entry.second->release > mine->release;
  });
}

const Rollout* RolloutBook::find(BundleId id) const {
  const Record* record = find_record(id);
  return record == nullptr ? nullptr : &record->rollout;
}

Shared<PolicyBundle> RolloutBook::bundle(BundleId id) const {
  const auto found = bundles_.find(id);
  return found == bundles_.end() ? nullptr : found->second;
}

std::vector<const Rollout*> RolloutBook::rollouts() const {
  std::vector<const Rollout*> all;
  for (const Record& record : records_) all.push_back(&record.rollout);
  return all;
}

RolloutAdvice RolloutBook::safe_to_advance(BundleId id, Instant now) const {
  RolloutAdvice advice;
  const auto against = [&](std::string reason) { advice.reasons.push_back(std::move(reason)); };
  const Record* record = find_record(id);
  if (const auto refused = refused_.find(id); refused != refused_.end())
    for (const std::string& problem : refused->second) against("refused: " + problem);
  else if (record == nullptr)
    against("it is not rolled out here");
  if (record != nullptr) {
    const Rollout& rollout = record->rollout;
    const std::string wave = "wave " + std::to_string(rollout.wave) + ": ";
    const std::uint32_t needed = record->reached - allowed_to_lack(record->reached, rollout.threshold);
    if (rollout.state == RolloutState::paused || rollout.state == RolloutState::halted)
      against(std::string(word_of(rollout.state)) + ": " + rollout.reason);
    if (!is_newest(id)) against("a newer release of its name is published");
    if (record->reached == 0) against(wave + "nobody is reached");
    if (record->applied + record->forgiven < needed)
      against(wave + std::to_string(record->applied) + " of " + std::to_string(record->reached) +
              " reached nodes run it, " + std::to_string(needed) + " must");
    if (record->passed != never && now < record->passed + record->wave_every)
      against(wave + "met its threshold, and is watched until " +
              clock_text_of(record->passed + record->wave_every));
  }
  advice.is_safe = advice.reasons.empty();
  return advice;
}

}  // namespace ibcf
