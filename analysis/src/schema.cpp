#include "schema.hpp"

#include <fmt/format.h>

#include "model/event.hpp"

namespace ibcf::analysis {

namespace {

template <Worded E>
std::string words_sql(std::string_view table) {
  std::string sql = fmt::format("CREATE TABLE {}(code INTEGER PRIMARY KEY, word TEXT NOT NULL);\n", table);
  const auto words = words_of(E{});
  for (std::size_t i = 0; i < words.size(); ++i)
    sql += fmt::format("INSERT INTO {} VALUES({}, '{}');\n", table, i, words[i]);
  return sql;
}

}  // namespace

std::string log_schema_sql() {
  return words_sql<EventType>("event_types") + words_sql<Priority>("priorities") +
         words_sql<StreamClass>("streams") + R"sql(
CREATE TABLE facts(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events(entry INTEGER PRIMARY KEY, master INTEGER NOT NULL, position INTEGER NOT NULL,
                    ingested_ns INTEGER NOT NULL, origin BLOB, incarnation INTEGER, stream INTEGER, seq INTEGER,
                    type INTEGER, subject BLOB, occurred_ns INTEGER, epoch INTEGER, cause BLOB, priority INTEGER,
                    check_sum INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE TABLE extent(id INTEGER PRIMARY KEY CHECK(id = 0), first INTEGER NOT NULL, base BLOB NOT NULL,
                    batch INTEGER NOT NULL, batch_head BLOB NOT NULL, size INTEGER NOT NULL, head BLOB NOT NULL,
                    check_sum INTEGER NOT NULL);
CREATE TABLE segments(first INTEGER PRIMARY KEY, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
                      earliest_ns INTEGER NOT NULL, latest_ns INTEGER NOT NULL, hash BLOB NOT NULL,
                      check_sum INTEGER NOT NULL);
CREATE TABLE origins(segment INTEGER NOT NULL, origin BLOB NOT NULL, incarnation INTEGER NOT NULL,
                     entry INTEGER NOT NULL, stream INTEGER NOT NULL, seq INTEGER NOT NULL,
                     PRIMARY KEY(segment, origin, incarnation, entry)) WITHOUT ROWID;
CREATE TABLE holds(name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
)sql";
}

std::string log_view_sql() {
  return R"sql(
CREATE VIEW log AS
  SELECT entry, ingested_ns / 1e9 AS ingested_s, event_types.word AS type, lower(hex(subject)) AS subject,
         lower(hex(origin)) AS origin, incarnation, stream, seq, occurred_ns / 1e9 AS occurred_s, epoch,
         priorities.word AS priority, lower(hex(cause)) AS cause, length(packed) AS bytes
  FROM events
  LEFT JOIN event_types ON event_types.code = events.type
  LEFT JOIN priorities ON priorities.code = events.priority;
)sql";
}

std::string run_schema_sql() {
  return R"sql(
CREATE TABLE domains(domain INTEGER PRIMARY KEY, id BLOB NOT NULL, name TEXT NOT NULL, parent INTEGER);
CREATE TABLE masters(master INTEGER PRIMARY KEY, id BLOB NOT NULL, name TEXT NOT NULL, level TEXT NOT NULL,
                     domain INTEGER NOT NULL, site TEXT NOT NULL);
CREATE TABLE relays(relay INTEGER PRIMARY KEY, id BLOB NOT NULL, name TEXT NOT NULL, domain INTEGER NOT NULL,
                    site TEXT NOT NULL);
CREATE TABLE nodes(node INTEGER PRIMARY KEY, id BLOB NOT NULL, name TEXT NOT NULL, domain INTEGER NOT NULL,
                   node_group TEXT NOT NULL, access TEXT NOT NULL, relay INTEGER, latitude_deg REAL, longitude_deg REAL);
CREATE TABLE links(link INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, from_place TEXT NOT NULL,
                   to_place TEXT NOT NULL, bandwidth_bps REAL NOT NULL);
CREATE TABLE faults(fault INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, from_ns INTEGER NOT NULL,
                    until_ns INTEGER);
CREATE TABLE hashes(events INTEGER PRIMARY KEY, hash BLOB NOT NULL);
CREATE TABLE bodies(digest BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE samples(at_ns INTEGER NOT NULL, metric TEXT NOT NULL, domain INTEGER, value REAL NOT NULL);
CREATE TABLE link_use(at_ns INTEGER NOT NULL, link INTEGER NOT NULL, bytes INTEGER NOT NULL,
                      interval_ns INTEGER NOT NULL);
CREATE TABLE link_totals(link INTEGER PRIMARY KEY, sent INTEGER NOT NULL, delivered INTEGER NOT NULL,
                         dropped INTEGER NOT NULL, carried_bytes INTEGER NOT NULL);
CREATE TABLE reach(from_ns INTEGER NOT NULL, until_ns INTEGER NOT NULL, place TEXT NOT NULL, component INTEGER NOT NULL);
CREATE TABLE expectations(metric TEXT NOT NULL, domain TEXT NOT NULL, at_ns INTEGER, compare TEXT NOT NULL,
                          wanted REAL NOT NULL, got REAL, pass INTEGER NOT NULL, why TEXT NOT NULL,
                          place TEXT NOT NULL);
CREATE TABLE metrics(name TEXT NOT NULL, domain TEXT NOT NULL, value REAL, meaning TEXT NOT NULL);
)sql";
}

std::string closing_sql() {
  return R"sql(
CREATE UNIQUE INDEX events_by_position ON events(master, position);
CREATE INDEX events_by_time ON events(ingested_ns, master, position);
CREATE INDEX events_by_subject ON events(subject, ingested_ns);
CREATE INDEX events_by_origin ON events(origin, incarnation, stream, seq);
CREATE INDEX link_use_by_link ON link_use(link, at_ns);
CREATE TABLE names(id BLOB PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO names SELECT id, name FROM nodes;
INSERT OR IGNORE INTO names SELECT id, name FROM masters;
INSERT OR IGNORE INTO names SELECT id, name FROM relays;
INSERT OR IGNORE INTO names SELECT id, name FROM domains;
CREATE VIEW log AS
  SELECT events.ingested_ns / 1e9 AS ingested_s,
         printf('%02d:%02d:%06.3f', events.ingested_ns / 3600000000000, events.ingested_ns / 60000000000 % 60,
                events.ingested_ns % 60000000000 / 1e9) AS ingested,
         masters.name AS master, events.position AS position, event_types.word AS type,
         coalesce(subjects.name, lower(hex(events.subject))) AS subject,
         coalesce(origins.name, lower(hex(events.origin))) AS origin, events.incarnation AS incarnation,
         streams.word AS stream, events.seq AS seq, events.occurred_ns / 1e9 AS occurred_s, events.epoch AS epoch,
         priorities.word AS priority, lower(hex(events.cause)) AS cause, length(events.packed) AS bytes
  FROM events
  JOIN event_types ON event_types.code = events.type
  JOIN priorities ON priorities.code = events.priority
  JOIN streams ON streams.code = events.stream
  LEFT JOIN masters ON masters.master = events.master
  LEFT JOIN names AS subjects ON subjects.id = events.subject
  LEFT JOIN names AS origins ON origins.id = events.origin;
)sql";
}

}  // namespace ibcf::analysis
