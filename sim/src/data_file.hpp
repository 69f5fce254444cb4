#pragma once

#include <optional>
#include <string>

namespace ibcf::sim {

/// No file of a scenario is larger, unpacked.
inline constexpr std::size_t largest_file = 64 << 20;

/// The bytes of a file or pipe. Nothing where it cannot be read whole or holds more than `largest_file`; then
/// `why` says, after the file's name, what is wrong and would be right.
std::optional<std::string> read_file(const std::string& file, std::string& why);

/// Whether the bytes start like an .xz file.
bool is_xz(const std::string& bytes);

/// What an .xz file holds; nothing where it is damaged or unpacks to more than `largest_file`.
std::optional<std::string> unpack_xz(const std::string& bytes, std::string& why);

}  // namespace ibcf::sim
