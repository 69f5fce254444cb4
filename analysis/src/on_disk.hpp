#pragma once

#include <fmt/format.h>

#include <filesystem>

#include "analysis/sqlite_store.hpp"
#include "database.hpp"

namespace ibcf::analysis {

inline StoreFailure::Kind kind_of(int sqlite_code) {
  switch (sqlite_code) {
    case SQLITE_BUSY:
      return StoreFailure::Kind::in_use;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_CANTOPEN:
      return StoreFailure::Kind::not_a_log;
    default:
      return StoreFailure::Kind::disk;
  }
}

/// Runs `work` on a store's file; what SQLite refuses becomes the failure of a store.
template <class Work>
decltype(auto) on_disk(const std::filesystem::path& file, Work&& work) {
  try {
    return work();
  } catch (const DatabaseFailure& failure) {
    if (failure.code == SQLITE_BUSY)
      throw StoreFailure(StoreFailure::Kind::in_use,
                         fmt::format("{}: another writer has it open", file.string()));
    throw StoreFailure(kind_of(failure.code), failure.what());
  } catch (const std::filesystem::filesystem_error& failure) {
    throw StoreFailure(StoreFailure::Kind::disk, failure.what());
  }
}

}  // namespace ibcf::analysis
