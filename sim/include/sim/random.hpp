#pragma once

#include <cstdint>
#include <string_view>

namespace ibcf::sim {

/// The number by which streams know an entity: a hash of its name, so that its draws stay what they are when
/// others come or go.
std::uint64_t entity_of(std::string_view name);

/// Counter-based random numbers (Philox4x32-10, Salmon et al., SC'11): a draw is a function of (seed, stream
/// name, entity, counter). Streams are named, not drawn in sequence, so a new stream, a new node or an
/// injector with probability 0 leaves every other draw as it was.
class RandomStream {
 public:
  RandomStream() = default;
  RandomStream(std::uint64_t seed, std::string_view name);

  /// 64 random bits for draw number `counter` of `entity`.
  [[nodiscard]] std::uint64_t bits(std::uint64_t entity, std::uint64_t counter) const;
  /// Uniform in [0, 1), a multiple of 2^-53.
  [[nodiscard]] double uniform(std::uint64_t entity, std::uint64_t counter) const;
  /// Uniform in 0 .. below - 1; requires below > 0. Unbiased to 2^-64.
  [[nodiscard]] std::uint64_t below(std::uint64_t below, std::uint64_t entity, std::uint64_t counter) const;
  /// Exponential with mean 1, by our own logarithm of IEEE basic operations: the same bits with any libm.
  [[nodiscard]] double exponential(std::uint64_t entity, std::uint64_t counter) const;

 private:
  std::uint64_t key_ = 0;
};

}  // namespace ibcf::sim
