// Command lines in tests, and what refuses them.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/cli/container_request.h"

namespace seatrial::engine_cli {

// "run -it busybox sh" at its spaces. The words live as long as the program: a CommandLine points
// into them.
inline std::vector<std::string_view> words_of(const std::string& text) {
  static std::vector<std::unique_ptr<std::string>> kept;
  kept.push_back(std::make_unique<std::string>(text));
  std::string_view rest = *kept.back();
  std::vector<std::string_view> words;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

inline CommandLine line_of(const std::string& text) {
  return parse_command_line(words_of(text));
}

inline Surroundings fake_surroundings() {
  return {.variable = [](const std::string& name) -> std::optional<std::string> {
            if (name == "HOME") return "/home/ann";
            return std::nullopt;
          },
          .file = [](const std::string& path) -> std::string {
            if (path == "env") return "# a comment\nA=1\n  B=two words\nHOME\nGONE\n\n";
            if (path == "bad") return "A B=1\n";
            throw error(Kind::kNotFound, "open {}: no such file or directory", path);
          },
          .directory = "/site"};
}

inline RunRequest run_of(const std::string& text) {
  return parse_run(line_of(text), fake_surroundings());
}

template <typename Act>
std::string refusal_of(Act act) {
  try {
    act();
  } catch (const Error& failure) {
    return failure.what();
  }
  return "(it was taken)";
}

}  // namespace seatrial::engine_cli
