#include "ask_command.hpp"

#include <fmt/format.h>

#include "exit_codes.hpp"
#include "model/node.hpp"
#include "table.hpp"

namespace ibcf::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string cell(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string named_cell(const Json& id, const Json& names) {
  const auto found = id.is_string() ? names.find(id.get_ref<const std::string&>()) : names.end();
  return found == names.end() ? cell(id) : cell(*found);
}

std::string score_cell(const Json& score) {
  return score.is_null() ? "" : fmt::format("{:.3f}", score.get<double>());
}

std::string clock_cell(const Json& time) {
  const auto instant = parse_rfc3339(time.get<std::string>());
  return instant ? clock_text_of(*instant) : cell(time);
}

// A count of nothing is an empty cell, so that a column without any goes.
std::string count(const Json& counts, std::string_view word) {
  const auto found = counts.find(word);
  return found == counts.end() || *found == 0 ? "" : found->dump();
}

std::vector<std::string> summary_row(const std::string& name, const Json& summary) {
  std::vector<std::string> row{name, cell(summary["nodes"])};
  for (const auto word : words_of(ConnectivityMode{})) row.push_back(count(summary["connectivity"], word));
  for (const auto word : words_of(Phase{})) row.push_back(count(summary["lifecycle"], word));
  row.push_back(count(summary["authority"], "in_force"));
  row.push_back(count(summary["authority"], "lapsed"));
  row.push_back(count(summary["authority"], "anomalies"));
  row.push_back(score_cell(summary["drift"]["mean"]));
  row.push_back(score_cell(summary["drift"]["max"]));
  row.push_back(count(summary["supply_chain"], "SUSPECT"));
  row.push_back(count(summary["supply_chain"], "VIOLATION"));
  return row;
}

void print_summaries(const Json& answered) {
  std::vector<std::string> heading{"domain", "nodes"};
  for (const auto word : words_of(ConnectivityMode{})) heading.emplace_back(word);
  for (const auto word : words_of(Phase{})) heading.emplace_back(word);
  for (const auto* word : {"granted", "lapsed", "anomalies", "drift", "worst", "SUSPECT", "VIOLATION"})
    heading.emplace_back(word);
  Rows rows{heading};
  for (const Json& domain : answered["domains"])
    rows.push_back(summary_row(domain["domain"] == "" ? "(no domain)" : cell(domain["domain"]), domain));
  rows.push_back(summary_row("all", answered["fleet"]));
  fmt::print("{}", aligned(rows));
}

void print_rollouts(const Json& rollouts, const Json& names) {
  if (rollouts.empty()) return;
  Rows rows{{"rollout of bundle", "state", "wave", "targets", "applied", "failed", "unreached", "waiting"}};
  for (const Json& one : rollouts) {
    std::vector<std::string> row;
    for (const auto* key :
         {"bundle_id", "state", "wave", "targets", "applied", "failed", "unreached", "waiting"})
      row.push_back(named_cell(one[key], names));
    rows.push_back(row);
  }
  fmt::print("\n{}", aligned(rows));
}

void print_nodes(const Json& nodes) {
  Rows rows{{"node", "state", "last seen", "behind", "backlog", "version", "drift", "reason"}};
  for (const Json& node : nodes) {
    const Json& connectivity = node["connectivity"];
    rows.push_back(
        {cell(node["name"]), cell(node["lifecycle"]["state"]), clock_cell(connectivity["last_seen_ts"]),
         fmt::format("{:.0f}s", connectivity["sync_debt"]["seconds_behind"].get<double>()),
         cell(connectivity["sync_debt"]["backlog_messages"]), cell(node["actual_state"]["reported_version"]),
         score_cell(node["drift"]["score"]), cell(node["lifecycle"]["reason"])});
  }
  fmt::print("\n{}", aligned(rows));
}

// The seed's Node, a field a line, the names of its parts before a dot.
void add_fields(const Json& value, const std::string& name, const Json& names, Rows& rows) {
  if (value.is_object()) {
    for (const auto& [key, part] : value.items())
      add_fields(part, name.empty() ? key : name + "." + key, names, rows);
    return;
  }
  std::string text = name == "id" ? cell(value) : named_cell(value, names);
  if (value.is_array()) {
    text.clear();
    for (const Json& item : value) text += (text.empty() ? "" : ", ") + named_cell(item, names);
  }
  const bool is_nothing = text.find_first_not_of('0') == std::string::npos && text.size() != 1;
  rows.push_back({name, is_nothing ? "-" : text});
}

void print_node(const std::string& name, const Json& node, const Json& names) {
  if (node.is_null()) {
    fmt::print("{} was not registered yet.\n", name);
    return;
  }
  Rows rows{{"field", "value"}};
  add_fields(node, "", names, rows);
  fmt::print("{}", aligned(rows));
}

}  // namespace

int ask_command(const analysis::Question& question, bool json) {
  const Json answered = analysis::answer(question);
  if (json) {
    fmt::print("{}\n", answered.dump(2));
    return passed;
  }
  const Json& as_of = answered["as_of"];
  fmt::print("{}, {} at {}, from the first {} entries of {}:\n\n", question.run.string(),
             question.axis == TimeAxis::known ? "as known" : "as it had happened",
             clock_text_of(at(duration_from_seconds(as_of["at_s"].get<double>()))), as_of["entries"].dump(),
             question.master.empty() ? "all masters" : question.master);
  if (answered.contains("node")) {
    print_node(question.node, answered["node"], answered["names"]);
    return passed;
  }
  print_summaries(answered);
  print_rollouts(answered["rollouts"], answered["names"]);
  if (answered.contains("nodes")) print_nodes(answered["nodes"]);
  return passed;
}

}  // namespace ibcf::cli
