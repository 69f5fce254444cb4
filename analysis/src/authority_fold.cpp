#include "authority_fold.hpp"

#include <algorithm>

#include "model/payloads.hpp"

namespace ibcf::analysis {

namespace {

constexpr std::size_t stale_shown = 200;

Instant end_of_lease(const AuthorityGrant& grant) {
  return grant.lease == Duration{} ? never : grant.granted_ts + grant.lease;
}

bool is_execution(CommandState state) {
  return state == CommandState::applied || state == CommandState::failed ||
         state == CommandState::applied_late || state == CommandState::failed_late;
}

Json seconds_or_null(Instant instant) {
  return instant == never ? Json(nullptr) : Json(rounded(seconds_of(instant), 3));
}

}  // namespace

void AuthorityFold::see(const KnownEvent& entry) {
  if (entry.event.type == EventType::authority_granted) {
    if (const auto payload = payload_of<AuthorityGranted>(entry.event)) take(payload->grant);
  } else if (entry.event.type == EventType::command_issued) {
    if (const auto issued = payload_of<CommandIssued>(entry.event))
      scope_of_command_[any(issued->command.id)] = any(issued->command.scope);
  } else if (entry.event.type == EventType::command_result) {
    const auto result = payload_of<CommandResult>(entry.event);
    if (!result || (!is_execution(result->state) && result->state != CommandState::fenced)) return;
    executed_.push_back({entry.event.occurred, entry.event.subject, any(result->command_id), result->state,
                         result->command_epoch, result->max_epoch_seen});
  }
}

void AuthorityFold::take(const AuthorityGrant& grant) {
  const AnyId scope = any(grant.scope);
  if (!fleet_->find_domain(scope) && fleet_->find_node(scope)) {
    ++node_grants_;
    return;
  }
  auto& epochs = terms_[scope];
  if (const auto found = epochs.find(grant.epoch); found != epochs.end()) {
    found->second.lease_until = std::max(found->second.lease_until, end_of_lease(grant));
    found->second.from = std::min(found->second.from, grant.granted_ts);
    ++found->second.renewals;
    return;
  }
  epochs[grant.epoch] = {scope,
                         grant.epoch,
                         grant.holder_name.empty() ? fleet_->name_of(any(grant.holder)) : grant.holder_name,
                         grant.level,
                         grant.reason,
                         grant.granted_ts,
                         end_of_lease(grant),
                         0};
}

std::vector<AuthorityFold::Term> AuthorityFold::terms() const {
  std::vector<Term> terms;
  for (const auto& [scope, epochs] : terms_)
    for (const auto& [epoch, term] : epochs) terms.push_back(term);
  const auto place = [this](const Term& term) {
    const auto domain = fleet_->find_domain(term.scope);
    return domain ? *domain : static_cast<std::uint32_t>(fleet_->domains().size());
  };
  std::stable_sort(terms.begin(), terms.end(),
                   [&](const Term& a, const Term& b) { return place(a) < place(b); });
  return terms;
}

std::uint64_t AuthorityFold::granted_by(AnyId scope, Instant at) const {
  const auto found = terms_.find(scope);
  if (found == terms_.end()) return 0;
  std::uint64_t newest = 0;
  for (const auto& [epoch, term] : found->second)
    if (term.from <= at) newest = std::max(newest, epoch);
  return newest;
}

std::vector<AuthorityFold::Stale> AuthorityFold::stale() const {
  std::vector<Stale> stale;
  for (const auto& e : executed_) {
    const auto found = scope_of_command_.find(e.command);
    const AnyId scope = found == scope_of_command_.end() ? AnyId{} : found->second;
    const std::string node = fleet_->name_of(e.node);
    if (e.state == CommandState::fenced)
      stale.push_back({e.at, node, scope, e.command_epoch, e.seen_epoch, "fenced"});
    else if (e.command_epoch < e.seen_epoch)
      stale.push_back({e.at, node, scope, e.command_epoch, e.seen_epoch, "stale"});
    else if (const auto newest = granted_by(scope, e.at); e.command_epoch < newest)
      stale.push_back({e.at, node, scope, e.command_epoch, newest, "late"});
  }
  std::stable_sort(stale.begin(), stale.end(), [](const Stale& a, const Stale& b) { return a.at < b.at; });
  return stale;
}

Instant AuthorityFold::superseded(const Term& term, bool* given_up) const {
  const auto& epochs = terms_.at(term.scope);
  const auto next = epochs.upper_bound(term.epoch);
  *given_up = next != epochs.end() && next->second.reason == GrantReason::handover;
  return next == epochs.end() ? never : next->second.from;
}

Json AuthorityFold::table() const {
  Json table = Json::object();
  table["title"] = "Authority per scope";
  table["unit"] = "seconds of run time; epochs count terms";
  table["as_of_s"] = seconds_of(grid_->end());
  table["meaning"] = {
      {"until_s", "the end of the newest lease or the begin of the next term, whichever is first"},
      {"fenced", "a node refused a command because it had seen a higher epoch"},
      {"stale", "a node executed a command although it had seen a higher epoch"},
      {"late", "a node executed a command after a newer term had been granted that it had not heard of"}};
  table["terms"] = Json::array();
  for (const auto& term : terms()) {
    bool given_up = false;
    const Instant next = superseded(term, &given_up);
    // A hand-over begins when the old holder has given up, and its lease with it.
    const Instant lease_until = given_up ? std::min(next, term.lease_until) : term.lease_until;
    table["terms"].push_back({{"scope", fleet_->name_of(term.scope)},
                              {"epoch", term.epoch},
                              {"holder", term.holder},
                              {"level", word_of(term.level)},
                              {"reason", word_of(term.reason)},
                              {"from_s", rounded(seconds_of(term.from), 3)},
                              {"until_s", seconds_or_null(std::min(lease_until, next))},
                              {"lease_until_s", seconds_or_null(lease_until)},
                              {"superseded_s", seconds_or_null(next)},
                              {"renewals", term.renewals}});
  }
  const auto all = stale();
  Json counts = {{"fenced", 0}, {"stale", 0}, {"late", 0}};
  Json rows = Json::array();
  for (const auto& s : all) {
    counts[s.what] = counts[s.what].get<std::uint64_t>() + 1;
    if (rows.size() < stale_shown)
      rows.push_back({{"at_s", rounded(seconds_of(s.at), 3)},
                      {"node", s.node},
                      {"scope", fleet_->name_of(s.scope)},
                      {"command_epoch", s.command_epoch},
                      {"newer_epoch", s.newer_epoch},
                      {"what", s.what}});
  }
  table["stale_counts"] = counts;
  table["stale_rows"] = rows;
  table["stale_rows_left_out"] = all.size() - rows.size();
  table["node_grants"] = node_grants_;
  return table;
}

}  // namespace ibcf::analysis
