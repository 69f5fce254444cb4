#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "sim/network.hpp"

namespace ibcf::sim {

/// Runs `work` in a process of its own and returns what it returns: SimGrid allows one simulation per
/// process.
inline std::vector<std::int64_t> in_child(const std::function<std::vector<std::int64_t>()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);  // or the child would print what we have not printed yet
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    try {
      const auto numbers = work();
      auto* out = fdopen(ends[1], "w");
      std::fwrite(numbers.data(), sizeof numbers[0], numbers.size(), out);
      std::fclose(out);
      _exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in a child: %s\n", error.what());
      _exit(1);
    }
  }
  close(ends[1]);
  std::vector<std::int64_t> numbers;
  auto* in = fdopen(ends[0], "r");
  for (std::int64_t number = 0; std::fread(&number, sizeof number, 1, in) == 1;) numbers.push_back(number);
  std::fclose(in);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("the child failed");
  return numbers;
}

/// Takes notes of everything a network tells.
struct Recorder : NetworkClient {
  struct Delivery {
    std::uint32_t parcel;
    VertexIndex vertex;
    Instant when;
  };
  struct Drop {
    std::uint32_t parcel;
    DropReason reason;
    LinkIndex where;
    Instant when;
  };
  struct Change {
    LinkIndex link;
    bool up;
    Instant when;
  };
  std::vector<Delivery> deliveries;
  std::vector<Drop> drops;
  std::vector<Change> changes;

  void delivered(std::uint32_t parcel, VertexIndex vertex, Instant now) override {
    deliveries.push_back({parcel, vertex, now});
  }
  void dropped(std::uint32_t parcel, DropReason reason, LinkIndex where, Instant now) override {
    drops.push_back({parcel, reason, where, now});
  }
  void link_changed(LinkIndex link, bool up, Instant now) override { changes.push_back({link, up, now}); }
};

/// A network with its calendar and a plan of what to do when.
struct Rig {
  Calendar calendar;
  Recorder seen;
  Network network;
  std::vector<std::function<void(Instant)>> plan;

  explicit Rig(NetworkMode mode, std::uint64_t seed = 1) : network(mode, seed, calendar, seen) {}

  void plan_at(Instant when, std::function<void(Instant)> action) {
    calendar.push({when, EntryKind::workload, 0, static_cast<std::uint32_t>(plan.size())});
    plan.push_back(std::move(action));
  }
  void send_at(Instant when, std::uint32_t parcel, VertexIndex from, VertexIndex to, std::uint32_t bytes) {
    plan_at(when, [=, this](Instant now) { network.send(parcel, from, to, bytes, now); });
  }
  void hold_at(Instant when, LinkIndex link) {
    plan_at(when, [=, this](Instant now) { network.hold_down(link, now); });
  }
  void release_at(Instant when, LinkIndex link) {
    plan_at(when, [=, this](Instant now) { network.release(link, now); });
  }
  /// Runs to the end, and calls `after_each` after every entry.
  void run(Instant until = never - Duration{1}, const std::function<void(Instant)>& after_each = {}) {
    sim::run(calendar, network, until, [&](const Entry& entry) {
      if (entry.kind == EntryKind::workload)
        plan[entry.slot](entry.at);
      else
        network.handle(entry, entry.at);
      if (after_each) after_each(entry.at);
      return true;
    });
  }
  /// (parcel, nanoseconds) of every delivery, in order.
  [[nodiscard]] std::vector<std::int64_t> arrivals() const {
    std::vector<std::int64_t> numbers;
    for (const auto& delivery : seen.deliveries) {
      numbers.push_back(delivery.parcel);
      numbers.push_back(nanoseconds_of(delivery.when));
    }
    return numbers;
  }
};

/// Vertices "0", "1", ... in a row, with a backbone link from each to the next.
struct Line : Rig {
  std::vector<LinkIndex> links;

  Line(NetworkMode mode, std::vector<LinkSpec> specs, std::uint64_t seed = 1) : Rig(mode, seed) {
    for (std::size_t v = 0; v <= specs.size(); ++v) network.add_vertex(std::to_string(v));
    for (std::size_t i = 0; i < specs.size(); ++i) {
      specs[i].from = static_cast<VertexIndex>(i);
      specs[i].to = static_cast<VertexIndex>(i + 1);
      links.push_back(network.add_link(std::move(specs[i])));
    }
    network.start();
  }
};

}  // namespace ibcf::sim
