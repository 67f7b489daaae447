// start: gives a created container's init the order to execute the user's program.
#include "engine/base/error.h"
#include "engine/runtime/conversation.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/pid_inside.h"
#include "engine/sys/unix_path.h"

namespace seatrial::runtime {
namespace {

// The plan that create carried out, made again from the same configuration: only to say what a
// step was that failed.
plan::LaunchPlan same_plan(Runtime::Impl& impl, const StateDirectory& directory,
                           const Record& record) {
  const cgroup::Cgroup cgroup = Runtime::Impl::cgroup_of(record);
  return plan::plan(impl.config_of(directory, record),
                    impl.host.facts(joined_hierarchies(cgroup.identity())),
                    {.bundle = record.bundle, .id = directory.id()});
}

void check_status(const spec::State& state) {
  if (state.status == spec::Status::kCreated) return;
  throw error(Kind::kConflict, "cannot start a container that is {}; only a created one can be",
              spec::to_string(state.status));
}

UniqueFd connect_to_init(const StateDirectory& directory) {
  try {
    return sys::connect_at(directory.get(), kStartSocket, sys::SocketType::kPacket);
  } catch (Error& failure) {
    failure.add_context("init does not wait for start");
    throw;
  }
}

void start_container(Runtime::Impl& impl, const std::string& id) {
  const StateDirectory directory = impl.root.lock(id);
  const Record record = directory.read_record();
  spec::State state = impl.state_of(directory, record);
  check_status(state);

  const UniqueFd connection = connect_to_init(directory);
  const auto failure = await_execution(connection.get(), [&] {
    spec::State inside = state;
    inside.pid = pid_inside(record.init.pid);
    return spec::print_specified(inside);
  });
  directory.remove_start_socket();
  using Processes = Runtime::Impl::Processes;
  if (failure) {
    const plan::LaunchPlan plan = same_plan(impl, directory, record);
    const Error told = to_error(*failure, plan);
    // A failing startContainer hook is the end of the container (runtime.md, lifecycle step 7).
    if (is_hook(plan, failure->step)) impl.destroy(directory, record, Processes::kKill, true);
    throw told;
  }
  if (!record.has_poststart) return;
  state.status = spec::Status::kRunning;
  try {
    impl.run_poststart(impl.config_of(directory, record), state);
  } catch (const Error&) {
    impl.destroy(directory, record, Processes::kKill, true);
    throw;
  }
}

}  // namespace

void Runtime::start(const std::string& id) {
  with_context("start " + id, [&] { start_container(*impl_, id); });
}

}  // namespace seatrial::runtime
