// Plugins that are asked whether a request may pass: what they are shown is what is done.
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "engine/sys/deadline.h"
#include "harness/core/lack.h"
#include "suites/security/regressions_engine/escape_case.h"

namespace regressions_engine {
namespace {

using seatrial::UniqueFd;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

void say(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // whoever it was for has had enough
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string decoded(std::string_view base64) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned value = 0;
  int bits = 0;
  for (const char c : base64) {
    const std::size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) break;
    value = value << 6 | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) out += static_cast<char>(value >> (bits -= 8) & 0xff);
  }
  return out;
}

// Allows everything, and keeps what it was shown. One connection at a time, one request each.
class Plugin {
 public:
  explicit Plugin(const std::filesystem::path& path)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        end_(::eventfd(0, EFD_CLOEXEC)) {
    const sockaddr_un address = address_of(path);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 64) != 0) {
      throw seatrial::sys_error(errno, "listen on {}", path.native());
    }
    thread_ = std::thread([this] { run(); });
  }
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  ~Plugin() {
    const std::uint64_t one = 1;
    // Writing 1 to a counter of 0 cannot fail.
    static_cast<void>(!::write(end_.get(), &one, sizeof one));
    thread_.join();
  }

  // The bodies of what it was asked about whose URI has this word.
  std::vector<std::string> shown(const std::string& word) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> bodies;
    for (const auto& [uri, body] : asked_) {
      if (uri.find(word) != std::string::npos) bodies.push_back(body);
    }
    return bodies;
  }

 private:
  void run() {
    for (;;) {
      std::array<pollfd, 2> events{{{listener_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
      seatrial::sys::poll_until(events, std::nullopt);
      if (events[1].revents != 0) return;
      const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client) answer(client.get());
    }
  }

  void answer(int fd) {
    std::string text;
    char piece[65536];
    std::size_t head = std::string::npos, wanted = std::string::npos;
    while (text.size() < wanted) {
      const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
      if (got <= 0) return;
      text.append(piece, static_cast<std::size_t>(got));
      if (head == std::string::npos && (head = text.find("\r\n\r\n")) != std::string::npos) {
        const std::size_t length = text.find("Content-Length: ");
        wanted = head + 4 + (length < head ? std::stoul(text.substr(length + 16)) : 0);
      }
    }
    const bool activation = text.find("/Plugin.Activate") < head;
    if (text.find("/AuthZPlugin.AuthZReq") < head) keep(text.substr(head + 4));
    const std::string body = activation ? R"({"Implements":["authz"]})" : R"({"Allow":true})";
    say(fd, fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                        "Connection: close\r\nContent-Length: {}\r\n\r\n{}",
                        body.size(), body));
  }

  void keep(const std::string& document) {
    const nlohmann::json asked = nlohmann::json::parse(document);
    const std::lock_guard lock(mutex_);
    asked_.emplace_back(asked.value("RequestUri", ""), decoded(asked.value("RequestBody", "")));
  }

  UniqueFd listener_;
  UniqueFd end_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> asked_;
  std::thread thread_;
};

// The whole answer to a request as it stands.
std::string answer_to(const std::filesystem::path& socket, const std::string& request) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(socket);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw seatrial::sys_error(errno, "connect to {}", socket.native());
  }
  say(fd.get(), request);
  std::string text;
  char piece[4096];
  for (ssize_t got = 0; (got = ::recv(fd.get(), piece, sizeof piece, 0)) > 0;) {
    text.append(piece, static_cast<std::size_t>(got));
  }
  return text;
}

struct Body {
  std::string name;
  Clauses clauses;
  std::size_t padding;  // blanks, which JSON does not mind
  bool in_pieces;
};

const Body kBodies[] = {
    {"OfAKnownLength", {"security/cve-2024-41110"}, 0, false},
    {"InPieces", {"security/cve-2024-41110"}, 0, true},
    {"OfMoreThanAMebibyte", {"security/cve-2024-41110"}, 1300u << 10, false},
};

std::string create_request(const std::string& body, bool in_pieces) {
  const std::string head =
      "POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
      "Content-Type: application/json\r\n";
  if (!in_pieces) return fmt::format("{}Content-Length: {}\r\n\r\n{}", head, body.size(), body);
  return fmt::format("{}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n", head,
                     body.size(), body);
}

}  // namespace

// What the daemon acts on without having shown it to the plugin was allowed by nobody.
TRIAL_TABLE(AuthorisationPlugin, kBodies) {
  if (engine().name() != "docker") throw Lack("this engine has no plugins for authorisation");
  const std::filesystem::path plugins = scratch_dir("plugins");
  const Plugin plugin(plugins / "gate.sock");
  const DockerDaemon daemon(EngineService::Network::kNone, scratch(),
                            {.arguments = {"--authorization-plugin=gate"}, .plugins = plugins});
  EXPECT_THAT(plugin.shown("/_ping"), Not(IsEmpty()));  // control: it is asked
  const std::string image = canary().name();
  const std::string body =
      fmt::format(R"({{"Image":"{}"{}}})", image, std::string(row().padding, ' '));
  const std::string answer = answer_to(daemon.socket(), create_request(body, row().in_pieces));
  EXPECT_THAT(plugin.shown("/containers/create"), Not(IsEmpty()));
  const bool acted_on = answer.find(image) != std::string::npos;  // "No such image: ..."
  if (acted_on) {
    // Not by a matcher, which would print a mebibyte.
    for (const std::string& shown : plugin.shown("/containers/create")) {
      EXPECT_TRUE(shown == body) << "shown " << shown.size() << " bytes of " << body.size();
    }
  } else {
    EXPECT_THAT(answer, ContainsRegex("^HTTP/1.1 4[0-9][0-9]|^HTTP/1.1 5[0-9][0-9]"));
  }
}

}  // namespace regressions_engine
