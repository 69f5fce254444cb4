#include "hand_driver.hpp"
#include "model/payloads.hpp"

using namespace ibcf;
using namespace std::chrono_literals;

namespace {

/// One node that is enrolled, and what would enrol another with its key: a copied image.
struct Cloned {
  HandDriver twin;
  Enrolment clone;

  Cloned() {
    twin.start(1);
    clone = twin.record().enrolment;
    clone.id = HandDriver::id_of(1);
    clone.index = 1;
    clone.secret = HandDriver::secret_of(1);
    twin.inventory.push_back(clone);
    twin.master->enrol(clone, twin.now);
  }
  [[nodiscard]] const NodeRecord& record_of(std::uint32_t node) const {
    return *twin.master->find_node(HandDriver::id_of(node));
  }
};

}  // namespace

TEST_CASE(
    "I-1: a node with the key of another one is not enrolled but QUARANTINED, and the other goes on (A29)",
    "[enrolment][trust]") {
  Cloned run;

  CHECK(run.record_of(1).state.phase == Phase::quarantined);
  CHECK(run.record_of(1).is_barred());
  const Event last = run.twin.events().back();
  CHECK(last.type == EventType::enrollment_conflict);
  CHECK(last.subject == any(HandDriver::id_of(1)));
  CHECK(payload_of<LifecycleStep>(last)->reason ==
        "duplicate identity: its key is that of " + text_of(HandDriver::id_of(0)));
  run.twin.run_for(5min);
  CHECK(run.twin.record().state.phase == Phase::active);
  CHECK(run.twin.record().is_in_contact());
}

TEST_CASE("a node with the key of another one cannot be remedied, not by a new process of its master either",
          "[enrolment][trust]") {
  Cloned run;
  run.twin.run_for(1min);
  run.twin.restart_master();

  CHECK(run.record_of(1).state.phase == Phase::quarantined);
  CHECK_FALSE(run.twin.remediate(1));
  REQUIRE(run.twin.decommission(1));
  CHECK(run.record_of(1).state.phase == Phase::decommissioning);
}
