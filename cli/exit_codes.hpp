#pragma once

namespace ibcf::cli {

/// What an exit code tells CI (architecture page, section 6; 74 and 130 are the shell's own customs).
enum ExitCode : int {
  passed = 0,
  expectation_failed = 1,
  bad_input = 2,
  invariant_violated = 3,
  did_not_converge = 4,
  not_deterministic = 5,
  internal_error = 70,
  io_failed = 74,  ///< the disk or another part of the world, not the run and not us
  interrupted = 130
};

}  // namespace ibcf::cli
