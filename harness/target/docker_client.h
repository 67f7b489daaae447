// A client of the Docker Engine API on a unix socket: dockerd, podman's service, our own daemon.
//
// Documents go in and come out as JSON text: what a case wants of one is the case's business. Each
// call makes a connection of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/target/stdcopy.h"
#include "harness/target/unix_http.h"

namespace seatrial::harness {

// What the daemon answered, whatever it was: a refusal is an answer, too.
struct DockerReply {
  unsigned status = 0;
  std::string body = {};

  bool succeeded() const { return status / 100 == 2 || status == 304; }
  // The daemon's own words for a refusal, in one line.
  std::string message() const;
};

struct DockerLogs {
  bool follow = false;
  bool timestamps = false;
  std::string tail = {};   // "10"; empty: all
  std::string since = {};  // seconds, or RFC 3339
  std::string until = {};
};

struct DockerExec {
  std::vector<std::string> args = {};
  std::vector<std::string> env = {};
  std::string cwd = {};
  std::string user = {};
  std::string input = {};  // standard input, closed after it; empty: none
  bool tty = false;        // then both streams come as `out`
  bool privileged = false;
};

struct DockerExecEnd {
  int code = -1;
  DockerOutput output = {};
};

struct DockerRemoval {
  bool force = false;
  bool volumes = false;
};

// A container's streams, from attach until it ends or lets go. Made before the container starts,
// so that nothing is missed.
class DockerAttachment {
 public:
  DockerAttachment(UnixHttp connection, bool tty) : connection_(std::move(connection)), tty_(tty) {}

  void write(std::string_view bytes, std::chrono::milliseconds timeout);
  void close_input() { connection_.close_sending(); }
  // Everything until the daemon ends the stream, which must be within the timeout: Error{kTimeout}.
  DockerOutput read_all(std::chrono::milliseconds timeout);

 private:
  UnixHttp connection_;
  bool tty_;
};

struct Pong {
  std::string api_version;
  std::string server;  // "Docker/20.10.24 (linux)", "Libpod/4.3.1 (linux)"
};

// Typed calls throw Error for a refusal: the kind follows the status (400 kInvalidArgument, 401 and
// 403 kDenied, 404 kNotFound, 409 kConflict, 501 kUnsupported, other 5xx kUnavailable), the
// sentence is the daemon's behind what was tried. send() does not.
class DockerClient {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kTimeout{10000};

  explicit DockerClient(std::filesystem::path socket, Milliseconds timeout = kTimeout)
      : socket_(std::move(socket)), timeout_(timeout) {}

  const std::filesystem::path& socket() const { return socket_; }

  // Any call. `path` is without a version ("/containers/json?all=1"), for which the daemon takes
  // its own.
  DockerReply send(const HttpRequest& request, Milliseconds timeout) const;
  DockerReply send(const HttpRequest& request) const { return send(request, timeout_); }
  // The same, with Error for a refusal; `doing` stands in front ("start container web").
  std::string call(const HttpRequest& request, std::string_view doing, Milliseconds timeout) const;
  std::string call(const HttpRequest& request, std::string_view doing) const {
    return call(request, doing, timeout_);
  }

  // The daemon.
  Pong ping() const;
  std::string version() const;
  std::string info() const;

  // Containers. `config` is the document of /containers/create.
  std::string create(const std::string& config, const std::string& name = {}) const;  // the id
  void start(const std::string& id) const;
  void stop(const std::string& id, std::chrono::seconds grace) const;
  void kill(const std::string& id, const std::string& signal = "KILL") const;
  void pause(const std::string& id) const;
  void unpause(const std::string& id) const;
  // Until it does not run; its exit status.
  int wait(const std::string& id, Milliseconds timeout = kTimeout) const;
  std::string inspect(const std::string& id) const;
  std::string list(bool all, const std::string& filters = {}) const;
  DockerOutput logs(const std::string& id, const DockerLogs& options = {},
                    Milliseconds timeout = kTimeout) const;
  DockerAttachment attach(const std::string& id, bool tty = false, bool input = false) const;
  DockerExecEnd exec(const std::string& id, const DockerExec& program,
                     Milliseconds timeout = kTimeout) const;
  void remove(const std::string& id, const DockerRemoval& options) const;
  // A tar archive out of the container, or into the directory `path`.
  std::string archive(const std::string& id, const std::string& path) const;
  void put_archive(const std::string& id, const std::string& path, const std::string& tar) const;

  // Images. The archive is one of `docker save`; the answer is what the daemon says, in its words.
  std::string load_image(const std::filesystem::path& archive,
                         Milliseconds timeout = std::chrono::minutes(2)) const;
  // From and to a registry, whose name is the image's beginning ("127.0.0.1:5000/web"). `auth` is
  // the JSON of X-Registry-Auth, {"username": ..., "password": ...}; the answers are progress.
  std::string pull_image(const std::string& repository, const std::string& tag,
                         const std::string& auth = "{}",
                         Milliseconds timeout = std::chrono::minutes(2)) const;
  std::string push_image(const std::string& repository, const std::string& tag,
                         const std::string& auth = "{}",
                         Milliseconds timeout = std::chrono::minutes(2)) const;
  std::string images() const;
  std::string inspect_image(const std::string& name) const;
  void tag_image(const std::string& name, const std::string& repository,
                 const std::string& tag) const;
  std::string remove_image(const std::string& name, bool force = false) const;

  // Networks and volumes; `config` is the document of their create.
  std::string create_network(const std::string& config) const;  // the id
  std::string inspect_network(const std::string& name) const;
  std::string networks() const;
  void connect_network(const std::string& name, const std::string& config) const;
  void disconnect_network(const std::string& name, const std::string& config) const;
  void remove_network(const std::string& name) const;
  std::string create_volume(const std::string& config) const;  // the name
  std::string inspect_volume(const std::string& name) const;
  std::string volumes() const;
  void remove_volume(const std::string& name, bool force = false) const;

 private:
  std::string get(const std::string& target, std::string_view doing) const;
  std::string post(const std::string& target, const std::string& body,
                   std::string_view doing) const;

  std::filesystem::path socket_;
  Milliseconds timeout_;
};

// A part of a path or a query with everything but letters, digits and -_.~/: as %XX. References of
// images stay readable: "docker.io/library/busybox:latest".
std::string url_escaped(std::string_view text);

}  // namespace seatrial::harness
