#pragma once

#include <cstdint>
#include <string>

namespace ibcf::analysis {

/// "IBCF" in the header of events.db: what `file` shows, and how a folder of ours is told from another's.
inline constexpr std::uint32_t application_id = 0x49424346;
/// Rises when a table changes its meaning.
inline constexpr int schema_version = 2;
/// Events between two rows of the table "hashes".
inline constexpr std::uint64_t events_per_checkpoint = 1024;

/// The tables of a log and the words behind its numbers: in a master's store and in a run's events.db alike
/// (docs/store-format.md).
std::string log_schema_sql();

/// The readable view `log` of a store that holds nothing but a log.
std::string log_view_sql();

/// The tables that a run's events.db has beside its log.
std::string run_schema_sql();

/// Indexes and the readable view `log`, made once all rows are in.
std::string closing_sql();

}  // namespace ibcf::analysis
