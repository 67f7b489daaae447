// ContainerRequest as JSON and back: the body of POST /containers/create, in Docker's field names.
// The database keeps requests in this form, inspect shows parts of it, and the REST API reads it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/core/container_types.h"

namespace seatrial::core {

// Throws Error{kInvalidArgument} for a field of the wrong type. Also takes HostConfig.Binds and
// HostConfig.Tmpfs, which print_request() writes as Mounts.
ContainerRequest parse_request(std::string_view json);
std::string print_request(const ContainerRequest& request);

// The three parts of it: what the program is, what it may use, what it joins.
nlohmann::json config_json(const ContainerRequest& request);
nlohmann::json host_config_json(const ContainerRequest& request);
nlohmann::json networks_json(const ContainerRequest& request);

// {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
nlohmann::json ports_json(const std::vector<PortBinding>& ports);

// "80/tcp" -> 80, "tcp"; "tcp" when there is no slash. Throws Error{kInvalidArgument} naming it.
PortBinding parse_port(std::string_view text);
// 80, "tcp" -> "80/tcp"
std::string port_text(const PortBinding& port);

}  // namespace seatrial::core
