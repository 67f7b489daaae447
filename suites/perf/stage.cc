#include "suites/perf/stage.h"

#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/security/request.h"
#include "engine/security/seccomp.h"
#include "engine/spec/parse_config.h"
#include "engine/spec/print_config.h"
#include "suites/perf/contestant.h"

namespace seatrial::perf {
namespace {

namespace fs = std::filesystem;

bool is_mountpoint(const fs::path& path) {
  struct stat own{};
  struct stat parent{};
  return ::stat(path.c_str(), &own) == 0 && ::stat(path.parent_path().c_str(), &parent) == 0 &&
         own.st_dev != parent.st_dev;
}

// The version that every peer understands: crun 1.8 takes nothing above 1.0.
constexpr const char* kSpecVersion = "1.0.2";

// What `seatrial-runtime spec` writes into an empty bundle, made to run `program` without a
// terminal.
nlohmann::json written_by_spec(const fs::path& bundle, const std::string& program) {
  const fs::path runtime = sibling_program("seatrial-runtime");
  run_command({runtime.string(), "spec", "--bundle", bundle.string()});
  auto config = nlohmann::json::parse(read_file(bundle / "config.json"));
  config["ociVersion"] = kSpecVersion;
  config["process"]["terminal"] = false;
  config["process"]["args"] = {program};
  return config;
}

// Runtimes keep their state below /run, which an init system makes a tmpfs; a container or a
// virtual machine without one may have it on a disk, whose journal is not what is measured.
void make_run_a_tmpfs() {
  struct statfs facts{};
  if (::statfs("/run", &facts) != 0) throw sys_error(errno, "look at /run");
  if (facts.f_type == TMPFS_MAGIC) return;
  if (::mount("run", "/run", "tmpfs", 0, "mode=755") != 0) throw sys_error(errno, "mount on /run");
}

}  // namespace

void enter_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) throw sys_error(errno, "make a mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw sys_error(errno, "make the mounts private");
  }
  const fs::path unified = "/sys/fs/cgroup/unified";
  if (is_mountpoint(unified) && ::umount2(unified.c_str(), MNT_DETACH) != 0) {
    throw sys_error(errno, "unmount {}", unified.string());
  }
  make_run_a_tmpfs();
}

fs::path sibling_program(const std::string& name) {
  const fs::path own = fs::read_symlink("/proc/self/exe");
  fs::path program = own.parent_path() / name;
  if (::access(program.c_str(), X_OK) != 0) {
    throw error(Kind::kNotFound, "{} is missing; build it with the target `bench`",
                program.string());
  }
  return program;
}

fs::path find_on_path(const std::string& name) {
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : variable;
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    const fs::path program = fs::path(rest.substr(0, end)) / name;
    if (program.is_absolute() && ::access(program.c_str(), X_OK) == 0) return program;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return {};
}

Stage::Stage(const fs::path& program, Configuration configuration)
    : directory_("/run", "seatrial-perf-"),
      program_("/" + program.filename().string()),
      id_("seatrial-perf-" + std::to_string(::getpid())) {
  // The mountpoints stand before the first container does, so that nobody pays for making them.
  for (const char* name : {"proc", "dev", "sys"}) fs::create_directories(rootfs() / name);
  fs::copy_file(program, rootfs() / program.filename());
  std::string text = written_by_spec(bundle(), program_).dump(2);
  spec::Config config = spec::parse_config(text, {.bundle = bundle()});
  if (configuration == Configuration::kEngine) {
    security::apply({}, config);
    text = spec::print_config(config);
  }
  write_file_atomically(bundle() / "config.json", text);
  write_recipe(config);
}

void Stage::write_recipe(const spec::Config& config) const {
  const spec::Process& process = config.process.value();
  std::string text = fmt::format("capabilities {:x}\n", process.capabilities.value().bounding);
  // Relative to the root, where the floor stands.
  for (const std::string& path : config.linux_.masked_paths) {
    text += fmt::format("masked {}\n", path.substr(1));
  }
  for (const std::string& path : config.linux_.readonly_paths) {
    text += fmt::format("read-only {}\n", path.substr(1));
  }
  for (const spec::DeviceRule& rule : config.linux_.resources.devices) {
    const bool console = rule.allow && rule.major == 5 && rule.minor == 1;
    if (console) text += "device c 5:1 rwm\n";  // all others every container has anyway
  }
  if (config.linux_.seccomp) {
    const fs::path filter = directory_.path() / "filter";
    write_file_atomically(filter, security::compile(*config.linux_.seccomp));
    text += fmt::format("seccomp {}\n", filter.native());
  }
  if (config.root.readonly) text += "read-only-root\n";
  if (process.no_new_privileges) text += "no-new-privileges\n";
  write_file_atomically(recipe(), text);
}

fs::path Stage::state_root(const std::string& contestant) const {
  fs::path root = directory_.path() / ("state-" + contestant);
  fs::create_directories(root);
  return root;
}

}  // namespace seatrial::perf
