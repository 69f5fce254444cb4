#pragma once

#include <cstddef>

namespace ibcf {

/// A hint to the processor: these bytes are about to be read. Nothing but time depends on it.
inline void fetch_ahead(const void* first, std::size_t bytes) {
  constexpr std::size_t line = 64;
  for (std::size_t offset = 0; offset < bytes; offset += line)
    __builtin_prefetch(static_cast<const char*>(first) + offset);
}

}  // namespace ibcf
