// stop, kill, rm and the like: one call of the engine for each container named.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cli/output.h"
#include "engine/cli/verbs.h"

namespace seatrial::engine_cli {
namespace {

std::optional<std::chrono::seconds> time_option(const GivenOptions& options) {
  const auto given = options.has("timeout") ? options.number("timeout") : options.number("time");
  if (!given) return std::nullopt;
  return std::chrono::seconds(*given);
}

}  // namespace

int stop(Call& call) {
  const auto timeout = time_option(call.options());
  return for_each_argument(call,
                           [&](const std::string& name) { call.engine().stop(name, timeout); });
}

int restart(Call& call) {
  const auto timeout = time_option(call.options());
  return for_each_argument(call,
                           [&](const std::string& name) { call.engine().restart(name, timeout); });
}

int kill(Call& call) {
  const int signal = parse_signal(call.options().get("signal").value_or("KILL"));
  return for_each_argument(call,
                           [&](const std::string& name) { call.engine().kill(name, signal); });
}

int pause(Call& call) {
  return for_each_argument(call, [&](const std::string& name) { call.engine().pause(name); });
}

int unpause(Call& call) {
  return for_each_argument(call, [&](const std::string& name) { call.engine().unpause(name); });
}

int wait(Call& call) {
  return for_each_argument(
      call,
      [&](const std::string& name) {
        print_out(fmt::format("{}\n", call.engine().wait(name).value_or(0)));
      },
      false);
}

int rm(Call& call) {
  const bool force = call.options().on("force");
  const bool volumes = call.options().on("volumes");
  return for_each_argument(call, [&](const std::string& name) {
    try {
      call.engine().remove(name, force, volumes);
    } catch (const Error& failure) {
      // With --force, docker only says so.
      if (!force || failure.kind() != Kind::kNotFound) throw;
      complain(failure.what());
    }
  });
}

int rename(Call& call) {
  call.engine().rename(call.argument(0), call.argument(1));
  return 0;
}

int update(Call& call) {
  const core::ResourceLimits limits = parse_limits(call.options());
  std::optional<core::RestartPolicy> policy;
  if (const auto text = call.options().get("restart")) policy = parse_restart_policy(*text);
  return for_each_argument(
      call, [&](const std::string& name) { call.engine().update(name, limits, policy); });
}

int prune_containers(Call& call) {
  if (!confirmed(call.options(), "This will remove all stopped containers.")) return 0;
  print_pruned("Deleted Containers:", call.engine().prune_containers(prune_filters(call)));
  return 0;
}

int commit(Call& call) {
  const std::string id =
      call.engine().commit({.container = call.argument(0),
                            .reference = call.arguments().size() > 1 ? call.argument(1) : "",
                            .author = call.options().text("author"),
                            .comment = call.options().text("message"),
                            .changes = call.options().all("change"),
                            .pause = call.options().on("pause", true)});
  print_out(id + "\n");
  return 0;
}

int export_container(Call& call) {
  const std::string path = call.options().text("output");
  UniqueFd file;
  if (!path.empty()) file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file && ::isatty(STDOUT_FILENO) != 0) {
    throw error(Kind::kInvalidArgument,
                "cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  call.engine().export_tree(call.argument(0), file ? file.get() : STDOUT_FILENO);
  return 0;
}

// What a monitor calls, and what waits for the time of a restart. A container that is gone has been
// settled.
int settle(Call& call) {
  try {
    call.engine().settle(call.argument(0));
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
  }
  return 0;
}

core::Filters prune_filters(const Call& call) {
  return parse_prune_filters(call.options().all("filter"), std::chrono::system_clock::now());
}

void print_pruned(std::string_view title, const core::PruneResult& result) {
  std::string text;
  if (!result.deleted.empty()) {
    text = fmt::format("{}\n", title);
    for (const std::string& each : result.deleted) text += each + "\n";
    text += "\n";
  }
  text += fmt::format("Total reclaimed space: {}\n",
                      human_size(static_cast<double>(result.space_reclaimed), 4));
  print_out(text);
}

}  // namespace seatrial::engine_cli
