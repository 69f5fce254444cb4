#include <catch2/catch.hpp>

#include "analysis/report.hpp"
#include "model/payloads.hpp"
#include "synthetic_run.hpp"

/// Drift and attention in a report: from the log and the bodies beside it, and from nothing else.
using namespace ibcf;
using namespace ibcf::analysis;
using namespace std::chrono_literals;

namespace {

const auto country = derive_id<DomainTag>("views", 1, "country");
const auto master = derive_id<MasterTag>("views", 1, "master");
const auto node = derive_id<NodeTag>("views", 1, "node");

struct Scribe {
  explicit Scribe(RunFolder& to) : folder(to) {}
  template <class Payload>
  void write(AnyId origin, EventType type, AnyId subject, const Payload& payload, Instant at) {
    Event event;
    event.origin = origin;
    event.seq = ++seqs[origin];
    event.type = type;
    event.subject = subject;
    event.occurred = at;
    event.hlc = event.seq;
    event.payload = encode(payload);
    folder.add_event(0, position++, at, encode(event), event);
  }
  RunFolder& folder;
  std::map<AnyId, std::uint64_t> seqs;
  std::uint64_t position = 0;
};

// A node that should listen on port 80, and shows that it listens on another.
Json drift_of(const std::filesystem::path& path, bool with_body) {
  RunFolder folder(path, facts_of("views"));
  folder.add_domain(0, country, "country");
  folder.add_master(0, master, "master", AuthorityLevel::global, 0, "here");
  folder.add_node(0, node, "node", 0, "group", "fibre", whole_fleet, 0, 0);
  Scribe scribe(folder);
  NodeRegistered registered;
  registered.name = "node";
  registered.domain_id = country;
  scribe.write(any(master), EventType::node_registered, any(node), registered, at(1s));
  PolicyBundle bundle;
  bundle.id = derive_id<BundleTag>("views", 1, "bundle");
  bundle.name = "baseline";
  bundle.objects["port"].value = exact_value("80");
  scribe.write(any(master), EventType::bundle_published, any(bundle.id), BundlePublished{bundle}, at(2s));
  scribe.write(any(master), EventType::desired_set, any(country), DesiredSet{country, bundle.id, 1, master},
               at(3s));
  Snapshot snapshot;
  snapshot.policy_bundle_id = bundle.id;
  snapshot.objects["port"] = exact_value("8080");
  const Bytes body = encode(snapshot);
  Observation seen;
  seen.node_id = node;
  seen.kind = ObservationKind::snapshot;
  seen.observed_ts = at(4s);
  seen.policy_bundle_id = bundle.id;
  seen.body = digest_of(body);
  scribe.write(any(node), EventType::observation_recorded, any(node), seen, at(5s));
  if (with_body) folder.add_body(seen.body, body);
  RunResult result;
  result.end = 1min;
  folder.finish(result);
  return fold_report(path / "events.db").tables["drift"];
}

}  // namespace

TEST_CASE("a report's drift is that of the bodies in the log's folder", "[drift]") {
  const TemporaryFolder folder;
  const Json drift = drift_of(folder.path() / "run", true);

  CHECK(drift["now"][0]["evaluated"] == 1);
  CHECK(drift["now"][0]["mean"] == 1.0);
  REQUIRE(drift["worst"].size() == 1);
  CHECK(drift["worst"][0]["node"] == "node");
  CHECK(drift["worst"][0]["objects"] == "port: 8080 instead of 80");
  CHECK(drift["domains"][0]["domain"] == "country");
  CHECK(drift["domains"][0]["mean"].front().is_null());  // nothing was known yet
  CHECK(drift["domains"][0]["mean"].back() == 1.0);
}

TEST_CASE("a body that the folder lacks leaves its node unknown in the report, and is no error", "[drift]") {
  const TemporaryFolder folder;
  const Json drift = drift_of(folder.path() / "run", false);

  CHECK(drift["now"][0]["nodes"] == 1);
  CHECK(drift["now"][0]["evaluated"] == 0);
  CHECK(drift["now"][0]["mean"].is_null());
  CHECK(drift["worst"].empty());
}
