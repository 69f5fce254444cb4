#pragma once

#include <functional>
#include <optional>

#include "model/digest.hpp"

namespace ibcf {

/// Finds the body of a snapshot, a packed Snapshot, by its digest; nothing where it is not at hand.
using BodySource = std::function<std::optional<Bytes>(const Digest&)>;

}  // namespace ibcf
