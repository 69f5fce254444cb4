#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "model/digest.hpp"
#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/time.hpp"

/// The packed form: fields in order, integers little-endian at their own width, enums one byte, text and
/// lists behind a 32-bit count, arrays without one, optionals behind one byte. No padding, no tags: the same
/// value is the same bytes everywhere, so signatures and hashes are taken over it.
namespace ibcf {

class Encoder {
 public:
  explicit Encoder(Bytes& out) : out_(out) {}

  template <class T>
  void put(const T& value) {
    if constexpr (Described<T>) {
      T::visit_fields(value, [this](std::string_view, const auto& field) { this->put(field); });
    } else if constexpr (std::is_same_v<T, bool>) {
      put(static_cast<std::uint8_t>(value ? 1 : 0));
    } else if constexpr (std::is_enum_v<T>) {
      put(static_cast<std::uint8_t>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      put(std::bit_cast<std::uint64_t>(static_cast<double>(value)));
    } else {
      static_assert(std::is_integral_v<T>, "this type has no packed form");
      static_assert(std::endian::native == std::endian::little, "the packed form is little-endian");
      const auto at = out_.size();
      out_.resize(at + sizeof(T));
      std::memcpy(out_.data() + at, &value, sizeof(T));
    }
  }
  template <class Of>
  void put(const Id<Of>& id) {
    raw(id.bytes);
  }
  void put(const Digest& digest) { raw(digest.bytes); }
  void put(const Instant& instant) { put(nanoseconds_of(instant)); }
  void put(const Duration& duration) { put(duration.count()); }
  void put(const std::string& text) {
    put(static_cast<std::uint32_t>(text.size()));
    raw({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  void put(const Bytes& bytes) {
    put(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const T& item : list) put(item);
  }
  template <class T, std::size_t n>
  void put(const std::array<T, n>& items) {
    for (const T& item : items) put(item);
  }
  template <class T>
  void put(const std::map<std::string, T>& map) {
    put(static_cast<std::uint32_t>(map.size()));
    for (const auto& [key, value] : map) {
      put(key);
      put(value);
    }
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

 private:
  Bytes& out_;
};

/// Reads what Encoder wrote, from bytes nobody vouches for: never reads past the end, never allocates more
/// than the input could hold, refuses enum values and booleans out of range. After a refusal ok() is false
/// for good and values are unspecified.
class Decoder {
 public:
  explicit Decoder(ByteView in) : in_(in) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// All bytes were read, and all were good.
  [[nodiscard]] bool finished() const { return ok_ && in_.empty(); }
  [[nodiscard]] std::size_t left() const { return in_.size(); }

  template <class T>
  void get(T& value) {
    if constexpr (Described<T>) {
      T::visit_fields(value, [this](std::string_view, auto& field) { this->get(field); });
    } else if constexpr (std::is_same_v<T, bool>) {
      const auto byte = number<std::uint8_t>();
      if (byte > 1) ok_ = false;
      value = byte == 1;
    } else if constexpr (std::is_enum_v<T>) {
      static_assert(Worded<T>, "an enum in a format needs its words");
      const auto byte = number<std::uint8_t>();
      if (byte >= words_of(T{}).size()) ok_ = false;
      value = ok_ ? static_cast<T>(byte) : T{};
    } else if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(std::bit_cast<double>(number<std::uint64_t>()));
    } else {
      value = number<T>();
    }
  }
  template <class Of>
  void get(Id<Of>& id) {
    copy(id.bytes.data(), id.bytes.size());
  }
  void get(Digest& digest) { copy(digest.bytes.data(), digest.bytes.size()); }
  void get(Instant& instant) { instant = Instant{Duration{number<std::int64_t>()}}; }
  void get(Duration& duration) { duration = Duration{number<std::int64_t>()}; }
  void get(std::string& text) {
    const auto view = counted();
    text.assign(reinterpret_cast<const char*>(view.data()), view.size());
  }
  void get(Bytes& bytes) {
    const auto view = counted();
    bytes.assign(view.begin(), view.end());
  }
  template <class T>
  void get(std::vector<T>& list) {
    list.clear();
    for (auto count = number<std::uint32_t>(); ok_ && count > 0; --count) get(list.emplace_back());
  }
  template <class T, std::size_t n>
  void get(std::array<T, n>& items) {
    for (T& item : items) get(item);
  }
  template <class T>
  void get(std::map<std::string, T>& map) {
    map.clear();
    for (auto count = number<std::uint32_t>(); ok_ && count > 0; --count) {
      std::string key;
      get(key);
      // Keys rise strictly, or the same value would have many encodings.
      if (!map.empty() && !(map.rbegin()->first < key)) ok_ = false;
      if (ok_) get(map[key]);
    }
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool has = false;
    get(has);
    value.reset();
    if (ok_ && has) get(value.emplace());
  }

 private:
  template <class T>
  T number() {
    T value{};
    copy(&value, sizeof value);
    return value;
  }
  void copy(void* to, std::size_t size) {
    if (!ok_ || in_.size() < size) {
      ok_ = false;
      return;
    }
    std::memcpy(to, in_.data(), size);
    in_ = in_.subspan(size);
  }
  ByteView counted() {
    const auto size = number<std::uint32_t>();
    if (!ok_ || in_.size() < size) {
      ok_ = false;
      return {};
    }
    const auto view = in_.first(size);
    in_ = in_.subspan(size);
    return view;
  }

  ByteView in_;
  bool ok_ = true;
};

template <class T>
Bytes encode(const T& value) {
  Bytes bytes;
  Encoder(bytes).put(value);
  return bytes;
}

/// Nothing where the bytes are not exactly one value.
template <class T>
std::optional<T> decode(ByteView bytes) {
  T value{};
  Decoder decoder(bytes);
  decoder.get(value);
  if (!decoder.finished()) return std::nullopt;
  return value;
}

}  // namespace ibcf
