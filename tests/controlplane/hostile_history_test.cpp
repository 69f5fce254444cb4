#include "hostile_history.hpp"

#include <rapidcheck/catch.h>

#include "model/payloads.hpp"

using namespace ibcf;

/// What is read from the log alone, by folds that know nothing of how a master comes to write it.
namespace {

/// One life of one node, as the log tells it.
struct Life {
  std::optional<std::uint64_t> session;
  std::uint64_t last_session = 0;
  std::uint64_t token = 0;
};

/// Walks through the sessions of a log. Says what is wrong, or nothing.
std::string wrong_in_sessions(const std::vector<Event>& events) {
  std::map<AnyId, Life> lives;
  for (const Event& event : events) {
    Life& life = lives[event.subject];
    if (event.type == EventType::replay_granted) {
      const auto granted = payload_of<ReplayGranted>(event);
      if (life.session) return "a session is granted while another one is open";
      if (granted->session <= life.last_session) return "a session's number is not above the last one's";
      if (granted->fencing_token <= life.token) return "a fencing token did not rise";
      life = {granted->session, granted->session, granted->fencing_token};
    } else if (event.type == EventType::replay_chunk_acked) {
      if (life.session != payload_of<ReplayChunkAcked>(event)->session)
        return "a chunk is acknowledged outside of its session";
    } else if (event.type == EventType::replay_verdict) {
      if (life.session != payload_of<ReplayVerdict>(event)->session) return "a verdict without its session";
      life.session.reset();
    } else if (event.type == EventType::replay_session_lost) {
      if (!life.session) return "a session is lost that nobody had";
      life.session.reset();
    }
  }
  for (const auto& [subject, life] : lives)
    if (life.session) return "a session is open an hour after the last fault";
  return "";
}

/// The ends a command may come to.
constexpr std::array ends{CommandState::applied,    CommandState::failed,        CommandState::rejected,
                          CommandState::fenced,     CommandState::expired,       CommandState::superseded,
                          CommandState::cancelled,  CommandState::indeterminate, CommandState::applied_late,
                          CommandState::failed_late};

std::size_t effects_of(const HandDriver& twin, CommandId id) {
  std::size_t effects = 0;
  for (const auto& of_node : twin.executed)
    for (const Executed& one : of_node) effects += one.command == id ? 1 : 0;
  return effects;
}

}  // namespace

TEST_CASE(
    "I-2, I-3, I-7, I-31, I-42, I-43, L-1, L-5: through any hostile history a node has one session at a "
    "time, "
    "which one "
    "event ends with its lock, and then every node settles, its log is stored exactly once and every command "
    "is "
    "over",
    "[return][commands][property][hostile]") {
  HostileHistory::Counts sum;
  std::size_t granted = 0, lost = 0, orders = 0, applied = 0;
  rc::prop("for any seed", [&](std::uint64_t seed) {
    HostileHistory history(seed);
    const HandDriver& twin = history.twin;
    RC_ASSERT(wrong_in_sessions(twin.events()) == "");
    for (std::uint32_t node = 0; node < HostileHistory::nodes; ++node) {
      RC_ASSERT(history.twin.settle(node));
      RC_ASSERT(twin.is_stored_exactly_once(node));
    }
    for (const CommandId id : history.orders) {
      const auto steps = twin.steps_of(id);
      RC_ASSERT(!steps.empty() && std::count(ends.begin(), ends.end(), steps.back()) == 1);
      const bool did = steps.back() == CommandState::applied || steps.back() == CommandState::applied_late;
      RC_ASSERT(!did || effects_of(twin, id) >= 1);
      applied += did ? 1 : 0;
    }
    orders += history.orders.size();
    granted += twin.count(EventType::replay_granted);
    lost += twin.count(EventType::replay_session_lost);
    sum += history.counts;
  });
  // None of it may have been spared.
  CAPTURE(sum.changed, sum.kept_back, sum.crashed, sum.restarted, granted, lost, orders, applied);
  CHECK(std::min({sum.changed, sum.kept_back, sum.crashed, sum.restarted}) > 100);
  CHECK(granted > 100);
  CHECK(lost > 10);
  CHECK(orders > 300);
  CHECK(applied > 100);
}

// The sweep found this one: a Hello of before a reboot arrived when the log had gone on without it.
TEST_CASE("a Hello that was kept back until its node had said more condemns nobody",
          "[return][trust][hostile]") {
  HostileHistory history(11408572);

  for (std::uint32_t node = 0; node < HostileHistory::nodes; ++node) CHECK(history.twin.settle(node));
  CHECK(history.twin.count(EventType::conn_identity_rejected) == 0);
}

// So did the sweep this one: the node was without a carrier just when its next Hello was due.
TEST_CASE("a node whose link is down when it is to say Hello again says it later", "[return][hostile]") {
  HostileHistory history(526);

  for (std::uint32_t node = 0; node < HostileHistory::nodes; ++node) CHECK(history.twin.settle(node));
}
