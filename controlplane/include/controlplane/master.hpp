#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/admission.hpp"
#include "controlplane/artifact_registry.hpp"
#include "controlplane/authority.hpp"
#include "controlplane/command_book.hpp"
#include "controlplane/command_order.hpp"
#include "controlplane/eventstore.hpp"
#include "controlplane/master_settings.hpp"
#include "controlplane/memory_snapshots.hpp"
#include "controlplane/node_record.hpp"
#include "controlplane/normalizer.hpp"
#include "controlplane/outbox.hpp"
#include "controlplane/parked_ranges.hpp"
#include "controlplane/quarantine.hpp"
#include "controlplane/reconcile_input.hpp"
#include "controlplane/replication.hpp"
#include "controlplane/return_gate.hpp"
#include "controlplane/rollout_book.hpp"
#include "model/payloads.hpp"

namespace ibcf {

class AttentionQueue;
class MasterViews;
class Projections;

/// One master: admission, the log, belief about its nodes, return and replay, commands, rollouts, and
/// authority in terms. The GLOBAL one also grants authority and keeps the union of all logs. A state machine
/// without I/O; whatever it decides is an event in its store first. The stores and the verifier must outlive
/// it.
class Master {
 public:
  /// `domains` are the fleet's, for the views over this master's log. `bodies` keeps what snapshots hold;
  /// null: this master does, as long as it lives.
  Master(const MasterSettings& settings, MasterIdentity identity, EventStore& store, const Verifier& verifier,
         std::vector<Domain> domains = {}, SnapshotStore* bodies = nullptr);
  ~Master();
  Master(const Master&) = delete;  // what is inside holds on to what is inside

  /// Registers, enrols and activates a node (S1, S2, S3). One with the key of another node is not enrolled
  /// but QUARANTINED (A29): somebody copied an image. Where makers are trusted (MasterSettings::attestation),
  /// one that none of them vouches for is refused and RETIRED, with nothing issued (A28), and one that booted
  /// what may not be activated is enrolled and QUARANTINED (A31).
  void enrol(Enrolment enrolment, Instant now);
  /// Instead of enrolling: builds this master again from its log, as it was before it died, wherever it died;
  /// to be called before start(). The inventory holds the nodes it is home to, each in its present life, with
  /// what no log may hold (their link secrets); one that the log does not know yet is enrolled. What an
  /// append of the log stands behind is there again: marks and chain values, belief, locks and sessions,
  /// distrust and how far a remediation or a wipe has come, the brake, parked ranges, artifacts, commands,
  /// rollouts, terms, the return gate's pace, what is known of peers. Requires an incarnation above all of
  /// this master's in the log, a store that is sound, and all of it (nothing was dropped by retention).
  /// Bodies of snapshots are there as far as their own store still has them.
  ///
  /// Not from the log, and made good by what comes: round trips and dwell times, heartbeats since the last
  /// flush, signs of life while AUTONOMOUS, who is asked for what and when (a node is first missed a full
  /// silence after the start); whose turn it was at the return gate (each asks again, and waits as long as a
  /// first one at most); whom the brake had set aside (it goes on to hold, and sets aside again whoever
  /// misbehaves again); which evidence was told already (at most it is told once more); the nonces of Hellos
  /// that led to no session; how far a node's clock has been heard, for provisional ends of commands. A lease
  /// granted by another master is asked for anew before this one acts under it. What was ordered and had not
  /// begun, a hand-over or a rollout at other masters, is ordered again by itself.
  void recover(std::vector<Enrolment> inventory, Instant now);
  /// Nodes whose home is gone for good get a new one here, where the authority of their scopes is held by
  /// now: what the other masters' logs tell of them by way of replication is taken up, a session that was
  /// open is broken, and they are told, until they answer. A node then says Hello and goes on from the marks
  /// that are held here, under a higher fencing token; what the lost master alone had stored it has kept.
  /// Commands that were not carried out under the old term end with it; once the node has been reconciled,
  /// and so has said all that it did, those which it never ran are ordered anew; by an operator, if this
  /// master dies in between. What is left of the lost master's rollouts for these nodes goes on here; one
  /// whose order had not reached it is to be ordered again, and takes in who is new. False, and nothing is
  /// done, where a node is home here already or its scope is not held. A former home that turns up again must
  /// be started without these nodes.
  bool adopt(std::vector<Enrolment> inventory, Instant now, Outbox& out);
  /// The masters it exchanges its log with: for the GLOBAL one all of them, itself included; it makes the
  /// first grants.
  void start(const std::vector<Peer>& peers, Instant now, Outbox& out);
  void on_message(const Packet& packet, Instant now, Outbox& out);
  void on_timer(Timer timer, Instant now, Outbox& out);

  /// Hints that a heartbeat of the node of this index is soon sent, and that it is on its last hop to here:
  /// where its mark is stands in what the first one fetches.
  void fetch_ahead(std::uint32_t node) const;
  void fetch_ahead_mark(std::uint32_t node) const;

  // what operators order
  /// The command's id, or nothing where this master does not hold the scope's authority now, where the
  /// command would be valid for longer than longest_validity, where it is for a node that should be at home
  /// here and is not, or where the artifact it is to install is not verified (the verdict is in the log).
  /// What is refused leaves an input.rejected in the log. An order of kind CANCEL names the command that it
  /// is to stop in its argument; its own end tells whether it came in time.
  std::optional<CommandId> issue(const CommandOrder& order, Instant now, Outbox& out);
  /// An artifact enters the fleet, once it is found verified; `payload` is the SHA-256 of what was handed in.
  /// False where it is not: the verdict is in the log, with what was refused.
  bool publish_artifact(const ArtifactPublished& submitted, const Digest& payload, Instant now);
  /// From now on a node that runs it, or anything that key alone signed, has a trust violation; the nodes
  /// that are home here are looked at again at once, the others by their masters with their next snapshots.
  /// Every master tells its nodes, until each is known to have it: none installs such a thing any more, in
  /// contact or not.
  void revoke_artifact(ArtifactId id, std::string reason, Instant now);
  void revoke_key(const PublicKey& key, std::string reason, Instant now);
  /// GLOBAL: publishes the bundle and has every master roll it out to the nodes it is home to; refuses one
  /// with blank or invalid fields.
  void order_rollout(const RolloutOrder& order, Instant now, Outbox& out);
  /// Declares what a scope, a domain that this master holds, should be, instead of all that it knows to be
  /// declared for it; publishes the bundle where it is new. Nodes are reconciled against it and drift is
  /// measured from it; a rollout is what brings it to those in contact. False where the scope is not held
  /// now, or the bundle has blank or invalid fields (which the log then says).
  bool set_desired(DomainId scope, const PolicyBundle& bundle, Instant now);
  /// An operator has looked at what lost against the word of another master: what is in force is declared
  /// over it. False where nothing lost, or the scope is not held now.
  bool settle_desired(DomainId scope, Instant now);
  /// Of this master's own part of a rollout.
  void pause_rollout(BundleId id, std::string reason, Instant now, Outbox& out);
  void resume_rollout(BundleId id, std::string reason, Instant now, Outbox& out);
  void halt_rollout(BundleId id, std::string reason, Instant now, Outbox& out);
  /// From now on the node is in contact in these windows only, the last of which is not over (A4, S9), or,
  /// with null, its link stands again (A2, A3 by its next round trip): a planned change and no fault. Silence
  /// is judged by it. The node itself has to learn of it, too (Agent::on_contact_plan). False where it is not
  /// home here, or is RETIRED, or `windows` is no plan, or the link stands already.
  bool plan_contacts(NodeId node, ContactPlan windows, std::string reason, Instant now);
  // ---- nodes that are not trusted (docs/quarantine.md) ----
  /// An operator distrusts a node of this master (A32); false where the table has no such arrow here.
  bool order_quarantine(NodeId node, const std::string& by, Instant now);
  /// The causes of a node's quarantine are gone, says `why`, and it may be reconciled again (A38): until then
  /// its Hellos are put off. It stays QUARANTINED until remediation is complete. False where it is not home
  /// here, not quarantined, or returning already.
  bool re_reconcile(NodeId node, std::string why, Instant now);
  /// Orders what makes the node trustworthy again, on the responsibility of `by`. When the node says APPLIED,
  /// it is reconciled again where its log was the cause (A38), and becomes ACTIVE once nothing of it is left
  /// unreconciled (S21, I-45). With `update` it goes over UPDATING (A37, then S16 or A33), for which nothing
  /// may be left already. The command, or nothing where the node is not quarantined here, the scope's
  /// authority is not held, or, for an update, something is left.
  std::optional<CommandId> remediate(NodeId node, std::string by, std::string what, bool update, Instant now,
                                     Outbox& out);
  /// Gives a quarantined node up (S22), or takes any other out of the fleet (S23, A30, A34, A36): it gets a
  /// wipe, and is RETIRED once it has confirmed it and was silent (S24), or at the deadline without its word.
  bool decommission(NodeId node, const std::string& by, Instant now, Outbox& out);
  /// Takes the decommissioning of a node that was not given up back (A39). False where there is none, or its
  /// wipe was sent: what may be wiped is not ACTIVE.
  bool cancel_decommission(NodeId node, const std::string& by, Instant now, Outbox& out);
  /// A new life of a RETIRED node under its old id: `enrolment` has the next incarnation and other keys (A41,
  /// I-1); the key of a life that was refused was never bound and may come again. False where it is not that.
  bool reincarnate(Enrolment enrolment, Instant now);
  /// An operator looked at what a brake holds back: who was set aside is judged anew. False where none holds.
  bool release_brake(DomainId domain, std::string_view cause, Instant now);
  /// Lets in what was parked of the node's log and can be read by now; how many ranges.
  std::size_t redrive(NodeId node, const std::string& why, Instant now, Outbox& out);

  /// Replication with a peer that was halted goes on, from what that peer says it holds now; false where
  /// there is no such peer or it is not halted.
  bool resume_peer(MasterId peer, std::string why, Instant now, Outbox& out);
  /// GLOBAL: gives the scope to another master, as soon as the present holder is done with it.
  void order_handover(DomainId scope, const Peer& to, Instant now, Outbox& out);
  /// GLOBAL: names in advance who takes the scope when nothing is heard of the present term any more. Holds
  /// until that term ends in another way; a later name replaces an earlier one. False where the scope is not
  /// granted here, or to the present holder.
  bool name_successor(DomainId scope, const Peer& to, Instant now);
  /// An operator takes the scope for this master at once, whoever holds it: the GLOBAL one always may,
  /// another one where it was named successor, for its epoch is kept. What it issues in this term passes the
  /// reconciliation lock, assignments of bundles excepted. The epoch, or nothing where it may not.
  std::optional<std::uint64_t> break_glass(DomainId scope, std::string why, Instant now, Outbox& out);

  // what others may look at
  [[nodiscard]] const MasterIdentity& identity() const { return identity_; }
  [[nodiscard]] std::optional<std::uint64_t> epoch_for(DomainId scope, Instant now) const {
    return held_.epoch_for(scope, now);
  }
  /// What this master believes of a node it is home to.
  [[nodiscard]] const NodeRecord* find_node(NodeId id) const;
  [[nodiscard]] const std::vector<NodeRecord>& nodes() const { return nodes_; }
  [[nodiscard]] std::size_t open_replays() const { return open_replays_; }
  [[nodiscard]] const CommandBook& commands() const { return commands_; }
  [[nodiscard]] const RolloutBook& rollouts() const { return rollouts_; }
  [[nodiscard]] const ArtifactRegistry& artifacts() const { return artifacts_; }
  [[nodiscard]] const Replication& replication() const { return replication_; }
  [[nodiscard]] const SnapshotStore& bodies() const { return *bodies_; }
  /// What this master's log adds up to.
  [[nodiscard]] const Projections& views() const;
  /// The operator's inbox. It is evaluated now, where the log has grown since it was asked for last.
  [[nodiscard]] const AttentionQueue& attention() const;
  [[nodiscard]] const ParkedRanges& parked() const { return parked_; }
  [[nodiscard]] const QuarantineBrake& brake() const { return brake_; }
  [[nodiscard]] const ReturnGate& gate() const { return gate_; }

  /// Counts since the start, for reports and checks.
  struct Counters {
    std::uint64_t heartbeats = 0;
    std::uint64_t duplicates = 0;  ///< events that were there already
    std::uint64_t refused = 0;     ///< messages with a wrong seal, signature, token or incarnation
    std::uint64_t stale = 0;       ///< heartbeats and Hellos that came again, or after newer ones; signs of
                                   ///< life that prove nothing new
    std::uint64_t deferred = 0;    ///< Hellos answered with "later"
    std::uint64_t commands_issued = 0;
    std::uint64_t replays_granted = 0;
    std::uint64_t verdicts_clean = 0;
    std::uint64_t verdicts_not_clean = 0;
    std::uint64_t sessions_lost = 0;
    std::uint64_t nodes_reconciled = 0;    ///< returns at which desired and actual were compared
    std::uint64_t objects_reconciled = 0;  ///< decisions made then
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Unconfirmed {
    Endpoint to;
    AnyId id;
    Message message;
    Instant sent;
  };

  void on_master(const Packet& packet, Instant now, Outbox& out);
  void on_relay(const Packet& packet, Instant now);
  void see_alive(NodeRecord& node, Instant stamp, Duration kept, Instant now);

  // starting again
  struct Recalled;
  void recall(const Stored& stored, Instant now);
  void recall_own(const Event& event, Instant now);
  void recall_about(NodeRecord& node, const Event& event, Instant now);
  [[nodiscard]] Instant time_of(const Event& event, Instant now) const;
  void recall_command(const Event& event);
  void recall_order(const Command& command);
  void recall_parked(const Event& event);
  void recall_beats(const HeartbeatBatch& batch);
  void recall_step(NodeRecord& node, const Event& event, Instant now);
  void recall_key(NodeId owner, const Bytes& bytes);
  void recall_turn(NodeRecord& node, const Event& event, Instant at);
  void recall_trust(NodeRecord& node, std::optional<Phase> before, const std::string& reason,
                    const Event& event, Instant at);
  void recall_word(NodeRecord& node, const Event& event, Instant at);
  void recall_remedy(NodeRecord& node, const CommandResult& result, Instant at);
  void recall_copy(const Event& event, Instant now);
  void recall_grant(const Event& event, Instant now);
  void finish_steps(Instant now);
  void take_up(NodeRecord& node, Instant now);
  void take_up_artifacts(NodeRecord& node, Instant now);

  // nodes of a master that is gone
  using FormerRollouts = std::map<AnyId, RolloutBook>;  // by the master that they are of
  FormerRollouts recall_former_home(const std::set<NodeId>& nodes, Instant now);
  void take_over_rollouts(const FormerRollouts& former, const std::set<NodeId>& nodes, Instant now,
                          Outbox& out);
  void end_former_orders(NodeId node, Instant now);
  void order_again(NodeRecord& node, Instant now, Outbox& out);
  void claim(Outbox& out) const;
  void go_on(Instant now, Outbox& out);

  // nodes and belief
  NodeRecord& add_record(Enrolment enrolment);
  [[nodiscard]] bool owns_its_key(const NodeRecord& node) const;
  void finish_enrolment(NodeRecord& node, Instant now);
  void admit(NodeRecord& node, Instant now);
  void activate(NodeRecord& node, Instant now);
  std::string judge_attestation(const NodeRecord& node, Instant now);
  NodeRecord* find_record(Endpoint from);
  NodeRecord* find_record(NodeId id);
  [[nodiscard]] LifecycleFacts facts_of(const NodeRecord& node, VerdictKind verdict) const;
  bool believe(NodeRecord& node, EventType trigger, std::string reason, Instant now,
               VerdictKind verdict = VerdictKind::clean, AnyId cause = {});
  const Arrow* take_arrow(NodeRecord& node, EventType trigger, VerdictKind verdict);
  void on_heartbeat(NodeRecord& node, const Heartbeat& beat, Instant now, Outbox& out);
  void classify(NodeRecord& node, const Heartbeat& beat, Instant now);
  void watch_health(NodeRecord& node, Health reported, Instant now);
  void sweep(Instant now, Outbox& out);
  void watch(NodeRecord& node, Instant now);
  void take_plan(NodeRecord& node, const ContactsPlanned& planned, Instant now);
  void heed_plan(NodeRecord& node, const std::string& reason, Instant now);
  void skip_past_contacts(NodeRecord& node, Instant now);
  void flush(Instant now);
  void to_node(const NodeRecord& node, Message message, Outbox& out) const;

  // return and replay
  void on_hello(NodeRecord& node, const Hello& hello, Instant now, Outbox& out);
  void on_chunk(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out);
  void store_live(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out);
  void store_replayed(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out);
  void distrust(NodeRecord& node, const Chunk& chunk, Admitted worst, Instant now, Outbox& out);
  void on_fin(NodeRecord& node, const Fin& fin, Instant now, Outbox& out);
  bool see_return(NodeRecord& node, const Hello& hello, Instant now);
  void grant(NodeRecord& node, const Hello& hello, Instant now, Outbox& out);
  void send_grant(const NodeRecord& node, Outbox& out) const;
  void give_verdict(NodeRecord& node, VerdictKind kind, std::vector<std::string> reasons, Instant now,
                    Outbox& out);
  void break_lock(NodeRecord& node, std::string why, Instant now);
  Admitted park(NodeRecord& node, const Chunk& chunk, const LogEntry& entry,
                const std::optional<Event>& event, std::string reason, Instant now);
  void note_parked(const Event& event, std::uint64_t position);
  void see_copy(const Event& event);
  void heed_copy(const Event& event, Instant now, Outbox& out);
  void see_other_lock(const Event& event, Instant now);

  // quarantine
  struct Distrust {
    bool needs_replay = false;  // a cause lies in its log: only a clean replay clears it
    bool is_remedied = false;   // its order was carried out
    bool is_given_up = false;   // out of quarantine: no way back
    CommandId order;            // of the remediation, or the wipe
    std::string by;
    Instant since;                 // of its phase
    std::optional<Instant> wiped;  // the node confirmed it
  };
  bool is_braked(NodeRecord& node, EventType trigger, VerdictKind verdict, const std::string& reason,
                 Instant now);
  void note_distrust(NodeRecord& node, std::optional<Phase> before, const std::string& reason, Instant now);
  [[nodiscard]] bool is_put_off(const NodeRecord& node) const {
    return (node.state.phase == Phase::quarantined && !node.may_return) || node.is_aside;
  }
  [[nodiscard]] bool is_reconciled(const NodeRecord& node, const Distrust& distrust) const;
  void let_remedied_return(NodeRecord& node, Instant now);
  void note_reconciled(NodeRecord& node);
  void trust_again(NodeRecord& node);
  bool sees_traffic_after_wipe(NodeRecord& node, Instant now);
  void on_remedy(NodeRecord& node, const CommandResult& result, Instant now);
  void note_decommission(NodeRecord& node, bool gives_up, const std::string& by, Instant now);
  void order_wipe(const NodeRecord& node, Distrust& distrust, Instant now, Outbox& out);
  void begin_life(NodeRecord& node, Enrolment enrolment, Instant now);
  void end_life(const NodeRecord& node, Instant now);
  void tend_distrusted(Instant now, Outbox& out);
  void tend(NodeRecord& node, Distrust& distrust, Instant now, Outbox& out);

  Admitted store_entries(NodeRecord& node, const Chunk& chunk, Instant now, Outbox& out);
  void learn(NodeRecord& node, const Event& event, Instant now, Outbox& out);

  // bodies and reconciliation
  struct Reconciled {
    BundleId bundle;
    std::vector<ObjectDecision> decisions;
    std::vector<std::string> reasons;  ///< to distrust the node
    Constraints constraints;           ///< of the bundle
  };
  [[nodiscard]] Constraints constraints_of(BundleId bundle) const;
  void keep_body(const Event& event, ByteView body, std::uint64_t position, Instant now);
  void keep_bodies(const std::vector<Bytes>& bodies);
  [[nodiscard]] std::optional<ReconcileInput> input_of(const NodeRecord& node, bool resynced) const;
  Reconciled reconcile_node(const NodeRecord& node, std::uint64_t session, bool resynced, Instant now);
  void note_put_off(NodeId id, const std::vector<ObjectDecision>& decisions, OwnStamp seen);
  void tend_put_off(Instant now);
  [[nodiscard]] bool may_go_on(const NodeRecord& node, OwnStamp put_off) const;
  [[nodiscard]] std::vector<std::string> object_reasons(const NodeRecord& node) const;
  void judge_objects(NodeRecord& node, Instant now);

  // artifacts
  [[nodiscard]] std::vector<ArtifactJudged> judge_running_on(NodeId node) const;
  void judge_installed(NodeRecord& node, Instant now);
  void distrust_found(NodeRecord& node, const std::string& reason, Instant now);
  void judge_all_installed(Instant now);
  bool may_install(NodeId node, ArtifactId artifact, Instant now);
  [[nodiscard]] std::vector<std::string> artifact_reasons(NodeId node) const;
  [[nodiscard]] std::uint64_t revocations() const;
  Shared<RevocationNotice> revocation_notice();
  Shared<RevocationNotice> revocations_lacked_by(const NodeRecord& node);
  void tell_revocations(NodeRecord& node, Instant now, Outbox& out);
  void tend_revocations(Instant now, Outbox& out);
  void on_revocations_held(NodeRecord& node, const RevocationsHeld& held);

  // updates
  struct Updating {
    CommandId command;
    std::uint32_t attempts = 1;
    std::optional<Instant> failed;  // then it is DEGRADED, and this is why
  };
  void see_update(NodeRecord& node, CommandId id, Instant now);
  void end_update(NodeRecord& node, const CommandResult& result, Instant now);
  void fail_update(NodeRecord& node, std::string reason, Instant now);
  void resume_update(NodeRecord& node, Instant now);
  void recall_update(const NodeRecord& node, const Event& event);
  void tend_updates(Instant now);

  // commands and rollouts
  Command make_command(const CommandOrder& order, std::uint64_t epoch, Instant now);
  [[nodiscard]] std::optional<std::string> objection_to_order(const CommandOrder& order,
                                                              std::optional<std::uint64_t> epoch,
                                                              Instant now);
  void refuse(const CommandOrder& order, const std::string& objection, Instant now);
  void accept(const Command& command, Instant now, Outbox& out);
  void dispatch_open(NodeRecord& node, Instant now, Outbox& out);
  void on_progress(NodeRecord& node, const CommandProgress& progress, Instant now, Outbox& out);
  void tend_commands(Instant now, Outbox& out);
  void send_rollout(const Peer& peer, const Shared<RolloutOrder>& order, Instant now, Outbox& out);
  void order_rollouts_again(Instant now, Outbox& out);
  RolloutBook::Begun begin_rollout(const RolloutOrder& order, Instant now, Outbox& out);
  void tend_rollouts(Instant now, Outbox& out);
  void assign(NodeId node, BundleId bundle, Instant now, Outbox& out);
  [[nodiscard]] std::vector<std::string> unpublished_in(const PolicyBundle& bundle) const;
  void do_it(const CommandBook::Todo& todo, Instant now, Outbox& out);
  void do_it(const RolloutBook::Todo& todo, Instant now, Outbox& out);
  void append_proposed(const std::vector<Proposed>& events, Instant now);

  // authority
  void on_lease_request(Endpoint from, const LeaseRequest& request, Instant now, Outbox& out);
  void take_grant(const LeaseGranted& granted, Instant now, Outbox& out);
  void renew(const AuthorityGrant& grant, Instant now, Outbox& out);
  void see_epoch(DomainId scope, std::uint64_t epoch, Instant now, Outbox& out);
  void tend_authority(Instant now, Outbox& out);
  void announce(const AuthorityGrant& grant, Instant now, Outbox& out, std::string why = {});
  void tell_term(const AuthorityGrant& grant, Instant now, Outbox& out);
  void begin_own_term(const AuthorityGrant& grant, std::string why, Instant now, Outbox& out);
  void append_grant(const AuthorityGrant& grant, std::string why, Instant now);
  [[nodiscard]] const Peer* find_peer(MasterId id) const;
  [[nodiscard]] bool lacks_local_grant(const NodeRecord& node) const;
  void grant_local(NodeRecord& node, Instant now);
  void see_grant(const Event& event, Instant now, Outbox& out);
  void see_successor(const Event& event, Instant now);
  void stop_for(const SuccessorNamed& named);
  void see_desired(const Event& event, Instant now);

  // the log and its copies
  void append_own(EventType type, AnyId subject, Bytes payload, AnyId cause, Priority priority, Instant now);
  void append(const std::vector<ByteView>& packed, const std::vector<Event>& events, Instant now);
  void index(const Event& event, std::uint64_t position);
  [[nodiscard]] bool is_listened_to(const Packet& packet) const;
  Admitted admit_copy(ByteView packed, std::optional<Event>& event);
  void on_replicate(Endpoint from, const Replicate& replicate, Instant now, Outbox& out);
  void note_refusal(const std::optional<PeerRefused>& refused, Instant now);
  void note_forks(Instant now);
  void reject_copy(const std::string& what, std::string reason, ByteView packed, Instant now);
  void to_master(Endpoint to, Message message, Outbox& out) const;
  void to_master_surely(Endpoint to, AnyId id, Message message, Instant now, Outbox& out);
  void repeat_unconfirmed(Instant now, Outbox& out);

  const MasterSettings* settings_;
  MasterIdentity identity_;
  EventStore* store_;
  const Verifier* verifier_;
  MemorySnapshots own_bodies_;  // where nobody gave another store
  SnapshotStore* bodies_;
  RejectionLog rejections_;
  std::unique_ptr<MasterViews> views_;

  std::vector<NodeRecord> nodes_;
  std::vector<std::uint32_t> record_by_index_;  // by endpoint index; nobody where this master is not home
  static constexpr std::uint32_t nobody = 0xffffffff;
  std::unordered_map<NodeId, std::uint32_t> record_by_id_;
  struct KeyHash {
    std::size_t operator()(const PublicKey& key) const {
      std::size_t hash = 0;
      std::memcpy(&hash, key.data(), sizeof hash);  // keys are random already
      return hash;
    }
  };
  std::unordered_map<PublicKey, NodeId, KeyHash> key_owners_;  // who enrolled with it first
  Admission admission_;
  std::size_t open_replays_ = 0;
  std::uint64_t sessions_ = 0;
  Instant flushed_;
  ReturnGate gate_;
  ParkedRanges parked_;
  QuarantineBrake brake_;
  std::map<DomainId, std::size_t> domain_sizes_;
  std::map<NodeId, Distrust> distrusted_;
  std::map<NodeId, Updating> updating_;
  std::map<NodeId, OwnStamp> put_off_;  // of what a return deferred: the newest snapshot then

  CommandBook commands_;
  RolloutBook rollouts_;
  ArtifactRegistry artifacts_;
  Shared<RevocationNotice> revocation_notice_;
  std::unordered_map<NodeId, std::pair<Digest, std::uint64_t>> judged_;  // body and generation, by node

  HeldAuthority held_;
  GrantChain chain_;
  Succession succession_;
  std::map<DomainId, std::uint64_t> own_terms_;  // begun by itself, and not taken up by the grantor yet
  std::vector<Peer> peers_;
  std::map<DomainId, std::uint64_t> epochs_;

  std::uint64_t own_seq_ = 0;
  Digest own_value_;
  std::uint64_t hlc_ = 0;
  Replication replication_;
  std::set<StreamKey> misfits_;  // streams of which an entry was rejected and written down
  std::vector<Unconfirmed> unconfirmed_;
  std::shared_ptr<Recalled> recalled_;  // between recover() and start()
  std::set<NodeId> claimed_;            // taken over, and not heard yet
  std::map<NodeId, std::vector<CommandId>>
      unfinished_;  // of a former home of the node, until it has come back
  Counters counters_;
};

}  // namespace ibcf
