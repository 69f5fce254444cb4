#include "returning_node.hpp"

/// A return and its replay, killed on either side at every message boundary and behind every append: it ends
/// as if nobody had died. The boundaries are counted on an undisturbed return, never listed.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// A message, or a timer, was handled and what came of it was sent.
struct Boundary {
  Endpoint who;
  std::string got = "timer";
  std::vector<std::string> sent;
};

/// How the return went when nobody died, boundary by boundary.
struct Undisturbed {
  Ending ending;
  std::vector<Boundary> boundaries;
  std::uint64_t first_append = 0;
  std::uint64_t last_append = 0;

  [[nodiscard]] std::size_t count(Role role) const {
    return static_cast<std::size_t>(std::count_if(boundaries.begin(), boundaries.end(),
                                                  [&](const Boundary& at) { return at.who.role == role; }));
  }
  [[nodiscard]] std::size_t got(Role role, const std::string& name) const {
    return static_cast<std::size_t>(
        std::count_if(boundaries.begin(), boundaries.end(),
                      [&](const Boundary& at) { return at.who.role == role && at.got == name; }));
  }
  [[nodiscard]] std::size_t sent(Role role, const std::string& name) const {
    std::size_t all = 0;
    for (const Boundary& at : boundaries)
      if (at.who.role == role)
        all += static_cast<std::size_t>(std::count(at.sent.begin(), at.sent.end(), name));
    return all;
  }
};

const Undisturbed& undisturbed() {
  static const Undisturbed whole = [] {
    Undisturbed result;
    ReturningNode session;
    HandDriver& twin = session.twin;
    result.first_append = session.mortal.appends + 1;
    Boundary next;
    bool is_over = false;
    twin.receiving = [&](Endpoint, const Packet& packet) { next.got = name_of(packet.message); };
    twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
      if (hop.from.role != Role::relay) next.sent.emplace_back(name_of(packet.message));
      return 1;
    };
    twin.handled = [&](Endpoint who) {
      next.who = who;
      if (!is_over && who.role != Role::relay) {
        result.boundaries.push_back(next);
        result.last_append = session.mortal.appends;
      }
      next = {};
      is_over = is_over || session.is_over();
    };
    result.ending = session.come_back();
    return result;
  }();
  return whole;
}

/// Kills the `role` of a new return at each of its boundaries in turn, and compares how it ends.
template <class Arm>
void kill_at_each(Role role, const Arm& arm) {
  const Undisturbed& whole = undisturbed();
  for (std::size_t k = 1; k <= whole.count(role); ++k) {
    ReturningNode session;
    std::size_t seen = 0;
    arm(session.twin, [&](Endpoint who) { return who.role == role && ++seen == k; });

    const Ending ending = session.come_back();

    INFO("killed at boundary " << k << " of " << whole.count(role));
    REQUIRE(seen >= k);
    REQUIRE(ending.is_at_rest);
    CHECK(ending.backlog == whole.ending.backlog);
    CHECK(session.as_promised(ending) == whole.ending);
  }
}

}  // namespace

TEST_CASE("a return that nobody disturbs ends in contact, with each command carried out once", "[recover]") {
  const Undisturbed& whole = undisturbed();
  const Ending& ending = whole.ending;

  CHECK(ending.is_at_rest);
  CHECK(is_in_contact(ending.believed.mode.value()));
  CHECK(is_in_contact(ending.felt));
  CHECK(ending.bundle == derive_id<BundleTag>("recover", 1, "bundle"));
  CHECK(ending.rollout == RolloutState::done);
  CHECK(ending.are_final);
  for (const auto& [id, state] : ending.commands) CHECK(state == CommandState::applied);
  CHECK(ending.effects.size() == 2);
  CHECK(ending.assignments == 1);
  for (const auto& [id, times] : ending.effects) CHECK(times == 1);
  CHECK(ending.results.size() == 2);
  CHECK(ending.backlog.size() >= 2);
  CHECK(whole.last_append > whole.first_append + 15);
}

TEST_CASE("the boundaries of a return are those of each message of the protocol, on both sides",
          "[recover]") {
  const Undisturbed& whole = undisturbed();
  for (const char* name : {"Hello", "Chunk", "Fin", "Heartbeat"}) {
    INFO(name);
    CHECK(whole.sent(Role::node, name) >= 1);
    CHECK(whole.got(Role::master, name) >= 1);
  }
  for (const char* name : {"Grant", "ChunkAck", "Verdict", "CommandDelivery", "HeartbeatAck"}) {
    INFO(name);
    CHECK(whole.sent(Role::master, name) >= 1);
    CHECK(whole.got(Role::node, name) >= 1);
  }
  CHECK(whole.got(Role::master, "Chunk") >= 4);
  CHECK(whole.got(Role::node, "CommandDelivery") >= 3);
  CHECK(whole.count(Role::master) > 15);
  CHECK(whole.count(Role::node) > 15);
}

TEST_CASE(
    "a return whose master is killed at any message boundary ends as if nobody had died, and nothing runs "
    "twice (I-30, I-32, I-42)",
    "[recover][return]") {
  kill_at_each(Role::master, [](HandDriver& twin, auto is_time) {
    twin.handled = [&twin, is_time](Endpoint who) mutable {
      if (is_time(who)) twin.restart_master();
    };
  });
}

TEST_CASE("a return whose master is killed before it sends what it decided ends as if nobody had died",
          "[recover][return]") {
  kill_at_each(Role::master, [](HandDriver& twin, auto is_time) { twin.dies_unheard = is_time; });
}

TEST_CASE("a return whose node is killed at any message boundary ends as if nobody had died",
          "[recover][return]") {
  kill_at_each(Role::node, [](HandDriver& twin, auto is_time) {
    twin.handled = [&twin, is_time](Endpoint who) mutable {
      if (is_time(who)) twin.reboot(0);
    };
  });
}

TEST_CASE("a return whose node is killed before it sends what it wrote ends as if nobody had died",
          "[recover][return]") {
  kill_at_each(Role::node, [](HandDriver& twin, auto is_time) { twin.dies_unheard = is_time; });
}

TEST_CASE("a return whose master and node are killed at the same boundary ends as if nobody had died",
          "[recover][return]") {
  kill_at_each(Role::master, [](HandDriver& twin, auto is_time) {
    twin.handled = [&twin, is_time](Endpoint who) mutable {
      if (!is_time(who)) return;
      twin.restart_master();
      twin.reboot(0);
    };
  });
}

TEST_CASE("a return whose master is killed behind any event it writes ends as if nobody had died",
          "[recover][return]") {
  const Undisturbed& whole = undisturbed();
  for (std::uint64_t k = whole.first_append; k <= whole.last_append; ++k) {
    ReturningNode session;
    session.mortal.dies_after = k;

    const Ending ending = session.come_back();

    INFO("killed behind append " << k << " of " << whole.first_append << ".." << whole.last_append);
    REQUIRE(session.mortal.deaths == 1);
    REQUIRE(ending.is_at_rest);
    CHECK(session.as_promised(ending) == whole.ending);
  }
}
