#include "controlplane/replication.hpp"

#include <algorithm>
#include <bit>

#include "controlplane/planted.hpp"
#include "model/check.hpp"
#include "model/payloads.hpp"

namespace ibcf {

Replication::Replication(const ReplicationSettings& settings, ReplicaIdentity self, EventStore& store,
                         const SnapshotStore* bodies)
    : settings_(settings), self_(self), store_(&store), bodies_(bodies) {}

void Replication::add_peer(Endpoint endpoint, MasterId id, std::string name) {
  check(find(endpoint) == nullptr && id != self_.id, "a peer is another master, and is named once");
  Peer& peer = peers_.emplace_back();
  peer.endpoint = endpoint;
  peer.id = id;
  peer.name = std::move(name);
  peer.patience = settings_.period;
}

Replication::Peer* Replication::find(Endpoint endpoint) {
  const auto found =
      std::find_if(peers_.begin(), peers_.end(), [&](const Peer& peer) { return peer.endpoint == endpoint; });
  return found == peers_.end() ? nullptr : &*found;
}
const Replication::Peer* Replication::find(Endpoint endpoint) const {
  return const_cast<Replication*>(this)->find(endpoint);
}

// ---- who is listened to -----------------------------------------------------------------------------------

bool Replication::takes_from(Endpoint from) const {
  const Peer* peer = find(from);
  return peer != nullptr && peer->introduced && !peer->foreign && !peer->halted;
}

bool Replication::listens_to(Endpoint from) const {
  if (find(from) != nullptr) return takes_from(from);
  const auto stranger = strangers_.find(from);
  return stranger == strangers_.end() || !stranger->second;
}

bool Replication::is_halted(MasterId id) const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [&](const Peer& peer) { return peer.id == id && peer.halted; });
}

std::optional<PeerRefused> Replication::refuse(Peer& peer, std::string reason, bool halted) {
  const bool was = halted ? peer.halted : peer.foreign;
  (halted ? peer.halted : peer.foreign) = true;
  if (was) return std::nullopt;
  return PeerRefused{peer.name, std::move(reason), halted};
}

std::optional<PeerRefused> Replication::refuse_stranger(Endpoint from, std::string reason) {
  const bool is_foreign = reason.starts_with("of another fleet");
  const auto [known, is_new] = strangers_.try_emplace(from, is_foreign);
  if (!is_new && known->second == is_foreign) return std::nullopt;
  known->second = is_foreign;
  return PeerRefused{"master at address " + std::to_string(from.index), std::move(reason), false};
}

// I-8: who is not of this fleet is told nothing and believed nothing.
std::optional<PeerRefused> Replication::check_identity(Endpoint from, FleetId fleet, MasterId id) {
  Peer* peer = find(from);
  const std::string stranger = "of another fleet, " + text_of(fleet);
  if (peer == nullptr)
    return refuse_stranger(from, fleet != self_.fleet ? stranger : "no peer of this master");
  if (fleet != self_.fleet) return refuse(*peer, stranger, false);
  if (id != peer->id) return refuse(*peer, "it answers as " + text_of(id), false);
  peer->foreign = false;  // its address was put right
  return std::nullopt;
}

bool Replication::halt(const std::string& name) {
  for (Peer& peer : peers_)
    if (peer.name == name) return peer.halted = true;
  return false;
}

bool Replication::resume(const std::string& name) {
  for (Peer& peer : peers_) {
    if (peer.name != name) continue;
    peer.halted = false;
    // What it told before counts no more: from here on it is what it says now.
    peer.incarnation = 0;
    peer.excluded.clear();
    return true;
  }
  return false;
}

// ---- what a peer holds ------------------------------------------------------------------------------------

std::optional<PeerRefused> Replication::on(Endpoint from, const Sync& sync, Instant now, Outbox& out) {
  if (auto refused = check_identity(from, sync.fleet, sync.master)) return refused;
  Peer* const peer = find(from);
  if (peer == nullptr || peer->foreign || peer->halted) return std::nullopt;
  if (sync.incarnation < peer->incarnation) return std::nullopt;  // from before its restart
  if (auto refused = see_incarnation(*peer, sync)) return refused;
  peer->introduced = true;

  const bool is_current = sync.log_size >= peer->size;
  const bool is_answer = sync.answers != 0 && sync.answers == peer->question.number;
  if (!is_current && is_answer && sync.log_size < peer->question.peer_size &&
      !is_planted(Defect::accept_truncation))
    return refuse(*peer,
                  "its log has " + std::to_string(sync.log_size) + " entries and had " +
                      std::to_string(peer->question.peer_size),
                  true);
  // An older word that was overtaken says nothing new; what it asks is answered all the same.
  if (is_current) {
    if (auto why = learn(*peer, sync.marks)) return refuse(*peer, std::move(*why), true);
    peer->size = sync.log_size;
    peer->must_ask_all = peer->digest != sync.digest;
  }
  if (is_answer) take_answer(*peer);
  if (sync.wants_whole) peer->told = 0;
  if (sync.question != 0) tell(*peer, 0, sync.question, out);
  if (is_current && !peer->piece)
    if (auto refused = find_lacking(*peer)) return refused;
  send_piece(*peer, now, out);
  return std::nullopt;
}

// A restarted peer may have lost the end of its log; what it holds now is what it says now.
std::optional<PeerRefused> Replication::see_incarnation(Peer& peer, const Sync& sync) {
  if (sync.incarnation == peer.incarnation) return std::nullopt;
  const std::uint64_t lost = peer.size - std::min(peer.size, sync.log_size);
  if (peer.incarnation != 0 && lost > settings_.tolerated_tail && !is_planted(Defect::accept_truncation))
    return refuse(peer,
                  "it came back with " + std::to_string(sync.log_size) + " of " + std::to_string(peer.size) +
                      " entries",
                  true);
  peer.incarnation = sync.incarnation;
  peer.size = 0;
  peer.digest = 0;
  peer.known.clear();
  peer.excluded.clear();
  peer.piece.reset();
  peer.bodies.clear();
  peer.told = 0;
  peer.must_ask_all = true;
  peer.question = {.number = peer.question.number, .asked = {}, .peer_size = 0, .own_size = 0};
  return std::nullopt;
}

// Takes the peer's word for what it holds; says what is wrong with it where it contradicts what we know.
std::optional<std::string> Replication::learn(Peer& peer, const std::vector<StreamMark>& marks) {
  index_.refresh(*store_);
  for (const StreamMark& told : marks) {
    const Number number = index_.mention(told.stream);
    if (peer.known.size() <= number) peer.known.resize(number + 1);
    Known& known = peer.known[number];
    if (auto why = contradiction(known, told)) return why;
    find_fork(peer, told, number);
    peer.digest += digest_term(told.stream, told.held) - digest_term(told.stream, known.told);
    known.told = told.held;
  }
  return std::nullopt;
}

// What cannot be: the peer's past, or ours as it has it, is not what it was. Masters write their own streams;
// one that differs from a copy of it is a master gone wrong, and not a node.
std::optional<std::string> Replication::contradiction(const Known& known, const StreamMark& told) const {
  const StreamKey& stream = told.stream;
  const std::string of = "of " + text_of(stream.origin);
  const HeldMark& ours = index_.held(*index_.find(stream));
  if (told.held.seq < known.told.seq && !is_planted(Defect::accept_truncation))
    return "it holds " + std::to_string(told.held.seq) + " events " + of + " and held " +
           std::to_string(known.told.seq);
  const bool is_own = stream.origin == any(self_.id);
  if (is_own && (stream.incarnation > self_.incarnation ||
                 (stream.incarnation == self_.incarnation && told.held.seq > ours.seq)))
    return "it holds events of this master that this master never wrote";
  const bool is_of_master = is_own || std::any_of(peers_.begin(), peers_.end(), [&](const Peer& peer) {
                              return stream.origin == any(peer.id);
                            });
  if (is_of_master && told.held.seq == ours.seq && told.held.check != ours.check)
    return "its event " + std::to_string(ours.seq) + " " + of + " is not the one stored here";
  return std::nullopt;
}

void Replication::find_fork(Peer& peer, const StreamMark& told, Number stream) {
  const HeldMark& ours = index_.held(stream);
  if (told.held.seq != ours.seq || told.held.check == ours.check) return;
  if (peer.excluded.insert(stream).second) forks_.push_back({told.stream, ours.seq, peer.name});
}

void Replication::take_answer(Peer& peer) {
  peer.told = std::max(peer.told, peer.question.own_size);
  // The peer answered what was asked long after the piece was sent: the piece, or word of it, is lost.
  if (peer.piece && peer.question.asked - peer.piece->sent >= peer.patience) {
    peer.piece.reset();
    peer.patience = std::min(2 * peer.patience, 16 * settings_.period);
  }
}

// Sending goes on from the oldest entry that the peer lacks by its own word.
std::optional<PeerRefused> Replication::find_lacking(Peer& peer) {
  index_.refresh(*store_);
  peer.known.resize(index_.streams());
  peer.cursor = index_.size();
  for (Number stream = 0; stream < index_.streams(); ++stream) {
    const HeldMark& theirs = peer.known[stream].told;
    const HeldMark& ours = index_.held(stream);
    const bool lacks = ours.seq > theirs.seq || (ours.seq == theirs.seq && ours.ahead > theirs.ahead);
    if (lacks && !peer.excluded.contains(stream))
      peer.cursor = std::min(peer.cursor, index_.first_beyond(stream, theirs.seq));
  }
  if (peer.cursor >= store_->first()) return std::nullopt;
  return refuse(peer, "it lacks entries that are dropped here", true);
}

// ---- what is told and sent --------------------------------------------------------------------------------

void Replication::tend(Instant now, Outbox& out) {
  for (Peer& peer : peers_) {
    if (peer.halted) continue;
    // A clock that was put back does not silence its master for as long as it was wrong.
    const bool is_put_back = peer.next_question > now + settings_.period;
    if (now >= peer.next_question || is_put_back) ask(peer, now, out);
    send_piece(peer, now, out);
    if (!peer.must_ask_all) (void)store_->hold("peer " + peer.name, peer.cursor);
  }
}

void Replication::ask(Peer& peer, Instant now, Outbox& out) {
  peer.next_question = now + settings_.period;
  peer.question = {.number = peer.question.number + 1,
                   .asked = now,
                   .peer_size = peer.size,
                   .own_size = peer.introduced ? index_.size() : 0};
  tell(peer, peer.question.number, 0, out);
}

void Replication::tell(Peer& peer, std::uint64_t question, std::uint64_t answers, Outbox& out) {
  // An introduction comes before an inventory: a stranger learns nothing of this fleet.
  const bool tells = peer.introduced && !peer.foreign;
  index_.refresh(*store_);
  Sync sync{.fleet = self_.fleet,
            .master = self_.id,
            .incarnation = self_.incarnation,
            .log_size = index_.size(),
            .question = question,
            .answers = answers,
            .wants_whole = peer.must_ask_all,
            .digest = index_.digest(),
            .marks = tells ? marks_since(peer.told) : std::vector<StreamMark>{}};
  out.send(peer.endpoint, self_.endpoint, peer.endpoint, std::make_shared<const Sync>(std::move(sync)));
}

// The marks of the streams that have changed in the log from `position` on, by number: a bit for each stream
// says whether it did.
std::vector<StreamMark> Replication::marks_since(std::uint64_t position) const {
  std::vector<std::uint64_t> changed(index_.streams() / 64 + 1);
  for (; position < index_.size(); ++position) {
    const Number stream = index_.stream_at(position);
    changed[stream / 64] |= std::uint64_t{1} << stream % 64;
  }
  std::vector<StreamMark> marks;
  for (std::size_t word = 0; word < changed.size(); ++word)
    for (std::uint64_t bits = changed[word]; bits != 0; bits &= bits - 1) {
      const auto stream = static_cast<Number>(word * 64) + static_cast<Number>(std::countr_zero(bits));
      marks.push_back({index_.key(stream), index_.held(stream)});
    }
  return marks;
}

void Replication::send_piece(Peer& peer, Instant now, Outbox& out) {
  if (!peer.introduced || peer.foreign || peer.halted || peer.piece || peer.must_ask_all) return;
  peer.known.resize(index_.streams());
  Replicate piece{.fleet = self_.fleet, .master = self_.id, .piece = 0, .entries = {}};
  std::vector<Digest> bodies;
  std::uint64_t bytes = 0;
  std::uint64_t next = peer.cursor;
  if (next < index_.size())
    store_->scan(next, [&](const Stored& stored) {
      const Number stream = index_.stream_at(stored.position);
      const Known& known = peer.known[stream];
      next = stored.position + 1;
      if (index_.seq_at(stored.position) <= std::max(known.told.seq, known.guess) ||
          peer.excluded.contains(stream))
        return true;
      bytes += stored.packed.size();
      piece.entries.emplace_back(stored.packed.begin(), stored.packed.end());
      const std::size_t before = piece.bodies.size();
      if (index_.key(stream).stream == StreamClass::snapshot) add_body(peer, stored.packed, piece, bodies);
      if (piece.bodies.size() > before) bytes += piece.bodies.back().size();
      return bytes < settings_.piece_bytes;
    });
  if (piece.entries.empty()) {
    peer.cursor = next;
    return;
  }
  piece.piece = ++peer.pieces;
  peer.piece = Piece{piece.piece, next, now, std::move(bodies)};
  out.send(peer.endpoint, self_.endpoint, peer.endpoint, std::make_shared<const Replicate>(std::move(piece)));
}

void Replication::add_body(const Peer& peer, ByteView packed, Replicate& piece,
                           std::vector<Digest>& sent) const {
  if (bodies_ == nullptr) return;
  const auto event = decode<Event>(packed);
  if (!event || event->type != EventType::observation_recorded) return;
  const auto observation = payload_of<Observation>(*event);
  if (!observation || observation->body == Digest{} || peer.bodies.contains(observation->body)) return;
  if (std::find(sent.begin(), sent.end(), observation->body) != sent.end()) return;
  auto body = bodies_->get(observation->body);
  if (!body) return;
  piece.bodies.push_back(std::move(*body));
  sent.push_back(observation->body);
}

// ---- entries ----------------------------------------------------------------------------------------------

std::optional<PeerRefused> Replication::on(Endpoint from, const Replicate& replicate) {
  return check_identity(from, replicate.fleet, replicate.master);
}

void Replication::took(Endpoint from, std::uint64_t piece, const std::vector<Offered>& offered,
                       const std::set<StreamKey>& refused, Outbox& out) {
  Peer* const peer = find(from);
  check(peer != nullptr, "only entries of peers are taken");
  index_.refresh(*store_);
  std::set<Number> touched;
  for (const Offered& entry : offered) {
    if (refused.contains(entry.stream)) continue;
    const Number stream = index_.mention(entry.stream);
    touched.insert(stream);
    if (peer->known.size() <= stream) peer->known.resize(stream + 1);
    Known& known = peer->known[stream];
    const std::uint64_t held = std::max(known.told.seq, known.guess);
    if (entry.first <= held + 1) known.guess = std::max(held, entry.last);
  }
  Replicated answer{.fleet = self_.fleet,
                    .master = self_.id,
                    .piece = piece,
                    .log_size = index_.size(),
                    .marks = {},
                    .refused = {refused.begin(), refused.end()}};
  for (const Number stream : touched) answer.marks.push_back({index_.key(stream), index_.held(stream)});
  out.send(from, self_.endpoint, from, std::make_shared<const Replicated>(std::move(answer)));
}

std::optional<PeerRefused> Replication::on(Endpoint from, const Replicated& replicated, Instant now,
                                           Outbox& out) {
  if (auto refused = check_identity(from, replicated.fleet, replicated.master)) return refused;
  Peer* const peer = find(from);
  if (peer == nullptr || peer->foreign || peer->halted || !peer->introduced) return std::nullopt;
  if (!peer->piece || peer->piece->number != replicated.piece) return std::nullopt;
  for (const StreamKey& stream : replicated.refused) peer->excluded.insert(index_.mention(stream));
  if (replicated.log_size >= peer->size) {
    if (auto why = learn(*peer, replicated.marks)) return refuse(*peer, std::move(*why), true);
    peer->size = replicated.log_size;
  }
  peer->patience = std::max(settings_.period, 2 * (now - peer->piece->sent));
  peer->cursor = peer->piece->until;
  peer->bodies.insert(peer->piece->bodies.begin(), peer->piece->bodies.end());
  peer->piece.reset();
  send_piece(*peer, now, out);
  return std::nullopt;
}

// ---- what others may look at ------------------------------------------------------------------------------

std::uint64_t Replication::copied_until() const {
  if (peers_.empty()) return UINT64_MAX;
  std::uint64_t until = 0;
  for (const Peer& peer : peers_)
    if (peer.introduced && !peer.foreign && !peer.halted && !peer.must_ask_all)
      until = std::max(until, peer.cursor);
  return until;
}

bool Replication::is_converged() const {
  const std::uint64_t ours = digest();
  return std::all_of(peers_.begin(), peers_.end(), [&](const Peer& peer) {
    return peer.introduced && !peer.halted && peer.digest == ours;
  });
}

std::vector<StreamMark> Replication::vector() const {
  index_.refresh(*store_);
  return index_.vector();
}

std::uint64_t Replication::digest() const {
  index_.refresh(*store_);
  return index_.digest();
}

}  // namespace ibcf
