#include "harness/target/docker_client.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "harness/target/docker_json.h"

namespace seatrial::harness {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

Kind kind_of(unsigned status) {
  switch (status) {
    case 400:
      return Kind::kInvalidArgument;
    case 401:
    case 403:
      return Kind::kDenied;
    case 404:
      return Kind::kNotFound;
    case 409:
      return Kind::kConflict;
    case 501:
      return Kind::kUnsupported;
    default:
      return Kind::kUnavailable;
  }
}

Error refusal(const DockerReply& reply, std::string_view doing) {
  return error(kind_of(reply.status), "{}: {}", doing, reply.message());
}

std::string query(const char* separator, const char* name, const std::string& value) {
  if (value.empty()) return {};
  return fmt::format("{}{}={}", separator, name, url_escaped(value));
}

// Reads what an upgraded connection carries until its end.
DockerOutput read_streams(UnixHttp& connection, bool tty, std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  DockerOutput plain;
  Stdcopy frames;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) {
      throw error(Kind::kTimeout, "the streams did not end within {} ms", timeout.count());
    }
    const std::string bytes = connection.read_some(left);
    if (bytes.empty()) break;
    if (tty) {
      plain.out += bytes;
    } else {
      frames.feed(bytes);
    }
  }
  return tty ? plain : frames.finish();
}

}  // namespace

std::string url_escaped(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/:";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string DockerReply::message() const {
  const json document = json::parse(body, nullptr, /*allow_exceptions=*/false);
  std::string text = body;
  if (document.is_object() && document.contains("message") && document["message"].is_string()) {
    text = document["message"].get<std::string>();
  }
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text.empty() ? fmt::format("status {} without a message", status) : text;
}

void DockerAttachment::write(std::string_view bytes, std::chrono::milliseconds timeout) {
  connection_.write(bytes, timeout);
}

DockerOutput DockerAttachment::read_all(std::chrono::milliseconds timeout) {
  return read_streams(connection_, tty_, timeout);
}

DockerReply DockerClient::send(const HttpRequest& request, Milliseconds timeout) const {
  HttpResponse response = UnixHttp(socket_, timeout).exchange(request, timeout);
  return {.status = response.status, .body = std::move(response.body)};
}

std::string DockerClient::call(const HttpRequest& request, std::string_view doing,
                               Milliseconds timeout) const {
  DockerReply reply = with_context(doing, [&] { return send(request, timeout); });
  if (!reply.succeeded()) throw refusal(reply, doing);
  return std::move(reply.body);
}

std::string DockerClient::get(const std::string& target, std::string_view doing) const {
  return call({.target = target}, doing);
}

std::string DockerClient::post(const std::string& target, const std::string& body,
                               std::string_view doing) const {
  return call({.method = "POST", .target = target, .body = body}, doing);
}

Pong DockerClient::ping() const {
  HttpResponse response = UnixHttp(socket_, timeout_).exchange({.target = "/_ping"}, timeout_);
  if (response.status != 200) {
    throw refusal({.status = response.status, .body = std::move(response.body)}, "ping the daemon");
  }
  return {.api_version = std::string(response.header("Api-Version")),
          .server = std::string(response.header("Server"))};
}

std::string DockerClient::version() const {
  return get("/version", "ask the daemon's version");
}

std::string DockerClient::info() const {
  return get("/info", "ask the daemon about itself");
}

std::string DockerClient::create(const std::string& config, const std::string& name) const {
  const std::string doing = name.empty() ? "create container" : "create container " + name;
  return member(post("/containers/create" + query("?", "name", name), config, doing), "Id", doing);
}

void DockerClient::start(const std::string& id) const {
  post("/containers/" + url_escaped(id) + "/start", {}, "start container " + id);
}

// The daemon answers when the container has stopped: after the grace at the latest, and then some.
void DockerClient::stop(const std::string& id, std::chrono::seconds grace) const {
  const std::string target =
      fmt::format("/containers/{}/stop?t={}", url_escaped(id), grace.count());
  call({.method = "POST", .target = target}, "stop container " + id, timeout_ + grace);
}

void DockerClient::kill(const std::string& id, const std::string& signal) const {
  post("/containers/" + url_escaped(id) + "/kill" + query("?", "signal", signal), {},
       "kill container " + id);
}

void DockerClient::pause(const std::string& id) const {
  post("/containers/" + url_escaped(id) + "/pause", {}, "pause container " + id);
}

void DockerClient::unpause(const std::string& id) const {
  post("/containers/" + url_escaped(id) + "/unpause", {}, "unpause container " + id);
}

int DockerClient::wait(const std::string& id, Milliseconds timeout) const {
  const std::string doing = "wait for container " + id;
  const json document =
      parsed(call({.method = "POST", .target = "/containers/" + url_escaped(id) + "/wait"}, doing,
                  timeout),
             doing);
  if (!document.is_object() || !document.contains("StatusCode")) {
    throw error(Kind::kUnavailable, "{}: the daemon's answer lacks StatusCode", doing);
  }
  return document["StatusCode"].get<int>();
}

std::string DockerClient::inspect(const std::string& id) const {
  return get("/containers/" + url_escaped(id) + "/json", "inspect container " + id);
}

std::string DockerClient::list(bool all, const std::string& filters) const {
  return get(fmt::format("/containers/json?all={}{}", all ? 1 : 0, query("&", "filters", filters)),
             "list containers");
}

DockerOutput DockerClient::logs(const std::string& id, const DockerLogs& options,
                                Milliseconds timeout) const {
  const std::string doing = "read the logs of container " + id;
  const bool tty = parsed(inspect(id), doing).value(json::json_pointer("/Config/Tty"), false);
  std::string target =
      fmt::format("/containers/{}/logs?stdout=1&stderr=1&follow={}&timestamps={}", url_escaped(id),
                  options.follow ? 1 : 0, options.timestamps ? 1 : 0);
  target += query("&", "tail", options.tail) + query("&", "since", options.since) +
            query("&", "until", options.until);
  return with_context(doing, [&] {
    DockerOutput plain;
    Stdcopy frames;
    UnixHttp connection(socket_, timeout);
    const HttpResponse response =
        connection.exchange({.target = target}, timeout, [&](std::string_view bytes) {
          if (tty) {
            plain.out += bytes;
          } else {
            frames.feed(bytes);
          }
          return true;
        });
    const DockerReply reply{.status = response.status, .body = response.body};
    if (!reply.succeeded()) throw error(kind_of(reply.status), "{}", reply.message());
    return tty ? plain : frames.finish();
  });
}

DockerAttachment DockerClient::attach(const std::string& id, bool tty, bool input) const {
  const std::string target = fmt::format(
      "/containers/{}/attach?stream=1&stdout=1&stderr=1&stdin={}", url_escaped(id), input ? 1 : 0);
  UnixHttp connection(socket_, timeout_);
  HttpResponse response = connection.upgrade({.method = "POST", .target = target}, timeout_);
  if (response.status != 101 && response.status != 200) {
    throw refusal({.status = response.status, .body = std::move(response.body)},
                  "attach to container " + id);
  }
  return DockerAttachment(std::move(connection), tty);
}

DockerExecEnd DockerClient::exec(const std::string& id, const DockerExec& program,
                                 Milliseconds timeout) const {
  const std::string doing = "exec in container " + id;
  json config{{"AttachStdout", true},
              {"AttachStderr", true},
              {"AttachStdin", !program.input.empty()},
              {"Tty", program.tty},
              {"Privileged", program.privileged},
              {"Cmd", program.args}};
  if (!program.env.empty()) config["Env"] = program.env;
  if (!program.cwd.empty()) config["WorkingDir"] = program.cwd;
  if (!program.user.empty()) config["User"] = program.user;
  const std::string exec_id =
      member(post("/containers/" + url_escaped(id) + "/exec", config.dump(), doing), "Id", doing);
  UnixHttp connection(socket_, timeout_);
  const HttpResponse started =
      connection.upgrade({.method = "POST",
                          .target = "/exec/" + exec_id + "/start",
                          .body = json{{"Detach", false}, {"Tty", program.tty}}.dump()},
                         timeout);
  if (started.status != 101 && started.status != 200) {
    throw refusal({.status = started.status, .body = started.body}, doing);
  }
  if (!program.input.empty()) {
    connection.write(program.input, timeout);
    connection.close_sending();
  }
  DockerExecEnd end;
  end.output = with_context(doing, [&] { return read_streams(connection, program.tty, timeout); });
  const json state = parsed(get("/exec/" + exec_id + "/json", doing), doing);
  end.code = state.value("ExitCode", -1);
  return end;
}

void DockerClient::remove(const std::string& id, const DockerRemoval& options) const {
  const std::string target = fmt::format("/containers/{}?force={}&v={}", url_escaped(id),
                                         options.force ? 1 : 0, options.volumes ? 1 : 0);
  call({.method = "DELETE", .target = target}, "remove container " + id);
}

std::string DockerClient::archive(const std::string& id, const std::string& path) const {
  return get("/containers/" + url_escaped(id) + "/archive" + query("?", "path", path),
             "copy " + path + " out of container " + id);
}

void DockerClient::put_archive(const std::string& id, const std::string& path,
                               const std::string& tar) const {
  call({.method = "PUT",
        .target = "/containers/" + url_escaped(id) + "/archive" + query("?", "path", path),
        .body = tar,
        .content_type = "application/x-tar"},
       "copy to " + path + " in container " + id);
}

}  // namespace seatrial::harness
