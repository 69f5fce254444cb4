#include "positions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

namespace ibcf::sim {
namespace {

constexpr std::size_t deepest = 64;

// Length of the well-formed UTF-8 character at the front of `text` (Unicode 15, table 3-7); 0: it is not
// well-formed.
std::size_t character_size(std::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&byte](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second = first == 0xe0   ? follows(1, 0xa0)
                        : first == 0xed ? follows(1, 0x80, 0x9f)
                                        : follows(1);
    return second && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = first == 0xf0   ? follows(1, 0x90)
                        : first == 0xf4 ? follows(1, 0x80, 0x8f)
                                        : follows(1);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         c == '-' || c == '+' || c == '.' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

// The grammar of RFC 8259, section 6.
bool is_json_number(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - from;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const std::size_t whole = i;
  const std::size_t count = digits();
  if (count == 0 || (count > 1 && text[whole] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

// One step of a JSON pointer off the front.
std::string take_part(std::string_view& pointer) {
  pointer.remove_prefix(1);
  const auto end = std::min(pointer.find('/'), pointer.size());
  std::string part;
  for (std::size_t i = 0; i < end; ++i) {
    if (pointer[i] == '~' && i + 1 < end) {
      part += pointer[i + 1] == '1' ? '/' : '~';
      ++i;
    } else {
      part += pointer[i];
    }
  }
  pointer.remove_prefix(end);
  return part;
}

// Which of its items or members a part of a pointer names.
std::optional<std::size_t> index_of(const Json& json, const std::string& part) {
  if (json.is_object()) {
    const auto found = json.find(part);
    if (found == json.end()) return std::nullopt;
    return static_cast<std::size_t>(std::distance(json.begin(), found));
  }
  std::size_t index = 0;
  const auto end = std::from_chars(part.data(), part.data() + part.size(), index);
  if (!json.is_array() || end.ec != std::errc{} || index >= json.size()) return std::nullopt;
  return index;
}

}  // namespace

std::string pointer_part(std::string_view key) {
  std::string part;
  for (const char c : key) {
    if (c == '~')
      part += "~0";
    else if (c == '/')
      part += "~1";
    else
      part += c;
  }
  return part;
}

Mark PlacedJson::mark_at(std::uint32_t offset) const {
  const auto next = std::upper_bound(lines_.begin(), lines_.end(), offset);
  return {static_cast<std::size_t>(next - lines_.begin()), offset - *(next - 1) + std::size_t{1}};
}

const PlacedJson::Spot* PlacedJson::find(const std::string& pointer) const {
  if (spots_.empty()) return nullptr;
  const Json* json = &value;
  std::size_t spot = 0;
  for (std::string_view rest = pointer; !rest.empty();) {
    const auto index = index_of(*json, take_part(rest));
    if (!index) break;
    std::size_t child = spot + 1;
    for (std::size_t i = 0; i < *index; ++i) child += spots_[child].size;
    json = &*std::next(json->begin(), static_cast<std::ptrdiff_t>(*index));
    spot = child;
  }
  return &spots_[spot];
}

Mark PlacedJson::mark_of(const std::string& pointer) const {
  const Spot* spot = find(pointer);
  return spot == nullptr ? Mark{} : mark_at(spot->value);
}

Mark PlacedJson::key_mark_of(const std::string& pointer) const {
  const Spot* spot = find(pointer);
  return spot == nullptr ? Mark{} : mark_at(spot->key);
}

/// Recursive descent, at most `deepest` calls deep. The first fault of syntax throws Stop, which read()
/// catches.
class PlacedReader {
 public:
  PlacedReader(std::string_view text, PlacedJson& into, ProblemList& problems)
      : text_(text), into_(into), problems_(problems) {}

  void read() {
    into_.lines_ = {0};
    for (std::size_t i = 0; i < text_.size(); ++i)
      if (text_[i] == '\n') into_.lines_.push_back(static_cast<std::uint32_t>(i + 1));
    try {
      check_bytes();
      skip_blank();
      if (at_end()) stop("is empty; must hold an object with the sections of a scenario, starting with {");
      into_.value = value(here());
      skip_blank();
      if (!at_end()) stop(fmt::format("finds {} where the file must end", found()));
    } catch (const Stop&) {
      into_.value = Json();
      into_.spots_.clear();
    }
  }

 private:
  struct Stop {};

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char next(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] std::uint32_t here() const { return static_cast<std::uint32_t>(at_); }

  [[nodiscard]] std::string path() const {
    std::string path;
    for (const auto& part : path_) path += "/" + part;
    return path;
  }

  [[noreturn]] void stop(std::string what) { stop_at(at_, std::move(what)); }
  [[noreturn]] void stop_at(std::size_t offset, std::string what) {
    const Mark mark = into_.mark_at(static_cast<std::uint32_t>(offset));
    problems_.add(mark.line, mark.column, path(), std::move(what));
    throw Stop{};
  }

  // What stands here, for people: a whole word or one character.
  [[nodiscard]] std::string found() const {
    if (at_end()) return "the end of the file";
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (end == at_) ++end;
    return fmt::format("'{}'", shown_text(text_.substr(at_, end - at_)));
  }

  void check_bytes() {
    if (text_.starts_with("\xef\xbb\xbf"))
      stop_at(0, "starts with a byte order mark (EF BB BF); must be plain UTF-8 without one");
    for (std::size_t i = 0; i < text_.size();) {
      if (text_[i] == '\0') stop_at(i, "holds a byte 0; must be text");
      const std::size_t size = character_size(text_.substr(i, 4));
      if (size == 0)
        stop_at(i, fmt::format("holds the byte {:02X}, which is not UTF-8 here; must be saved as UTF-8",
                               static_cast<unsigned char>(text_[i])));
      i += size;
    }
  }

  void skip_blank() {
    while (!at_end()) {
      const char c = next();
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else if (c == '/' && next(1) == '/') {
        while (!at_end() && next() != '\n') ++at_;
      } else if (c == '/' && next(1) == '*') {
        const auto end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) stop("starts a comment that never ends; must be closed by */");
        at_ = end + 2;
      } else {
        return;
      }
    }
  }

  Json value(std::uint32_t key) {
    const std::size_t spot = into_.spots_.size();
    into_.spots_.push_back({key, here(), 1});
    Json json = bare_value();
    into_.spots_[spot].size = static_cast<std::uint32_t>(into_.spots_.size() - spot);
    return json;
  }

  Json bare_value() {
    const char c = next();
    if (c == '{') return object();
    if (c == '[') return array();
    if (c == '"') return text();
    if (!at_end() && is_word(c)) return word();
    if (c == '\'') stop("finds ' where a value must stand; texts must stand in double quotes");
    stop(fmt::format(
        "finds {} where a value must stand: a text in double quotes, a number, true, false, null, {{ or [",
        found()));
  }

  // Where a list or object opens that is closed again by leaving.
  void enter() {
    if (path_.size() >= deepest) {
      path_.clear();  // sixty parts tell nobody anything
      stop(fmt::format("is nested deeper than {} levels; a scenario needs no more than 8", deepest));
    }
    ++at_;
    skip_blank();
  }

  // After a member: a comma and what follows it (true), or the end (false).
  bool more(char end, const char* what) {
    skip_blank();
    if (next() == end) {
      ++at_;
      return false;
    }
    if (next() != ',') stop(fmt::format("finds {} where ',' or '{}' must follow {}", found(), end, what));
    const std::size_t comma = at_;
    ++at_;
    skip_blank();
    if (next() == end) stop_at(comma, fmt::format("has a comma before '{}'; must be removed", end));
    return true;
  }

  Json object() {
    Json json = Json::object();
    enter();
    if (next() == '}') {
      ++at_;
      return json;
    }
    // A vector underneath: pushing does not look for the key, `keys` does, in less than linear time.
    auto& members = json.get_ref<Json::object_t&>();
    std::map<std::string, std::uint32_t> keys;
    path_.emplace_back();
    do {
      member(members, keys);
    } while (more('}', "a member of an object"));
    path_.pop_back();
    return json;
  }

  void member(Json::object_t& members, std::map<std::string, std::uint32_t>& keys) {
    const std::uint32_t place = here();
    path_.pop_back();  // a fault in the key is one of the object
    if (next() != '"') stop(fmt::format("finds {} where a key in double quotes must stand", found()));
    std::string key = text();
    skip_blank();
    if (next() != ':')
      stop(fmt::format("finds {} where ':' must follow the key \"{}\"", found(), shown_text(key)));
    ++at_;
    skip_blank();
    path_.push_back(pointer_part(key));
    const auto [first, is_new] = keys.emplace(key, place);
    if (!is_new) {
      const Mark mark = into_.mark_at(place);
      const Mark before = into_.mark_at(first->second);
      problems_.add(mark.line, mark.column, path(),
                    fmt::format("is given twice; must stand once, and stands at {}:{} already", before.line,
                                before.column));
    }
    const std::size_t spot = into_.spots_.size();
    const std::size_t unreadable = into_.unreadable.size();
    Json read = value(place);
    if (is_new) {
      members.push_back({std::move(key), std::move(read)});
    } else {
      into_.spots_.resize(spot);
      into_.unreadable.resize(unreadable);
    }
  }

  Json array() {
    Json json = Json::array();
    enter();
    if (next() == ']') {
      ++at_;
      return json;
    }
    path_.emplace_back();
    do {
      path_.back() = std::to_string(json.size());
      json.push_back(value(here()));
    } while (more(']', "an item of a list"));
    path_.pop_back();
    return json;
  }

  Json word() {
    const std::size_t from = at_;
    while (!at_end() && is_word(next())) ++at_;
    const std::string_view word = text_.substr(from, at_ - from);
    if (word == "true") return true;
    if (word == "false") return false;
    if (word == "null") return nullptr;
    if (is_json_number(word)) return number(word, from);
    at_ = from;
    if (is_digit(word.front()) || word.front() == '-' || word.front() == '+' || word.front() == '.')
      stop(fmt::format(
          "finds {}, which is not a JSON number; must be like 1, -2.5 or 1e9 (with a unit: in double quotes)",
          found()));
    stop(fmt::format("finds {} where a value must stand; texts must stand in double quotes", found()));
  }

  Json number(std::string_view word, std::size_t from) {
    const char* const end = word.data() + word.size();
    if (word.find_first_of(".eE") == std::string_view::npos) {
      std::uint64_t natural = 0;
      std::int64_t whole = 0;
      if (std::from_chars(word.data(), end, natural).ec == std::errc{} && word.front() != '-') return natural;
      if (word.front() == '-' && std::from_chars(word.data(), end, whole).ec == std::errc{}) return whole;
    } else {
      double real = 0;
      // Too small to tell from 0 is out of range too, and no scenario means it.
      if (std::from_chars(word.data(), end, real).ec == std::errc{} && std::isfinite(real)) return real;
    }
    const Mark mark = into_.mark_at(static_cast<std::uint32_t>(from));
    problems_.add(mark.line, mark.column, path(),
                  fmt::format("is {}, which is out of range; must fit 64 bits", shown_text(word)));
    into_.unreadable.push_back(path());
    return nullptr;
  }

  std::string text() {
    const std::size_t from = at_;
    std::string text;
    for (++at_;;) {
      const std::size_t plain = at_;
      while (!at_end() && next() != '"' && next() != '\\' && static_cast<unsigned char>(next()) >= 0x20)
        ++at_;
      text += text_.substr(plain, at_ - plain);
      if (at_end() || next() == '\n' || next() == '\r')
        stop_at(
            from,
            "starts a text that does not end on its line; must be closed by \" (a line break inside is \\n)");
      if (next() == '"') break;
      if (next() != '\\')
        stop(fmt::format("has the control character {:02X} in a text; must be written as \\u{:04x}", next(),
                         next()));
      escape(text);
    }
    ++at_;
    return text;
  }

  void escape(std::string& text) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    const auto letter = letters.find(next(1));
    if (!at_end() && next(1) != '\0' && letter != std::string_view::npos) {
      text += meant[letter];
      at_ += 2;
      return;
    }
    if (next(1) != 'u')
      stop("has an unknown escape in a text; must be one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
    const std::size_t from = at_;
    std::uint32_t code = hex4();
    if (code >= 0xd800 && code < 0xdc00 && next() == '\\' && next(1) == 'u') {
      const std::uint32_t low = hex4();
      if (low < 0xdc00 || low > 0xdfff)
        stop_at(from, "has half a surrogate pair in a text; both halves must be given");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code >= 0xd800 && code < 0xe000)
      stop_at(from, "has half a surrogate pair in a text; both halves must be given");
    if (code == 0) stop_at(from, "has the character 0 in a text; must be left out");
    append_utf8(text, code);
  }

  std::uint32_t hex4() {
    std::uint32_t code = 0;
    const auto digits = text_.substr(std::min(at_ + 2, text_.size()), 4);
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 4 || end.ptr != digits.data() + 4)
      stop("has \\u in a text; must be followed by 4 hex digits");
    at_ += 6;
    return code;
  }

  std::string_view text_;
  PlacedJson& into_;
  ProblemList& problems_;
  std::size_t at_ = 0;
  std::vector<std::string> path_;
};

PlacedJson read_placed(std::string_view text, ProblemList& problems) {
  PlacedJson json;
  PlacedReader(text, json, problems).read();
  return json;
}

}  // namespace ibcf::sim
