#include "controlplane/dsse.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "artifact_support.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

const Ed25519Verifier verifier;

// The secret of RFC 8032, section 7.1, test 1. Envelopes below were made with another library (OpenSSL).
Ed25519Signer rfc_signer() {
  Digest secret;
  const Bytes bytes = *parse_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  std::copy(bytes.begin(), bytes.end(), secret.bytes.begin());
  return Ed25519Signer(secret);
}

std::string why_refused(std::string_view text) {
  const auto parsed = parse_envelope(bytes_of_text(text));
  REQUIRE(parsed.value.has_value() == parsed.why.empty());
  return parsed.why;
}

EnvelopeTrust trust_of(const DsseEnvelope& envelope, const std::vector<PublicKey>& keys) {
  return check_envelope(envelope, keys, verifier).trust;
}

}  // namespace

TEST_CASE("SHA-256 is that of FIPS 180-2, appendix B.1", "[artifact][dsse]") {
  CHECK(text_of(sha256_of(bytes_of_text("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("the pre-authentication encoding is that of the DSSE protocol, lengths in bytes",
          "[artifact][dsse]") {
  CHECK(text_of_bytes(pae("http://example.com/HelloWorld", bytes_of_text("hello world"))) ==
        "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  CHECK(text_of_bytes(pae("", {})) == "DSSEv1 0  0 ");
  CHECK(hex_of(pae("t\u00ffpe \u20ac", bytes_of_text("\u00e9"))) ==
        "44535345763120392074c3bf706520e282ac203220c3a9");
}

TEST_CASE("an envelope is signed and verified as another library does it", "[artifact][dsse]") {
  struct Vector {
    Bytes payload;
    std::string payload64, signature, signature_url_safe;
  };
  const Vector vectors[] = {
      {bytes_of_text(R"({"_type":"https://in-toto.io/Statement/v1"})"),
       "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ==",
       "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA==",
       "2WAfaHm5jluo0w-0rk8uVkluELJYWjSmU9x7EUzx-AyteDGJ4_nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA=="},
      {{},
       "",
       "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg==",
       "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg_1jMWnuVgI_gffqmbsC2VX5_jHfkkDqsj7CDbDg=="},
      {{0x00, 0xff, 0x80, 0x20, 0x0a},
       "AP+AIAo=",
       "xbx9j7fSCO5ozlpOvnlm4/jDJHnYXc9Q9EcoFFmM9vpwHmVocrWYtJHDHUs4cehnAKRjeDi95SqaWIST2jSHAA==",
       "xbx9j7fSCO5ozlpOvnlm4_jDJHnYXc9Q9EcoFFmM9vpwHmVocrWYtJHDHUs4cehnAKRjeDi95SqaWIST2jSHAA=="},
  };
  const Ed25519Signer signer = rfc_signer();
  const std::string keyid = "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9";
  for (const Vector& vector : vectors) {
    const DsseEnvelope made = sign_envelope(std::string(intoto_payload_type), vector.payload, signer);
    CHECK(text_of_bytes(write_envelope(made)) ==
          R"({"payload":")" + vector.payload64 +
              R"(","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":")" + keyid +
              R"(","sig":")" + vector.signature + R"("}]})");

    // As others write it: members in another order, one we do not know, no keyid, the URL-safe alphabet.
    const auto read =
        parse_envelope(bytes_of_text(R"( {"signatures": [{"sig": ")" + vector.signature_url_safe +
                                     R"("}], "extra": {"a": [1]}, "payloadType":
                                                      "application/vnd.in-toto+json", "payload": ")" +
                                     vector.payload64 + "\"}\n"));
    REQUIRE(read);
    CHECK(read->payload == vector.payload);
    CHECK(check_envelope(*read, std::vector{signer.public_key()}, verifier) ==
          EnvelopeCheck{EnvelopeTrust::good, signer.public_key()});
  }
}

TEST_CASE("what is no envelope is refused with its reason", "[artifact][dsse]") {
  const std::string head = R"({"payload":"","payloadType":"t","signatures":)";
  CHECK(why_refused(head + "[]}").empty());
  CHECK(why_refused("") == "envelope: not JSON at byte 1");
  CHECK(why_refused("[]") == "envelope: payloadType is missing or no text");
  CHECK(why_refused(head + "[]} x") == "envelope: not JSON at byte 50");
  CHECK(why_refused(R"({"payload":"","payload":"","payloadType":"t","signatures":[]})") ==
        "envelope: a key comes twice in one object: payload");
  CHECK(why_refused(R"({"payload":"","payloadType":7,"signatures":[]})") ==
        "envelope: payloadType is missing or no text");
  CHECK(why_refused(R"({"payload":"a","payloadType":"t","signatures":[]})") ==
        "envelope: payload is missing or not base64");
  CHECK(why_refused(R"({"payload":"AP==x","payloadType":"t","signatures":[]})") ==
        "envelope: payload is missing or not base64");
  CHECK(why_refused(R"({"payload":"","payloadType":"t"})") == "envelope: signatures is missing or no list");
  CHECK(why_refused(head + "{}}") == "envelope: signatures is missing or no list");
  CHECK(why_refused(head + R"([{"keyid":"k"}]})") == "envelope: a signature is not of the form {keyid, sig}");
  CHECK(why_refused(head + R"([{"keyid":1,"sig":""}]})") ==
        "envelope: a signature is not of the form {keyid, sig}");
  CHECK(why_refused(head + "[{\"sig\":\"\xff\"}]}").substr(0, 23) == "envelope: not JSON at b");
  std::string many = R"({"sig":""})";
  for (std::size_t i = 0; i < most_signatures; ++i) many += R"(,{"sig":""})";
  CHECK(why_refused(head + "[" + many + "]}") == "envelope: more than 16 signatures");
  CHECK(why_refused(std::string(100'000, '[')) == "envelope: nested deeper than 32");
  CHECK(why_refused(std::string(most_envelope_bytes + 1, ' ')) == "envelope: longer than 262144 bytes");
}

TEST_CASE("non-canonical base64 is refused, since two texts must not carry one signature",
          "[artifact][dsse]") {
  CHECK(parse_base64("AA==") == Bytes{0});
  CHECK_FALSE(parse_base64("AB=="));  // the four bits that are left over
  CHECK_FALSE(parse_base64("AA"));
  CHECK_FALSE(parse_base64("AA=\n="));
  CHECK_FALSE(parse_base64("+-AA"));  // both alphabets at once
}

TEST_CASE("one good signature by a trusted key is enough, and nothing less is", "[artifact][dsse]") {
  const Ed25519Signer ours = signer_of(1), other = signer_of(2);
  const std::vector<PublicKey> trusted{ours.public_key()};
  const DsseEnvelope good = sign_envelope("t", {1, 2, 3}, ours);
  const DsseEnvelope foreign = sign_envelope("t", {1, 2, 3}, other);

  CHECK(trust_of(good, trusted) == EnvelopeTrust::good);
  CHECK(trust_of(good, {}) == EnvelopeTrust::unknown_key);
  CHECK(trust_of(foreign, trusted) == EnvelopeTrust::unknown_key);

  DsseEnvelope forged = foreign;  // named for our key, made by another
  forged.signatures[0].keyid = keyid_of(ours.public_key());
  CHECK(check_envelope(forged, trusted, verifier) ==
        EnvelopeCheck{EnvelopeTrust::bad_signature, ours.public_key()});
  forged.signatures.push_back(good.signatures[0]);
  CHECK(trust_of(forged, trusted) == EnvelopeTrust::good);

  DsseEnvelope nameless = good;  // a keyid is a hint, not a claim
  nameless.signatures[0].keyid.clear();
  CHECK(trust_of(nameless, trusted) == EnvelopeTrust::good);
  nameless.signatures[0].keyid = "somebody";
  CHECK(trust_of(nameless, trusted) == EnvelopeTrust::unknown_key);

  DsseEnvelope bare = good;
  bare.signatures[0].sig.clear();
  CHECK(trust_of(bare, trusted) == EnvelopeTrust::unsigned_envelope);
  bare.signatures.clear();
  CHECK(trust_of(bare, trusted) == EnvelopeTrust::unsigned_envelope);
  DsseEnvelope shorter = good;
  shorter.signatures[0].sig.pop_back();
  CHECK(trust_of(shorter, trusted) == EnvelopeTrust::bad_signature);

  DsseEnvelope retyped = good;  // the type is signed too
  retyped.payload_type = "u";
  CHECK(trust_of(retyped, trusted) == EnvelopeTrust::bad_signature);
}

TEST_CASE("envelopes come back as they were written, and no turned bit of the payload passes",
          "[artifact][dsse][property]") {
  const Ed25519Signer signer = signer_of(1);
  rc::prop("for any payload and bit", [&](Bytes payload, std::uint16_t which) {
    DsseEnvelope envelope = sign_envelope("application/x", payload, signer);
    const auto read = parse_envelope(write_envelope(envelope));
    RC_ASSERT(static_cast<bool>(read));
    RC_ASSERT(*read == envelope);
    RC_ASSERT(parse_base64(base64_of(payload)) == payload);

    if (payload.empty()) return;
    envelope.payload[which / 8 % payload.size()] ^= static_cast<std::uint8_t>(1 << which % 8);
    RC_ASSERT(trust_of(envelope, {signer.public_key()}) == EnvelopeTrust::bad_signature);
  });
}

TEST_CASE("whatever bytes come, the readers answer and do not throw", "[artifact][dsse][property]") {
  const std::string valid = text_of_bytes(write_envelope(sign_envelope("t", {1, 2, 3}, signer_of(1))));
  rc::prop("for any cut and any other byte", [&](std::uint16_t cut, std::uint16_t at, char other) {
    std::string text = valid.substr(0, 1 + cut % valid.size());
    text[at % text.size()] = other;
    const auto read = parse_envelope(bytes_of_text(text));
    RC_ASSERT(read.value.has_value() == read.why.empty());
  });
}
