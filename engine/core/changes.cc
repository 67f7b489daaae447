#include "engine/core/changes.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/base/error.h"
#include "engine/core/compose_config.h"
#include "engine/core/dockerfile_words.h"
#include "engine/core/request_json.h"

namespace seatrial::core {
namespace {

using Env = std::vector<std::string>;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// ["a", "b"], or words for a shell.
std::vector<std::string> command(std::string_view text) {
  if (text.starts_with('[')) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_array()) return json.get<std::vector<std::string>>();
  }
  return {"/bin/sh", "-c", std::string(text)};
}

// A word ends at a blank that is neither quoted nor escaped.
std::string_view take_word(std::string_view& text) {
  char quote = '\0';
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && quote != '\'') {
      ++at;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == ' ' || c == '\t') {
      break;
    }
  }
  const std::string_view word = text.substr(0, at);
  text = trimmed(text.substr(word.size()));
  return word;
}

std::vector<std::string> words(std::string_view text, const Env& env) {
  std::vector<std::string> result;
  if (text.starts_with('[')) {
    for (const std::string& word : command(text)) result.push_back(said(word, env));
    return result;
  }
  while (!text.empty()) result.push_back(said(take_word(text), env));
  return result;
}

// K=V K2="V 2", or the old form K V, where all that follows K is the value.
std::vector<std::pair<std::string, std::string>> pairs(std::string_view text, const Env& env) {
  std::vector<std::pair<std::string, std::string>> result;
  std::string_view rest = text;
  if (const std::string_view first = take_word(rest); first.find('=') == first.npos) {
    return {{said(first, env), said(rest, env)}};
  }
  while (!text.empty()) {
    const std::string_view word = take_word(text);
    const std::size_t equals = word.find('=');
    if (equals == word.npos) {
      throw error(Kind::kInvalidArgument, "\"{}\" is not of the form key=value", word);
    }
    result.emplace_back(said(word.substr(0, equals), env), said(word.substr(equals + 1), env));
  }
  return result;
}

}  // namespace

void apply_change(std::string_view instruction, spec::RunConfig& config) {
  instruction = trimmed(instruction);
  const std::size_t blank = std::min(instruction.find_first_of(" \t"), instruction.size());
  std::string verb(instruction.substr(0, blank));
  std::transform(verb.begin(), verb.end(), verb.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const std::string_view rest = trimmed(instruction.substr(blank));
  if (rest.empty()) {
    throw error(Kind::kInvalidArgument, "change \"{}\": it says nothing", instruction);
  }
  if (verb == "CMD") {
    config.cmd = command(rest);
  } else if (verb == "ENTRYPOINT") {
    config.entrypoint = command(rest);
  } else if (verb == "ENV") {
    // Variables of one instruction do not see each other, as with docker.
    for (const auto& [key, value] : pairs(rest, config.env)) {
      config.env = merge_env(std::move(config.env), {key + "=" + value});
    }
  } else if (verb == "LABEL") {
    for (const auto& [key, value] : pairs(rest, config.env)) config.labels[key] = value;
  } else if (verb == "EXPOSE") {
    for (const std::string& port : words(rest, config.env)) {
      config.exposed_ports.insert(port_text(parse_port(port)));
    }
  } else if (verb == "VOLUME") {
    for (const std::string& path : words(rest, config.env)) config.volumes.insert(path);
  } else if (verb == "USER") {
    config.user = said(rest, config.env);
  } else if (verb == "WORKDIR") {
    config.working_dir = said(rest, config.env);
  } else if (verb == "STOPSIGNAL") {
    config.stop_signal = said(rest, config.env);
  } else if (verb == "ONBUILD") {
    config.on_build.emplace_back(rest);
  } else {
    throw error(Kind::kInvalidArgument, "{} is not a valid change command", verb);
  }
}

void take_request(const ContainerRequest& request, spec::RunConfig& config) {
  config.entrypoint = request.entrypoint.value_or(std::vector<std::string>{});
  config.cmd = request.cmd;
  config.env = request.env;
  config.user = request.user;
  config.working_dir = request.working_dir;
  config.labels = request.labels;
  config.stop_signal = request.stop_signal;
  config.exposed_ports.insert(request.exposed_ports.begin(), request.exposed_ports.end());
}

bool reference_matches(const std::string& name, const std::string& pattern) {
  if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0) return true;
  // The tag's colon is the last one behind the last slash.
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos || name.find('/', colon) != std::string::npos) return false;
  return ::fnmatch(pattern.c_str(), name.substr(0, colon).c_str(), FNM_PATHNAME) == 0;
}

}  // namespace seatrial::core
