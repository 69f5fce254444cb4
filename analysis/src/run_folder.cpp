#include "analysis/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <stdexcept>

#include "analysis/report.hpp"
#include "database.hpp"
#include "event_rows.hpp"
#include "log_file.hpp"
#include "output_file.hpp"
#include "schema.hpp"

namespace ibcf::analysis {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t rows_per_transaction = 10'000;
constexpr std::array<std::string_view, 8> our_names = {"events.db",         "scenario.json", "report.json",
                                                       "report.html",       "timeline.csv",  "plots",
                                                       "events.db-journal", "run.json"};

/// SQLite keeps the application id, big-endian, at byte 68 of the file. A file cut off before that was killed
/// young.
bool is_our_log(const fs::path& file) {
  std::array<unsigned char, 72> head{};
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(head.data()), head.size());
  if (in.gcount() == 0) return true;
  std::uint32_t id = 0;
  for (std::size_t i = 68; i < 72; ++i) id = id << 8 | head[i];
  return id == application_id;
}

bool is_our_name(const std::string& name) {
  const auto bare = name.ends_with(".tmp") ? name.substr(0, name.size() - 4) : name;
  return std::find(our_names.begin(), our_names.end(), bare) != our_names.end();
}

[[noreturn]] void refuse(const fs::path& folder, const std::string& why) {
  throw FolderTaken(fmt::format("{}: {}; choose another folder or remove it", folder.string(), why));
}

/// Leaves an empty folder, or throws and leaves everything as it is.
void make_room(const fs::path& folder) {
  if (fs::exists(folder) && !fs::is_directory(folder)) refuse(folder, "is a file, not a folder");
  fs::create_directories(folder);
  if (fs::exists(folder / "run.json")) refuse(folder, "holds a finished run");
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder)) old.push_back(entry.path());
  if (old.empty()) return;
  std::sort(old.begin(), old.end());
  for (const auto& path : old)
    if (!is_our_name(path.filename()))
      refuse(folder, fmt::format("holds \"{}\", which is not ours", path.filename().string()));
  const auto log = folder / "events.db";
  if (!fs::is_regular_file(log) || !is_our_log(log))
    refuse(folder, "holds files, but no unfinished run of ours");
  // The log goes last: while it is there, a second try still finds a folder of ours.
  for (const auto& path : old)
    if (path != log) fs::remove_all(path);
  fs::remove(log);
}

std::string text_or_empty(const std::string& text) {
  return text.empty() ? "{}\n" : text;
}

}  // namespace

struct RunFolder::State {
  State(const fs::path& where, const RunFacts& what)
      : folder((make_room(where), where)), facts(what), db(folder / "events.db", Database::Open::create) {}

  template <class... Values>
  void insert(Statement& statement, const Values&... values) {
    statement.insert(values...);
    count_row();
  }
  /// Closes the transaction when it is large enough.
  void count_row() {
    if (++rows % rows_per_transaction == 0) db.run("COMMIT; BEGIN");
  }

  struct Statements {
    explicit Statements(Database& db)
        : domain(db, "INSERT INTO domains VALUES(?,?,?,?)"),
          master(db, "INSERT INTO masters VALUES(?,?,?,?,?,?)"),
          relay(db, "INSERT INTO relays VALUES(?,?,?,?,?)"),
          node(db, "INSERT INTO nodes VALUES(?,?,?,?,?,?,?,?,?)"),
          link(db, "INSERT INTO links VALUES(?,?,?,?,?,?)"),
          fault(db, "INSERT INTO faults VALUES(NULL,?,?,?,?)"),
          event(db),
          hash(db, "INSERT INTO hashes VALUES(?,?)"),
          body(db, "INSERT INTO bodies VALUES(?,?)"),
          sample(db, "INSERT INTO samples VALUES(?,?,?,?)"),
          link_use(db, "INSERT INTO link_use VALUES(?,?,?,?)"),
          link_total(db, "INSERT INTO link_totals VALUES(?,?,?,?,?)"),
          reach(db, "INSERT INTO reach VALUES(?,?,?,?)"),
          fact(db, "INSERT INTO facts VALUES(?,?)") {}
    Statement domain, master, relay, node, link, fault;
    EventWriter event;
    Statement hash, body, sample, link_use, link_total, reach, fact;
  };

  fs::path folder;
  RunFacts facts;
  Database db;
  std::optional<Statements> sql;
  std::uint64_t rows = 0;
  std::uint64_t events = 0;
  Digest hash;  // chained over all events so far

  void open();
  void follow(ByteView packed);
  void put_facts();
  void put_result(const RunResult& result);
  void close_log();
  [[nodiscard]] Json manifest(const RunResult& result) const;
};

void RunFolder::State::open() {
  // No journal: a run that dies is begun again, and its folder has no run.json to mistake it by.
  db.run(
      "PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536;");
  db.run(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", application_id, schema_version));
  db.run("BEGIN");
  db.run(log_schema_sql());
  db.run(run_schema_sql());
  sql.emplace(db);
  put_facts();
  write_file(folder / "scenario.json", text_or_empty(facts.resolved_scenario));
}

// Every so often the chained hash: two logs that part can be bisected to where.
void RunFolder::State::follow(ByteView packed) {
  hash = chain(hash, packed);
  if (++events % events_per_checkpoint == 0) insert(sql->hash, events, ByteView(hash.bytes));
}

void RunFolder::State::put_facts() {
  const auto put = [this](std::string_view key, const std::string& value) { insert(sql->fact, key, value); };
  put("scenario", facts.scenario);
  put("scenario_hash", facts.scenario_hash);
  put("seed", std::to_string(facts.seed));
  put("version", facts.version);
  put("network", facts.network);
  put("horizon_ns", std::to_string(facts.horizon.count()));
  put("derived", facts.derived.dump());
}

void RunFolder::State::put_result(const RunResult& result) {
  const auto put = [this](std::string_view key, const std::string& value) { insert(sql->fact, key, value); };
  put("event_hash", result.event_hash);
  put("end_ns", std::to_string(result.end.count()));
  put("verdict", result.verdict);
  put("exit_code", std::to_string(result.exit_code));
  put("detail", result.detail);
  put("counters", result.counters.dump());
  Extent extent;
  extent.batch = extent.size = events;
  extent.batch_head = extent.head = hash;
  put_extent(db, extent);
  auto expectation = db.prepare("INSERT INTO expectations VALUES(?,?,?,?,?,?,?,?,?)");
  for (const auto& e : result.expectations) {
    if (e.at == never)
      insert(expectation, e.metric, e.domain, nullptr, e.compare, e.wanted, e.got, e.pass, e.why, e.place);
    else
      insert(expectation, e.metric, e.domain, e.at, e.compare, e.wanted, e.got, e.pass, e.why, e.place);
  }
  auto metric = db.prepare("INSERT INTO metrics VALUES(?,?,?,?)");
  for (const auto& m : result.metrics) insert(metric, m.name, m.domain, m.value, m.meaning);
}

void RunFolder::State::close_log() {
  sql.reset();
  db.run(closing_sql());
  db.run("COMMIT");
  db.close();
  sync_file(folder / "events.db");
}

Json RunFolder::State::manifest(const RunResult& result) const {
  Json run = Json::object();
  run["format"] = "ibcf-run/1";
  run["scenario"] = facts.scenario;
  run["scenario_hash"] = facts.scenario_hash;
  run["seed"] = facts.seed;
  run["version"] = facts.version;
  run["build"] = {{"compiler", facts.compiler}, {"type", facts.build_type}};
  run["network"] = facts.network;
  run["horizon_s"] = seconds_of(facts.horizon);
  run["end_s"] = seconds_of(result.end);
  run["event_hash"] = result.event_hash;
  run["verdict"] = result.verdict;
  run["exit_code"] = result.exit_code;
  if (!result.detail.empty()) run["detail"] = result.detail;
  run["derived"] = facts.derived;
  run["counters"] = result.counters;
  Json files = Json::array();
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder).generic_string());
  std::sort(files.begin(), files.end());
  run["files"] = files;
  if (result.events_per_second > 0) run["host"] = {{"events_per_second", result.events_per_second}};
  return run;
}

RunFolder::RunFolder(const fs::path& folder, const RunFacts& facts)
    : state_(std::make_unique<State>(folder, facts)) {
  state_->open();
}

RunFolder::~RunFolder() = default;

void RunFolder::add_domain(std::uint32_t index, DomainId id, std::string_view name, std::int64_t parent) {
  if (parent == whole_fleet)
    state_->insert(state_->sql->domain, index, id, name, nullptr);
  else
    state_->insert(state_->sql->domain, index, id, name, parent);
}

void RunFolder::add_master(std::uint32_t index, MasterId id, std::string_view name, AuthorityLevel level,
                           std::uint32_t domain, std::string_view site) {
  state_->insert(state_->sql->master, index, id, name, word_of(level), domain, site);
}

void RunFolder::add_relay(std::uint32_t index, RelayId id, std::string_view name, std::uint32_t domain,
                          std::string_view site) {
  state_->insert(state_->sql->relay, index, id, name, domain, site);
}

void RunFolder::add_node(std::uint32_t ordinal, NodeId id, std::string_view name, std::uint32_t domain,
                         std::string_view group, std::string_view access, std::int64_t relay,
                         double latitude_deg, double longitude_deg) {
  auto& statement = state_->sql->node;
  if (relay == whole_fleet)
    state_->insert(statement, ordinal, id, name, domain, group, access, nullptr, latitude_deg, longitude_deg);
  else
    state_->insert(statement, ordinal, id, name, domain, group, access, relay, latitude_deg, longitude_deg);
}

void RunFolder::add_link(std::uint32_t index, std::string_view name, std::string_view kind,
                         std::string_view from, std::string_view to, double bandwidth_bps) {
  state_->insert(state_->sql->link, index, name, kind, from, to, bandwidth_bps);
}

void RunFolder::add_fault(std::string_view name, std::string_view kind, Instant from, Instant until) {
  if (until == never)
    state_->insert(state_->sql->fault, name, kind, from, nullptr);
  else
    state_->insert(state_->sql->fault, name, kind, from, until);
}

void RunFolder::add_event(std::uint32_t master, std::uint64_t position, Instant ingested, ByteView packed,
                          const Event& event) {
  state_->sql->event.put(state_->events, master, position, ingested, packed, &event);
  state_->count_row();
  state_->follow(packed);
}

void RunFolder::add_body(const Digest& digest, ByteView body) {
  state_->insert(state_->sql->body, ByteView(digest.bytes), body);
}

void RunFolder::add_sample(Instant at, std::string_view metric, std::int64_t domain, double value) {
  if (domain == whole_fleet)
    state_->insert(state_->sql->sample, at, metric, nullptr, value);
  else
    state_->insert(state_->sql->sample, at, metric, domain, value);
}

void RunFolder::add_link_use(Instant at, std::uint32_t link, std::uint64_t bytes, Duration interval) {
  state_->insert(state_->sql->link_use, at, link, bytes, interval);
}

void RunFolder::add_reach(Instant from, Instant until, std::string_view place, std::uint32_t component) {
  state_->insert(state_->sql->reach, from, until, place, component);
}

void RunFolder::add_link_total(std::uint32_t link, std::uint64_t sent, std::uint64_t delivered,
                               std::uint64_t dropped, std::uint64_t carried) {
  state_->insert(state_->sql->link_total, link, sent, delivered, dropped, carried);
}

RunOutcome RunFolder::finish(const RunResult& result) {
  state_->put_result(result);
  state_->close_log();
  RunOutcome outcome = write_report(state_->folder, state_->facts.pictures);
  write_file(state_->folder / "run.json", state_->manifest(result).dump(2) + "\n");
  return outcome;
}

}  // namespace ibcf::analysis
