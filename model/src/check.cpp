#include "model/check.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ibcf {

void report_broken(std::string_view invariant, const char* file, int line) {
  throw std::logic_error(fmt::format("broken invariant at {}:{}: {}", file, line, invariant));
}

}  // namespace ibcf
