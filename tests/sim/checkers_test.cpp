#include "sim/checkers.hpp"

#include <catch2/catch.hpp>

#include "controlplane/memory_store.hpp"
#include "model/payloads.hpp"

/// Who checks the checkers: good and bad histories, written by hand.
using namespace ibcf;
using namespace ibcf::sim;
using namespace std::chrono_literals;

namespace {

const AnyId node_id = any(derive_id<NodeTag>("checkers", 1, "node"));
const AnyId master_id = any(derive_id<MasterTag>("checkers", 1, "master"));

/// One node that writes, two stores that take.
struct Bench {
  Ledger ledger{1, 2};
  Checkers checkers{7, 2, ledger};
  std::vector<Event> written;

  Bench() { ledger.add_node(0, node_id); }

  /// The node's next event.
  Event write(Event event = {}) {
    event.origin = node_id;
    event.seq = written.size() + 1;
    event.prev = written.empty() ? Digest{} : chain_value_of(encode(written.back()));
    ledger.wrote(0, {event.stream, event.seq, chain_value_of(encode(event))});
    return written.emplace_back(event);
  }
  void store(const Event& event, std::uint32_t master = 0) {
    const Bytes packed = encode(event);
    const auto taken = ledger.stored(master, {0, at(5s), packed}, event);
    checkers.stored("east", "pump-3", taken, event, at(5s));
  }
  /// A command as its master's log tells of it.
  Command issue(std::uint64_t epoch, Instant execute_before = never,
                DeliverySemantics delivery = DeliverySemantics::at_least_once) {
    Command command;
    command.delivery = delivery;
    command.id = derive_id<CommandTag>("checkers", 1, "command", ++commands_);
    command.epoch = epoch;
    command.issued_by = id_cast<MasterTag>(master_id);
    command.execute_before = execute_before;
    Event event;
    event.origin = master_id;
    event.seq = commands_;
    event.type = EventType::command_issued;
    event.payload = encode(CommandIssued{command});
    store(event);
    return command;
  }
  void execute(const Command& command, std::uint64_t max_epoch_seen,
               ConnectivityMode mode = ConnectivityMode::live) {
    checkers.executed("pump-3",
                      ledger.executed(0, {command.id, command.epoch, max_epoch_seen, mode}, at(1min)));
  }
  void acknowledge(std::uint64_t mark) {
    checkers.acknowledged("pump-3", ledger.acknowledged(0, {mark, 0, 0, 0}), at(2min));
  }

  /// The invariants found broken, in order: "I-7".
  [[nodiscard]] std::vector<std::string> found() const {
    std::vector<std::string> names;
    for (const std::string& line : checkers.findings()) names.push_back(line.substr(0, line.find(' ')));
    return names;
  }

 private:
  std::uint64_t commands_ = 0;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a good history breaks nothing: stored once here, copied there, acknowledged, executed",
          "[checkers]") {
  Bench bench;
  const Event one = bench.write();
  const Event two = bench.write();

  bench.store(one);
  bench.acknowledge(1);
  bench.store(one, 1);
  bench.store(two, 1);
  bench.acknowledge(2);
  bench.store(two);
  const Command command = bench.issue(3, at(1h));
  bench.execute(command, 3);

  CHECK(bench.found() == Names{});
  CHECK_FALSE(bench.checkers.have_found());
}

TEST_CASE("a finding names invariant, time, event of the log, seed and node in one line", "[checkers]") {
  Bench bench;
  bench.store(bench.write());

  bench.acknowledge(2);

  CHECK(bench.checkers.findings() ==
        Names{"I-7 at 00:02:00, event 1, seed 7: pump-3 was told that its CONTROL event 2 is stored, and no "
              "store has it"});
}

TEST_CASE("I-4: one store that takes an event a second time is found, two stores that take it once are not",
          "[checkers]") {
  Bench bench;
  const Event one = bench.write();

  bench.store(one);
  bench.store(one, 1);
  CHECK(bench.found() == Names{});
  bench.store(one);

  CHECK(bench.found() == Names{"I-4"});
  CHECK(bench.ledger.stored_twice(0) == 1);
}

TEST_CASE("I-3: a master's event without the one before it is found at once", "[checkers]") {
  Bench bench;
  Event own;
  own.origin = master_id;
  own.seq = 2;
  bench.store(own);

  CHECK(bench.found() == Names{"I-3"});
}

TEST_CASE("I-3: a node's event may come ahead of others, until its log is said to be complete",
          "[checkers]") {
  Bench bench;
  const Event one = bench.write();
  bench.store(bench.write());
  const auto say_complete = [&] {
    bench.checkers.complete("east", "pump-3", bench.ledger.holes(0, node_id), at(3min));
  };
  CHECK(bench.found() == Names{});

  SECTION("too early") {
    say_complete();
    CHECK(bench.found() == Names{"I-3"});
  }
  SECTION("in time") {
    bench.store(one);
    say_complete();
    CHECK(bench.found() == Names{});
  }
}

TEST_CASE("I-3: a gap covers what was dropped, and only where the chain goes on as the node wrote it",
          "[checkers]") {
  Bench bench;
  for (int i = 0; i < 3; ++i) bench.write();
  Event gap = bench.written[2];
  gap.type = EventType::stream_gap;
  const auto with_value = [&](const Digest& value) {
    gap.payload = encode(StreamGap{1, 3, "buffer full", value});
    return gap;
  };

  SECTION("as it was") {
    bench.store(with_value(chain_value_of(encode(bench.written[2]))));
    bench.acknowledge(3);
    CHECK(bench.found() == Names{});
  }
  SECTION("to another chain") {
    bench.store(with_value(Digest{}));
    CHECK(bench.found() == Names{"I-52"});
  }
}

TEST_CASE(
    "I-3: what a master parked stands in its place, and what is neither parked nor stored is a hole still",
    "[checkers]") {
  Bench bench;
  const std::uint64_t session = 9;
  for (int i = 0; i < 4; ++i) bench.write();
  const auto park = [&](const Event& poison, std::uint32_t master, std::uint64_t place = 2) {
    Event own;
    own.origin = master_id;
    own.seq = 1;
    own.subject = node_id;
    own.type = EventType::range_parked;
    const Bytes packed = encode(poison);
    own.payload =
        encode(RangeParked{session, 1, StreamClass{}, place, place, "no event", digest_of(packed), packed});
    bench.store(own, master);
  };
  const auto judge = [&](std::uint32_t master) {
    bench.checkers.complete("east", "pump-3", bench.ledger.holes(master, node_id), at(3min));
    return bench.found();
  };
  const Event& poison = bench.written[1];

  SECTION("parked, and copied by another master") {
    for (const std::uint32_t master : {0u, 1u}) {
      bench.store(bench.written[0], master);
      park(poison, master);
      bench.store(bench.written[2], master);
      CHECK(judge(master) == Names{});
    }
    bench.acknowledge(3);
    CHECK(bench.found() == Names{});
    CHECK(bench.ledger.parked_in(session) == 1);
  }
  SECTION("not parked") {
    bench.store(bench.written[0]);
    bench.store(bench.written[2]);
    CHECK(judge(0) == Names{"I-3"});
  }
  SECTION("another one was parked") {
    bench.store(bench.written[0]);
    park(poison, 0);
    bench.store(bench.written[3]);
    CHECK(judge(0) == Names{"I-3"});
  }
  SECTION("parked at one master, and missing at the other") {
    park(poison, 0);
    bench.store(bench.written[2], 1);
    CHECK(judge(1) == Names{"I-3"});
  }
  SECTION("what was parked is not what the node wrote") {
    Event altered = poison;
    altered.uptime += 1ns;
    park(altered, 0);
    CHECK(bench.found() == Names{"I-52"});
  }
  SECTION("what was parked stood elsewhere in its log") {
    park(poison, 0, 3);
    CHECK(bench.found() == Names{"I-52"});
  }
}

TEST_CASE("I-44: a replay in which something was parked and that is called clean all the same is found",
          "[checkers]") {
  Bench bench;

  bench.checkers.clean("east", "pump-3", 0, at(3min));
  CHECK(bench.found() == Names{});
  bench.checkers.clean("east", "pump-3", 2, at(3min));

  CHECK(bench.found() == Names{"I-44"});
}

TEST_CASE("I-52: an event that its node did not write, or wrote with other bytes, is found", "[checkers]") {
  Bench bench;
  Event event = bench.write();

  SECTION("one bit") {
    event.uptime += 1ns;
  }
  SECTION("from the future") {
    event.seq = 2;
  }
  SECTION("from before the beginning") {
    event.seq = 0;
  }
  bench.store(event);

  CHECK(bench.found() == Names{"I-52"});
  CHECK(bench.ledger.forged(0) == 1);
}

TEST_CASE("what a node must not execute is found by the invariant it breaks", "[checkers]") {
  Bench bench;
  const Command command = bench.issue(2, at(1min));

  SECTION("I-23: a newer term is known") {
    bench.execute(command, 3);
    CHECK(bench.found() == Names{"I-23"});
  }
  SECTION("I-31: twice") {
    bench.execute(command, 2);
    bench.execute(command, 2);
    CHECK(bench.found() == Names{"I-31"});
  }
  SECTION("I-30: twice, though its node went down amid the first time and it is at most once") {
    const Command once = bench.issue(2, never, DeliverySemantics::at_most_once);
    bench.execute(once, 2);
    bench.ledger.went_down(0, 10s, at(1min + 5s));
    bench.execute(once, 2);
    CHECK(bench.found() == Names{"I-30"});
  }
  SECTION("I-31: once more than its node went down amid it") {
    bench.execute(command, 2);
    bench.ledger.went_down(0, 10s, at(1min + 5s));
    bench.execute(command, 2);
    CHECK(bench.found() == Names{});
    CHECK(bench.ledger.executions().back().redone);
    bench.execute(command, 2);
    CHECK(bench.found() == Names{"I-31"});
  }
  SECTION("I-31: its node went down after it was done") {
    bench.execute(command, 2);
    bench.ledger.went_down(0, 10s, at(1min + 11s));
    bench.execute(command, 2);
    CHECK(bench.found() == Names{"I-31"});
  }
  SECTION("I-33: late") {
    bench.execute(bench.issue(2, at(59s)), 2);
    CHECK(bench.found() == Names{"I-33"});
  }
  SECTION("I-36: before it is reconciled") {
    bench.execute(command, 2, ConnectivityMode::replaying);
    CHECK(bench.found() == Names{"I-36"});
  }
  SECTION("I-53: nobody ordered it") {
    Command forged = command;
    forged.id = derive_id<CommandTag>("checkers", 1, "forged");
    bench.execute(forged, 2);
    CHECK(bench.found() == Names{"I-53"});
  }
}

TEST_CASE("I-41: a lock without a replay and a replay without a lock are found", "[checkers]") {
  Bench bench;
  NodeRecord node;
  node.enrolment.facts.name = "pump-3";
  const auto judge = [&] {
    bench.checkers.lock("east", node, at(1s));
    return bench.found();
  };

  CHECK(judge() == Names{});
  node.lock.emplace();
  CHECK(judge() == Names{"I-41"});
  node.state.mode = ConnectivityMode::replaying;
  CHECK(judge() == Names{"I-41"});
  node.lock.reset();
  CHECK(judge() == Names{"I-41", "I-41"});
}

TEST_CASE("I-21 and I-24: two holders of one epoch, and an older holder that goes on, are found",
          "[checkers]") {
  Bench bench;
  const auto judge = [&](const std::vector<Checkers::Holder>& holders) {
    bench.checkers.holders("east", holders, at(1s));
    return bench.found();
  };

  CHECK(judge({}) == Names{});
  CHECK(judge({{"a", 1}}) == Names{});
  CHECK(judge({{"a", 2}, {"b", 2}}) == Names{"I-21"});
  CHECK(judge({{"a", 2}, {"b", 1}}) == Names{"I-21", "I-24"});
  CHECK(bench.checkers.findings()[1].find("b still acts for east in epoch 1 while a has begun epoch 2") !=
        std::string::npos);
  CHECK(bench.checkers.two_holders() == 2);
}

TEST_CASE("I-71 and I-72: a link that loses count or carries more than it can is found", "[checkers]") {
  Bench bench;
  const LinkSpec link{.name = "a - b", .bandwidth_bps = 8000};  // 1000 bytes a second

  bench.checkers.link(
      link, {.sent = 6, .delivered = 3, .dropped = 2, .in_flight = 1, .carried_bytes = 10'000}, at(10s));
  CHECK(bench.found() == Names{});
  bench.checkers.link(link, {.sent = 6, .delivered = 3, .dropped = 2, .in_flight = 0, .carried_bytes = 0},
                      at(10s));
  CHECK(bench.found() == Names{"I-71"});
  bench.checkers.link(
      link, {.sent = 1, .delivered = 1, .dropped = 0, .in_flight = 0, .carried_bytes = 12'000}, at(10s));
  CHECK(bench.found() == Names{"I-71", "I-72"});
}

namespace {

/// A store that lies about its past: from `tampered` on it shows other bytes than it took.
struct LyingStore final : MemoryStore {
  std::uint64_t tampered = UINT64_MAX;

  Scanned scan(const Selection& selection, const Reader& see) const override {
    return MemoryStore::scan(selection, [&](const Stored& stored) {
      Bytes bytes(stored.packed.begin(), stored.packed.end());
      if (stored.position >= tampered) bytes.back() ^= 1;
      return see({stored.position, stored.ingested, bytes});
    });
  }
  [[nodiscard]] std::uint64_t verify() const override { return std::min(tampered, size()); }
};

}  // namespace

TEST_CASE("I-5 and I-6: what came in is followed to the head, and the whole look finds what changed since",
          "[checkers]") {
  Bench bench;
  LyingStore store;
  const auto take = [&](std::uint64_t seq) {
    Event event;
    event.origin = master_id;
    event.seq = seq;
    const Bytes packed = encode(event);
    const ByteView view = packed;
    REQUIRE(store.append(store.size(), at(1s), {&view, 1}) == AppendResult::appended);
  };
  take(1);
  take(2);
  bench.checkers.chain(0, "east", store, false, at(1s));
  take(3);
  bench.checkers.chain(0, "east", store, true, at(1s));
  REQUIRE(bench.found() == Names{});

  SECTION("a new entry") {
    take(4);
    store.tampered = 3;
    bench.checkers.chain(0, "east", store, false, at(1s));
    CHECK(bench.found() == Names{"I-5"});
  }
  SECTION("an old entry shows only when everything is read again") {
    store.tampered = 1;
    bench.checkers.chain(0, "east", store, false, at(1s));
    CHECK(bench.found() == Names{});
    bench.checkers.chain(0, "east", store, true, at(1s));
    CHECK(bench.found() == Names{"I-6"});
  }
}

TEST_CASE("I-11 and I-40: projections that drifted from the log, and a step without an arrow, are found",
          "[checkers]") {
  Bench bench;
  MemoryStore store;
  const std::vector<Domain> domains{{derive_id<DomainTag>("checkers", 1, "east"), "east", {}}};
  Projections live(domains);
  std::uint64_t seq = 0;
  const auto take = [&](EventType type, const std::string& arrow) {
    Event event;
    event.origin = master_id;
    event.subject = node_id;
    event.seq = ++seq;
    event.type = type;
    event.payload = encode(LifecycleStep{arrow, ConnectivityMode::live, Health::ok, ""});
    const Bytes packed = encode(event);
    const ByteView view = packed;
    REQUIRE(store.append(store.size(), at(1s), {&view, 1}) == AppendResult::appended);
    return event;
  };

  live.catch_up(store);
  bench.checkers.projections(store, live, domains, at(1s));
  REQUIRE(bench.found() == Names{});
  take(EventType::conn_lost, "S8");  // of a node that never was
  bench.checkers.projections(store, live, domains, at(1s));
  CHECK(bench.found() == Names{"I-11", "I-40"});
  live.catch_up(store);
  bench.checkers.projections(store, live, domains, at(1s));
  CHECK(bench.found() == Names{"I-11", "I-40", "I-40"});
}

TEST_CASE("of many findings the first are told and the rest are counted", "[checkers]") {
  Bench bench;
  for (int i = 0; i < 15; ++i) bench.execute(Command{}, 0);

  const auto findings = bench.checkers.findings();

  REQUIRE(findings.size() == 11);
  CHECK(findings.back().rfind("and ", 0) == 0);
}
