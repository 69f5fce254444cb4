#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "controlplane/revocations.hpp"
#include "controlplane/trust.hpp"
#include "controlplane/version_vector.hpp"
#include "model/payloads.hpp"

namespace ibcf {

enum class Role : std::uint8_t { node, relay, master };

/// Who is meant, by role and dense number. Identities (ULIDs) stand inside what is signed.
struct Endpoint {
  Role role = Role::node;
  std::uint32_t index = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// Shared and immutable: a relay passes on a pointer.
template <class T>
using Shared = std::shared_ptr<const T>;

/// ---- node to master --------------------------------------------------------------------------------------

/// "I live": sent every heartbeat interval while in contact. Plain and small; nobody allocates for it.
struct Heartbeat {
  Instant sent;
  std::uint64_t written = 0;  ///< events, over all streams
  std::uint64_t backlog_bytes = 0;
  std::uint64_t max_epoch_seen = 0;
  std::uint32_t incarnation = 1;
  std::uint32_t backlog_events = 0;
  std::uint32_t rtt_us = 0;  ///< of the last acknowledged heartbeat; 0: none yet
  ConnectivityMode mode = ConnectivityMode::disconnected;
  Health health = Health::ok;
  std::uint8_t battery_pct = 100;
  IBCF_FIELDS(Heartbeat, sent, written, backlog_bytes, max_epoch_seen, incarnation, backlog_events, rtt_us,
              mode, health, battery_pct)
};

/// One entry of a node's log on its way: a packed Event, which for a stream.gap stands for a range that was
/// dropped.
struct LogEntry {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< equal to first but for a gap
  Bytes packed;
  std::uint32_t body_bytes = 0;  ///< what travels beside it: the body, filled up to the size asked for
  Bytes body{};                  ///< the packed Snapshot that it names by digest; else empty
  IBCF_FIELDS(LogEntry, first, last, packed, body_bytes, body)
};

/// A range of one stream of a node's log. With session 0 it is sent in contact under a seal; within a replay
/// it carries an Ed25519 signature and the lock's fencing token.
struct Chunk {
  NodeId origin;
  std::uint32_t incarnation = 1;
  std::uint64_t session = 0;
  std::uint64_t fencing_token = 0;
  StreamClass stream = StreamClass::control;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  Digest digest;  ///< over all entries, in order
  std::vector<LogEntry> entries;
  Signature signature{};
};

/// What a node holds of one of its streams.
struct StreamHolding {
  std::uint64_t first = 1;  ///< oldest seq still held; head + 1 where there is none
  Digest before;            ///< the chain value before it
  std::uint64_t head = 0;
  Digest value;  ///< the chain value at the head
  std::uint64_t bytes = 0;
  IBCF_FIELDS(StreamHolding, first, before, head, value, bytes)
};

/// Identity proof and inventory of what the node holds (protocols page, "Return and replay").
struct Hello {
  NodeId origin;
  std::uint32_t incarnation = 1;
  std::uint64_t nonce = 0;  ///< rises with every attempt of this node
  PerStream<StreamHolding> streams;
  std::uint64_t max_epoch_seen = 0;
  ConnectivityMode mode = ConnectivityMode::autonomous;
  Instant clock;
  BundleId bundle_id;
  std::uint64_t revocations = 0;  ///< generation of the newest list that its master told it
  Signature signature{};
};

/// "That was all": where every stream of the node ends.
struct Fin {
  std::uint64_t session = 0;
  std::uint64_t fencing_token = 0;
  StreamSeqs heads{};
  PerStream<Digest> values;
  IBCF_FIELDS(Fin, session, fencing_token, heads, values)
};

/// How far the node is with a command: DELIVERED, ACCEPTED or EXECUTING; or HELD: it did not take it now,
/// because it is returning, replaying or quarantined. A command that ends at once says nothing; how each
/// ended is in the node's log.
struct CommandProgress {
  CommandId command_id;
  CommandState state = CommandState::delivered;
  std::uint64_t nonce = 0;  ///< of the node's newest Hello: HELD counts until the verdict on that one
  IBCF_FIELDS(CommandProgress, command_id, state, nonce)
};

/// "I have the list of this generation, and will have it after a reboot."
struct RevocationsHeld {
  std::uint64_t generation = 0;
  std::uint64_t nonce = 0;  ///< of the node's newest Hello, which says the same: an older word counts no more
  IBCF_FIELDS(RevocationsHeld, generation, nonce)
};

/// ---- master to node --------------------------------------------------------------------------------------

/// What an acknowledgement says besides.
enum class AckNote : std::uint8_t {
  none,
  copied,    ///< another master holds all of it too: the node may forget it
  say_hello  ///< the node has to be reconciled
};
constexpr auto words_of(AckNote) {
  return std::array<std::string_view, 3>{"NONE", "COPIED", "SAY_HELLO"};
}

struct HeartbeatAck {
  Instant echo;             ///< the heartbeat's `sent`
  StreamSeqs marks{};       ///< everything up to here is stored for good
  std::uint64_t epoch = 0;  ///< of the authority over the node's domain
  Duration autonomy{};      ///< the node's LOCAL grant in this term; 0: none. Said anew with each
  std::uint32_t incarnation = 1;
  AckNote note = AckNote::none;
  IBCF_FIELDS(HeartbeatAck, echo, marks, epoch, autonomy, incarnation, note)
};

struct Grant {
  std::uint64_t session = 0;
  std::uint64_t nonce = 0;  ///< of the Hello it answers
  std::uint64_t fencing_token = 0;
  StreamSeqs marks{};  ///< each stream goes on after its mark
  std::uint64_t credit_bytes = 0;
  std::uint32_t chunk_bytes = 0;
  std::uint64_t epoch = 0;
  IBCF_FIELDS(Grant, session, nonce, fencing_token, marks, credit_bytes, chunk_bytes, epoch)
};

/// Why a Hello is answered with "later".
enum class DeferReason : std::uint8_t {
  full,           ///< no session, or no room for its backlog
  patient_first,  ///< what is free is for those who were put off often
  urgent_first,   ///< what is free is for those who bring trust, authority or results of commands
  distrusted      ///< it is quarantined, or set aside, and nobody has said that it may be reconciled
};
constexpr auto words_of(DeferReason) {
  return std::array<std::string_view, 4>{"FULL", "PATIENT_FIRST", "URGENT_FIRST", "DISTRUSTED"};
}

struct Defer {
  std::uint64_t nonce = 0;
  Duration retry_after{};
  Duration spread{};  ///< wait a part of this on top, each node its own
  DeferReason reason = DeferReason::full;
  IBCF_FIELDS(Defer, nonce, retry_after, spread, reason)
};

/// The chunk that ends with `last` is stored, and so is everything of its stream up to `mark`.
struct ChunkAck {
  std::uint64_t session = 0;
  StreamClass stream = StreamClass::control;
  std::uint64_t last = 0;
  std::uint64_t mark = 0;
  std::uint64_t credit_bytes = 0;
  IBCF_FIELDS(ChunkAck, session, stream, last, mark, credit_bytes)
};

/// The range did not fit: go on from `expected`.
struct Nack {
  std::uint64_t session = 0;
  StreamClass stream = StreamClass::control;
  std::uint64_t expected = 0;
  IBCF_FIELDS(Nack, session, stream, expected)
};

/// Ends a replay; session 0 answers a Hello that needed none. Beside it stands what reconciliation decided
/// about the node's objects against `bundle_id`, for the node to carry out within that bundle's constraints.
struct Verdict {
  std::uint64_t session = 0;
  std::uint64_t nonce = 0;
  VerdictKind kind = VerdictKind::clean;
  StreamSeqs marks{};
  std::uint64_t epoch = 0;
  std::uint32_t commands_held = 0;
  BundleId bundle_id{};
  std::vector<ObjectDecision> decisions{};
  Constraints constraints{};
  IBCF_FIELDS(Verdict, session, nonce, kind, marks, epoch, commands_held, bundle_id, decisions, constraints)
};

/// All that is revoked in the fleet, as far as the master knows. Said again until the node is known to have
/// it; one that comes late or twice adds nothing.
struct RevocationNotice {
  std::uint64_t generation = 0;  ///< only rises while a master is the node's home
  Revocations revoked;
  IBCF_FIELDS(RevocationNotice, generation, revoked)
};

struct CommandDelivery {
  Command command;
  Shared<PolicyBundle> bundle;         ///< with assign_bundle, else null
  Shared<ArtifactPublished> artifact;  ///< with install_artifact, else null
  /// With install_artifact, where the node is not known to have the newest: what must not be installed comes
  /// no later than the order to install.
  Shared<RevocationNotice> revocations{};
};

/// The authority over a scope is in a new term: fence what is older.
struct EpochNotice {
  DomainId scope;
  std::uint64_t epoch = 0;
  IBCF_FIELDS(EpochNotice, scope, epoch)
};

/// "I am your master from now on, in this term": its former one is gone. Sealed, so that it comes from one
/// who was given the node's secret; the term is above that of the node's home so far.
struct NewHome {
  DomainId scope;
  std::uint64_t epoch = 0;
  IBCF_FIELDS(NewHome, scope, epoch)
};

/// ---- relay to node ---------------------------------------------------------------------------------------

/// "You may stop sending": a relay keeps these until it can pass them on. Never "you may delete" (I-9).
struct Custody {
  StreamClass stream = StreamClass::control;
  std::uint64_t upto = 0;
};

/// ---- relay to master
/// --------------------------------------------------------------------------------------

struct Delegated;  // holds a Packet

/// ---- master to master ------------------------------------------------------------------------------------

/// The holder asks before its lease ends; the lease it is given counts from `sent` on the holder's own clock.
struct LeaseRequest {
  DomainId scope;
  std::uint64_t epoch = 0;
  Instant sent;
};
struct LeaseGranted {
  AuthorityGrant grant;
  std::optional<Instant> echo;  ///< of the request; nothing where nobody asked
};
struct LeaseRevoked {
  DomainId scope;
  std::uint64_t epoch = 0;
};
struct LeaseReleased {
  DomainId scope;
  std::uint64_t epoch = 0;
};
/// A command of the scope's holder, for the home master of the node to deliver.
struct CommandForward {
  Command command;
};
struct RolloutOrder {
  PolicyBundle bundle;
  std::vector<double> waves;
  Duration wave_every{};
  double threshold = 0.9;        ///< of the reached nodes of a wave must run it before the next one begins
  std::vector<DomainId> scopes;  ///< nodes of these domains; empty: all
};
/// "I have what you sent under this id": ends the sender's repeating of a CommandForward (command), a
/// RolloutOrder (bundle), a LeaseGranted or an EpochNotice (scope).
struct Received {
  AnyId id;
};
/// What a master holds, told to a peer of its: a question, an answer, or both (see Replication).
struct Sync {
  FleetId fleet;
  MasterId master;
  std::uint32_t incarnation = 1;
  std::uint64_t log_size = 0;
  std::uint64_t question = 0;     ///< rises with each; 0: none
  std::uint64_t answers = 0;      ///< the question this answers; 0: none
  bool wants_whole = false;       ///< the answer shall hold all marks
  std::uint64_t digest = 0;       ///< of the whole version vector
  std::vector<StreamMark> marks;  ///< what changed since the peer was known to know it
};
/// Entries of a master's log, verbatim and in its order, that the peer lacks; and the bodies they name which
/// the peer is not known to hold.
struct Replicate {
  FleetId fleet;
  MasterId master;
  std::uint64_t piece = 0;  ///< rises with each
  std::vector<Bytes> entries;
  std::vector<Bytes> bodies{};
};
struct Replicated {
  FleetId fleet;
  MasterId master;
  std::uint64_t piece = 0;
  std::uint64_t log_size = 0;
  std::vector<StreamMark> marks;   ///< of the streams of the piece
  std::vector<StreamKey> refused;  ///< do not fit what is stored here
};

/// Small ones by value, large ones shared.
using Message =
    std::variant<Heartbeat, HeartbeatAck, ChunkAck, Nack, Custody, CommandProgress, EpochNotice, Defer,
                 LeaseRequest, LeaseRevoked, LeaseReleased, Received, Shared<Fin>, Shared<Grant>,
                 Shared<Verdict>, Shared<Chunk>, Shared<Hello>, Shared<CommandDelivery>, Shared<LeaseGranted>,
                 Shared<CommandForward>, Shared<RolloutOrder>, Shared<Sync>, Shared<Replicate>,
                 Shared<Replicated>, NewHome, Shared<Delegated>, RevocationsHeld, Shared<RevocationNotice>>;

/// A message with its first sender and last receiver; relays in between pass it on. Between a node and its
/// master it carries a seal (seal.hpp) or is signed.
struct Packet {
  Endpoint from;
  Endpoint to;
  Message message;
  Seal seal{};
};

/// "This I could not pass on, and since then its node is out of reach": the newest heartbeat or Hello of a
/// node as it came. How long it was kept, by its own clock, is the relay's word; all else is the node's.
struct Delegated {
  Packet word;
  Duration kept{};
};

/// Bytes on the wire: the packed content with its seal or signature, a snapshot's body, and 48 bytes of
/// addresses and framing.
std::uint32_t wire_bytes(const Message& message);

/// "Heartbeat", "Chunk", ...
std::string_view name_of(const Message& message);

/// A Hello as the cause of an event: its nonce, in the last bytes of an id.
AnyId cause_of_hello(std::uint64_t nonce);
std::uint64_t nonce_in(const AnyId& cause);

/// What the signature of a chunk and of a Hello covers: everything but the signature itself.
Bytes signed_bytes(const Chunk& chunk);
Bytes signed_bytes(const Hello& hello);
/// The digest over a chunk's entries.
Digest digest_of(const std::vector<LogEntry>& entries);

/// "One of these kinds": std::visit(Match{...}, message) does not compile when a kind is forgotten.
template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Match(Cases...) -> Match<Cases...>;

}  // namespace ibcf
