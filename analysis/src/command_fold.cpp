#include "command_fold.hpp"

#include <algorithm>
#include <array>

#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

bool is_provisional(CommandState state) {
  return state == CommandState::expired || state == CommandState::indeterminate;
}
bool is_final(CommandState state) {
  return state >= CommandState::applied && !is_provisional(state);
}
bool is_answer(CommandState state) {
  return state == CommandState::delivered || state == CommandState::accepted ||
         state == CommandState::executing || state == CommandState::applied ||
         state == CommandState::failed || state == CommandState::rejected || state == CommandState::fenced;
}

/// A provisional end turns into a late one by later evidence; nothing else moves an end.
CommandState after(CommandState now, CommandState said) {
  if (is_final(now)) return now;
  if (!is_provisional(now)) return said;
  if (said == CommandState::applied) return CommandState::applied_late;
  if (said == CommandState::failed) return CommandState::failed_late;
  return is_final(said) ? said : now;
}

}  // namespace

void CommandFold::see(const KnownEvent& entry) {
  if (entry.event.type == EventType::command_issued) {
    const auto issued = payload_of<CommandIssued>(entry.event);
    if (!issued) return;
    auto& tracked = commands_[any(issued->command.id)];
    tracked.kind = issued->command.kind;
    tracked.issued = issued->command.issued_ts;
    if (const auto node = fleet_->find_node(any(issued->command.node_id)))
      tracked.domain = fleet_->nodes()[*node].domain;
    return;
  }
  const auto apply = [&](CommandId id, CommandState state, bool from_node) {
    const auto found = commands_.find(any(id));
    if (found == commands_.end()) return;
    found->second.state = after(found->second.state, state);
    if (!found->second.answered && (from_node || is_answer(state))) found->second.answered = entry.known;
  };
  if (entry.event.type == EventType::command_moved) {
    if (const auto moved = payload_of<CommandMoved>(entry.event))
      apply(moved->command_id, moved->state, false);
  } else if (entry.event.type == EventType::command_result) {
    if (const auto result = payload_of<CommandResult>(entry.event))
      apply(result->command_id, result->state, true);
  }
}

Json CommandFold::row(Json row, const auto& takes_part) const {
  std::array<std::uint64_t, words_of(CommandState{}).size()> counts{};
  std::vector<double> seconds;
  std::uint64_t issued = 0;
  for (const auto& [id, tracked] : commands_) {
    if (!takes_part(tracked)) continue;
    ++issued;
    ++counts[static_cast<std::size_t>(tracked.state)];
    if (tracked.answered) seconds.push_back(std::max(0.0, seconds_of(*tracked.answered - tracked.issued)));
  }
  std::sort(seconds.begin(), seconds.end());
  row["issued"] = issued;
  row["states"] = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) row["states"][std::string(word_of(static_cast<CommandState>(i)))] = counts[i];
  row["answered"] = seconds.size();
  row["answer_p50_s"] = rounded(percentile(seconds, 0.5), 3);
  row["answer_p95_s"] = rounded(percentile(seconds, 0.95), 3);
  return row;
}

Json CommandFold::table() const {
  Json table = Json::object();
  table["title"] = "Commands by the state they came to";
  table["unit"] = "commands; answer: seconds from issue to the first word from the node that a master stored";
  table["as_of_s"] = seconds_of(grid_->end());
  table["fleet"] = row(Json::object(), [](const Tracked&) { return true; });
  table["kinds"] = Json::array();
  for (std::size_t kind = 0; kind < words_of(CommandKind{}).size(); ++kind) {
    Json one = row({{"kind", word_of(static_cast<CommandKind>(kind))}},
                   [&](const Tracked& t) { return t.kind == static_cast<CommandKind>(kind); });
    if (one["issued"] != 0) table["kinds"].push_back(std::move(one));
  }
  table["domains"] = Json::array();
  for (std::uint32_t domain = 0; domain < fleet_->domains().size(); ++domain) {
    Json one = row({{"domain", fleet_->domains()[domain].name}}, [&](const Tracked& t) {
      if (!t.domain) return false;
      const auto chain = fleet_->upwards(*t.domain);
      return std::find(chain.begin(), chain.end(), domain) != chain.end();
    });
    if (one["issued"] != 0) table["domains"].push_back(std::move(one));
  }
  return table;
}

}  // namespace ibcf::analysis
