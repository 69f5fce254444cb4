#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "controlplane/body_source.hpp"
#include "controlplane/lifecycle.hpp"
#include "controlplane/local_grant.hpp"
#include "controlplane/memory_store.hpp"
#include "drift_objects.hpp"
#include "model/payloads.hpp"

/// Random logs as masters and nodes would write them, for whoever folds logs.
namespace ibcf::test {

using namespace std::chrono_literals;

inline const DomainId fleet = derive_id<DomainTag>("test", 1, "fleet");
inline const DomainId north = derive_id<DomainTag>("test", 1, "north");
inline const DomainId south = derive_id<DomainTag>("test", 1, "south");
inline const DomainId harbour = derive_id<DomainTag>("test", 1, "harbour");  // within south

inline std::vector<Domain> domains() {
  return {
      {fleet, "fleet", {}}, {north, "north", fleet}, {harbour, "harbour", south}, {south, "south", fleet}};
}

inline NodeId node_named(std::uint64_t number) {
  return derive_id<NodeTag>("test", 1, "node", number);
}
inline MasterId master_named(std::uint64_t number) {
  return derive_id<MasterTag>("test", 1, "master", number);
}
inline BundleId bundle_named(std::uint64_t number) {
  return derive_id<BundleTag>("test", 1, "bundle", number);
}

/// Writes a log as masters and nodes would: seqs per origin without gaps, clocks that rise.
class Scribe {
 public:
  template <class Payload>
  Event& write(AnyId origin, EventType type, AnyId subject, const Payload& payload) {
    ++now_;
    Event event;
    event.origin = origin;
    event.seq = ++seqs_[origin];
    event.type = type;
    event.subject = subject;
    event.occurred = at(now_ * 1s);
    event.hlc = now_ << 16;
    event.payload = encode(payload);
    return events.emplace_back(std::move(event));
  }
  /// A step by a master, refused by the test where the table has none.
  bool step(MasterId master, NodeId node, EventType trigger, const LifecycleFacts& facts = {}) {
    const Arrow* arrow = find_arrow(truth[node], trigger, facts);
    if (arrow == nullptr) return false;
    truth[node] = evolve(truth[node], *arrow, facts);
    const std::string id(arrow->id);
    const std::string why = "because of " + id;
    const AnyId by = any(master), about = any(node);
    switch (trigger) {
      case EventType::node_enrolled:
        write(by, trigger, about, NodeEnrolled{id, {1, 2}});
        break;
      case EventType::replay_granted:
        write(by, trigger, about, ReplayGranted{id, 1, 2, 3, {}, {}, 5});
        break;
      case EventType::replay_chunk_acked:
        write(by, trigger, about, ReplayChunkAcked{id, 1, StreamClass::control, 2, 3, 4});
        break;
      case EventType::replay_verdict:
        write(by, trigger, about,
              ReplayVerdict{id, 1, facts.verdict, facts.link_class, {why, "and so on"}, {}, 0, 0});
        break;
      case EventType::conn_proxy_evidence:
        write(by, trigger, about, ProxyEvidence{id, {}, {}, why});
        break;
      default:
        write(by, trigger, about, LifecycleStep{id, facts.link_class, facts.health, why});
    }
    return true;
  }
  void enlist(MasterId master, NodeId node, std::uint32_t ordinal, DomainId domain,
              std::vector<std::string> tags = {}, std::string relay = "r") {
    truth[node] = evolve({}, *find_arrow("S1"), {});
    registered[node] = {"n" + std::to_string(ordinal),
                        NodeKind::edge,
                        domain,
                        std::move(tags),
                        "leo",
                        std::move(relay),
                        "s",
                        "x",
                        ordinal,
                        "maker",
                        "model",
                        "bom"};
    write(any(master), EventType::node_registered, any(node), registered[node]);
  }
  void activate(MasterId master, NodeId node) {
    step(master, node, EventType::node_enrolled);
    step(master, node, EventType::node_activated);
    step(master, node, EventType::conn_classified);
  }

  std::vector<Event> events;
  std::map<NodeId, LifecycleState> truth;
  std::map<NodeId, NodeRegistered> registered;
  std::map<NodeId, BundleId> runs;
  std::map<Digest, Bytes> bodies;

 private:
  std::map<AnyId, std::uint64_t> seqs_;
  std::uint64_t now_ = 0;
};

inline BodySource bodies_of(const Scribe& scribe) {
  return [&scribe](const Digest& digest) -> std::optional<Bytes> {
    const auto found = scribe.bodies.find(digest);
    if (found == scribe.bodies.end()) return std::nullopt;
    return found->second;
  };
}

inline void random_beats(Scribe& scribe, Dice& dice, std::uint32_t nodes) {
  HeartbeatBatch batch;
  batch.from = at(std::chrono::seconds{dice.below(100)});
  batch.until = batch.from + 10s;
  for (std::uint32_t ordinal = 0; ordinal < nodes; ++ordinal) {
    if (dice.below(2) == 0) continue;
    batch.ordinal.push_back(ordinal);
    batch.beats.push_back(1);
    batch.last_seen_ms.push_back(static_cast<std::uint32_t>(dice.below(3) * 1000));
    batch.rtt_us.push_back(static_cast<std::uint32_t>(dice.below(1000)));
    batch.head.push_back(dice.below(100));
    batch.backlog_events.push_back(static_cast<std::uint32_t>(dice.below(100)));
    batch.backlog_bytes.push_back(dice.below(10000));
    batch.mode.push_back(static_cast<ConnectivityMode>(dice.below(7)));
    batch.health.push_back(static_cast<Health>(dice.below(4)));
  }
  scribe.write(any(master_named(dice.below(3))), EventType::heartbeat_batch, any(fleet), batch);
}

inline void random_step(Scribe& scribe, Dice& dice, std::uint32_t nodes) {
  const NodeId node = node_named(dice.below(nodes));
  const LifecycleFacts facts{static_cast<ConnectivityMode>(dice.below(3)), dice.below(2) == 0,
                             static_cast<VerdictKind>(dice.below(3)), static_cast<Health>(dice.below(4))};
  // From 1: a node is registered before this is called. Until one fits, or luck runs out.
  for (int tries = 0; tries < 20; ++tries)
    if (scribe.step(master_named(dice.below(3)), node, static_cast<EventType>(1 + dice.below(39)), facts))
      return;
}

inline void random_node_word(Scribe& scribe, Dice& dice, std::uint32_t nodes) {
  const NodeId node = node_named(dice.below(nodes));
  const BundleId bundle = bundle_named(dice.below(3));
  if (dice.below(2) == 0) {
    Observation observation;
    observation.node_id = node;
    observation.policy_bundle_id = bundle;
    if (dice.below(2) == 0) {
      Snapshot snapshot;
      snapshot.policy_bundle_id = bundle;
      snapshot.objects = any_objects(dice, {}, 4);
      Bytes body = encode(snapshot);
      observation.kind = ObservationKind::snapshot;
      observation.observed_ts = at(std::chrono::seconds{dice.below(100)});
      observation.body = digest_of(body);
      scribe.bodies[observation.body] = std::move(body);
    }
    scribe.write(any(node), EventType::observation_recorded, any(node), observation);
    scribe.runs[node] = bundle;
    return;
  }
  const auto state = dice.below(2) == 0 ? CommandState::fenced : CommandState::applied;
  if (state == CommandState::applied) scribe.runs[node] = bundle;
  scribe.write(any(node), EventType::command_result, any(node),
               CommandResult{derive_id<CommandTag>("test", 1, "command", dice.below(1000)), state,
                             dice.below(5), dice.below(5), bundle, ""});
}

inline void random_local_grant(Scribe& scribe, Dice& dice, NodeId node) {
  const LocalGrant grant{dice.below(4), std::chrono::seconds{30 * (1 + dice.below(4))}};
  scribe.write(any(master_named(dice.below(3))), EventType::authority_granted, any(node),
               AuthorityGranted{local_authority(node, "n", grant, {})});
}

inline void random_grant(Scribe& scribe, Dice& dice) {
  const DomainId scope = std::array{fleet, north, south}[dice.below(3)];
  const MasterId master = master_named(dice.below(3));
  AuthorityGrant grant{scope,         AuthorityLevel::region,
                       master,        "m",
                       dice.below(6), at(std::chrono::seconds{dice.below(50)}),
                       30s,           dice.below(2) == 0 ? GrantReason::renewal : GrantReason::handover};
  scribe.write(any(master), EventType::authority_granted, any(scope), AuthorityGranted{grant});
}

/// Everything else that drift is computed from.
inline void random_desire(Scribe& scribe, Dice& dice, std::uint32_t nodes) {
  const NodeId node = node_named(dice.below(nodes));
  const AnyId master = any(master_named(dice.below(3)));
  const BundleId bundle = bundle_named(dice.below(3));
  const DomainId domain = std::array{fleet, north, south, harbour}[dice.below(4)];
  switch (dice.below(7)) {
    case 0: {
      PolicyBundle published = any_bundle(dice, 4);
      published.id = bundle;
      scribe.write(master, EventType::bundle_published, any(bundle), BundlePublished{published});
      return;
    }
    case 1: {
      Command command;
      command.id = derive_id<CommandTag>("test", 1, "command", dice.below(20));
      command.node_id = node;
      command.kind = CommandKind::assign_bundle;
      command.epoch = dice.below(4);
      command.bundle_id = bundle;
      scribe.write(master, EventType::command_issued, any(node), CommandIssued{command});
      return;
    }
    case 2: {
      DesiredSet said{domain, bundle, dice.below(4), {}};
      for (const Event& event : scribe.events)
        if (event.type == EventType::desired_set && event.subject == any(domain) && dice.one_in(2))
          said.over.push_back({event.origin, event.incarnation, event.seq});
      scribe.write(master, EventType::desired_set, any(domain), said);
      return;
    }
    case 3:
      if (dice.one_in(2)) random_local_grant(scribe, dice, node);
      scribe.write(any(node), EventType::local_decision, any(node),
                   LocalDecision{"decided", dice.below(4), object_name(dice.below(4)),
                                 any_value(dice, any_kind(dice)), dice.one_in(2), 1min});
      return;
    case 4:
      scribe.write(master, EventType::node_reconciled, any(node),
                   NodeReconciled{1,
                                  bundle,
                                  {{object_name(dice.below(4)), ReconcilePolicy::merge,
                                    static_cast<ReconcileOutcome>(dice.below(8)),
                                    any_value(dice, any_kind(dice)), ""}}});
      return;
    case 5: {
      RolloutAdvanced advanced;
      advanced.bundle_id = bundle;
      advanced.waiting = static_cast<std::uint32_t>(dice.below(2));
      scribe.write(master, EventType::rollout_advanced, any(bundle), advanced);
      return;
    }
    default: {
      RolloutMoved moved;
      moved.rollout.bundle_id = bundle;
      moved.rollout.state = static_cast<RolloutState>(dice.below(4));
      scribe.write(master, EventType::rollout_moved, any(bundle), moved);
    }
  }
}

inline void random_alarm(Scribe& scribe, Dice& dice) {
  const AnyId master = any(master_named(dice.below(3)));
  if (dice.one_in(2)) {
    scribe.write(master, EventType::peer_refused, master,
                 PeerRefused{"peer " + std::to_string(dice.below(2)), "not of our fleet", dice.one_in(2)});
    return;
  }
  const DomainId domain = std::array{north, south}[dice.below(2)];
  scribe.write(master, dice.one_in(2) ? EventType::quarantine_braked : EventType::quarantine_brake_released,
               any(domain),
               QuarantineBraked{domain, "bad signature", 20, static_cast<std::uint32_t>(dice.below(9))});
}

/// Words about artifacts, without envelopes: what makes a verdict right is none of the views' business.
inline void random_artifact(Scribe& scribe, Dice& dice, std::uint32_t nodes) {
  const NodeId node = node_named(dice.below(nodes));
  const AnyId master = any(master_named(dice.below(3)));
  const auto id = derive_id<ArtifactTag>("test", 1, "artifact", dice.below(3));
  const Bytes key{static_cast<std::uint8_t>(dice.below(2))};
  const Bytes envelope{static_cast<std::uint8_t>(dice.below(3))};
  ArtifactJudged judged;
  judged.node_id = dice.below(6) == 0 ? NodeId{} : node;
  judged.artifact_id = id;
  judged.verdict = static_cast<ArtifactVerdict>(dice.below(9));
  judged.envelope = digest_of(envelope);
  judged.key = key;
  ArtifactPublished published;
  published.artifact.id = id;
  published.artifact.release = dice.below(5);
  published.envelope = envelope;
  switch (dice.below(8)) {
    case 0:
      scribe.write(master, EventType::artifact_revoked, any(id), ArtifactRevoked{id, "recalled"});
      return;
    case 1:
      scribe.write(master, EventType::key_revoked, master, KeyRevoked{key, "leaked"});
      return;
    case 2:
    case 3:
      scribe.write(master, EventType::artifact_published, any(id), published);
      return;
    case 4:
      judged.node_id = node;
      scribe.write(any(node), EventType::artifact_judged, any(node), judged);
      return;
    default:
      scribe.write(master, EventType::artifact_judged, any(node), judged);
  }
}

inline Scribe random_history(std::uint64_t seed, std::size_t length) {
  Scribe scribe;
  Dice dice(seed);
  const auto nodes = static_cast<std::uint32_t>(1 + dice.below(6));
  for (std::uint32_t i = 0; i < nodes; ++i) {
    std::vector<std::string> tags;
    if (i % 2 == 0) tags.push_back("even");
    if (i % 3 == 0) tags.push_back("third");
    scribe.enlist(master_named(dice.below(3)), node_named(i), i,
                  std::array{north, south, harbour}[dice.below(3)], tags, "r" + std::to_string(i % 2));
    if (dice.below(4) > 0) scribe.activate(master_named(dice.below(3)), node_named(i));
  }
  while (scribe.events.size() < length) {
    const auto kind = dice.below(17);
    if (kind < 6)
      random_step(scribe, dice, nodes);
    else if (kind < 7)
      random_beats(scribe, dice, nodes);
    else if (kind < 9)
      random_node_word(scribe, dice, nodes);
    else if (kind < 10)
      random_grant(scribe, dice);
    else if (kind < 14)
      random_desire(scribe, dice, nodes);
    else if (kind < 15)
      random_alarm(scribe, dice);
    else
      random_artifact(scribe, dice, nodes);
    if (dice.below(300) == 0) break;
  }
  return scribe;
}

inline void store(MemoryStore& log, const Event& event) {
  const Bytes packed = encode(event);
  const ByteView view = packed;
  REQUIRE(log.append(log.size(), at(std::chrono::seconds{log.size()}), {&view, 1}) == AppendResult::appended);
}

}  // namespace ibcf::test
