#include "model/check.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ibcf {

void check(bool holds, std::string_view invariant, std::source_location where) {
  if (holds) return;
  throw std::logic_error(fmt::format("broken invariant at {}:{}: {}", where.file_name(), where.line(), invariant));
}

}  // namespace ibcf
