#include "engine/runtime/criu.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/own_rights.h"
#include "engine/sys/packet.h"

namespace seatrial::runtime::criu {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr auto kCheckPatience = 60s;
constexpr auto kHangUpPatience = 10s;
constexpr int kSocket = 3;
constexpr std::size_t kLargestResponse = 64U << 10;

bool is_program(const fs::path& path) {
  std::error_code absent;
  return fs::is_regular_file(path, absent) && ::access(path.c_str(), X_OK) == 0;
}

fs::path find_program(const fs::path& name) {
  const char* own = std::getenv("PATH");
  const std::string path = fmt::format("{}:{}", own == nullptr ? "" : own, kUsualPath);
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const fs::path candidate = fs::path(path.substr(begin, end - begin)) / name;
    begin = end + 1;
    if (candidate.is_absolute() && is_program(candidate)) return candidate;
  }
  return {};
}

// The caller's, and a PATH in any case: CRIU calls programs of its own, iptables among them.
std::vector<std::string> environment() {
  std::vector<std::string> variables;
  bool has_path = false;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
    has_path = has_path || variables.back().starts_with("PATH=/");
  }
  if (!has_path) variables.push_back(fmt::format("PATH={}", kUsualPath));
  return variables;
}

// The last line that says something.
std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

// What is wrong with what `criu check` is asked; empty: nothing.
std::string complaint_of_check(const fs::path& program, std::vector<std::string> question) {
  const UniqueFd null = open_file("/dev/null", O_RDONLY);
  const UniqueFd output(::memfd_create("criu-check", MFD_CLOEXEC));
  if (!output) throw sys_error(errno, "make a file in memory");
  const sys::PidFd child =
      sys::spawn({.path = program.native(),
                  .args = std::move(question),
                  .env = environment(),
                  .placements = {{null.get(), 0}, {output.get(), 1}, {output.get(), 2}}});
  const bool ended = child.wait_exit(sys::after(kCheckPatience));
  if (!ended) {
    child.send_signal(SIGKILL);
    child.wait_exit(std::nullopt);
  }
  const sys::ProcessEnd end = child.reap().value_or(sys::ProcessEnd{.code = 1});
  if (!ended) return "it did not end";
  if (end.code == 0) return {};
  ::lseek(output.get(), 0, SEEK_SET);
  const std::string text = read_all(output.get(), "criu check");
  for (const std::string& reason : {complaint_of(text), last_line(text)}) {
    if (!reason.empty()) return reason;
  }
  return fmt::format("status {}", end.code);
}

bool is_clean_up(std::string_view line) {
  constexpr std::array<std::string_view, 4> kSigns = {"Unlock network", "Unfreezing tasks",
                                                      "Dumping FAILED", "Restoring FAILED"};
  return std::ranges::any_of(
      kSigns, [line](std::string_view sign) { return line.find(sign) != std::string_view::npos; });
}

}  // namespace

fs::path require_program(const fs::path& wanted) {
  if (is_restricted()) {
    throw error(Kind::kUnsupported, "checkpoints need privileges over the host, which are missing");
  }
  const fs::path name = wanted.empty() ? "criu" : wanted;
  const bool is_path = name.has_parent_path();
  const fs::path program = is_path ? fs::absolute(name) : find_program(name);
  if (is_path && !is_program(program)) {
    throw error(Kind::kUnsupported, "checkpoints need CRIU, and {} is no program",
                program.native());
  }
  if (program.empty()) {
    throw error(Kind::kUnsupported,
                "checkpoints need the program {}, which is not installed on this host",
                name.native());
  }
  const std::string complaint = complaint_of_check(program, {"criu", "check"});
  if (!complaint.empty()) {
    throw error(Kind::kUnsupported, "CRIU cannot work on this host: criu check: {}", complaint);
  }
  return program;
}

void require_lazy_pages(const fs::path& program) {
  const std::string complaint =
      complaint_of_check(program, {"criu", "check", "--feature", "uffd-noncoop"});
  if (complaint.empty()) return;
  throw error(Kind::kUnsupported,
              "pages cannot be lazy on this host: criu check --feature uffd-noncoop: {}",
              complaint);
}

std::string complaint_of(std::string_view log) {
  constexpr std::string_view kMark = "Error (";
  constexpr std::size_t kMost = 3;
  std::vector<std::string_view> complaints;
  while (!log.empty() && complaints.size() < kMost) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    if (is_clean_up(line) && !complaints.empty()) break;
    const std::size_t at = line.find(kMark);
    if (at != std::string_view::npos) complaints.push_back(line.substr(at));
  }
  return fmt::format("{}", fmt::join(complaints, "; "));
}

Session::Session(SessionRequest request) {
  sys::SocketPair pair = sys::packet_socket_pair();
  request.placements.push_back({pair.second.get(), kSocket});
  process_ = sys::spawn({.path = request.program.native(),
                         .args = {"criu", "swrk", std::to_string(kSocket)},
                         .env = environment(),
                         .placements = std::move(request.placements),
                         .private_binds = std::move(request.binds),
                         .no_new_privileges = request.no_new_privileges,
                         .own_keyring = request.own_keyring});
  socket_ = std::move(pair.first);
}

Session::~Session() {
  socket_.reset();
  try {
    if (!process_.wait_exit(sys::after(kHangUpPatience))) {
      process_.send_signal(SIGKILL);
      process_.wait_exit(sys::after(kHangUpPatience));
    }
    process_.reap();
  } catch (const Error&) {
    // Whoever asked knows by now whether it worked.
  }
}

Response Session::converse(const Notified& notified) {
  std::exception_ptr failure;
  for (;;) {
    auto packet = sys::receive_packet(socket_.get(), kLargestResponse);
    if (!packet) {
      if (failure) std::rethrow_exception(failure);
      throw error(Kind::kUnavailable, "criu hung up without a word");
    }
    Response response = parse_response(packet->bytes);
    if (response.type != RequestType::kNotify) {
      if (failure) std::rethrow_exception(failure);
      return response;
    }
    try {
      if (!failure) notified(response, std::move(packet->descriptors));
    } catch (const Error&) {
      failure = std::current_exception();
    }
    sys::send_packet(socket_.get(), print_answer(!failure));
  }
}

void Session::ask(RequestType type, const Options& options, const fs::path& log,
                  const Notified& notified) {
  sys::send_packet(socket_.get(), print_request(type, options));
  const Response response = converse(notified);
  if (response.success) return;
  std::string complaint;
  std::error_code absent;
  if (fs::exists(log, absent)) complaint = complaint_of(read_file(log));
  if (complaint.empty()) complaint = response.message;
  if (complaint.empty()) complaint = errno_name(response.sys_errno);
  throw error(Kind::kUnavailable, "criu: {} (the whole log is {})", complaint, log.native());
}

}  // namespace seatrial::runtime::criu
