#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ibcf {

/// A ULID-shaped identity: 48 bits of milliseconds, 80 bits of entropy, written as 26 characters of
/// Crockford's base 32 (https://github.com/ulid/spec). Ours are derived from names, never drawn, so
/// that the same scenario and seed give the same ids. `Of` keeps a node's id from passing for a domain's.
template <class Of>
struct Id {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Id&, const Id&) = default;
  /// The nil id means "none".
  [[nodiscard]] bool is_nil() const { return *this == Id{}; }
};

using AnyId = Id<struct AnyTag>;
using NodeId = Id<struct NodeTag>;
using RelayId = Id<struct RelayTag>;
using DomainId = Id<struct DomainTag>;
using MasterId = Id<struct MasterTag>;
using BundleId = Id<struct BundleTag>;
using CommandId = Id<struct CommandTag>;
using ArtifactId = Id<struct ArtifactTag>;
using SessionId = Id<struct SessionTag>;

template <class To, class Of>
constexpr Id<To> id_cast(Id<Of> id) {
  return Id<To>{id.bytes};
}
template <class Of>
constexpr AnyId any(Id<Of> id) {
  return AnyId{id.bytes};
}

/// 26 characters; reads back with parse_id.
std::string text_of_bytes(const std::array<std::uint8_t, 16>& bytes);
std::optional<std::array<std::uint8_t, 16>> parse_id_bytes(std::string_view text);

template <class Of>
std::string text_of(Id<Of> id) {
  return text_of_bytes(id.bytes);
}
/// Nothing where the text is not 26 characters of Crockford's base 32 with a first character of 0..7.
template <class Of>
std::optional<Id<Of>> parse_id(std::string_view text) {
  const auto bytes = parse_id_bytes(text);
  if (!bytes) return std::nullopt;
  return Id<Of>{*bytes};
}

/// The bytes of the id that `name` has within `scope` (say the scenario's name) under `seed`; `number` tells
/// siblings of one name apart. BLAKE2b over all four; the time part is 2026-01-01T00:00:00Z.
std::array<std::uint8_t, 16> derive_id_bytes(std::string_view scope, std::uint64_t seed,
                                             std::string_view name, std::uint64_t number);

template <class Of>
Id<Of> derive_id(std::string_view scope, std::uint64_t seed, std::string_view name,
                 std::uint64_t number = 0) {
  return Id<Of>{derive_id_bytes(scope, seed, name, number)};
}

}  // namespace ibcf

template <class Of>
struct std::hash<ibcf::Id<Of>> {
  std::size_t operator()(const ibcf::Id<Of>& id) const noexcept {
    std::uint64_t low = 0;
    std::memcpy(&low, id.bytes.data() + 8, sizeof low);  // the entropy part
    return static_cast<std::size_t>(low);
  }
};
