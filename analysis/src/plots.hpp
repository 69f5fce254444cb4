#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ibcf::analysis {

struct Picture {
  std::string name;     ///< "connectivity"
  std::string caption;  ///< a sentence with units
  std::string png;      ///< the file's bytes
};

struct Plots {
  std::vector<Picture> pictures;  ///< in the order in which a report shows them
  std::string warning;            ///< one line where pictures could not be drawn; else empty
};

/// Has Python draw the tables of `report_json` into `folder`/*.png, with the script that was built in
/// (plots/draw.py). Throws std::runtime_error where the disk fails; a missing Python or matplotlib is a
/// warning.
Plots draw_plots(const std::filesystem::path& report_json, const std::filesystem::path& folder);

}  // namespace ibcf::analysis
