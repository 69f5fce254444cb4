#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ibcf::analysis {

/// Writes `content` under a temporary name, onto the disk (fsync), and renames it into place: the file is
/// there whole or not at all. Throws std::runtime_error with the file's name and the reason.
void write_file(const std::filesystem::path& file, std::string_view content);

/// Onto the disk with a file that somebody else wrote.
void sync_file(const std::filesystem::path& file);

/// The whole file. Throws std::runtime_error with the file's name and the reason.
std::string read_file(const std::filesystem::path& file);

}  // namespace ibcf::analysis
