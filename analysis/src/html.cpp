#include "html.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "model/time.hpp"

namespace ibcf::analysis {

namespace {

constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --ink: #1d2329; --faint: #5d6873; --line: #dde2e7; --page: #f6f7f9; --card: #fff;
  --good: #00724f; --good-bg: #e3f5ee; --bad: #a83a00; --bad-bg: #fdeadf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --faint: #9aa5b1; --line: #343c45; --page: #14181c;
  --card: #1c2228; --good: #4fd1a5; --good-bg: #12352a; --bad: #ff9d66; --bad-bg: #42210f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -.01em; } h2 { font-size: 18px; margin: 40px 0 12px; }
h3 { font-size: 15px; margin: 20px 0 8px; }
.verdict { display: flex; flex-wrap: wrap; gap: 12px 16px; align-items: center; margin-bottom: 4px; }
.badge { padding: 3px 12px; border-radius: 99px; font-weight: 600; }
.good { color: var(--good); background: var(--good-bg); } .bad { color: var(--bad); background: var(--bad-bg); }
.facts { color: var(--faint); font-size: 13px; overflow-wrap: anywhere; margin: 4px 0 0; }
.story { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 20px; margin: 20px 0; }
.story p { margin: 8px 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; font-size: 13px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; } th { font-weight: 600; color: var(--faint); white-space: nowrap; }
th.n, td.n { text-align: right; white-space: nowrap; } .note { color: var(--faint); font-size: 13px; margin: 8px 2px; }
figure { margin: 0 0 28px; } figure img { width: 100%; height: auto; border: 1px solid var(--line); border-radius: 10px;
  background: #fff; padding: 8px; display: block; } figcaption { color: var(--faint); font-size: 13px; margin: 8px 2px; }
details { margin: 12px 0; } summary { cursor: pointer; color: var(--faint); }
@media print { body { background: #fff; } figure, .scroll { break-inside: avoid; } }
)css";

/// A number to read: thousands apart, at most three decimals, none that say nothing.
std::string number_text(double value) {
  if (!std::isfinite(value)) return "–";
  const bool whole = value == std::floor(value) || std::abs(value) >= 1e6;
  std::string text = whole ? fmt::format("{:.0f}", value) : fmt::format("{:.3f}", value);
  if (!whole) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  const auto point = std::min(text.find('.'), text.size());
  const std::size_t first = text[0] == '-' ? 1 : 0;
  for (auto i = point; i > first + 3; i -= 3) text.insert(i - 3, "\u2009");
  return text == "-0" ? "0" : text;
}

std::string clock_text(double seconds) {
  const std::string text = clock_text_of(Instant{duration_from_seconds(seconds)});
  return text.substr(0, text.rfind('.'));
}

/// What a cell shows; times of the run as hours, minutes, seconds.
enum class As : std::uint8_t { text, number, clock, per_cent, megabytes, mbps };

struct Column {
  std::string_view key;
  std::string_view head;
  As as = As::text;
};

bool is_right(As as) {
  return as != As::text;
}

std::string cell_text(const Json& row, const Column& column) {
  const auto found = row.find(std::string(column.key));
  if (found == row.end() || found->is_null()) return "–";
  if (found->is_string()) return escaped(found->get_ref<const std::string&>());
  if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
  if (!found->is_number()) return escaped(found->dump());
  const double value = found->get<double>();
  switch (column.as) {
    case As::clock:
      return clock_text(value);
    case As::per_cent:
      return number_text(std::round(value * 1e4) / 100);
    case As::megabytes:
      return number_text(std::round(value / 1e3) / 1e3);
    case As::mbps:
      return number_text(value / 1e6);
    default:
      return number_text(value);
  }
}

std::string table_html(const Json& rows, const std::vector<Column>& columns) {
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (const auto& column : columns)
    html += fmt::format("<th{}>{}</th>", is_right(column.as) ? " class=\"n\"" : "", escaped(column.head));
  html += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (const auto& column : columns)
      html += fmt::format("<td{}>{}</td>", is_right(column.as) ? " class=\"n\"" : "", cell_text(row, column));
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

/// The first `most` rows in sight, the rest behind a fold.
std::string long_table(const Json& rows, const std::vector<Column>& columns, std::size_t most = 15) {
  if (rows.size() <= most + 3) return table_html(rows, columns);
  Json head(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(most));
  return table_html(head, columns) + fmt::format("<details><summary>all {} rows</summary>\n", rows.size()) +
         table_html(rows, columns) + "</details>\n";
}

std::string note(std::string_view text) {
  return fmt::format("<p class=\"note\">{}</p>\n", escaped(text));
}

std::string section(std::string_view title, const std::string& body) {
  return body.empty() ? "" : fmt::format("<section><h2>{}</h2>\n{}</section>\n", escaped(title), body);
}

std::string words_of_verdict(std::string text) {
  for (char& c : text)
    if (c == '_') c = ' ';
  return text.empty() ? "no verdict" : text;
}

std::string head_html(const Json& tables) {
  const Json& run = tables["run"];
  const auto text = [&run](const char* key) { return escaped(run[key].get<std::string>()); };
  const std::string verdict = run["verdict"].get<std::string>();
  const bool judged = !verdict.empty();
  const bool good = judged && run["exit_code"] == 0;
  std::string html =
      fmt::format("<div class=\"verdict\"><h1>{}</h1><span class=\"badge {}\">{}</span></div>\n",
                  text("scenario").empty() ? "Fleet log" : text("scenario"), good ? "good" : "bad",
                  escaped(words_of_verdict(verdict)));
  std::string facts =
      fmt::format("seed {} · {} of run time · {} distinct events", run["seed"].get<std::uint64_t>(),
                  clock_text(run["end_s"].get<double>()), number_text(run["distinct_events"].get<double>()));
  if (!text("network").empty()) facts += " · network " + text("network");
  if (!text("version").empty()) facts += " · version " + text("version");
  if (judged) facts += fmt::format(" · exit code {}", run["exit_code"].get<int>());
  html += "<p class=\"facts\">" + facts + "</p>\n";
  if (!text("event_hash").empty())
    html += fmt::format("<p class=\"facts\">events {} · scenario {}</p>\n", text("event_hash"),
                        text("scenario_hash"));
  if (!text("detail").empty()) html += "<pre>" + text("detail") + "</pre>\n";
  html += "<div class=\"story\">";
  for (const auto& sentence : tables["story"]) html += "<p>" + escaped(sentence.get<std::string>()) + "</p>";
  return html + "</div>\n";
}

std::string expectations_html(const Json& tables) {
  if (tables["expectations"].empty()) return "";
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>Met</th><th>Expectation</th><th>At</th><th "
      "class=\"n\">Wanted</th>"
      "<th class=\"n\">Got</th><th>Why</th><th>Place</th></tr></thead><tbody>\n";
  for (const auto& e : tables["expectations"]) {
    const bool pass = e["pass"].get<bool>();
    const std::string domain = e["domain"].get<std::string>();
    html += fmt::format(
        "<tr><td><span class=\"badge {}\">{}</span></td><td>{}{}</td><td>{}</td><td class=\"n\">{} "
        "{}</td><td "
        "class=\"n\">{}</td><td>{}</td><td>{}</td></tr>\n",
        pass ? "good" : "bad", pass ? "pass" : "fail", escaped(e["metric"].get<std::string>()),
        domain.empty() ? "" : " of " + escaped(domain),
        e["at_s"].is_null() ? "the end" : cell_text(e, {"at_s", "", As::clock}),
        escaped(e["compare"].get<std::string>()), cell_text(e, {"wanted", "", As::number}),
        cell_text(e, {"got", "", As::number}), escaped(e["why"].get<std::string>()),
        escaped(e["place"].get<std::string>()));
  }
  return html + "</tbody></table></div>\n";
}

std::string pictures_html(const Plots& plots) {
  std::string html;
  for (const auto& picture : plots.pictures)
    html += fmt::format(
        "<figure><img alt=\"{}\" src=\"data:image/png;base64,{}\"><figcaption>{}</figcaption></figure>\n",
        escaped(picture.name), base64_of(picture.png), escaped(picture.caption));
  if (!plots.warning.empty()) html += note(plots.warning);
  return html;
}

std::string faults_html(const Json& tables) {
  if (tables["faults"].empty()) return "";
  return table_html(
      tables["faults"],
      {{"name", "Fault"}, {"kind", "Kind"}, {"from_s", "From", As::clock}, {"until_s", "Until", As::clock}});
}

std::string replays_html(const Json& tables) {
  const Json& replay = tables["replay"];
  Json rows = Json::array();
  for (const auto& domain : replay["domains"]) {
    if (domain["durations"]["replays"] == 0) continue;
    Json row = domain["durations"];
    row["domain"] = domain["domain"];
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return "";
  return table_html(rows, {{"domain", "Domain, with all below it"},
                           {"replays", "Replays", As::number},
                           {"events", "Events", As::number},
                           {"bytes", "MB", As::megabytes},
                           {"p50_s", "p50 (s)", As::number},
                           {"p95_s", "p95 (s)", As::number},
                           {"max_s", "Slowest (s)", As::number}}) +
         "<h3>The slowest</h3>\n" +
         long_table(replay["slowest"],
                    {{"node", "Node"},
                     {"domain", "Domain"},
                     {"granted_s", "Granted", As::clock},
                     {"duration_s", "Took (s)", As::number},
                     {"events", "Events", As::number},
                     {"bytes", "MB", As::megabytes},
                     {"sessions", "Sessions", As::number},
                     {"verdict", "Verdict"}},
                    8);
}

std::string authority_html(const Json& tables) {
  const Json& authority = tables["authority"];
  if (authority["terms"].empty()) return "";
  std::string html = long_table(authority["terms"], {{"scope", "Scope"},
                                                     {"epoch", "Epoch", As::number},
                                                     {"holder", "Holder"},
                                                     {"level", "Level"},
                                                     {"reason", "Reason"},
                                                     {"from_s", "From", As::clock},
                                                     {"until_s", "Until", As::clock},
                                                     {"renewals", "Renewals", As::number}});
  if (authority["stale_rows"].empty())
    return html + note("No command was fenced, and none ran under a term that was over.");
  html += "<h3>Fenced, stale and late commands</h3>\n" +
          long_table(authority["stale_rows"], {{"at_s", "At", As::clock},
                                               {"node", "Node"},
                                               {"scope", "Scope"},
                                               {"what", "What"},
                                               {"command_epoch", "Its epoch", As::number},
                                               {"newer_epoch", "Newer epoch", As::number}});
  for (const auto& [word, meaning] : authority["meaning"].items())
    if (word != "until_s") html += note(word + ": " + meaning.get<std::string>() + ".");
  return html;
}

std::string commands_html(const Json& tables) {
  const Json& commands = tables["commands"];
  if (commands["fleet"]["issued"] == 0) return "";
  Json rows = Json::array();
  const auto add = [&rows](const std::string& who, const Json& from) {
    std::string states;
    for (const auto& [state, count] : from["states"].items())
      states += fmt::format("{}{} {}", states.empty() ? "" : ", ", count.get<std::uint64_t>(), state);
    Json row = from;
    row["who"] = who;
    row["came_to"] = states;
    rows.push_back(std::move(row));
  };
  add("all", commands["fleet"]);
  for (const auto& kind : commands["kinds"]) add(kind["kind"].get<std::string>(), kind);
  for (const auto& domain : commands["domains"]) add("to " + domain["domain"].get<std::string>(), domain);
  return long_table(rows, {{"who", "Commands"},
                           {"issued", "Issued", As::number},
                           {"answered", "Answered", As::number},
                           {"answer_p50_s", "Answer p50 (s)", As::number},
                           {"answer_p95_s", "p95 (s)", As::number},
                           {"came_to", "Came to"}});
}

std::string rollouts_html(const Json& tables) {
  Json rows = Json::array();
  for (const auto& rollout : tables["rollouts"]["rollouts"]) {
    Json row = {{"bundle", rollout["bundle"]}, {"scope", rollout["scope"]}, {"targets", rollout["targets"]}};
    for (const auto* key : {"wave", "applied", "failed", "unreached", "waiting", "time_s"})
      if (!rollout[key].empty()) row[key] = rollout[key].back();
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return "";
  return table_html(rows, {{"bundle", "Bundle"},
                           {"scope", "Scope"},
                           {"targets", "Targets", As::number},
                           {"wave", "Wave", As::number},
                           {"applied", "Applied", As::number},
                           {"failed", "Failed", As::number},
                           {"unreached", "Unreached", As::number},
                           {"waiting", "Waiting", As::number},
                           {"time_s", "As of", As::clock}});
}

std::string drift_html(const Json& tables) {
  const Json& drift = tables["drift"];
  std::string html;
  if (drift["now"][0]["evaluated"] > 0)
    html += table_html(drift["now"], {{"domain", "Domain, its own nodes"},
                                      {"nodes", "Nodes", As::number},
                                      {"evaluated", "Evaluated", As::number},
                                      {"out_of_spec_nodes", "Out of spec", As::number},
                                      {"out_of_spec_objects", "Objects", As::number},
                                      {"expected_objects", "Expected", As::number},
                                      {"mean", "Mean score", As::number},
                                      {"p95", "p95", As::number},
                                      {"max", "Highest", As::number},
                                      {"oldest_s", "Oldest look", As::clock}});
  if (!drift["worst"].empty())
    html +=
        "<h3>The furthest off</h3>\n" + table_html(drift["worst"], {{"node", "Node"},
                                                                    {"domain", "Domain"},
                                                                    {"score", "Score", As::number},
                                                                    {"confidence", "Confidence", As::number},
                                                                    {"objects", "Objects"},
                                                                    {"observed_s", "Seen", As::clock}});
  const Json& reconciled = drift["reconciled"];
  if (reconciled["returns"] == 0) return html;
  std::string text = fmt::format("{} returns were reconciled", reconciled["returns"].get<std::uint64_t>());
  for (const auto& [outcome, count] : reconciled["decisions"].items())
    text += fmt::format(", {} {}", count.get<std::uint64_t>(), outcome);
  return html + note(text + ".");
}

std::string attention_html(const Json& tables) {
  const Json& attention = tables["attention"];
  if (attention["seen"].empty()) return "";
  const std::vector<Column> columns = {{"score", "Score", As::number},
                                       {"cause", "Cause"},
                                       {"subject", "Who"},
                                       {"domain", "Domain"},
                                       {"nodes", "Nodes", As::number},
                                       {"why", "Why"},
                                       {"since_s", "Since", As::clock}};
  std::string html = attention["top"].empty() ? note("At the end nothing asks for attention.")
                                              : table_html(attention["top"], columns);
  std::vector<Column> lives(columns.begin(), columns.end() - 1);
  lives.push_back({"from_s", "From", As::clock});
  lives.push_back({"until_s", "Until", As::clock});
  html += "<h3>The worst of the run</h3>\n";
  return html + long_table(attention["seen"], lives, 10);
}

std::string links_html(const Json& tables) {
  if (!tables.contains("links")) return "";
  return long_table(tables["links"]["links"], {{"link", "Link"},
                                               {"kind", "Kind"},
                                               {"bandwidth_bps", "Mbps", As::mbps},
                                               {"sent", "Sent", As::number},
                                               {"delivered", "Delivered", As::number},
                                               {"dropped", "Dropped", As::number},
                                               {"carried_bytes", "Carried (MB)", As::megabytes},
                                               {"mean_utilisation", "Mean use (%)", As::per_cent}});
}

std::string reach_html(const Json& tables) {
  if (!tables.contains("reach")) return "";
  Json rows = Json::array();
  for (const auto& interval : tables["reach"]["intervals"]) {
    std::string groups;
    std::size_t alone = 0;
    for (const auto& component : interval["components"]) {
      if (component["size"] == 1 && interval["components"].size() > 4) {
        ++alone;
        continue;
      }
      groups += groups.empty() ? "" : " | ";
      std::size_t shown = 0;
      for (const auto& member : component["members"]) {
        if (shown == 12) break;
        groups += (shown++ == 0 ? "" : ", ") + member.get<std::string>();
      }
      const auto rest = component["size"].get<std::size_t>() - shown;
      if (rest > 0) groups += fmt::format(" and {} more", rest);
    }
    if (alone > 0) groups += fmt::format("{}{} alone", groups.empty() ? "" : " | ", alone);
    rows.push_back({{"from_s", interval["from_s"]},
                    {"until_s", interval["until_s"]},
                    {"count", interval["components"].size()},
                    {"groups", groups}});
  }
  return long_table(rows, {{"from_s", "From", As::clock},
                           {"until_s", "Until", As::clock},
                           {"count", "Groups", As::number},
                           {"groups", "Who could reach whom, group by group"}});
}

std::string metrics_html(const Json& tables) {
  if (tables["metrics"].empty()) return "";
  return long_table(
      tables["metrics"],
      {{"metric", "Metric"}, {"domain", "Domain"}, {"value", "Value", As::number}, {"meaning", "Meaning"}},
      40);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string base64_of(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const auto count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (j < count ? static_cast<std::uint8_t>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) text += j <= count ? digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::string render_html(const Json& tables, const Plots& plots) {
  const std::string title = escaped(tables["run"]["scenario"].get<std::string>());
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\"><title>{}</title><style>{}</style></head>\n<body><main>\n",
      title.empty() ? "Fleet log" : title, style);
  html += head_html(tables);
  html += section("Expectations", expectations_html(tables));
  html += section("Pictures", pictures_html(plots));
  html += section("Faults", faults_html(tables));
  html += section("Replays", replays_html(tables));
  html += section("Authority", authority_html(tables));
  html += section("Commands", commands_html(tables));
  html += section("Rollouts", rollouts_html(tables));
  html += section("Drift", drift_html(tables));
  html += section("Attention", attention_html(tables));
  html += section("Reachability", reach_html(tables));
  html += section("Links", links_html(tables));
  html += section("Metrics", metrics_html(tables));
  html += note(fmt::format(
      "All values are as of {} of run time, unless a row says otherwise; times are hours, minutes and "
      "seconds of the run.",
      clock_text(tables["run"]["end_s"].get<double>())));
  return html + "</main></body></html>\n";
}

}  // namespace ibcf::analysis
