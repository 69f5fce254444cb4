#include "plots.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "output_file.hpp"

extern char** environ;

namespace ibcf::analysis {

/// plots/draw.py, as it was when this was built (embed.cmake).
extern const std::string_view draw_script;

namespace {

namespace fs = std::filesystem;

constexpr const char* python = "/usr/bin/python3";
/// What draw.py exits with: 69 where matplotlib is missing, 74 where the disk failed (sysexits).
constexpr int no_matplotlib = 69;
constexpr int disk_failed = 74;

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> captions = {{
    {"connectivity",
     "Nodes by the mode their master believes them in (nodes, stacked) over run time (hours). Faults are "
     "shaded."},
    {"reach",
     "Which places could reach each other over run time (hours): places of one colour were connected. Right: "
     "share of time in "
     "which a place could reach each master's site (per cent)."},
    {"backlog",
     "Events and bytes that nodes hold and masters lack, as known to the masters and, where sampled, in "
     "truth; below, how "
     "long ago nodes were last heard (minutes), over run time (hours)."},
    {"replay",
     "Data brought back by replays (MB, cumulative), sessions open, verdicts (cumulative), over run time "
     "(hours), and the "
     "distribution of replay durations (seconds)."},
    {"authority",
     "Who held authority over each scope, over run time (hours). Hatched: lease left after the next term "
     "began. Crosses: "
     "commands fenced, stale or late."},
    {"rollout", "Nodes of each rollout by outcome (nodes, stacked) over run time (hours)."},
    {"drift",
     "Mean drift score of the nodes of each domain (0: in spec, 1: as far off as can be; grey: nobody "
     "evaluated), and below it the nodes out of spec and the items in the attention queue, over run time "
     "(hours)."},
    {"links",
     "Utilisation of the busiest backbone links (per cent of bandwidth, on a logarithmic scale) over run "
     "time (hours)."},
}};

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw std::runtime_error(fmt::format("pipe: {}", std::strerror(errno)));
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int end(std::size_t i) const { return ends_[i]; }
  void close(std::size_t i) {
    if (ends_[i] >= 0) ::close(ends_[i]);
    ends_[i] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// A child that dies early must not take us along by SIGPIPE.
class IgnoredSigpipe {
 public:
  IgnoredSigpipe() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  ~IgnoredSigpipe() { ::sigaction(SIGPIPE, &before_, nullptr); }
  IgnoredSigpipe(const IgnoredSigpipe&) = delete;
  IgnoredSigpipe& operator=(const IgnoredSigpipe&) = delete;

 private:
  struct sigaction before_ {};
};

struct Finished {
  int exit_code = -1;  ///< -1: could not be started, or killed
  std::string said;    ///< standard error
};

/// Feeds `text` to the child and takes what it says, both at once: either pipe may be full.
std::string converse(Pipe& in, Pipe& said, std::string_view text) {
  std::string answer;
  ::fcntl(in.end(1), F_SETFL, O_NONBLOCK);
  while (said.end(0) >= 0) {
    std::array<pollfd, 2> waits{{{said.end(0), POLLIN, 0}, {in.end(1), POLLOUT, 0}}};
    if (::poll(waits.data(), in.end(1) >= 0 ? 2 : 1, -1) < 0 && errno != EINTR) break;
    if (in.end(1) >= 0 && waits[1].revents != 0) {
      const auto written = ::write(in.end(1), text.data(), text.size());
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
      if (text.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) in.close(1);
    }
    if (waits[0].revents != 0) {
      std::array<char, 4096> block;
      const auto got = ::read(said.end(0), block.data(), block.size());
      if (got > 0)
        answer.append(block.data(), static_cast<std::size_t>(got));
      else if (got == 0 || errno != EINTR)
        said.close(0);
    }
  }
  return answer;
}

Finished run_python(const fs::path& report_json, const fs::path& folder) {
  const IgnoredSigpipe guard;
  Pipe in;
  Pipe said;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.end(0), 0);
  posix_spawn_file_actions_adddup2(&actions, said.end(1), 1);
  posix_spawn_file_actions_adddup2(&actions, said.end(1), 2);
  std::array<std::string, 4> words{python, "-", report_json.string(), folder.string()};
  std::array<char*, 5> arguments{words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t child = 0;
  const int code = ::posix_spawn(&child, python, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return {-1, std::strerror(code)};
  in.close(0);
  said.close(1);
  Finished finished{-1, converse(in, said, draw_script)};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  return finished;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

Plots draw_plots(const fs::path& report_json, const fs::path& folder) {
  fs::create_directories(folder);
  const Finished finished = run_python(report_json, folder);
  Plots plots;
  if (finished.exit_code == disk_failed) throw std::runtime_error(last_line(finished.said));
  if (finished.exit_code == no_matplotlib)
    plots.warning = "no pictures: " + last_line(finished.said);
  else if (finished.exit_code != 0)
    plots.warning = fmt::format("no pictures: {} did not draw them: {}", python, last_line(finished.said));
  if (finished.exit_code != 0) return plots;
  for (const auto& [name, caption] : captions) {
    const auto file = folder / (std::string(name) + ".png");
    if (fs::exists(file))
      plots.pictures.push_back({std::string(name), std::string(caption), read_file(file)});
  }
  return plots;
}

}  // namespace ibcf::analysis
