#include "controlplane/normalizer.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <set>

#include "model/payloads.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

const AnyId node = derive_id<AnyTag>("normalizer", 1, "node");
const AnyId other = derive_id<AnyTag>("normalizer", 1, "other");

template <class Payload>
Event event_of(EventType type, const Payload& payload, AnyId subject = node) {
  Event event;
  event.origin = node;
  event.seq = 1;
  event.type = type;
  event.subject = subject;
  event.payload = encode(payload);
  return event;
}

}  // namespace

TEST_CASE("I-52: no event type but a verdict on an artifact is for both a node and a master to write",
          "[normalizer]") {
  std::set<std::string_view> of_nodes;
  for (std::size_t i = 0; i < words_of(EventType{}).size(); ++i) {
    const auto type = static_cast<EventType>(i);
    const bool is_for_both = type == EventType::artifact_judged;
    CHECK((may_write(Writer::node, type) && may_write(Writer::master, type)) == is_for_both);
    CHECK((may_write(Writer::node, type) || may_write(Writer::master, type)));
    if (may_write(Writer::node, type)) of_nodes.insert(word_of(type));
  }
  CHECK(of_nodes == std::set<std::string_view>{"observation.recorded", "local.decision", "command.result",
                                               "command.intent", "node.rebooted", "stream.gap",
                                               "artifact.judged"});
}

TEST_CASE("I-52: a node's own authority.granted, verdict or command may not enter a log", "[normalizer]") {
  CHECK(objection_to(event_of(EventType::authority_granted, AuthorityGranted{}), Writer::node) ==
        "authority.granted is not for a node to write");
  CHECK(objection_to(event_of(EventType::replay_verdict, ReplayVerdict{}), Writer::node));
  CHECK(objection_to(event_of(EventType::command_issued, CommandIssued{}), Writer::node));
  CHECK(objection_to(event_of(EventType::node_registered, NodeRegistered{}, other), Writer::node));
  CHECK_FALSE(objection_to(event_of(EventType::authority_granted, AuthorityGranted{}), Writer::master));
}

TEST_CASE("I-52: a node judges what it installs itself, and nothing on others", "[normalizer]") {
  ArtifactJudged judged;
  CHECK(objection_to(event_of(EventType::artifact_judged, judged), Writer::node) ==
        "a node speaks for itself alone");
  judged.node_id = id_cast<NodeTag>(other);
  CHECK(objection_to(event_of(EventType::artifact_judged, judged), Writer::node));
  CHECK_FALSE(objection_to(event_of(EventType::artifact_judged, judged, other), Writer::master));
  judged.node_id = id_cast<NodeTag>(node);
  CHECK_FALSE(objection_to(event_of(EventType::artifact_judged, judged), Writer::node));
  CHECK(objection_to(event_of(EventType::artifact_published, ArtifactPublished{}), Writer::node));
  CHECK(objection_to(event_of(EventType::key_revoked, KeyRevoked{}), Writer::node));
}

TEST_CASE("a node speaks for itself alone, in payloads of their types, at a possible time", "[normalizer]") {
  CHECK_FALSE(objection_to(event_of(EventType::command_result, CommandResult{}), Writer::node));
  CHECK(objection_to(event_of(EventType::command_result, CommandResult{}, other), Writer::node) ==
        "a node speaks for itself alone");
  CHECK(objection_to(event_of(EventType::command_result, Observation{}), Writer::node) ==
        "the payload is not one of command.result");
  Event late = event_of(EventType::command_result, CommandResult{});
  late.occurred = Instant::max();
  CHECK(objection_to(late, Writer::node) == "its clock shows an impossible time");
  late.occurred = Instant::min();
  CHECK(objection_to(late, Writer::node) == "its clock shows an impossible time");
}

TEST_CASE("a snapshot's body is the one that its observation names", "[normalizer]") {
  Snapshot snapshot;
  snapshot.reported_version = "1.2.3";
  const Bytes body = encode(snapshot);
  Observation observation;
  CHECK_FALSE(objection_to(observation, {}));
  CHECK(objection_to(observation, body));
  observation.body = digest_of(body);
  CHECK_FALSE(objection_to(observation, body));
  CHECK(objection_to(observation, {}));
  const Bytes noise{1, 2, 3};
  observation.body = digest_of(noise);
  CHECK(objection_to(observation, noise) == "the body is no snapshot");
}

TEST_CASE("each refusal is counted, and evidence is stored once per interval, source and kind",
          "[normalizer]") {
  RejectionLog log(1min);
  const Bytes bytes{1, 2, 3};
  const auto refuse = [&](AnyId source, std::string_view kind, Instant now) {
    return log.refuse(source, kind, "chunk", "bad seal", bytes, now);
  };

  const auto first = refuse(node, "stream", at(0s));
  REQUIRE(first);
  CHECK(*first == InputRejected{"stream", "chunk", "bad seal", digest_of(bytes), 3});
  CHECK_FALSE(refuse(node, "stream", at(1s)));
  CHECK_FALSE(refuse(node, "stream", at(59s)));
  CHECK(refuse(node, "command", at(1s)));
  CHECK(refuse(other, "stream", at(1s)));
  const auto later = refuse(node, "stream", at(60s));
  REQUIRE(later);
  CHECK(later->reason == "bad seal; 2 more since the last evidence");
  CHECK(refuse(node, "stream", at(2min))->reason == "bad seal");
  CHECK(log.refused() == 7);
}

TEST_CASE("a flood at the door leaves as much evidence as there are intervals", "[normalizer][property]") {
  rc::prop("however fast it comes", [](std::vector<std::uint8_t> gaps) {
    RejectionLog log(1min);
    Instant now;
    std::uint64_t told = 0;
    for (const std::uint8_t gap : gaps) {
      now += std::chrono::seconds{gap % 10};
      told += log.refuse(node, "stream", "chunk", "no", {}, now) ? 1 : 0;
    }
    RC_ASSERT(log.refused() == gaps.size());
    RC_ASSERT(told <= static_cast<std::uint64_t>(now.time_since_epoch() / Duration{1min}) + 1);
    RC_ASSERT(gaps.empty() || told >= 1u);
  });
}
