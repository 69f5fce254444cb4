#include "database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace ibcf::analysis {

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  const int code =
      sqlite3_prepare_v2(database_.handle_, sql.data(), static_cast<int>(sql.size()), &handle_, nullptr);
  if (code != SQLITE_OK) database_.fail();
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), handle_(std::exchange(other.handle_, nullptr)) {}

void Statement::bind_text(int index, std::string_view text) {
  bound(sqlite3_bind_text64(handle_, index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                            SQLITE_UTF8));
}

void Statement::bind_bytes(int index, ByteView bytes) {
  if (bytes.empty())
    bound(sqlite3_bind_zeroblob(handle_, index, 0));
  else
    bound(sqlite3_bind_blob64(handle_, index, bytes.data(), bytes.size(), SQLITE_STATIC));
}

void Statement::bound(int code) const {
  if (code != SQLITE_OK) database_.fail();
}

void Statement::run_once() {
  const int code = sqlite3_step(handle_);
  sqlite3_reset(handle_);
  if (code != SQLITE_DONE && code != SQLITE_ROW) database_.fail();
}

bool Statement::next() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail();
  return false;
}

std::string Statement::text(int column) const {
  const auto* text = sqlite3_column_text(handle_, column);
  if (!text) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

ByteView Statement::bytes(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
  if (!bytes) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

AnyId Statement::id(int column) const {
  AnyId id;
  const auto view = bytes(column);
  if (view.size() == id.bytes.size()) std::copy(view.begin(), view.end(), id.bytes.begin());
  return id;
}

Database::Database(std::filesystem::path file, Open open) : file_(std::move(file)) {
  const int flags = open == Open::create  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                    : open == Open::write ? SQLITE_OPEN_READWRITE
                                          : SQLITE_OPEN_READONLY;
  // A connection is its owner's alone, so SQLite need not lock it at every call.
  if (sqlite3_open_v2(file_.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr) == SQLITE_OK) return;
  const std::string reason = handle_ ? sqlite3_errmsg(handle_) : "out of memory";
  const int code = handle_ ? sqlite3_errcode(handle_) & 0xff : SQLITE_NOMEM;
  sqlite3_close_v2(std::exchange(handle_, nullptr));
  throw DatabaseFailure(fmt::format("{}: cannot be opened: {}", file_.string(), reason), code);
}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

void Database::run(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

bool Database::has_table(std::string_view name) {
  auto statement = prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  statement.bind(1, name);
  return statement.next();
}

std::int64_t Database::number(std::string_view sql) {
  auto statement = prepare(sql);
  return statement.next() ? statement.integer(0) : 0;
}

void Database::roll_back() noexcept {
  if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::close() {
  if (sqlite3_close(handle_) != SQLITE_OK) fail();
  handle_ = nullptr;
}

void Database::fail() const {
  // SQLite says "disk I/O error"; the system call that failed last says which: too large, read-only, broken.
  const int reason = errno;
  const int code = sqlite3_errcode(handle_) & 0xff;
  const bool is_disk = code == SQLITE_IOERR || code == SQLITE_FULL;
  throw DatabaseFailure(
      fmt::format("{}: {}{}", file_.string(), sqlite3_errmsg(handle_),
                  is_disk && reason != 0 ? fmt::format(" ({})", std::strerror(reason)) : ""),
      code);
}

}  // namespace ibcf::analysis
