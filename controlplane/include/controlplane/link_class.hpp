#pragma once

#include <optional>
#include <utility>

#include "model/event.hpp"
#include "model/node.hpp"
#include "model/time.hpp"

namespace ibcf {

/// Two marks and a dwell time each, so that a mode does not flap (protocols page, "Lifecycle").
struct LinkThresholds {
  Duration rtt_delayed_above = std::chrono::milliseconds{400};
  Duration rtt_live_below = std::chrono::milliseconds{300};
  Duration dwell = std::chrono::minutes{1};
  /// Between one round trip and the next: a slow link that is heard of so rarely is one that syncs now and
  /// then (S9).
  Duration sync_cached_above = std::chrono::minutes{10};
  Duration sync_delayed_below = std::chrono::minutes{5};
};

/// Which class a link is in, as its round trips tell: LIVE or DELAYED, or EDGE_CACHED where a DELAYED one's
/// come rarely; always EDGE_CACHED where the contact plan has windows. Node and master judge by this same
/// rule.
class LinkClass {
 public:
  /// Takes a round trip measured at `now`, and says the class from now on. The first one decides at once;
  /// later ones have to stay beyond a mark for the dwell time.
  ConnectivityMode measure(Duration rtt, bool windowed, const LinkThresholds& thresholds, Instant now) {
    using enum ConnectivityMode;
    const Duration since_last = now - std::exchange(last_, now);
    if (windowed) return (current_ = edge_cached).value();
    if (!current_ || is_open_) {
      current_ = rtt > thresholds.rtt_delayed_above ? delayed : live;
      is_open_ = false;
      beyond_since_ = never;
      return *current_;
    }
    const ConnectivityMode next = next_of(rtt, since_last, thresholds);
    if (next == *current_) {
      beyond_since_ = never;
    } else if (next != towards_ || beyond_since_ == never) {
      towards_ = next;
      beyond_since_ = now;
    } else if (now - beyond_since_ >= thresholds.dwell) {
      current_ = next;
      beyond_since_ = never;
    }
    return *current_;
  }

  /// The contact plan has no windows any more: the next round trip decides at once.
  void stand() { is_open_ = current_.has_value(); }

  /// The class that a log tells; whether it was about to change is not known.
  void recall(ConnectivityMode mode) {
    current_ = mode;
    is_open_ = is_open_ && mode == ConnectivityMode::edge_cached;
  }

  /// LIVE until something was measured.
  [[nodiscard]] ConnectivityMode current() const { return current_.value_or(ConnectivityMode::live); }

 private:
  [[nodiscard]] ConnectivityMode next_of(Duration rtt, Duration since_last,
                                         const LinkThresholds& thresholds) const {
    using enum ConnectivityMode;
    if (current_ == live) return rtt > thresholds.rtt_delayed_above ? delayed : live;
    if (current_ == edge_cached) return since_last < thresholds.sync_delayed_below ? delayed : edge_cached;
    if (rtt < thresholds.rtt_live_below) return live;
    return since_last > thresholds.sync_cached_above ? edge_cached : delayed;
  }

  std::optional<ConnectivityMode> current_;
  bool is_open_ = false;                               // its windows are over, and nothing was measured since
  ConnectivityMode towards_ = ConnectivityMode::live;  // where the last round trips pointed
  Instant beyond_since_ = never;
  Instant last_;
};

/// What it is called when a round trip shows that a link in contact is in another class.
constexpr EventType change_of_class(ConnectivityMode before, ConnectivityMode after) {
  using enum ConnectivityMode;
  if (after == edge_cached) return EventType::conn_sync_interval_long;
  if (before == edge_cached && after == live) return EventType::conn_classified;
  if (before == edge_cached) return EventType::conn_sync_interval_short;
  return after == delayed ? EventType::conn_rtt_high : EventType::conn_rtt_ok;
}

/// LIVE, DELAYED or EDGE_CACHED.
constexpr bool is_in_contact(ConnectivityMode mode) {
  return mode == ConnectivityMode::live || mode == ConnectivityMode::delayed ||
         mode == ConnectivityMode::edge_cached;
}

/// RETURNING or REPLAYING.
constexpr bool is_coming_back(ConnectivityMode mode) {
  return mode == ConnectivityMode::returning || mode == ConnectivityMode::replaying;
}

}  // namespace ibcf
