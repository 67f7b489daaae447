#include "engine/init/testing/parent.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "engine/base/error.h"
#include "engine/init/image.h"
#include "engine/plan/wire.h"

namespace seatrial::init {
namespace {

using wire::Message;
using wire::MessageKind;

UniqueFd memory_file(const char* name, const void* bytes, std::size_t size) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  write_all(fd.get(), {static_cast<const char*>(bytes), size}, name);
  fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  return fd;
}

char letter(MessageKind kind) {
  switch (kind) {
    case MessageKind::kIdMapsNeeded:
      return 'M';
    case MessageKind::kInitStarted:
      return 'I';
    case MessageKind::kRuntimeHooksDue:
      return 'H';
    case MessageKind::kConsoleMaster:
      return 'C';
    case MessageKind::kReady:
      return 'R';
    case MessageKind::kFailed:
      return 'F';
    case MessageKind::kStateNeeded:
      return 'S';
    default:
      return '?';
  }
}

class Parent {
 public:
  Parent(const plan::LaunchPlan& plan, const ParentOptions& options)
      : plan_(plan), options_(options) {}

  Outcome run() {
    listen_for_start();
    launch();
    converse(sync_.get());
    if (!outcome_.failed && ready_ && connects_) start();
    finish();
    return outcome_;
  }

 private:
  void listen_for_start() {
    listener_ = UniqueFd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    // Only the family: the kernel gives it an abstract address of its own.
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t));
    listen(listener_.get(), 1);
    connects_ = !plan_.start_at_once && options_.target_pidfd < 0;
  }

  void launch() {
    const std::string bytes = plan::encode(plan_);
    const UniqueFd plan_file = memory_file("plan", bytes.data(), bytes.size());
    const UniqueFd program = memory_file("seatrial-init", image().data(), image().size());
    int pair[2];
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
    sync_ = UniqueFd(pair[0]);
    reply(sync_.get(), MessageKind::kProceed, "");  // the plan is there
    const UniqueFd theirs(pair[1]);
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) _exit(90);
    output_ = UniqueFd(pipe_ends[0]);
    const UniqueFd output(pipe_ends[1]);
    launcher_ = fork();
    if (launcher_ != 0) return;
    exec_launcher(plan_file.get(), program.get(), theirs.get(), output.get());
  }

  // Puts every descriptor where wire.h wants it: out of the way first, then into its place.
  [[noreturn]] void exec_launcher(int plan_file, int program, int sync, int output) const {
    const int base = 3 + static_cast<int>(plan_.preserve_fds);
    std::vector<std::pair<int, int>> places = {{plan_file, base}, {sync, base + 1}};
    if (connects_) places.emplace_back(listener_.get(), base + 2);
    if (options_.target_pidfd >= 0) places.emplace_back(options_.target_pidfd, base + 3);
    for (auto& [fd, place] : places) fd = fcntl(fd, F_DUPFD_CLOEXEC, 200);
    program = fcntl(program, F_DUPFD_CLOEXEC, 200);
    output = fcntl(output, F_DUPFD_CLOEXEC, 200);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(output, 1);
    for (unsigned i = 0; i < options_.extra_descriptors; ++i) dup2(0, 3 + static_cast<int>(i));
    for (const auto& [fd, place] : places) dup2(fd, place);
    signal(SIGUSR1, SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    const std::string number = std::to_string(base);
    const char* args[] = {"init", number.c_str(), nullptr};
    const char* env[] = {nullptr};
    fexecve(program, const_cast<char**>(args), const_cast<char**>(env));
    _exit(91);
  }

  // Answers messages until kReady or the end.
  void converse(int socket) {
    std::vector<char> packet(sizeof(Message) + wire::kMaxPayload);
    for (;;) {
      const ssize_t size = receive(socket, packet);
      if (size < static_cast<ssize_t>(sizeof(Message))) return;
      Message message;
      std::memcpy(&message, packet.data(), sizeof message);
      outcome_.messages += letter(message.kind);
      if (!answer(socket, message, packet.data() + sizeof message)) return;
    }
  }

  ssize_t receive(int socket, std::vector<char>& packet) {
    iovec vector = {.iov_base = packet.data(), .iov_len = packet.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr header = {};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    if (const cmsghdr* passed = size > 0 ? CMSG_FIRSTHDR(&header) : nullptr) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(passed), sizeof fd);
      console_ = UniqueFd(fd);
    }
    return size;
  }

  bool answer(int socket, const Message& message, const char* payload) {
    switch (message.kind) {
      case MessageKind::kIdMapsNeeded:
        write_file("uid_map", message.pid);
        write_file("gid_map", message.pid);
        return reply(socket, MessageKind::kProceed, "");
      case MessageKind::kInitStarted:
        init_ = message.pid;
        return reply(socket, MessageKind::kProceed, "");
      case MessageKind::kRuntimeHooksDue:
        return reply(socket, MessageKind::kProceed, options_.state);
      case MessageKind::kStateNeeded:
        return reply(socket, MessageKind::kState, options_.state);
      case MessageKind::kReady:
        ready_ = true;
        if (plan_.start_at_once) reply(socket, MessageKind::kProceed, "");
        return !connects_;
      case MessageKind::kFailed:
        outcome_.failed = true;
        outcome_.step = message.step;
        outcome_.sys_errno = message.sys_errno;
        outcome_.detail.assign(payload, message.payload);
        return false;
      default:
        return reply(socket, MessageKind::kProceed, "");
    }
  }

  static bool reply(int socket, MessageKind kind, const std::string& payload) {
    Message message{.kind = kind, .payload = static_cast<std::uint32_t>(payload.size())};
    std::string packet(reinterpret_cast<const char*>(&message), sizeof message);
    packet += payload;
    return send(socket, packet.data(), packet.size(), MSG_NOSIGNAL) > 0;
  }

  void write_file(const char* name, int pid) const {
    std::ofstream("/proc/" + std::to_string(pid) + "/" + name) << options_.id_map;
  }

  void start() {
    if (options_.created) outcome_.output = options_.created(init_);
    sockaddr_un address = {};
    socklen_t size = sizeof address;
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    const UniqueFd connection(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (connect(connection.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return;
    converse(connection.get());
  }

  static std::string drain(int fd) {
    std::string text;
    char bytes[4096];
    for (ssize_t size; (size = read(fd, bytes, sizeof bytes)) > 0;) {
      text.append(bytes, static_cast<std::size_t>(size));
    }
    return text;
  }

  void finish() {
    sync_.reset();
    listener_.reset();
    waitpid(launcher_, nullptr, 0);
    if (console_) outcome_.console = drain(console_.get());
    outcome_.output += drain(output_.get());
    int status = 0;
    if (init_ > 0 && waitpid(init_, &status, 0) == init_) {
      outcome_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  }

  const plan::LaunchPlan& plan_;
  const ParentOptions& options_;
  Outcome outcome_;
  UniqueFd sync_;
  UniqueFd listener_;
  UniqueFd output_;
  UniqueFd console_;
  bool connects_ = false;
  bool ready_ = false;
  pid_t launcher_ = -1;
  pid_t init_ = -1;
};

void put(std::string& bytes, const std::string& field) {
  const std::size_t size = field.size();
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  bytes += field;
}

std::string take(const std::string& bytes, std::size_t& at) {
  std::size_t size = 0;
  if (at + sizeof size > bytes.size()) return {};
  std::memcpy(&size, bytes.data() + at, sizeof size);
  at += sizeof size + size;
  return bytes.substr(at - size, size);
}

std::string pack(const Outcome& outcome) {
  std::string bytes;
  put(bytes, outcome.failed ? "1" : "0");
  put(bytes, std::to_string(outcome.step));
  put(bytes, std::to_string(outcome.sys_errno));
  put(bytes, std::to_string(outcome.status));
  put(bytes, outcome.detail);
  put(bytes, outcome.messages);
  put(bytes, outcome.output);
  put(bytes, outcome.console);
  return bytes;
}

Outcome unpack(const std::string& bytes) {
  std::size_t at = 0;
  Outcome outcome;
  outcome.failed = take(bytes, at) == "1";
  outcome.step = static_cast<std::uint32_t>(std::atoi(take(bytes, at).c_str()));
  outcome.sys_errno = std::atoi(take(bytes, at).c_str());
  outcome.status = std::atoi(take(bytes, at).c_str());
  outcome.detail = take(bytes, at);
  outcome.messages = take(bytes, at);
  outcome.output = take(bytes, at);
  outcome.console = take(bytes, at);
  return outcome;
}

// In the throwaway child: nothing of what is mounted here reaches the host.
[[noreturn]] void be_parent(const plan::LaunchPlan& plan, const ParentOptions& options,
                            int result) {
  alarm(30);
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    _exit(92);
  }
  if (options.before) options.before();
  const std::string bytes = pack(Parent(plan, options).run());
  write_all(result, bytes, "result");
  _exit(0);
}

}  // namespace

std::string Outcome::answer(const std::string& question) const {
  const std::string text = "\n" + output + console;
  const std::string key = "\n" + question + "=";
  const std::size_t begin = text.find(key);
  if (begin == text.npos) return "no answer";
  const std::size_t end = text.find_first_of("\r\n", begin + key.size());
  return text.substr(begin + key.size(), end - begin - key.size());
}

Outcome run_plan(const plan::LaunchPlan& plan, const ParentOptions& options) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "pipe2");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = fork();
  if (child == 0) be_parent(plan, options, writer.get());
  writer.reset();
  const std::string bytes = read_all(reader.get(), "result");
  waitpid(child, nullptr, 0);
  return unpack(bytes);
}

Rootfs::Rootfs() : directory_("/tmp", "seatrial-init-") {
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  for (const char* name : {"bin", "proc", "sys", "dev", "tmp", "etc"}) {
    std::filesystem::create_directories(path() / name);
  }
  std::filesystem::copy_file(SEATRIAL_PROBE_PATH, path() / "bin/probe");
}

void Rootfs::write(const std::string& name, const std::string& content) const {
  std::filesystem::create_directories((path() / name).parent_path());
  std::ofstream(path() / name) << content;
}

}  // namespace seatrial::init
