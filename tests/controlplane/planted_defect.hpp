#pragma once

#include "controlplane/planted.hpp"

namespace ibcf {

/// Plants a defect for as long as it lives.
class Planted {
 public:
  explicit Planted(Defect defect) { planted_defect = defect; }
  ~Planted() { planted_defect = Defect::none; }
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;
};

}  // namespace ibcf
