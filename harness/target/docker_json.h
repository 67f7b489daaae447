// Reading a daemon's answers. For the files of DockerClient alone: it brings the JSON library.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace seatrial::harness {

inline nlohmann::json parsed(const std::string& body, std::string_view doing) {
  nlohmann::json document = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) {
    throw error(Kind::kUnavailable, "{}: the daemon answered no JSON: {}", doing,
                body.substr(0, 200));
  }
  return document;
}

// A string member of an answer that must have it.
inline std::string member(const std::string& body, const char* name, std::string_view doing) {
  const nlohmann::json document = parsed(body, doing);
  if (!document.is_object() || !document.contains(name) || !document[name].is_string()) {
    throw error(Kind::kUnavailable, "{}: the daemon's answer lacks {}: {}", doing, name,
                body.substr(0, 200));
  }
  return document[name].get<std::string>();
}

}  // namespace seatrial::harness
