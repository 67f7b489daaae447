// The engine's records: containers, endpoints, networks, events. Rows in, structs out; no rules.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/database.h"
#include "engine/core/record.h"

namespace seatrial::core {

class Store {
 public:
  // Opens or makes FILE and brings its schema up to date. Throws Error{kUnsupported} for one that a
  // later version wrote.
  explicit Store(const std::filesystem::path& file);

  Database& database() { return database_; }

  // --- containers; insert and erase are for the caller's transaction --------------------------
  void insert(const ContainerRecord& record);
  void save(const ContainerRecord& record);  // everything but id, created and image
  void erase(const std::string& id);
  std::optional<ContainerRecord> container(const std::string& id);
  std::vector<ContainerRecord> containers();  // the newest first
  // The id for a name, an id or an unambiguous prefix. Throws Error{kNotFound} "No such container:
  // X", kInvalidArgument for an ambiguous prefix.
  std::string container_id(const std::string& text);
  std::optional<std::string> id_of_name(const std::string& name);

  // Whether a user has told the container to stop since a user started it. Not part of the record:
  // who tells it so has no lock, and must not be forgotten by who saves the record meanwhile.
  void set_stopped(const std::string& id, bool stopped);
  bool is_stopped(const std::string& id);

  // How a container that is gone, or was started again, had ended: for those who wait for it.
  void remember_exit(const std::string& id, int code);
  std::optional<int> remembered_exit(const std::string& id);

  // --- volumes --------------------------------------------------------------------------------
  void use_volume(const std::string& volume, const std::string& container);
  std::vector<std::string> users_of_volume(const std::string& volume);  // container ids

  // --- networks -------------------------------------------------------------------------------
  void insert(const NetworkRecord& network);
  void save(const NetworkRecord& network);
  void erase_network(const std::string& id);
  std::vector<NetworkRecord> networks();
  // By name, id or prefix. Throws Error{kNotFound} "network X not found".
  NetworkRecord network(const std::string& text);

  void save(const EndpointRecord& endpoint);  // inserts or replaces
  void erase_endpoint(const std::string& container, const std::string& network);
  // Whether a running container is in the network namespace of another.
  bool some_joined_a_network();
  // The container's addresses, and all that goes with them, are free again.
  void release_leases(const std::string& container);
  std::vector<EndpointRecord> endpoints_of(const std::string& container);
  std::vector<EndpointRecord> endpoints_in(const std::string& network);
  // The addresses that its endpoints have.
  std::vector<std::string> leases_in(const std::string& network);

  // --- events ---------------------------------------------------------------------------------
  void add_event(const Event& event);
  std::vector<Event> events_after(std::int64_t sequence);

 private:
  Database database_;
};

}  // namespace seatrial::core
