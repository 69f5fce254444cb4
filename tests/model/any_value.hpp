#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/payloads.hpp"

/// Values of any described type from one seed, so that a property shrinks over a single number.
namespace ibcf::test {

class AnyValue {
 public:
  explicit AnyValue(std::uint64_t seed) : state_(seed) {}

  std::uint64_t below(std::uint64_t end) { return next() % end; }

  template <class T>
  T make() {
    T value{};
    fill(value);
    return value;
  }

  template <class T>
  void fill(T& value) {
    if constexpr (Described<T>) {
      T::visit_fields(value, [this](std::string_view, auto& field) { this->fill(field); });
    } else if constexpr (std::is_same_v<T, bool>) {
      value = below(2) == 1;
    } else if constexpr (Worded<T>) {
      value = static_cast<T>(below(words_of(T{}).size()));
    } else if constexpr (std::is_floating_point_v<T>) {
      value = (static_cast<double>(below(1U << 20)) - 1000) / 7;
    } else {
      value = static_cast<T>(below(4) == 0 ? ~std::uint64_t{0} : next() >> below(64));
    }
  }
  template <class Of>
  void fill(Id<Of>& id) {
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(next());
  }
  void fill(Digest& digest) {
    for (auto& byte : digest.bytes) byte = static_cast<std::uint8_t>(next());
  }
  /// Within 100 years around the start of the run: RFC 3339 texts are read from 1800 to 2200.
  void fill(Instant& instant) {
    const std::uint64_t century = 3'155'760'000'000'000'000;
    instant = Instant{Duration{static_cast<std::int64_t>(below(2 * century) - century)}};
  }
  /// Durations as texts are never negative.
  void fill(Duration& duration) { duration = Duration{static_cast<std::int64_t>(next() >> (1 + below(60)))}; }
  void fill(std::string& text) {
    text.clear();
    static const std::vector<std::string> pieces = {"a", "Z",  "7",      " ",      "\"", "\\",
                                                    "/", "\n", "\u00e9", "\u2603", ".",  "-"};
    for (auto size = below(12); size > 0; --size) text += pieces[below(pieces.size())];
  }
  void fill(Bytes& bytes) {
    bytes.resize(below(40));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(next());
  }
  template <class T>
  void fill(std::vector<T>& list) {
    list.clear();
    for (auto size = below(4); size > 0; --size) fill(list.emplace_back());
  }
  template <class T, std::size_t n>
  void fill(std::array<T, n>& items) {
    for (T& item : items) fill(item);
  }
  template <class T>
  void fill(std::map<std::string, T>& map) {
    map.clear();
    for (auto size = below(4); size > 0; --size) fill(map[make<std::string>()]);
  }
  template <class T>
  void fill(std::optional<T>& value) {
    value.reset();
    if (below(2) == 1) fill(value.emplace());
  }

 private:
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

/// Calls `use.template operator()<T>()` for the canonical objects, the event and its payloads.
template <class Use>
void for_each_type(Use&& use) {
  use.template operator()<Node>();
  use.template operator()<Relay>();
  use.template operator()<Domain>();
  use.template operator()<PolicyBundle>();
  use.template operator()<Observation>();
  use.template operator()<Command>();
  use.template operator()<Artifact>();
  use.template operator()<Timeline>();
  use.template operator()<AuthorityGrant>();
  use.template operator()<Snapshot>();
  use.template operator()<Rollout>();
  use.template operator()<ReplaySession>();
  use.template operator()<AttentionItem>();
  use.template operator()<Event>();
  for (std::size_t type = 0; type < words_of(EventType{}).size(); ++type)
    with_payload(static_cast<EventType>(type), use);
}

}  // namespace ibcf::test
