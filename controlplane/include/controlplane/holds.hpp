#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace ibcf {

/// Who still needs a log, and from which position on: the checkpoint of a projection, what a live peer has
/// acknowledged. Retention never passes the lowest of them.
class Holds {
 public:
  void set(const std::string& name, std::uint64_t position) { by_name_[name] = position; }
  void release(const std::string& name) { by_name_.erase(name); }

  /// `wanted`, or the lowest hold where that is lower.
  [[nodiscard]] std::uint64_t bound(std::uint64_t wanted) const {
    for (const auto& [name, position] : by_name_) wanted = std::min(wanted, position);
    return wanted;
  }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& by_name() const { return by_name_; }

 private:
  std::map<std::string, std::uint64_t> by_name_;
};

}  // namespace ibcf
