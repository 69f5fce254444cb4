#include "controlplane/rollout_projection.hpp"

#include <catch2/catch.hpp>

#include "model/payloads.hpp"

using namespace ibcf;

namespace {

const BundleId bundle = derive_id<BundleTag>("view", 1, "bundle");

struct Log {
  RolloutProjection view;

  template <class Payload>
  bool store(std::uint64_t master, EventType type, const Payload& payload) {
    Event event;
    event.origin = any(derive_id<MasterTag>("view", 1, "master", master));
    event.type = type;
    event.payload = encode(payload);
    return view.apply(event);
  }
  void start(std::uint64_t master, std::uint32_t targets) {
    store(master, EventType::rollout_started, RolloutStarted{bundle, {}, targets, 2, {0.5, 1}, {}, 0.9, {}});
  }
  void count(std::uint64_t master, std::uint32_t wave, std::uint32_t applied, std::uint32_t failed,
             std::uint32_t unreached, std::uint32_t waiting) {
    store(master, EventType::rollout_advanced,
          RolloutAdvanced{bundle, {}, wave, applied, failed, unreached, waiting});
  }
};

}  // namespace

TEST_CASE("the status of a bundle is the sum over the masters that roll it out, and adds up to its targets",
          "[rollout][projection]") {
  Log log;
  CHECK_FALSE(log.view.status(bundle));
  CHECK(log.view.safe_to_advance(bundle).reasons.front() == "nobody rolls it out");
  log.start(1, 10);
  log.start(2, 30);
  CHECK(log.view.safe_to_advance(bundle).reasons.front() == "nobody has answered yet");
  log.count(1, 2, 7, 1, 2, 0);
  log.count(2, 1, 15, 0, 5, 10);

  const auto status = log.view.status(bundle);
  REQUIRE(status);
  CHECK(status->targets == 40);
  CHECK(status->applied == 22);
  CHECK(status->failed == 1);
  CHECK(status->unreached == 7);
  CHECK(status->waiting == 10);
  CHECK(status->wave == 1);
  CHECK(status->applied + status->failed + status->unreached + status->waiting == status->targets);
  CHECK(log.view.all().size() == 1);
  CHECK(log.view.safe_to_advance(bundle).is_safe);
}

TEST_CASE("a bundle that was refused, halted or failed too often is not safe to advance",
          "[rollout][projection]") {
  Log refused;
  refused.store(1, EventType::bundle_refused, BundleRefused{bundle, {"version is blank"}});
  CHECK(refused.view.safe_to_advance(bundle).reasons ==
        std::vector<std::string>{"refused: version is blank"});
  CHECK(refused.view.all().empty());

  Log failing;
  failing.start(1, 10);
  failing.count(1, 1, 3, 2, 0, 5);
  CHECK(failing.view.safe_to_advance(bundle).reasons ==
        std::vector<std::string>{"2 of 5 nodes failed, 1 may"});

  Log halted;
  halted.start(1, 10);
  halted.start(2, 10);
  halted.count(2, 1, 9, 0, 0, 1);
  Rollout part = *halted.view.status(bundle);
  part.state = RolloutState::halted;
  part.reason = "an operator's order";
  halted.store(1, EventType::rollout_moved, RolloutMoved{part});
  CHECK(halted.view.status(bundle)->state == RolloutState::halted);
  CHECK(halted.view.safe_to_advance(bundle).reasons.front() == "HALTED: an operator's order");
}

TEST_CASE("the view of rollouts is the same from its own bytes, and says what it cannot read",
          "[rollout][projection]") {
  Log log;
  log.start(1, 10);
  log.count(1, 1, 3, 2, 0, 5);
  log.store(2, EventType::bundle_refused, BundleRefused{bundle, {"name is blank"}});
  CHECK_FALSE(log.store(1, EventType::rollout_moved, ReplayChunkAcked{}));
  Bytes bytes;
  Encoder encoder(bytes);
  log.view.write(encoder);

  RolloutProjection again;
  Decoder decoder(bytes);
  again.read(decoder);

  CHECK(decoder.finished());
  CHECK(*again.status(bundle) == *log.view.status(bundle));
  CHECK(again.safe_to_advance(bundle).reasons == log.view.safe_to_advance(bundle).reasons);
}
