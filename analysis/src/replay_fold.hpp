#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/payloads.hpp"
#include "run_log.hpp"
#include "series.hpp"

namespace ibcf::analysis {

/// Replays from the first grant to the verdict. A session that is lost and granted again belongs to the same
/// replay.
class ReplayFold {
 public:
  struct Replay {
    std::uint32_t node = 0;
    std::uint32_t domain = 0;
    Instant granted;
    Instant ended;  ///< the verdict; meaningful where `verdict` is set
    std::optional<VerdictKind> verdict;
    std::uint64_t bytes = 0;
    std::uint64_t events = 0;
    std::uint32_t sessions = 0;
  };
  struct Verdict {
    Instant at;
    std::uint32_t domain = 0;
    VerdictKind kind = VerdictKind::clean;
  };

  ReplayFold(const Grid& grid, const Fleet& fleet) : grid_(&grid), fleet_(&fleet), series_(grid, 6) {}

  void see(const KnownEvent& entry);
  [[nodiscard]] Json table() const;
  /// Those that came to a verdict, in the order of their verdicts.
  [[nodiscard]] const std::vector<Replay>& ended() const { return ended_; }
  [[nodiscard]] std::size_t open_count() const { return open_.size(); }
  [[nodiscard]] std::uint64_t lost_sessions() const { return lost_; }

 private:
  void open_session(std::uint32_t domain, Instant at, int change);
  void grant(std::uint32_t node, Instant at);
  void lose(std::uint32_t node, Instant at);
  void judge(std::uint32_t node, VerdictKind kind, Instant at);
  [[nodiscard]] Json durations(std::optional<std::uint32_t> domain) const;

  const Grid* grid_;
  const Fleet* fleet_;
  DomainSeries series_;
  std::map<std::uint32_t, Replay> open_;            ///< by node
  std::map<std::uint32_t, std::uint64_t> session_;  ///< of a node whose session is open
  std::vector<Replay> ended_;
  std::uint64_t lost_ = 0;

  /// Sessions open right now and the most within each step of the grid; of a domain's subtree, and last of
  /// the fleet.
  struct Open {
    std::int64_t now = 0;
    std::vector<std::int64_t> peak;  ///< [point]; as far as anything happened
  };
  void count_open(Open& open, Instant at, int change) const;
  [[nodiscard]] std::vector<std::int64_t> peaks(const Open& open) const;
  std::map<std::uint32_t, Open> open_in_;
  Open open_in_fleet_;
};

}  // namespace ibcf::analysis
