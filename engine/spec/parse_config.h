// From JSON text to validated data. Pure: reads no file, makes no system call. What leaves here
// was validated; nothing below checks it again.
#pragma once

#include <string>
#include <string_view>

#include "engine/spec/config.h"
#include "engine/spec/known_seccomp.h"

namespace seatrial::spec {

// What a document's meaning depends on beside its text.
struct ParseContext {
  std::string bundle;  // absolute path; relative sources of bind mounts are relative to it
  KnownSeccomp* known_seccomp = nullptr;  // the meaning is the same with and without
};

// Parses and validates a config.json for Linux. Properties that the specification does not know
// are ignored. Throws Error{kInvalidArgument}: one sentence naming the JSON path, what is there,
// and what would be right; for broken JSON its line and column.
Config parse_config(std::string_view json, const ParseContext& context);

// The `process` object by itself, as exec --process reads it: args are required. Throws as above,
// and Error{kUnsupported} for a property that this build cannot do yet.
Process parse_process(std::string_view json);

// The `linux.resources` object by itself, as update --resources reads it: null, as a null
// member, says nothing. Throws as above.
Resources parse_resources(std::string_view json);

// The `linux.intelRdt` object by itself. Throws as above.
IntelRdt parse_intel_rdt(std::string_view json);

}  // namespace seatrial::spec
