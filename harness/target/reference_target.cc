#include "harness/target/reference_target.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/spec/parse_config.h"
#include "engine/spec/state.h"

namespace seatrial::harness {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kForegroundDeadline{10000};

// Runs one operation; an Error becomes what a command would show of it.
Outcome outcome_of_call(const std::function<void(Outcome&)>& operation) {
  Outcome outcome;
  const auto begin = steady_clock::now();
  try {
    operation(outcome);
  } catch (const Error& failure) {
    outcome.exit_status = exit_status(failure.kind());
    outcome.error_text = failure.what();
  }
  outcome.duration = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  return outcome;
}

// "TERM", "SIGTERM" or "15".
int signal_number(const std::string& name) {
  if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) {
    return std::atoi(name.c_str());
  }
  const std::string bare = name.starts_with("SIG") ? name.substr(3) : name;
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known != nullptr && bare == known) return signal;
  }
  throw error(Kind::kInvalidArgument, "there is no signal called \"{}\"", name);
}

// Keeps what a foreground process prints, of any length, without anybody reading meanwhile.
class Capture {
 public:
  Capture() : fd_(::memfd_create("output", MFD_CLOEXEC)) {
    if (!fd_) throw sys_error(errno, "memfd_create");
  }
  int get() const { return fd_.get(); }
  std::string text() const {
    ::lseek(fd_.get(), 0, SEEK_SET);
    return read_all(fd_.get(), "captured output");
  }

 private:
  UniqueFd fd_;
};

void wait_in_foreground(runtime::Child& child, Outcome& outcome) {
  const auto end = child.wait(kForegroundDeadline);
  outcome.timed_out = !end;
  if (end) outcome.exit_status = end->code;
  if (end) return;
  ::kill(child.pid(), SIGKILL);
  child.wait();
}

runtime::CreateRequest request_of(const CreateCall& call) {
  if (!call.preserve_fds.empty() || call.in == CreateCall::kClosed) {
    throw error(Kind::kUnsupported,
                "descriptors are a case's to choose by number only for a command: "
                "the case lacks Needs{{Feature::kCommandLine}}");
  }
  runtime::CreateRequest request;
  request.id = call.id;
  request.bundle = call.bundle;
  request.stdio = {.in = call.in, .out = call.out, .err = call.err};
  request.pid_file = call.pid_file;
  request.console_socket = call.console_socket;
  request.detached = true;
  request.no_pivot = call.no_pivot;
  request.no_new_keyring = call.no_new_keyring;
  return request;
}

runtime::ExecRequest request_of(const ExecCall& call) {
  runtime::ExecRequest request;
  request.id = call.id;
  if (!call.process.empty()) request.process = spec::parse_process(call.process);
  request.args = call.args;
  request.env = call.env;
  request.cwd = call.cwd;
  if (call.uid || call.gid) {
    request.user = spec::User{.uid = call.uid.value_or(0), .gid = call.gid.value_or(0)};
  }
  return request;
}

}  // namespace

ReferenceTarget::ReferenceTarget(std::filesystem::path state_root)
    : state_root_(std::move(state_root)),
      info_{.spec = "reference",
            .name = "seatrial",
            .version = SEATRIAL_VERSION,
            .oci_version = "1.3.0",
            .features = {},
            .missing = {}} {}

// At the first verb and not before: it looks at the namespaces that the case is in.
runtime::Runtime& ReferenceTarget::runtime() {
  if (!runtime_) {
    runtime_ = std::make_unique<runtime::Runtime>(state_root_);
    runtime_->on_warning([this](std::string_view text) {
      warnings_ += fmt::format("{}warning: {}", warnings_.empty() ? "" : "\n", text);
    });
  }
  return *runtime_;
}

// As in the log of a command: what was warned of comes first.
Outcome ReferenceTarget::with_warnings(const std::function<void()>& operation) {
  warnings_.clear();
  Outcome outcome = outcome_of_call([&](Outcome&) { operation(); });
  if (!warnings_.empty() && !outcome.error_text.empty()) warnings_ += '\n';
  outcome.error_text.insert(0, warnings_);
  return outcome;
}

Outcome ReferenceTarget::create(const CreateCall& call) {
  return with_warnings([&] { runtime().create(request_of(call)); });
}

Outcome ReferenceTarget::start(const std::string& id) {
  return with_warnings([&] { runtime().start(id); });
}

Outcome ReferenceTarget::run(const CreateCall& call) {
  const Capture out, err;
  Outcome outcome = outcome_of_call([&](Outcome& result) {
    runtime::CreateRequest request = request_of(call);
    if (call.out < 0) request.stdio.out = out.get();
    if (call.err < 0) request.stdio.err = err.get();
    runtime::Child child = runtime().run(request);
    wait_in_foreground(child, result);
    runtime().remove(call.id);
  });
  outcome.output = out.text();
  outcome.error_text += err.text();
  return outcome;
}

Outcome ReferenceTarget::state(const std::string& id) {
  return outcome_of_call(
      [&](Outcome& outcome) { outcome.output = spec::print_state(runtime().state(id)); });
}

Outcome ReferenceTarget::kill(const std::string& id, const std::string& signal, bool all) {
  return outcome_of_call([&](Outcome&) { runtime().kill(id, signal_number(signal), all); });
}

Outcome ReferenceTarget::remove(const std::string& id, bool force) {
  return with_warnings([&] { runtime().remove(id, force); });
}

Outcome ReferenceTarget::list() {
  return outcome_of_call([&](Outcome& outcome) {
    for (const spec::State& state : runtime().list()) {
      outcome.output += (outcome.output.empty() ? "[" : ",") + spec::print_state(state);
    }
    outcome.output += outcome.output.empty() ? "[]" : "]";
  });
}

Outcome ReferenceTarget::ps(const std::string& id) {
  return outcome_of_call([&](Outcome& outcome) {
    for (const pid_t pid : runtime().processes(id)) {
      outcome.output += (outcome.output.empty() ? "[" : ",") + std::to_string(pid);
    }
    outcome.output += outcome.output.empty() ? "[]" : "]";
  });
}

Outcome ReferenceTarget::exec(const ExecCall& call) {
  const Capture out, err;
  Outcome outcome = outcome_of_call([&](Outcome& result) {
    runtime::ExecRequest request = request_of(call);
    request.stdio = {.in = -1, .out = out.get(), .err = err.get()};
    runtime::Child child = runtime().exec(request);
    wait_in_foreground(child, result);
  });
  outcome.output = out.text();
  outcome.error_text += err.text();
  return outcome;
}

Outcome ReferenceTarget::command(const std::vector<std::string>&) {
  throw error(Kind::kUnsupported,
              "the reference is called in process and has no command line: "
              "the case lacks Needs{{Feature::kCommandLine}}");
}

}  // namespace seatrial::harness
