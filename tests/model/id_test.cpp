#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <set>

#include "any_value.hpp"

using namespace ibcf;

TEST_CASE("an id survives its text", "[id][property]") {
  rc::prop("for any sixteen bytes", [](std::uint64_t seed) {
    const auto id = test::AnyValue(seed).make<NodeId>();
    RC_ASSERT(text_of(id).size() == 26u);
    RC_ASSERT(parse_id<NodeTag>(text_of(id)) == id);
  });
}

TEST_CASE("texts of ids sort as the ids do", "[id][property]") {
  rc::prop("for any two", [](std::uint64_t seed, std::uint64_t other) {
    const auto a = test::AnyValue(seed).make<NodeId>();
    const auto b = test::AnyValue(other).make<NodeId>();
    RC_ASSERT((text_of(a) < text_of(b)) == (a < b));
  });
}

TEST_CASE("the borders of the id space have the texts of the ULID specification", "[id]") {
  NodeId highest;
  highest.bytes.fill(255);

  CHECK(text_of(NodeId{}) == "00000000000000000000000000");
  CHECK(NodeId{}.is_nil());
  CHECK(text_of(highest) == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  CHECK(parse_id<NodeTag>("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == highest);
}

TEST_CASE("a text that is no id reads as nothing", "[id]") {
  for (const char* text :
       {"", "0", "0000000000000000000000000", "000000000000000000000000000", "80000000000000000000000000",
        "0000000000000000000000000U", "0000000000000000000000000I", "0000000000000000000000000-"})
    CHECK_FALSE(parse_id<NodeTag>(text));
}

TEST_CASE("a derived id is always the same, and differs by each of its inputs", "[id]") {
  const auto id = derive_id<NodeTag>("scenario", 7, "node", 3);

  CHECK(id == derive_id<NodeTag>("scenario", 7, "node", 3));
  CHECK(text_of(id).substr(0, 10) == text_of(derive_id<NodeTag>("x", 1, "y", 2)).substr(0, 10));
  const std::set<NodeId> all = {id,
                                derive_id<NodeTag>("scenaria", 7, "node", 3),
                                derive_id<NodeTag>("scenario", 8, "node", 3),
                                derive_id<NodeTag>("scenario", 7, "nodes", 3),
                                derive_id<NodeTag>("scenario", 7, "node", 4),
                                derive_id<NodeTag>("scenarion", 7, "ode", 3)};
  CHECK(all.size() == 6);
}

TEST_CASE("hex survives its text, and odd or foreign digits are refused", "[digest][property]") {
  rc::prop("for any bytes", [](const Bytes& bytes) { RC_ASSERT(parse_hex(hex_of(bytes)) == bytes); });
  CHECK(parse_hex("0aFF") == Bytes{0x0a, 0xff});
  CHECK_FALSE(parse_hex("abc"));
  CHECK_FALSE(parse_hex("0g"));
}

TEST_CASE("a digest is BLAKE2b-256, and a chain is the digest of what was before and what came", "[digest]") {
  const Bytes abc = {'a', 'b', 'c'};
  CHECK(text_of(digest_of(abc)) == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  Bytes both(32, 0);
  both.insert(both.end(), abc.begin(), abc.end());
  CHECK(chain(Digest{}, abc) == digest_of(both));
}
