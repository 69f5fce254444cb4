#include "output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace ibcf::analysis {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}: {}", file.string(), what, std::strerror(errno)));
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags)
      : file_(file), number_(::open(file.c_str(), flags, 0644)) {
    if (number_ < 0) fail(file_, "cannot be opened");
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void write_all(std::string_view content) {
    while (!content.empty()) {
      const auto written = ::write(number_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(file_, "cannot be written");
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  std::string read_all() {
    std::string content;
    std::array<char, 1 << 16> block;
    for (;;) {
      const auto got = ::read(number_, block.data(), block.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(file_, "cannot be read");
      if (got == 0) return content;
      content.append(block.data(), static_cast<std::size_t>(got));
    }
  }
  void sync() {
    // A file system without fsync for directories answers EINVAL: then the rename is as durable as it gets.
    if (::fsync(number_) != 0 && errno != EINVAL) fail(file_, "cannot be brought onto the disk");
  }

 private:
  const std::filesystem::path& file_;
  int number_;
};

}  // namespace

void write_file(const std::filesystem::path& file, std::string_view content) {
  auto temporary = file;
  temporary += ".tmp";
  try {
    Descriptor out(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    out.write_all(content);
    out.sync();
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0) fail(file, "cannot be renamed into place");
  sync_file(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."));
}

void sync_file(const std::filesystem::path& file) {
  Descriptor(file, O_RDONLY | O_CLOEXEC).sync();
}

std::string read_file(const std::filesystem::path& file) {
  return Descriptor(file, O_RDONLY | O_CLOEXEC).read_all();
}

}  // namespace ibcf::analysis
