#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "model/digest.hpp"
#include "model/id.hpp"
#include "model/time.hpp"

namespace ibcf::analysis {

class Database;

/// A prepared statement: insert() for writing, next() and the column readers for reading. Must not outlive
/// its database.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  /// Binds all parameters in order and runs the statement once.
  template <class... Values>
  void insert(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    run_once();
  }
  template <class Value>
  void bind(int index, const Value& value) {
    if constexpr (std::is_null_pointer_v<Value>) {
      bound(sqlite3_bind_null(handle_, index));
    } else if constexpr (std::is_same_v<Value, Instant>) {
      bound(sqlite3_bind_int64(handle_, index, nanoseconds_of(value)));
    } else if constexpr (std::is_same_v<Value, Duration>) {
      bound(sqlite3_bind_int64(handle_, index, value.count()));
    } else if constexpr (std::is_floating_point_v<Value>) {
      bound(sqlite3_bind_double(handle_, index, value));
    } else if constexpr (std::is_integral_v<Value>) {
      bound(sqlite3_bind_int64(handle_, index, static_cast<sqlite3_int64>(value)));
    } else if constexpr (std::is_convertible_v<Value, std::string_view>) {
      bind_text(index, value);
    } else {
      bind_bytes(index, value);
    }
  }

  /// The next row, or false after the last.
  [[nodiscard]] bool next();
  /// Ready to be bound and run again.
  void reset() { sqlite3_reset(handle_); }
  [[nodiscard]] bool is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
  [[nodiscard]] std::uint32_t index(int column) const { return static_cast<std::uint32_t>(integer(column)); }
  [[nodiscard]] Instant instant(int column) const { return Instant{Duration{integer(column)}}; }
  [[nodiscard]] double real(int column) const { return sqlite3_column_double(handle_, column); }
  [[nodiscard]] std::string text(int column) const;
  /// Valid until the next row.
  [[nodiscard]] ByteView bytes(int column) const;
  /// Nil where the bytes are not 16.
  [[nodiscard]] AnyId id(int column) const;

 private:
  template <class Of>
  void bind_bytes(int index, const Id<Of>& id) {
    bind_bytes(index, ByteView(id.bytes));
  }
  void bind_bytes(int index, ByteView bytes);
  void bind_text(int index, std::string_view text);
  void bound(int code) const;
  void run_once();

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

/// What SQLite or the disk refused; names the file and the reason. `code` is SQLite's, without its details.
class DatabaseFailure : public std::runtime_error {
 public:
  DatabaseFailure(const std::string& what, int sqlite_code) : std::runtime_error(what), code(sqlite_code) {}
  int code;
};

/// An SQLite file. Whatever fails is a DatabaseFailure.
class Database {
 public:
  enum class Open : std::uint8_t { create, write, read };
  Database(std::filesystem::path file, Open open);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  void run(const std::string& sql);
  Statement prepare(std::string_view sql) { return {*this, sql}; }
  [[nodiscard]] bool has_table(std::string_view name);
  /// The number that `sql` asks for, such as "PRAGMA user_version".
  [[nodiscard]] std::int64_t number(std::string_view sql);
  /// Undoes the open transaction, if there is one. Never fails: the transaction is undone at the latest when
  /// the file is opened again.
  void roll_back() noexcept;
  /// All statements must be gone.
  void close();

 private:
  friend class Statement;
  [[noreturn]] void fail() const;

  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

}  // namespace ibcf::analysis
