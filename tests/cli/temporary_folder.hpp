#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>

namespace ibcf::cli {

/// A new folder under the system's temporary one, gone with this.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "ibcf-test-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
};

}  // namespace ibcf::cli
