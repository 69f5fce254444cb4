#pragma once

#include "model/event.hpp"

namespace ibcf {

/// An event that a component of a master wants in its master's log. The component has taken it in already.
struct Proposed {
  EventType type = EventType::command_moved;
  AnyId subject;
  Bytes payload;
  AnyId cause;
  Priority priority = Priority::command_result;
};

}  // namespace ibcf
