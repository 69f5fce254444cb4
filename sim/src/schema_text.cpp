#include "schema_text.hpp"

namespace ibcf::sim {
namespace {

// Raw strings, because compilers bound the length of one.
constexpr char text[] = R"json({
"$schema": "http://json-schema.org/draft-07/schema#",
"title": "IBCF Twin scenario",
"description": "What a run simulates: a fleet, the network under it, who controls it, what is asked of it, what goes wrong, and what must come out. JSON with // and /* */ comments. Things are named once and referred to by name.",
"type": "object",
"required": ["name", "fleet", "topology", "controllers"],
"additionalProperties": false,
"properties": {
  "$schema": {"type": "string", "description": "Where this schema lies, for editors; the loader does not read it.", "examples": ["scenario.schema.json"]},
  "name": {"type": "string", "minLength": 1, "description": "Short name of the scenario; ids are derived from it.", "examples": ["first-partition"]},
  "story": {"type": "string", "default": "", "description": "What happens and why it is worth simulating, for the report.", "examples": ["A region is cut off for six hours and comes back."]},
  "fleet": {
    "type": "object", "description": "Who is simulated: domains, groups of nodes, and what every node does.",
    "required": ["domains", "groups"], "additionalProperties": false,
    "properties": {
      "domains": {"type": "array", "minItems": 1, "description": "Trust and authority scopes: a tree with one root.", "items": {
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string", "minLength": 1, "description": "Name of the domain.", "examples": ["europe"]},
          "parent": {"type": "string", "description": "Domain above it; the root has none.", "examples": ["earth"]}
        }}},
      "groups": {"type": "array", "minItems": 1, "description": "Groups of nodes that differ only in place and identity.", "items": {
        "type": "object", "required": ["name", "domain", "count", "access"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string", "minLength": 1, "description": "Name of the group; its nodes are named after it.", "examples": ["europe-fibre"]},
          "domain": {"type": "string", "description": "Domain of the nodes; it or one above it must have a relay.", "examples": ["europe"]},
          "count": {"type": "integer", "minimum": 1, "maximum": 1000000, "description": "Number of nodes, spread evenly over the sites in `near`.", "examples": [180]},
          "kind": {"type": "string", "enum": ["EDGE", "DC", "GATEWAY", "VIRTUAL"], "default": "EDGE", "description": "Kind of the nodes."},
          "tags": {"type": "array", "items": {"type": "string", "minLength": 1}, "default": [], "description": "Tags of the nodes, to ask projections by.", "examples": [["retail", "v2-hardware"]]},
          "access": {"type": "string", "description": "How the nodes reach their relay: a name from topology/access.", "examples": ["lte"]},
          "near": {"type": "array", "minItems": 1, "items": {"type": "string"}, "description": "Sites around which the nodes stand. Default: every site with a relay of the domain, or of the nearest one above it that has any.", "examples": [["paris", "madrid"]]},
          "spread": {"x-unit": "length", "x-maximum": "5000km", "default": "30km", "description": "Each node stands within this distance of its site."},
          "battery_pct": {"type": "integer", "minimum": 0, "maximum": 100, "default": 100, "description": "Charge of each node's battery, which the min_battery_pct of a bundle is held against."}
        }}},
      "behaviour": {
        "type": "object", "default": {}, "description": "What every node does.", "additionalProperties": false,
        "properties": {
          "heartbeat": {"x-unit": "duration", "x-minimum": "1ms", "default": "30s", "description": "Time between two heartbeats."},
          "missed_heartbeats": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 3, "description": "Silence of so many heartbeats means that contact is lost."},
          "snapshot": {"x-unit": "duration", "x-minimum": "1s", "default": "10m", "description": "Time between two snapshots."},
          "snapshot_body": {"x-unit": "size", "x-maximum": "1GiB", "default": "16KiB", "description": "Size of a snapshot's body."},
          "autonomy": {"x-unit": "duration", "default": "24h", "description": "How long a LOCAL grant lasts without contact; \"0s\": none."},
          "buffer": {"x-unit": "size", "x-minimum": "1KiB", "default": "64MiB", "description": "Room for events that wait to be sent."},
          "rtt_delayed_above": {"x-unit": "duration", "x-minimum": "1ms", "default": "400ms", "description": "A round trip above this makes a LIVE node DELAYED (arrow S8 of the lifecycle)."},
          "rtt_live_below": {"x-unit": "duration", "x-minimum": "1ms", "default": "300ms", "description": "A round trip below this makes a DELAYED node LIVE (A1). At most rtt_delayed_above."},
          "sync_cached_above": {"x-unit": "duration", "x-minimum": "1s", "default": "10m", "description": "A DELAYED node whose round trips are further apart than this becomes EDGE_CACHED: it syncs now and then (S9)."},
          "sync_delayed_below": {"x-unit": "duration", "x-minimum": "1s", "default": "5m", "description": "An EDGE_CACHED node without contact windows whose round trips are closer together than this becomes DELAYED (A2). At most sync_cached_above."},
          "dwell": {"x-unit": "duration", "default": "1m", "description": "How long a threshold must be passed before the mode changes."},
          "gap_events": {"type": "integer", "minimum": 1, "maximum": 1000000000, "default": 64, "description": "A debt of more events than this at a contact needs a full reconciliation (A24)."},
          "flush": {"x-unit": "duration", "x-minimum": "1s", "default": "5m", "description": "Heartbeats are folded into one stored batch in each such interval."},
          "commands_take": {"x-unit": "duration", "x-maximum": "24h", "default": "0s", "description": "How long carrying out a command takes; a node carries out one at a time."},
          "commands_fail": {"x-unit": "fraction", "default": 0, "description": "Part of the commands that do not work when they are carried out; bundles have rolls_back."}
        }}
    }},
  "topology": {
    "type": "object", "description": "The network: sites, the backbone between them, relays at sites, and the ways nodes reach relays.",
    "required": ["relays", "access"], "additionalProperties": false,
    "properties": {
      "sites": {"type": "array", "default": [], "description": "Places of relays and masters. A GraphML backbone brings its own sites along.", "items": {
        "type": "object", "required": ["name", "lat", "lon"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string", "minLength": 1, "description": "Name of the site.", "examples": ["paris"]},
          "lat": {"type": "number", "minimum": -90, "maximum": 90, "description": "Latitude in degrees, north positive.", "examples": [48.8566]},
          "lon": {"type": "number", "minimum": -180, "maximum": 180, "description": "Longitude in degrees, east positive.", "examples": [2.3522]}
        }}},
      "backbone": {"default": [], "description": "Links between sites, used both ways: a list of them, or a topology to import.", "oneOf": [
        {"type": "array", "title": "links", "items": {
          "type": "object", "required": ["from", "to"], "additionalProperties": false,
          "properties": {
            "from": {"type": "string", "description": "Site at one end.", "examples": ["frankfurt"]},
            "to": {"type": "array", "minItems": 1, "items": {"type": "string"}, "description": "Sites at the other end: one link to each. A link is called \"from - to\".", "examples": [["paris", "london"]]},
            "bandwidth": {"x-unit": "rate", "x-minimum": "1bps", "default": "10Gbps", "description": "Capacity in each direction."},
            "delay": {"x-unit": "duration", "description": "One way. Default: fibre over the great circle x 1.4 at 2/3 of the speed of light.", "examples": ["20ms"]},
            "loss": {"x-unit": "fraction", "default": 0, "description": "Independent loss of each datagram."}
          }}},
        {"type": "object", "title": "import", "required": ["graphml"], "additionalProperties": false,
          "properties": {
            "graphml": {"type": "string", "minLength": 1, "description": "A GraphML file as the Internet Topology Zoo writes them (label, Latitude, Longitude, LinkSpeedRaw); relative to the scenario's folder. Sites are named by label.", "examples": ["Geant2012.graphml"]},
            "bandwidth": {"x-unit": "rate", "x-minimum": "1bps", "default": "10Gbps", "description": "Capacity of links without LinkSpeedRaw."},
            "loss": {"x-unit": "fraction", "default": 0, "description": "Independent loss of each datagram."}
          }}
      ]},
      "relays": {"type": "array", "minItems": 1, "description": "Store-and-forward hops at sites, one at each site named. The relay at paris is called \"relay-paris\".", "items": {
        "type": "object", "required": ["domain", "sites"], "additionalProperties": false,
        "properties": {
          "domain": {"type": "string", "description": "Domain whose nodes they serve.", "examples": ["europe"]},
          "sites": {"type": "array", "minItems": 1, "items": {"type": "string"}, "description": "Where they stand.", "examples": [["paris", "madrid"]]},
          "queue": {"x-unit": "size", "x-minimum": "1KiB", "default": "64MiB", "description": "Room for what waits in the relay."}
        }}},
      "access": {"type": "array", "minItems": 1, "description": "Ways for nodes to reach their relay.", "items": {"oneOf": [
        {"type": "object", "title": "fibre", "required": ["name", "kind"], "additionalProperties": false,
          "description": "A wire to the relay; the delay follows from the distance.",
          "properties": {
            "name": {"type": "string", "minLength": 1, "description": "Name of the access.", "examples": ["fibre"]},
            "kind": {"const": "fibre", "description": "This kind."},
            "down": {"x-unit": "rate", "x-minimum": "1bps", "default": "100Mbps", "description": "Capacity towards the node."},
            "up": {"x-unit": "rate", "x-minimum": "1bps", "default": "100Mbps", "description": "Capacity towards the relay."},
            "loss": {"x-unit": "fraction", "default": 0, "description": "Independent loss of each datagram."},
            "extra_delay": {"x-unit": "duration", "default": "1ms", "description": "One way, on top of propagation."},
            "queue": {"x-unit": "size", "x-minimum": "1KiB", "default": "1MiB", "description": "Bytes that may wait for the link; a datagram that finds no room is dropped."}
          }},
        {"type": "object", "title": "lte", "required": ["name", "kind"], "additionalProperties": false,
          "description": "A mobile network; the delay follows from the distance and the radio's scheduling.",
          "properties": {
            "name": {"type": "string", "minLength": 1, "description": "Name of the access.", "examples": ["lte"]},
            "kind": {"const": "lte", "description": "This kind."},
            "down": {"x-unit": "rate", "x-minimum": "1bps", "default": "30Mbps", "description": "Capacity towards the node."},
            "up": {"x-unit": "rate", "x-minimum": "1bps", "default": "10Mbps", "description": "Capacity towards the relay."},
            "loss": {"x-unit": "fraction", "default": 0.005, "description": "Independent loss of each datagram."},
            "extra_delay": {"x-unit": "duration", "default": "25ms", "description": "One way, on top of propagation."},
            "queue": {"x-unit": "size", "x-minimum": "1KiB", "default": "1MiB", "description": "Bytes that may wait for the link; a datagram that finds no room is dropped."}
          }},
)json"
                        R"json(
        {"type": "object", "title": "geo", "required": ["name", "kind", "satellite"], "additionalProperties": false,
          "description": "A geostationary satellite: always in contact, about 600 ms a round trip. Its nodes and relays must see it above 5 degrees.",
          "properties": {
            "name": {"type": "string", "minLength": 1, "description": "Name of the access.", "examples": ["geo-13e"]},
            "kind": {"const": "geo", "description": "This kind."},
            "satellite": {"x-unit": "angle", "x-minimum": "-180deg", "x-maximum": "180deg", "description": "Longitude of the satellite, east positive.", "examples": ["13deg"]},
            "down": {"x-unit": "rate", "x-minimum": "1bps", "default": "10Mbps", "description": "Capacity towards the node."},
            "up": {"x-unit": "rate", "x-minimum": "1bps", "default": "2Mbps", "description": "Capacity towards the relay."},
            "loss": {"x-unit": "fraction", "default": 0.005, "description": "Independent loss of each datagram."},
            "extra_delay": {"x-unit": "duration", "default": "30ms", "description": "One way, on top of propagation."},
            "queue": {"x-unit": "size", "x-minimum": "1KiB", "default": "1MiB", "description": "Bytes that may wait for the link; a datagram that finds no room is dropped."}
          }},
        {"type": "object", "title": "leo", "required": ["name", "kind", "shell"], "additionalProperties": false,
          "description": "Satellites in low orbit: in contact only while one passes.",
          "properties": {
            "name": {"type": "string", "minLength": 1, "description": "Name of the access.", "examples": ["leo"]},
            "kind": {"const": "leo", "description": "This kind."},
            "shell": {"type": "object", "description": "A Walker delta shell i: t/p/f.", "required": ["inclination", "altitude", "satellites", "planes"], "additionalProperties": false,
              "properties": {
                "inclination": {"x-unit": "angle", "x-minimum": "0deg", "x-maximum": "180deg", "description": "Inclination of the orbits.", "examples": ["53deg"]},
                "altitude": {"x-unit": "length", "x-minimum": "160km", "x-maximum": "36000km", "description": "Height of the orbits above the ground.", "examples": ["550km"]},
                "satellites": {"type": "integer", "minimum": 1, "maximum": 10000, "description": "Satellites in all; a multiple of `planes`.", "examples": [24]},
                "planes": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Orbital planes.", "examples": [6]},
                "phasing": {"type": "integer", "minimum": 0, "maximum": 999, "default": 1, "description": "Phase between neighbouring planes, in units of 360 degrees / satellites; below `planes`."},
                "min_elevation": {"x-unit": "angle", "x-minimum": "0deg", "x-maximum": "90deg", "default": "25deg", "description": "A satellite below this is not in contact."}
              }},
            "down": {"x-unit": "rate", "x-minimum": "1bps", "default": "20Mbps", "description": "Capacity towards the node."},
            "up": {"x-unit": "rate", "x-minimum": "1bps", "default": "5Mbps", "description": "Capacity towards the relay."},
            "loss": {"x-unit": "fraction", "default": 0.01, "description": "Independent loss of each datagram."},
            "extra_delay": {"x-unit": "duration", "default": "5ms", "description": "One way, on top of propagation."},
            "queue": {"x-unit": "size", "x-minimum": "1KiB", "default": "1MiB", "description": "Bytes that may wait for the link; a datagram that finds no room is dropped."}
          }},
        {"type": "object", "title": "trace", "required": ["name", "kind", "file"], "additionalProperties": false,
          "description": "A measured link: delay, loss and rates follow a CSV file with one row a second, which repeats when it ends.",
          "properties": {
            "name": {"type": "string", "minLength": 1, "description": "Name of the access.", "examples": ["starlink"]},
            "kind": {"const": "trace", "description": "This kind."},
            "file": {"type": "string", "minLength": 1, "description": "The trace: .csv or .csv.xz, relative to the scenario's folder.", "examples": ["starlink.csv.xz"]},
            "columns": {"type": "object", "default": {}, "description": "Which columns of the file to read. An empty cell of a number repeats the one above.", "additionalProperties": false,
              "properties": {
                "round_trip_ms": {"type": "string", "minLength": 1, "default": "pop_ping_latency_ms", "description": "Round trip in milliseconds; half of it is the delay one way."},
                "loss": {"type": "string", "minLength": 1, "default": "pop_ping_drop_rate", "description": "Share of datagrams lost, 0 to 1."},
                "down_bps": {"type": "string", "minLength": 1, "default": "downlink_bps", "description": "Traffic towards the node, bit/s."},
                "up_bps": {"type": "string", "minLength": 1, "default": "uplink_bps", "description": "Traffic towards the relay, bit/s."},
                "state": {"type": "string", "minLength": 1, "default": "state", "description": "State of the link."}
              }},
            "connected": {"type": "string", "default": "CONNECTED", "description": "The state in which the link works; in any other it is down."},
            "bandwidth_floor": {"x-unit": "rate", "x-minimum": "1kbps", "default": "1Mbps", "description": "Capacity is at least this: traces tell the traffic in use, which is less."},
            "extra_delay": {"x-unit": "duration", "default": "0s", "description": "One way, on top of what the trace tells."},
            "queue": {"x-unit": "size", "x-minimum": "1KiB", "default": "1MiB", "description": "Bytes that may wait for the link; a datagram that finds no room is dropped."}
          }}
      ]}}
    }},
  "controllers": {"type": "array", "minItems": 1, "description": "Masters. Each is home to the nodes of its domain's subtree that no deeper master is home to; the one GLOBAL master controls the root.", "items": {
    "type": "object", "required": ["name", "level", "domain", "site"], "additionalProperties": false,
    "properties": {
      "name": {"type": "string", "minLength": 1, "description": "Name of the master.", "examples": ["master-europe"]},
      "level": {"type": "string", "enum": ["GLOBAL", "REGION"], "description": "Level of its authority.", "examples": ["REGION"]},
      "domain": {"type": "string", "description": "Domain it controls.", "examples": ["europe"]},
      "site": {"type": "string", "description": "Where it stands.", "examples": ["frankfurt"]},
      "lease": {"x-unit": "duration", "x-minimum": "1s", "default": "1h", "description": "How long the authority lasts that GLOBAL grants it; renewed at a third of it."},
      "clock_drift_bound": {"x-unit": "duration", "default": "1s", "description": "It stops acting this much before its lease ends. Less than half the lease."},
      "replay_sessions": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 32, "description": "At most so many replays at once; other nodes are deferred."},
      "replay_credit": {"x-unit": "size", "x-minimum": "1KiB", "x-maximum": "1GiB", "default": "256KiB", "description": "Bytes a replaying node may send ahead of acknowledgement. At least one chunk."},
      "chunk": {"x-unit": "size", "x-minimum": "1KiB", "x-maximum": "1GiB", "default": "64KiB", "description": "Bytes of backlog in one chunk."}
    }}},
)json"
                        R"json(
  "supply_chain": {
    "type": "object", "default": {}, "description": "Who vouches for what runs: keys, the releases that they sign, and what is taken back. Keys, signatures and digests are real, and follow from the seed.", "additionalProperties": false,
    "properties": {
      "keys": {"type": "array", "default": [], "description": "Keys that sign releases.", "items": {
        "type": "object", "required": ["name"], "additionalProperties": false, "properties": {
          "name": {"type": "string", "minLength": 1, "description": "Name of the key.", "examples": ["release-2026"]},
          "trusted": {"type": "boolean", "default": true, "description": "Masters and nodes take what it signs. False: it is a stranger's."}
        }}},
      "artifacts": {"type": "array", "default": [], "description": "Releases that are handed in at the GLOBAL master, each with an in-toto statement in a DSSE envelope and an SBOM. It is referred to as \"name version\".", "items": {
        "type": "object", "required": ["name", "version", "release", "signed_by", "at"], "additionalProperties": false, "properties": {
          "name": {"type": "string", "minLength": 1, "description": "What it is a release of; a node runs one of a name.", "examples": ["gateway"]},
          "version": {"type": "string", "minLength": 1, "description": "Its version.", "examples": ["1.2.0"]},
          "release": {"type": "integer", "minimum": 1, "maximum": 1000000000, "description": "Its release counter: a node that ran a higher one of this name refuses it.", "examples": [3]},
          "kind": {"type": "string", "enum": ["SOFTWARE", "FIRMWARE"], "default": "SOFTWARE", "description": "What it is."},
          "size": {"x-unit": "size", "x-minimum": "1B", "x-maximum": "1TiB", "default": "8MiB", "description": "Size of the payload, as its statement says; nodes fetch it beside the control plane."},
          "sbom": {"type": "string", "enum": ["CycloneDX", "SPDX"], "default": "CycloneDX", "description": "Format of its SBOM."},
          "components": {"type": "array", "items": {"type": "string", "minLength": 1}, "default": [], "description": "What it is made of, for the SBOM.", "examples": [["openssl", "zlib"]]},
          "signed_by": {"type": "string", "description": "The key that signs it.", "examples": ["release-2026"]},
          "flaw": {"type": "string", "enum": ["none", "unsigned", "signature", "payload", "sbom"], "default": "none", "description": "What is wrong with it on purpose: it is not signed, or its signature, the payload handed in or its SBOM is another one."},
          "arrives_damaged": {"x-unit": "fraction", "default": 0, "description": "Part of the nodes at which its payload arrives damaged."},
          "at": {"x-unit": "duration", "description": "When it is handed in.", "examples": ["5m"]}
        }}},
      "revocations": {"type": "array", "default": [], "description": "Orders of an operator at the GLOBAL master: who runs what is revoked is quarantined, up to the brake, as soon as its home master knows.", "items": {"oneOf": [
        {"type": "object", "title": "revoke_artifact", "required": ["kind", "artifact", "at"], "additionalProperties": false,
          "description": "An artifact may not run any more.",
          "properties": {
            "kind": {"const": "revoke_artifact", "description": "This kind."},
            "artifact": {"type": "string", "description": "The artifact: its name and version.", "examples": ["gateway 1.2.0"]},
            "reason": {"type": "string", "minLength": 1, "default": "recalled", "description": "Why, for the log.", "examples": ["CVE-2026-1234"]},
            "at": {"x-unit": "duration", "description": "When; after it was handed in.", "examples": ["3h"]}
          }},
        {"type": "object", "title": "revoke_key", "required": ["kind", "key", "at"], "additionalProperties": false,
          "description": "Nothing that the key alone signed may run any more.",
          "properties": {
            "kind": {"const": "revoke_key", "description": "This kind."},
            "key": {"type": "string", "description": "The key; a trusted one.", "examples": ["release-2026"]},
            "reason": {"type": "string", "minLength": 1, "default": "compromised", "description": "Why, for the log.", "examples": ["the build server was broken into"]},
            "at": {"x-unit": "duration", "description": "When.", "examples": ["3h"]}
          }}
      ]}}
    }},
  "workload": {
    "type": "object", "default": {}, "description": "What is asked of the fleet, beside heartbeats and snapshots.", "additionalProperties": false,
    "properties": {
      "commands": {"type": "array", "default": [], "description": "Commands of operators, issued by the master that controls the node.", "items": {
        "type": "object", "required": ["name", "domain"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string", "minLength": 1, "description": "Name of this load.", "examples": ["daily"]},
          "domain": {"type": "string", "description": "To nodes of this domain and those below it.", "examples": ["europe"]},
          "kind": {"type": "string", "enum": ["RESTART_SERVICE", "COLLECT_LOGS", "SET_PARAMETER", "INSTALL_ARTIFACT"], "default": "RESTART_SERVICE", "description": "What is commanded; bundles are assigned by rollouts."},
          "artifact": {"type": "string", "description": "INSTALL_ARTIFACT: which, by name and version.", "examples": ["gateway 1.2.0"]},
          "from": {"x-unit": "duration", "default": "0s", "description": "First time, from the start."},
          "every": {"x-unit": "duration", "default": "0s", "description": "Time between two; \"0s\": once, at `from`."},
          "until": {"x-unit": "duration", "description": "No more from here on; after `from`. Default: the horizon.", "examples": ["12h"]},
          "nodes": {"type": ["integer", "string"], "minimum": 1, "maximum": 1000000, "pattern": "^all$", "x-word": "all", "default": 1, "description": "Number of nodes, drawn at random each time, or \"all\"."},
          "valid_for": {"x-unit": "duration", "x-minimum": "1s", "x-maximum": "744h", "default": "1h", "description": "No effect later than this after issue. At most 31 days."},
          "delivery": {"type": "string", "enum": ["at-least-once", "at-most-once"], "default": "at-least-once", "description": "At least once: sent again until answered. At most once: never sent again where it may have been taken, and not begun again after a crash."},
          "coalesce_key": {"type": "string", "default": "", "description": "Of two commands of one node with the same key, the newer supersedes the older. Empty: none does.", "examples": ["config"]},
          "cancel_after": {"x-unit": "duration", "default": "0s", "description": "An operator cancels each so long after its issue; \"0s\": never."}
        }}},
      "rollouts": {"type": "array", "default": [], "description": "New policy bundles, wave by wave.", "items": {
        "type": "object", "required": ["bundle", "version", "at", "domain"], "additionalProperties": false,
        "properties": {
          "bundle": {"type": "string", "minLength": 1, "description": "Name of the bundle.", "examples": ["baseline"]},
          "version": {"type": "string", "minLength": 1, "description": "Its version.", "examples": ["1.1.0"]},
          "config": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}, "description": "Settings in the bundle: texts by key.", "examples": [{"log.level": "info"}]},
          "objects": {"type": "array", "default": [], "description": "Objects of the bundle beside `config`, each with what is done about a difference.", "items": {
            "type": "object", "required": ["object"], "additionalProperties": false, "properties": {
              "object": {"type": "string", "minLength": 1, "description": "Its name.", "examples": ["net/mtu"]},
              "kind": {"type": "string", "enum": ["EXACT", "VERSION", "SET", "NUMBER"], "default": "EXACT", "description": "How its value is compared."},
              "text": {"type": "string", "default": "", "description": "Value of an EXACT or VERSION object.", "examples": ["on"]},
              "number": {"type": "number", "default": 0, "description": "Value of a NUMBER object.", "examples": [1500]},
              "set": {"type": "array", "items": {"type": "string", "minLength": 1}, "default": [], "description": "Value of a SET object.", "examples": [["ssh", "http"]]},
              "tolerance": {"type": "number", "minimum": 0, "default": 0, "description": "NUMBER: so far off is as wrong as can be; 0 asks for equality."},
              "weight": {"type": "number", "minimum": 0, "default": 1, "description": "How much it counts in the node's drift score."},
              "critical": {"type": "boolean", "default": false, "description": "A full mismatch makes the drift score 1."},
              "policy": {"type": "string", "enum": ["EPOCH_WINS", "CONTROL_WINS", "NODE_WINS", "THREE_WAY", "MERGE", "KEEP_BOTH", "DEFER", "GIVE_UP", "QUARANTINE"], "default": "EPOCH_WINS", "description": "What a return does where node and bundle differ."},
              "max_tries": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 3, "description": "GIVE_UP: after so many returns."}
            }}},
          "artifacts": {"type": "array", "items": {"type": "string"}, "default": [], "description": "Artifacts that the bundle needs, by name and version, handed in before. They are installed first; a node takes no bundle of which it lacks one.", "examples": [["gateway 1.2.0"]]},
          "at": {"x-unit": "duration", "description": "When the first wave starts.", "examples": ["2h"]},
          "domain": {"type": "string", "description": "To every node of this domain and those below it.", "examples": ["earth"]},
          "waves": {"type": "array", "minItems": 1, "items": {"x-unit": "fraction"}, "default": [0.01, 0.1, 0.5, 1], "description": "Part of the nodes reached with each wave; rising, the last is 1."},
          "wave_every": {"x-unit": "duration", "x-minimum": "1s", "default": "10m", "description": "Time between two waves, at least."},
          "threshold": {"x-unit": "fraction", "default": 0.9, "description": "Part of the reached nodes that must have applied it before the next wave. One may always lack it where two or more are reached."},
          "rolls_back": {"x-unit": "fraction", "default": 0, "description": "Part of the nodes on which the bundle does not work, so that they roll back."},
          "constraints": {"type": "object", "default": {}, "description": "When nodes may be worked on: to take this bundle, and, while it is in force, to carry out commands.", "additionalProperties": false, "properties": {
            "maintenance_window": {"type": "string", "default": "", "description": "Times in UTC, from the start of the run on a Thursday; empty: always.", "examples": ["daily 22:00-04:00", "mon,tue 01:00-03:00; sat-sun 00:00-24:00"]},
            "requires_online": {"type": "boolean", "default": false, "description": "Only in contact with the master."},
            "min_battery_pct": {"type": "number", "minimum": 0, "maximum": 100, "default": 0, "description": "Only with at least this charge."}
          }}
        }}},
      "edits": {"type": "array", "default": [], "description": "Objects of nodes that get another value without a master's word.", "items": {
        "type": "object", "required": ["name", "domain", "object", "at"], "additionalProperties": false,
        "properties": {
              "name": {"type": "string", "minLength": 1, "description": "Name of this edit.", "examples": ["night shift"]},
              "domain": {"type": "string", "description": "Nodes of this domain and those below it.", "examples": ["europe"]},
              "object": {"type": "string", "minLength": 1, "description": "What is changed; \"node/critical_work\" with the text \"true\" asks not to be disturbed.", "examples": ["net/mtu"]},
              "kind": {"type": "string", "enum": ["EXACT", "VERSION", "SET", "NUMBER"], "default": "EXACT", "description": "How its value is compared."},
              "text": {"type": "string", "default": "", "description": "Value of an EXACT or VERSION object.", "examples": ["on"]},
              "number": {"type": "number", "default": 0, "description": "Value of a NUMBER object.", "examples": [1500]},
              "set": {"type": "array", "items": {"type": "string", "minLength": 1}, "default": [], "description": "Value of a SET object.", "examples": [["ssh", "http"]]},
              "at": {"x-unit": "duration", "description": "When.", "examples": ["3h"]},
              "nodes": {"type": ["integer", "string"], "minimum": 1, "maximum": 1000000, "pattern": "^all$", "x-word": "all", "default": 1, "description": "Number of nodes, drawn at random, or \"all\"."},
              "decided": {"type": "boolean", "default": true, "description": "The node's own decision, in its log; without contact it stands under the LOCAL grant. False: a hand's edit that only a snapshot shows."}
        }}},
      "contact_plans": {"type": "array", "default": [], "description": "Standing links of nodes that have contact windows for a while, by plan: a cost policy, a dish that many share. It is no fault, and nodes and masters know it.", "items": {
        "type": "object", "required": ["name", "domain", "at", "every", "open"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string", "minLength": 1, "description": "Name of this plan; it is the reason in the log.", "examples": ["night tariff"]},
          "domain": {"type": "string", "description": "Nodes of this domain and those below it; each node has one plan at most, and no passes of its own.", "examples": ["europe"]},
          "at": {"x-unit": "duration", "description": "When the plan begins, with a window.", "examples": ["2h"]},
          "until": {"x-unit": "duration", "description": "When the links stand again; after `at`. Default: never.", "examples": ["8h"]},
          "every": {"x-unit": "duration", "x-minimum": "1m", "description": "From the start of one window to that of the next.", "examples": ["30m"]},
          "open": {"x-unit": "duration", "x-minimum": "1s", "description": "How long a window is; below `every`.", "examples": ["3m"]}
        }}},
      "handovers": {"type": "array", "default": [], "description": "Authority over a domain changes hands on an operator's order.", "items": {
        "type": "object", "required": ["at", "domain", "to"], "additionalProperties": false,
        "properties": {
          "at": {"x-unit": "duration", "description": "When.", "examples": ["9h"]},
          "domain": {"type": "string", "description": "Authority over this domain.", "examples": ["africa"]},
          "to": {"type": "string", "description": "The master that gets it.", "examples": ["master-global"]}
        }}},
      "successors": {"type": "array", "default": [], "description": "Who takes a domain by itself when nothing is heard of its present term any more: named in advance, at the GLOBAL master. A name holds for that term only, and the newest one counts.", "items": {
        "type": "object", "required": ["at", "domain", "to"], "additionalProperties": false,
        "properties": {
          "at": {"x-unit": "duration", "description": "When.", "examples": ["5m"]},
          "domain": {"type": "string", "description": "Successor to whoever holds this domain.", "examples": ["africa"]},
          "to": {"type": "string", "description": "The master that is named.", "examples": ["master-europe"]}
        }}},
      "declarations": {"type": "array", "default": [], "description": "What a domain should be, declared by a master that holds it: drift is measured from it, and returns are reconciled against it; a rollout is what brings it to nodes in contact. Where two masters declared apart from each other, the higher term is in force, unless the objects' policies bring both together.", "items": {
        "type": "object", "required": ["at", "domain", "by", "bundle", "version"], "additionalProperties": false,
        "properties": {
          "at": {"x-unit": "duration", "description": "When.", "examples": ["1h"]},
          "domain": {"type": "string", "description": "The domain itself, without those below it.", "examples": ["africa"]},
          "by": {"type": "string", "description": "The master that declares it. Refused where it does not hold the domain then.", "examples": ["master-africa"]},
          "bundle": {"type": "string", "minLength": 1, "description": "Name of the bundle.", "examples": ["baseline"]},
          "version": {"type": "string", "minLength": 1, "description": "Its version; no rollout's or other declaration's.", "examples": ["1.2.0"]},
          "config": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}, "description": "Settings in the bundle: texts by key.", "examples": [{"log.level": "info"}]},
          "objects": {"type": "array", "default": [], "description": "Objects of the bundle beside `config`, each with what is done about a difference.", "items": {
            "type": "object", "required": ["object"], "additionalProperties": false, "properties": {
              "object": {"type": "string", "minLength": 1, "description": "Its name.", "examples": ["net/mtu"]},
              "kind": {"type": "string", "enum": ["EXACT", "VERSION", "SET", "NUMBER"], "default": "EXACT", "description": "How its value is compared."},
              "text": {"type": "string", "default": "", "description": "Value of an EXACT or VERSION object.", "examples": ["on"]},
              "number": {"type": "number", "default": 0, "description": "Value of a NUMBER object.", "examples": [1500]},
              "set": {"type": "array", "items": {"type": "string", "minLength": 1}, "default": [], "description": "Value of a SET object.", "examples": [["ssh", "http"]]},
              "tolerance": {"type": "number", "minimum": 0, "default": 0, "description": "NUMBER: so far off is as wrong as can be; 0 asks for equality."},
              "weight": {"type": "number", "minimum": 0, "default": 1, "description": "How much it counts in the node's drift score."},
              "critical": {"type": "boolean", "default": false, "description": "A full mismatch makes the drift score 1."},
              "policy": {"type": "string", "enum": ["EPOCH_WINS", "CONTROL_WINS", "NODE_WINS", "THREE_WAY", "MERGE", "KEEP_BOTH", "DEFER", "GIVE_UP", "QUARANTINE"], "default": "EPOCH_WINS", "description": "What a return does where node and bundle differ."},
              "max_tries": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 3, "description": "GIVE_UP: after so many returns."}
            }}}
        }}},
      "settlements": {"type": "array", "default": [], "description": "An operator has looked at what lost against another master's word: what is in force is declared over it.", "items": {
        "type": "object", "required": ["at", "domain", "by"], "additionalProperties": false,
        "properties": {
          "at": {"x-unit": "duration", "description": "When.", "examples": ["3h"]},
          "domain": {"type": "string", "description": "The domain itself, without those below it.", "examples": ["africa"]},
          "by": {"type": "string", "description": "The master that holds it.", "examples": ["master-global"]}
        }}},
      "break_glass": {"type": "array", "default": [], "description": "An operator takes a domain for a master at once, whoever holds it: for the GLOBAL one, or for one that was named its successor.", "items": {
        "type": "object", "required": ["at", "domain", "by", "reason"], "additionalProperties": false,
        "properties": {
          "at": {"x-unit": "duration", "description": "When.", "examples": ["2h"]},
          "domain": {"type": "string", "description": "The domain that is taken.", "examples": ["africa"]},
          "by": {"type": "string", "description": "The master that takes it.", "examples": ["master-global"]},
          "reason": {"type": "string", "minLength": 1, "description": "Why, for all to see.", "examples": ["the cable is cut and the pumps must stop"]}
        }}}
    }},
  "faults": {"type": "array", "default": [], "description": "What goes wrong, and when. Faults of one link add up: it works again when all are over.", "items": {"oneOf": [
    {"type": "object", "title": "isolate_domain", "required": ["kind", "domain", "at"], "additionalProperties": false,
      "description": "Cuts the backbone between the sites of a domain and those below it, and all other sites.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["cable cut"]},
        "kind": {"const": "isolate_domain", "description": "This kind."},
        "domain": {"type": "string", "description": "The domain; not the root.", "examples": ["europe"]},
        "at": {"x-unit": "duration", "description": "When it starts.", "examples": ["1h"]},
        "until": {"x-unit": "duration", "description": "When it is over; after `at`. Default: never.", "examples": ["7h"]}
      }},
    {"type": "object", "title": "split_domain", "required": ["kind", "domain", "at"], "additionalProperties": false,
      "description": "Cuts the backbone between any two different sites of a domain and those below it.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["cable cut"]},
        "kind": {"const": "split_domain", "description": "This kind."},
        "domain": {"type": "string", "description": "The domain.", "examples": ["europe"]},
        "at": {"x-unit": "duration", "description": "When it starts.", "examples": ["1h"]},
        "until": {"x-unit": "duration", "description": "When it is over; after `at`. Default: never.", "examples": ["7h"]}
      }},
    {"type": "object", "title": "cut_site", "required": ["kind", "site", "at"], "additionalProperties": false,
      "description": "Takes every backbone link of a site down.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["blackout"]},
        "kind": {"const": "cut_site", "description": "This kind."},
        "site": {"type": "string", "description": "The site.", "examples": ["frankfurt"]},
        "at": {"x-unit": "duration", "description": "When it starts.", "examples": ["1h"]},
        "until": {"x-unit": "duration", "description": "When it is over; after `at`. Default: never.", "examples": ["7h"]}
      }},
    {"type": "object", "title": "cut_link", "required": ["kind", "link", "at"], "additionalProperties": false,
      "description": "Takes one backbone link down.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["cable cut"]},
        "kind": {"const": "cut_link", "description": "This kind."},
        "link": {"type": "string", "description": "The link, \"from - to\", in either order of its ends.", "examples": ["paris - london"]},
        "at": {"x-unit": "duration", "description": "When it starts.", "examples": ["1h"]},
        "until": {"x-unit": "duration", "description": "When it is over; after `at`. Default: never.", "examples": ["7h"]}
      }},
    {"type": "object", "title": "restart_nodes", "required": ["kind", "domain", "at", "until"], "additionalProperties": false,
      "description": "Nodes are down, and come up with what they had on stable storage; all else they knew is lost.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["brownout"]},
        "kind": {"const": "restart_nodes", "description": "This kind."},
        "domain": {"type": "string", "description": "Nodes of this domain and those below it.", "examples": ["europe"]},
        "nodes": {"type": ["integer", "string"], "minimum": 1, "maximum": 1000000, "pattern": "^all$", "x-word": "all", "default": 1, "description": "Number of nodes, drawn at random, or \"all\"; who is down already stays so."},
        "at": {"x-unit": "duration", "description": "When they go down.", "examples": ["1h"]},
        "until": {"x-unit": "duration", "description": "When they come up again; after `at`.", "examples": ["1h2m"]}
      }},
    {"type": "object", "title": "restart_relay", "required": ["kind", "relay", "at", "until"], "additionalProperties": false,
      "description": "A relay is down: what is sent to it is lost, and so is what it kept for others.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["relay upgrade"]},
        "kind": {"const": "restart_relay", "description": "This kind."},
        "relay": {"type": "string", "description": "The relay: \"relay-\" and its site.", "examples": ["relay-frankfurt"]},
        "at": {"x-unit": "duration", "description": "When it goes down.", "examples": ["1h"]},
        "until": {"x-unit": "duration", "description": "When it comes up again; after `at`.", "examples": ["1h2m"]}
      }},
    {"type": "object", "title": "restart_master", "required": ["kind", "master", "at", "until"], "additionalProperties": false,
      "description": "A master is down: what is sent to it is lost, and so are orders that only it could take. It comes up with its log, and goes on from that.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["master upgrade"]},
        "kind": {"const": "restart_master", "description": "This kind."},
        "master": {"type": "string", "description": "The master; who is down already stays so.", "examples": ["master-europe"]},
        "at": {"x-unit": "duration", "description": "When it goes down.", "examples": ["1h"]},
        "until": {"x-unit": "duration", "description": "When it comes up again; after `at`.", "examples": ["1h2m"]}
      }},
    {"type": "object", "title": "lose_master", "required": ["kind", "master", "at"], "additionalProperties": false,
      "description": "A master is gone for good, and its log with it. What only it had stored its nodes have kept. Another master takes them over, once it holds the authority over their domains: by a hand-over, as a named successor, or by breaking the glass.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["fire"]},
        "kind": {"const": "lose_master", "description": "This kind."},
        "master": {"type": "string", "description": "The master; not the GLOBAL one.", "examples": ["master-europe"]},
        "at": {"x-unit": "duration", "description": "When.", "examples": ["1h"]},
        "adopt_by": {"type": "string", "description": "The master that takes its nodes over. Default: nobody does.", "examples": ["master-global"]},
        "adopt_at": {"x-unit": "duration", "description": "When an operator has it take them over; where it does not hold their domains then, again each minute until it does. After `at`.", "examples": ["1h30m"]}
      }},
    {"type": "object", "title": "poison", "required": ["kind", "domain", "at"], "additionalProperties": false,
      "description": "The software of nodes writes events that no master can read; they are parked, and the rest goes on.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Name in reports. Default: kind and target.", "examples": ["new sensor"]},
        "kind": {"const": "poison", "description": "This kind."},
        "domain": {"type": "string", "description": "Nodes of this domain and those below it.", "examples": ["europe"]},
        "nodes": {"type": ["integer", "string"], "minimum": 1, "maximum": 1000000, "pattern": "^all$", "x-word": "all", "default": 1, "description": "Number of nodes, drawn at random, or \"all\"."},
        "events": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1, "description": "Events of each; a master parks no more than 32 of one node."},
        "at": {"x-unit": "duration", "description": "When.", "examples": ["1h"]}
      }}
  ]}},
  "engine": {
    "type": "object", "default": {}, "description": "How it is simulated.", "additionalProperties": false,
    "properties": {
      "seed": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "default": 1, "description": "Seed of all random streams; not a part of the scenario's hash."},
      "tie_seed": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "default": 0, "description": "Other than 0: permutes events of one instant, to find results that depend on their order."},
      "horizon": {"x-unit": "duration", "x-minimum": "1s", "x-maximum": "3650d", "default": "24h", "description": "Length of the run."},
      "network": {"type": "string", "enum": ["hybrid", "flow"], "default": "hybrid", "description": "flow: every message is a SimGrid flow. hybrid: small messages are scheduled by arithmetic, which is faster and agrees."},
      "sample_every": {"x-unit": "duration", "x-minimum": "1s", "default": "1m", "description": "Time between two points of the timeline."}
    }},
  "expect": {"type": "array", "default": [], "description": "What must come out. A run whose expectations hold exits with 0, else with 1.", "items": {
    "type": "object", "required": ["metric", "why"], "additionalProperties": false,
    "oneOf": [{"required": ["is"]}, {"required": ["at_least"]}, {"required": ["at_most"]}],
    "properties": {
      "metric": {"type": "string", "enum": "metrics", "description": "What is measured; see the table of metrics.", "examples": ["nodes_autonomous"]},
      "domain": {"type": "string", "description": "In this domain and those below it. Default: the whole fleet.", "examples": ["europe"]},
      "at": {"x-unit": "duration", "description": "When it is read. Default: at the end of the run. Only for metrics that are read at a time.", "examples": ["3h"]},
      "is": {"type": "number", "description": "Must be this; exactly one of is, at_least, at_most must be given.", "examples": [0]},
      "at_least": {"type": "number", "description": "Must not be below.", "examples": [300]},
      "at_most": {"type": "number", "description": "Must not be above.", "examples": [20]},
      "why": {"type": "string", "minLength": 1, "description": "Why it must hold, in a sentence, for whoever sees it fail.", "examples": ["Nodes that lose their master must go on by themselves."]}
    }}}
}
})json";

}  // namespace

std::string_view schema_text() {
  return {text, sizeof text - 1};
}

}  // namespace ibcf::sim
