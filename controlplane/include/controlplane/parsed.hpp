#pragma once

#include <optional>
#include <string>
#include <utility>

namespace ibcf {

/// What was read from bytes nobody vouches for: a value, or why there is none, in words for an operator.
template <class T>
struct Parsed {
  std::optional<T> value;
  std::string why;  ///< empty exactly where there is a value

  // A parser returns its value. NOLINTNEXTLINE(google-explicit-constructor)
  Parsed(T read) : value(std::move(read)) {}
  static Parsed refused(std::string why) {
    Parsed parsed;
    parsed.why = std::move(why);
    return parsed;
  }

  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }

 private:
  Parsed() = default;
};

}  // namespace ibcf
