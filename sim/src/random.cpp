#include "sim/random.hpp"

#include <Random123/philox.h>

#include <bit>
#include <numbers>

#include "model/check.hpp"
#include "model/digest.hpp"

namespace ibcf::sim {

namespace {

void append_little_endian(Bytes& bytes, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint32_t low(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

/// ln(x) for a normal x > 0: x = m * 2^e with m in [sqrt(1/2), sqrt(2)), and ln(m) = 2 atanh((m - 1) / (m +
/// 1)).
double logarithm(double x) {
  constexpr std::uint64_t fraction = (std::uint64_t{1} << 52) - 1;
  constexpr std::uint64_t exponent_of_one = std::uint64_t{1023} << 52;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & fraction) | exponent_of_one);
  if (mantissa > std::numbers::sqrt2) {
    mantissa *= 0.5;
    ++exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double series = 0;  // s^2k / (2k + 1): with |s| < 0.172, what comes after 2k = 22 is below 2^-56
  for (int odd = 23; odd >= 1; odd -= 2) series = series * square + 1.0 / odd;
  return exponent * std::numbers::ln2 + 2 * s * series;
}

}  // namespace

std::uint64_t entity_of(std::string_view name) {
  const Digest digest = digest_of({reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
  std::uint64_t entity = 0;
  for (int i = 0; i < 8; ++i) entity = entity << 8 | digest.bytes[static_cast<std::size_t>(i)];
  return entity;
}

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) {
  Bytes bytes;
  append_little_endian(bytes, seed);
  bytes.insert(bytes.end(), name.begin(), name.end());
  const Digest digest = digest_of(bytes);
  for (unsigned i = 0; i < 8; ++i) key_ |= std::uint64_t{digest.bytes[i]} << (8 * i);
}

std::uint64_t RandomStream::bits(std::uint64_t entity, std::uint64_t counter) const {
  const philox4x32_ctr_t where{{low(entity), high(entity), low(counter), high(counter)}};
  const philox4x32_key_t key{{low(key_), high(key_)}};
  const philox4x32_ctr_t drawn = philox4x32_R(10, where, key);
  return std::uint64_t{drawn.v[1]} << 32 | drawn.v[0];
}

double RandomStream::uniform(std::uint64_t entity, std::uint64_t counter) const {
  return static_cast<double>(bits(entity, counter) >> 11) * 0x1p-53;
}

std::uint64_t RandomStream::below(std::uint64_t below, std::uint64_t entity, std::uint64_t counter) const {
  check(below > 0, "a draw below a bound has a bound above 0");
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(bits(entity, counter)) * below >> 64);
}

double RandomStream::exponential(std::uint64_t entity, std::uint64_t counter) const {
  // 1 - u lies in (0, 1], so the logarithm is finite.
  return -logarithm(1.0 - uniform(entity, counter));
}

}  // namespace ibcf::sim
