#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/time.hpp"

namespace ibcf {

/// When a node may be worked on (seed, Node.desired_state.constraints.maintenance_window), as text:
///
///   window = part *( ";" part ) [ "UTC" ]
///   part   = [ days ] time "-" time
///   days   = "daily" | day *( "," day )      day = name [ "-" name ], name = mon | tue | .. | sun
///   time   = HH:MM, 00:00 to 24:00
///
/// "daily 22:00-04:00", "mon,tue 01:00-03:00 UTC", "mon-fri 22:00-04:00; sat-sun 00:00-24:00". A part whose
/// end is not after its beginning ends on the next day, and belongs to the day on which it opens. Times are
/// UTC. The empty text is a window that is always open.
class MaintenanceWindow {
 public:
  /// Always open.
  MaintenanceWindow() = default;
  /// The window, or what is wrong with the text.
  static std::pair<std::optional<MaintenanceWindow>, std::string> parse(std::string_view text);

  /// The first moment from `now` on at which something that takes `length` can begin and is over before the
  /// window closes; nothing where no opening is so long.
  [[nodiscard]] std::optional<Instant> next_start(Instant now, Duration length) const;
  [[nodiscard]] bool is_open(Instant now) const { return next_start(now, Duration::zero()) == now; }

 private:
  /// Half-open, in the week that begins on Monday 00:00; sorted, disjoint and not touching. One that goes on
  /// over the week's end ends beyond it. Empty: always open.
  std::vector<std::pair<Duration, Duration>> openings_;
};

}  // namespace ibcf
