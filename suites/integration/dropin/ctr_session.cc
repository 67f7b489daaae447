#include "suites/integration/dropin/ctr_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/process.h"
#include "suites/integration/dropin/ctr_config.h"

namespace dropin_suite {
namespace {

constexpr const char* kImage = "docker.io/library/busybox:latest";

struct Terminal {
  Terminal() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
      throw seatrial::sys_error(errno, "open a terminal");
    }
    slave = seatrial::open_file(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC);
    // Bytes pass as they are: the container's own terminal has made its line ends.
    termios settings{};
    ::tcgetattr(slave.get(), &settings);
    ::cfmakeraw(&settings);
    settings.c_oflag = 0;  // ctr turns processing on again
    ::tcsetattr(slave.get(), TCSANOW, &settings);
  }

  // What is in there, once nobody writes any more.
  std::string drain() {
    slave.reset();
    std::string text;
    char buffer[4096];
    for (;;) {
      const ssize_t got = ::read(master.get(), buffer, sizeof buffer);
      if (got <= 0) return text;  // EIO: everybody has gone
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }

  seatrial::UniqueFd master;
  seatrial::UniqueFd slave;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// ctr 1.6 at times loses what a program writes right before its end, below any runtime. So a shell
// ends both streams with a byte of its own, and stays for a moment: where the byte arrives, so has
// all before it.
constexpr char kEnd = '\036';
constexpr const char* kLinger =
    "trap 'code=$?; printf \"\\036\"; printf \"\\036\" >&2; sleep 0.1; exit $code' EXIT; ";
constexpr int kTries = 4;

bool take_end(std::string& text) {
  if (!text.ends_with(kEnd)) return false;
  text.pop_back();
  return true;
}

// Takes the marks away. A program that a signal has ended leaves none.
bool is_whole(Ended& ended, bool tty) {
  const bool out = take_end(ended.out);
  const bool err = take_end(tty ? ended.out : ended.err);
  return (out && err) || ended.code > 128;
}

// ctr's own complaint; the program's words come alone.
void refuse_complaint(const Ended& ended) {
  if (ended.code == 1 && ended.err.starts_with("ctr: ")) {
    throw seatrial::error(Kind::kUnavailable, "{}", ended.err);
  }
}

bool is_script(const std::vector<std::string>& args) {
  return args.size() == 3 && args[0] == "sh" && args[1] == "-c";
}

std::vector<std::string> lingering(std::vector<std::string> args) {
  if (is_script(args)) {
    args[2] = kLinger + args[2];
    return args;
  }
  args.insert(args.begin(), {"sh", "-c", std::string(kLinger) + "\"$@\"", "sh"});
  return args;
}

void add_security(const Wish& wish, std::vector<std::string>& words) {
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  for (const std::string& name : wish.cap_add) add({"--cap-add", "CAP_" + name});
  for (const std::string& name : wish.cap_drop) add({"--cap-drop", "CAP_" + name});
  if (!wish.no_new_privileges) add({"--allow-new-privs"});
  if (wish.seccomp != SeccompWish::kNone) add({"--seccomp"});
  if (wish.seccomp == SeccompWish::kProfile) add({"--seccomp-profile", wish.profile});
  if (wish.read_only) add({"--read-only"});
  for (const std::string& path : wish.devices) add({"--device", path});
}

}  // namespace

CtrSession::~CtrSession() {
  if (retries_ == 0) return;
  std::printf("%s: ctr lost words of %d programs %d times\n", runtime_.c_str(), programs_,
              retries_);
}

std::vector<std::string> CtrSession::words(std::initializer_list<std::string> verb) const {
  std::vector<std::string> all = service_.ctr();
  all.insert(all.end(), verb);
  return all;
}

std::vector<std::string> CtrSession::run_words(const Wish& wish,
                                               const std::vector<std::string>& how,
                                               const std::string& id) const {
  if (!wish.docker.is_null()) throw Lack("ctr has no word for " + wish.docker.dump());
  std::vector<std::string> all =
      words({"run", "--runc-binary", runtime_, "--fifo-dir", service_.directory() / "fifo"});
  const auto add = [&](std::initializer_list<std::string> more) { all.insert(all.end(), more); };
  all.insert(all.end(), how.begin(), how.end());
  if (needs_config(wish)) {
    if (wish.tty) add({"--tty"});
    add({"--config", write_config(wish, id), id});
    return all;
  }
  for (const std::string& variable : wish.env) add({"--env", variable});
  if (!wish.cwd.empty()) add({"--cwd", wish.cwd});
  if (wish.tty) add({"--tty"});
  if (wish.memory != 0) add({"--memory-limit", std::to_string(wish.memory)});
  if (wish.cpu_quota != 0) {
    add({"--cpu-quota", std::to_string(wish.cpu_quota), "--cpu-period", "100000"});
  }
  for (const BindWish& bind : wish.binds) {
    add({"--mount", fmt::format("type=bind,src={},dst={},options=rbind{}", bind.source, bind.target,
                                bind.read_only ? ":ro" : "")});
  }
  add_security(wish, all);
  add({kImage, id});
  all.insert(all.end(), wish.args.begin(), wish.args.end());
  return all;
}

std::string CtrSession::write_config(const Wish& wish, const std::string& id) const {
  const std::filesystem::path rootfs = service_.directory() / ("root-" + id);
  make_rootfs(rootfs);
  const std::string file = service_.directory() / (id + ".json");
  seatrial::write_file_atomically(
      file, config_of(wish, call(words({"oci", "spec"})), rootfs, "/trial/" + id,
                      [&](const std::string& other) { return column(other, 1); }));
  return file;
}

std::string CtrSession::call(const std::vector<std::string>& words) const {
  const Outcome outcome = run_command(words, {.deadline = scaled(10s)});
  if (outcome.succeeded()) return outcome.output;
  throw seatrial::error(Kind::kUnavailable, "{}", outcome.error_text);
}

std::string CtrSession::next_id() {
  return fmt::format("box-{}-{}", runtime_.substr(runtime_.rfind('/') + 1), ++made_);
}

std::string CtrSession::log_of(const std::string& id) const {
  return service_.directory() / (id + ".log");
}

std::string CtrSession::hold(const Wish& wish) {
  const std::string id = next_id();
  call(run_words(wish, {"--detach", "--log-uri", "file://" + log_of(id)}, id));
  return id;
}

Ended CtrSession::attend(const std::vector<std::string>& words, const std::string& input,
                         bool tty) {
  CommandOptions options{.deadline = scaled(10s), .input = input};
  if (!tty) {
    const Outcome outcome = run_command(words, options);
    return {.code = outcome.exit_status, .out = outcome.output, .err = outcome.error_text};
  }
  Terminal terminal;
  options.in = options.out = terminal.slave.get();  // what ctr itself has to say is kept apart
  const Outcome outcome = run_command(words, options);
  return {.code = outcome.exit_status, .out = terminal.drain(), .err = {}};
}

Ended CtrSession::finish(const Wish& wish) {
  Wish longer = wish;
  longer.args = lingering(wish.args);
  ++programs_;
  for (int tries = 1;; ++tries) {
    Ended ended = attend(run_words(longer, {"--rm"}, next_id()), wish.input, wish.tty);
    refuse_complaint(ended);
    // What never comes whole is a runtime's fault, and is told as it came.
    if (is_whole(ended, wish.tty) || tries == kTries) return ended;
    ++retries_;
  }
}

Ended CtrSession::exec(const std::string& id, const DockerExec& program) {
  if (!program.env.empty()) throw Lack("ctr's exec has no word for variables");
  // Any other program is there as it stands: cases are about its being there or not, too.
  const bool script = is_script(program.args);
  const auto args = script ? lingering(program.args) : program.args;
  if (script) ++programs_;
  for (int tries = 1;; ++tries) {
    std::vector<std::string> all = words(
        {"tasks", "exec", "--exec-id", next_id(), "--fifo-dir", service_.directory() / "fifo"});
    const auto add = [&](std::initializer_list<std::string> more) { all.insert(all.end(), more); };
    if (!program.cwd.empty()) add({"--cwd", program.cwd});
    if (!program.user.empty()) add({"--user", program.user});
    if (program.tty) add({"--tty"});
    add({id});
    all.insert(all.end(), args.begin(), args.end());
    Ended ended = attend(all, program.input, program.tty);
    refuse_complaint(ended);
    if (!script || is_whole(ended, program.tty) || tries == kTries) return ended;
    ++retries_;
  }
}

void CtrSession::kill(const std::string& id, int signal) {
  call(words({"tasks", "kill", "--signal", std::to_string(signal), id}));
}

void CtrSession::pause(const std::string& id) {
  call(words({"tasks", "pause", id}));
}

void CtrSession::resume(const std::string& id) {
  call(words({"tasks", "resume", id}));
}

void CtrSession::remove(const std::string& id) {
  run_command(words({"tasks", "delete", "--force", id}), {.deadline = scaled(10s)});
  call(words({"containers", "delete", id}));
}

// ctr tells a status when it deletes the task, which must have ended.
int CtrSession::wait(const std::string& id) {
  await_status(id, "exited");
  const Outcome outcome = run_command(words({"tasks", "delete", id}), {.deadline = scaled(10s)});
  if (!outcome.succeeded()) throw seatrial::error(Kind::kUnavailable, "{}", outcome.error_text);
  constexpr std::string_view kTold = "exit code ";
  const std::size_t place = outcome.error_text.find(kTold);
  return place == std::string::npos ? 0
                                    : std::stoi(outcome.error_text.substr(place + kTold.size()));
}

std::string CtrSession::column(const std::string& id, int number) const {
  for (const std::string& line : lines_of(call(words({"tasks", "list"})))) {
    if (!line.starts_with(id + " ")) continue;
    std::istringstream fields(line);
    std::string word;
    for (int each = 0; each <= number; ++each) fields >> word;
    return word;
  }
  return {};
}

std::string CtrSession::status(const std::string& id) {
  const std::string word = column(id, 2);
  if (word == "STOPPED") return "exited";
  if (word == "RUNNING") return "running";
  return word == "PAUSED" ? "paused" : word;
}

std::string CtrSession::output(const std::string& id) {
  return seatrial::read_file(log_of(id));
}

// A heading, and a line for each.
std::size_t CtrSession::processes(const std::string& id) {
  return lines_of(call(words({"tasks", "ps", id}))).size() - 1;
}

std::string CtrSession::cgroup_value(const std::string& id, const std::string& controller,
                                     const std::string& file, const std::string& v2_file) {
  // The service sees its own cgroup as the whole.
  const std::string place =
      fmt::format("{}/trial/{}/", service_.directory().filename().native(), id);
  const std::filesystem::path v1 = "/sys/fs/cgroup/" + controller + "/" + place + file;
  if (std::filesystem::exists(v1)) return seatrial::read_file(v1);
  return seatrial::read_file("/sys/fs/cgroup/" + place + v2_file);
}

std::filesystem::path CtrSession::process(const std::string& id) {
  return proc_of(service_.pid()) / column(id, 1);
}

const DockerClient& CtrSession::docker(std::string_view what) {
  throw Lack(fmt::format("ctr knows no {}", what));
}

}  // namespace dropin_suite
