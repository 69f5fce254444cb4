#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/outbox.hpp"
#include "controlplane/snapshotstore.hpp"
#include "controlplane/stream_index.hpp"
#include "model/payloads.hpp"

namespace ibcf {

struct ReplicationSettings {
  /// Anti-entropy: each master asks each peer so often what it holds. After a cut they converge within two
  /// (L-4).
  Duration period = std::chrono::seconds{10};
  Duration forward = std::chrono::seconds{2};  ///< what is new is passed on so often
  std::uint64_t piece_bytes = 256 << 10;       ///< at most so much is under way to a peer at once
  /// A peer that was restarted may have lost so many of its newest entries; they are sent again. More is no
  /// crash but a truncation, and stops replication with it.
  std::uint64_t tolerated_tail = 10'000;
};

/// Who a master is when it talks to others.
struct ReplicaIdentity {
  FleetId fleet;
  MasterId id;
  std::uint32_t incarnation = 1;
  Endpoint endpoint;
};

/// Keeps the logs of masters alike (protocols page, "Masters: replication and authority"). Peers tell each
/// other their version vectors, whole at first and then what changed, and send what the other lacks, verbatim
/// and in the order of the sender's log, so that no copy holds an effect without its cause.
///
///   fast path      the new end of the log, a piece at a time. The queue is a range of the log and not a
///                  copy of it, so it costs nothing to keep, however long a peer is away
///   anti-entropy   every period a question; the answer says what the peer holds, and where it lacks
///                  anything, sending goes back to the oldest entry that it lacks
///
/// Nothing is ever deleted. A peer of another fleet is refused; one whose past is not what it was is halted
/// until an operator decides. This class finds out and says so; the master writes it down.
class Replication {
 public:
  /// The store must outlive this; it is read, and held against retention where a peer still needs it. From
  /// `bodies`, which may be null and must outlive this too, comes what the sent entries name by digest; a
  /// body goes to each peer once, and one that is not at hand goes to nobody.
  Replication(const ReplicationSettings& settings, ReplicaIdentity self, EventStore& store,
              const SnapshotStore* bodies = nullptr);

  void add_peer(Endpoint endpoint, MasterId id, std::string name);
  /// The newest entry stored covers seqs first..last of this stream (StreamIndex::cover).
  void covered(const StreamKey& stream, std::uint64_t first, std::uint64_t last) {
    index_.cover(stream, first, last);
  }
  /// The master stored an entry, at position index().size(): seqs first..last of its stream.
  void stored(const StreamKey& stream, std::uint64_t first, std::uint64_t last) {
    index_.add(stream, first, last);
  }

  /// To be called every `settings.forward`, and at once where there is a reason: asks who is due, sends what
  /// is new.
  void tend(Instant now, Outbox& out);
  /// What comes from peers. A refusal is to be written down; it is returned once, not for every message.
  std::optional<PeerRefused> on(Endpoint from, const Sync& sync, Instant now, Outbox& out);
  std::optional<PeerRefused> on(Endpoint from, const Replicated& replicated, Instant now, Outbox& out);
  /// Whether entries of this peer may be stored; they are to be admitted one by one, and then told.
  std::optional<PeerRefused> on(Endpoint from, const Replicate& replicate);
  [[nodiscard]] bool takes_from(Endpoint from) const;
  /// One entry of a piece and what it stands for.
  struct Offered {
    StreamKey stream;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  /// The entries of the piece were admitted, but for those of `refused` streams, which do not fit what is
  /// stored here and shall not be sent again.
  void took(Endpoint from, std::uint64_t piece, const std::vector<Offered>& offered,
            const std::set<StreamKey>& refused, Outbox& out);
  /// A node's stream that is not the same here and there. The rest goes on without it.
  struct Fork {
    StreamKey stream;
    std::uint64_t seq = 0;
    std::string peer;
  };
  /// The forks found since the last call.
  [[nodiscard]] std::vector<Fork> take_forks() { return std::exchange(forks_, {}); }

  /// The operator's word after a halt, or what the log says of an earlier one; false where there is no such
  /// peer.
  bool resume(const std::string& peer);
  bool halt(const std::string& peer);

  /// A peer is listened to once it has shown that it is of this fleet and as long as it is not halted; a
  /// master that is no peer, until it has shown that it is of another fleet.
  [[nodiscard]] bool listens_to(Endpoint from) const;
  [[nodiscard]] bool is_halted(MasterId peer) const;
  /// Everything below this position of the log is held by a peer too; where there is none, nothing more can
  /// be asked for.
  [[nodiscard]] std::uint64_t copied_until() const;
  /// All peers told that they hold exactly what this master holds.
  [[nodiscard]] bool is_converged() const;
  /// The version vector, up to date.
  [[nodiscard]] std::vector<StreamMark> vector() const;
  [[nodiscard]] std::uint64_t digest() const;
  [[nodiscard]] const StreamIndex& index() const { return index_; }

 private:
  using Number = StreamIndex::Number;
  struct Known {
    HeldMark told;            // in the peer's own words
    std::uint64_t guess = 0;  // at least so far, judging by what it sent
  };
  struct Piece {
    std::uint64_t number = 0;
    std::uint64_t until = 0;  // position after its last entry
    Instant sent;
    std::vector<Digest> bodies{};
  };
  struct Question {
    std::uint64_t number = 0;
    Instant asked;
    std::uint64_t peer_size = 0;  // of its log, as known then
    std::uint64_t own_size = 0;   // of ours: it knows our marks up to there when it answers
  };
  struct Peer {
    Endpoint endpoint;
    MasterId id;
    std::string name;
    bool introduced = false;
    bool foreign = false;
    bool halted = false;

    std::uint32_t incarnation = 0;
    std::uint64_t size = 0;    // of its log, the most it told
    std::uint64_t digest = 0;  // of `known`, as told
    std::vector<Known> known;  // by stream number
    bool must_ask_all = true;  // what we know of it is not what it told

    Question question;
    Instant next_question = Instant::min();
    std::uint64_t told = 0;    // it knows our marks as of this position; 0: none of them
    std::uint64_t cursor = 0;  // what stands below is held by the peer
    std::optional<Piece> piece;
    std::uint64_t pieces = 0;
    std::set<Digest> bodies;    // it has, for it said that it took their piece
    Duration patience{};        // a piece is lost when a question asked so much later was answered
    std::set<Number> excluded;  // streams it does not take from us
  };

  Peer* find(Endpoint endpoint);
  [[nodiscard]] const Peer* find(Endpoint endpoint) const;
  std::optional<PeerRefused> refuse(Peer& peer, std::string reason, bool halted);
  std::optional<PeerRefused> refuse_stranger(Endpoint from, std::string reason);
  std::optional<PeerRefused> check_identity(Endpoint from, FleetId fleet, MasterId id);
  std::optional<PeerRefused> see_incarnation(Peer& peer, const Sync& sync);
  std::optional<std::string> learn(Peer& peer, const std::vector<StreamMark>& marks);
  [[nodiscard]] std::optional<std::string> contradiction(const Known& known, const StreamMark& told) const;
  void find_fork(Peer& peer, const StreamMark& told, Number stream);
  void take_answer(Peer& peer);
  std::optional<PeerRefused> find_lacking(Peer& peer);
  void ask(Peer& peer, Instant now, Outbox& out);
  void tell(Peer& peer, std::uint64_t question, std::uint64_t answers, Outbox& out);
  void send_piece(Peer& peer, Instant now, Outbox& out);
  void add_body(const Peer& peer, ByteView packed, Replicate& piece, std::vector<Digest>& sent) const;
  [[nodiscard]] std::vector<StreamMark> marks_since(std::uint64_t position) const;

  ReplicationSettings settings_;
  ReplicaIdentity self_;
  EventStore* store_;
  const SnapshotStore* bodies_;
  mutable StreamIndex index_;  // refreshed when it is looked at
  std::vector<Peer> peers_;
  std::map<Endpoint, bool> strangers_;  // refused; true: of another fleet
  std::vector<Fork> forks_;
};

}  // namespace ibcf
