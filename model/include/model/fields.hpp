#pragma once

#include <array>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

/// One description per type, not three: a struct lists its fields once with IBCF_FIELDS, and the packed
/// encoding (codec.hpp) and the JSON form (json.hpp) follow from that list. Keys are the field names,
/// order is the order of the list; both are part of the format.
///
///   struct LinkQuality {
///     std::uint32_t rtt_ms = 0;
///     double loss_pct = 0;
///     IBCF_FIELDS(LinkQuality, rtt_ms, loss_pct)
///   };
#define IBCF_FIELDS(Type, ...)                                        \
  template <class Self, class Visitor>                                \
  requires std::same_as<std::remove_const_t<Self>, Type>              \
  static constexpr void visit_fields(Self& self, Visitor&& visitor) { \
    IBCF_EXPAND(IBCF_EACH(__VA_ARGS__))                               \
  }                                                                   \
  friend bool operator==(const Type&, const Type&) = default;

#define IBCF_PARENS ()
#define IBCF_EXPAND(...) IBCF_EXPAND3(IBCF_EXPAND3(IBCF_EXPAND3(__VA_ARGS__)))
#define IBCF_EXPAND3(...) IBCF_EXPAND2(IBCF_EXPAND2(IBCF_EXPAND2(__VA_ARGS__)))
#define IBCF_EXPAND2(...) IBCF_EXPAND1(IBCF_EXPAND1(IBCF_EXPAND1(__VA_ARGS__)))
#define IBCF_EXPAND1(...) __VA_ARGS__
#define IBCF_EACH(name, ...)                   \
  visitor(std::string_view(#name), self.name); \
  __VA_OPT__(IBCF_EACH_AGAIN IBCF_PARENS(__VA_ARGS__))
#define IBCF_EACH_AGAIN() IBCF_EACH

namespace ibcf {

struct AnyVisitor {
  template <class Field>
  constexpr void operator()(std::string_view, Field&) const {}
};

/// A struct with IBCF_FIELDS.
template <class T>
concept Described = requires(T& value) {
  T::visit_fields(value, AnyVisitor{});
};

/// An enum class whose words are listed by an overload of `words_of(Enum)` found by ADL, in the order of the
/// enumerators, which count from 0.
template <class T>
concept Worded = std::is_enum_v<T> && requires(T value) {
  words_of(value).size();
};

template <Worded E>
constexpr std::string_view word_of(E value) {
  return words_of(value)[static_cast<std::size_t>(value)];
}

}  // namespace ibcf
