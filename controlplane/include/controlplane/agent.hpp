#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/agent_state.hpp"
#include "controlplane/command_desk.hpp"
#include "controlplane/lifecycle.hpp"
#include "controlplane/link_class.hpp"
#include "controlplane/node_log.hpp"
#include "controlplane/node_objects.hpp"
#include "controlplane/outbox.hpp"
#include "model/fetch_ahead.hpp"
#include "model/payloads.hpp"

namespace ibcf {

/// What every agent of a fleet does the same way.
struct AgentSettings {
  Duration heartbeat = std::chrono::seconds{30};
  std::uint32_t missed_heartbeats = 3;  ///< silence of so many means contact is lost
  std::uint32_t missed_windows = 2;     ///< for a windowed link: whole contact windows without a word
  Duration snapshot = std::chrono::minutes{10};
  std::uint32_t snapshot_body_bytes = 16 << 10;
  /// The longest time that a node reckons to be alone: results of commands are kept for so long beyond the
  /// last moment of their commands. What it may decide meanwhile is up to the LOCAL grant that it was given.
  Duration autonomy = std::chrono::hours{24};
  std::uint64_t buffer_bytes = 64 << 20;
  std::uint32_t chunk_bytes = 64 << 10;  ///< of live chunks; a replay's Grant names its own
  LinkThresholds thresholds;
};

/// Who one agent is. The signer must outlive it.
struct AgentIdentity {
  // what a heartbeat says of it comes first
  Endpoint relay;
  Endpoint master;
  std::uint32_t index = 0;
  std::uint32_t incarnation = 1;
  bool windowed = false;  ///< the contact plan gives this node windows, not a standing link
  LinkSecret secret;
  NodeId id;
  DomainId domain;
  const Signer* signer = nullptr;
  std::string version;
  std::uint8_t battery_pct = 100;    ///< at the start; 100 where there is none
  const Machine* machine = nullptr;  ///< must outlive the agent; null: every command works at once
  ArtifactTrust trust{};
  Inventory inventory{};  ///< as its snapshots show it, like its firmware
  Firmware firmware{};
};

/// The node's side of the control plane: heartbeats and events while in contact, autonomy with a buffer when
/// contact is lost, return and replay when it comes back (seed, section 3 "Key behaviors"). A state machine:
/// each input comes with `now` and leaves what it wants done in the outbox.
class alignas(64) Agent {
 public:
  Agent(const AgentSettings& settings, AgentIdentity identity);

  /// Activated and bound to its master; asks for its first timers.
  void start(Instant now, Outbox& out);
  void on_message(const Packet& packet, Instant now, Outbox& out);
  /// A timer that is no longer the one asked for last is ignored.
  void on_timer(Timer timer, Instant now, Outbox& out);
  /// What the software on the node saw: telemetry (HEALTH or HISTORY), which goes up as the link allows.
  void observe(Observation seen, Priority priority, Instant now, Outbox& out);
  /// The modem found or lost its carrier.
  void on_carrier(bool up, Instant now, Outbox& out);
  /// The contact plan gives the node windows from now on (A4, S9), or a standing link again: then the next
  /// round trip tells its class (A2, A3), and silence counts from now. Survives a reboot.
  void on_contact_plan(bool windowed, Instant now);
  /// What the node found out about itself; told with the next heartbeat and snapshot.
  void set_health(Health health) { health_ = health; }
  void on_battery(std::uint8_t pct, Instant now, Outbox& out);
  /// The node's own software gives one of its objects another value. Where it is `decided`, the log says so,
  /// and without contact the decision stands under the LOCAL grant (I-26); else it is a hand's edit, and only
  /// the next snapshot shows it.
  void change(const std::string& object, ObjectValue value, bool decided, Instant now, Outbox& out);

  /// What survives a reboot.
  [[nodiscard]] AgentState durable() const;
  /// The node comes up again with what is durable; all else is lost, and node.rebooted says so in its log.
  void reboot(Instant now, Outbox& out) { wake_up(durable(), carrier_, now, out); }
  /// As reboot, with what was durable at some time: the present, or a backup; `carrier` is what its modem
  /// finds. An older log than the master holds is found out by either end (A26), never taken up in silence.
  /// Requires the state of this node's incarnation.
  void wake_up(const AgentState& state, bool carrier, Instant now, Outbox& out);

  /// A hint that a heartbeat or its acknowledgement is next for this agent.
  void fetch_ahead() const { ibcf::fetch_ahead(this, hot_bytes); }

  [[nodiscard]] const AgentIdentity& identity() const { return identity_; }
  /// As the node itself sees it; DISCONNECTED before the first word from its master.
  [[nodiscard]] ConnectivityMode mode() const { return state_.mode.value_or(ConnectivityMode::disconnected); }
  /// What it wrote and what of it was acknowledged end to end.
  [[nodiscard]] const NodeLog& log() const { return log_; }
  [[nodiscard]] std::uint64_t backlog_events() const { return log_.written() - log_.acknowledged(); }
  [[nodiscard]] std::uint64_t max_epoch_seen() const { return max_epoch_seen_; }
  /// As its master gave it last.
  [[nodiscard]] const LocalGrant& local_grant() const { return local_; }
  [[nodiscard]] BundleId bundle() const { return bundle_; }
  /// Messages that were not as this node's master or relay sent them.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  /// The commands this node has, and how those it had ended; the bundle in force with its objects.
  [[nodiscard]] const CommandDesk& desk() const { return desk_; }
  /// Why its last Hello was answered with "later"; nothing where it was not.
  [[nodiscard]] std::optional<DeferReason> put_off_because() const { return put_off_because_; }
  /// What it installs no more, whoever asks.
  [[nodiscard]] const Revocations& revoked() const { return revoked_; }
  /// What the node is, object by object, as its next snapshot will show it.
  [[nodiscard]] const NodeObjects& objects() const { return objects_; }

 private:
  struct Sent {
    StreamClass stream;
    std::uint64_t last;
    std::uint64_t bytes;
  };
  struct Session {
    std::uint64_t id = 0;
    std::uint64_t fencing_token = 0;
    StreamSeqs sent{};        ///< per stream, newest seq sent in order
    std::uint64_t ahead = 0;  ///< the snapshot that was sent ahead of the older ones; 0: none yet
    bool ahead_stored = false;
    bool may_go_ahead = true;
    std::uint64_t credit_bytes = 0;
    std::uint32_t chunk_bytes = 0;
    std::vector<Sent> outstanding;  ///< chunks without an answer
    Instant progress;
    std::uint32_t timeouts = 0;  ///< since the last answer
  };

  // contact
  void beat(Instant now, Outbox& out);
  void hear(Instant now);
  void classify();
  void lose_contact(std::string_view why, Instant now, Outbox& out);
  void step(EventType trigger, VerdictKind verdict = VerdictKind::clean, bool has_autonomy = false);
  void send_heartbeat(Instant now, Outbox& out);
  void send_hello(Instant now, Outbox& out);
  void start_return(Instant now, Outbox& out);
  void come_back(Instant now, Outbox& out);
  [[nodiscard]] Duration alone(Instant now) const;
  [[nodiscard]] bool has_autonomy(Instant now) const { return local_.covers(alone(now)); }
  void decide(LocalDecision decision, Instant now, Outbox& out);
  [[nodiscard]] bool is_silent_since(Instant since, Instant now) const;

  // the log
  void write(EventType type, Priority priority, Bytes payload, AnyId cause, std::uint32_t body_bytes,
             Instant now, Outbox& out, Bytes body = {});
  bool acknowledge(const StreamSeqs& marks);
  bool resume_at(const StreamSeqs& marks);
  static constexpr std::uint64_t to_the_end = UINT64_MAX;  // the whole of a stream
  [[nodiscard]] Chunk cut_chunk(StreamClass stream, std::uint64_t first, std::uint64_t last,
                                std::uint64_t limit_bytes) const;
  void take_snapshot(Instant now, Outbox& out);
  void write_snapshot(Instant now, Outbox& out);
  void look_for_losses(const StreamSeqs& before_ack);

  // what comes in
  [[nodiscard]] bool is_genuine(const Packet& packet) const;
  bool answers_hello(std::uint64_t nonce, Instant now);
  void on(const HeartbeatAck& ack, Instant now, Outbox& out);
  void on(const Grant& grant, Instant now, Outbox& out);
  void on(const Defer& defer, Instant now, Outbox& out);
  void on(const ChunkAck& ack, Instant now, Outbox& out);
  void on(const Nack& nack, Instant now, Outbox& out);
  void on(const Verdict& verdict, Instant now, Outbox& out);
  void on(const Custody& custody);
  void on(const EpochNotice& notice);
  void on(const RevocationNotice& notice, Outbox& out);
  void follow(const NewHome& home, Endpoint from, Instant now, Outbox& out);
  void on(const Shared<CommandDelivery>& delivery, Instant now, Outbox& out);
  void see_epoch(std::uint64_t epoch);

  // the desk
  [[nodiscard]] DeskFacts desk_facts(Instant now) const;
  void tend_desk(Instant now, Outbox& out);
  [[nodiscard]] bool has_open_work() const;
  void take_up(const Verdict& verdict, Instant now, Outbox& out);
  void tend_objects(Instant now, Outbox& out);
  void do_steps(const std::vector<DeskStep>& steps, Instant now, Outbox& out);

  // what goes out
  void publish(Instant now, Outbox& out);
  void publish_again();
  void upload(Instant now, Outbox& out);
  bool upload_next(Outbox& out);
  std::uint64_t upload_range(StreamClass stream, std::uint64_t first, std::uint64_t last, Outbox& out);
  void send_fin(Outbox& out) const;
  void send(Message message, Outbox& out) const;
  void wake(Timer timer, Instant at, Outbox& out);
  Instant& due_of(Timer timer) {
    return timer == Timer::work ? work_due_ : due_[static_cast<std::size_t>(timer)];
  }

  // What every heartbeat touches comes first: five cache lines, down to identity_.secret.
  static constexpr std::size_t hot_bytes = 320;
  const AgentSettings* settings_;
  Instant last_heard_;
  Duration alone_before_{};  // last_heard_, at a reboot without a word since
  LocalGrant local_;
  Instant due_[4] = {never, never, never, never};  // of beat, snapshot, hello, upload
  LifecycleState state_;
  bool carrier_ = true;
  bool heard_in_window_ = false;
  PerStream<std::uint8_t> stalled_acks_{};  // in a row that brought the stream nothing
  Health health_ = Health::ok;
  std::uint8_t battery_pct_ = 100;
  bool has_work_ = false;  // the desk is not idle, or objects wait
  LinkClass link_class_;
  Instant echoed_ = Instant::min();  // the newest heartbeat that was acknowledged
  NodeLog log_;
  std::uint64_t published_ = 0;  // events sent in contact, acknowledged ones included
  std::uint64_t max_epoch_seen_ = 0;
  std::uint32_t rtt_us_ = 0;
  std::uint32_t silent_windows_ = 0;
  AgentIdentity identity_;

  StreamSeqs sent_{};     // newest seqs published in contact; they add up to published_
  StreamSeqs custody_{};  // newest seqs that a relay keeps for us
  std::uint32_t boot_ = 1;
  std::uint64_t hlc_ = 0;
  std::uint64_t nonce_ = 0;
  std::uint64_t answered_nonce_ = 0;  // the newest Hello that was answered
  std::uint64_t refused_ = 0;
  std::optional<Session> session_;
  BundleId bundle_;
  CommandDesk desk_;
  Instant work_due_ = never;
  NodeObjects objects_;
  std::optional<DeferReason> put_off_because_;
  Revocations revoked_;
  std::uint64_t revocations_ = 0;  // generation of the newest list of its present master
  std::uint64_t home_epoch_ = 0;   // the term in which its present master took it over
  bool is_wiped_ = false;          // its last word, that it is, was said
};

}  // namespace ibcf
