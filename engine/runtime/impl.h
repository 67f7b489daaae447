// What Runtime's operations share. Not for other rooms.
#pragma once

#include <functional>
#include <string_view>

#include "engine/cgroup/cgroup.h"
#include "engine/runtime/host.h"
#include "engine/runtime/intel_rdt.h"
#include "engine/runtime/runtime.h"
#include "engine/runtime/seccomp_filter.h"
#include "engine/runtime/state_root.h"
#include "engine/security/seccomp_cache.h"
#include "engine/spec/known_seccomp.h"

namespace seatrial::runtime {

struct Runtime::Impl {
  Impl(std::filesystem::path path, Rootless rootless, CgroupManager manager)
      : root(std::move(path)),
        host(rootless),
        cgroup_manager(manager),
        seccomp_cache(seccomp_cache_of(root.path())) {}

  StateRoot root;
  Host host;
  CgroupManager cgroup_manager;
  security::SeccompCache seccomp_cache;
  spec::KnownSeccomp known_seccomp;
  ResctrlKind resctrl = {};
  std::function<void(std::string_view)> warning_sink;

  void warn(std::string_view text) const {
    if (warning_sink) warning_sink(text);
  }

  // The state as the kernel's facts have it now.
  spec::State state_of(const StateDirectory& directory, const Record& record);

  // The container's configuration as it was at create.
  spec::Config config_of(const StateDirectory& directory, const Record& record);

  // The cgroup that the record names, whole or planned.
  static cgroup::Cgroup cgroup_of(const Record& record);

  // The configuration's seccomp profile, compiled now or before. Throws Error.
  plan::SeccompFilter filter_of(const spec::Config& config) const;

  bool is_of_this_boot(const Record& record) { return record.boot == host.boot_id(); }
  bool init_is_alive(const Record& record) {
    return is_of_this_boot(record) && record.init.is_alive();
  }

  enum class Processes { kGone, kKill };

  // Takes back all that create made: kills what is left of the processes, removes the cgroups, runs
  // poststop hooks where `poststop` (their failures are warnings), and removes the state directory
  // last. The lock must be held. Throws Error when something stays; the record stays then, too.
  void destroy(const StateDirectory& directory, const Record& record, Processes processes,
               bool poststop);

  // poststart hooks. For documents of 1.3.0 and later a failing one throws; before, it is a
  // warning.
  void run_poststart(const spec::Config& config, const spec::State& state) const;
};

// For tests alone, which put a stand-in where the host has nothing.
Runtime::Impl& impl_of(Runtime& runtime);

}  // namespace seatrial::runtime
