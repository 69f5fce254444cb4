#include "sim/random.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

using namespace ibcf::sim;

TEST_CASE("a draw depends on seed, name, entity and counter, and on nothing else") {
  const RandomStream stream(7, "link.loss");

  CHECK(stream.bits(3, 5) == RandomStream(7, "link.loss").bits(3, 5));
  CHECK(stream.bits(3, 5) != RandomStream(8, "link.loss").bits(3, 5));
  CHECK(stream.bits(3, 5) != RandomStream(7, "link.gain").bits(3, 5));
  CHECK(stream.bits(3, 5) != stream.bits(4, 5));
  CHECK(stream.bits(3, 5) != stream.bits(3, 6));
  CHECK(stream.bits(3, 5) != stream.bits(std::uint64_t{1} << 32 | 3, 5));
}

TEST_CASE("uniform draws fill 0 to 1 evenly") {
  const RandomStream stream(1, "test");
  std::array<int, 100> bins{};
  constexpr int draws = 100'000;

  for (int i = 0; i < draws; ++i) {
    const double u = stream.uniform(0, i);
    REQUIRE((u >= 0 && u < 1));
    ++bins[static_cast<std::size_t>(u * 100)];
  }

  double chi_square = 0;
  for (const int bin : bins) chi_square += std::pow(bin - draws / 100.0, 2) / (draws / 100.0);
  CHECK(chi_square < 148.2);  // 99.9 % of chi-square with 99 degrees of freedom
  CHECK(chi_square > 59.0);
}

TEST_CASE("draws below a bound stay below it and reach every number") {
  const RandomStream stream(1, "test");
  std::array<int, 7> seen{};

  for (int i = 0; i < 7000; ++i) ++seen.at(stream.below(7, 1, i));

  for (const int count : seen) CHECK(std::abs(count - 1000) < 150);
  CHECK(stream.below(1, 0, 0) == 0);
  CHECK_THROWS_AS(stream.below(0, 0, 0), std::logic_error);
}

TEST_CASE("exponential draws are minus the logarithm of one minus the uniform draw") {
  const RandomStream stream(3, "test");
  double sum = 0;
  constexpr int draws = 100'000;

  for (int i = 0; i < draws; ++i) {
    const double x = stream.exponential(2, i);
    REQUIRE(x == Approx(-std::log1p(-stream.uniform(2, i))).epsilon(1e-14).margin(1e-15));
    sum += x;
  }

  CHECK(std::abs(sum / draws - 1) < 3.3 / std::sqrt(draws));
}
