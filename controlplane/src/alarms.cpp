#include "controlplane/alarms.hpp"

#include <tuple>

#include "model/payloads.hpp"

namespace ibcf {

bool Alarms::apply(const Event& event) {
  const EventKey key = key_of(event);
  switch (event.type) {
    case EventType::quarantine_braked:
    case EventType::quarantine_brake_released: {
      auto said = payload_of<QuarantineBraked>(event);
      if (!said) return false;
      Brake& brake = brakes_[{said->domain_id, said->cause}];
      if (key < brake.key) return true;
      brake.key = key;
      brake.holds = event.type == EventType::quarantine_braked;
      brake.said = std::move(*said);
      return true;
    }
    case EventType::peer_refused: {
      auto said = payload_of<PeerRefused>(event);
      if (!said) return false;
      Refusal& refusal = peers_[{event.origin, said->peer}];
      if (refusal.key < key) refusal = {key, false, std::move(*said)};
      return true;
    }
    case EventType::peer_resumed: {
      auto said = payload_of<PeerResumed>(event);
      if (!said) return false;
      Refusal& refusal = peers_[{event.origin, said->peer}];
      if (refusal.key < key) refusal = {key, true, {std::move(said->peer), std::move(said->reason), false}};
      return true;
    }
    default:
      return true;
  }
}

std::vector<BrakeAlarm> Alarms::brakes() const {
  std::vector<BrakeAlarm> held;
  for (const auto& [where, brake] : brakes_)
    if (brake.holds)
      held.push_back(
          {where.first, where.second, brake.said.quarantined, brake.said.held, brake.key.occurred});
  return held;
}

std::vector<PeerAlarm> Alarms::peers() const {
  std::map<std::string, const Refusal*> worst;
  const auto gravity = [](const Refusal& one) { return std::tie(one.said.halted, one.key); };
  for (const auto& [between, refusal] : peers_) {
    if (refusal.is_settled) continue;
    const Refusal*& known = worst[between.second];
    if (known == nullptr || gravity(*known) < gravity(refusal)) known = &refusal;
  }
  std::vector<PeerAlarm> refused;
  refused.reserve(worst.size());
  for (const auto& [name, refusal] : worst)
    refused.push_back({name, refusal->said.reason, refusal->said.halted, refusal->key.occurred});
  return refused;
}

void Alarms::write(Encoder& encoder) const {
  encoder.put(static_cast<std::uint32_t>(brakes_.size()));
  for (const auto& [where, brake] : brakes_) encoder.put(brake);
  encoder.put(static_cast<std::uint32_t>(peers_.size()));
  for (const auto& [between, refusal] : peers_) {
    encoder.put(between.first);
    encoder.put(refusal);
  }
}

void Alarms::read(Decoder& decoder) {
  std::uint32_t count = 0;
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    Brake brake;
    decoder.get(brake);
    brakes_[{brake.said.domain_id, brake.said.cause}] = std::move(brake);
  }
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    AnyId by;
    Refusal refusal;
    decoder.get(by);
    decoder.get(refusal);
    peers_[{by, refusal.said.peer}] = std::move(refusal);
  }
}

}  // namespace ibcf
