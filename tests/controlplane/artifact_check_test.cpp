#include "controlplane/artifact_check.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "artifact_support.hpp"
#include "controlplane/dsse.hpp"
#include "controlplane/intoto.hpp"
#include "model/payloads.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

const Ed25519Verifier verifier;
const Ed25519Signer release_key = signer_of(1);
const Ed25519Signer second_key = signer_of(2);
const Ed25519Signer stranger = signer_of(9);

ReleaseKeys keys(std::vector<PublicKey> revoked = {}) {
  ReleaseKeys keys{{release_key.public_key(), second_key.public_key()}, std::move(revoked)};
  std::sort(keys.trusted.begin(), keys.trusted.end());
  std::sort(keys.revoked.begin(), keys.revoked.end());
  return keys;
}

ArtifactPublished gateway(std::uint64_t release = 5, const Signer& signer = release_key) {
  return make_release(facts_of("gateway", release), signer);
}

// Signed anew after a change to what is signed, as an insider with the key could.
ArtifactPublished resigned(const ArtifactPublished& published,
                           const std::function<void(Statement&)>& change) {
  Statement statement = *parse_statement(parse_envelope(published.envelope)->payload);
  change(statement);
  ArtifactPublished again = published;
  again.envelope = write_envelope(
      sign_envelope(std::string(intoto_payload_type), write_statement(statement), release_key));
  if (const auto artifact = artifact_in(again.envelope)) again.artifact = *artifact;
  return again;
}

/// All that a verdict depends on.
struct Case {
  ArtifactPublished published = gateway();
  ReleaseKeys trust = keys();
  ArtifactClaim claim = claim_of(gateway());

  [[nodiscard]] ArtifactJudged judged() const { return judge(&published, trust, claim, verifier); }
  [[nodiscard]] ArtifactVerdict verdict() const { return judged().verdict; }
};

// The ways in which an artifact can be bad, in the order of the verdicts: each leaves the others alone.
const std::vector<std::pair<ArtifactVerdict, std::function<void(Case&)>>> defects = {
    {ArtifactVerdict::malformed, [](Case& c) { c.claim.release += 1; }},
    {ArtifactVerdict::unsigned_artifact,
     [](Case& c) {
       DsseEnvelope envelope = *parse_envelope(c.published.envelope).value;
       envelope.signatures.clear();
       c.published.envelope = write_envelope(envelope);
       c.published.artifact = *artifact_in(c.published.envelope);
     }},
    {ArtifactVerdict::unknown_key, [](Case& c) { c.trust.trusted = {}; }},
    {ArtifactVerdict::bad_signature,
     [](Case& c) {
       DsseEnvelope envelope = *parse_envelope(c.published.envelope).value;
       if (envelope.signatures.empty()) return;  // nothing left to break
       envelope.signatures[0].sig[7] ^= 1;
       c.published.envelope = write_envelope(envelope);
       c.published.artifact = *artifact_in(c.published.envelope);
     }},
    {ArtifactVerdict::digest_mismatch, [](Case& c) { c.claim.found.bytes[0] ^= 1; }},
    {ArtifactVerdict::sbom_mismatch, [](Case& c) { c.published.sbom.push_back(' '); }},
    {ArtifactVerdict::revoked, [](Case& c) { c.claim.revoked = true; }},
    {ArtifactVerdict::rollback, [](Case& c) { c.claim.newest_release = 6; }},
};

}  // namespace

TEST_CASE("a release of the pipeline is verified, with CycloneDX and with SPDX", "[artifact]") {
  for (const SbomFormat format : {SbomFormat::cyclonedx, SbomFormat::spdx}) {
    ReleaseFacts facts = facts_of("gateway", 5);
    facts.sbom_format = format;
    facts.kind = ArtifactKind::firmware;
    const ArtifactPublished published = make_release(facts, release_key);
    const ArtifactJudged judged = judge(&published, keys(), claim_of(published), verifier);

    CHECK(judged.verdict == ArtifactVerdict::verified);
    CHECK(judged.reason.empty());
    CHECK(judged.envelope == digest_of(published.envelope));
    const PublicKey key = release_key.public_key();
    CHECK(judged.key == Bytes(key.begin(), key.end()));
    CHECK(published.artifact.kind == ArtifactKind::firmware);
    CHECK(published.artifact.version == "1.5");
    CHECK(published.artifact.provenance_ref == "https://builds.example/pipeline/7");
    CHECK(published.artifact.sbom_ref == "sbom/" + text_of(sha256_of(published.sbom)));
    const auto sbom = parse_sbom(published.sbom);
    REQUIRE(sbom);
    CHECK(sbom->format == format);
    CHECK(sbom->components == 2);
    CHECK_FALSE(objection_to(judged, &published, verifier));
  }
}

TEST_CASE("each single defect has its verdict", "[artifact]") {
  for (const auto& [verdict, plant] : defects) {
    Case bad;
    plant(bad);
    CHECK(word_of(bad.verdict()) == word_of(verdict));
    CHECK_FALSE(bad.judged().reason.empty());
  }
}

TEST_CASE("of several defects the first in the order of the verdicts is told", "[artifact][property]") {
  rc::prop("for any set of defects", [](std::uint8_t set) {
    Case bad;
    ArtifactVerdict first = ArtifactVerdict::verified;
    for (std::size_t i = 0; i < defects.size(); ++i) {
      if ((set >> i & 1) == 0) continue;
      if (first == ArtifactVerdict::verified) first = defects[i].first;
      defects[i].second(bad);
    }
    RC_ASSERT(bad.verdict() == first);
  });
}

TEST_CASE("what was never published is unsigned, whatever it says of itself", "[artifact]") {
  const ArtifactJudged judged = judge(nullptr, keys(), claim_of(gateway()), verifier);
  CHECK(judged.verdict == ArtifactVerdict::unsigned_artifact);
  CHECK(judged.reason == "nothing signed was published for it");
  CHECK(judged.envelope == Digest{});
  CHECK_FALSE(objection_to(judged, nullptr, verifier));
}

TEST_CASE("an artifact must be what it is called", "[artifact]") {
  Case renamed;
  renamed.claim.name = "modem";
  CHECK(renamed.judged().reason == "it is called modem, signed is gateway");
  Case other_id;
  other_id.claim.artifact_id = gateway(6).artifact.id;
  CHECK(other_id.judged().reason == "its id is not that of the signed payload");
  Case republished;  // what is stored beside the envelope says more than the envelope
  republished.published.artifact.release = 99;
  republished.claim.release = 99;
  CHECK(republished.judged().reason == "it was published as something else than is signed");
  CHECK(republished.verdict() == ArtifactVerdict::malformed);
  Case several;
  several.published = resigned(gateway(), [](Statement& s) { s.subjects.push_back({"second", {}}); });
  CHECK(several.judged().reason == "statement: an artifact is one payload");
  Case empty;
  empty.published.envelope.clear();
  CHECK(empty.verdict() == ArtifactVerdict::malformed);
}

TEST_CASE("a signature by another's key is told from a forged one", "[artifact]") {
  Case foreign;
  foreign.published = gateway(5, stranger);
  CHECK(foreign.verdict() == ArtifactVerdict::unknown_key);
  CHECK(foreign.judged().key.empty());

  Case forged;  // names our key, was made by another
  DsseEnvelope envelope = *parse_envelope(foreign.published.envelope).value;
  envelope.signatures[0].keyid = keyid_of(release_key.public_key());
  forged.published.envelope = write_envelope(envelope);
  forged.published.artifact = *artifact_in(forged.published.envelope);
  CHECK(forged.verdict() == ArtifactVerdict::bad_signature);
  CHECK_FALSE(forged.judged().key.empty());
}

TEST_CASE("an SBOM must be the signed document and describe the signed payload", "[artifact]") {
  Case swapped;
  swapped.published.sbom = gateway(6).sbom;
  CHECK(swapped.judged().reason == "SBOM: not the document that the statement names");
  Case missing;
  missing.published.sbom.clear();
  CHECK(missing.verdict() == ArtifactVerdict::sbom_mismatch);

  // Signed, and still not about this payload.
  const auto with_sbom = [](Bytes sbom) {
    Case bad;
    const Digest sha256 = sha256_of(sbom);
    bad.published = resigned(gateway(), [&](Statement& s) { s.provenance.sbom_sha256 = sha256; });
    bad.published.sbom = std::move(sbom);
    return bad.judged();
  };
  CHECK(with_sbom(bytes_of_text("none")).reason == "SBOM: not JSON at byte 2");
  CHECK(with_sbom(make_release(facts_of("modem", 5), release_key).sbom).reason == "SBOM: describes modem");
  CHECK(with_sbom(gateway(6).sbom).reason == "SBOM: describes version 1.6");
  ReleaseFacts other_payload = facts_of("gateway", 5);
  other_payload.sha256 = payload_of_release("gateway", 6);
  CHECK(with_sbom(make_release(other_payload, release_key).sbom).reason ==
        "SBOM: describes another payload, or does not name its SHA-256");
}

TEST_CASE("a revoked key revokes what it alone signed", "[artifact]") {
  Case revoked;
  revoked.trust = keys({release_key.public_key()});
  CHECK(revoked.verdict() == ArtifactVerdict::revoked);
  CHECK(revoked.judged().revoked);
  CHECK_FALSE(objection_to(revoked.judged(), &revoked.published, verifier));

  Case signed_by_both = revoked;
  DsseEnvelope envelope = *parse_envelope(signed_by_both.published.envelope).value;
  envelope.signatures.push_back(parse_envelope(gateway(5, second_key).envelope)->signatures[0]);
  signed_by_both.published.envelope = write_envelope(envelope);
  signed_by_both.published.artifact = *artifact_in(signed_by_both.published.envelope);
  CHECK(signed_by_both.verdict() == ArtifactVerdict::verified);
  CHECK_FALSE(objection_to(signed_by_both.judged(), &signed_by_both.published, verifier));
}

TEST_CASE("a release may come again, and none before it", "[artifact]") {
  Case again;
  again.claim.newest_release = 5;
  CHECK(again.verdict() == ArtifactVerdict::verified);
  again.claim.newest_release = 6;
  CHECK(again.verdict() == ArtifactVerdict::rollback);
  CHECK(again.judged().reason == "release 5 after 6");
}

TEST_CASE("I-51: a verdict can be recomputed from stored inputs, and from no others",
          "[artifact][trust][property]") {
  rc::prop("for any defects, and any input changed afterwards", [](std::uint8_t set, std::uint8_t change) {
    Case bad;
    for (std::size_t i = 0; i < defects.size(); ++i)
      if (set >> i & 1) defects[i].second(bad);
    const ArtifactJudged stored = bad.judged();
    RC_ASSERT_FALSE(objection_to(stored, &bad.published, verifier));

    // Whatever of it is turned into something else, it no longer follows.
    ArtifactJudged altered = stored;
    switch (change % 8) {
      case 0:
        altered.verdict =
            static_cast<ArtifactVerdict>((static_cast<int>(stored.verdict) + 1 + change / 8 % 8) % 9);
        break;
      case 1:
        altered.envelope.bytes[change % 32] ^= 1;
        break;
      case 2:
        altered.reason += "?";
        break;
      case 3:
        altered.key = {1, 2, 3};
        break;
      case 4:
        RC_PRE(stored.verdict == ArtifactVerdict::verified);
        altered.found.bytes[change % 32] ^= 1;
        break;
      case 5:
        RC_PRE(stored.verdict == ArtifactVerdict::verified);
        altered.newest_release = 1000;
        break;
      case 6:
        RC_PRE(stored.verdict == ArtifactVerdict::verified);
        altered.revoked = true;
        break;
      case 7:
        RC_PRE(stored.verdict == ArtifactVerdict::verified);
        altered.key.clear();
        break;
    }
    RC_ASSERT(objection_to(altered, &bad.published, verifier).has_value());
    // Nor does it follow from another publication, or from none.
    RC_ASSERT(objection_to(stored, nullptr, verifier).has_value());
    const ArtifactPublished other = gateway(6);
    RC_ASSERT(objection_to(stored, &other, verifier).has_value());
  });
}

TEST_CASE("a refused submission brings along what it was refused for", "[artifact]") {
  Case bad;
  bad.trust.trusted = {};
  ArtifactJudged judged = bad.judged();
  CHECK(objection_to(judged, nullptr, verifier) == "the envelope that it names is not stored");
  judged.refused = bad.published;
  CHECK_FALSE(objection_to(judged, nullptr, verifier));
  judged.refused->sbom.clear();  // of no weight: the key was unknown before anybody looked at the SBOM
  CHECK_FALSE(objection_to(judged, nullptr, verifier));
  judged.refused->envelope = gateway(6).envelope;
  CHECK(objection_to(judged, nullptr, verifier) == "it names another envelope than the stored one");
}
