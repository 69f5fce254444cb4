#pragma once

#include <string_view>

namespace ibcf {

/// What check() does about a broken invariant. `file` and `line` are the caller's.
[[noreturn]] void report_broken(std::string_view invariant, const char* file, int line);

/// Stops the program, in every build, where `holds` is false: a broken invariant is a bug of ours, never
/// an answer. `invariant` is a positive sentence that says what must be true.
/// Throws std::logic_error (so that main can leave no half-written run behind and exit with 70).
/// clang 14 has these builtins, but no std::source_location.
inline void check(bool holds, std::string_view invariant, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (!holds) [[unlikely]]
    report_broken(invariant, file, line);
}

}  // namespace ibcf
