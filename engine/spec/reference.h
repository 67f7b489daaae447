// Image names as users write them, by the grammar of the distribution project, with docker's
// shorthands: no registry means docker.io, one component there means library/NAME.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/spec/digest.h"

namespace seatrial::spec {

inline constexpr std::string_view kDefaultRegistry = "docker.io";

struct Reference {
  std::string registry = {};    // "docker.io" when none was written
  std::string repository = {};  // "library/busybox"
  std::string tag = {};         // "latest" when neither tag nor digest was written
  std::optional<Digest> digest = {};

  // As docker prints it: "busybox:latest", "localhost:5000/a@sha256:...".
  std::string familiar() const;
  // "busybox", without tag and digest.
  std::string familiar_name() const;
  // In full: "docker.io/library/busybox:latest".
  std::string canonical() const;

  friend bool operator==(const Reference&, const Reference&) = default;
};

// Throws Error{kInvalidArgument}: one sentence with the text and what is wrong with it.
Reference parse_reference(std::string_view text);

}  // namespace seatrial::spec
