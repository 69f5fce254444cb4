#include "controlplane/trust.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

using namespace ibcf;

namespace {

Digest secret_of(std::string_view hex) {
  Digest secret;
  const Bytes bytes = *parse_hex(hex);
  std::copy(bytes.begin(), bytes.end(), secret.bytes.begin());
  return secret;
}

}  // namespace

TEST_CASE("keys and signatures are those of RFC 8032, section 7.1, tests 1 to 3", "[trust]") {
  struct Vector {
    std::string_view secret, key, message, signature;
  };
  const Vector vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf"
       "5f0595bbe24"
       "655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2"
       "eaeb4302aee"
       "b00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c1"
       "5e9716ed28d"
       "c027beceea1ec40a"},
  };
  for (const Vector& vector : vectors) {
    const Ed25519Signer signer(secret_of(vector.secret));
    const Signature signature = signer.sign(*parse_hex(vector.message));

    CHECK(hex_of(signer.public_key()) == vector.key);
    CHECK(hex_of(signature) == vector.signature);
    CHECK(Ed25519Verifier().verifies(signer.public_key(), *parse_hex(vector.message), signature));
  }
}

TEST_CASE("a signature holds for its bytes and its key alone", "[trust][property]") {
  const Ed25519Signer signer(secret_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  const Ed25519Signer other(secret_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  const Ed25519Verifier verifier;
  rc::prop("whichever bit is turned", [&](Bytes bytes, std::uint16_t which) {
    const Signature signature = signer.sign(bytes);
    RC_ASSERT(verifier.verifies(signer.public_key(), bytes, signature));
    RC_ASSERT_FALSE(verifier.verifies(other.public_key(), bytes, signature));

    Signature turned = signature;
    turned[which / 8 % turned.size()] ^= static_cast<std::uint8_t>(1 << which % 8);
    RC_ASSERT_FALSE(verifier.verifies(signer.public_key(), bytes, turned));

    Bytes longer = bytes;
    longer.push_back(0);
    RC_ASSERT_FALSE(verifier.verifies(signer.public_key(), longer, signature));
    if (bytes.empty()) return;
    bytes[which / 8 % bytes.size()] ^= static_cast<std::uint8_t>(1 << which % 8);
    RC_ASSERT_FALSE(verifier.verifies(signer.public_key(), bytes, signature));
  });
}

TEST_CASE("a seal changes with every bit of its bytes and of its key", "[trust][property]") {
  rc::prop("whichever bit is turned", [](Bytes bytes, std::uint16_t which) {
    LinkKey key{};
    key[0] = 7;
    const Seal seal = seal_of(key, bytes);
    RC_ASSERT(seal == seal_of(key, bytes));
    LinkKey turned = key;
    turned[which / 8 % turned.size()] ^= static_cast<std::uint8_t>(1 << which % 8);
    RC_ASSERT(seal != seal_of(turned, bytes));
    bytes.push_back(0);
    RC_ASSERT(seal != seal_of(key, bytes));
  });
}
