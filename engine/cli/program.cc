#include "engine/cli/program.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/cli/output.h"
#include "engine/cli/verbs.h"

namespace seatrial::engine_cli {
namespace {

constexpr int kRefused = 1;
constexpr int kRunRefused = 125;

constexpr VerbFunction kFunctions[] = {
    {"create", create},
    {"run", run},
    {"start", start},
    {"attach", attach},
    {"stop", stop},
    {"restart", restart},
    {"kill", kill},
    {"pause", pause},
    {"unpause", unpause},
    {"wait", wait},
    {"rm", rm},
    {"rename", rename},
    {"update", update},
    {"ps", ps},
    {"logs", logs},
    {"exec", exec},
    {"inspect", inspect},
    {"top", top},
    {"stats", stats},
    {"port", port},
    {"diff", diff},
    {"cp", copy},
    {"export", export_container},
    {"commit", commit},
    {"container inspect", inspect_containers},
    {"container prune", prune_containers},
    {"images", images},
    {"pull", pull},
    {"push", push},
    {"load", load},
    {"save", save},
    {"import", import},
    {"tag", tag},
    {"rmi", rmi},
    {"history", history},
    {"image inspect", inspect_images},
    {"image prune", prune_images},
    {"volume create", create_volume},
    {"volume ls", list_volumes},
    {"volume inspect", inspect_volumes},
    {"volume rm", remove_volumes},
    {"volume prune", prune_volumes},
    {"network create", create_network},
    {"network ls", list_networks},
    {"network inspect", inspect_networks},
    {"network rm", remove_networks},
    {"network connect", connect_network},
    {"network disconnect", disconnect_network},
    {"network prune", prune_networks},
    {"events", events},
    {"info", info},
    {"system df", disk_usage},
    {"system prune", prune_system},
    {"system info", info},
    {"system events", events},
    {"recover", recover},
    {"settle", settle},
};

bool starts_programs(const Verb& verb) {
  const std::string_view name = verb.function();
  return name == "run" || name == "create" || name == "exec";
}

// Docker's statuses for a program that cannot be run (126) or is not there (127).
int status_of(const Verb& verb, const Error& failure) {
  if (!starts_programs(verb)) return kRefused;
  if (verb.function() == "create")
    return failure.kind() == Kind::kInvalidArgument ? kRunRefused : kRefused;
  const std::string_view text = failure.what();
  if (text.find("exec") == text.npos) return verb.function() == "exec" ? kRefused : kRunRefused;
  if (failure.sys_errno() == ENOENT || text.find("ENOENT") != text.npos) return 127;
  if (failure.sys_errno() == EACCES || text.find("EACCES") != text.npos) return 126;
  return verb.function() == "exec" ? kRefused : 126;
}

int call_verb(const CommandLine& line, std::span<const VerbFunction> further) {
  for (const auto& functions : {std::span<const VerbFunction>(kFunctions), further}) {
    for (const VerbFunction& each : functions) {
      if (each.name != line.verb->function()) continue;
      Call call(line);
      return each.function(call);
    }
  }
  throw error(Kind::kInternal, "verb {} has no function", line.verb->name);
}

}  // namespace

core::EngineOptions engine_options(const GivenOptions& globals) {
  const auto directory = [&](std::string_view option, const char* variable,
                             const std::filesystem::path& otherwise) {
    if (const auto given = globals.get(option)) return std::filesystem::absolute(*given);
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? std::filesystem::absolute(value) : otherwise;
  };
  core::EngineOptions options;
  options.root = directory("root", "SEATRIAL_ROOT", options.root);
  options.run = directory("run", "SEATRIAL_RUN", options.run);
  options.insecure_registries = globals.all("insecure-registry");
  options.exit_command = {std::filesystem::read_symlink("/proc/self/exe"),
                          "--root",
                          options.root,
                          "--run",
                          options.run,
                          "settle"};
  return options;
}

core::Engine& Call::engine() {
  if (!engine_) {
    engine_.emplace(engine_options(line_.globals));
    engine_->on_warning([](std::string_view text) { fmt::print(stderr, "WARNING: {}\n", text); });
  }
  return *engine_;
}

void complain(std::string_view sentence) {
  fmt::print(stderr, "seatrial: {}\n", for_users(sentence));
}

int for_each_argument(Call& call, const std::function<void(const std::string&)>& act, bool print) {
  int status = 0;
  for (const std::string& argument : call.arguments()) {
    try {
      act(argument);
      if (print) print_out(argument + "\n");
    } catch (const Error& failure) {
      complain(failure.what());
      status = kRefused;
    }
  }
  return status;
}

bool confirmed(const GivenOptions& options, std::string_view warning) {
  if (options.on("force") || ::isatty(STDIN_FILENO) == 0) return true;
  fmt::print("WARNING! {}\nAre you sure you want to continue? [y/N] ", warning);
  std::fflush(stdout);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

std::optional<int> run_program(std::span<const std::string_view> words,
                               std::span<const VerbFunction> further) {
  CommandLine line;
  try {
    line = parse_command_line(words);
  } catch (const Error& failure) {
    complain(failure.what());
    return kRunRefused;
  }
  if (line.verb == nullptr) {
    std::size_t at = 0;
    while (at < words.size() && words[at].starts_with("--")) {
      at += words[at].find('=') == words[at].npos ? 2 : 1;
    }
    if (at >= words.size() || !is_group(words[at])) return std::nullopt;
    const bool asked = at + 1 == words.size() || words[at + 1].starts_with("-");
    if (!asked) complain(fmt::format("unknown verb: {} {}", words[at], words[at + 1]));
    fmt::print(asked ? stdout : stderr, "{}", group_help(words[at]));
    return asked ? 0 : kRefused;
  }
  if (line.help) {
    fmt::print("{}", help_text(*line.verb));
    return 0;
  }
  try {
    check_argument_count(line);
  } catch (const Error& failure) {
    complain(failure.what());
    return kRefused;
  }
  try {
    return call_verb(line, further);
  } catch (const Error& failure) {
    complain(failure.what());
    return status_of(*line.verb, failure);
  } catch (const std::exception& failure) {
    complain(failure.what());
    return starts_programs(*line.verb) ? kRunRefused : kRefused;
  }
}

}  // namespace seatrial::engine_cli
