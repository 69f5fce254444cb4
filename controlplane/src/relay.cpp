#include "controlplane/relay.hpp"

#include <algorithm>

namespace ibcf {

RelayClass relay_class_of(const Message& message) {
  return std::visit(Match{[](const EpochNotice&) { return RelayClass::authority; },
                          [](const Shared<Verdict>&) { return RelayClass::authority; },
                          [](const Shared<RevocationNotice>&) { return RelayClass::authority; },
                          [](const Shared<CommandDelivery>&) { return RelayClass::command; },
                          [](const CommandProgress&) { return RelayClass::command; },
                          [](const Shared<Chunk>& chunk) {
                            // A replay's chunk belongs to a session that its node keeps up itself.
                            return chunk->session == 0 ? RelayClass::history : RelayClass::transient;
                          },
                          [](const auto&) { return RelayClass::transient; }},
                    message);
}

RelayCore::RelayCore(std::uint32_t index, std::uint64_t queue_bytes)
    : index_(index), queue_bytes_(queue_bytes) {}

void RelayCore::on_message(const Packet& packet, Instant now, Outbox& out) {
  const bool upwards = packet.to.role == Role::master;
  const bool open = upwards ? upstream_open_ : is_open_to(packet.to.index);
  if (open) {
    forward(packet, out);
    return;
  }
  if (relay_class_of(packet.message) == RelayClass::transient) {
    if (!upwards || !keep_sign(packet, now)) ++counters_.discarded;
    return;
  }
  if (!store(upwards ? upstream_ : for_node_[packet.to.index], packet)) return;
  if (const auto* chunk = std::get_if<Shared<Chunk>>(&packet.message))
    out.send(packet.from, {Role::relay, index_}, packet.from, Custody{(*chunk)->stream, (*chunk)->last});
}

void RelayCore::on_upstream(bool open, Instant now, Outbox& out) {
  upstream_open_ = open;
  if (!open) return;
  release(upstream_, out);
  delegate(now, out);
}

void RelayCore::on_node_link(std::uint32_t node, bool open, Instant, Outbox& out) {
  if (node_closed_.size() <= node) node_closed_.resize(node + 1, false);
  node_closed_[node] = !open;
  if (!open) return;
  if (const auto found = for_node_.find(node); found != for_node_.end()) {
    release(found->second, out);
    for_node_.erase(found);
  }
}

void RelayCore::restart() {
  lose(upstream_);
  for (auto& [node, queues] : for_node_) lose(queues);
  for_node_.clear();
  signs_.clear();
  stored_bytes_ = 0;
  upstream_open_ = true;
  node_closed_.clear();
}

void RelayCore::lose(Queues& queues) {
  for (Queue& queue : queues) {
    counters_.lost += queue.size();
    queue.clear();
  }
}

void RelayCore::forward(const Packet& packet, Outbox& out) {
  ++counters_.forwarded;
  out.sends.push_back({packet.to, packet});
}

bool RelayCore::store(Queues& queues, const Packet& packet) {
  const RelayClass kind = relay_class_of(packet.message);
  const std::uint64_t bytes = wire_bytes(packet.message);
  if (!make_room(bytes, kind)) {
    ++counters_.shed;
    return false;
  }
  stored_bytes_ += bytes;
  ++counters_.stored;
  queues[static_cast<std::size_t>(kind)].push_back(packet);
  return true;
}

// Signs of life take what room is left. Else only node events are let go for something more urgent: their
// node still has them. Commands and authority are never shed for events.
bool RelayCore::make_room(std::uint64_t bytes, RelayClass newcomer) {
  while (stored_bytes_ + bytes > queue_bytes_ && !signs_.empty()) drop_oldest_sign();
  Queue& history = upstream_[static_cast<std::size_t>(RelayClass::history)];
  while (newcomer < RelayClass::history && stored_bytes_ + bytes > queue_bytes_ && !history.empty()) {
    stored_bytes_ -= wire_bytes(history.back().message);
    history.pop_back();
    ++counters_.shed;
  }
  return stored_bytes_ + bytes <= queue_bytes_;
}

void RelayCore::release(Queues& queues, Outbox& out) {
  for (Queue& queue : queues) {
    for (const Packet& packet : queue) {
      stored_bytes_ -= wire_bytes(packet.message);
      ++counters_.released;
      forward(packet, out);
    }
    queue.clear();
  }
}

// ---- signs of life ----------------------------------------------------------------------------------------

bool RelayCore::keep_sign(const Packet& packet, Instant now) {
  if (!std::holds_alternative<Heartbeat>(packet.message) &&
      !std::holds_alternative<Shared<Hello>>(packet.message))
    return false;
  if (const auto older = signs_.find(packet.from.index); older != signs_.end()) drop_sign(older);
  const std::uint64_t bytes = wire_bytes(packet.message);
  if (stored_bytes_ + bytes > queue_bytes_) return false;
  stored_bytes_ += bytes;
  signs_.emplace(packet.from.index, Sign{packet, now});
  return true;
}

void RelayCore::drop_sign(Signs::iterator sign) {
  stored_bytes_ -= wire_bytes(sign->second.word.message);
  signs_.erase(sign);
  ++counters_.discarded;
}

void RelayCore::drop_oldest_sign() {
  drop_sign(std::min_element(signs_.begin(), signs_.end(),
                             [](const auto& a, const auto& b) { return a.second.since < b.second.since; }));
}

// Of those who cannot speak for themselves: who can will, and where it does not, that tells more.
void RelayCore::delegate(Instant now, Outbox& out) {
  while (!signs_.empty()) {
    const auto next = signs_.begin();
    const auto& [node, sign] = *next;
    if (is_open_to(node)) {
      drop_sign(next);
      continue;
    }
    stored_bytes_ -= wire_bytes(sign.word.message);
    const Endpoint to = sign.word.to;
    out.send(to, {Role::relay, index_}, to,
             std::make_shared<const Delegated>(Delegated{sign.word, now - sign.since}));
    signs_.erase(next);
    ++counters_.delegated;
  }
}

}  // namespace ibcf
