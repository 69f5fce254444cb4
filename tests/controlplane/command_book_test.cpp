#include "controlplane/command_book.hpp"

#include <rapidcheck/catch.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "model/payloads.hpp"
#include "planted_defect.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

using S = CommandState;
using States = std::vector<CommandState>;

const NodeId node = derive_id<NodeTag>("book", 1, "node");
const NodeId other_node = derive_id<NodeTag>("book", 1, "node", 2);
const DomainId domain = derive_id<DomainTag>("book", 1, "domain");
constexpr CommandReach contact{.in_contact = true, .barred = false};
constexpr CommandReach away{.in_contact = false, .barred = false};
constexpr CommandReach coming_back{.in_contact = false, .barred = true};
constexpr CommandReach barred_and_silent{.in_contact = false, .barred = true, .is_heard = false};

CommandId id_of(std::uint64_t number) {
  return derive_id<CommandTag>("book", 1, "command", number);
}

Command command(std::uint64_t number, Instant execute_before = at(1h)) {
  Command made;
  made.id = id_of(number);
  made.node_id = node;
  made.scope = domain;
  made.epoch = 1;
  made.number = number;
  made.execute_before = execute_before;
  return made;
}

CommandResult result(std::uint64_t number, S state) {
  CommandResult made;
  made.command_id = id_of(number);
  made.state = state;
  return made;
}

/// A book with everything that it wanted done so far.
struct Desk {
  CommandBook book{{}};
  CommandBook::Todo todo;

  [[nodiscard]] S state(std::uint64_t number) const { return book.find(id_of(number))->state; }
  [[nodiscard]] std::size_t sent(std::uint64_t number) const {
    return static_cast<std::size_t>(std::count(todo.deliver.begin(), todo.deliver.end(), id_of(number)));
  }
  [[nodiscard]] States moves(std::uint64_t number) const {
    States states;
    for (const Proposed& event : todo.events)
      if (const auto moved = decode<CommandMoved>(event.payload); moved->command_id == id_of(number))
        states.push_back(moved->state);
    return states;
  }
};

}  // namespace

// ---- the table --------------------------------------------------------------------------------------------

TEST_CASE("every state of a command but QUEUED is reached by a move, and no move leads out of a last one",
          "[command_book]") {
  for (std::size_t i = 0; i < words_of(S{}).size(); ++i) {
    const auto state = static_cast<S>(i);
    INFO(word_of(state));
    const auto moves = command_moves();
    CHECK((state == S::queued) ==
          std::none_of(moves.begin(), moves.end(), [&](const CommandMove& m) { return m.to == state; }));
    const bool is_last = state == S::applied || state == S::failed || state == S::rejected ||
                         state == S::fenced || state == S::applied_late || state == S::failed_late;
    CHECK(is_last ==
          std::none_of(moves.begin(), moves.end(), [&](const CommandMove& m) { return m.from == state; }));
  }
  for (const CommandMove& move : command_moves()) {
    CHECK(find_move(move.from, move.to, move.by) == &move);  // each once
    CHECK_FALSE(move.reason.empty());
  }
}

// ---- sending ----------------------------------------------------------------------------------------------

TEST_CASE("I-31: a command at least once is sent again, ever more rarely, until its node answers",
          "[command_book]") {
  Desk desk;
  REQUIRE(desk.book.accept(command(1, at(10h)), at(0s), desk.todo));
  for (auto now = at(0s); now < at(63min); now += 1s) desk.book.offer(node, contact, now, desk.todo);

  CHECK(desk.sent(1) == 7);  // at 0, 1, 3, 7, 15, 31 and 47 minutes
  CHECK(desk.book.counters().resent == 6);
  CHECK(desk.moves(1) == States{S::sent});

  desk.book.progressed(node, id_of(1), S::delivered, desk.todo);
  for (auto now = at(63min); now <= at(5h); now += 1min) desk.book.offer(node, contact, now, desk.todo);
  CHECK(desk.sent(1) == 7);
}

TEST_CASE("I-30: a command at most once is sent once, and again only when its node did not take it",
          "[command_book]") {
  Desk desk;
  Command once = command(1, at(10h));
  once.delivery = DeliverySemantics::at_most_once;
  REQUIRE(desk.book.accept(once, at(0s), desk.todo));
  for (auto now = at(0s); now < at(2h); now += 1min) {
    desk.book.offer(node, contact, now, desk.todo);
    desk.book.offer(node, coming_back, now, desk.todo);
  }
  CHECK(desk.sent(1) == 1);
  CHECK(desk.state(1) == S::sent);

  desk.book.refused_for_now(node, id_of(1), desk.todo);
  desk.book.offer(node, contact, at(2h), desk.todo);
  CHECK(desk.sent(1) == 2);

  desk.book.expire(at(10h + 1ns), desk.todo);
  CHECK(desk.moves(1) == States{S::sent, S::held, S::sent, S::expired});
}

TEST_CASE("I-36: what is not on the allow list is held for a node that is coming back", "[command_book]") {
  Desk desk;
  Command stop = command(2);
  stop.kind = CommandKind::safe_stop;
  Command urgent = command(3);
  urgent.break_glass = true;
  for (const Command& one : {command(1), stop, urgent}) REQUIRE(desk.book.accept(one, at(0s), desk.todo));

  desk.book.offer(node, barred_and_silent, at(30s), desk.todo);
  CHECK(desk.todo.deliver.empty());  // nobody is there
  desk.book.offer(node, coming_back, at(1min), desk.todo);

  CHECK(desk.todo.deliver == std::vector<CommandId>{id_of(2), id_of(3)});
  CHECK(desk.state(1) == S::held);
  CHECK(desk.book.held_of(node) == 1);
  desk.book.offer(node, contact, at(2min), desk.todo);
  CHECK(desk.state(1) == S::sent);
  CHECK(desk.book.counters().held == 1);
}

TEST_CASE("a command for a node out of contact waits and costs nothing", "[command_book]") {
  Desk desk;
  REQUIRE(desk.book.accept(command(1), at(0s), desk.todo));
  desk.book.offer(node, away, at(1min), desk.todo);

  CHECK(desk.todo.events.empty());
  CHECK(desk.state(1) == S::queued);
}

// ---- ending -----------------------------------------------------------------------------------------------

TEST_CASE("I-38: EXPIRED is provisional until the node's log has passed the last moment", "[command_book]") {
  Desk desk;
  REQUIRE(desk.book.accept(command(1, at(10min)), at(0s), desk.todo));
  desk.book.offer(node, contact, at(0s), desk.todo);
  desk.book.expire(at(10min), desk.todo);
  CHECK(desk.state(1) == S::sent);  // at its last moment it may still be done
  desk.book.expire(at(10min + 1ns), desk.todo);

  CHECK(desk.state(1) == S::expired);
  CHECK(desk.book.is_final(id_of(1)) == false);
  CHECK(desk.book.awaited().contains(node));
  desk.book.heard(node, at(10min));
  CHECK(desk.book.is_final(id_of(1)) == false);
  desk.book.heard(node, at(10min + 1ns));
  CHECK(desk.book.is_final(id_of(1)) == true);
  desk.book.heard(node, at(5min));  // an older word takes nothing back
  CHECK(desk.book.is_final(id_of(1)) == true);
}

TEST_CASE(
    "I-38: late evidence ends what had expired, and a planted book that takes EXPIRED for final hides it",
    "[command_book][planted]") {
  for (const bool planted : {false, true}) {
    const Planted defect(planted ? Defect::expired_is_final : Defect::none);
    Desk desk;
    for (const std::uint64_t number : {1u, 2u, 3u}) {
      REQUIRE(desk.book.accept(command(number), at(0s), desk.todo));
    }
    desk.book.offer(node, contact, at(0s), desk.todo);
    desk.book.expire(at(2h), desk.todo);
    const bool shown_final = desk.book.is_final(id_of(1)).value();
    desk.book.answered(node, result(1, S::applied), desk.todo);
    desk.book.answered(node, result(2, S::failed), desk.todo);
    desk.book.answered(node, result(3, S::fenced), desk.todo);

    CHECK(shown_final == planted);
    CHECK((desk.state(1) == S::applied_late) != planted);
    CHECK((desk.state(2) == S::failed_late) != planted);
    CHECK(desk.state(3) == S::expired);  // it had no effect there, and that is certain now
    CHECK(desk.book.is_final(id_of(3)) == true);
  }
}

TEST_CASE("I-32: a final state stays, whatever is said afterwards", "[command_book]") {
  Desk desk;
  REQUIRE(desk.book.accept(command(1), at(0s), desk.todo));
  desk.book.offer(node, contact, at(0s), desk.todo);
  desk.book.answered(node, result(1, S::applied), desk.todo);
  for (const S said : {S::failed, S::fenced, S::indeterminate, S::expired})
    desk.book.answered(node, result(1, said), desk.todo);
  desk.book.progressed(node, id_of(1), S::executing, desk.todo);
  desk.book.expire(at(2h), desk.todo);

  CHECK(desk.moves(1) == States{S::sent, S::applied});
  CHECK(desk.book.counters().unlawful == 4);
}

TEST_CASE("a node has no word on the commands of another", "[command_book]") {
  Desk desk;
  REQUIRE(desk.book.accept(command(1), at(0s), desk.todo));
  desk.book.offer(node, contact, at(0s), desk.todo);

  desk.book.answered(other_node, result(1, S::applied), desk.todo);
  desk.book.refused_for_now(other_node, id_of(1), desk.todo);

  CHECK(desk.state(1) == S::sent);
  CHECK(desk.book.counters().unlawful == 2);
}

TEST_CASE("a crash between intent and result leaves a command INDETERMINATE, which later evidence may end",
          "[command_book]") {
  Desk desk;
  REQUIRE(desk.book.accept(command(1), at(0s), desk.todo));
  desk.book.offer(node, contact, at(0s), desk.todo);
  desk.book.progressed(node, id_of(1), S::executing, desk.todo);
  desk.book.answered(node, result(1, S::indeterminate), desk.todo);
  CHECK(desk.book.is_final(id_of(1)) == false);

  desk.book.answered(node, result(1, S::applied), desk.todo);

  CHECK(desk.moves(1) == States{S::sent, S::executing, S::indeterminate, S::applied_late});
  CHECK(desk.book.is_final(id_of(1)) == true);
}

TEST_CASE("at its last moment a command is still sent, and a moment later it has expired", "[command_book]") {
  for (const Duration late : {0ns, 1ns}) {
    Desk desk;
    REQUIRE(desk.book.accept(command(1, at(10min)), at(0s), desk.todo));
    desk.book.offer(node, contact, at(10min) + late, desk.todo);
    CHECK(desk.state(1) == (late == 0ns ? S::sent : S::expired));
  }
}

TEST_CASE("what may still be heard of is not forgotten, however old it is", "[command_book]") {
  Desk desk;
  for (const std::uint64_t number : {1u, 2u}) {
    REQUIRE(desk.book.accept(command(number), at(0s), desk.todo));
    if (number == 1) desk.book.offer(node, contact, at(0s), desk.todo);
  }
  desk.book.expire(at(2h), desk.todo);
  desk.book.expire(at(1000h), desk.todo);
  CHECK(desk.book.find(id_of(2)) == nullptr);  // it was never sent
  REQUIRE(desk.book.find(id_of(1)) != nullptr);

  desk.book.answered(node, result(1, S::applied), desk.todo);
  CHECK(desk.state(1) == S::applied_late);
  desk.book.expire(at(1001h), desk.todo);
  CHECK(desk.book.size() == 0);
  CHECK_FALSE(desk.book.accept(command(1), at(1002h), desk.todo));
}

// ---- successors and cancels -------------------------------------------------------------------------------

TEST_CASE("I-35: a newer command with the same key supersedes what is not yet bound to be carried out",
          "[command_book]") {
  Desk desk;
  const auto keyed = [](std::uint64_t number) {
    Command made = command(number);
    made.coalesce_key = "config";
    return made;
  };
  Command foreign = keyed(9);
  foreign.coalesce_key = "else";
  for (const Command& one : {keyed(1), foreign}) REQUIRE(desk.book.accept(one, at(0s), desk.todo));
  REQUIRE(desk.book.accept(keyed(2), at(1s), desk.todo));
  CHECK(desk.state(1) == S::superseded);
  CHECK(desk.book.is_final(id_of(1)) == true);  // it was never sent
  CHECK(desk.state(9) == S::queued);

  desk.book.offer(node, contact, at(2s), desk.todo);
  desk.book.progressed(node, id_of(2), S::delivered, desk.todo);
  REQUIRE(desk.book.accept(keyed(3), at(3s), desk.todo));
  CHECK(desk.state(2) == S::superseded);
  CHECK(desk.book.is_final(id_of(2)) == false);  // its node may have begun before it heard of the newer one
  desk.book.answered(node, result(2, S::applied), desk.todo);
  CHECK(desk.state(2) == S::applied_late);

  desk.book.offer(node, contact, at(4s), desk.todo);
  desk.book.progressed(node, id_of(3), S::accepted, desk.todo);
  REQUIRE(desk.book.accept(keyed(4), at(5s), desk.todo));
  CHECK(desk.state(3) == S::accepted);
  CHECK(desk.state(4) == S::queued);
}

TEST_CASE("of two commands with one key the later term, then the later number is newer, whichever came first",
          "[command_book]") {
  Desk desk;
  Command newer = command(5);
  newer.coalesce_key = "config";
  Command older = command(4);
  older.coalesce_key = "config";
  Command newest = command(1);
  newest.coalesce_key = "config";
  newest.epoch = 2;
  for (const Command& one : {newer, older, newest}) REQUIRE(desk.book.accept(one, at(0s), desk.todo));

  CHECK(desk.state(4) == S::superseded);
  CHECK(desk.state(5) == S::superseded);
  CHECK(desk.state(1) == S::queued);
}

TEST_CASE("a cancel ends what was never sent, asks for the node where a copy may be, and may come too late",
          "[command_book]") {
  Desk desk;
  for (const std::uint64_t number : {1u, 2u, 3u}) {
    REQUIRE(desk.book.accept(command(number), at(0s), desk.todo));
    if (number > 1) desk.book.offer(node, contact, at(0s), desk.todo);
    if (number == 1) CHECK(desk.book.cancel(id_of(1), desk.todo) == CommandBook::Cancel::done);
  }
  CHECK(desk.state(1) == S::cancelled);
  CHECK(desk.book.is_final(id_of(1)) == true);

  CHECK(desk.book.cancel(id_of(2), desk.todo) == CommandBook::Cancel::tell_node);
  CHECK(desk.book.is_final(id_of(2)) == false);
  desk.book.answered(node, result(2, S::applied), desk.todo);
  CHECK(desk.moves(2) == States{S::sent, S::cancelled, S::applied_late});

  desk.book.progressed(node, id_of(3), S::executing, desk.todo);
  CHECK_FALSE(desk.book.cancel(id_of(3), desk.todo));
  CHECK_FALSE(desk.book.cancel(id_of(99), desk.todo));
  CHECK(desk.state(3) == S::executing);
}

TEST_CASE("a newer term cancels what was not sent in an older one", "[command_book]") {
  Desk desk;
  Command of_new_term = command(3);
  of_new_term.epoch = 2;
  REQUIRE(desk.book.accept(command(1), at(0s), desk.todo));
  desk.book.offer(node, contact, at(0s), desk.todo);
  REQUIRE(desk.book.accept(command(2), at(0s), desk.todo));
  REQUIRE(desk.book.accept(of_new_term, at(0s), desk.todo));

  desk.book.end_terms_before(domain, 2, desk.todo);

  CHECK(desk.state(1) == S::sent);  // the node fences it
  CHECK(desk.state(2) == S::cancelled);
  CHECK(desk.state(3) == S::queued);
}

// ---- any inputs -------------------------------------------------------------------------------------------

namespace {

/// One input of the book, legal or not.
struct Input {
  enum class Kind { accept, offer, refuse, progress, answer, hear, cancel, end_terms, expire } kind;
  int command;  ///< 0..5
  int word;     ///< a state, or a reach
  int minutes;  ///< that pass before it
};

[[maybe_unused]] void showValue(const Input& input, std::ostream& out) {
  out << static_cast<int>(input.kind) << "(" << input.command << ", " << input.word << ") after "
      << input.minutes << " min";
}

}  // namespace

namespace rc {
template <>
struct Arbitrary<Input> {
  static Gen<Input> arbitrary() {
    return gen::build<Input>(
        gen::set(&Input::kind,
                 gen::map(gen::inRange(0, 9), [](int i) { return static_cast<Input::Kind>(i); })),
        gen::set(&Input::command,
                 gen::weightedElement<int>({{4, 0}, {4, 1}, {2, 2}, {1, 3}, {1, 4}, {1, 5}})),
        gen::set(&Input::word, gen::inRange(0, 16)),
        gen::set(&Input::minutes,
                 gen::weightedOneOf<int>({{8, gen::inRange(0, 20)}, {1, gen::inRange(0, 3000)}})));
  }
};
}  // namespace rc

namespace {

constexpr CommandReach reaches[] = {away, contact, coming_back, contact, barred_and_silent};

/// Six commands of two nodes: every second one at most once, three with one key, two terms, one that passes
/// every bar, last moments an hour apart.
Command drawn(int number, Instant now) {
  Command made = command(static_cast<std::uint64_t>(number), now + std::chrono::hours{1 + number});
  made.node_id = number < 4 ? node : other_node;
  made.delivery = number % 2 == 0 ? DeliverySemantics::at_least_once : DeliverySemantics::at_most_once;
  if (number < 3) made.coalesce_key = "key";
  made.epoch = number == 1 ? 2 : 1;
  made.break_glass = number == 5;
  made.issued_ts = now;
  return made;
}

/// The rules once more, as dumb as can be: everything of one command in a few flags, no table, no index.
struct Dumb {
  struct One {
    Command command;
    S state = S::queued;
    bool sent_ever = false;
    bool certain = false;
    int tries = 0;
    Instant sent{};
  };
  std::map<int, One> all;
  std::vector<int> order;
  std::map<NodeId, Instant> heard;
  std::vector<std::pair<int, S>> moves;
  std::vector<int> sends;

  bool open(const One& one) const { return static_cast<int>(one.state) <= static_cast<int>(S::executing); }
  bool stoppable(const One& one) const {
    return static_cast<int>(one.state) <= static_cast<int>(S::delivered);
  }
  bool final(const One& one) const {
    if (open(one)) return false;
    return one.certain || (heard.contains(one.command.node_id) &&
                           heard.at(one.command.node_id) > one.command.execute_before);
  }
  void set(int number, S state, bool certain) {
    One& one = all.at(number);
    one.state = state;
    one.certain = certain || (!open(one) && !one.sent_ever);
    moves.emplace_back(number, state);
  }
  bool is_newer(const Command& a, const Command& b) const {
    return a.epoch > b.epoch || (a.epoch == b.epoch && a.number > b.number);
  }

  void accept(int number, Instant now) {
    if (all.contains(number)) return;
    const Command made = drawn(number, now);
    all[number].command = made;
    order.push_back(number);
    for (const int other : order) {
      if (other == number || !open(all[other]) || all[other].command.node_id != made.node_id) continue;
      if (made.coalesce_key.empty() || all[other].command.coalesce_key != made.coalesce_key) continue;
      const int older = is_newer(made, all[other].command) ? other : number;
      if (stoppable(all[older])) set(older, S::superseded, false);
    }
  }
  void offer(NodeId to, CommandReach reach, Instant now) {
    for (const int number : order) {
      One& one = all[number];
      if (!open(one) || one.command.node_id != to) continue;
      const bool once = one.command.delivery == DeliverySemantics::at_most_once;
      if (now > one.command.execute_before) {
        set(number, S::expired, false);
      } else if (reach.barred && !one.command.break_glass) {
        if (one.state == S::queued || (one.state == S::sent && !once)) set(number, S::held, false);
      } else if ((reach.barred && reach.is_heard) || reach.in_contact) {
        const int waits[] = {1, 1, 2, 4, 8, 16};
        const auto wait = std::chrono::minutes{waits[std::min(one.tries, 5)]};
        const bool fresh = one.state == S::queued || one.state == S::held;
        if (!fresh && (one.state != S::sent || once || now - one.sent < wait)) continue;
        one.sent_ever = true;
        if (fresh) set(number, S::sent, false);
        one.sent = now;
        ++one.tries;
        sends.push_back(number);
      }
    }
  }
  void refuse(int number) {
    if (!all.contains(number) || all[number].state != S::sent) return;
    all[number].tries = 0;
    set(number, S::held, false);
  }
  void progress(int number, S said) {
    if (!all.contains(number)) return;
    One& one = all[number];
    const bool is_way = said == S::delivered || said == S::accepted || said == S::executing;
    const bool was_out =
        one.state == S::held || one.state == S::sent || one.state == S::delivered || one.state == S::accepted;
    if (!is_way || !was_out || static_cast<int>(said) <= static_cast<int>(one.state)) return;
    one.sent_ever = true;
    set(number, said, false);
  }
  void answer(int number, S said) {
    if (!all.contains(number)) return;
    One& one = all[number];
    if (final(one)) return;
    const bool is_end = static_cast<int>(said) >= static_cast<int>(S::applied) &&
                        static_cast<int>(said) <= static_cast<int>(S::indeterminate);
    const bool had_effect = said == S::applied || said == S::failed || said == S::indeterminate;
    if (!open(one)) {
      if (!had_effect) {
        one.certain = true;
      } else if (said == S::indeterminate) {
        if (one.state != S::indeterminate) set(number, said, false);
      } else {
        set(number, said == S::applied ? S::applied_late : S::failed_late, true);
      }
    } else if (is_end && (had_effect || one.state != S::executing)) {
      one.sent_ever = true;
      set(number, said, said != S::indeterminate);
    }
  }
  void cancel(int number) {
    if (all.contains(number) && stoppable(all[number])) set(number, S::cancelled, false);
  }
  void end_terms() {
    for (auto& [number, one] : all)
      if (one.command.epoch < 2 && (one.state == S::queued || one.state == S::held))
        set(number, S::cancelled, false);
  }
  void expire(Instant now) {
    for (auto& [number, one] : all)
      if (open(one) && now > one.command.execute_before) set(number, S::expired, false);
  }
};

using Moves = std::vector<std::pair<int, S>>;

Moves sorted(Moves moves) {
  std::sort(moves.begin(), moves.end());
  return moves;
}

Moves moves_in(const CommandBook::Todo& todo) {
  Moves moves;
  for (const Proposed& event : todo.events) {
    const auto moved = decode<CommandMoved>(event.payload);
    for (int number = 0; number < 6; ++number)
      if (moved->command_id == id_of(static_cast<std::uint64_t>(number)))
        moves.emplace_back(number, moved->state);
  }
  return moves;
}

void give(CommandBook& book, const Input& input, Instant now, CommandBook::Todo& todo) {
  const CommandId id = id_of(static_cast<std::uint64_t>(input.command));
  const NodeId of = drawn(input.command, now).node_id;
  const auto word = static_cast<S>(input.word);
  switch (input.kind) {
    case Input::Kind::accept:
      book.accept(drawn(input.command, now), now, todo);
      return;
    case Input::Kind::offer:
      book.offer(of, reaches[input.word % std::size(reaches)], now, todo);
      return;
    case Input::Kind::refuse:
      book.refused_for_now(of, id, todo);
      return;
    case Input::Kind::progress:
      book.progressed(of, id, word, todo);
      return;
    case Input::Kind::answer:
      book.answered(of, result(static_cast<std::uint64_t>(input.command), word), todo);
      return;
    case Input::Kind::hear:
      book.heard(of, now);
      return;
    case Input::Kind::cancel:
      book.cancel(id, todo);
      return;
    case Input::Kind::end_terms:
      book.end_terms_before(domain, 2, todo);
      return;
    case Input::Kind::expire:
      book.expire(now, todo);
      return;
  }
}

void give(Dumb& dumb, const Input& input, Instant now) {
  const auto word = static_cast<S>(input.word);
  const NodeId of = drawn(input.command, now).node_id;
  switch (input.kind) {
    case Input::Kind::accept:
      return dumb.accept(input.command, now);
    case Input::Kind::offer:
      return dumb.offer(of, reaches[input.word % std::size(reaches)], now);
    case Input::Kind::refuse:
      return dumb.refuse(input.command);
    case Input::Kind::progress:
      return dumb.progress(input.command, word);
    case Input::Kind::answer:
      return dumb.answer(input.command, word);
    case Input::Kind::hear:
      dumb.heard[of] = std::max(dumb.heard[of], now);
      return;
    case Input::Kind::cancel:
      return dumb.cancel(input.command);
    case Input::Kind::end_terms:
      return dumb.end_terms();
    case Input::Kind::expire:
      return dumb.expire(now);
  }
}

}  // namespace

TEST_CASE(
    "I-32: under any inputs the book does what a dumb model of the rules does, and only moves of its table",
    "[command_book][property]") {
  rc::prop("for any inputs, legal and illegal", [](const std::vector<Input>& inputs) {
    // Kept for ever, so that the model need not forget.
    CommandBook book({.retry = 1min, .keep = 10000h});
    Dumb dumb;
    Instant now;
    std::map<int, S> state;
    for (const Input& input : inputs) {
      now += std::chrono::minutes{input.minutes};
      std::map<int, bool> was_final;
      for (const auto& [number, one] : dumb.all) was_final[number] = dumb.final(one);
      CommandBook::Todo todo;
      dumb.moves.clear();
      dumb.sends.clear();
      give(book, input, now, todo);
      give(dumb, input, now);

      RC_ASSERT(sorted(moves_in(todo)) == sorted(dumb.moves));
      RC_ASSERT(todo.deliver.size() == dumb.sends.size());
      for (std::size_t i = 0; i < dumb.sends.size(); ++i)
        RC_ASSERT(todo.deliver[i] == id_of(static_cast<std::uint64_t>(dumb.sends[i])));
      for (const auto& [number, to] : moves_in(todo)) {
        const S from = state.contains(number) ? state[number] : S::queued;
        RC_ASSERT(find_move(from, to, CommandWord::master) || find_move(from, to, CommandWord::progress) ||
                  find_move(from, to, CommandWord::result));
        RC_ASSERT(!was_final[number]);
        state[number] = to;
      }
      for (const auto& [number, one] : dumb.all) {
        const CommandId id = id_of(static_cast<std::uint64_t>(number));
        RC_ASSERT(book.find(id)->state == one.state);
        RC_ASSERT(book.is_final(id) == dumb.final(one));
        RC_ASSERT(!was_final[number] || dumb.final(one));
      }
    }
  });
}

TEST_CASE("the book that is folded from the log is the one that wrote it", "[command_book][property]") {
  rc::prop("for any inputs", [](const std::vector<Input>& inputs) {
    CommandBook book({.retry = 1min, .keep = 10000h});
    CommandBook folded({.retry = 1min, .keep = 10000h});
    Instant now;
    const auto store = [&](EventType type, Bytes payload, AnyId origin) {
      Event event;
      event.type = type;
      event.origin = origin;
      event.occurred = now;
      event.payload = std::move(payload);
      folded.apply(event);
    };
    for (const Input& input : inputs) {
      if (input.kind == Input::Kind::hear) continue;  // what heartbeats say is not in the log
      now += std::chrono::minutes{input.minutes};
      const Command made = drawn(input.command, now);
      const bool is_new = book.find(made.id) == nullptr;
      CommandBook::Todo todo;
      give(book, input, now, todo);
      if (input.kind == Input::Kind::accept && is_new)
        store(EventType::command_issued, encode(CommandIssued{made}), {});
      if (input.kind == Input::Kind::answer)
        store(EventType::command_result,
              encode(result(static_cast<std::uint64_t>(input.command), static_cast<S>(input.word))),
              any(made.node_id));
      for (const Proposed& event : todo.events) store(event.type, event.payload, {});
    }

    RC_ASSERT(folded.size() == book.size());
    for (const auto& [id, record] : book.records()) {
      CommandRecord expected = record;  // when a copy was sent again is not in the log
      expected.sent = folded.find(id)->sent;
      expected.tries = 0;
      RC_ASSERT(*folded.find(id) == expected);
      RC_ASSERT(folded.open_of(record.command.node_id) == book.open_of(record.command.node_id));
    }
    RC_ASSERT(folded.awaited() == book.awaited());
  });
}

TEST_CASE("a book forgets only what can no longer come back, and all of it in the end",
          "[command_book][property]") {
  rc::prop("for any inputs", [](const std::vector<Input>& inputs) {
    CommandBook book({.retry = 1min, .keep = 1h});
    CommandBook keeper({.retry = 1min, .keep = 10000h});
    // A command may come again, however late, but it is the same one.
    std::map<int, Instant> issued;
    Instant now;
    for (const Input& input : inputs) {
      now += std::chrono::minutes{input.minutes};
      CommandBook::Todo got;
      CommandBook::Todo expected;
      if (input.kind == Input::Kind::accept) {
        const Command made = drawn(input.command, issued.emplace(input.command, now).first->second);
        book.accept(made, now, got);
        if (keeper.find(made.id) != nullptr || now <= made.execute_before + 1h)
          keeper.accept(made, now, expected);
      } else {
        give(book, input, now, got);
        give(keeper, input, now, expected);
      }
      RC_ASSERT(moves_in(got) == moves_in(expected));
      RC_ASSERT(got.deliver == expected.deliver);
    }
    const Instant end = now + 10000h;
    CommandBook::Todo todo;
    book.heard(node, end);
    book.heard(other_node, end);
    book.expire(end, todo);
    RC_ASSERT(book.size() == 0u);
    RC_ASSERT(book.awaited().empty());
  });
}
