// The `hooks` object.
#include "engine/spec/names.h"
#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

Hook parse_hook(const Reader& hook) {
  Hook result;
  result.path = hook.require("path", "an absolute path").absolute_path();
  result.args = hook.strings_or_none("args");
  if (const auto env = hook.find("env")) result.env = env->environment();
  if (const auto timeout = hook.optional_integer<std::int32_t>("timeout", 1)) {
    result.timeout = std::chrono::seconds(*timeout);
  }
  return result;
}

std::vector<Hook> parse_kind(const Reader& hooks, std::string_view kind) {
  std::vector<Hook> result;
  const auto list = hooks.find(kind);
  if (!list) return result;
  for (const Reader& hook : list->elements()) result.push_back(parse_hook(hook));
  return result;
}

}  // namespace

Hooks parse_hooks(const Reader& hooks) {
  Hooks result;
  for (const HookKind& kind : hook_kinds()) result.*kind.hooks = parse_kind(hooks, kind.name);
  return result;
}

}  // namespace seatrial::spec
