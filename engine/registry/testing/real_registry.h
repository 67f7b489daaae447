// Debian's docker-registry on the loopback, plain, with htpasswd, or behind nginx with TLS. All of
// it lies in a temporary directory and ends with the object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/files.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::registry::testing {

// A program that runs until its end of life here; killed by its descriptor, never by name.
class Server {
 public:
  Server() = default;
  // `end` is the signal that the program ends by, with all its children.
  Server(sys::PidFd process, int end) : process_(std::move(process)), end_(end) {}
  Server(Server&&) = default;
  Server& operator=(Server&& other) noexcept {
    std::swap(process_, other.process_);
    std::swap(end_, other.end_);
    return *this;
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

 private:
  sys::PidFd process_;
  int end_ = 0;
};

struct RealOptions {
  bool login = false;               // "captain" with "ahoy:matey"
  bool tls = false;                 // through nginx
  bool client_certificate = false;  // which nginx then asks for
};

inline constexpr const char* kUser = "captain";
inline constexpr const char* kPassword = "ahoy:matey";

class RealRegistry {
 public:
  // Why there can be none on this host; "" when there can.
  static std::string missing(const RealOptions& options);

  explicit RealRegistry(const RealOptions& options = {});
  RealRegistry(const RealRegistry&) = delete;
  RealRegistry& operator=(const RealRegistry&) = delete;

  std::string authority() const;  // "127.0.0.1:PORT" of what the client talks to
  // Laid out as a client wants it: certs.d/AUTHORITY/{ca.crt,client.cert,client.key}.
  std::filesystem::path certs_dir() const { return directory_.path() / "certs.d"; }
  // A config.json with the login.
  std::filesystem::path auth_file() const;

 private:
  void start_registry(const RealOptions& options);
  void make_certificates();
  void start_nginx(const RealOptions& options);

  TempDir directory_{std::filesystem::temp_directory_path(), "seatrial-registry-"};
  UniqueFd log_;
  std::uint16_t backend_ = 0;
  std::uint16_t port_ = 0;
  std::jthread drain_;  // outlives the registry, whose end is the end of the log
  Server registry_;
  Server nginx_;
};

}  // namespace seatrial::registry::testing
