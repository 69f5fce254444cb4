#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "controlplane/projection_history.hpp"
#include "model/json.hpp"
#include "model/time.hpp"

namespace ibcf::analysis {

/// What somebody wants to know of a finished run: by domain with all below it, tags, policy bundle and time
/// window (seed, section 2, "Each projection is queryable by"), now or in the past. Names, not ids; an empty
/// one asks for all.
struct Question {
  std::filesystem::path run{};  ///< the run folder
  Instant at = never;           ///< how it was then; never: at the end of the run
  TimeAxis axis = TimeAxis::known;
  std::string master{};  ///< in this master's log alone; empty: in the logs of all masters together
  std::string domain{};
  std::vector<std::string> tags{};
  std::string bundle{};
  Instant from =
      Instant::min();  ///< with `until`: nodes that moved, scopes granted, rollouts begun within it
  Instant until = never;
  std::string node{};  ///< this node, and all that is known of it, instead of counts
  bool list = false;   ///< the nodes themselves beside the counts
};

/// The question asks for what the run does not have; one line for each problem.
class BadQuestion : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Rebuilds the five views from the run's log as they were, and asks them. The answer is an object:
///
///   as_of      {at_s, axis, master, entries}: how far it holds (I-67)
///   node       the seed's Node, where one was asked for; else
///   domains    one summary each, its own nodes only, with `domain`; domains without any are left out
///   fleet      their sum: of all that was asked for
///   rollouts   as the seed's Layer 0 shows them
///   nodes      [Node], where they were asked for
///   names      what the ids in all this are called
///
/// A summary has `nodes`, `connectivity` and `lifecycle` (counts by word), `authority`, `drift` and
/// `supply_chain`. Throws BadQuestion, and std::runtime_error where the folder or its log cannot be read.
Json answer(const Question& question);

}  // namespace ibcf::analysis
