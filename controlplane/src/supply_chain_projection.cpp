#include "controlplane/supply_chain_projection.hpp"

#include <algorithm>
#include <tuple>

#include "model/payloads.hpp"

namespace ibcf {
namespace {

// Equal states of nodes are equal bodies: a fleet has few.
constexpr std::size_t most_seen_bodies = 4096;

// Keeps the older of two revocations: it holds from then on.
template <class Map, class Key, class Entry>
void keep_oldest(Map& map, const Key& key, Entry entry) {
  const auto [at, is_new] = map.try_emplace(key, entry);
  if (!is_new && entry.key < at->second.key) at->second = std::move(entry);
}

template <class Map, class Key, class Entry>
void keep_newest(Map& map, const Key& key, Entry entry) {
  const auto [at, is_new] = map.try_emplace(key, entry);
  if (!is_new && at->second.key < entry.key) at->second = std::move(entry);
}

// The verdicts behind bad_signature in their order are reached only with a good one.
bool is_signature_good(ArtifactVerdict verdict) {
  return verdict == ArtifactVerdict::verified || verdict > ArtifactVerdict::bad_signature;
}

std::string label_of(const InstalledArtifact& installed) {
  const std::string name = installed.name.empty() ? text_of(installed.artifact_id) : installed.name;
  return installed.version.empty() ? name : name + " " + installed.version;
}

std::string words_of_verdict(ArtifactVerdict verdict, const std::string& reason) {
  return std::string(word_of(verdict)) + ": " + reason;
}

template <class Value>
void put(Encoder& encoder, const Value& value) {
  encoder.put(value);
}
void put(Encoder& encoder, const std::set<Bytes>& keys) {
  encoder.put(std::vector<Bytes>(keys.begin(), keys.end()));
}
template <class Value>
void get(Decoder& decoder, Value& value) {
  decoder.get(value);
}
void get(Decoder& decoder, std::set<Bytes>& keys) {
  std::vector<Bytes> list;
  decoder.get(list);
  keys = {list.begin(), list.end()};
}

template <class Map>
void write_map(Encoder& encoder, const Map& map) {
  encoder.put(static_cast<std::uint32_t>(map.size()));
  for (const auto& [key, value] : map) {
    encoder.put(key);
    put(encoder, value);
  }
}

template <class Map>
void read_map(Decoder& decoder, Map& map) {
  map.clear();
  std::uint32_t count = 0;
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    typename Map::key_type key;
    decoder.get(key);
    if (decoder.ok()) get(decoder, map[key]);
  }
}

}  // namespace

SupplyChainCounts& SupplyChainCounts::operator+=(const SupplyChainCounts& other) {
  for (std::size_t i = 0; i < level.size(); ++i) level[i] += other.level[i];
  return *this;
}

bool SupplyChainProjection::apply(const Stored&, const Event& event) {
  switch (event.type) {
    case EventType::observation_recorded:
      return see_snapshot(event);
    case EventType::artifact_judged:
      return see_verdict(event);
    case EventType::artifact_published: {
      auto payload = payload_of<ArtifactPublished>(event);
      if (!payload) return false;
      const ArtifactId id = payload->artifact.id;
      ++revision_;
      keep_newest(published_, id,
                  Published{key_of(event), std::move(payload->artifact), digest_of(payload->envelope)});
      return true;
    }
    case EventType::artifact_revoked: {
      auto payload = payload_of<ArtifactRevoked>(event);
      if (!payload) return false;
      ++revision_;
      keep_oldest(revoked_, payload->artifact_id, Revoked{key_of(event), std::move(payload->reason)});
      return true;
    }
    case EventType::key_revoked: {
      auto payload = payload_of<KeyRevoked>(event);
      if (!payload) return false;
      ++revision_;
      keep_oldest(revoked_keys_, payload->key, Revoked{key_of(event), std::move(payload->reason)});
      return true;
    }
    default:
      return true;
  }
}

// What a node says of itself in its newest snapshot, by its own count.
bool SupplyChainProjection::see_snapshot(const Event& event) {
  if (event.origin != event.subject) return true;
  const auto observation = payload_of<Observation>(event);
  if (!observation) return false;
  if (observation->kind != ObservationKind::snapshot) return true;
  NodeState& state = state_of(id_cast<NodeTag>(event.subject));
  if (std::tie(event.incarnation, event.seq) <= std::tie(state.incarnation, state.seq)) return true;
  state.incarnation = event.incarnation;
  state.seq = event.seq;
  state.body = observation->body;
  return true;
}

bool SupplyChainProjection::see_verdict(const Event& event) {
  auto judged = payload_of<ArtifactJudged>(event);
  if (!judged) return false;
  const bool is_own_word = event.origin == any(judged->node_id);
  // A node may be mistaken about who signed what it was given, and must not mislead the fleet.
  if (!is_own_word && is_signature_good(judged->verdict) &&
      signers_[judged->envelope].insert(judged->key).second)
    ++revision_;
  if (judged->node_id.is_nil()) return true;
  NodeState& state = state_of(judged->node_id);
  auto& findings = is_own_word ? state.findings.by_node : state.findings.by_master;
  keep_newest(findings, judged->artifact_id,
              Finding{key_of(event),
                      judged->verdict,
                      {judged->artifact_id, std::move(judged->name), "", judged->release, judged->found},
                      std::move(judged->reason)});
  return true;
}

SupplyChainProjection::NodeState& SupplyChainProjection::state_of(NodeId node) {
  const Slot slot = roster_->mention(node);
  if (nodes_.size() <= slot) nodes_.resize(slot + 1);
  return nodes_[slot];
}

const SupplyChainProjection::NodeState* SupplyChainProjection::find_state(Slot slot) const {
  return slot < nodes_.size() ? &nodes_[slot] : nullptr;
}

const SupplyChainProjection::Body& SupplyChainProjection::body_of(const Digest& digest) const {
  if (const auto seen = seen_bodies_.find(digest); seen != seen_bodies_.end() && seen->second.known)
    return seen->second;
  if (seen_bodies_.size() >= most_seen_bodies) seen_bodies_.clear();
  Body& body = seen_bodies_[digest];
  const auto packed = bodies_ && digest != Digest{} ? bodies_(digest) : std::nullopt;
  auto snapshot = packed ? decode<Snapshot>(*packed) : std::nullopt;
  if (snapshot) body = {true, std::move(snapshot->firmware), std::move(snapshot->installed)};
  return body;
}

// Calls `see` for what the newest snapshot says, or for what was found there where its body is not at hand.
template <class See>
void SupplyChainProjection::for_each_running(const NodeState& state, See&& see) const {
  const Body& body = body_of(state.body);
  if (body.known) {
    for (const InstalledArtifact& installed : body.installed) see(installed);
    return;
  }
  for (const auto& [id, finding] : state.findings.by_master) see(finding.what);
  for (const auto& [id, finding] : state.findings.by_node)
    if (finding.verdict == ArtifactVerdict::verified && !state.findings.by_master.contains(id))
      see(finding.what);
}

// The artifact's own revocation, or the last one of all the keys that are known to have signed its envelope.
const SupplyChainProjection::Revoked* SupplyChainProjection::revocation_of(ArtifactId id) const {
  if (const auto found = revoked_.find(id); found != revoked_.end()) return &found->second;
  const auto published = published_.find(id);
  if (published == published_.end()) return nullptr;
  const auto signers = signers_.find(published->second.envelope);
  if (signers == signers_.end()) return nullptr;
  const Revoked* last = nullptr;
  for (const Bytes& key : signers->second) {
    const auto revoked = revoked_keys_.find(key);
    if (revoked == revoked_keys_.end()) return nullptr;
    if (last == nullptr || last->key < revoked->second.key) last = &revoked->second;
  }
  return last;
}

// A master's word, or the node's own where no master has spoken.
const SupplyChainProjection::Finding* SupplyChainProjection::finding_of(const NodeState& state,
                                                                        ArtifactId id) const {
  for (const auto* findings : {&state.findings.by_master, &state.findings.by_node})
    if (const auto found = findings->find(id); found != findings->end()) return &found->second;
  return nullptr;
}

// Calls `tell(level, artifact, text)` for everything that is not as it should be; `text` makes the reason
// when it is called.
template <class Tell>
void SupplyChainProjection::find_faults(const NodeState& state, Tell&& tell) const {
  for_each_running(state, [&](const InstalledArtifact& installed) {
    const ArtifactId id = installed.artifact_id;
    const Finding* finding = finding_of(state, id);
    if (const Revoked* revoked = revocation_of(id))
      tell(SupplyChainLevel::violation, id,
           [&] { return label_of(installed) + ": revoked: " + revoked->reason; });
    else if (finding == nullptr)
      tell(SupplyChainLevel::suspect, id, [&] { return label_of(installed) + ": not judged yet"; });
    else if (finding->verdict != ArtifactVerdict::verified)
      tell(SupplyChainLevel::violation, id,
           [&] { return label_of(installed) + ": " + words_of_verdict(finding->verdict, finding->reason); });
  });
  const std::string& firmware = body_of(state.body).firmware.version;
  if (!firmware.empty() && !is_firmware_signed(state))
    tell(SupplyChainLevel::suspect, ArtifactId{}, [&] { return "firmware " + firmware + ": no signature"; });
  // Somebody tried to bring in what the node refused, and nothing good of that name came since.
  const auto& own = state.findings.by_node;
  for (const auto& [id, finding] : own) {
    if (finding.verdict == ArtifactVerdict::verified) continue;
    const bool is_over = std::any_of(own.begin(), own.end(), [&, refused = &finding](const auto& other) {
      return other.second.what.name == refused->what.name && refused->key < other.second.key &&
             other.second.verdict == ArtifactVerdict::verified;
    });
    if (!is_over)
      tell(SupplyChainLevel::suspect, id, [&, refused = &finding] {
        return label_of(refused->what) +
               ": refused by the node: " + words_of_verdict(refused->verdict, refused->reason);
      });
  }
}

std::set<ArtifactId> SupplyChainProjection::ids_on(const NodeState& state) const {
  std::set<ArtifactId> ids;
  for_each_running(state, [&](const InstalledArtifact& installed) { ids.insert(installed.artifact_id); });
  return ids;
}

// By the node's word, or as a published artifact.
bool SupplyChainProjection::is_firmware_signed(const NodeState& state) const {
  bool is_signed = !body_of(state.body).firmware.signature.empty();
  for_each_running(state, [&](const InstalledArtifact& installed) {
    const auto published = published_.find(installed.artifact_id);
    is_signed = is_signed ||
                (published != published_.end() && published->second.artifact.kind == ArtifactKind::firmware);
  });
  return is_signed;
}

SupplyChainStanding SupplyChainProjection::standing_at(Slot slot) const {
  SupplyChainStanding standing;
  const NodeState* state = find_state(slot);
  if (state == nullptr) return standing;
  find_faults(*state, [&](SupplyChainLevel level, ArtifactId artifact, auto&&) {
    if (level > standing.level) standing = {level, artifact};
  });
  return standing;
}

SupplyChainStanding SupplyChainProjection::standing_of(NodeId node) const {
  const auto slot = roster_->find(node);
  return slot ? standing_at(*slot) : SupplyChainStanding{};
}

NodeSupplyChain SupplyChainProjection::view(Slot slot) const {
  const auto& member = roster_->at(slot);
  NodeSupplyChain node;
  node.id = member.id;
  node.shown.hardware = {member.as.serial, member.as.manufacturer, member.as.model, member.as.bom_ref};
  if (const NodeState* state = find_state(slot)) show(*state, node);
  return node;
}

void SupplyChainProjection::show(const NodeState& state, NodeSupplyChain& node) const {
  node.shown.firmware = body_of(state.body).firmware;
  for_each_running(state, [&](const InstalledArtifact& installed) {
    ArtifactOnNode on_node{installed, std::nullopt, false, "", Instant{}};
    if (const Finding* finding = finding_of(state, installed.artifact_id)) {
      on_node.verdict = finding->verdict;
      on_node.reason = finding->reason;
      on_node.judged_ts = finding->key.occurred;
    }
    if (const Revoked* revoked = revocation_of(installed.artifact_id)) {
      on_node.revoked = true;
      on_node.reason = revoked->reason;
    }
    node.last_judged_ts = std::max(node.last_judged_ts, on_node.judged_ts);
    node.artifacts.push_back(std::move(on_node));

    const auto published = published_.find(installed.artifact_id);
    if (published == published_.end()) return;
    const Artifact& artifact = published->second.artifact;
    if (artifact.kind == ArtifactKind::firmware)
      node.shown.firmware = {artifact.version, artifact.signature, artifact.provenance_ref};
    else if (node.shown.software.artifact_id.is_nil())
      node.shown.software = {artifact.id,
                             artifact.sbom_ref,
                             {"dsse/" + text_of(published->second.envelope)},
                             artifact.signature};
  });
  std::vector<std::string> doubts;
  find_faults(state, [&](SupplyChainLevel level, ArtifactId, auto&& text) {
    node.level = std::max(node.level, level);
    (level == SupplyChainLevel::violation ? node.reasons : doubts).push_back(text());
  });
  node.reasons.insert(node.reasons.end(), doubts.begin(), doubts.end());
}

std::optional<NodeSupplyChain> SupplyChainProjection::find(NodeId node) const {
  const auto slot = roster_->find(node);
  if (!slot || !roster_->at(*slot).registered) return std::nullopt;
  return view(*slot);
}

std::vector<Slot> SupplyChainProjection::select(const Query& query) const {
  auto slots = roster_->select(query);
  if (!query.has_window()) return slots;
  const auto judged_in_window = [&](const std::map<ArtifactId, Finding>& findings) {
    return std::any_of(findings.begin(), findings.end(),
                       [&](const auto& entry) { return query.is_within(entry.second.key.occurred); });
  };
  std::erase_if(slots, [&](Slot slot) {
    const NodeState* state = find_state(slot);
    return state == nullptr ||
           !(judged_in_window(state->findings.by_master) || judged_in_window(state->findings.by_node));
  });
  return slots;
}

std::vector<NodeSupplyChain> SupplyChainProjection::nodes(const Query& query) const {
  std::vector<NodeSupplyChain> nodes;
  for (const Slot slot : select(query)) nodes.push_back(view(slot));
  return nodes;
}

SupplyChainCounts SupplyChainProjection::counts(const Query& query) const {
  SupplyChainCounts counts;
  for (const Slot slot : select(query)) ++counts.level[static_cast<std::size_t>(standing_at(slot).level)];
  return counts;
}

std::map<DomainId, SupplyChainCounts> SupplyChainProjection::counts_by_domain(const Query& query) const {
  std::map<DomainId, SupplyChainCounts> counts;
  for (const Slot slot : select(query))
    ++counts[roster_->at(slot).as.domain_id].level[static_cast<std::size_t>(standing_at(slot).level)];
  return counts;
}

std::vector<ArtifactInFleet> SupplyChainProjection::artifacts(const Query& query) const {
  std::map<ArtifactId, ArtifactInFleet> fleet;
  for (const auto& [id, published] : published_) fleet[id].artifact = published.artifact;
  for (const Slot slot : select(query))
    if (const NodeState* state = find_state(slot))
      for (const ArtifactId id : ids_on(*state)) ++fleet[id].nodes;
  std::vector<ArtifactInFleet> artifacts;
  for (auto& [id, artifact] : fleet) {
    artifact.id = id;
    if (const Revoked* revoked = revocation_of(id)) {
      artifact.revoked = true;
      artifact.reason = revoked->reason;
    }
    artifacts.push_back(std::move(artifact));
  }
  return artifacts;
}

std::vector<NodeId> SupplyChainProjection::nodes_running(ArtifactId artifact, const Query& query) const {
  std::vector<NodeId> nodes;
  for (const Slot slot : select(query)) {
    const NodeState* state = find_state(slot);
    if (state == nullptr) continue;
    if (ids_on(*state).contains(artifact)) nodes.push_back(roster_->at(slot).id);
  }
  return nodes;
}

Bytes SupplyChainProjection::snapshot() const {
  Bytes bytes;
  Encoder encoder(bytes);
  write(encoder);
  return bytes;
}

void SupplyChainProjection::write(Encoder& encoder) const {
  write_map(encoder, published_);
  write_map(encoder, revoked_);
  write_map(encoder, revoked_keys_);
  write_map(encoder, signers_);
  std::vector<Slot> slots;
  for (const Slot slot : roster_->by_id())
    if (const NodeState* state = find_state(slot);
        state != nullptr &&
        (state->seq > 0 || !state->findings.by_master.empty() || !state->findings.by_node.empty()))
      slots.push_back(slot);
  encoder.put(static_cast<std::uint32_t>(slots.size()));
  for (const Slot slot : slots) {
    const NodeState& state = nodes_[slot];
    encoder.put(roster_->at(slot).id);
    encoder.put(state.incarnation);
    encoder.put(state.seq);
    encoder.put(state.body);
    write_map(encoder, state.findings.by_master);
    write_map(encoder, state.findings.by_node);
  }
}

void SupplyChainProjection::read(Decoder& decoder) {
  ++revision_;
  nodes_.clear();
  read_map(decoder, published_);
  read_map(decoder, revoked_);
  read_map(decoder, revoked_keys_);
  read_map(decoder, signers_);
  std::uint32_t count = 0;
  for (decoder.get(count); decoder.ok() && count > 0; --count) {
    NodeId node;
    decoder.get(node);
    if (!decoder.ok()) return;
    NodeState& state = state_of(node);
    decoder.get(state.incarnation);
    decoder.get(state.seq);
    decoder.get(state.body);
    read_map(decoder, state.findings.by_master);
    read_map(decoder, state.findings.by_node);
  }
}

}  // namespace ibcf
