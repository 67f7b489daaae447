// SQLite, as this room uses it: one file, WAL, several processes, statements with typed columns.
//
// A transaction that will write begins as a writer (BEGIN IMMEDIATE): one that begins as a reader
// and writes later can find the file changed and cannot go on (SQLITE_BUSY_SNAPSHOT), and waiting
// would not help it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace seatrial::core {

class Database;

// One run of a prepared statement. Bind in order, then step through rows or execute.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  Statement& bind_null();
  Statement& bind(const std::optional<std::int64_t>& number) {
    return number ? bind(*number) : bind_null();
  }

  // Whether there is a (further) row. Throws Error.
  bool step();
  // For statements without rows. Throws Error; kConflict when a constraint was violated.
  void execute();

  std::string text(int column) const;
  std::int64_t number(int column) const;
  std::optional<std::int64_t> number_or_null(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

class Database {
 public:
  // Opens or makes the file, in WAL mode with foreign keys on. Throws Error naming it.
  explicit Database(const std::filesystem::path& file);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Runs one or several statements without results.
  void run(const char* sql);
  // Rows that the last INSERT, UPDATE or DELETE changed.
  int changes() const;
  // The row that the last INSERT made.
  std::int64_t last_row() const;

  [[noreturn]] void fail(std::string_view what) const;

 private:
  friend class Statement;
  friend class Transaction;

  std::string name_;
  sqlite3* handle_ = nullptr;
  std::recursive_mutex mutex_;  // one connection, several threads
};

// All or nothing; taken back on destruction unless commit() was reached. Holds the database for
// this thread. Does not nest.
class Transaction {
 public:
  enum class Mode { kRead, kWrite };
  explicit Transaction(Database& database, Mode mode = Mode::kWrite);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  void commit();

 private:
  Database& database_;
  std::unique_lock<std::recursive_mutex> lock_;
  bool open_ = true;
};

}  // namespace seatrial::core
