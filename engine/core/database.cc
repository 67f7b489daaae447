#include "engine/core/database.h"

#include <sqlite3.h>

#include "engine/base/error.h"

namespace seatrial::core {
namespace {

// How long a writer waits for another process' transaction. Those are short: no kernel object is
// made inside of one.
constexpr int kBusyMilliseconds = 20'000;

// Of the write-ahead log, after which it is written back: some ten containers' lives.
constexpr int kLogPages = 256;

Kind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return Kind::kConflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Kind::kTimeout;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Kind::kExhausted;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return Kind::kDenied;
    default:
      return Kind::kInternal;
  }
}

}  // namespace

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  // Released in the destructor: a connection is for one thread at a time.
  database_.mutex_.lock();
  if (sqlite3_prepare_v2(database_.handle_, sql.data(), static_cast<int>(sql.size()), &statement_,
                         nullptr) != SQLITE_OK) {
    database_.mutex_.unlock();
    database_.fail(sql);
  }
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
  database_.mutex_.unlock();
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_, ++bound_, number);
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

bool Statement::step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      database_.fail(sqlite3_sql(statement_));
  }
}

void Statement::execute() {
  while (step()) {
  }
}

std::string Statement::text(int column) const {
  const auto* const bytes = sqlite3_column_text(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> Statement::number_or_null(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return number(column);
}

Database::Database(const std::filesystem::path& file) : name_(file.native()) {
  // NOMUTEX: mutex_ does it, around whole statements.
  const int code = sqlite3_open_v2(
      name_.c_str(), &handle_,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
      nullptr);
  try {
    if (code != SQLITE_OK) fail("open");
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, kBusyMilliseconds);
    // NORMAL in WAL: a power failure may cost the last transactions, never consistency, and what
    // runs then is gone anyway. A killed process costs nothing.
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;");
    // The last one to close would write the log back into the file, with two fsyncs and a new log
    // for whoever comes next: once for each command line. The log is kept instead, and short, for
    // whoever opens first reads it.
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_wal_autocheckpoint(handle_, kLogPages);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Database::~Database() {
  sqlite3_close(handle_);
}

void Database::run(const char* sql) {
  const std::lock_guard lock(mutex_);
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

int Database::changes() const {
  return sqlite3_changes(handle_);
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(handle_);
}

void Database::fail(std::string_view what) const {
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_);
  const char* const text = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  throw error(kind_of(code), "{}: {}: {}", name_, what.substr(0, what.find('\n')), text);
}

Transaction::Transaction(Database& database, Mode mode)
    : database_(database), lock_(database.mutex_) {
  database_.run(mode == Mode::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace seatrial::core
