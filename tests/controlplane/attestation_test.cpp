#include "model/payloads.hpp"
#include "mortal_store.hpp"
#include "planted_defect.hpp"

/// Nodes that have to show whose make they are, and what they booted, before they are enrolled.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

Digest digest_named(std::uint8_t number) {
  Digest digest;
  digest.bytes[0] = number;
  return digest;
}

/// Node 0 is as it should be, and so is what is attested here unless a test changes it.
struct Attested {
  HandDriver twin;
  Ed25519Signer maker{digest_named(77)};
  Ed25519Signer stranger{digest_named(78)};
  Digest good = digest_named(1);
  Digest tampered = digest_named(2);

  Attested() {
    twin.master_settings.attestation = {{maker.public_key()}, {good}};
    twin.enrolling = [this](Enrolment& enrolment) { attest(enrolment, good); };
  }
  void attest(Enrolment& enrolment, const Digest& measurement) const {
    attest(enrolment, measurement, maker);
  }
  void attest(Enrolment& enrolment, const Digest& measurement, const Signer& by) const {
    const Bytes said = signed_bytes(enrolment.id, enrolment.incarnation, enrolment.public_key, measurement);
    enrolment.attestation = std::make_shared<const Attestation>(
        Attestation{.measurement = measurement, .by = by.public_key(), .signature = by.sign(said)});
  }
  [[nodiscard]] std::vector<std::string> words() const {
    return twin.story([](const Event& event) {
      return event.subject == any(HandDriver::id_of(0)) && event.origin != event.subject;
    });
  }
  [[nodiscard]] std::string last_reason(EventType type) const {
    const auto events = twin.events();
    const auto found =
        std::find_if(events.rbegin(), events.rend(), [&](const Event& event) { return event.type == type; });
    return found == events.rend() ? "" : payload_of<LifecycleStep>(*found)->reason;
  }
  [[nodiscard]] Phase phase() const { return *twin.record().state.phase; }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a node whose maker attests what it booted is enrolled and activated, and the log has the evidence",
          "[attestation]") {
  Attested run;
  run.twin.start(1);

  CHECK(run.words() == Words{"node.registered", "attestation.judged", "node.enrolled", "node.activated"});
  const auto events = run.twin.events();
  const auto judged = payload_of<AttestationJudged>(events[1]);
  CHECK(judged->objection.empty());
  PublicKey key{};
  PublicKey by{};
  Signature signature{};
  std::copy(judged->public_key.begin(), judged->public_key.end(), key.begin());
  std::copy(judged->by.begin(), judged->by.end(), by.begin());
  std::copy(judged->signature.begin(), judged->signature.end(), signature.begin());
  CHECK(run.twin.verifier.verifies(
      by, signed_bytes(HandDriver::id_of(0), judged->incarnation, key, judged->measurement), signature));
  CHECK(run.twin.run_to([&] { return run.twin.is_settled(); }, 5min));
}

TEST_CASE("a node that no trusted maker vouches for is refused and gets nothing (A28)", "[attestation]") {
  Attested run;
  std::string why;
  SECTION("nothing shown") {
    run.twin.enrolling = [](Enrolment&) {};
    why = "no attestation";
  }
  SECTION("another maker's word") {
    run.twin.enrolling = [&](Enrolment& one) { run.attest(one, run.good, run.stranger); };
    why = "attested by nobody we trust";
  }
  SECTION("a maker's name over another's signature") {
    run.twin.enrolling = [&](Enrolment& one) {
      run.attest(one, run.good, run.stranger);
      Attestation forged = *one.attestation;
      forged.by = run.maker.public_key();
      one.attestation = std::make_shared<const Attestation>(forged);
    };
    why = "its attestation is not signed, or is about another node, life or key";
  }
  SECTION("what was attested of another key") {
    run.twin.enrolling = [&](Enrolment& one) {
      const PublicKey own = one.public_key;
      one.public_key = run.stranger.public_key();
      run.attest(one, run.good);
      one.public_key = own;
    };
    why = "its attestation is not signed, or is about another node, life or key";
  }
  SECTION("what was attested of another life") {
    run.twin.enrolling = [&](Enrolment& one) {
      one.incarnation = 2;
      run.attest(one, run.good);
      one.incarnation = 1;
    };
    why = "its attestation is not signed, or is about another node, life or key";
  }
  run.twin.start(1);

  CHECK(run.phase() == Phase::retired);
  CHECK(run.words() == Words{"node.registered", "attestation.judged", "enrollment.rejected"});
  CHECK(run.last_reason(EventType::enrollment_rejected) == why);
  run.twin.run_for(10min);
  CHECK(run.twin.agent().mode() == ConnectivityMode::disconnected);  // nobody answers it
  CHECK(run.twin.master->counters().heartbeats == 0);
  CHECK(run.twin.agent().local_grant().epoch == 0);
}

TEST_CASE("who was refused comes again as its next life, with the key that was never bound",
          "[attestation]") {
  Attested run;
  run.twin.enrolling = [](Enrolment&) {};
  run.twin.start(1);
  Enrolment next = run.twin.record().enrolment;
  next.incarnation = 2;
  run.attest(next, run.good);
  const bool restarts = GENERATE(false, true);
  if (restarts) run.twin.restart_master();
  REQUIRE(run.phase() == Phase::retired);

  CHECK(run.twin.master->reincarnate(next, run.twin.now));

  CHECK(run.phase() == Phase::active);
  CHECK(run.twin.record().state.incarnation == 2);
  run.twin.inventory = {next};
  run.twin.restart_master();
  CHECK(run.phase() == Phase::active);
}

TEST_CASE("a refused one has taken nobody's key", "[attestation]") {
  Attested run;
  run.twin.enrolling = [](Enrolment&) {};
  run.twin.start(1);
  Enrolment owner = run.twin.record().enrolment;
  owner.id = HandDriver::id_of(1);
  owner.index = 1;
  run.attest(owner, run.good);
  const bool restarts = GENERATE(false, true);
  if (restarts) {
    run.twin.inventory.push_back(owner);
    run.twin.restart_master();
  } else {
    run.twin.master->enrol(owner, run.twin.now);
  }

  CHECK(run.twin.record(1).state.phase == Phase::active);
}

TEST_CASE("a node that booted what may not be activated is enrolled and QUARANTINED (A31)", "[attestation]") {
  Attested run;
  run.twin.enrolling = [&](Enrolment& one) { run.attest(one, run.tampered); };
  run.twin.start(1);

  CHECK(run.phase() == Phase::quarantined);
  CHECK(run.words() == Words{"node.registered", "attestation.judged", "node.enrolled", "trust.violation"});
  CHECK(run.last_reason(EventType::trust_violation) ==
        "attestation mismatch: it booted " + text_of(run.tampered));
  CHECK(cause_of(run.last_reason(EventType::trust_violation)).word == "attestation mismatch");
  run.twin.run_for(10min);
  CHECK(run.twin.record().is_barred());
  CHECK_FALSE(run.twin.record().state.mode);
  CHECK(run.twin.count(EventType::authority_granted) == 1);  // the scope's, and none to the node

  run.twin.restart_master();
  CHECK(run.phase() == Phase::quarantined);
  CHECK(run.twin.record().is_barred());
}

TEST_CASE("what booted the wrong thing is remedied, reconciled and becomes ACTIVE", "[attestation]") {
  Attested run;
  run.twin.enrolling = [&](Enrolment& one) { run.attest(one, run.tampered); };
  run.twin.start(1);
  run.twin.run_for(5min);

  REQUIRE(run.twin.remediate(0));
  run.twin.run_for(20min);

  CHECK(run.phase() == Phase::active);
  CHECK(run.twin.settle(0, 2min));
  CHECK(run.twin.is_stored_exactly_once());
}

TEST_CASE("a master that dies between the steps of an enrolment comes to the same end", "[attestation]") {
  Attested run;
  Phase end = Phase::active;
  SECTION("as it should be") {}
  SECTION("refused") {
    run.twin.enrolling = [](Enrolment&) {};
    end = Phase::retired;
  }
  SECTION("not to be activated") {
    run.twin.enrolling = [&](Enrolment& one) { run.attest(one, run.tampered); };
    end = Phase::quarantined;
  }
  MortalStore mortal(run.twin);
  mortal.dies_at_orders = true;
  mortal.dies_after = GENERATE(1U, 2U, 3U);
  CHECK_THROWS_AS(run.twin.start(1), HandDriver::Killed);
  mortal.dies_at_orders = false;

  run.twin.restart_master();

  CHECK(run.phase() == end);
}

TEST_CASE(
    "I-47: too many mismatches of one domain are rather our fault, and who is set aside is not activated",
    "[attestation][brake]") {
  Attested run;
  run.twin.enrolling = [&](Enrolment& one) { run.attest(one, run.tampered); };
  run.twin.start(4);

  for (std::uint32_t node = 0; node < 3; ++node)
    CHECK(run.twin.record(node).state.phase == Phase::quarantined);
  CHECK(run.twin.record(3).state.phase == Phase::enrolled);
  run.twin.run_for(5min);
  CHECK(run.twin.record(3).is_barred());
  CHECK(run.twin.record(3).local.lease == Duration::zero());
  run.twin.restart_master();
  CHECK(run.twin.record(3).state.phase == Phase::enrolled);

  SECTION("it was the node's fault") {
    REQUIRE(run.twin.master->release_brake(run.twin.domain, "attestation mismatch", run.twin.now));
    CHECK(run.twin.record(3).state.phase == Phase::quarantined);
  }
  SECTION("it was ours: the measurement is as it should be") {
    run.twin.master_settings.attestation.measurements.push_back(run.tampered);
    REQUIRE(run.twin.master->release_brake(run.twin.domain, "attestation mismatch", run.twin.now));
    CHECK(run.twin.record(3).state.phase == Phase::active);
  }
}

TEST_CASE("planted: an attestation that nobody checks, and a measurement that nobody compares, are caught",
          "[attestation][defect]") {
  Attested run;
  SECTION("its signature") {
    const Planted planted(Defect::attestation_unchecked);
    run.twin.enrolling = [&](Enrolment& one) {
      run.attest(one, run.good);
      Attestation forged = *one.attestation;
      forged.signature[0] ^= 1;
      one.attestation = std::make_shared<const Attestation>(forged);
    };
    run.twin.start(1);
    CHECK(run.phase() != Phase::retired);
  }
  SECTION("what it says") {
    const Planted planted(Defect::measurement_ignored);
    run.twin.enrolling = [&](Enrolment& one) { run.attest(one, run.tampered); };
    run.twin.start(1);
    CHECK(run.phase() != Phase::quarantined);
  }
}
