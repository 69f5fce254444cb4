#include "write_ahead_log.hpp"

#include <array>
#include <fstream>
#include <optional>
#include <vector>

#include "model/digest.hpp"

namespace ibcf::analysis {

namespace {

constexpr std::size_t header_bytes = 32;
constexpr std::size_t frame_header_bytes = 24;

std::uint32_t big_endian(ByteView bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

std::uint64_t salt_of(ByteView bytes, std::size_t at) {
  return std::uint64_t{big_endian(bytes, at)} << 32 | big_endian(bytes, at + 4);
}

/// SQLite's running check sum over pairs of words.
struct CheckSum {
  bool is_big_endian;
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void add(ByteView bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += word(bytes, at) + second;
      second += word(bytes, at + 4) + first;
    }
  }
  [[nodiscard]] bool stands_at(ByteView bytes, std::size_t at) const {
    return big_endian(bytes, at) == first && big_endian(bytes, at + 4) == second;
  }

 private:
  [[nodiscard]] std::uint32_t word(ByteView bytes, std::size_t at) const {
    const std::uint32_t value = big_endian(bytes, at);
    return is_big_endian ? value : __builtin_bswap32(value);
  }
};

/// Whole pieces of `size` bytes, one after the other.
bool read(std::ifstream& in, Bytes& bytes, std::size_t size) {
  bytes.resize(size);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  return static_cast<std::size_t>(in.gcount()) == size;
}

bool is_page_size(std::uint32_t size) {
  return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

}  // namespace

WalTail inspect_wal(const std::filesystem::path& file) {
  WalTail tail;
  std::ifstream in(file, std::ios::binary);
  Bytes header;
  if (!in || !read(in, header, header_bytes)) return tail;
  const std::uint32_t page_bytes = big_endian(header, 8);
  if (!is_page_size(page_bytes)) return tail;
  CheckSum sum{.is_big_endian = (big_endian(header, 0) & 1) != 0};
  sum.add(ByteView(header).first(24));
  bool is_whole = sum.stands_at(header, 24);
  const std::uint64_t salt = salt_of(header, 16);

  // Behind the first broken frame the check sums say nothing more; the salts still tell this log's frames
  // from those of an older round that nobody has overwritten yet.
  std::uint64_t since_commit = 0;  // whole frames
  std::uint64_t broken = 0;
  std::uint64_t broken_commits = 0;
  bool ends_with_commit = false;
  for (Bytes frame; read(in, frame, frame_header_bytes + page_bytes);) {
    if (salt_of(frame, 8) != salt) {
      is_whole = false;
      continue;
    }
    const bool commits = big_endian(frame, 4) != 0;
    sum.add(ByteView(frame).first(8));
    sum.add(ByteView(frame).subspan(frame_header_bytes));
    is_whole = is_whole && sum.stands_at(frame, 16);
    if (is_whole) {
      since_commit = commits ? 0 : since_commit + 1;
      continue;
    }
    ++broken;
    broken_commits += commits ? 1 : 0;
    ends_with_commit = commits;
  }
  // The last change may have been torn by the crash, if nothing follows it; one that another follows was
  // synced, and said to be done.
  if (broken_commits == 1 && ends_with_commit) broken_commits = 0;
  tail.lost_commits = broken_commits;
  if (broken_commits == 0) tail.torn_frames = since_commit + broken;
  return tail;
}

}  // namespace ibcf::analysis
