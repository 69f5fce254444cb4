#include "bounded_json.hpp"

#include <set>

namespace ibcf {
namespace {

constexpr std::size_t most_deep = 32;

// Walks the text without building anything, and stops at the first thing that is not allowed.
class Guard final : public nlohmann::json_sax<Json> {
 public:
  std::string why;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    why = "a key comes twice in one object: " + name.substr(0, 64);
    return false;
  }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) override {
    why = "not JSON at byte " + std::to_string(at);
    return false;
  }

 private:
  bool open() {
    keys_.emplace_back();
    if (keys_.size() <= most_deep) return true;
    why = "nested deeper than " + std::to_string(most_deep);
    return false;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys_;  // of the objects we are in; empty for arrays
};

}  // namespace

Parsed<Json> parse_bounded(ByteView text, std::size_t most_bytes) {
  if (text.size() > most_bytes)
    return Parsed<Json>::refused("longer than " + std::to_string(most_bytes) + " bytes");
  Guard guard;
  if (!Json::sax_parse(text.begin(), text.end(), &guard)) return Parsed<Json>::refused(guard.why);
  Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return Parsed<Json>::refused("not JSON");
  return json;
}

const Json* find_member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::optional<std::string> text_at(const Json& json, const char* key, std::size_t most) {
  const Json* member = find_member(json, key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  const auto& text = member->get_ref<const std::string&>();
  if (text.size() > most) return std::nullopt;
  return text;
}

std::optional<std::uint64_t> number_at(const Json& json, const char* key) {
  const Json* member = find_member(json, key);
  if (member == nullptr || !member->is_number_unsigned()) return std::nullopt;
  return member->get<std::uint64_t>();
}

std::optional<Digest> digest_at(const Json& json, const char* key) {
  const auto text = text_at(json, key, 64);
  if (!text) return std::nullopt;
  const auto bytes = parse_hex(*text);
  if (!bytes || bytes->size() != 32) return std::nullopt;
  Digest digest;
  std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
  return digest;
}

}  // namespace ibcf
