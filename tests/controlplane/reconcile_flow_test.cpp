#include "controlplane/attention_queue.hpp"
#include "controlplane/projections.hpp"
#include "hand_driver.hpp"
#include "model/payloads.hpp"
#include "planted_defect.hpp"

/// Bodies, reconciliation, drift and attention in the lives of a node and its master: what the node shows,
/// what the master decides at a return, what the node makes of it.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr auto mtu = "net/mtu";

struct Life : HandDriver {
  explicit Life(ReconcilePolicy policy, const std::string& window = "") {
    start(1);
    RolloutOrder order;
    order.bundle.id = derive_id<BundleTag>("hand", 1, "bundle");
    order.bundle.name = "baseline";
    order.bundle.version = "1.0.0";
    order.bundle.release = 1;
    order.bundle.objects[mtu] = {.value = exact_value("1500"), .policy = policy};
    order.bundle.objects["service"].value = exact_value("on");
    order.bundle.constraints.maintenance_window = window;
    order.waves = {1};
    run_for(1min);
    roll_out(order);
    run_for(5min);
    REQUIRE(value_of(mtu) == "1500");
  }

  void change(const std::string& object, const std::string& value, bool decided, std::uint32_t node = 0) {
    Outbox out;
    agents[node].change(object, exact_value(value), decided, now, out);
    for (const Written& entry : out.written) written[node][index_of(entry.stream)].push_back(entry.value);
    for (const Outgoing& outgoing : out.sends) give(outgoing.via, outgoing.packet);
  }
  /// The node goes away, changes the object, and comes back.
  void change_alone(const std::string& object, const std::string& value, bool decided) {
    cut(0);
    REQUIRE(run_to([&] { return agent().mode() == ConnectivityMode::autonomous; }));
    change(object, value, decided);
    run_for(5min);
    heal(0);
    REQUIRE(run_to([&] { return count(EventType::replay_verdict) > 0; }));
    run_for(2min);
  }
  [[nodiscard]] std::string value_of(const std::string& object, std::uint32_t node = 0) const {
    const auto& present = agent(node).objects().present;
    const auto found = present.find(object);
    return found == present.end() ? "" : found->second.text;
  }
  [[nodiscard]] NodeReconciled reconciled() const {
    for (const Event& event : events())
      if (event.type == EventType::node_reconciled) return *payload_of<NodeReconciled>(event);
    FAIL("nothing was reconciled");
    return {};
  }
  [[nodiscard]] ReplayVerdict verdict() const {
    for (const Event& event : events())
      if (event.type == EventType::replay_verdict) return *payload_of<ReplayVerdict>(event);
    FAIL("there was no verdict");
    return {};
  }
  [[nodiscard]] NodeDrift drift(std::uint32_t node = 0) const {
    return *master->views().drift().find(id_of(node));
  }
};

}  // namespace

TEST_CASE("a snapshot's body reaches its master under the digest that the entry names", "[bodies]") {
  HandDriver twin;
  twin.start(2);
  twin.run_until(at(10min));

  std::size_t named = 0;
  for (const Event& event : twin.events()) {
    if (event.type != EventType::observation_recorded) continue;
    const auto observation = payload_of<Observation>(event);
    const auto body = twin.master->bodies().get(observation->body);
    REQUIRE(body.has_value());
    CHECK(digest_of(*body) == observation->body);
    CHECK(decode<Snapshot>(*body)->reported_version == "1.0.0");
    CHECK(observation->ref == "snapshot/" + text_of(observation->body));
    ++named;
  }
  CHECK(named >= 18);
  CHECK(twin.master->bodies().size() == 1);  // both nodes are alike, and nothing changed
}

TEST_CASE("a body that is not the one its entry names is evidence, and the entry is not evaluated",
          "[bodies]") {
  Life twin(ReconcilePolicy::epoch_wins);
  REQUIRE(twin.drift().evaluated);
  // As if the node itself sent it so: seal and digest are of what it sends.
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    auto* chunk = std::get_if<Shared<Chunk>>(&packet.message);
    if (chunk == nullptr || hop.from.role != Role::node || (*chunk)->stream != StreamClass::snapshot)
      return 1;
    Chunk altered = **chunk;
    altered.entries[0].body.back() ^= 1;
    altered.digest = digest_of(altered.entries);
    packet.message = std::make_shared<const Chunk>(std::move(altered));
    packet.seal = seal_of(HandDriver::secret_of(0), packet.message);
    return 1;
  };
  twin.change("service", "off", false);
  twin.run_for(2min);

  CHECK(twin.count(EventType::input_rejected) >= 1);
  CHECK_FALSE(twin.drift().evaluated);
  CHECK(twin.drift().score == 0);
}

TEST_CASE("what a node decided alone under NODE_WINS is settled at its return and in spec from then on",
          "[reconcile][drift]") {
  Life twin(ReconcilePolicy::node_wins);
  twin.change_alone(mtu, "1400", true);

  CHECK(twin.verdict().kind == VerdictKind::clean);
  REQUIRE(twin.reconciled().decisions.size() == 1);
  CHECK(twin.reconciled().decisions[0].outcome == ReconcileOutcome::keep_node);
  CHECK(twin.value_of(mtu) == "1400");
  CHECK(twin.drift().evaluated);
  CHECK(twin.drift().score == 0);

  // The same bundle once more does not undo what was settled against it.
  twin.reboot(0);
  CHECK(twin.agent().objects().settled.at(mtu) == exact_value("1400"));
}

TEST_CASE("a hand's edit under CONTROL_WINS is drift until the return, which undoes it",
          "[reconcile][drift]") {
  Life twin(ReconcilePolicy::control_wins);
  twin.change(mtu, "1400", false);
  twin.run_for(2min);
  CHECK(twin.drift().score > 0);
  CHECK(twin.drift().out_of_spec == 1);

  twin.change_alone("extra", "x", false);

  CHECK(twin.verdict().kind == VerdictKind::clean);
  CHECK(twin.reconciled().decisions.at(0).outcome == ReconcileOutcome::take_desired);
  CHECK(twin.value_of(mtu) == "1500");
  CHECK(twin.value_of("extra") == "x");  // nothing is deleted because nobody names it (I-46)
  CHECK(twin.drift().score == 0);
}

TEST_CASE("a difference under QUARANTINE is a violation with its reason, and nothing is carried out",
          "[reconcile]") {
  Life twin(ReconcilePolicy::quarantine);
  twin.change_alone(mtu, "1400", false);

  CHECK(twin.verdict().kind == VerdictKind::violation);
  CHECK(twin.verdict().reasons == std::vector<std::string>{"reconcile: net/mtu"});
  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK(twin.value_of(mtu) == "1400");
}

TEST_CASE("a node in critical work is not disturbed by its return under DEFER", "[reconcile]") {
  Life twin(ReconcilePolicy::defer);
  twin.change("node/critical_work", "true", false);
  twin.change_alone(mtu, "1400", false);

  CHECK(twin.verdict().kind == VerdictKind::clean);
  CHECK(twin.reconciled().decisions.at(0).outcome == ReconcileOutcome::deferred);
  CHECK(twin.value_of(mtu) == "1400");
}

TEST_CASE(
    "what was deferred is taken up once the node is no longer in critical work, not at its next absence",
    "[reconcile]") {
  Life twin(ReconcilePolicy::defer);
  twin.change("node/critical_work", "true", false);
  twin.change_alone(mtu, "1400", false);
  twin.run_for(10min);
  REQUIRE(twin.value_of(mtu) == "1400");
  REQUIRE(twin.count(EventType::sync_gap_detected) == 0);

  twin.change("node/critical_work", "false", false);
  twin.run_for(3min);

  CHECK(twin.value_of(mtu) == "1500");
  CHECK(twin.count(EventType::sync_gap_detected) == 1);
  CHECK(twin.record().is_in_contact());
  twin.run_for(10min);
  CHECK(twin.count(EventType::sync_gap_detected) == 1);
}

TEST_CASE("a difference under QUARANTINE that a snapshot shows in contact quarantines without a return (A32)",
          "[reconcile]") {
  Life twin(ReconcilePolicy::quarantine);
  twin.change(mtu, "1400", false);
  twin.run_for(2min);

  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK(twin.count(EventType::trust_violation) == 1);
  CHECK(twin.count(EventType::replay_verdict) == 0);
}

TEST_CASE(
    "a node that must be distrusted gets a verdict at its return, though it has nothing to replay (S14)",
    "[reconcile]") {
  Life twin(ReconcilePolicy::quarantine);
  twin.agents[0].set_health(Health::degraded);
  REQUIRE(twin.run_to([&] { return twin.record().state.phase == Phase::degraded; }));

  twin.change(mtu, "1400", false);  // from DEGRADED the table has no way into quarantine but a return
  twin.run_for(3min);

  CHECK(twin.record().state.phase == Phase::quarantined);
  CHECK(twin.count(EventType::replay_not_needed) == 0);
  CHECK(twin.verdict().reasons == std::vector<std::string>{"reconcile: net/mtu"});
}

namespace {

constexpr auto at_two = "daily 00:00-00:10; 02:00-03:00";

/// A node whose return decided, outside of its window, to undo what was changed by hand.
struct Waits : Life {
  explicit Waits(ReconcilePolicy policy = ReconcilePolicy::epoch_wins) : Life(policy, at_two) {
    change_alone(mtu, "1400", false);
    REQUIRE(verdict().kind == VerdictKind::clean);
    REQUIRE(now > ibcf::at(10min));
  }
  [[nodiscard]] std::size_t waiting() const { return agent().objects().waiting.decisions.size(); }
  /// Away for long enough to have to come back.
  void come_back_again() {
    const std::size_t before = count(EventType::replay_verdict);
    cut(0);
    REQUIRE(run_to([&] { return agent().mode() == ConnectivityMode::autonomous; }));
    heal(0);
    REQUIRE(run_to([&] { return count(EventType::replay_verdict) > before; }));
    run_for(2min);
  }
};

}  // namespace

TEST_CASE("I-62: what a return decides waits for its bundle's window, and is expected drift until then",
          "[reconcile][drift][window]") {
  Waits twin;
  CHECK(twin.value_of(mtu) == "1400");
  CHECK(twin.waiting() == 1);
  const auto is_apart = [&] {
    const auto details = twin.master->views().drift().details_of(HandDriver::id_of(0));
    return twin.drift().score == 0 && details->out_of_spec.empty() && details->expected.size() == 1 &&
           details->expected[0].drift.object == mtu &&
           details->expected[0].excuse == Excuse::maintenance_window;
  };
  CHECK(is_apart());
  twin.run_until(at(119min));
  CHECK(twin.value_of(mtu) == "1400");
  CHECK(is_apart());

  twin.run_until(at(121min));
  CHECK(twin.value_of(mtu) == "1500");
  CHECK(twin.waiting() == 0);
  CHECK(twin.drift().evaluated);
  CHECK(twin.drift().expected == 0);
  CHECK(twin.drift().score == 0);

  // What a hand changes after that was decided by nobody.
  twin.run_until(at(4h));
  twin.change(mtu, "1400", false);
  twin.run_for(2min);
  CHECK(twin.drift().out_of_spec == 1);
  CHECK(twin.drift().expected == 0);
}

TEST_CASE("what enforces security is not put off to the maintenance window", "[reconcile][window]") {
  const Waits twin(ReconcilePolicy::control_wins);
  CHECK(twin.value_of(mtu) == "1500");
  CHECK(twin.waiting() == 0);
}

TEST_CASE("planted: a node that ignores constraints carries a decision out whatever its bundle's window",
          "[reconcile][window][defect]") {
  const Planted planted(Defect::constraint_ignored);
  CHECK(Waits().value_of(mtu) == "1500");
}

TEST_CASE("what waits for the window is done in it, alone and after a reboot too",
          "[reconcile][window][reboot]") {
  Waits twin;
  twin.cut(0);
  REQUIRE(twin.run_to([&] { return twin.agent().mode() == ConnectivityMode::autonomous; }));
  twin.reboot(0);
  CHECK(twin.waiting() == 1);
  twin.run_until(at(119min));
  CHECK(twin.value_of(mtu) == "1400");
  twin.run_until(at(121min));

  CHECK(twin.value_of(mtu) == "1500");
}

TEST_CASE("a return before the window decides nothing anew, and counts no try", "[reconcile][window]") {
  Waits twin(ReconcilePolicy::give_up);
  for (int more = 0; more < 4; ++more) twin.come_back_again();
  REQUIRE(twin.now < at(119min));
  std::size_t told = 0;
  for (const Event& event : twin.events())
    if (event.type == EventType::node_reconciled) told += payload_of<NodeReconciled>(event)->decisions.size();
  CHECK(told == 1);
  CHECK(twin.waiting() == 1);
  twin.run_until(at(121min));

  CHECK(twin.value_of(mtu) == "1500");
}

TEST_CASE("I-23: what waits under a term that is over is not done, but asked for anew",
          "[reconcile][window][authority]") {
  Waits twin;
  const auto heads = twin.agent().objects().waiting.epoch;
  const std::size_t before = twin.count(EventType::node_reconciled);
  // Its master hears of a new term, and tells it.
  twin.give({Role::master, 0}, {{Role::master, 1}, {Role::master, 0}, EpochNotice{twin.domain, heads + 1}});
  twin.run_for(10s);
  CHECK(twin.count(EventType::sync_gap_detected) == 1);
  twin.run_for(1min);

  CHECK(twin.count(EventType::node_reconciled) == before + 1);
  CHECK(twin.waiting() == 1);
  CHECK(twin.agent().objects().waiting.epoch == heads + 1);
  twin.run_until(at(121min));
  CHECK(twin.value_of(mtu) == "1500");
}

TEST_CASE("what a node decides alone is not undone in the window by what was decided before",
          "[reconcile][window]") {
  Waits twin;
  twin.cut(0);
  REQUIRE(twin.run_to([&] { return twin.agent().mode() == ConnectivityMode::autonomous; }));
  twin.change(mtu, "1300", true);
  CHECK(twin.waiting() == 0);
  twin.run_until(at(121min));

  CHECK(twin.value_of(mtu) == "1300");
}

TEST_CASE("a verdict that got lost is carried out with the next one", "[reconcile]") {
  Life twin(ReconcilePolicy::control_wins);
  twin.on_the_way = [&](const HandDriver::Hop&, Packet& packet) {
    const auto* verdict = std::get_if<Shared<Verdict>>(&packet.message);
    return verdict != nullptr && (*verdict)->session != 0 ? 0 : 1;
  };
  twin.change_alone(mtu, "1400", false);
  CHECK(twin.value_of(mtu) == "1400");
  twin.cut(0);  // long enough for both to start over
  twin.run_for(10min);
  twin.on_the_way = [](const HandDriver::Hop&, Packet&) { return 1; };
  twin.heal(0);

  CHECK(twin.run_to([&] { return twin.value_of(mtu) == "1500"; }));
}

TEST_CASE("I-65: a drifting node is an item of its master's queue, and no more once it is put right",
          "[attention]") {
  Life twin(ReconcilePolicy::control_wins);
  twin.change(mtu, "1400", false);
  twin.run_for(12min);
  const auto top = twin.master->attention().top(5);
  REQUIRE(top.size() == 1);
  CHECK(top[0].subject == any(HandDriver::id_of(0)));
  CHECK(top[0].signals.drift > 0);

  twin.change(mtu, "1500", false);
  twin.run_for(12min);

  CHECK(twin.master->attention().top(5).empty());
}
