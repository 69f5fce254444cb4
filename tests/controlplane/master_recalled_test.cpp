#include <algorithm>
#include <map>
#include <set>

#include "controlplane/artifact_release.hpp"
#include "controlplane/projections.hpp"
#include "controlplane/sha256.hpp"
#include "hand_driver.hpp"
#include "model/payloads.hpp"
#include "mortal_store.hpp"

/// A master that ran on, and one built again from the same log, are the same master: at every step of a life
/// in which everything happens that a log tells.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// A master built again from what is in the log of the twin's by now, on a copy of it.
struct Again {
  MemoryStore store;
  MemorySnapshots bodies;
  Master master;

  explicit Again(const HandDriver& twin)
      : bodies(twin.bodies),
        master(twin.master_settings, next_life(twin), copied(twin.store), twin.verifier, {}, &bodies) {
    master.recover(twin.inventory, twin.now);
  }

 private:
  static MasterIdentity next_life(const HandDriver& twin) {
    MasterIdentity identity = twin.master_identity;
    ++identity.incarnation;
    return identity;
  }
  MemoryStore& copied(const MemoryStore& from) {
    from.scan(0, [&](const Stored& stored) {
      const ByteView packed = stored.packed;
      return store.append(store.size(), stored.ingested, {&packed, 1}) == AppendResult::appended;
    });
    return store;
  }
};

void check_same_nodes(const Master& ran, const Master& again) {
  REQUIRE(again.nodes().size() == ran.nodes().size());
  for (std::size_t i = 0; i < ran.nodes().size(); ++i) {
    const NodeRecord& a = ran.nodes()[i];
    const NodeRecord& b = again.nodes()[i];
    INFO("node " << i << " " << label_of(a.state) << " / " << label_of(b.state));
    CHECK(a.state == b.state);
    CHECK(a.stored->marks == b.stored->marks);
    CHECK(a.stored->incarnation == b.stored->incarnation);
    for (const StreamClass stream : all_streams) {
      const auto& ours = a.stored->streams[index_of(stream)];
      const auto& theirs = b.stored->streams[index_of(stream)];
      CHECK(ours.value == theirs.value);
      CHECK(ours.islands.size() == theirs.islands.size());
    }
    CHECK(*a.epoch == *b.epoch);
    CHECK(a.open_commands == b.open_commands);
    CHECK(a.fencing_token == b.fencing_token);
    CHECK(a.settled_nonce == b.settled_nonce);
    CHECK(a.is_distrusted == b.is_distrusted);
    CHECK(a.may_return == b.may_return);
    CHECK(a.is_barred() == b.is_barred());
    CHECK(a.bundle == b.bundle);
    CHECK(a.local == b.local);
    CHECK(a.lost_since == b.lost_since);
    REQUIRE(a.lock.has_value() == b.lock.has_value());
    if (a.lock) {
      CHECK(a.lock->session == b.lock->session);
      CHECK(a.lock->fencing_token == b.lock->fencing_token);
      CHECK(a.lock->nonce == b.lock->nonce);
      CHECK(a.lock->heads == b.lock->heads);
      CHECK(a.parked_in_session == b.parked_in_session);
    }
    REQUIRE((a.last_verdict == nullptr) == (b.last_verdict == nullptr));
    if (a.last_verdict != nullptr) CHECK(encode(*a.last_verdict) == encode(*b.last_verdict));
  }
}

void check_same_books(const Master& ran, const Master& again) {
  CHECK(again.commands().awaited() == ran.commands().awaited());
  for (const auto& [id, a] : ran.commands().records()) {
    const CommandRecord* b = again.commands().find(id);
    REQUIRE(b != nullptr);
    CHECK(b->state == a.state);
    CHECK(b->is_settled == a.is_settled);
    CHECK(b->was_sent == a.was_sent);
    CHECK(b->was_held == a.was_held);
  }
  const auto rollouts = ran.rollouts().rollouts();
  const auto others = again.rollouts().rollouts();
  REQUIRE(others.size() == rollouts.size());
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    CHECK(others[i]->state == rollouts[i]->state);
    CHECK(others[i]->bundle_id == rollouts[i]->bundle_id);
    CHECK(others[i]->wave == rollouts[i]->wave);
  }
}

void check_same_brake(const HandDriver& twin, const Master& ran, const Master& again) {
  for (const QuarantineCause& cause : quarantine_causes()) {
    CHECK(again.brake().holds(twin.domain, cause.word) == ran.brake().holds(twin.domain, cause.word));
    // How many more may be quarantined now.
    QuarantineBrake a = ran.brake(), b = again.brake();
    std::vector<Proposed> none;
    for (std::uint32_t more = 0; more < 4; ++more) {
      const NodeId node = HandDriver::id_of(100 + more);
      CHECK(a.allows(twin.domain, ran.nodes().size(), cause.word, node, twin.now, none) ==
            b.allows(twin.domain, again.nodes().size(), cause.word, node, twin.now, none));
    }
  }
}

void check_same(const HandDriver& twin, const Again& restarted) {
  const Master& ran = *twin.master;
  const Master& again = restarted.master;
  INFO("at " << twin.now.time_since_epoch() / 1ms << ", behind event " << twin.store.size() << ", "
             << word_of(twin.events().back().type));
  REQUIRE(restarted.store.size() == twin.store.size());  // nothing was left to be done
  CHECK(again.views().snapshot() == ran.views().snapshot());
  CHECK(again.views().view_bytes() == ran.views().view_bytes());
  CHECK(again.replication().digest() == ran.replication().digest());
  check_same_nodes(ran, again);
  check_same_books(ran, again);
  check_same_brake(twin, ran, again);
  CHECK(again.open_replays() == ran.open_replays());
  CHECK(again.gate().committed() == ran.gate().committed());
  CHECK(again.gate().goodput() == ran.gate().goodput());
  CHECK(again.gate().budget() == ran.gate().budget());
  CHECK(again.epoch_for(twin.domain, twin.now) == ran.epoch_for(twin.domain, twin.now));
  CHECK(again.artifacts().generation() == ran.artifacts().generation());
  CHECK(again.artifacts().keys().revoked == ran.artifacts().keys().revoked);
  CHECK(again.parked().nodes() == ran.parked().nodes());
  for (const NodeRecord& node : ran.nodes())
    CHECK(again.parked().of(node.enrolment.id).size() == ran.parked().of(node.enrolment.id).size());
}

/// What a master answers to one packet, each message in its bytes; but for the numbers that every life of a
/// master has of its own: those of sessions and of commands; and for what is revoked, which each life says
/// anew.
std::vector<Bytes> told(const std::vector<Message>& sent) {
  std::vector<Bytes> all;
  const LinkSecret secret = HandDriver::secret_of(0);
  for (const Message& message : sent) {
    const std::string_view name = name_of(message);
    Bytes bytes(name.begin(), name.end());
    Message plain = message;
    if (std::holds_alternative<Shared<RevocationNotice>>(message)) continue;
    if (const auto* delivery = std::get_if<Shared<CommandDelivery>>(&message)) {
      CommandDelivery same = **delivery;
      same.revocations = nullptr;
      plain = std::make_shared<const CommandDelivery>(same);
    }
    if (const auto* grant = std::get_if<Shared<Grant>>(&message)) {
      Grant same = **grant;
      same.session = 0;
      plain = std::make_shared<const Grant>(same);
    }
    const Seal seal = seal_of(secret, plain);
    bytes.insert(bytes.end(), seal.begin(), seal.end());
    all.push_back(std::move(bytes));
  }
  return all;
}

std::optional<std::string> no_history(const Event& event) {
  if (event.priority == Priority::history) return "history is not known here";
  return objection_to_node(event);
}

std::optional<std::string> no_results(const Event& event) {
  if (event.type == EventType::command_result) return "results are not known here";
  return objection_to_node(event);
}

/// Eight nodes with whom everything happens: they are cut off and replay, install what is revoked later, are
/// quarantined, meet the brake, are remedied over both ways, retired and born again, and send what cannot be
/// read.
struct FullLife {
  HandDriver twin;
  MortalStore mortal{twin};
  std::vector<CommandId> ordered;
  Ed25519Signer release_key{sha256_of(Bytes{1})};
  ArtifactId artifact;

  FullLife() {
    twin.release_keys.trusted = {release_key.public_key()};
    twin.master_settings.release_keys = twin.release_keys.trusted;
    twin.master_settings.objection = no_history;
    twin.master_settings.chunk_bytes = 1000;
    twin.master_settings.replay_credit_bytes = 2000;
    twin.start(8);
    twin.run_until(at(5min));
  }
  static NodeId node(std::uint32_t number) { return HandDriver::id_of(number); }
  [[nodiscard]] Phase phase(std::uint32_t number) const { return *twin.record(number).state.phase; }

  void order(const CommandOrder& what) {
    const auto id = twin.order(what);
    REQUIRE(id);
    ordered.push_back(*id);
  }
  void remediate(std::uint32_t number, bool update) {
    const auto id = twin.remediate(number, update);
    REQUIRE(id);
    ordered.push_back(*id);
  }

  void publish_and_roll_out() {
    ReleaseFacts facts;
    facts.name = "gateway";
    facts.version = "1.1";
    facts.release = 1;
    facts.sha256 = sha256_of(Bytes{7});
    facts.builder_id = "https://builds.example";
    const ArtifactPublished made = make_release(facts, release_key);
    REQUIRE(twin.master->publish_artifact(made, made.artifact.digest, twin.now));
    artifact = made.artifact.id;
    for (const std::uint32_t number : {0u, 1u})
      order({.node = node(number),
             .home = {},
             .scope = {},
             .kind = CommandKind::install_artifact,
             .artifact_id = artifact});
    twin.roll_out(derive_id<BundleTag>("recalled", 1, "bundle"));
    twin.run_until(at(8min));
  }
  void cut_one_off() {
    twin.cut(3);
    for (int i = 0; i < 3; ++i) twin.observe(3, Priority::history);
    twin.run_until(at(10min));
    for (const auto delivery : {DeliverySemantics::at_most_once, DeliverySemantics::at_least_once})
      order({.node = node(3), .home = {}, .scope = {}, .delivery = delivery});
    for (int i = 0; i < 2; ++i) order({.node = node(3), .home = {}, .scope = {}, .coalesce_key = "service"});
  }
  void quarantine() {
    for (const std::uint32_t number : {4u, 5u, 6u})
      REQUIRE(twin.master->order_quarantine(node(number), "alice", twin.now));
    CHECK_FALSE(twin.master->order_quarantine(node(7), "alice", twin.now));
    twin.run_until(at(12min));
    remediate(4, false);
    REQUIRE(twin.decommission(5));
    twin.run_until(at(20min));
    CHECK(phase(4) == Phase::active);
  }
  void replay() {
    twin.heal(3);
    twin.run_until(at(25min));
    REQUIRE(twin.master->parked().of(node(3)).size() == 3);
    twin.master_settings.objection = objection_to_node;  // the master was renewed
    CHECK(twin.redrive(3, "renewed") == 3);
    twin.master_settings.objection = no_results;
    order({.node = node(2), .home = {}, .scope = {}});
    twin.run_until(at(26min));
    twin.master_settings.objection = objection_to_node;
    CHECK(twin.redrive(2, "renewed") == 1);
    twin.run_until(at(27min));
  }
  void update_and_revoke() {
    twin.machine.takes = 10s;
    remediate(6, true);
    twin.run_until(at(29min));
    CHECK(phase(6) == Phase::active);
    twin.master->revoke_artifact(artifact, "recalled", twin.now);
    twin.run_until(at(31min));
    CHECK(phase(0) == Phase::quarantined);
    REQUIRE(twin.master->release_brake(twin.domain, "operator", twin.now));
    REQUIRE(twin.master->order_quarantine(node(7), "alice", twin.now));
    remediate(0, false);
    twin.run_until(at(34min));
  }
  void be_born_again() {
    REQUIRE(phase(5) == Phase::retired);
    Digest secret;
    secret.bytes[0] = 99;
    Enrolment& enrolment = twin.inventory[5];
    enrolment.incarnation = 2;
    enrolment.public_key = Ed25519Signer(secret).public_key();
    REQUIRE(twin.master->reincarnate(enrolment, twin.now));
    twin.cut(2);
    order({.node = node(2), .home = {}, .scope = {}});
    twin.run_until(at(40min));
    twin.heal(2);
    twin.run_until(at(45min));
  }
  void go_through() {
    publish_and_roll_out();
    cut_one_off();
    quarantine();
    replay();
    update_and_revoke();
    be_born_again();
  }
};

}  // namespace

TEST_CASE(
    "a master that ran on and one recovered from the same log have byte-equal projections, locks, tokens, "
    "books, brake and gate, wherever the log ends (I-11)",
    "[recover]") {
  FullLife life;
  HandDriver& twin = life.twin;
  std::uint64_t compared_at = 0;
  std::size_t compared = 0;
  std::set<EventType> seen;
  twin.handled = [&](Endpoint who) {
    if (who.role != Role::master || twin.store.size() == compared_at) return;
    twin.store.scan(compared_at, [&](const Stored& stored) {
      seen.insert(decode<Event>(stored.packed)->type);
      return true;
    });
    compared_at = twin.store.size();
    check_same(twin, Again(twin));
    ++compared;
  };

  life.go_through();

  CHECK(compared > 150);
  for (const EventType type :
       {EventType::replay_granted, EventType::replay_verdict, EventType::quarantine_braked,
        EventType::remediation_completed, EventType::update_completed, EventType::decommission_completed,
        EventType::node_reincarnated, EventType::range_parked, EventType::range_redriven,
        EventType::artifact_judged, EventType::artifact_revoked, EventType::command_moved,
        EventType::rollout_moved, EventType::command_intent}) {
    INFO(word_of(type));
    CHECK(seen.contains(type));
  }
}

TEST_CASE("a master recovered from its log answers each message as the one that ran on", "[recover]") {
  FullLife life;
  HandDriver& twin = life.twin;
  std::vector<Message> answered;
  std::unique_ptr<Again> again;
  Outbox box;
  std::map<std::string_view, std::size_t> kinds;
  twin.on_the_way = [&](const HandDriver::Hop& hop, Packet& packet) {
    if (hop.from.role == Role::master) answered.push_back(packet.message);
    return 1;
  };
  twin.receiving = [&](Endpoint to, const Packet& packet) {
    again.reset();
    if (to.role != Role::master || std::holds_alternative<Heartbeat>(packet.message)) return;
    again = std::make_unique<Again>(twin);
    again->master.start(twin.peers(), twin.now, box);
    box.clear();
    again->master.on_message(packet, twin.now, box);
    answered.clear();
  };
  twin.handled = [&](Endpoint who) {
    if (who.role != Role::master || again == nullptr) return;
    std::vector<Message> sent;
    for (const Outgoing& outgoing : box.sends) sent.push_back(outgoing.packet.message);
    INFO("at " << twin.now.time_since_epoch() / 1ms);
    CHECK(told(sent) == told(answered));
    for (const Message& message : sent) ++kinds[name_of(message)];
    CHECK(again->store.size() == twin.store.size());
    again.reset();
  };

  life.go_through();

  for (const char* kind : {"Grant", "ChunkAck", "Verdict", "CommandDelivery"}) {
    INFO(kind);
    CHECK(kinds[kind] > 0);
  }
}

namespace {

/// How it ended, command by command in the order in which they were ordered.
struct Outcome {
  std::vector<LifecycleState> nodes;
  std::vector<CommandState> commands;
  std::vector<std::size_t> effects;
  std::vector<RolloutState> rollouts;
  bool is_whole = true;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome outcome_of(FullLife& life) {
  life.go_through();
  HandDriver& twin = life.twin;
  twin.run_until(at(90min));  // every command's last moment is over
  Outcome outcome;
  for (std::uint32_t i = 0; i < twin.agents.size(); ++i) {
    outcome.nodes.push_back(twin.record(i).state);
    if (i != 5) outcome.is_whole = outcome.is_whole && twin.is_stored_exactly_once(i);
  }
  for (const CommandId id : life.ordered) {
    outcome.commands.push_back(twin.master->commands().find(id)->state);
    std::size_t effects = 0;
    for (const auto& of_node : twin.executed)
      for (const Executed& one : of_node) effects += one.command == id ? 1 : 0;
    outcome.effects.push_back(effects);
  }
  for (const Rollout* rollout : twin.master->rollouts().rollouts())
    outcome.rollouts.push_back(rollout->state);
  return outcome;
}

}  // namespace

TEST_CASE(
    "a life whose master dies again and again, behind every event it writes once, ends as if it had not",
    "[recover]") {
  FullLife undisturbed;
  const Outcome whole = outcome_of(undisturbed);
  CHECK(whole.is_whole);
  constexpr std::uint64_t apart = 16;
  std::uint64_t deaths = 0;

  for (std::uint64_t first = 1; first <= apart; ++first) {
    FullLife life;
    life.mortal.dies_after = life.mortal.appends + first;
    life.mortal.then_every = apart;
    Outcome outcome = outcome_of(life);
    // Ordered at most once: a copy that died with the master is not sent again (I-30).
    for (std::size_t i = 0; i < outcome.commands.size(); ++i)
      if (undisturbed.twin.master->commands().find(undisturbed.ordered[i])->command.delivery ==
              DeliverySemantics::at_most_once &&
          outcome.commands[i] == CommandState::expired && outcome.effects[i] == 0) {
        outcome.commands[i] = whole.commands[i];
        outcome.effects[i] = whole.effects[i];
      }

    INFO("killed behind append " << first << " and each " << apart << "th");
    CHECK(outcome.nodes == whole.nodes);
    CHECK(outcome.commands == whole.commands);
    CHECK(outcome.effects == whole.effects);
    CHECK(outcome.rollouts == whole.rollouts);
    CHECK(outcome.is_whole);
    deaths += life.mortal.deaths;
  }

  CHECK(deaths > 300);
}
