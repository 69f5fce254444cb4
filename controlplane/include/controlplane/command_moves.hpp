#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/command.hpp"

namespace ibcf {

/// Whose word moves a command.
enum class CommandWord : std::uint8_t {
  master,    ///< the home master's own decision
  progress,  ///< the node says how far it is
  result     ///< the node's result, from its log: evidence, which beats what the master assumed
};

/// One legal move of a command in its home master's book.
struct CommandMove {
  CommandState from;
  CommandState to;
  CommandWord by;
  std::string_view reason;
};

/// All legal moves (protocols page, "Commands"). What is not here does not happen.
///
///   QUEUED <-> HELD -> SENT -> DELIVERED -> ACCEPTED -> EXECUTING -> an end
///
/// DELIVERED: the node has it, and it waits for its constraints. ACCEPTED: it waits for its turn.
/// Every word of a node may be skipped or lost but its result.
std::span<const CommandMove> command_moves();

/// The move, or nothing where the table has none.
const CommandMove* find_move(CommandState from, CommandState to, CommandWord by);

/// QUEUED .. EXECUTING.
constexpr bool is_open(CommandState state) {
  return state < CommandState::applied;
}
/// Open, and not yet bound to be carried out: a successor or a cancel may still stop it.
constexpr bool is_revocable(CommandState state) {
  return state < CommandState::accepted;
}
/// What passes the reconciliation lock and quarantine (I-36).
constexpr bool passes_bar(const Command& command) {
  switch (command.kind) {
    case CommandKind::re_attest:
    case CommandKind::remediate:
    case CommandKind::safe_stop:
    case CommandKind::wipe:
      return true;
    default:
      return command.break_glass;
  }
}

/// Which of two commands of one node and one coalesce key is the newer: the later term, and within a term,
/// which has one holder, the later number.
constexpr bool is_older(const Command& a, const Command& b) {
  return a.epoch != b.epoch ? a.epoch < b.epoch : a.number < b.number;
}

/// No command is valid for longer than this; so a node knows when no predecessor of a command can come any
/// more.
inline constexpr Duration longest_validity = std::chrono::hours{24 * 31};

}  // namespace ibcf
