// Parts of a seccomp document that linux.seccomp of config.json and Docker's profile files share.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/spec/config.h"
#include "engine/spec/json_reader.h"

namespace seatrial::spec {

SeccompAction read_seccomp_action(const Reader& object, std::string_view key);

// Refuses an error number for an action that has none, or beyond what the kernel hands over.
std::optional<std::uint16_t> read_seccomp_errno(const Reader& object, std::string_view key,
                                                SeccompAction action);

std::vector<SeccompArgument> read_seccomp_arguments(const Reader& rule);

std::uint32_t read_seccomp_flags(const Reader& seccomp);

}  // namespace seatrial::spec
