#include "suites/perf/line_up.h"

#include "engine/base/error.h"

namespace seatrial::perf {
namespace {

std::unique_ptr<Contestant> in_process(const std::string& name, const Stage& stage,
                                       const char* resident_mib, int stdout_fd) {
  return std::make_unique<ServerContestant>(
      name, sibling_program("lifecycle_reference"),
      std::vector<std::string>{stage.state_root(name), stage.bundle(), stage.id(), resident_mib},
      stdout_fd);
}

std::unique_ptr<Contestant> command(const std::string& name, const std::filesystem::path& runtime,
                                    const Stage& stage, int stdout_fd) {
  return std::make_unique<CommandContestant>(
      name,
      std::vector<std::string>{runtime, "--root", stage.state_root(name), "run", "--bundle",
                               stage.bundle(), stage.id()},
      stdout_fd);
}

}  // namespace

const std::vector<std::string>& all_contestants() {
  static const std::vector<std::string> names = {kFloor, kInProcessSmall, kInProcessLarge,
                                                 kRun,   kCrun,           kRunc};
  return names;
}

const std::vector<RatioOf>& all_wanted(Configuration configuration) {
  static const std::vector<RatioOf> spec = {{kRun, kCrun, 0.5},
                                            {kRun, kRunc, {}},
                                            {kInProcessSmall, kFloor, 1.4},
                                            {kInProcessLarge, kFloor, 1.4}};
  static const std::vector<RatioOf> engine = {{kRun, kCrun, 0.25},
                                              {kRun, kRunc, {}},
                                              {kInProcessSmall, kFloor, 1.3},
                                              {kInProcessLarge, kFloor, 1.3}};
  return configuration == Configuration::kSpec ? spec : engine;
}

std::unique_ptr<Contestant> make_contestant(const std::string& name, const Stage& stage,
                                            std::string& absence, int stdout_fd) {
  if (name == kFloor) {
    return std::make_unique<ServerContestant>(
        name, sibling_program("lifecycle_floor"),
        std::vector<std::string>{stage.rootfs(), stage.id(), stage.program(), stage.recipe()},
        stdout_fd);
  }
  if (name == kInProcessSmall) return in_process(name, stage, "4", stdout_fd);
  if (name == kInProcessLarge) return in_process(name, stage, "200", stdout_fd);
  if (name == kRun) return command(name, sibling_program("seatrial-runtime"), stage, stdout_fd);
  if (name == kRunc || name == kCrun) {
    const std::filesystem::path peer = find_on_path(name);
    if (!peer.empty()) return command(name, peer, stage, stdout_fd);
    absence = name + " is not on PATH (Debian: apt-get install " + name + ")";
    return nullptr;
  }
  throw error(Kind::kInvalidArgument,
              "no contestant '{}'; there are floor, in-process-4MiB, "
              "in-process-200MiB, seatrial-runtime, crun and runc",
              name);
}

}  // namespace seatrial::perf
