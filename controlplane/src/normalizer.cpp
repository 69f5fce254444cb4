#include "controlplane/normalizer.hpp"

#include "model/payloads.hpp"

namespace ibcf {
namespace {

// Two hundred years around the start of the run: a stamp outside of it is no clock's, and arithmetic on it
// could overflow.
constexpr Duration longest_run = std::chrono::hours{24 * 365 * 100};

// A node tells what it found of itself alone.
bool is_about_its_writer(const Event& event) {
  if (event.subject != event.origin) return false;
  if (event.type != EventType::artifact_judged) return true;
  const auto judged = payload_of<ArtifactJudged>(event);
  return judged && any(judged->node_id) == event.origin;
}

}  // namespace

bool may_write(Writer writer, EventType type) {
  switch (type) {
    case EventType::observation_recorded:
    case EventType::local_decision:
    case EventType::command_result:
    case EventType::command_intent:
    case EventType::node_rebooted:
    case EventType::stream_gap:
      return writer == Writer::node;
    case EventType::artifact_judged:  // by a node before it installs, by a master for all other purposes
      return true;
    default:
      return writer == Writer::master;
  }
}

std::optional<std::string> objection_to(const Event& event, Writer writer) {
  if (!may_write(writer, event.type))
    return std::string(word_of(event.type)) + " is not for a " +
           (writer == Writer::node ? "node" : "master") + " to write";
  const bool readable =
      with_payload(event.type, [&]<class Payload>() { return decode<Payload>(event.payload).has_value(); });
  if (!readable) return "the payload is not one of " + std::string(word_of(event.type));
  if (writer == Writer::node && !is_about_its_writer(event)) return "a node speaks for itself alone";
  const Duration occurred = event.occurred.time_since_epoch();
  if (occurred > longest_run || occurred < -longest_run) return "its clock shows an impossible time";
  return std::nullopt;
}

std::optional<std::string> objection_to_node(const Event& event) {
  return objection_to(event, Writer::node);
}

std::optional<std::string> objection_to(const Observation& observation, ByteView body) {
  if (observation.body == Digest{} && body.empty()) return std::nullopt;
  if (digest_of(body) != observation.body) return "the body is not the one that the observation names";
  if (!decode<Snapshot>(body)) return "the body is no snapshot";
  return std::nullopt;
}

std::optional<InputRejected> RejectionLog::refuse(const AnyId& source, std::string_view kind,
                                                  std::string what, std::string reason, ByteView bytes,
                                                  Instant now) {
  ++refused_;
  const auto [entry, is_first] = last_.try_emplace({source, std::string(kind)}, Last{now, 0});
  Last& last = entry->second;
  if (!is_first && now - last.told < interval_) {
    ++last.untold;
    return std::nullopt;
  }
  if (last.untold > 0) reason += "; " + std::to_string(last.untold) + " more since the last evidence";
  last = {now, 0};
  return InputRejected{std::string(kind), std::move(what), std::move(reason), digest_of(bytes), bytes.size()};
}

}  // namespace ibcf
