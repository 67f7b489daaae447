#include "engine/core/store.h"

#include <array>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/core/names.h"
#include "engine/core/request_json.h"
#include "engine/core/schema.h"
#include "engine/core/times.h"

namespace seatrial::core {
namespace {

using Json = nlohmann::json;

// Indexed by Phase.
constexpr std::array<std::string_view, 9> kPhases{"creating", "created",          "starting",
                                                  "running",  "stopping",         "exited",
                                                  "removing", "removing volumes", "restarting"};

std::string_view phase_text(Phase phase) {
  return kPhases.at(static_cast<std::size_t>(phase));
}

Phase parse_phase(std::string_view text) {
  for (std::size_t at = 0; at < kPhases.size(); ++at) {
    if (kPhases[at] == text) return static_cast<Phase>(at);
  }
  throw error(Kind::kInternal, "the database has a container in phase \"{}\"", text);
}

std::optional<std::int64_t> time_column(const std::optional<Time>& time) {
  if (!time) return std::nullopt;
  return to_nanoseconds(*time);
}

std::optional<Time> column_time(std::optional<std::int64_t> column) {
  if (!column) return std::nullopt;
  return from_nanoseconds(*column);
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string print_mounts(const std::vector<MountPoint>& mounts) {
  Json json = Json::array();
  for (const MountPoint& mount : mounts) {
    json.push_back({{"type", static_cast<int>(mount.type)},
                    {"name", mount.name},
                    {"source", mount.source},
                    {"destination", mount.destination},
                    {"rw", mount.read_write},
                    {"propagation", mount.propagation}});
  }
  return dump(json);
}

std::vector<MountPoint> parse_mounts(const std::string& text) {
  std::vector<MountPoint> mounts;
  for (const Json& json : Json::parse(text)) {
    mounts.push_back({.type = static_cast<volume::MountType>(json.at("type").get<int>()),
                      .name = json.at("name"),
                      .source = json.at("source"),
                      .destination = json.at("destination"),
                      .read_write = json.at("rw"),
                      .propagation = json.at("propagation")});
  }
  return mounts;
}

constexpr std::string_view kContainerColumns =
    "SELECT id, name, created, image, request, mounts, phase, pid, exit_code, oom_killed, error, "
    "started, finished, restarts, backoff FROM containers ";

ContainerRecord read_container(const Statement& row) {
  return {.id = row.text(0),
          .name = row.text(1),
          .created = from_nanoseconds(row.number(2)),
          .image_id = row.text(3),
          .request = parse_request(row.text(4)),
          .mounts = parse_mounts(row.text(5)),
          .phase = parse_phase(row.text(6)),
          .pid = static_cast<int>(row.number(7)),
          .exit_code = static_cast<int>(row.number(8)),
          .oom_killed = row.number(9) != 0,
          .error = row.text(10),
          .started = column_time(row.number_or_null(11)),
          .finished = column_time(row.number_or_null(12)),
          .restarts = static_cast<unsigned>(row.number(13)),
          .backoff = std::chrono::milliseconds(row.number(14))};
}

std::string print_ports(const std::vector<PortBinding>& ports) {
  return dump(ports_json(ports));
}

std::vector<PortBinding> parse_ports(const std::string& text) {
  return parse_request(R"({"HostConfig": {"PortBindings": )" + text + "}}").ports;
}

constexpr std::string_view kEndpointColumns =
    "SELECT e.container, e.network, n.name, e.aliases, e.wanted_ip, e.wanted_mac, e.ip, e.prefix, "
    "e.gateway, e.mac, e.interface, e.host_link, e.ports FROM endpoints e JOIN networks n ON n.id "
    "= "
    "e.network ";

std::vector<EndpointRecord> read_endpoints(Statement& rows) {
  std::vector<EndpointRecord> endpoints;
  while (rows.step()) {
    endpoints.push_back({.container = rows.text(0),
                         .network = rows.text(1),
                         .network_name = rows.text(2),
                         .aliases = Json::parse(rows.text(3)).get<std::vector<std::string>>(),
                         .wanted_ip = rows.text(4),
                         .wanted_mac = rows.text(5),
                         .ip = rows.text(6),
                         .prefix = static_cast<unsigned>(rows.number(7)),
                         .gateway = rows.text(8),
                         .mac = rows.text(9),
                         .interface = rows.text(10),
                         .host_link = rows.text(11),
                         .ports = parse_ports(rows.text(12))});
  }
  return endpoints;
}

// Escapes what LIKE reads as a pattern: nothing of it is in an id.
bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Store::Store(const std::filesystem::path& file) : database_(file) {
  apply_schema(database_);
}

void Store::insert(const ContainerRecord& record) {
  Statement(database_,
            "INSERT INTO containers (id, name, created, image, request, mounts, phase) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(record.id)
      .bind(record.name)
      .bind(to_nanoseconds(record.created))
      .bind(record.image_id)
      .bind(print_request(record.request))
      .bind(print_mounts(record.mounts))
      .bind(phase_text(record.phase))
      .execute();
}

void Store::save(const ContainerRecord& record) {
  Statement(database_,
            "UPDATE containers SET name = ?, request = ?, mounts = ?, phase = ?, pid = ?, "
            "exit_code = ?, oom_killed = ?, error = ?, started = ?, finished = ?, restarts = ?, "
            "backoff = ? WHERE id = ?")
      .bind(record.name)
      .bind(print_request(record.request))
      .bind(print_mounts(record.mounts))
      .bind(phase_text(record.phase))
      .bind(std::int64_t{record.pid})
      .bind(std::int64_t{record.exit_code})
      .bind(std::int64_t{record.oom_killed})
      .bind(record.error)
      .bind(time_column(record.started))
      .bind(time_column(record.finished))
      .bind(std::int64_t{record.restarts})
      .bind(std::int64_t{record.backoff.count()})
      .bind(record.id)
      .execute();
}

void Store::erase(const std::string& id) {
  Statement(database_, "DELETE FROM containers WHERE id = ?").bind(id).execute();
}

std::optional<ContainerRecord> Store::container(const std::string& id) {
  Statement row(database_, std::string(kContainerColumns) + "WHERE id = ?");
  row.bind(id);
  if (!row.step()) return std::nullopt;
  return read_container(row);
}

std::vector<ContainerRecord> Store::containers() {
  Statement rows(database_, std::string(kContainerColumns) + "ORDER BY created DESC, id");
  std::vector<ContainerRecord> records;
  while (rows.step()) records.push_back(read_container(rows));
  return records;
}

std::optional<std::string> Store::id_of_name(const std::string& name) {
  Statement row(database_, "SELECT id FROM containers WHERE name = ?");
  row.bind(name);
  if (!row.step()) return std::nullopt;
  return row.text(0);
}

// Docker's order: full id, name, prefix.
std::string Store::container_id(const std::string& text) {
  // Docker's clients still write the slash that its names begin with.
  const std::string name = text.starts_with('/') ? text.substr(1) : text;
  if (text.size() == 64 && is_hex(text)) {
    Statement exact(database_, "SELECT id FROM containers WHERE id = ?");
    exact.bind(text);
    if (exact.step()) return text;
  }
  if (const auto id = id_of_name(name)) return *id;
  if (is_hex(text)) {
    Statement rows(database_, "SELECT id FROM containers WHERE id >= ? AND id < ? LIMIT 2");
    rows.bind(text).bind(text + "g");
    if (rows.step()) {
      std::string id = rows.text(0);
      if (!rows.step()) return id;
      throw error(Kind::kInvalidArgument, "Multiple IDs found with provided prefix: {}", text);
    }
  }
  throw error(Kind::kNotFound, "No such container: {}", text);
}

void Store::set_stopped(const std::string& id, bool stopped) {
  Statement(database_, "UPDATE containers SET stopped = ? WHERE id = ?")
      .bind(std::int64_t{stopped})
      .bind(id)
      .execute();
}

bool Store::is_stopped(const std::string& id) {
  Statement row(database_, "SELECT stopped FROM containers WHERE id = ?");
  row.bind(id);
  return row.step() && row.number(0) != 0;
}

void Store::remember_exit(const std::string& id, int code) {
  const std::int64_t now = to_nanoseconds(std::chrono::system_clock::now());
  constexpr std::int64_t kHour = 3'600'000'000'000;
  Statement(database_, "DELETE FROM exits WHERE time < ?").bind(now - kHour).execute();
  Statement(database_, "INSERT OR REPLACE INTO exits VALUES (?, ?, ?)")
      .bind(id)
      .bind(std::int64_t{code})
      .bind(now)
      .execute();
}

std::optional<int> Store::remembered_exit(const std::string& id) {
  Statement row(database_, "SELECT code FROM exits WHERE id = ?");
  row.bind(id);
  if (!row.step()) return std::nullopt;
  return static_cast<int>(row.number(0));
}

void Store::use_volume(const std::string& volume, const std::string& container) {
  Statement(database_, "INSERT OR IGNORE INTO volume_users VALUES (?, ?)")
      .bind(volume)
      .bind(container)
      .execute();
}

std::vector<std::string> Store::users_of_volume(const std::string& volume) {
  Statement rows(database_, "SELECT container FROM volume_users WHERE volume = ?");
  rows.bind(volume);
  std::vector<std::string> users;
  while (rows.step()) users.push_back(rows.text(0));
  return users;
}

void Store::insert(const NetworkRecord& network) {
  Statement(database_, "INSERT INTO networks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(network.id)
      .bind(network.name)
      .bind(network.driver)
      .bind(to_nanoseconds(network.created))
      .bind(std::int64_t{network.internal})
      .bind(network.subnet)
      .bind(network.ip_range)
      .bind(network.gateway)
      .bind(dump(network.options))
      .bind(dump(network.labels))
      .bind(std::int64_t{network.predefined})
      .execute();
}

void Store::save(const NetworkRecord& network) {
  Statement(database_, "UPDATE networks SET subnet = ?, gateway = ? WHERE id = ?")
      .bind(network.subnet)
      .bind(network.gateway)
      .bind(network.id)
      .execute();
}

void Store::erase_network(const std::string& id) {
  Statement(database_, "DELETE FROM networks WHERE id = ?").bind(id).execute();
}

std::vector<NetworkRecord> Store::networks() {
  Statement rows(database_, "SELECT * FROM networks ORDER BY predefined DESC, created, name");
  std::vector<NetworkRecord> networks;
  while (rows.step()) {
    networks.push_back({.id = rows.text(0),
                        .name = rows.text(1),
                        .driver = rows.text(2),
                        .created = from_nanoseconds(rows.number(3)),
                        .internal = rows.number(4) != 0,
                        .subnet = rows.text(5),
                        .ip_range = rows.text(6),
                        .gateway = rows.text(7),
                        .options = Json::parse(rows.text(8)),
                        .labels = Json::parse(rows.text(9)),
                        .predefined = rows.number(10) != 0});
  }
  return networks;
}

NetworkRecord Store::network(const std::string& text) {
  std::vector<NetworkRecord> matches;
  for (NetworkRecord& network : networks()) {
    if (network.id == text || network.name == text) return network;
    if (is_hex(text) && network.id.starts_with(text)) matches.push_back(std::move(network));
  }
  if (matches.size() == 1) return matches.front();
  if (matches.empty()) throw error(Kind::kNotFound, "network {} not found", text);
  throw error(Kind::kInvalidArgument, "network {} is ambiguous: {} ids begin so", text,
              matches.size());
}

void Store::save(const EndpointRecord& endpoint) {
  Statement(database_,
            "INSERT INTO endpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (container, network) DO UPDATE SET aliases = excluded.aliases, "
            "wanted_ip = excluded.wanted_ip, wanted_mac = excluded.wanted_mac, ip = excluded.ip, "
            "prefix = excluded.prefix, gateway = excluded.gateway, mac = excluded.mac, "
            "interface = excluded.interface, host_link = excluded.host_link, "
            "ports = excluded.ports")
      .bind(endpoint.container)
      .bind(endpoint.network)
      .bind(dump(endpoint.aliases))
      .bind(endpoint.wanted_ip)
      .bind(endpoint.wanted_mac)
      .bind(endpoint.ip)
      .bind(std::int64_t{endpoint.prefix})
      .bind(endpoint.gateway)
      .bind(endpoint.mac)
      .bind(endpoint.interface)
      .bind(endpoint.host_link)
      .bind(print_ports(endpoint.ports))
      .execute();
}

void Store::erase_endpoint(const std::string& container, const std::string& network) {
  Statement(database_, "DELETE FROM endpoints WHERE container = ? AND network = ?")
      .bind(container)
      .bind(network)
      .execute();
}

// Without parsing each one's request: a label that reads like the mode costs its reader time alone.
bool Store::some_joined_a_network() {
  Statement row(database_,
                "SELECT 1 FROM containers WHERE phase = ? AND "
                "instr(request, '\"NetworkMode\":\"container:') > 0 LIMIT 1");
  row.bind(phase_text(Phase::kRunning));
  return row.step();
}

void Store::release_leases(const std::string& container) {
  Statement(database_,
            "UPDATE endpoints SET ip = '', prefix = 0, gateway = '', mac = '', interface = '', "
            "host_link = '', ports = ? WHERE container = ? AND ip <> ''")
      .bind(print_ports({}))
      .bind(container)
      .execute();
}

std::vector<EndpointRecord> Store::endpoints_of(const std::string& container) {
  Statement rows(database_,
                 std::string(kEndpointColumns) + "WHERE e.container = ? ORDER BY e.rowid");
  rows.bind(container);
  return read_endpoints(rows);
}

std::vector<EndpointRecord> Store::endpoints_in(const std::string& network) {
  Statement rows(database_, std::string(kEndpointColumns) + "WHERE e.network = ?");
  rows.bind(network);
  return read_endpoints(rows);
}

std::vector<std::string> Store::leases_in(const std::string& network) {
  Statement rows(database_, "SELECT ip FROM endpoints WHERE network = ? AND ip <> ''");
  rows.bind(network);
  std::vector<std::string> addresses;
  while (rows.step()) addresses.push_back(rows.text(0));
  return addresses;
}

void Store::add_event(const Event& event) {
  // Enough for who looks back; not many more, because nobody else takes them away.
  constexpr std::int64_t kKept = 4096;
  constexpr std::int64_t kSlack = 256;
  Statement(database_,
            "INSERT INTO events (time, type, action, actor, attributes) VALUES (?, ?, ?, ?, ?)")
      .bind(to_nanoseconds(event.time))
      .bind(event.type)
      .bind(event.action)
      .bind(event.actor_id)
      .bind(dump(event.attributes))
      .execute();
  if (database_.last_row() % kSlack != 0) return;
  Statement(database_,
            "DELETE FROM events WHERE sequence <= (SELECT max(sequence) FROM events) - ?")
      .bind(kKept)
      .execute();
}

std::vector<Event> Store::events_after(std::int64_t sequence) {
  Statement rows(database_,
                 "SELECT sequence, time, type, action, actor, attributes FROM events "
                 "WHERE sequence > ? ORDER BY sequence");
  rows.bind(sequence);
  std::vector<Event> events;
  while (rows.step()) {
    events.push_back({.sequence = rows.number(0),
                      .type = rows.text(2),
                      .action = rows.text(3),
                      .actor_id = rows.text(4),
                      .attributes = Json::parse(rows.text(5)),
                      .time = from_nanoseconds(rows.number(1))});
  }
  return events;
}

}  // namespace seatrial::core
