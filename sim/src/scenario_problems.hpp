#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/json.hpp"
#include "sim/scenario.hpp"

namespace ibcf::sim {

/// The problems found so far in one scenario: at most `most`, so that a file of a million faults is still
/// answered.
class ProblemList {
 public:
  static constexpr std::size_t most = 1000;

  explicit ProblemList(std::string file) : file_(std::move(file)) {}

  /// A problem of the scenario file.
  void add(std::size_t line, std::size_t column, std::string path, std::string what);
  /// A problem of another file that the scenario reads.
  void add(Problem problem);

  [[nodiscard]] bool empty() const { return problems_.empty(); }
  [[nodiscard]] bool full() const { return problems_.size() >= most; }
  [[nodiscard]] const std::string& file() const { return file_; }
  /// Sorted by file, the scenario's first, and place; without repetitions.
  [[nodiscard]] std::vector<Problem> sorted() const;

 private:
  std::string file_;
  std::vector<Problem> problems_;
};

/// A value as it is shown in a problem: on one line, shortened where it is long.
std::string shown(const Json& value);
std::string shown_text(std::string_view text);

/// ", did you mean \"heartbeat\"?", or, where nothing is near, "; must be one of a, b, c" (a few at most), or
/// "".
std::string suggestion(std::string_view name, const std::vector<std::string>& names);

}  // namespace ibcf::sim
