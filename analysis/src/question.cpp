#include "analysis/question.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "analysis/sqlite_store.hpp"
#include "controlplane/fleet_query.hpp"
#include "controlplane/memory_store.hpp"
#include "fleet.hpp"
#include "model/nearest.hpp"
#include "model/payloads.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

namespace {

namespace fs = std::filesystem;

/// The names in a question, each found or complained of, so that all that is wrong is said at once.
class NameFinder {
 public:
  template <class Of>
  Id<Of> find(const char* sort, const std::string& name, const std::map<std::string, Id<Of>>& known) {
    if (name.empty()) return {};
    const auto found = known.find(name);
    if (found != known.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [one, id] : known) names.push_back(one);
    const std::string guess = nearest_name(name, names);
    problem(fmt::format("no {} \"{}\" in this run{}", sort, name,
                        guess.empty() ? "" : fmt::format("; did you mean {}?", guess)));
    return {};
  }
  void problem(const std::string& what) { problems_ += (problems_.empty() ? "" : "\n") + what; }
  void done() const {
    if (!problems_.empty()) throw BadQuestion(problems_);
  }

 private:
  std::string problems_;
};

template <class Of, class Things>
std::map<std::string, Id<Of>> ids_by_name(const Things& things) {
  std::map<std::string, Id<Of>> ids;
  for (const auto& thing : things) ids[thing.name] = id_cast<Of>(thing.id);
  return ids;
}

/// What the ids in `value` are called.
void name_ids(const Json& value, const std::function<std::string(AnyId)>& name_of, Json& names) {
  if (value.is_structured()) {
    for (const Json& part : value) name_ids(part, name_of, names);
    return;
  }
  if (!value.is_string()) return;
  const auto id = parse_id<AnyTag>(value.get_ref<const std::string&>());
  const std::string name = id ? name_of(*id) : "";
  if (!name.empty()) names[text_of(*id)] = name;
}

/// By name, where one release of it was published, and by name@release.
std::map<std::string, BundleId> bundles_by_name(RunLog& log) {
  std::map<std::string, BundleId> ids;
  std::map<std::string, std::set<BundleId>> releases;
  auto rows = log.query(fmt::format("SELECT packed FROM events WHERE type = {}",
                                    static_cast<int>(EventType::bundle_published)));
  while (rows.next()) {
    const auto event = decode<Event>(rows.bytes(0));
    const auto published = event ? payload_of<BundlePublished>(*event) : std::nullopt;
    if (!published) continue;
    const PolicyBundle& bundle = published->bundle;
    ids[fmt::format("{}@{}", bundle.name, bundle.release)] = bundle.id;
    releases[bundle.name].insert(bundle.id);
  }
  for (const auto& [name, those] : releases)
    if (those.size() == 1) ids[name] = *those.begin();
  return ids;
}

std::unique_ptr<EventStore> log_of(RunLog& log, const fs::path& file, MasterId master) {
  if (master.is_nil()) return std::make_unique<SqliteStore>(file, SqliteStore::Open::look);
  auto rows = log.query(
      "SELECT ingested_ns, packed FROM events JOIN masters USING(master) WHERE masters.id = ? ORDER BY "
      "position");
  rows.bind(1, master);
  auto store = std::make_unique<MemoryStore>();
  while (rows.next()) {
    const ByteView packed = rows.bytes(1);
    store->append(store->size(), rows.instant(0), {&packed, 1});
  }
  return store;
}

template <class Words, class Counts>
Json counted(const Counts& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) json[std::string(words_of(Words{})[i])] = counts[i];
  return json;
}

Json json_of(const FleetSummary& summary) {
  const bool is_known = summary.drift.evaluated > 0;
  return {{"nodes", summary.nodes},
          {"connectivity", counted<ConnectivityMode>(summary.connectivity.mode)},
          {"lifecycle", counted<Phase>(summary.lifecycle.phase)},
          {"authority",
           {{"in_force", summary.authority.in_force},
            {"lapsed", summary.authority.lapsed},
            {"anomalies", summary.authority.anomalies}}},
          {"drift",
           {{"evaluated", summary.drift.evaluated},
            {"out_of_spec_nodes", summary.drift.out_of_spec_nodes},
            {"expected_objects", summary.drift.expected_objects},
            {"mean", is_known ? Json(rounded(summary.drift.mean, 4)) : Json(nullptr)},
            {"max", is_known ? Json(rounded(summary.drift.max, 4)) : Json(nullptr)}}},
          {"supply_chain", counted<SupplyChainLevel>(summary.supply_chain.level)}};
}

void add_counts(const FleetQuery& ask, const Query& query, const Fleet& fleet, Json& answered) {
  answered["fleet"] = json_of(ask.summary(query));
  const auto by_domain = ask.by_domain(query);
  const auto add = [&](const std::string& name, DomainId id) {
    const auto found = by_domain.find(id);
    if (found == by_domain.end()) return;
    Json row = {{"domain", name}};
    row.update(json_of(found->second));
    answered["domains"].push_back(std::move(row));
  };
  answered["domains"] = Json::array();
  for (const auto& domain : fleet.domains()) add(domain.name, id_cast<DomainTag>(domain.id));
  add("", {});
  answered["rollouts"] = to_json(ask.rollouts(query));
}

/// Empty: nothing is called that.
std::string name_of(AnyId id, const Fleet& fleet, const DriftInputs& inputs) {
  if (const PolicyBundle* bundle = inputs.find_bundle(id_cast<BundleTag>(id)))
    return fmt::format("{}@{}", bundle->name, bundle->release);
  std::string name = fleet.name_of(id);
  return name == text_of(id) ? "" : name;
}

RunLog log_in(const fs::path& run) {
  if (!fs::is_directory(run)) throw BadQuestion(fmt::format("{}: no such run folder", run.string()));
  if (!fs::exists(run / "run.json"))
    throw BadQuestion(fmt::format("{}: holds no run.json, so it is no finished run", run.string()));
  return RunLog(run / "events.db");
}

}  // namespace

Json answer(const Question& question) {
  RunLog log = log_in(question.run);
  const Fleet fleet = log.fleet();
  NameFinder names;
  const MasterId master = names.find("master", question.master, ids_by_name<MasterTag>(fleet.masters()));
  const NodeId node = names.find("node", question.node, ids_by_name<NodeTag>(fleet.nodes()));
  const Query query{.domain = names.find("domain", question.domain, ids_by_name<DomainTag>(fleet.domains())),
                    .tags = question.tags,
                    .bundle = names.find("bundle", question.bundle, bundles_by_name(log)),
                    .from = question.from,
                    .until = question.until};
  const Instant end = log.end();
  const Instant when = question.at == never ? end : question.at;
  if (when > end)
    names.problem(fmt::format("the run ended at {}, before {}", clock_text_of(end), clock_text_of(when)));
  names.done();

  const auto bodies = log.bodies();
  const auto store = log_of(log, question.run / "events.db", master);
  const ProjectionHistory history(domains_of(fleet), UINT64_MAX, 0, body_source_of(bodies));
  const auto views = history.as_of(*store, when, question.axis);
  if (!views)
    throw std::runtime_error(fmt::format("{}: the log is damaged, so it cannot be said how it was",
                                         (question.run / "events.db").string()));
  const FleetQuery ask(*views, when);

  Json answered = {{"as_of",
                    {{"at_s", seconds_of(when)},
                     {"axis", word_of(question.axis)},
                     {"master", question.master.empty() ? Json(nullptr) : Json(question.master)},
                     {"entries", views->as_of().position}}}};
  if (question.node.empty()) {
    add_counts(ask, query, fleet, answered);
    if (question.list) answered["nodes"] = to_json(ask.nodes(query, 0, fleet.nodes().size()));
  } else {
    const auto known = ask.node(node);
    answered["node"] = known ? to_json(*known) : Json(nullptr);
  }
  Json called = Json::object();
  name_ids(
      answered, [&](AnyId id) { return name_of(id, fleet, views->drift().inputs()); }, called);
  answered["names"] = std::move(called);
  return answered;
}

}  // namespace ibcf::analysis
