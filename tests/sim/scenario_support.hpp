#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "sim/scenario.hpp"

namespace ibcf::sim {

/// The problems of a scenario file, one on each line; "" if it has none.
inline std::string problems_of(const std::string& file) {
  std::string lines;
  for (const Problem& problem : load_scenario(file).problems) lines += text_of(problem) + "\n";
  return lines;
}

inline std::string text_in(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

/// A file in a folder of this process, gone with the object.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& text)
      : folder_(std::filesystem::temp_directory_path() / ("ibcf-scenario-" + std::to_string(::getpid()))),
        file_(folder_ / name) {
    std::filesystem::create_directories(folder_);
    std::ofstream(file_, std::ios::binary) << text;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
    std::filesystem::remove(folder_, ignored);  // fails while other files are in it
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] std::string name() const { return file_.string(); }

 private:
  std::filesystem::path folder_;
  std::filesystem::path file_;
};

/// A small scenario without problems.
inline const std::string& small_scenario() {
  static const std::string text = R"({
  "name": "small",
  "fleet": {
    "domains": [{"name": "earth"}, {"name": "europe", "parent": "earth"}],
    "groups": [{"name": "phones", "domain": "europe", "count": 10, "access": "lte"}]
  },
  "topology": {
    "sites": [{"name": "paris", "lat": 48.8566, "lon": 2.3522}, {"name": "london", "lat": 51.5074, "lon": -0.1278}],
    "backbone": [{"from": "paris", "to": ["london"]}],
    "relays": [{"domain": "europe", "sites": ["paris", "london"]}],
    "access": [{"name": "lte", "kind": "lte"}]
  },
  "controllers": [{"name": "global", "level": "GLOBAL", "domain": "earth", "site": "paris"}]
}
)";
  return text;
}

/// The small scenario with one piece of its text replaced.
inline std::string with(const std::string& piece, const std::string& by) {
  std::string text = small_scenario();
  const auto at = text.find(piece);
  if (at == std::string::npos) throw std::logic_error("the small scenario has no " + piece);
  return text.replace(at, piece.size(), by);
}

}  // namespace ibcf::sim
