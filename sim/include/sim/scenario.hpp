#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/sbom.hpp"
#include "model/artifact.hpp"
#include "model/node.hpp"
#include "model/objects.hpp"
#include "sim/geography.hpp"
#include "sim/network.hpp"

namespace ibcf::sim {

/// A scenario with every unit resolved, every default filled and every name checked: the world is built from
/// it and never looks at JSON again. Indices point into the vectors of this struct.
struct Scenario {
  struct Domain {
    std::string name;
    std::uint32_t parent = none;  ///< none: the root
  };

  struct Site {
    std::string name;
    Place place;
  };

  /// A backbone link laid between two sites, used both ways.
  struct Backbone {
    std::string name;           ///< "paris - frankfurt"
    std::uint32_t from = none;  ///< sites
    std::uint32_t to = none;
    double bandwidth_bps = 10e9;
    Duration delay{};
    double loss = 0;
  };

  struct Relay {
    std::string name;
    std::uint32_t domain = none;
    std::uint32_t site = none;
    std::uint64_t queue_bytes = 64 << 20;
  };

  enum class AccessKind : std::uint8_t { fibre, lte, geo, leo, trace };

  /// A way for nodes to reach their relay. Delays follow from distance (fibre, lte), from the satellite
  /// (geo), from the pass (leo) or from the trace.
  struct Access {
    std::string name;
    AccessKind kind = AccessKind::fibre;
    double down_bps = 100e6;
    double up_bps = 100e6;
    double loss = 0;
    Duration extra_delay{};  ///< one way, on top of propagation: radio scheduling, coding
    std::uint64_t queue_bytes = 1 << 20;
    double satellite_longitude_deg = 0;      ///< geo
    WalkerShell shell;                       ///< leo
    std::shared_ptr<const LinkTrace> trace;  ///< trace
    double bandwidth_floor_bps = 0;  ///< trace: the trace tells use, not capacity; capacity is at least this
  };

  /// `count` nodes, spread over the sites named by `near`, each scattered within `spread_m` of its site and
  /// attached to the nearest relay of its domain.
  struct NodeGroup {
    std::string name;
    std::uint32_t domain = none;
    std::uint32_t count = 0;
    NodeKind kind = NodeKind::edge;
    std::vector<std::string> tags;
    std::uint32_t access = none;
    std::vector<std::uint32_t> near;  ///< sites
    double spread_m = 30e3;
    std::uint8_t battery_pct = 100;
  };

  /// One master. It is home to the nodes of its domain's subtree that no deeper master is home to.
  struct Controller {
    std::string name;
    AuthorityLevel level = AuthorityLevel::region;
    std::uint32_t domain = none;
    std::uint32_t site = none;
    Duration lease{};  ///< of the authority GLOBAL grants it; renewed at a third of it
    Duration clock_drift_bound{};
    std::uint32_t replay_sessions = 32;  ///< at most so many replays at once; the rest is deferred
    std::uint32_t replay_credit_bytes = 256 << 10;
    std::uint32_t chunk_bytes = 64 << 10;
  };

  /// What every node does.
  struct Behaviour {
    Duration heartbeat = std::chrono::seconds{30};
    std::uint32_t missed_heartbeats = 3;  ///< silence of so many means contact is lost
    Duration snapshot = std::chrono::minutes{10};
    std::uint32_t snapshot_body_bytes = 16 << 10;
    Duration autonomy = std::chrono::hours{24};  ///< how long a LOCAL grant lasts without contact; 0: none
    std::uint64_t buffer_bytes = 64 << 20;
    Duration rtt_delayed_above = std::chrono::milliseconds{400};  ///< S8
    Duration rtt_live_below = std::chrono::milliseconds{300};     ///< A1
    Duration dwell = std::chrono::minutes{1};
    Duration sync_cached_above = std::chrono::minutes{10};  ///< S9
    Duration sync_delayed_below = std::chrono::minutes{5};  ///< A2
    std::uint32_t gap_events = 64;  ///< a debt above this at a contact needs a full reconciliation (A24)
    Duration flush = std::chrono::minutes{5};  ///< heartbeats are folded into one batch per interval
    Duration commands_take{};                  ///< how long carrying a command out takes
    double commands_fail = 0;                  ///< part of the commands that do not work, bundles aside
  };

  /// A key that signs releases.
  struct ReleaseKey {
    std::string name;
    bool trusted = true;  ///< masters and nodes take what it signs
  };

  /// What is wrong with an artifact, on purpose.
  enum class Flaw : std::uint8_t {
    sound,
    unsigned_,  ///< its envelope carries no signature
    signature,  ///< its signature is not of the key that it names
    payload,    ///< what is handed in is not what was signed
    sbom        ///< its SBOM is not the one that was signed
  };
  static constexpr auto words_of(Flaw) {
    return std::array<std::string_view, 5>{"none", "unsigned", "signature", "payload", "sbom"};
  }

  /// A release that is handed in at the GLOBAL master.
  struct Artifact {
    std::string name;   ///< "gateway 1.2.0": as rollouts, commands and revocations call it
    std::string title;  ///< "gateway"
    std::string version;
    std::uint64_t release = 1;
    ArtifactKind kind = ArtifactKind::software;
    std::uint64_t size_bytes = 0;
    SbomFormat sbom = SbomFormat::cyclonedx;
    std::vector<std::string> components;
    std::uint32_t signed_by = none;  ///< key
    Flaw flaw = Flaw::sound;
    double arrives_damaged = 0;  ///< part of the nodes
    Instant at;
  };

  /// From now on nobody may run an artifact, or what a key alone signed.
  struct Revocation {
    Instant at;
    bool is_of_key = false;
    std::uint32_t target = none;  ///< key or artifact
    std::string reason;
  };

  struct CommandLoad {
    std::string name;
    std::uint32_t domain = none;  ///< to nodes of this subtree
    CommandKind kind = CommandKind::restart_service;
    std::uint32_t artifact = none;  ///< install_artifact: which
    Instant from;
    Instant until;
    Duration every{};         ///< 0: once, at `from`
    std::uint32_t nodes = 1;  ///< drawn at random each time; none: every node of the domain
    Duration valid_for = std::chrono::hours{1};
    DeliverySemantics delivery = DeliverySemantics::at_least_once;
    std::string coalesce_key;
    Duration cancel_after{};  ///< an operator thinks better of it; 0: never
  };

  struct Rollout {
    std::string bundle;
    std::string version;
    std::map<std::string, std::string> config;
    std::map<std::string, DesiredObject> objects;
    std::vector<std::uint32_t> artifacts;  ///< that it needs
    Constraints constraints;
    Instant at;
    std::uint32_t domain = none;
    std::vector<double> waves;  ///< cumulative fractions of the targets, rising to 1
    Duration wave_every = std::chrono::minutes{10};
    double threshold = 0.9;  ///< of the reached nodes must have applied before the next wave
    double rolls_back = 0;   ///< part of the nodes on which it does not work
  };

  /// Objects of nodes get another value without a master's word.
  struct Edit {
    std::string name;
    std::uint32_t domain = none;
    std::string object;
    ObjectValue value;
    Instant at;
    std::uint32_t nodes = 1;  ///< drawn at random; none: every node of the domain
    bool decided = true;      ///< the node says so in its log; else a hand's edit that nothing explains
  };

  /// Standing links of nodes have contact windows for a while: `open` at the start of every `every`.
  struct PlannedContacts {
    std::string name;
    std::uint32_t domain = none;  ///< nodes of this subtree; no other plan is for any of them
    Instant at;
    Instant until = never;
    Duration every{};
    Duration open{};
  };

  /// Authority over a domain changes hands on an operator's order.
  struct Handover {
    Instant at;
    std::uint32_t domain = none;
    std::uint32_t to = none;  ///< controller
  };

  /// A master says what a domain should be, instead of all that it knows to be declared for it.
  struct Declaration {
    Instant at;
    std::uint32_t domain = none;
    std::uint32_t by = none;  ///< controller
    std::string bundle;
    std::string version;
    std::map<std::string, std::string> config;
    std::map<std::string, DesiredObject> objects;
  };

  /// An operator has looked at what lost against the word of another master.
  struct Settlement {
    Instant at;
    std::uint32_t domain = none;
    std::uint32_t by = none;  ///< controller
  };

  /// Who takes a domain when nothing is heard of its term any more.
  struct Successor {
    Instant at;
    std::uint32_t domain = none;
    std::uint32_t to = none;  ///< controller
  };

  /// An operator takes a domain at once, whoever holds it.
  struct BreakGlass {
    Instant at;
    std::uint32_t domain = none;
    std::uint32_t by = none;  ///< controller
    std::string reason;
  };

  enum class FaultKind : std::uint8_t {
    isolate_domain,  ///< cuts the backbone between the sites of a domain's subtree and the rest
    split_domain,    ///< cuts the backbone between any two different sites within a domain's subtree
    cut_site,        ///< takes every backbone link of a site down
    cut_link,        ///< takes one backbone link down
    restart_nodes,   ///< nodes of a domain's subtree are down; they keep what is durable
    restart_relay,   ///< a relay is down, and loses what it kept for others
    restart_master,  ///< a master is down; its log, and the bodies beside it, are durable
    lose_master,     ///< a master is gone for good, and its log with it
    poison           ///< nodes write what no master can read; it is over at once
  };
  struct Fault {
    std::string name;
    FaultKind kind = FaultKind::cut_link;
    std::uint32_t target = none;  ///< domain, site, backbone, relay or controller, by kind
    Instant at;
    Instant until = never;
    std::uint32_t nodes = 1;   ///< restart_nodes, poison: drawn at random; none: every node of the domain
    std::uint32_t events = 1;  ///< poison: of each node
    std::uint32_t adopt_by = none;  ///< lose_master: who takes its nodes over; none: nobody
    Instant adopt_at = never;       ///< from then on, as soon as it holds their scopes
  };

  /// An assertion over one metric. `at` only where the metric is read at a time; never: at the end of the
  /// run.
  struct Expectation {
    enum class Compare : std::uint8_t { is, at_least, at_most };
    std::string metric;
    std::uint32_t domain = none;
    Instant at = never;
    Compare compare = Compare::is;
    double value = 0;
    std::string why{};
    std::string place{};  ///< "scenarios/x.json:41:17"
  };

  std::string name;
  std::string story;
  std::string file;       ///< as given on the command line
  std::string text_hash;  ///< BLAKE2b-256 of the resolved scenario and of the data files it reads, hex; the
                          ///< seed is not in it
  std::uint64_t seed = 1;
  std::uint64_t tie_seed = 0;
  Instant horizon = Instant{std::chrono::hours{24}};
  NetworkMode network = NetworkMode::hybrid;
  Duration sample_every = std::chrono::minutes{1};

  std::vector<Domain> domains;
  std::vector<Site> sites;
  std::vector<Backbone> backbone;
  std::vector<Relay> relays;
  std::vector<Access> access;
  std::vector<NodeGroup> groups;
  std::vector<Controller> controllers;
  Behaviour behaviour;
  std::vector<ReleaseKey> keys;
  std::vector<Artifact> artifacts;
  std::vector<Revocation> revocations;
  std::vector<CommandLoad> commands;
  std::vector<Rollout> rollouts;
  std::vector<Edit> edits;
  std::vector<PlannedContacts> contact_plans;
  std::vector<Handover> handovers;
  std::vector<Successor> successors;
  std::vector<BreakGlass> break_glass;
  std::vector<Declaration> declarations;
  std::vector<Settlement> settlements;
  std::vector<Fault> faults;
  std::vector<Expectation> expect;
};

/// One thing wrong with a scenario, with its place.
struct Problem {
  std::string file;
  std::size_t line = 0;    ///< from 1; 0: the file as a whole
  std::size_t column = 0;  ///< from 1, in bytes
  std::string path;        ///< "/links/3/loss"
  std::string what;        ///< what is wrong and what would be right
};

/// "scenarios/x.json:41:17 /links/3/loss: must be within 0..1, is 1.4"
std::string text_of(const Problem& problem);

struct LoadedScenario {
  Scenario scenario;     ///< meaningful only where problems is empty
  std::string resolved;  ///< the scenario as JSON with every default filled, stored in the run folder
  std::vector<Problem> problems;
};

/// Reads, checks and resolves a scenario file: syntax (JSON with // and /* */ comments), duplicate and
/// unknown keys, types, units, ranges, names, data files. All problems at once. Never throws for what is in
/// the file.
LoadedScenario load_scenario(const std::string& file);

/// The published JSON Schema (draft-07), pretty-printed; the same one the loader validates against.
std::string scenario_schema();

/// The scenario reference as Markdown, generated from the schema.
std::string scenario_reference();

/// Names that an expectation may use as its metric, with a sentence each; the world computes them.
struct MetricName {
  std::string_view name;
  std::string_view meaning;
  bool takes_time = false;  ///< of an instant; else a count of what happened so far, which only rises
  bool takes_domain = false;
};
const std::vector<MetricName>& metric_names();

}  // namespace ibcf::sim
