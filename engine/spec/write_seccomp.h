// linux.seccomp as JSON, for who writes a config.json.
#pragma once

#include "engine/spec/config.h"
#include "engine/spec/json_writer.h"

namespace seatrial::spec {

// The value of linux.seccomp, an object; parse_config() reads the same from it.
void write_seccomp(JsonWriter& json, const Seccomp& seccomp);

// The names that parse_config() knows them by.
std::string_view to_string(SeccompAction action);
std::string_view to_string(SeccompOperator op);
std::vector<std::string_view> seccomp_flag_names(std::uint32_t flags);

}  // namespace seatrial::spec
