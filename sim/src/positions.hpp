#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/json.hpp"
#include "scenario_problems.hpp"

namespace ibcf::sim {

/// A place in a text: line from 1, column from 1 in bytes.
struct Mark {
  std::size_t line = 0;
  std::size_t column = 0;
};

/// A JSON document that remembers where in its text each value and key stands. Values are addressed by JSON
/// pointer (RFC 6901).
class PlacedJson {
 public:
  Json value;
  /// Pointers of values that the reader already complained about and replaced by null.
  std::vector<std::string> unreadable;

  /// Where the value stands; for a pointer that leads nowhere, where its nearest existing parent stands.
  [[nodiscard]] Mark mark_of(const std::string& pointer) const;
  /// Where the key of the member stands that `pointer` ends in; for a list's item, where the item stands.
  [[nodiscard]] Mark key_mark_of(const std::string& pointer) const;

 private:
  friend class PlacedReader;
  /// Values in the order of the text, each followed by what it contains: 12 bytes for each value, so that a
  /// large file costs no more for its places than for its text.
  struct Spot {
    std::uint32_t key = 0;
    std::uint32_t value = 0;
    std::uint32_t size = 1;  ///< spots of this value, itself included
  };
  [[nodiscard]] const Spot* find(const std::string& pointer) const;
  [[nodiscard]] Mark mark_at(std::uint32_t offset) const;

  std::vector<Spot> spots_;
  std::vector<std::uint32_t> lines_;  ///< offset of each line's first byte
};

/// Reads JSON with // and /* */ comments. Stops at the first fault of syntax (bad UTF-8, a byte 0, nesting
/// deeper than 64 and rubbish after the end among them); keys given twice and numbers that do not fit are
/// reported without stopping. `text` must be shorter than 4 GiB.
PlacedJson read_placed(std::string_view text, ProblemList& problems);

/// "a/b" as a part of a JSON pointer: "a~1b".
std::string pointer_part(std::string_view key);

}  // namespace ibcf::sim
