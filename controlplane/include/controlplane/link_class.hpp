#pragma once

#include <optional>

#include "model/node.hpp"
#include "model/time.hpp"

namespace ibcf {

/// Two marks and a dwell time, so that a mode does not flap (protocols page, "Lifecycle").
struct LinkThresholds {
  Duration rtt_delayed_above = std::chrono::milliseconds{400};
  Duration rtt_live_below = std::chrono::milliseconds{300};
  Duration dwell = std::chrono::minutes{1};
};

/// Which class a link is in, as its round trips tell: LIVE or DELAYED; EDGE_CACHED where the contact plan has
/// windows. Node and master judge by this same rule.
class LinkClass {
 public:
  /// Takes a round trip measured at `now`, and says the class from now on. The first one decides at once;
  /// later ones have to stay beyond a mark for the dwell time.
  ConnectivityMode measure(Duration rtt, bool windowed, const LinkThresholds& thresholds, Instant now) {
    if (windowed) return (current_ = ConnectivityMode::edge_cached).value();
    if (!current_) {
      current_ = rtt > thresholds.rtt_delayed_above ? ConnectivityMode::delayed : ConnectivityMode::live;
      return *current_;
    }
    const bool beyond = *current_ == ConnectivityMode::live ? rtt > thresholds.rtt_delayed_above
                                                            : rtt < thresholds.rtt_live_below;
    if (!beyond) {
      beyond_since_.reset();
    } else if (!beyond_since_) {
      beyond_since_ = now;
    } else if (now - *beyond_since_ >= thresholds.dwell) {
      current_ = *current_ == ConnectivityMode::live ? ConnectivityMode::delayed : ConnectivityMode::live;
      beyond_since_.reset();
    }
    return *current_;
  }

  /// LIVE until something was measured.
  [[nodiscard]] ConnectivityMode current() const { return current_.value_or(ConnectivityMode::live); }

 private:
  std::optional<ConnectivityMode> current_;
  std::optional<Instant> beyond_since_;
};

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
