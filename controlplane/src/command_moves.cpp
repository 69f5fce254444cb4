#include "controlplane/command_moves.hpp"

#include <algorithm>
#include <array>

namespace ibcf {
namespace {

using S = CommandState;
using W = CommandWord;

// clang-format off
constexpr std::array moves{
    // on its way
    CommandMove{S::queued,        S::held,          W::master,   "its node is coming back or quarantined"},
    CommandMove{S::queued,        S::sent,          W::master,   "its node is in contact"},
    CommandMove{S::held,          S::sent,          W::master,   "its node may have it again"},
    CommandMove{S::sent,          S::held,          W::master,   "at least once: may be sent again"},
    CommandMove{S::sent,          S::held,          W::progress, "its node did not take it"},
    // at the node
    CommandMove{S::held,          S::delivered,     W::progress, "an earlier copy got through"},
    CommandMove{S::held,          S::accepted,      W::progress, "an earlier copy got through"},
    CommandMove{S::held,          S::executing,     W::progress, "an earlier copy got through"},
    CommandMove{S::sent,          S::delivered,     W::progress, "it waits for its constraints"},
    CommandMove{S::sent,          S::accepted,      W::progress, "it waits for its turn"},
    CommandMove{S::sent,          S::executing,     W::progress, "begun"},
    CommandMove{S::delivered,     S::accepted,      W::progress, "its constraints hold"},
    CommandMove{S::delivered,     S::executing,     W::progress, "begun"},
    CommandMove{S::accepted,      S::executing,     W::progress, "begun"},
    // the master's own ends; provisional where a copy may be at the node
    CommandMove{S::queued,        S::superseded,    W::master,   "a newer command has its key"},
    CommandMove{S::held,          S::superseded,    W::master,   "a newer command has its key"},
    CommandMove{S::sent,          S::superseded,    W::master,   "a newer command has its key"},
    CommandMove{S::delivered,     S::superseded,    W::master,   "a newer command has its key"},
    CommandMove{S::queued,        S::cancelled,     W::master,   "an operator, or its term is over"},
    CommandMove{S::held,          S::cancelled,     W::master,   "an operator, or its term is over"},
    CommandMove{S::sent,          S::cancelled,     W::master,   "an operator"},
    CommandMove{S::delivered,     S::cancelled,     W::master,   "an operator"},
    CommandMove{S::queued,        S::expired,       W::master,   "its last moment passed"},
    CommandMove{S::held,          S::expired,       W::master,   "its last moment passed"},
    CommandMove{S::sent,          S::expired,       W::master,   "its last moment passed"},
    CommandMove{S::delivered,     S::expired,       W::master,   "its last moment passed"},
    CommandMove{S::accepted,      S::expired,       W::master,   "its last moment passed"},
    CommandMove{S::executing,     S::expired,       W::master,   "its last moment passed"},
    // late evidence
    CommandMove{S::expired,       S::applied_late,  W::result,   "it was carried out in time, and heard of late"},
    CommandMove{S::expired,       S::failed_late,   W::result,   "it was tried in time, and heard of late"},
    CommandMove{S::expired,       S::indeterminate, W::result,   "the node does not know"},
    CommandMove{S::superseded,    S::applied_late,  W::result,   "it was carried out before its successor"},
    CommandMove{S::superseded,    S::failed_late,   W::result,   "it was tried before its successor"},
    CommandMove{S::superseded,    S::indeterminate, W::result,   "the node does not know"},
    CommandMove{S::cancelled,     S::applied_late,  W::result,   "the cancel came too late"},
    CommandMove{S::cancelled,     S::failed_late,   W::result,   "the cancel came too late"},
    CommandMove{S::cancelled,     S::indeterminate, W::result,   "the node does not know"},
    CommandMove{S::indeterminate, S::applied_late,  W::result,   "what became of it was found out"},
    CommandMove{S::indeterminate, S::failed_late,   W::result,   "what became of it was found out"},
};
// clang-format on

constexpr CommandMove by_result{S::queued, S::applied, W::result, "the node's own word"};

// A result is taken from every open state: also from QUEUED, where a master lost the end of its log with the
// word that it had sent the command. What has begun can only end in what was done.
constexpr bool is_result(CommandState from, CommandState to) {
  if (!is_open(from)) return false;
  switch (to) {
    case S::applied:
    case S::failed:
    case S::indeterminate:
      return true;
    case S::rejected:
    case S::fenced:
    case S::expired:
    case S::superseded:
    case S::cancelled:
      return from != S::executing;
    default:
      return false;
  }
}

constexpr std::size_t result_count() {
  std::size_t count = 0;
  for (std::size_t from = 0; from < words_of(S{}).size(); ++from)
    for (std::size_t to = 0; to < words_of(S{}).size(); ++to)
      count += is_result(static_cast<S>(from), static_cast<S>(to)) ? 1 : 0;
  return count;
}

constexpr auto make_table() {
  std::array<CommandMove, moves.size() + result_count()> table{};
  std::size_t next = 0;
  for (const CommandMove& move : moves) table[next++] = move;
  for (std::size_t from = 0; from < words_of(S{}).size(); ++from)
    for (std::size_t to = 0; to < words_of(S{}).size(); ++to)
      if (is_result(static_cast<S>(from), static_cast<S>(to)))
        table[next++] = {static_cast<S>(from), static_cast<S>(to), W::result, by_result.reason};
  return table;
}
constexpr auto table = make_table();

}  // namespace

std::span<const CommandMove> command_moves() {
  return table;
}

const CommandMove* find_move(CommandState from, CommandState to, CommandWord by) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const CommandMove& move) {
    return move.from == from && move.to == to && move.by == by;
  });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace ibcf
