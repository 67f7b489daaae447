#include "engine/registry/testing/real_registry.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "engine/base/error.h"
#include "engine/registry/fields.h"
#include "engine/registry/testing/scripted_server.h"
#include "engine/sys/spawn.h"

namespace seatrial::registry::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kRegistry = "/usr/bin/docker-registry";
constexpr const char* kNginx = "/usr/sbin/nginx";
constexpr const char* kHtpasswd = "/usr/bin/htpasswd";
constexpr const char* kOpenssl = "/usr/bin/openssl";

// Runs a program to its end; throws when that is not a success.
void run(const std::filesystem::path& directory, std::vector<std::string> args) {
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  const UniqueFd output = open_file(directory / "output", O_RDWR | O_CREAT | O_TRUNC, 0600);
  const sys::PidFd child =
      sys::spawn({.path = args[0],
                  .args = args,
                  .env = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"},
                  .placements = {{null.get(), 0}, {output.get(), 1}, {output.get(), 2}},
                  .directory = directory.native()});
  if (!child.wait_exit(sys::after(30s))) child.send_signal(SIGKILL);
  child.wait_exit({});
  if (child.reap().value().code != 0) {
    throw error(Kind::kInternal, "{}: {}", args[0], read_file(directory / "output"));
  }
}

// Reads the log until it names the port that the kernel chose.
std::uint16_t port_from_log(int log, std::string& text) {
  constexpr std::string_view kMark = "listening on 127.0.0.1:";
  const auto deadline = sys::after(20s);
  char piece[4096];
  for (;;) {
    const std::size_t mark = text.find(kMark);
    const std::size_t first = mark + kMark.size();
    const std::size_t end = mark == text.npos ? mark : text.find_first_not_of("0123456789", first);
    if (end != text.npos) {
      return static_cast<std::uint16_t>(*parse_decimal(text.substr(first, end - first)));
    }
    if (!sys::wait_readable(log, deadline)) throw error(Kind::kTimeout, "registry: {}", text);
    const ssize_t got = ::read(log, piece, sizeof piece);
    if (got <= 0) throw error(Kind::kInternal, "registry: {}", text);
    text.append(piece, static_cast<std::size_t>(got));
  }
}

}  // namespace

Server::~Server() {
  if (!process_) return;
  process_.send_signal(end_);
  if (!process_.wait_exit(sys::after(10s))) process_.send_signal(SIGKILL);
  process_.wait_exit({});
  process_.reap();
}

std::string RealRegistry::missing(const RealOptions& options) {
  std::vector<const char*> programs{kRegistry};
  if (options.login) programs.push_back(kHtpasswd);
  if (options.tls) programs.insert(programs.end(), {kNginx, kOpenssl});
  for (const char* program : programs) {
    if (::access(program, X_OK) != 0) return fmt::format("{} is not installed", program);
  }
  return {};
}

RealRegistry::RealRegistry(const RealOptions& options) {
  start_registry(options);
  if (options.tls) {
    make_certificates();
    start_nginx(options);
  }
}

std::string RealRegistry::authority() const {
  return fmt::format("127.0.0.1:{}", port_);
}

std::filesystem::path RealRegistry::auth_file() const {
  const std::filesystem::path path = directory_.path() / "config.json";
  write_file_atomically(path,
                        fmt::format(R"({{"auths":{{"{}":{{"auth":"{}"}}}}}})", authority(),
                                    base64(fmt::format("{}:{}", kUser, kPassword))),
                        0600);
  return path;
}

void RealRegistry::start_registry(const RealOptions& options) {
  const std::string root = directory_.path().native();
  std::string config = fmt::format(
      "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}/data}}, "
      "delete: {{enabled: true}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n",
      root);
  if (options.login) {
    run(root, {kHtpasswd, "-Bbc", root + "/htpasswd", kUser, kPassword});
    config += fmt::format("auth: {{htpasswd: {{realm: sea, path: {}/htpasswd}}}}\n", root);
  }
  write_file_atomically(root + "/config.yml", config);
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "pipe");
  log_ = UniqueFd(ends[0]);
  const UniqueFd writer(ends[1]);
  registry_ =
      Server(sys::spawn({.path = kRegistry,
                         .args = {kRegistry, "serve", root + "/config.yml"},
                         .env = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"},
                         .placements = {{null.get(), 0}, {writer.get(), 1}, {writer.get(), 2}}}),
             SIGKILL);
  std::string text;
  backend_ = port_ = port_from_log(log_.get(), text);
  drain_ = std::jthread([fd = log_.get()] {
    char piece[4096];
    while (::read(fd, piece, sizeof piece) > 0) continue;
  });
}

void RealRegistry::make_certificates() {
  const std::filesystem::path& root = directory_.path();
  const std::vector<std::string> key{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                     "-nodes"};
  const auto openssl = [&](std::vector<std::string> args, bool with_key) {
    args.insert(args.begin(), kOpenssl);
    if (with_key) args.insert(args.end(), key.begin(), key.end());
    run(root, std::move(args));
  };
  openssl({"req", "-x509", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=sea", "-days", "2"},
          true);
  for (const std::string name : {"server", "client"}) {
    openssl({"req", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name,
             "-addext", "subjectAltName=IP:127.0.0.1"},
            true);
    openssl({"x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key",
             "-CAcreateserial", "-out", name + ".crt", "-days", "2", "-copy_extensions", "copyall"},
            false);
  }
}

void RealRegistry::start_nginx(const RealOptions& options) {
  auto [listener, port] = listen_on_loopback();
  port_ = port;
  const std::string root = directory_.path().native();
  std::string temporary;
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    temporary += fmt::format("{}_temp_path {}/{};\n", kind, root, kind);
  }
  write_file_atomically(
      root + "/nginx.conf",
      fmt::format(
          "daemon off; user root; worker_processes 1; pid {0}/nginx.pid; error_log {0}/nginx.log;\n"
          "events {{}}\n"
          "http {{ access_log off; {1} client_max_body_size 0;\n"
          "server {{ listen 127.0.0.1:{2} ssl;\n"
          "ssl_certificate {0}/server.crt; ssl_certificate_key {0}/server.key; {3}\n"
          "location / {{ proxy_pass http://127.0.0.1:{4}; proxy_request_buffering off;\n"
          "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;"
          " }} }} }}\n",
          root, temporary, port_,
          options.client_certificate
              ? fmt::format("ssl_verify_client on; ssl_client_certificate {}/ca.crt;", root)
              : "",
          backend_));
  // The listening socket is handed over as nginx does on an upgrade: no port to race for, and
  // connections wait in it until nginx is there.
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  nginx_ = Server(
      sys::spawn(
          {.path = kNginx,
           .args = {kNginx, "-c", root + "/nginx.conf", "-e", root + "/nginx.log"},
           .env = {"NGINX=3;"},
           .placements = {{null.get(), 0}, {null.get(), 1}, {null.get(), 2}, {listener.get(), 3}}}),
      SIGTERM);  // which it hands on to its worker
  const std::filesystem::path certificates = certs_dir() / authority();
  std::filesystem::create_directories(certificates);
  std::filesystem::copy(root + "/ca.crt", certificates / "ca.crt");
  if (options.client_certificate) {
    std::filesystem::copy(root + "/client.crt", certificates / "client.cert");
    std::filesystem::copy(root + "/client.key", certificates / "client.key");
  }
}

}  // namespace seatrial::registry::testing
