#include "data_file.hpp"

#include <fmt/format.h>
#include <lzma.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

namespace ibcf::sim {
namespace {

constexpr std::size_t megabytes(std::size_t bytes) {
  return bytes >> 20;
}

}  // namespace

std::optional<std::string> read_file(const std::string& file, std::string& why) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) {
    why = "does not exist; must be the name of a file";
    return std::nullopt;
  }
  if (std::filesystem::is_directory(status)) {
    why = "is a folder; must be the name of a file";
    return std::nullopt;
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    why = fmt::format("cannot be read ({}); must be readable", std::generic_category().message(errno));
    return std::nullopt;
  }
  // By pieces, not by the size that the system tells: a pipe has none.
  std::string bytes;
  std::vector<char> piece(1 << 16);
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
    bytes.append(piece.data(), static_cast<std::size_t>(in.gcount()));
    if (bytes.size() <= largest_file) continue;
    why = fmt::format("is larger than {} MiB; must be smaller", megabytes(largest_file));
    return std::nullopt;
  }
  if (in.bad()) {
    why = "cannot be read to its end; must be readable";
    return std::nullopt;
  }
  return bytes;
}

bool is_xz(const std::string& bytes) {
  return bytes.starts_with(
      std::string_view("\xfd"
                       "7zXZ\0",
                       6));
}

std::optional<std::string> unpack_xz(const std::string& bytes, std::string& why) {
  lzma_stream stream = LZMA_STREAM_INIT;
  constexpr std::uint64_t most_memory = std::uint64_t{256} << 20;
  if (lzma_stream_decoder(&stream, most_memory, LZMA_CONCATENATED) != LZMA_OK) throw std::bad_alloc();
  std::string unpacked;
  std::vector<std::uint8_t> piece(1 << 16);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  stream.avail_in = bytes.size();
  lzma_ret result = LZMA_OK;
  while (result == LZMA_OK && unpacked.size() <= largest_file) {
    stream.next_out = piece.data();
    stream.avail_out = piece.size();
    result = lzma_code(&stream, LZMA_FINISH);
    unpacked.append(reinterpret_cast<const char*>(piece.data()), piece.size() - stream.avail_out);
  }
  lzma_end(&stream);
  if (unpacked.size() > largest_file) {
    why = fmt::format("unpacks to more than {} MiB; must be smaller", megabytes(largest_file));
    return std::nullopt;
  }
  if (result != LZMA_STREAM_END) {
    why = "is damaged or cut off; must be a whole .xz file";
    return std::nullopt;
  }
  return unpacked;
}

}  // namespace ibcf::sim
