// inspect: the engine's documents, whole or through a template.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/cli/output.h"
#include "engine/cli/template.h"
#include "engine/cli/verbs.h"

namespace seatrial::engine_cli {
namespace {

using Look = std::string (core::Engine::*)(const std::string&);

struct Type {
  std::string_view name;
  Look look;
};

constexpr Type kTypes[] = {{"container", &core::Engine::inspect_json},
                           {"image", &core::Engine::inspect_image_json},
                           {"network", &core::Engine::inspect_network_json},
                           {"volume", &core::Engine::inspect_volume_json}};

// The first type that knows the name, as docker looks.
std::string look_everywhere(core::Engine& engine, const std::string& name, std::string_view only) {
  for (const Type& type : kTypes) {
    if (!only.empty() && type.name != only) continue;
    try {
      return (engine.*type.look)(name);
    } catch (const Error& failure) {
      if (failure.kind() != Kind::kNotFound || !only.empty()) throw;
    }
  }
  throw error(Kind::kNotFound, "No such object: {}", name);
}

// What was found is printed although another was not.
int inspect_as(Call& call, std::string_view only) {
  const std::string format = unescaped(call.options().text("format"));
  nlohmann::json found = nlohmann::json::array();
  std::string text;
  const int status = for_each_argument(
      call,
      [&](const std::string& name) {
        auto document = nlohmann::json::parse(look_everywhere(call.engine(), name, only));
        if (format.empty() || format == "json") {
          found.push_back(std::move(document));
        } else {
          text += render(format, document) + "\n";
        }
      },
      false);
  if (format.empty()) text = found.dump(4) + "\n";
  if (format == "json") text = found.dump() + "\n";
  print_out(text);
  return status;
}

}  // namespace

int inspect(Call& call) {
  const std::string only = call.options().text("type");
  const bool known =
      only.empty() || std::any_of(std::begin(kTypes), std::end(kTypes),
                                  [&](const Type& type) { return type.name == only; });
  if (!known) throw error(Kind::kInvalidArgument, "\"{}\" is not a valid value for --type", only);
  return inspect_as(call, only);
}

int inspect_containers(Call& call) {
  return inspect_as(call, "container");
}
int inspect_images(Call& call) {
  return inspect_as(call, "image");
}
int inspect_volumes(Call& call) {
  return inspect_as(call, "volume");
}
int inspect_networks(Call& call) {
  return inspect_as(call, "network");
}

}  // namespace seatrial::engine_cli
