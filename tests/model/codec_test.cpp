#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "any_value.hpp"
#include "model/json.hpp"
#include "model/payloads.hpp"

using namespace ibcf;
using ibcf::test::AnyValue;

TEST_CASE("every object, event and payload survives the packed form", "[codec][property]") {
  rc::prop("for any value", [](std::uint64_t seed) {
    AnyValue any_value(seed);
    test::for_each_type([&]<class T>() {
      const T value = any_value.make<T>();
      const auto back = decode<T>(encode(value));
      RC_ASSERT(back.has_value());
      RC_ASSERT(*back == value);
    });
  });
}

TEST_CASE("packed bytes cut short or with a tail are refused", "[codec][property]") {
  rc::prop("for any value and any cut", [](std::uint64_t seed) {
    AnyValue any_value(seed);
    test::for_each_type([&]<class T>() {
      Bytes bytes = encode(any_value.make<T>());
      // A buffer of its own exact size, so that the sanitizers see a read past its end.
      const Bytes cut(bytes.begin(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(any_value.below(bytes.size())));
      RC_ASSERT_FALSE(decode<T>(cut).has_value());
      bytes.push_back(0);
      RC_ASSERT_FALSE(decode<T>(bytes).has_value());
    });
  });
}

TEST_CASE("bytes that decode are the only encoding of their value", "[codec][property]") {
  rc::prop(
      "for noise, and for good bytes with one of them changed", [](std::uint64_t seed, const Bytes& noise) {
        AnyValue any_value(seed);
        test::for_each_type([&]<class T>() {
          Bytes changed = encode(any_value.make<T>());
          changed[any_value.below(changed.size())] ^= static_cast<std::uint8_t>(1 + any_value.below(255));
          for (const Bytes& bytes : {noise, changed})
            if (const auto value = decode<T>(bytes)) RC_ASSERT(encode(*value) == bytes);
        });
      });
}

TEST_CASE("the packed form is the documented one", "[codec]") {
  PolicyBundle bundle;
  bundle.name = "ab";
  bundle.release = 3;
  bundle.objects["k"].value.text = "v";
  bundle.constraints.requires_online = true;
  bundle.constraints.min_battery_pct = 1;

  Bytes expected(16, 0);
  const Bytes rest = {2, 0, 0, 0, 'a', 'b', 0,    0,    0,   0,  // name, version
                      3, 0, 0, 0, 0,   0,   0,    0,             // release
                      1, 0, 0, 0, 1,   0,   0,    0,    'k',     // objects: one, "k"
                      0, 1, 0, 0, 0,   'v', 0,    0,    0,   0,  // its value: kind, text, items
                      0, 0, 0, 0, 0,   0,   0,    0,             // and number
                      0, 0, 0, 0, 0,   0,   0,    0,             // tolerance
                      0, 0, 0, 0, 0,   0,   0xf0, 0x3f,          // weight
                      0, 0, 3, 0, 0,   0,                        // critical, policy, tries
                      0, 0, 0, 0,                                // artifacts
                      0, 0, 0, 0, 1,   0,   0,    0,    0,   0, 0, 0xf0, 0x3f};  // constraints
  expected.insert(expected.end(), rest.begin(), rest.end());
  CHECK(encode(bundle) == expected);
}

TEST_CASE("words, booleans and map keys out of order or range are refused", "[codec]") {
  CHECK_FALSE(decode<Phase>(Bytes{8}));
  CHECK(decode<Phase>(Bytes{7}) == Phase::retired);
  CHECK_FALSE(decode<bool>(Bytes{2}));
  using Map = std::map<std::string, std::uint8_t>;
  CHECK(decode<Map>(Bytes{2, 0, 0, 0, 1, 0, 0, 0, 'a', 1, 1, 0, 0, 0, 'b', 2}) == Map{{"a", 1}, {"b", 2}});
  CHECK_FALSE(decode<Map>(Bytes{2, 0, 0, 0, 1, 0, 0, 0, 'b', 1, 1, 0, 0, 0, 'a', 2}));
  CHECK_FALSE(decode<Map>(Bytes{2, 0, 0, 0, 1, 0, 0, 0, 'a', 1, 1, 0, 0, 0, 'a', 2}));
}

TEST_CASE("a count far beyond the input is refused without the memory for it", "[codec]") {
  CHECK_FALSE(decode<std::string>(Bytes{255, 255, 255, 255, 'a'}));
  CHECK_FALSE(decode<std::vector<std::uint64_t>>(Bytes{255, 255, 255, 255, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_CASE("each event type has a word of its own", "[event]") {
  const auto words = words_of(EventType{});
  for (std::size_t i = 0; i < words.size(); ++i) {
    CHECK_FALSE(words[i].empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(words[i] != words[j]);
  }
}

TEST_CASE("a payload is shown by the fields of its type, and not at all where it does not decode",
          "[event]") {
  const ReplayChunkAcked acked{"A43", 1, StreamClass::health, 2, 3, 4};

  CHECK(payload_json(EventType::replay_chunk_acked, encode(acked)).dump() ==
        R"({"arrow":"A43","session":1,"stream":"HEALTH","first":2,"last":3,"bytes":4})");
  CHECK(payload_json(EventType::replay_verdict, Bytes{1}).is_null());
}
