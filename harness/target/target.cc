#include "harness/target/target.h"

#include <unistd.h>

#include <cstdlib>

#include "engine/base/error.h"
#include "harness/target/oci_target.h"
#include "harness/target/sandbox.h"
#ifdef SEATRIAL_HAS_REFERENCE
#include "harness/target/reference_target.h"
#endif

namespace seatrial::harness {
namespace {

constexpr std::string_view kForms =
    "\"reference\", \"oci:NAME\", \"oci:PATH\" or \"docker:SOCKET\"";
constexpr std::string_view kModes = "one of +sandboxed, +userns and +rootless may end a target";

// For a name with a plus in it that is no program's.
std::string hint_at_modes(const std::string& name) {
  const std::size_t plus = name.rfind('+');
  if (plus == std::string::npos || name.find('/', plus) != std::string::npos) return {};
  return fmt::format(", nor is {} a mode: {}", name.substr(plus), kModes);
}

std::filesystem::path look_up(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : path;
  while (!rest.empty()) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
    const std::filesystem::path candidate = std::filesystem::path(directory) / name;
    if (::access(candidate.c_str(), X_OK) == 0) return std::filesystem::absolute(candidate);
  }
  throw error(Kind::kNotFound, "target oci:{}: no program of that name is in PATH{}", name,
              hint_at_modes(name));
}

std::filesystem::path program_of(std::string_view spec, const std::string& name) {
  if (name.empty()) {
    throw error(Kind::kInvalidArgument,
                "target \"{}\" names no program: write oci:runc or "
                "oci:/usr/sbin/runc",
                spec);
  }
  if (name.find('/') == std::string::npos) return look_up(name);
  if (::access(name.c_str(), X_OK) != 0 || std::filesystem::is_directory(name)) {
    throw error(Kind::kNotFound, "target {}: {} is no program that can be executed{}", spec, name,
                hint_at_modes(name));
  }
  return std::filesystem::absolute(name);
}

TargetSpec parse_bare(std::string_view spec) {
  if (spec == "reference") return {};
  if (spec.starts_with("reference+")) {
    throw error(Kind::kInvalidArgument, "target \"{}\": {} is no mode: {}", spec,
                spec.substr(spec.find('+')), kModes);
  }
  const std::size_t colon = spec.find(':');
  const std::string_view form = spec.substr(0, colon);
  if (form == "docker" && colon != std::string_view::npos) {
    const std::filesystem::path socket = spec.substr(colon + 1);
    if (!std::filesystem::is_socket(socket)) {
      throw error(Kind::kNotFound, "target {}: {} is no socket", spec, socket.native());
    }
    return {.form = TargetSpec::Form::kDocker, .program = std::filesystem::absolute(socket)};
  }
  if (form == "registry") {
    throw error(
        Kind::kInvalidArgument,
        "target \"{}\": {}: targets are for other suites than those of runtimes, which take {}",
        spec, form, kForms);
  }
  if (colon == std::string_view::npos || form != "oci") {
    throw error(Kind::kInvalidArgument, "target \"{}\" is none of {}", spec, kForms);
  }
  return {.form = TargetSpec::Form::kOci,
          .program = program_of(spec, std::string(spec.substr(colon + 1)))};
}

}  // namespace

TargetSpec parse_target(std::string_view spec) {
  const ModalSpec outer = split_mode(spec);
  const ModalSpec inner = split_mode(outer.bare);
  if (inner.mode != Mode::kRoot) {
    throw error(Kind::kInvalidArgument, "target \"{}\" names two modes, {} and {}: {}", spec,
                suffix_of(inner.mode), suffix_of(outer.mode), kModes);
  }
  TargetSpec parsed = parse_bare(outer.bare);
  if (parsed.form == TargetSpec::Form::kDocker && outer.mode != Mode::kRoot) {
    throw error(Kind::kInvalidArgument, "target \"{}\": {} is for runtimes, not for an engine",
                spec, suffix_of(outer.mode));
  }
  parsed.mode = outer.mode;
  return parsed;
}

namespace {

std::unique_ptr<Target> make_bare(const TargetSpec& parsed, std::string_view spec,
                                  const std::filesystem::path& state_root,
                                  const TargetInfo* known) {
  if (parsed.form == TargetSpec::Form::kOci) {
    return std::make_unique<OciTarget>(
        parsed.program, state_root, known != nullptr ? *known : ask_version(spec, parsed.program));
  }
  if (parsed.form == TargetSpec::Form::kDocker) {
    throw error(Kind::kUnsupported,
                "target {}: an engine has no verbs of the runtime specification", spec);
  }
#ifdef SEATRIAL_HAS_REFERENCE
  return std::make_unique<ReferenceTarget>(state_root);
#else
  throw error(Kind::kUnsupported, "this build has no reference engine");
#endif
}

}  // namespace

std::unique_ptr<Target> make_target(std::string_view spec, const std::filesystem::path& state_root,
                                    const TargetInfo* known) {
  const TargetSpec parsed = parse_target(spec);
  if (parsed.mode != Mode::kSandboxed) return make_bare(parsed, spec, state_root, known);
  refuse_newer_calls();
  std::unique_ptr<Target> bare = make_bare(parsed, spec, state_root, known);
  // While it is described, a refusal is what it is: a feature that is missing.
  return known == nullptr ? std::move(bare) : sandboxed(std::move(bare));
}

}  // namespace seatrial::harness
