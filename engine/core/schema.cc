#include "engine/core/schema.h"

#include <chrono>

#include "engine/base/error.h"
#include "engine/core/names.h"
#include "engine/core/times.h"

namespace seatrial::core {
namespace {

constexpr std::int64_t kVersion = 2;

// Times are nanoseconds since 1970. A lease is a row with an address: the index keeps two
// containers from the same one, whatever the processes that hand them out believe.
constexpr const char* kTables = R"(
CREATE TABLE containers (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, image TEXT NOT NULL,
  request TEXT NOT NULL, mounts TEXT NOT NULL, phase TEXT NOT NULL,
  pid INTEGER NOT NULL DEFAULT 0, exit_code INTEGER NOT NULL DEFAULT 0,
  oom_killed INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
  started INTEGER, finished INTEGER, restarts INTEGER NOT NULL DEFAULT 0,
  backoff INTEGER NOT NULL DEFAULT 0, stopped INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE exits (
  id TEXT PRIMARY KEY, code INTEGER NOT NULL, time INTEGER NOT NULL
) STRICT;
CREATE TABLE volume_users (
  volume TEXT NOT NULL, container TEXT NOT NULL REFERENCES containers ON DELETE CASCADE,
  PRIMARY KEY (volume, container)
) STRICT;
CREATE TABLE networks (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, driver TEXT NOT NULL, created INTEGER NOT NULL,
  internal INTEGER NOT NULL, subnet TEXT NOT NULL, ip_range TEXT NOT NULL, gateway TEXT NOT NULL,
  options TEXT NOT NULL, labels TEXT NOT NULL, predefined INTEGER NOT NULL
) STRICT;
CREATE TABLE endpoints (
  container TEXT NOT NULL REFERENCES containers ON DELETE CASCADE,
  network TEXT NOT NULL REFERENCES networks,
  aliases TEXT NOT NULL, wanted_ip TEXT NOT NULL, wanted_mac TEXT NOT NULL, ip TEXT NOT NULL,
  prefix INTEGER NOT NULL, gateway TEXT NOT NULL, mac TEXT NOT NULL, interface TEXT NOT NULL,
  host_link TEXT NOT NULL, ports TEXT NOT NULL,
  PRIMARY KEY (container, network)
) STRICT;
CREATE UNIQUE INDEX leases ON endpoints (network, ip) WHERE ip <> '';
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, type TEXT NOT NULL,
  action TEXT NOT NULL, actor TEXT NOT NULL, attributes TEXT NOT NULL
) STRICT;
PRAGMA user_version = 2;
)";

// Version 1 restarted nothing.
constexpr const char* kFromVersion1 = R"(
ALTER TABLE containers ADD COLUMN backoff INTEGER NOT NULL DEFAULT 0;
ALTER TABLE containers ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 2;
)";

std::int64_t version_of(Database& database) {
  Statement row(database, "PRAGMA user_version");
  row.step();
  return row.number(0);
}

void add_network(Database& database, std::string_view name, std::string_view driver) {
  Statement(database, "INSERT INTO networks VALUES (?, ?, ?, ?, 0, '', '', '', '{}', '{}', 1)")
      .bind(new_id())
      .bind(name)
      .bind(driver)
      .bind(to_nanoseconds(std::chrono::system_clock::now()))
      .execute();
}

}  // namespace

void apply_schema(Database& database) {
  if (version_of(database) == kVersion) return;
  Transaction transaction(database);
  const std::int64_t version = version_of(database);  // another process may have been faster
  if (version == kVersion) return;
  if (version == 1) {
    database.run(kFromVersion1);
    transaction.commit();
    return;
  }
  if (version != 0) {
    throw error(Kind::kUnsupported,
                "the engine's database has version {}; this build knows version {}", version,
                kVersion);
  }
  database.run(kTables);
  add_network(database, "bridge", "bridge");
  add_network(database, "host", "host");
  add_network(database, "none", "null");
  transaction.commit();
}

}  // namespace seatrial::core
